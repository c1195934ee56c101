//! `petite suspects`

use super::evaluation_text::percent;
use super::prediction_output::utf8;
use super::preview::{file_name, read};
use crate::program::cli::SuspectsArgs;
use crate::program::console::{say, warn};
use crate::program::progress::Terminal;
use crate::program::remedy::warn_inside;
use anyhow::{Context, Error, Result, ensure};
use petite::dataset::labels::Labeled;
use petite::dataset::part::Part;
use petite::dataset::staging::Staging;
use petite::nn::zoo::Model;
use petite::pictures::output;
use petite::report::contact_sheet::{self, Tile};
use petite::report::text;
use petite::run::settings::on_base::Start;
use petite::text::numbers::{cut, listed, with_thousands};
use petite::text::shown::{quoted, shown};
use petite::{Config, Stop, Suspect, SuspectList, Suspects};
use serde::Serialize;
use std::path::Path;

/// Suspects that are printed.
const PRINTED: usize = 20;

/// Suspects on the contact sheet.
const SHOWN: usize = 100;

const LIST: &str = "suspects.csv";
const SHEET: &str = "suspects.png";

pub fn run(args: &SuspectsArgs, stop: &Stop) -> Result<()> {
    let config = config(args)?;
    warn_inside("suspects", "to", &args.to, config.data.path.as_deref());
    let staging = Staging::beside(&args.to)?;
    output::mark(staging.path())?;
    let what = Suspects {
        config: config.clone(),
        folds: args.folds as usize,
        count: args.count.map(|count| count as usize),
    };
    let mut terminal = Terminal::new(stop);
    if args.json {
        terminal.hide_notes();
    }
    let found = petite::suspects(&what, &mut terminal)?;
    let json = args.json.then(|| json(&found)).transpose()?;
    let csv = staging.path().join(LIST);
    std::fs::write(&csv, found.to_csv()?)
        .with_context(|| format!("cannot write {}", csv.display()))?;
    let tiles = tiles(&found, stop)?;
    if !tiles.is_empty() {
        contact_sheet::write(&staging.path().join(SHEET), &tiles)?;
        if let Some(key) = text::key(&found.classes) {
            warn(format_args!("warning: {key}"));
        }
    }
    staging.rename_to(&args.to)?;
    match json {
        Some(json) => say(json),
        None => print(&found, &config, args),
    }
    Ok(())
}

/// The settings that the flags ask for.
fn config(args: &SuspectsArgs) -> Result<Config> {
    let flags = &args.settings;
    let model = flags.get("model")?.unwrap_or(Model::Mobilenet);
    ensure!(
        model.is_base(),
        "expected a pretrained base as --model, found {}; try mobilenet",
        model.name()
    );
    let mut config = Suspects::on(model, flags.get("data")?);
    config.change(flags.given())?;
    if let (Some(file), Some(on_base)) = (&args.weights, config.on_base_mut()) {
        let whole = file.canonicalize().with_context(|| {
            let file = file.display();
            format!("expected weights at --weights {file}, found nothing; try another path")
        })?;
        on_base.start = Some(Start::Weights(whole));
    }
    Ok(config)
}

/// The first suspects with their labels, for the contact sheet. A near copy follows its picture.
fn tiles(found: &SuspectList, stop: &Stop) -> Result<Vec<Tile>> {
    let name = |class: &str| {
        let label = found.classes.iter().position(|known| known == class);
        text::name(class, label.unwrap_or(0))
    };
    let tile = |first: String, labels: String, path: &Path| {
        stop.check()?;
        let picture = read(&found.root.join(path), found.target)?;
        Ok::<_, Error>(Tile { picture, caption: vec![first, labels, file_name(path)] })
    };
    let mut tiles = Vec::new();
    for (index, suspect) in found.suspects.iter().take(SHOWN).enumerate() {
        let Labeled { path, label, .. } = found.picture(suspect);
        let first = format!("{}  {}", index + 1, percent(suspect.probability));
        tiles.push(tile(first, arrow(&name(label), &name(&suspect.suggested)), path)?);
        if let Some(Labeled { path, label, .. }) = found.copy(suspect) {
            tiles.push(tile(format!("{}  near copy", index + 1), name(label), path)?);
        }
    }
    Ok(tiles)
}

/// `cats → dogs`
fn arrow(given: &str, suggested: &str) -> String {
    format!("{} → {}", cut(given), cut(suggested))
}

fn print(found: &SuspectList, config: &Config, args: &SuspectsArgs) {
    let SuspectList { classes, pictures, suspects, .. } = found;
    let number = |count: usize| with_thousands(count as i64);
    say(format_args!("pictures    {} of {}", number(pictures.len()), listed(classes)));
    let copies = match suspects.iter().filter(|suspect| suspect.copy_of.is_some()).count() {
        0 => String::new(),
        1 => ", 1 of them a near copy of a picture with another label".to_owned(),
        copies => {
            format!(", {} of them near copies of pictures with another label", number(copies))
        }
    };
    say(format_args!("suspects    {}{copies}", number(suspects.len())));
    let printed = &suspects[..suspects.len().min(PRINTED)];
    let labels = |suspect: &Suspect| arrow(&found.picture(suspect).label, &suspect.suggested);
    let width = printed.iter().map(|one| labels(one).chars().count()).max().unwrap_or(0);
    for (index, suspect) in printed.iter().enumerate() {
        let copy = found.copy(suspect).map(|copy| format!(" is {}", shown(&copy.path)));
        say(format_args!(
            "{:>9}   {:<width$}  {:>6}  {}{}",
            index + 1,
            labels(suspect),
            percent(suspect.probability),
            shown(&found.picture(suspect).path),
            copy.unwrap_or_default()
        ));
    }
    let (list, sheet) = (args.to.join(LIST), args.to.join(SHEET));
    if suspects.len() > PRINTED {
        let others = number(suspects.len() - PRINTED);
        say(format_args!("            and {others} more in {}", list.display()));
    }
    if !suspects.is_empty() {
        let first =
            if suspects.len() > SHOWN { format!(", the first {SHOWN}") } else { String::new() };
        say(format_args!("sheet       {}{first}", sheet.display()));
    }
    say(format_args!(
        "list        {}: every picture; change a wrong label there in the column label",
        list.display()
    ));
    let beside = config.data.labels.as_deref().and_then(Path::parent);
    let data = config.data.path.as_deref().or(beside).unwrap_or(&found.root);
    let data = if data.as_os_str().is_empty() { Path::new(".") } else { data };
    say(format_args!("next        {}", next(config.network.model, data, &list, args)));
}

/// The command that trains the same base's head on the corrected list.
fn next(model: Model, data: &Path, list: &Path, args: &SuspectsArgs) -> String {
    let mut command = format!("petite train --recipe features --model {}", model.name());
    let given = args.settings.typed(&["data", "labels", "model"]).into_iter();
    let weights = args.weights.iter().map(|file| format!("--weights {}", quoted(file)));
    given.chain(weights).for_each(|flag| command += &format!(" {flag}"));
    let mut out = args.to.clone().into_os_string();
    out.push("-run");
    format!("{command} --data {} --labels {} --out {}", quoted(data), quoted(list), quoted(out))
}

/// The list of suspects as JSON.
fn json(found: &SuspectList) -> Result<String> {
    let mut suspects = Vec::with_capacity(found.suspects.len());
    for (index, suspect) in found.suspects.iter().enumerate() {
        let Labeled { path, label, part } = found.picture(suspect);
        suspects.push(Row {
            rank: index + 1,
            path: utf8(path)?,
            split: part.map(Part::name),
            given: label,
            suggested: &suspect.suggested,
            probability: suspect.probability,
            copy_of: found.copy(suspect).map(|copy| utf8(&copy.path)).transpose()?,
        });
    }
    let whole = Whole {
        data: utf8(&found.root)?,
        classes: &found.classes,
        pictures: found.pictures.len(),
        suspects,
    };
    serde_json::to_string_pretty(&whole).context("cannot serialize the suspects to JSON")
}

#[derive(Serialize)]
struct Whole<'a> {
    data: &'a str,
    classes: &'a [String],
    pictures: usize,
    suspects: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    rank: usize,
    path: &'a str,
    split: Option<&'a str>,
    given: &'a str,
    suggested: &'a str,
    probability: f64,
    copy_of: Option<&'a str>,
}
