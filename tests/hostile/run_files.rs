//! The text files of a run: settings, history, results and lists of pictures.

use crate::damage::{cuts, flips};
use petite::Evaluation;
use petite::dataset::labels;
use petite::history::{self, Epoch};
use petite::metrics::confusion::Confusion;
use petite::run::folder::{RunRecord, Versions, WhichWeights, parse_record, read_record};
use petite::{Config, Recipe};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::path::Path;

fn config() -> String {
    let mut train = Config::new(Recipe::Augmented, "data");
    train.machine.threads = Some(2);
    train.pictures.loader_threads = Some(2);
    train.training.steps_per_epoch = Some(10);
    train.training.validation_steps = Some(10);
    train.training.patience = Some(10);
    let classes = ["cats", "dogs"].map(str::to_owned).to_vec();
    let record =
        RunRecord { versions: Versions::current(), device: "CPU".to_owned(), classes, train };
    serde_json::to_string_pretty(&record).unwrap()
}

const HISTORY: &str = "epoch,loss,acc,val_loss,val_acc,seconds,images_per_second,learning_rate\n\
                       1,0.7,0.5,0.65,0.6,1.5,20.0,0.0001\n\
                       2,0.6,0.6,0.55,0.7,1.5,20.0,0.0001\n";

const LIST: &str = "path,label,split\na.jpg,cats,train\nb.jpg,dogs,test\n\"c,d.jpg\",dogs,\n";

fn evaluation() -> Evaluation {
    let classes = ["cats", "dogs"].map(str::to_owned).to_vec();
    Evaluation {
        split: "test".to_owned(),
        weights: WhichWeights::Last,
        flip: false,
        pictures: 4,
        loss: 0.5,
        acc: 0.75,
        confusion: Confusion::new(classes, &[0, 0, 1, 1], &[0, 1, 1, 1]),
        metrics: None,
        against: None,
    }
}

/// What `read` makes of a file with these bytes; an error names the file.
fn outcome<T>(bytes: &[u8], read: impl Fn(&Path) -> anyhow::Result<T>) -> Result<T, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.txt");
    std::fs::write(&path, bytes).unwrap();
    read(&path).map_err(|error| {
        let text = format!("{error:#}");
        assert!(text.contains("hostile.txt"), "{text}");
        text
    })
}

/// Cut anywhere, with flipped bits, with NULs, nested deeply and too long. What `read` accepts must
/// satisfy `accept`.
fn assert_withstands<T: Debug>(
    whole: &str,
    read: impl Fn(&Path) -> anyhow::Result<T>,
    accept: impl Fn(&T) -> bool,
) {
    let whole = whole.as_bytes();
    assert!(accept(&outcome(whole, &read).unwrap()));
    let damaged = flips(whole).map(|(_, damaged)| damaged);
    for bytes in cuts(whole).map(<[u8]>::to_vec).chain(damaged) {
        if let Ok(found) = outcome(&bytes, &read) {
            assert!(accept(&found), "{found:?} from {}", String::from_utf8_lossy(&bytes));
        }
    }
    let deep = [b"[".as_slice(), b"{\"a\":"].map(|open| open.repeat(100_000));
    let others = [vec![0; 1000], b"\xFF".repeat(1000), b"9".repeat(100_000), b" ".repeat(33 << 20)];
    for bytes in deep.iter().chain(&others) {
        assert!(outcome(bytes, &read).is_err());
    }
    assert!(read(Path::new("/dev/zero")).is_err());
    assert!(read(Path::new("/proc/self/mem")).is_err());
}

/// What can be written back.
fn is_valid(record: &RunRecord) -> bool {
    record.train.check().is_ok()
}

#[test]
fn settings() {
    assert_withstands(&config(), read_record, is_valid);
    let whole = config();
    for cut in cuts(whole.as_bytes()) {
        let cut = String::from_utf8_lossy(cut);
        assert!(parse_record(&cut, Path::new("config.json")).is_err(), "{cut}");
    }
}

/// The places of all numbers in `json`.
fn numbers(json: &Value, path: &str, found: &mut Vec<String>) {
    match json {
        Value::Number(_) => found.push(path.to_owned()),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| numbers(item, &format!("{path}/{index}"), found));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, item)| numbers(item, &format!("{path}/{key}"), found));
        }
        _ => {}
    }
}

#[test]
fn settings_out_of_range() {
    let whole: Value = serde_json::from_str(&config()).unwrap();
    let mut places = Vec::new();
    numbers(&whole, "", &mut places);
    assert!(places.len() > 15, "{places:?}");
    let read = |place: &str, value: &Value| {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap() = value.clone();
        let text = changed.to_string();
        parse_record(&text, Path::new("config.json")).map_err(|error| format!("{error:#}"))
    };
    // A learning rate can be large; a seed is any number.
    let free = ["/seed", "/learning_rate", "/epsilon", "/shear_range", "/channel_shift_range"];
    let bounded = |place: &&String| !free.iter().any(|free| place.ends_with(free));
    for place in places.iter().filter(bounded) {
        for value in [1i64 << 40, 1 << 60, i64::MIN] {
            let error = read(place, &json!(value)).map(|_| place).unwrap_err();
            assert!(error.contains("config.json") && error.contains("expected"), "{error}");
        }
        for value in [json!(1e308), json!([]), json!(""), json!(u64::MAX), json!({"a": 1})] {
            assert!(read(place, &value).is_err(), "{place} {value}");
        }
    }
    for place in &places {
        for value in [json!(0), json!(-1), json!(1e-308), json!(0.5), json!(1e308), json!(null)] {
            if let Ok(found) = read(place, &value) {
                assert!(is_valid(&found), "{place} {value}");
            }
        }
    }
    assert!(read("/train/seed", &json!(u64::MAX)).is_ok());
    for value in ["1e400", "-1e400", "NaN", "99999999999999999999999999"] {
        let text = config().replace("\"seed\": 1", &format!("\"seed\": {value}"));
        assert!(text.contains(value));
        assert!(parse_record(&text, Path::new("config.json")).is_err(), "{value}");
    }
}

#[test]
fn histories() {
    let in_order = |history: &Vec<Epoch>| {
        let mut epochs = history.iter().zip(1..);
        !history.is_empty()
            && history.len() <= 2
            && epochs.all(|(row, epoch)| row.epoch == epoch && (0.0..=1.0).contains(&row.val_acc))
    };
    assert_withstands(HISTORY, history::read, in_order);
    let header = HISTORY.lines().next().unwrap();
    for row in [
        "1152921504606846976,1,1,1,1,1,1,1",
        "-1,1,1,1,1,1,1,1",
        "1e400,1,1,1,1,1,1,1",
        "1,1,1e400,1,1,1,1,1",
        "1,1,1,1,1,1,1,\0",
        "1,1,1,1,1,1,1,\"",
        &"1,".repeat(1 << 20),
    ] {
        assert!(history::parse(&format!("{header}\n{row}\n"), "history.csv").is_err());
    }
    let columns = format!("{header},{}\n", "x,".repeat(1 << 20));
    assert!(history::parse(&columns, "history.csv").is_err());
}

#[test]
fn results() {
    let whole = serde_json::to_string_pretty(&evaluation()).unwrap();
    let plausible = |found: &Evaluation| {
        let pictures: usize = found.confusion.pictures().into_iter().sum();
        (0.0..=1.0).contains(&found.acc) && found.loss >= 0.0 && pictures < 1000
    };
    assert_withstands(&whole, Evaluation::read, plausible);
    for (place, value) in [
        ("/acc", json!(1.5)),
        ("/acc", json!(-0.1)),
        ("/loss", json!(-1)),
        ("/pictures", json!(-1)),
        ("/pictures", json!(1e30)),
        ("/confusion/counts/0/0", json!(u64::MAX)),
        ("/confusion/counts/0/0", json!(-1)),
        ("/confusion/counts", json!([[1u64 << 60, 0, 1]])),
        ("/confusion/counts", json!([[]])),
    ] {
        let mut changed: Value = serde_json::from_str(&whole).unwrap();
        *changed.pointer_mut(place).unwrap() = value.clone();
        assert!(outcome(changed.to_string().as_bytes(), Evaluation::read).is_err(), "{place}");
    }
}

#[test]
fn lists_of_pictures() {
    let few = |list: &labels::List| {
        let rows = &list.rows;
        !rows.is_empty() && rows.len() <= 4 && rows.iter().all(|(_, row)| !row.label.is_empty())
    };
    let path = tempfile::tempdir().unwrap();
    let path = path.path().join("list.csv");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        assert!(labels::is_list(&path) || labels::read(&path).is_err());
        labels::read(&path).map_err(|error| format!("{error:#}"))
    };
    assert!(few(&read(LIST.as_bytes()).unwrap()));
    for bytes in
        cuts(LIST.as_bytes()).map(<[u8]>::to_vec).chain(flips(LIST.as_bytes()).map(|f| f.1))
    {
        match read(&bytes) {
            Ok(rows) => assert!(few(&rows)),
            Err(error) => assert!(error.contains("list.csv"), "{error}"),
        }
    }
    // A terabyte without contents.
    std::fs::write(&path, b"").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(!labels::is_list(&path));
    let error = format!("{:#}", labels::read(&path).unwrap_err());
    assert!(error.contains("expected at most"), "{error}");
}
