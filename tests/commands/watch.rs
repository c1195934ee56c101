//! `petite watch` without a terminal: lines. What it draws on one is tested beside its code.

use super::support::{Command, Workspace, error_of, output_of, petite, usage_error_of};

fn watch(workspace: &Workspace, run: &str) -> Command {
    let mut command = petite("watch");
    command.arg(workspace.path(run));
    command
}

#[test]
fn prints_the_epochs_of_runs_that_have_ended() {
    let workspace = Workspace::with_data();
    let mut train = workspace.train("runs", "--epochs 2 --repeats 2");
    let said = output_of(&mut train);
    let epochs: Vec<&str> = said.lines().filter(|line| line.starts_with("epoch ")).collect();
    let one = output_of(&mut watch(&workspace, "runs/seed-1"));
    assert_eq!(one.lines().collect::<Vec<_>>(), epochs[..2]);

    let both = output_of(&mut watch(&workspace, "runs"));
    let lines: Vec<&str> = both.lines().collect();
    assert_eq!(lines.len(), 4);
    for (line, epoch) in lines.iter().zip(&epochs) {
        assert!(line.contains("runs/seed-") && line.ends_with(epoch), "{line}, not {epoch}");
    }

    // A run that ended early, as an early stop or an interruption does.
    let config = workspace.path("runs/seed-1/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"epochs\": 2", "\"epochs\": 9")).unwrap();
    let ended = output_of(&mut watch(&workspace, "runs/seed-1"));
    assert_eq!(ended, one.replace("/2", "/9"));
}

#[test]
fn follows_a_run_and_ends_with_it() {
    let workspace = Workspace::with_data();
    let mut training = workspace.train("run", "--epochs 30").start();
    let first = training.line_with("epoch  1/30");
    let mut closed = watch(&workspace, "run").start();
    assert_eq!(closed.line_with("epoch"), first);
    closed.output = None;

    let mut whole = watch(&workspace, "run").start();
    let (code, rest, _) = training.end();
    assert_eq!(code, Some(0));
    let (_, followed, _) = whole.end();
    let epochs = rest.lines().filter(|line| line.starts_with("epoch "));
    let epochs = [first.trim_end()].into_iter().chain(epochs);
    assert_eq!(followed.lines().collect::<Vec<_>>(), epochs.collect::<Vec<_>>());
    // Without a reader, it ended at the next line.
    assert_eq!(closed.end().0, Some(0));
}

#[test]
fn errors_name_the_folder() {
    let workspace = Workspace::empty();
    let error = error_of(&mut watch(&workspace, "nothing"));
    assert!(error.contains("expected a run with a config.json at"), "{error}");
    assert!(error.contains("nothing there"), "{error}");
    assert!(usage_error_of(&mut petite("watch")).contains("<RUN"));
}
