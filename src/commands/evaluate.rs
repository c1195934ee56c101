//! `petite evaluate`

use crate::cli::{EvaluateArgs, machine_overrides};
use crate::console::say;
use crate::progress::Terminal;
use anyhow::{Context, Result};
use petite::numbers::{cut, with_thousands};
use petite::run::confusion::Confusion;
use petite::{Evaluate, Evaluation, Stop};

pub fn run(args: &EvaluateArgs, stop: &Stop) -> Result<()> {
    let mut settings = args.settings.clone();
    let evaluation = petite::evaluate(
        &Evaluate {
            run: args.run.clone(),
            split: args.split.clone(),
            data: args.data.clone(),
            labels: args.labels.clone(),
            weights: args.view.weights.into(),
            views: args.view.views(),
            skip_bad_pictures: settings.take("skip_bad_pictures")?.unwrap_or(false),
            cache: settings.take("cache")?,
            machine: machine_overrides(&mut settings)?,
            export: args.export.clone(),
        },
        &mut Terminal::new(stop),
    )?;
    if args.json {
        let json = serde_json::to_string_pretty(&evaluation);
        say(json.context("cannot serialize the result")?);
    } else {
        print(&evaluation);
    }
    Ok(())
}

/// Largest confusion matrix that is printed, in classes, and length of the lists otherwise.
const PRINTED: usize = 10;

fn print(evaluation: &Evaluation) {
    say(format_args!(
        "{}: loss {:.4}, acc {:.4} over {} pictures",
        evaluation.split, evaluation.loss, evaluation.acc, evaluation.pictures
    ));
    match &evaluation.confusion {
        confusion if confusion.classes.len() > PRINTED => print_worst(confusion),
        confusion => print_matrix(confusion),
    }
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

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}
