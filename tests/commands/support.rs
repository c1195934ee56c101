//! What the tests share: the binary, temporary folders, tiny drawn data sets.

pub use super::program::{Command, Started};
use petite::dataset::{Prepare, synthetic::synthesize};
use petite::history::{self, Epoch};
use petite::nn::{base::Base, zoo::Model};
use petite::weights::{self, Named};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};
use tempfile::TempDir;

/// The smallest pictures that the convnet's four stages leave something of.
pub const SMALL: &str = "46";

/// The program, with the arguments split at blanks. Paths with blanks go through `.arg`.
pub fn petite(arguments: &str) -> Command {
    let mut command = Command::petite();
    command.args(arguments.split_whitespace());
    command
}

/// Standard output and standard error of a command that must end with this exit code.
pub fn texts_of(command: &mut Command, code: i32) -> (String, String) {
    let output = command.assert().code(code).get_output().clone();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// Standard output of a command that must succeed.
pub fn output_of(command: &mut Command) -> String {
    texts_of(command, 0).0
}

/// The JSON that a command prints, which must succeed.
pub fn json_of(command: &mut Command) -> serde_json::Value {
    serde_json::from_str(&output_of(command)).unwrap()
}

/// Standard error of a command that must succeed.
pub fn warning_of(command: &mut Command) -> String {
    texts_of(command, 0).1
}

/// Standard error of a command that must fail with exit code 1 and without a panic.
pub fn error_of(command: &mut Command) -> String {
    let (_, error) = texts_of(command, 1);
    assert!(error.starts_with("error: "), "{error}");
    assert!(!error.contains("panicked") && !error.contains("RUST_BACKTRACE"), "{error}");
    error
}

/// Standard error of a command whose usage is wrong: exit code 2.
pub fn usage_error_of(command: &mut Command) -> String {
    let (_, error) = texts_of(command, 2);
    assert!(error.starts_with("error: ") && !error.contains("panicked"), "{error}");
    error
}

/// A temporary folder with a drawn data set in `data`: 8 training, 4 validation and 4 test
/// pictures of each of two classes.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub fn empty() -> Self {
        receive_signals();
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn with_data() -> Self {
        let workspace = Self::empty();
        synthesize(&workspace.path("originals"), 16, 1, &petite::Stop::default()).unwrap();
        let prepare = Prepare::new(workspace.path("originals"), workspace.path("data"));
        prepare.counts(8, 4, 4).run(&petite::Stop::default()).unwrap();
        workspace
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `petite train` on the data set, small and on one thread, into `run`.
    pub fn train(&self, run: &str, flags: &str) -> Command {
        self.train_on("data", run, flags)
    }

    /// The same on another data set.
    pub fn train_on(&self, data: &str, run: &str, flags: &str) -> Command {
        let mut command =
            petite(&format!("train --batch-size 4 --image-size {SMALL} --threads 1 {flags}"));
        command.arg("--data").arg(self.path(data)).arg("--out").arg(self.path(run));
        command.env("PETITE_CACHE", self.path("cache"));
        command
    }

    /// `petite train --resume` on a run.
    pub fn resume(&self, run: &str, flags: &str) -> Command {
        let mut command = petite(&format!("train --resume {flags}"));
        command.arg("--out").arg(self.path(run)).env("PETITE_CACHE", self.path("cache"));
        command
    }

    /// A file of weights for a base, drawn from `seed`, with kernels so large that features stay
    /// away from 0 (He and others, 2015).
    pub fn base_weights(&self, file: &str, kind: Model, alpha: f64, seed: u64) -> PathBuf {
        let base =
            Base::random(kind, kind.base_architecture(alpha).unwrap(), Device::Cpu, seed).unwrap();
        let larger = |(name, tensor): (String, Tensor)| match tensor.size()[..] {
            [_, channels, height, width] => {
                let fan_in = (channels * height * width) as f64;
                let deviation = tensor.square().mean(Kind::Double).sqrt().double_value(&[]);
                (name, tensor.detach() * ((2.0 / fan_in).sqrt() / deviation))
            }
            _ => (name, tensor.detach()),
        };
        let tensors: Named = base.stack.tensors().into_iter().map(larger).collect();
        weights::save(&self.path(file), &tensors, Default::default()).unwrap();
        self.path(file)
    }

    /// `petite train` on a narrow MobileNet with the weights in `file`.
    pub fn train_mobilenet(&self, run: &str, flags: &str, file: &str) -> Command {
        let mut command = self.train(run, &format!("--model mobilenet --alpha 0.25 {flags}"));
        command.arg("--weights").arg(self.path(file));
        command
    }

    /// Any command on a run.
    pub fn on_run(&self, command: &str, run: &str) -> Command {
        let mut command = petite(command);
        command.arg("--run").arg(self.path(run));
        command
    }

    pub fn history(&self, run: &str) -> Vec<Epoch> {
        history::read(&self.path(run).join("history.csv")).unwrap()
    }

    /// The losses and accuracies of a run, without the clock's columns.
    pub fn figures(&self, run: &str) -> Vec<[f64; 4]> {
        figures(&self.history(run))
    }

    /// Whatever made two runs, their figures and weights are the same.
    pub fn assert_same_run(&self, one: &str, other: &str) {
        assert_eq!(self.figures(one), self.figures(other), "{other}");
        for file in ["last.ot", "best.ot"] {
            let weights = |run: &str| weights_in(&self.path(run).join(file));
            assert_eq!(weights(one), weights(other), "{other}/{file}");
        }
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }
}

/// Receives the signals that tests send: started in the background of a script or by nohup, this
/// process ignores some, and so would the programs it starts.
fn receive_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2] {
        // SAFETY: the default action is valid for these signals, and no handler is replaced.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Waits until a condition holds, which it does soon.
pub fn wait_for(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(60), "still waiting");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn figures(history: &[Epoch]) -> Vec<[f64; 4]> {
    history.iter().map(|row| [row.loss, row.acc, row.val_loss, row.val_acc]).collect()
}

/// The weights in a file, in the order of their names, as plain numbers.
pub fn weights_in(path: &Path) -> Vec<(String, Vec<f32>)> {
    let mut tensors: Named = weights::load(path).unwrap().0;
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    let numbers = |tensor: &tch::Tensor| Vec::<f32>::try_from(&tensor.flatten(0, -1)).unwrap();
    tensors.iter().map(|(name, tensor)| (name.clone(), numbers(tensor))).collect()
}

/// Names of the entries of a folder, hidden ones too, sorted.
pub fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
