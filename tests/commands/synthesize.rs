use super::support::{Workspace, entries, error_of, petite};

fn synthesize(workspace: &Workspace, to: &str, flags: &str) -> assert_cmd::Command {
    let mut command = petite(&format!("synthesize {flags}"));
    command.arg("--to").arg(workspace.path(to));
    command
}

#[test]
fn draws_the_same_pictures_for_the_same_seed() {
    let workspace = Workspace::empty();
    synthesize(&workspace, "a", "--each 3").assert().success();
    synthesize(&workspace, "b", "--each 3").assert().success();
    synthesize(&workspace, "c", "--each 3 --seed 2").assert().success();
    let expected: Vec<String> = ["spot", "stripe"]
        .iter()
        .flat_map(|c| (0..3).map(move |n| format!("{c}.{n}.jpg")))
        .collect();
    assert_eq!(entries(&workspace.path("a")), expected);
    for name in expected {
        let read = |folder: &str| std::fs::read(workspace.path(folder).join(&name)).unwrap();
        assert_eq!(read("a"), read("b"));
        assert_ne!(read("a"), read("c"));
    }
}

#[test]
fn refuses_a_folder_in_use_and_no_pictures() {
    let workspace = Workspace::empty();
    std::fs::create_dir(workspace.path("to")).unwrap();
    workspace.write("to/mine.txt", b"mine");
    assert!(error_of(&mut synthesize(&workspace, "to", "--each 1")).contains("new or empty"));
    assert!(
        error_of(&mut synthesize(&workspace, "new", "--each 0")).contains("--each of 1 or more")
    );
    assert_eq!(entries(&workspace.path("")), ["to"]);
}
