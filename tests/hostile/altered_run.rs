//! Every file of a run that is lost, cut, changed or exchanged with another run's: evaluating and
//! resuming give the right result, refuse, or warn.

use petite::dataset::part::PartSize;
use petite::dataset::{Prepare, synthetic::synthesize};
use petite::export::{Format, Output};
use petite::history::Epoch;
use petite::machine::precision::PrecisionChoice;
use petite::run::folder::WhichWeights;
use petite::{Classifier, Config, Ended, Evaluate, Events, Export, Recipe, Stop, Warning};
use std::fs;
use std::path::Path;

/// Keeps the warnings.
#[derive(Default)]
struct Listener(Vec<String>);

impl Events for Listener {
    fn warning(&mut self, warning: &Warning<'_>) {
        self.0.push(format!("{warning:?}"));
    }
}

fn config(data: &Path, out: &Path, epochs: i64) -> Config {
    let mut config = Config::new(Recipe::Baseline, data);
    (config.training.epochs, config.training.batch_size, config.machine.threads) =
        (epochs, 4, Some(1));
    config.pictures.image_size = "46".parse().unwrap();
    config.machine.precision = PrecisionChoice::Fp32;
    config.output.folder = out.to_owned();
    config
}

/// What can be compared of a resumed run.
type Trained = (Vec<[f64; 4]>, Vec<u8>);

fn resumed(data: &Path, run: &Path) -> Result<(Trained, Vec<String>), String> {
    let mut listener = Listener::default();
    let record = petite::run::folder::read_record(&run.join("config.json"));
    let mut config = record.map_err(|error| format!("{error:#}"))?.train;
    config.data.path = Some(data.to_owned());
    config.training.epochs = 3;
    config.output.folder = run.to_owned();
    config.output.resume = true;
    let outcome = petite::train(&config, &mut listener).map_err(|error| error.to_string())?;
    assert_eq!(outcome.ended, Ended::AllEpochs);
    let row = |row: &Epoch| [row.loss, row.acc, row.val_loss, row.val_acc];
    let history = outcome.history.iter().map(row).collect();
    Ok(((history, fs::read(run.join("last.ot")).unwrap()), listener.0))
}

fn evaluated(run: &Path) -> Result<(f64, Vec<String>), String> {
    let mut listener = Listener::default();
    let mut what = Evaluate::new(run);
    what.scoring.split = "validation".to_owned();
    let found = petite::evaluate(&what, &mut listener).map_err(|error| error.to_string())?;
    Ok((found.loss, listener.0))
}

/// `right`, `warned` or `refused`; `wrong` must not be.
fn verdict<T: PartialEq>(found: Result<(T, Vec<String>), String>, expected: &T) -> &'static str {
    match found {
        Err(error) => {
            assert!(error.contains("expected") || error.contains("cannot read"), "{error}");
            assert!(!error.contains("Exception raised") && !error.contains("frame #"), "{error}");
            "refused"
        }
        Ok((_, warnings)) if !warnings.is_empty() => "warned",
        Ok((found, _)) if found == *expected => "right",
        Ok(_) => "wrong",
    }
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// One digit or letter in the middle that is another now, or for settings, the seed.
fn altered(name: &str, whole: &[u8]) -> Vec<u8> {
    if name == "config.json" {
        return String::from_utf8(whole.to_vec())
            .unwrap()
            .replace("\"seed\": 1", "\"seed\": 2")
            .into();
    }
    if name == "split.csv" {
        let text = String::from_utf8(whole.to_vec()).unwrap();
        let line = text.lines().find(|line| line.ends_with(",spots,validation")).unwrap();
        return text.replace(line, &line.replace(",spots,", ",stripes,")).into();
    }
    // Not in the columns of the clock or of the times of files, which differ from run to run.
    for (file, from, to) in
        [("history.csv", "\n1,0.", "\n1,9."), ("pictures.csv", "train,spots,", "train,stripes,")]
    {
        if name == file {
            let text = String::from_utf8(whole.to_vec()).unwrap();
            assert!(text.contains(from), "{text}");
            return text.replacen(from, to, 1).into();
        }
    }
    let mut bytes = whole.to_vec();
    let middle = bytes.len() / 2;
    let at = (middle..bytes.len()).find(|&at| bytes[at].is_ascii_digit()).unwrap_or(middle);
    bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
    bytes
}

#[test]
fn no_file_of_a_run_is_taken_wrongly_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    synthesize(&at("drawn"), 12, 1, &Stop::default()).unwrap();
    Prepare::new(at("drawn"), at("parts")).counts(10, 1, 1).run(&Stop::default()).unwrap();
    // A folder of class folders, which petite splits.
    let data = at("parts/train");
    petite::train(&config(&data, &at("one"), 2), &mut Listener::default()).unwrap();
    let mut other = config(&data, &at("other"), 2);
    (other.seed, other.data.validation) = (3, Some(PartSize::Count(3)));
    petite::train(&other, &mut Listener::default()).unwrap();

    let evaluation = evaluated(&at("one")).unwrap();
    assert!(evaluation.1.is_empty(), "{:?}", evaluation.1);
    // Without the evaluation's files.
    let _ = fs::remove_dir_all(at("one/validation"));
    let _ = fs::remove_file(at("one/validation.json"));
    copy(&at("one"), &at("whole"));
    let whole = resumed(&data, &at("whole")).unwrap();
    assert!(whole.1.is_empty(), "{:?}", whole.1);

    let mut table = Vec::new();
    for name in [
        "config.json",
        "history.csv",
        "split.csv",
        "pictures.csv",
        "last.ot",
        "best.ot",
        "checkpoint.safetensors",
    ] {
        let original = fs::read(at("one").join(name)).unwrap();
        let exchanged = fs::read(at("other").join(name)).unwrap();
        assert!(original != exchanged, "{name}");
        for (damage, bytes) in [
            ("lost", None),
            ("cut", Some(original[..original.len() / 2].to_vec())),
            ("altered", Some(altered(name, &original))),
            ("exchanged", Some(exchanged)),
        ] {
            let damaged = || {
                copy(&at("one"), &at("damaged"));
                match &bytes {
                    Some(bytes) => fs::write(at("damaged").join(name), bytes).unwrap(),
                    None => fs::remove_file(at("damaged").join(name)).unwrap(),
                }
            };
            damaged();
            let evaluating = verdict(evaluated(&at("damaged")), &evaluation.0);
            damaged();
            let resuming = verdict(resumed(&data, &at("damaged")), &whole.0);
            table.push(format!("{name} {damage}: evaluate {evaluating}, resume {resuming}"));
        }
    }
    assert_eq!(table, EXPECTED, "{table:#?}");
}

const EXPECTED: [&str; 28] = [
    "config.json lost: evaluate refused, resume refused",
    "config.json cut: evaluate refused, resume refused",
    "config.json altered: evaluate warned, resume refused",
    "config.json exchanged: evaluate warned, resume refused",
    "history.csv lost: evaluate right, resume warned",
    "history.csv cut: evaluate right, resume warned",
    "history.csv altered: evaluate right, resume warned",
    "history.csv exchanged: evaluate right, resume warned",
    "split.csv lost: evaluate refused, resume right",
    "split.csv cut: evaluate refused, resume refused",
    "split.csv altered: evaluate warned, resume refused",
    "split.csv exchanged: evaluate warned, resume refused",
    "pictures.csv lost: evaluate warned, resume warned",
    "pictures.csv cut: evaluate warned, resume refused",
    "pictures.csv altered: evaluate right, resume refused",
    "pictures.csv exchanged: evaluate warned, resume refused",
    "last.ot lost: evaluate refused, resume right",
    "last.ot cut: evaluate refused, resume right",
    "last.ot altered: evaluate refused, resume right",
    "last.ot exchanged: evaluate warned, resume right",
    "best.ot lost: evaluate right, resume right",
    "best.ot cut: evaluate right, resume right",
    "best.ot altered: evaluate right, resume right",
    "best.ot exchanged: evaluate right, resume right",
    "checkpoint.safetensors lost: evaluate right, resume refused",
    "checkpoint.safetensors cut: evaluate right, resume refused",
    "checkpoint.safetensors altered: evaluate right, resume refused",
    "checkpoint.safetensors exchanged: evaluate warned, resume refused",
];

#[test]
fn what_only_reads_weights_names_those_of_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    synthesize(&at("drawn"), 8, 1, &Stop::default()).unwrap();
    Prepare::new(at("drawn"), at("parts")).counts(6, 1, 1).run(&Stop::default()).unwrap();
    for (run, seed) in [("one", 1), ("other", 2)] {
        let config = Config { seed, ..config(&at("parts"), &at(run), 1) };
        petite::train(&config, &mut Listener::default()).unwrap();
    }
    let odd = || {
        let (run, weights) = (at("one"), WhichWeights::Last);
        let classifier = Classifier::new(&run).unwrap();
        let (format, output, to) = (Format::Onnx, Output::Logits, at("one.onnx"));
        let description = petite::export(&Export { run, weights, format, output, to }).unwrap();
        [classifier.odd().map(str::to_owned), description.odd]
    };
    assert_eq!(odd(), [None, None]);
    fs::copy(at("other/last.ot"), at("one/last.ot")).unwrap();
    assert!(odd().iter().all(|odd| odd.as_ref().unwrap().contains("last.ot")));
}
