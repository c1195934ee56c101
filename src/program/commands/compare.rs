//! `petite compare`

use super::output_file::{self, Kind};
use crate::program::cli::CompareArgs;
use crate::program::console::{say, warn};
use anyhow::{Context, Result, ensure};
use petite::Evaluation;
use petite::history;
use petite::report::comparison::{Comparison, Row, Verdict};
use petite::report::figure::{Figure, Run};
use petite::report::overlay;
use petite::report::reference::{self, Reference};
use petite::run::folder::checkpoint;
use petite::run::folder::{RunFolder, WhichWeights};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

pub fn run(args: &CompareArgs) -> Result<()> {
    if args.list {
        return list();
    }
    let name =
        args.reference.as_deref().context("expected --reference NAME, found none; try --list")?;
    let reference = reference::find(name)?;
    ensure!(
        !args.strict || !reference.spread.is_empty(),
        "expected a reference with a spread for --strict, found the single history {}; try one of {}",
        name.display(),
        reference::names().join(", ")
    );
    let paths = args.runs.paths();
    let first = paths.first().context("expected RUN")?;
    let named = format!("compare-{}", reference.name);
    let (png, svg) = paths_of_curves(args.to.as_deref(), first, &named);
    for file in [&png, &svg].into_iter().filter(|_| args.to.is_some()) {
        output_file::check(file, Kind::Drawing, args.force.force)?;
    }
    let (runs, mut notes) = read_runs(&paths)?;
    let comparison = Comparison::new(&runs, &reference);
    notes.splice(0..0, comparison.other_lengths.iter().cloned());

    // The table is worth more than the curves: the run may be another user's.
    let drawn = overlay::write_both(&png, &svg, &runs, &reference);
    let curves: &[&Path] = if drawn.is_ok() { &[&png, &svg] } else { &[] };
    if args.json {
        let report = to_json(&runs, &reference, &comparison, &notes, curves);
        let report = serde_json::to_string_pretty(&report);
        say(report.context("cannot serialize the comparison")?);
    } else {
        print_table(&runs, &reference, &comparison);
        print_reference(&reference);
        notes.iter().for_each(|note| say(format_args!("note        {note}")));
        if drawn.is_ok() {
            say(format_args!("curves      {}, {}", png.display(), svg.display()));
        }
    }
    match drawn {
        Err(error) if args.to.is_none() => {
            warn(format_args!("warning: {error:#}; the curves are not drawn; try --to DIR"));
        }
        drawn => drawn?,
    }
    if args.strict { check(&comparison, &reference) } else { Ok(()) }
}

fn list() -> Result<()> {
    for reference in reference::all()? {
        let figure = |figure: Figure| {
            let value = figure.of(&reference.run).map(|value| format!("{value:.3}"));
            value.unwrap_or_else(|| "n/a".to_owned())
        };
        let flaws = reference.flaws.join("; ");
        say(format_args!(
            "{:<24}{}; val_acc {} in the last epoch, {} on average over the last ten, lowest val_loss {}; spread of {} runs{}{flaws}",
            reference.name,
            reference.what,
            figure(Figure::LastValAcc),
            figure(Figure::MeanValAcc),
            figure(Figure::LowestValLoss),
            reference.spread.len(),
            if flaws.is_empty() { "" } else { "; " },
        ));
    }
    Ok(())
}

/// The runs at `paths`, and notes on them for the user.
fn read_runs(paths: &[PathBuf]) -> Result<(Vec<Run>, Vec<String>)> {
    let (mut runs, mut notes, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for path in paths {
        for folder in RunFolder::open_all(path)? {
            let path = folder.path().display();
            let whole =
                folder.path().canonicalize().with_context(|| format!("cannot read {path}"))?;
            let name =
                whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned();
            ensure!(
                seen.insert(whole),
                "expected each RUN once, found {path} twice; try leaving one out"
            );
            let history = history::read(&folder.history())?;
            checkpoint::odd_history(&folder, &history)
                .iter()
                .for_each(|odd| warn(format_args!("warning: {odd}")));
            runs.push(Run {
                name,
                history,
                val_loss_holds: true,
                test_acc: test_acc(&folder, &mut notes)?,
            });
        }
    }
    Ok((runs, notes))
}

/// The accuracy in `test.json`, if measured like the references': last weights, no mirror images.
fn test_acc(folder: &RunFolder, notes: &mut Vec<String>) -> Result<Option<f64>> {
    let path = folder.evaluation("test");
    if !path.exists() {
        return Ok(None);
    }
    let evaluation = Evaluation::read(&path)?;
    if evaluation.weights != WhichWeights::Last {
        notes.push(format!(
            "{} was measured with the best weights, the references' test acc with the last: ignored",
            path.display()
        ));
        return Ok(None);
    }
    if evaluation.flip {
        notes.push(format!(
            "{} was measured with --flip, the references' test acc without: ignored",
            path.display()
        ));
        return Ok(None);
    }
    Ok(Some(evaluation.acc))
}

/// The paths of the PNG and the SVG of curves called `named`, in the folder or under the path of
/// `--to`, or in the folder of `run`.
pub fn paths_of_curves(to: Option<&Path>, run: &Path, named: &str) -> (PathBuf, PathBuf) {
    let mut prefix = match to {
        None => run.join(named),
        Some(folder) if folder.is_dir() => folder.join(named),
        Some(file) if file.extension().is_some_and(|end| end == "png" || end == "svg") => {
            file.with_extension("")
        }
        Some(prefix) => prefix.to_owned(),
    }
    .into_os_string();
    let mut png = prefix.clone();
    png.push(".png");
    prefix.push(".svg");
    (png.into(), prefix.into())
}

fn print_table(runs: &[Run], reference: &Reference, comparison: &Comparison) {
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    say(format_args!("{} against {} ({})", names.join(", "), reference.name, reference.what));
    let title = if runs.len() > 1 { "runs" } else { "run" };
    say(format_args!(
        "{:<26}{title:>17}{:>11}{:>24}{:>12}",
        "", "reference", "spread (runs)", "difference"
    ));
    for row in &comparison.rows {
        let decimals = row.figure.decimals();
        let or_missing = |text: Option<String>| text.unwrap_or_else(|| "n/a".to_owned());
        // The mean of several epoch numbers need not be whole.
        let of_mean = if runs.len() > 1 { decimals.max(1) } else { decimals };
        let line = format!(
            "{:<26}{:>17}{:>11}{:>24}{:>12}  {}",
            row.figure.label(),
            or_missing(row.runs.as_ref().map(|runs| runs.show(of_mean))),
            or_missing(row.reference.map(|value| format!("{value:.decimals$}"))),
            or_missing(row.spread.map(|spread| format!(
                "{:.decimals$} to {:.decimals$} ({})",
                spread.lowest, spread.highest, spread.runs
            ))),
            or_missing(row.difference().map(|value| format!("{value:+.of_mean$}"))),
            verdict_in_words(row.verdict),
        );
        say(line.trim_end());
    }
}

fn verdict_in_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Inside => "inside",
        Verdict::Outside => "outside",
        Verdict::NotJudged => "",
    }
}

fn print_reference(reference: &Reference) {
    say(format_args!("reference   {}", reference.provenance));
    reference.flaws.iter().for_each(|flaw| say(format_args!("flaw        {flaw}")));
    match reference.spread.len() {
        0 => say("spread      none: a CSV is a single history"),
        count => say(format_args!(
            "spread      lowest to highest of {}; for each figure, one more such run would be outside 2 times in {}",
            spread_names(reference).join(", "),
            count + 1
        )),
    }
}

fn spread_names(reference: &Reference) -> Vec<&str> {
    reference.spread.iter().map(|run| run.name.as_str()).collect()
}

fn to_json(
    runs: &[Run],
    reference: &Reference,
    comparison: &Comparison,
    notes: &[String],
    curves: &[&Path],
) -> Value {
    let rows = comparison.rows.iter().map(|row| {
        let figure = json!({
            "runs": row.runs,
            "reference": row.reference,
            "spread": row.spread,
            "difference": row.difference(),
            "verdict": row.verdict,
        });
        (row.figure.key().to_owned(), figure)
    });
    let run = |run: &Run| json!({"name": run.name, "epochs": run.history.len()});
    json!({
        "runs": runs.iter().map(run).collect::<Vec<_>>(),
        "reference": {
            "name": reference.name,
            "what": reference.what,
            "provenance": reference.provenance,
            "flaws": reference.flaws,
            "epochs": reference.run.history.len(),
            "spread": spread_names(reference),
        },
        "figures": rows.collect::<serde_json::Map<_, _>>(),
        "notes": notes,
        "curves": curves.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}

/// Fails as `--strict` asks: on a figure outside the spread, or another number of epochs.
fn check(comparison: &Comparison, reference: &Reference) -> Result<()> {
    let outside: Vec<String> = comparison.outside().map(explain).collect();
    let mut complaints = comparison.other_lengths.clone();
    if !outside.is_empty() {
        complaints.push(format!(
            "expected every figure inside the spread of {}, found {}",
            reference.name,
            outside.join(" and ")
        ));
    }
    ensure!(
        complaints.is_empty(),
        "{}; try runs of {} epochs with more seeds, by --repeats of petite train",
        complaints.join("; "),
        reference.run.history.len()
    );
    Ok(())
}

/// `val_loss, lowest: 0.6013 (0.5308 to 0.5572)`
fn explain(row: &Row) -> String {
    let decimals = row.figure.decimals();
    let mean = row.runs.as_ref().map_or("n/a".to_owned(), |runs| match runs.deviation {
        None => format!("{:.decimals$}", runs.mean),
        Some(_) => format!("{:.*}", decimals.max(1), runs.mean),
    });
    let spread = row.spread.map_or(String::new(), |spread| {
        format!(" ({:.decimals$} to {:.decimals$})", spread.lowest, spread.highest)
    });
    format!("{}: {mean}{spread}", row.figure.label())
}
