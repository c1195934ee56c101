//! Event files: what TensorBoard reads of them, with interruptions too.

use super::event_files;
use super::skipped::skipped;
use super::support::{Workspace, entries, error_of, output_of, weights_in};
use petite::history::Epoch;
use std::path::{Path, PathBuf};

/// The event files of a part of `run`.
fn files(run: &Path, part: &str) -> Vec<PathBuf> {
    let folder = run.join("tensorboard").join(part);
    entries(&folder).iter().map(|name| folder.join(name)).collect()
}

/// The scalars named `tag` in a part of `run`: steps and values.
fn scalars(run: &Path, part: &str, tag: &str) -> Vec<(i64, f32)> {
    let values = event_files::values(&run.join("tensorboard").join(part)).into_iter();
    values.filter(|value| value.1 == tag).map(|(step, _, value)| (step, value.unwrap())).collect()
}

/// The event files of `run` have its history, each epoch once.
fn assert_complete(workspace: &Workspace, run: &str) {
    let (history, run) = (workspace.history(run), workspace.path(run));
    let expected = |value: fn(&Epoch) -> f64| -> Vec<(i64, f32)> {
        history.iter().map(|row| (row.epoch - 1, value(row) as f32)).collect()
    };
    assert_eq!(scalars(&run, "train", "epoch_loss"), expected(|row| row.loss));
    assert_eq!(scalars(&run, "train", "epoch_accuracy"), expected(|row| row.acc));
    let rates = expected(|row| row.learning_rate.unwrap());
    assert_eq!(scalars(&run, "train", "epoch_learning_rate"), rates);
    assert_eq!(scalars(&run, "validation", "epoch_loss"), expected(|row| row.val_loss));
    assert_eq!(scalars(&run, "validation", "epoch_accuracy"), expected(|row| row.val_acc));
    // The pictures are no scalar, and there are no other values.
    let all = event_files::values(&run.join("tensorboard/train"));
    assert_eq!(all.iter().filter(|value| value.1 == "first_step").count(), 1);
    assert_eq!(all.len(), 1 + 3 * history.len());
}

#[test]
fn event_files_have_the_history_and_change_no_result() {
    let workspace = Workspace::with_data();
    let flags = "--recipe augmented --steps-per-epoch 3 --epochs 2";
    workspace.train("without", flags).assert().success();
    workspace.train("with", &format!("{flags} --tensorboard")).assert().success();
    assert_complete(&workspace, "with");
    assert!(!workspace.path("without/tensorboard").exists());
    assert_eq!(workspace.figures("with"), workspace.figures("without"));
    let weights = ["with", "without"].map(|run| weights_in(&workspace.path(run).join("last.ot")));
    assert_eq!(weights[0], weights[1]);
}

/// Cuts off the end of a file, as a process does that is killed while it writes.
fn cut(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    std::fs::write(file, &bytes[..bytes.len() - 3]).unwrap();
}

#[test]
fn a_resumed_run_has_every_epoch_once() {
    let workspace = Workspace::with_data();
    let run = workspace.path("run");
    workspace.train("run", "--epochs 3 --keep 3 --tensorboard").assert().success();
    // Killed while it wrote; the newest checkpoint is lost, a folder too, and the history is another.
    let first = files(&run, "train").pop().unwrap();
    cut(&first);
    std::fs::remove_dir_all(run.join("tensorboard/validation")).unwrap();
    std::fs::remove_file(run.join("checkpoint.safetensors")).unwrap();
    let history = std::fs::read_to_string(run.join("history.csv")).unwrap();
    workspace.write("run/history.csv", history.replacen(",0.", ",0.1", 2).as_bytes());
    output_of(&mut workspace.resume("run", "--epochs 4"));
    assert_complete(&workspace, "run");
    // One that reads the first file must be able to go on to the next.
    let second = files(&run, "train");
    assert_eq!((second.len(), &second[0], first.metadata().unwrap().len()), (2, &first, 0));

    // Repaired even if there is nothing left to train.
    cut(&second[1]);
    output_of(&mut workspace.resume("run", ""));
    assert_complete(&workspace, "run");
    let third = files(&run, "train");
    assert_eq!((third.len(), &third[0]), (2, &second[1]));
}

#[test]
fn a_run_without_event_files_can_get_them_later() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    workspace.write("run/tensorboard", b"a file");
    let error = error_of(&mut workspace.resume("run", "--epochs 2 --tensorboard"));
    assert!(error.contains("cannot create") && error.contains("tensorboard/train"), "{error}");
    assert_eq!(workspace.history("run").len(), 1);

    std::fs::remove_file(workspace.path("run/tensorboard")).unwrap();
    output_of(&mut workspace.resume("run", "--epochs 2 --tensorboard"));
    assert_complete(&workspace, "run");
    // From then on by itself.
    output_of(&mut workspace.resume("run", "--epochs 3"));
    assert_complete(&workspace, "run");
}

#[test]
fn every_repeat_has_its_own() {
    let workspace = Workspace::with_data();
    workspace.train("runs", "--repeats 2 --epochs 1 --tensorboard").assert().success();
    for run in ["runs/seed-1", "runs/seed-2"] {
        assert_complete(&workspace, run);
    }
}

/// Prints what TensorBoard finds: part, tag, step and value, or size of the picture. It reads before and
/// after the command in its arguments, like a TensorBoard that was started with the first process.
const READ: &str = "
import subprocess, sys
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray
folders = {part: f'{sys.argv[1]}/tensorboard/{part}' for part in ('train', 'validation')}
live = {part: EventAccumulator(folder, {'tensors': 0}) for part, folder in folders.items()}
for reader in live.values():
    reader.Reload()
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
def read(found, part):
    found.Reload()
    for tag in sorted(found.Tags()['tensors']):
        plugin = found.SummaryMetadata(tag).plugin_data.plugin_name
        for event in found.Tensors(tag):
            value = make_ndarray(event.tensor_proto)
            if plugin == 'images':
                assert value[2][:8] == bytes.fromhex('89504e470d0a1a0a')
                value = 'x'.join(part.decode() for part in value[:2])
            yield f'{part} {plugin} {tag} {event.step} {value}'
for part, folder in folders.items():
    lines = list(read(EventAccumulator(folder, {'tensors': 0}), part))
    assert lines == list(read(live[part], part)), part
    print(*lines, sep='\\n')
";

#[test]
fn tensorboard_reads_them() {
    let test = "tensorboard::tensorboard_reads_them";
    let Some(python) = std::env::var_os("PETITE_PYTHON") else {
        return skipped(test, "PETITE_PYTHON names no Python with the package tensorboard");
    };
    let has = std::process::Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !has.unwrap().status.success() {
        return skipped(test, "the Python of PETITE_PYTHON lacks the package tensorboard");
    }
    let workspace = Workspace::with_data();
    let flags = "--recipe augmented --steps-per-epoch 3 --keep 2 --tensorboard";
    workspace.train("run", &format!("{flags} --epochs 3")).assert().success();
    // Go on from an older checkpoint, after a cut file.
    std::fs::remove_file(workspace.path("run/checkpoint.safetensors")).unwrap();
    cut(&files(&workspace.path("run"), "validation")[0]);
    let mut command = std::process::Command::new(&python);
    command.args(["-c", READ]).arg(workspace.path("run"));
    command
        .arg(assert_cmd::cargo::cargo_bin!("petite"))
        .args(["train", "--resume", "--epochs", "4"]);
    command.arg("--out").arg(workspace.path("run"));
    let output = command.env("PETITE_CACHE", workspace.path("cache")).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    let found = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<&str> = found.lines().collect();
    let picture = lines.iter().position(|line| line.contains(" images ")).unwrap();
    let picture = lines.remove(picture);
    // Four pictures in a row.
    assert!(picture.starts_with("train images first_step 0 790x"), "{picture}");
    let history = workspace.history("run");
    assert_eq!((history.len(), lines.len()), (4, 4 * 5), "{found}");
    for row in history {
        let step = row.epoch - 1;
        for (name, value) in [
            ("train scalars epoch_loss", row.loss),
            ("train scalars epoch_accuracy", row.acc),
            ("train scalars epoch_learning_rate", row.learning_rate.unwrap()),
            ("validation scalars epoch_loss", row.val_loss),
            ("validation scalars epoch_accuracy", row.val_acc),
        ] {
            let start = format!("{name} {step} ");
            let mut values = lines.iter().filter_map(|line| line.strip_prefix(&start));
            let read: f32 = values.next().unwrap().parse().unwrap();
            assert_eq!((read, values.next()), (value as f32, None), "{name}");
        }
    }
}
