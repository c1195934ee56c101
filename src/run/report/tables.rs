//! The tables of a report.

use super::Subject;
use crate::metrics::Metrics;
use crate::metrics::confusion::{Confused, Confusion};
use crate::metrics::interval::Interval;
use crate::pictures::folder::Folder;
use crate::report::page::{Table, matrix};
use crate::run::folder::WhichWeights;
use crate::run::predict::inference::Views;
use crate::text::numbers::with_thousands;
use crate::text::shown::quoted;
use serde_json::Value;

/// Number of classes up to which pictures are counted by class.
const COUNTED: usize = 20;
/// Number of confusions that are listed.
const CONFUSED: usize = 15;

/// Today in UTC, as `2026-01-31`.
pub fn today() -> String {
    let date = time::OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// A share as `73.0 %`, on one line.
pub fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

/// `70.2 to 75.7 %`.
pub fn interval(interval: Interval) -> String {
    format!("{:.1} to {:.1}\u{a0}%", 100.0 * interval.low, 100.0 * interval.high)
}

/// A value with four decimals; `-` if it is undefined.
pub fn decimals(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}

fn pair(name: &str, value: impl Into<String>) -> Vec<String> {
    vec![name.to_owned(), value.into()]
}

/// The measures of the evaluation.
pub fn figures(subject: &Subject<'_>, metrics: &Metrics) -> Table {
    let scored = &subject.pictures.scored;
    let means = subject.pictures.means;
    let right = with_thousands(scored.correct() as i64);
    let of = with_thousands(scored.len() as i64);
    Table {
        title: format!("On the {} pictures", subject.what.scoring.split),
        rows: vec![
            pair("Right", format!("{right} of {of}")),
            pair("Accuracy", decimals(Some(means.accuracy))),
            pair("95 % interval", interval(metrics.acc_interval)),
            pair("Loss", decimals(Some(means.loss))),
            pair("ROC AUC, mean of classes", decimals(metrics.macro_mean.roc_auc)),
            pair("F1, mean of classes", decimals(Some(metrics.macro_mean.f1))),
            pair("Expected calibration error", decimals(Some(metrics.calibration_error))),
        ],
        ..Table::default()
    }
}

/// Precision, recall, F1 and AUC of each class, and their means.
pub fn classes(metrics: &Metrics) -> Table {
    let row = |(name, values, pictures): (&str, [_; 4], Option<usize>)| {
        let pictures = pictures.map_or(String::new(), |count| with_thousands(count as i64));
        [name.to_owned()].into_iter().chain(values.map(decimals)).chain([pictures]).collect()
    };
    Table {
        title: "Classes".to_owned(),
        columns: ["class", "precision", "recall", "F1", "ROC AUC", "pictures"]
            .map(str::to_owned)
            .to_vec(),
        rows: metrics.rows().map(row).collect(),
        ..Table::default()
    }
}

/// The most common confusions of more classes than the matrix shows.
pub fn confused(confusion: &Confusion) -> Table {
    let count = if confusion.classes.len() > matrix::SHOWN { CONFUSED } else { 0 };
    let confused = confusion.most_confused(count);
    let row = |pair: &Confused| {
        let name = |label: usize| confusion.classes[label].clone();
        let pictures = with_thousands(pair.pictures as i64);
        vec![name(pair.label), name(pair.predicted), pictures]
    };
    Table {
        title: "Most common confusions".to_owned(),
        columns: ["true class", "predicted", "pictures"].map(str::to_owned).to_vec(),
        rows: confused.iter().map(row).collect(),
        ..Table::default()
    }
}

/// Numbers of pictures by class and part.
pub fn pictures(folders: &[Folder]) -> Table {
    let Some(first) = folders.first() else { return Table::default() };
    let shown = if first.classes.len() > COUNTED { &[][..] } else { &first.classes };
    let row = |name: &str, counts: Vec<usize>| {
        let counts = counts.into_iter().map(|count| with_thousands(count as i64));
        [name.to_owned()].into_iter().chain(counts).collect()
    };
    let counts: Vec<Vec<usize>> = folders.iter().map(Folder::counts).collect();
    let of_class =
        |(label, class): (usize, &String)| row(class, counts.iter().map(|of| of[label]).collect());
    let mut rows: Vec<Vec<String>> = shown.iter().enumerate().map(of_class).collect();
    rows.push(row("all", folders.iter().map(|folder| folder.samples.len()).collect()));
    let parts = folders.iter().map(|folder| folder.name.clone());
    Table {
        title: "Pictures".to_owned(),
        columns: ["class".to_owned()].into_iter().chain(parts).collect(),
        rows,
        ..Table::default()
    }
}

/// All settings that have a value, by their names in `config.json`.
pub fn settings(subject: &Subject<'_>) -> Table {
    let mut rows = Vec::new();
    if let Ok(json) = serde_json::to_value(&subject.record().train) {
        flatten("", &json, &mut rows);
    }
    Table { title: "Settings".to_owned(), rows, ..Table::default() }
}

fn flatten(name: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
            flatten(&name, value, rows);
        }),
        Value::String(text) => rows.push(pair(name, text.as_str())),
        other => rows.push(pair(name, other.to_string())),
    }
}

/// What the run was made with.
pub fn environment(subject: &Subject<'_>) -> Table {
    let record = subject.record();
    let seconds: Option<f64> = subject.history.iter().map(|row| row.seconds).sum();
    let speeds = subject.history.iter().filter_map(|row| row.images_per_second);
    let mut speeds: Vec<f64> = speeds.collect();
    speeds.sort_by(f64::total_cmp);
    let mut rows = vec![
        pair("petite", record.versions.petite.as_str()),
        pair("libtorch", record.versions.libtorch.as_str()),
        pair("tch", record.versions.tch.as_str()),
        pair("Device", record.device.as_str()),
    ];
    rows.extend(seconds.map(|seconds| pair("All epochs", format!("{seconds:.1} s"))));
    let median = speeds.get(speeds.len() / 2);
    rows.extend(median.map(|speed| pair("Training, median", format!("{speed:.0} pictures/s"))));
    rows.push(pair("Run folder", subject.run.path().display().to_string()));
    Table { title: "Environment".to_owned(), rows, ..Table::default() }
}

/// The commands that compute the run and the page again.
pub fn commands(subject: &Subject<'_>) -> Vec<String> {
    let (what, how) = (subject.what, &subject.what.scoring);
    let run = quoted(subject.run.path());
    let mut flags = format!("--split {}", quoted(&how.split));
    for (flag, path) in [("--data", &how.data), ("--labels", &how.labels)] {
        if let Some(path) = path {
            flags += &format!(" {flag} {}", quoted(path));
        }
    }
    if how.inference.weights == WhichWeights::Best {
        flags += " --weights best";
    }
    if how.inference.views == Views::WithMirrorImage {
        flags += " --flip";
    }
    if how.skip_bad_pictures {
        flags += " --skip-bad-pictures";
    }
    let reference = what.reference.as_deref();
    let reference =
        reference.map_or(String::new(), |name| format!(" --reference {}", quoted(name)));
    vec![
        format!("petite train --config {} --out AGAIN", quoted(subject.run.config())),
        format!("petite evaluate --run {run} {flags}"),
        format!("petite report {run} {flags}{reference} --to {}", quoted(&what.to)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_without_a_value_are_left_out() {
        let json = serde_json::json!({"seed": 5, "patience": null, "optimizer": {"rho": 0.9}, "model": "mnist"});
        let mut rows = Vec::new();
        flatten("", &json, &mut rows);
        rows.sort();
        assert_eq!(rows, [["model", "mnist"], ["optimizer.rho", "0.9"], ["seed", "5"]]);
    }
}
