//! The library as another crate uses it: settings in, outcomes and events out, nothing printed.

#[path = "library/settings.rs"]
mod settings;

use petite::dataset::{Prepare, synthetic::synthesize};
use petite::error::BadPictures;
use petite::history::Epoch;
use petite::run::predict::classifier::{Reply, Request};
use petite::training::fit::StepProgress;
use petite::{
    Classifier, Config, Ended, ErrorKind, Evaluate, Events, Note, Outcome, Predict, Progress,
    Recipe, Silent, Stop, Warning,
};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use tempfile::TempDir;

/// Writes down what it is told, and requests a stop after `stop_after` epochs.
#[derive(Default)]
struct Recorder {
    stop: Stop,
    stop_after: Option<usize>,
    told: Vec<String>,
    read: usize,
    steps: usize,
    epochs: Vec<Epoch>,
    ended: Vec<Ended>,
}

impl Events for Recorder {
    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn note(&mut self, note: &Note<'_>) {
        self.told.push(format!("{note:?}"));
    }

    fn warning(&mut self, warning: &Warning<'_>) {
        self.told.push(format!("{warning:?}"));
    }

    fn progress(&mut self, progress: Progress<'_>) {
        assert!(progress.done >= 1 && progress.done <= progress.of);
        self.read += 1;
    }

    fn step(&mut self, progress: &StepProgress) {
        assert!(progress.running.means().unwrap().loss.is_finite());
        self.steps += 1;
    }

    fn epoch(&mut self, row: &Epoch, _: i64) {
        self.epochs.push(*row);
        if Some(self.epochs.len()) == self.stop_after {
            self.stop.request();
        }
    }

    fn end(&mut self, outcome: &Outcome) {
        self.ended.push(outcome.ended);
    }
}

/// A folder with 8 training, 4 validation and 4 test pictures of each of two classes in `data`.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir().unwrap());
        let stop = Stop::default();
        synthesize(&workspace.path("drawn"), 16, 1, &stop).unwrap();
        let prepare = Prepare::new(workspace.path("drawn"), workspace.path("data"));
        prepare.counts(8, 4, 4).run(&stop).unwrap();
        workspace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn config(&self, out: &str, epochs: i64) -> Config {
        let mut config = Config::new(Recipe::Baseline, self.path("data"));
        config.pictures.image_size = "46".parse().unwrap();
        config.training.batch_size = 4;
        config.training.epochs = epochs;
        config.machine.threads = Some(1);
        config.output.folder = self.path(out);
        config
    }
}

fn figures(history: &[Epoch]) -> Vec<[f64; 4]> {
    history.iter().map(|row| [row.loss, row.acc, row.val_loss, row.val_acc]).collect()
}

#[test]
fn a_run_is_told_and_comes_back_as_a_value() {
    let workspace = Workspace::new();
    let mut events = Recorder::default();
    let outcome = petite::train(&workspace.config("run", 2), &mut events).unwrap();
    assert_eq!(
        (outcome.ended, events.ended.as_slice()),
        (Ended::AllEpochs, &[Ended::AllEpochs][..])
    );
    assert_eq!((events.read, events.steps), (16 + 8, 2 * 4));
    assert_eq!(outcome.history, events.epochs);
    assert_eq!(outcome.history, petite::history::read(&outcome.run.history()).unwrap());
    assert_eq!(outcome.last(), outcome.history.last());
    let lowest = outcome.history.iter().map(|row| row.val_loss).fold(f64::INFINITY, f64::min);
    assert_eq!(outcome.best.unwrap().val_loss, lowest);
    for kind in ["Start {", "Split { name: \"train\", pictures: 16", "Network {"] {
        assert!(events.told.iter().any(|told| told.starts_with(kind)), "{kind}: {:?}", events.told);
    }
    for path in [outcome.run.last(), outcome.run.best(), outcome.run.curves("png")] {
        assert!(path.is_file(), "{}", path.display());
    }

    events.read = 0;
    let evaluation = petite::evaluate(&Evaluate::new(workspace.path("run")), &mut events).unwrap();
    // Every picture is decoded, and then evaluated in two batches of 4.
    assert_eq!(events.read, 8 + 2);
    assert_eq!((evaluation.pictures, evaluation.split.as_str()), (8, "test"));
    assert!(!outcome.run.evaluation("test").exists());
    let picture = workspace.path("drawn/spot.15.jpg");
    let nothing = workspace.path("nothing.jpg");
    let predict = Predict::new(workspace.path("run"), [nothing.clone(), picture.clone()]);
    let predictions = petite::predict(&predict, &mut Silent).unwrap();
    assert_eq!(predictions.classes, ["spots", "stripes"]);
    let [prediction] = predictions.pictures.as_slice() else { panic!("{predictions:?}") };
    assert_eq!(prediction.path, picture);
    let sum: f64 = prediction.probabilities.iter().sum();
    assert!((sum - 1.0).abs() < 1e-6 && prediction.label < 2, "{prediction:?}");
    let [bad] = predictions.bad.as_slice() else { panic!("{predictions:?}") };
    assert!(bad.path == nothing && bad.reason.contains("found nothing"), "{bad}");
    let predict = Predict::new(workspace.path("run"), [nothing]);
    let error = petite::predict(&predict, &mut Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadPictures);
}

#[test]
fn a_stop_ends_a_run_that_goes_on_to_the_same_weights() {
    let workspace = Workspace::new();
    let whole = petite::train(&workspace.config("whole", 3), &mut Silent).unwrap();
    let mut events = Recorder { stop_after: Some(1), ..Recorder::default() };
    let parted = petite::train(&workspace.config("parted", 3), &mut events).unwrap();
    assert_eq!((parted.ended, parted.history.len()), (Ended::Interrupted, 1));
    let mut rest = workspace.config("parted", 3);
    rest.output.resume = true;
    let rest = petite::train(&rest, &mut Silent).unwrap();
    assert_eq!((rest.ended, figures(&rest.history)), (Ended::AllEpochs, figures(&whole.history)));
    let last = |outcome: &Outcome| petite::weights::load(&outcome.run.last()).unwrap().0;
    assert_eq!(last(&rest), last(&whole));

    // Before anything was trained, there is nothing to go on from.
    let events = &mut Recorder::default();
    events.stop.request();
    let error = petite::train(&workspace.config("never", 1), events).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(!workspace.path("never").exists());
}

#[test]
fn patience_ends_early_and_seeds_are_counted_up() {
    let workspace = Workspace::new();
    let mut config = workspace.config("out", 20);
    // So small that no epoch changes anything.
    config.optimizer.learning_rate = 1e-30;
    config.training.patience = Some(1);
    config.seed = 7;
    let outcomes = petite::repeat(&config, 2, &mut Silent).unwrap();
    let ended: Vec<Ended> = outcomes.iter().map(|outcome| outcome.ended).collect();
    assert_eq!(ended, [Ended::EarlyStop; 2]);
    for (outcome, folder) in outcomes.iter().zip(["out/seed-7", "out/seed-8"]) {
        assert_eq!(outcome.run.path(), workspace.path(folder));
        assert_eq!(outcome.history.len(), 2);
    }
    assert_ne!(figures(&outcomes[0].history), figures(&outcomes[1].history));
}

#[test]
fn pictures_in_memory_are_predicted_in_batches_as_files_are() {
    let workspace = Workspace::new();
    petite::train(&workspace.config("run", 1), &mut Silent).unwrap();
    let predict = Predict::new(workspace.path("run"), [workspace.path("drawn")]);
    let expected = petite::predict(&predict, &mut Silent).unwrap();
    let classifier = Classifier::new(workspace.path("run")).unwrap();
    assert_eq!(
        (classifier.classes(), classifier.machine()),
        (&expected.classes[..], "cpu (1 thread)")
    );
    let (sender, replies) = channel();
    let submit = |path: &Path, bytes: Vec<u8>, heat_map, stop: &Stop| {
        let (sender, name) = (sender.clone(), path.to_owned());
        let reply = Box::new(move |reply| drop(sender.send(reply)));
        let (name, stop) = (name, stop.clone());
        classifier.submit(Request { name, bytes, heat_map, stop, reply }).unwrap();
    };
    let going = Stop::default();
    std::thread::scope(|scope| {
        for picture in &expected.pictures {
            let bytes = std::fs::read(&picture.path).unwrap();
            scope.spawn(|| submit(&picture.path, bytes, Some(30), &going));
        }
    });
    for _ in &expected.pictures {
        let Reply { prediction, picture } = replies.recv().unwrap().unwrap();
        let of_file = expected.pictures.iter().find(|other| other.path == prediction.path);
        let of_file = of_file.unwrap();
        let apart = prediction.probabilities.iter().zip(&of_file.probabilities);
        assert!(apart.into_iter().all(|(found, expected)| (found - expected).abs() < 1e-5));
        let picture = picture.unwrap();
        assert_eq!(picture.width.max(picture.height), 30);
        assert!(prediction.heat_map.is_some() && of_file.heat_map.is_none());
    }

    let first = &expected.pictures[0];
    let named = classifier.predict(&std::fs::read(&first.path).unwrap()).unwrap();
    assert_eq!((named[0].0, named.len()), (expected.classes[first.label].as_str(), 2));
    assert!((named[0].1 - first.probabilities[first.label]).abs() < 1e-5);
    submit(Path::new("text"), b"no picture".to_vec(), None, &going);
    let error = replies.recv().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadPictures);
    assert_eq!(error.to_string(), "expected a picture, found text");
    // One that no one waits for any more has no reply; the end waits for the others.
    let stopped = Stop::default();
    stopped.request();
    let path = &expected.pictures[0].path;
    submit(path, std::fs::read(path).unwrap(), None, &stopped);
    submit(path, std::fs::read(path).unwrap(), None, &going);
    drop(classifier);
    let Reply { prediction, picture } = replies.recv().unwrap().unwrap();
    assert_eq!((&prediction.path, picture), (path, None));
    assert_eq!(prediction.label, expected.pictures[0].label);
    drop(sender);
    assert!(replies.recv().is_err());
    let error = Classifier::new(workspace.path("no"));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Run);
}

#[test]
fn callers_can_tell_failures_apart() {
    let workspace = Workspace::new();
    let failure = |config: &Config| petite::train(config, &mut Silent).unwrap_err();

    let mut config = workspace.config("run", 1);
    config.training.batch_size = 0;
    let error = failure(&config);
    assert_eq!(error.kind(), ErrorKind::Setting);
    assert!(error.to_string().contains("expected `batch_size` of 1 to "), "{error}");

    let mut config = workspace.config("run", 1);
    config.data.path = Some(workspace.path("nowhere"));
    assert_eq!(failure(&config).kind(), ErrorKind::DataSet);
    config.data.path = None;
    assert_eq!(failure(&config).kind(), ErrorKind::DataSet);

    std::fs::create_dir(workspace.path("used")).unwrap();
    std::fs::write(workspace.path("used/file"), "").unwrap();
    assert_eq!(failure(&workspace.config("used", 1)).kind(), ErrorKind::Run);

    petite::train(&workspace.config("run", 1), &mut Silent).unwrap();
    let mut config = workspace.config("run", 2);
    (config.output.resume, config.seed) = (true, 2);
    let error = failure(&config);
    assert_eq!(error.kind(), ErrorKind::Run);
    assert!(error.to_string().contains("found another `seed`"), "{error}");
    std::fs::write(workspace.path("run/last.ot"), "no weights").unwrap();
    let error = petite::evaluate(&Evaluate::new(workspace.path("run")), &mut Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);

    std::fs::write(workspace.path("data/train/spots/bad.jpg"), "no picture").unwrap();
    std::fs::write(workspace.path("data/validation/spots/worse.jpg"), "").unwrap();
    let error = failure(&workspace.config("other", 1));
    assert_eq!(error.kind(), ErrorKind::BadPictures);
    let BadPictures(folders) = error.downcast_ref().unwrap();
    let bad: Vec<&PathBuf> =
        folders.iter().flat_map(|folder| &folder.pictures).map(|bad| &bad.path).collect();
    assert_eq!(bad.len(), 2, "{error}");
    assert!(bad[0].ends_with("bad.jpg") && bad[1].ends_with("worse.jpg"));
    assert!(!workspace.path("other").exists());
}
