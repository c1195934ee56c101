//! The text that `petite evaluate` prints.

use crate::program::console::say;
use petite::metrics::Metrics;
use petite::metrics::confusion::Confusion;
use petite::text::numbers::{cut, with_thousands};
use petite::{Against, Evaluation};

/// Largest number of classes of which all are printed, and length of the lists otherwise.
const PRINTED: usize = 10;

/// Prints all figures of an evaluation.
pub fn print(evaluation: &Evaluation) {
    let interval = evaluation.acc_interval();
    say(format_args!(
        "{}: loss {:.4}, acc {:.4} over {} pictures (95 % interval {:.4} to {:.4})",
        evaluation.split,
        evaluation.loss,
        evaluation.acc,
        with_thousands(evaluation.pictures),
        interval.low,
        interval.high
    ));
    if let Some(metrics) = &evaluation.metrics {
        say(format_args!(
            "ROC AUC {}, expected calibration error {:.4}",
            decimals(metrics.macro_mean.roc_auc),
            metrics.calibration_error
        ));
    }
    match &evaluation.confusion {
        confusion if confusion.classes.len() > PRINTED => print_worst(confusion),
        confusion => print_matrix(confusion),
    }
    if let Some(metrics) = &evaluation.metrics {
        print_metrics(metrics);
    }
    if let Some(against) = &evaluation.against {
        print_against(evaluation, against);
    }
}

/// Precision, recall, F1 and AUC of each class, if they are few, and their means.
fn print_metrics(metrics: &Metrics) {
    let skipped = if metrics.classes.len() > PRINTED { metrics.classes.len() } else { 0 };
    let rows = metrics.rows().skip(skipped).map(|(name, values, pictures)| {
        let pictures = pictures.map_or(String::new(), |count| with_thousands(count as i64));
        (cut(name), values.map(decimals), pictures)
    });
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0) + 2;
    say("");
    say(format_args!(
        "{:<width$}{:>9}{:>9}{:>9}{:>9}{:>10}",
        "class", "precision", "recall", "F1", "ROC AUC", "pictures"
    ));
    for (name, [precision, recall, f1, roc_auc], pictures) in rows {
        let line =
            format!("{name:<width$}{precision:>9}{recall:>9}{f1:>9}{roc_auc:>9}{pictures:>10}");
        say(line.trim_end());
    }
}

/// Which of two runs is better, and whether that may be chance.
fn print_against(evaluation: &Evaluation, against: &Against) {
    let paired = &against.paired;
    let points = |share: f64| format!("{:+.1}", share * 100.0);
    say("");
    say(format_args!(
        "against {}: loss {:.4}, acc {:.4}; a difference of {} points (95 % interval {} to {})",
        against.run.display(),
        against.loss,
        against.acc,
        points(evaluation.acc - against.acc),
        points(paired.interval.low),
        points(paired.interval.high)
    ));
    let verdict = match paired.p_value < 0.05 {
        true => "more than chance explains",
        false => "which may be chance",
    };
    say(format_args!(
        "only this run is right on {} pictures, only the other one on {}: {verdict} (McNemar, p = {})",
        with_thousands(paired.only_first as i64),
        with_thousands(paired.only_second as i64),
        Rounded(paired.p_value)
    ));
}

/// A probability with as many decimals as show it.
struct Rounded(f64);

impl std::fmt::Display for Rounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            p if p < 1e-4 => write!(f, "{p:.0e}"),
            p if p < 0.095 => write!(f, "{p:.4}"),
            p => write!(f, "{p:.2}"),
        }
    }
}

fn decimals(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}

fn print_matrix(confusion: &Confusion) {
    let corner = r"true \ predicted";
    let classes: Vec<String> = confusion.classes.iter().map(|class| cut(class)).collect();
    let longest = longest(&classes);
    let first = longest.max(corner.len()) + 2;
    let width = longest.max(6) + 2;
    let header: String = classes.iter().map(|class| format!("{class:>width$}")).collect();
    say(format_args!("{corner:<first$}{header}{:>9}", "recall"));
    for (label, (class, recall)) in classes.iter().zip(confusion.recall()).enumerate() {
        let row: String = (0..classes.len())
            .map(|predicted| format!("{:>width$}", confusion.count(label, predicted)))
            .collect();
        let recall = recall.map_or("-".to_owned(), percent);
        say(format_args!("{class:<first$}{row}{recall:>9}"));
    }
}

fn print_worst(confusion: &Confusion) {
    let number = |count: usize| with_thousands(count as i64);
    let name = |label: usize| confusion.classes.get(label).map_or(String::new(), |name| cut(name));
    let missing = confusion.pictures().into_iter().filter(|&pictures| pictures == 0).count();
    let missing = match missing {
        0 => String::new(),
        missing => format!(", {} of them without pictures", number(missing)),
    };
    say(format_args!("{} classes{missing}", number(confusion.classes.len())));

    let worst = confusion.worst(PRINTED);
    let names: Vec<String> = worst.iter().map(|class| name(class.label)).collect();
    let title = "lowest recall";
    let width = longest(&names).max(title.len()) + 2;
    say(format_args!("{title:<width$}{:>9}{:>10}", "recall", "pictures"));
    for (name, class) in names.iter().zip(&worst) {
        let (recall, pictures) = (percent(class.recall), number(class.pictures));
        say(format_args!("{name:<width$}{recall:>9}{pictures:>10}"));
    }

    let confused = confusion.most_confused(PRINTED);
    if confused.is_empty() {
        return;
    }
    let pairs: Vec<String> = confused
        .iter()
        .map(|pair| format!("{} → {}", name(pair.label), name(pair.predicted)))
        .collect();
    let title = "most common confusions";
    let width = longest(&pairs).max(title.len()) + 2;
    say(format_args!("{title:<width$}{:>10}", "pictures"));
    for (pair, confused) in pairs.iter().zip(&confused) {
        say(format_args!("{pair:<width$}{:>10}", number(confused.pictures)));
    }
}

/// Length of the longest name, in characters.
fn longest(names: &[String]) -> usize {
    names.iter().map(|name| name.chars().count()).max().unwrap_or(0)
}

/// `98.2%`
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}
