use super::support::{Workspace, entries, error_of, output_of, petite};
use petite::Stop;
use petite::dataset::synthetic::synthesize;

#[test]
fn draws_the_same_pictures_for_the_same_seed() {
    let workspace = Workspace::empty();
    let said = output_of(petite("synthesize --each 3 --to").arg(workspace.path("a")));
    assert!(said.starts_with("drew 3 spots and 3 stripes in "), "{said}");
    synthesize(&workspace.path("b"), 3, 1, &Stop::default()).unwrap();
    synthesize(&workspace.path("c"), 3, 2, &Stop::default()).unwrap();
    let names = |class: &'static str| (0..3).map(move |number| format!("{class}.{number}.jpg"));
    let expected: Vec<String> = ["spot", "stripe"].into_iter().flat_map(names).collect();
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
    let error = synthesize(&workspace.path("to"), 1, 1, &Stop::default()).unwrap_err();
    assert!(error.to_string().contains("new or empty"), "{error}");
    let error = error_of(petite("synthesize --each 0 --to").arg(workspace.path("new")));
    assert!(error.contains("--each of 1 or more"), "{error}");
    assert_eq!(entries(&workspace.path("")), ["to"]);
}
