//! The section of a report on one run.

use super::tables::{self, interval, percent};
use super::{Subject, galleries};
use crate::dataset::archive;
use crate::dataset::data_set::DataSet;
use crate::dataset::duplicates::{self, Duplicate};
use crate::dataset::layout::ALL;
use crate::dataset::part::Part;
use crate::error::ensure_or;
use crate::history;
use crate::metrics::Metrics;
use crate::pictures::folder::Folder;
use crate::pictures::pixels::{Pixels, decode_all};
use crate::pictures::target::Target;
use crate::report::chart::{Mark, Quantity, Series};
use crate::report::colors::GRAY;
use crate::report::page::chart::PageChart;
use crate::report::page::matrix::Matrix;
use crate::report::page::{RunSection, Table};
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::MAX_PAIRS;
use crate::run::events::Events;
use crate::run::folder::WhichWeights;
use crate::run::folder::improving;
use crate::stop::Stop;
use crate::text::numbers::{listed, with_thousands};
use anyhow::Result;

/// Number of duplicates that are listed.
const LISTED: usize = 10;

/// Describes a run, with up to `tiles` pictures in each gallery.
///
/// # Errors
/// If a picture cannot be read, libtorch fails, or a stop was requested.
pub fn of(subject: &mut Subject<'_>, tiles: usize, events: &mut dyn Events) -> Result<RunSection> {
    let stop = events.stop();
    let metrics = Metrics::new(&subject.pictures.scored);
    let (folders, mut notes) = match parts(subject) {
        Ok(folders) => (folders, Vec::new()),
        Err(error) => (Vec::new(), vec![format!("The training pictures are not shown: {error:#}")]),
    };
    let train = folders.iter().find(|part| [Part::Train.name(), ALL].contains(&part.name.as_str()));
    let mut galleries = galleries::of_mistakes(subject, tiles)?;
    let mut duplicates = Table::default();
    if let Some(train) = train {
        galleries.extend(galleries::of_augmentation(subject, train, &stop)?);
        if subject.what.scoring.split != train.name {
            let found = duplicates_of(subject, train, &stop, events)?;
            notes.extend(found.as_ref().map(|(note, _)| note.clone()));
            duplicates = found.map_or(duplicates, |(_, table)| table);
        }
    }
    let advice = improving::advice(&subject.run, &subject.record().train, &subject.history);
    notes.splice(0..0, advice.map(|advice| format!("The run was {advice}")));
    let confusion = subject.pictures.scored.confusion();
    Ok(RunSection {
        name: subject.name.clone(),
        sentence: sentence(subject, &metrics, train),
        charts: charts(subject),
        figures: tables::figures(subject, &metrics),
        matrix: Matrix::new(&confusion),
        confused: tables::confused(&confusion),
        classes: tables::classes(&metrics),
        galleries,
        tables: vec![
            tables::pictures(&folders),
            duplicates,
            tables::settings(subject),
            tables::environment(subject),
        ],
        notes,
        commands: tables::commands(subject),
    })
}

/// What the network is and how well it does.
fn sentence(subject: &Subject<'_>, metrics: &Metrics, train: Option<&Folder>) -> String {
    let config = &subject.record().train;
    let network = &subject.trained.network;
    let base = network.base().map_or(0, |base| base.stack.architecture().parameters());
    let parameters = with_thousands(network.architecture().parameters() + base);
    let model = config.network.model.name();
    let trained_part = match config.on_base().map(|on_base| &on_base.unfreeze_from) {
        None => String::new(),
        Some(None) => ", of which the head was trained".to_owned(),
        Some(Some(layer)) => format!(", trained from {layer} on"),
    };
    let on = train.map_or(String::new(), |train| {
        format!(
            " on {} pictures of {}",
            with_thousands(train.samples.len() as i64),
            listed(&train.classes)
        )
    });
    let best = history::best(&subject.history);
    let epochs = match (subject.what.scoring.inference.weights, best) {
        (WhichWeights::Best, Some(best)) => {
            format!(
                "epoch {} of {}, which has the lowest val_loss,",
                best.epoch,
                subject.history.len()
            )
        }
        _ => format!("{} epochs", subject.history.len()),
    };
    let scored = &subject.pictures.scored;
    format!(
        "{model} ({parameters} parameters{trained_part}), after {epochs}{on}, classifies {} of {} {} pictures correctly: {} (95 % interval {}).",
        with_thousands(scored.correct() as i64),
        with_thousands(scored.len() as i64),
        subject.what.scoring.split,
        percent(subject.pictures.means.accuracy),
        interval(metrics.acc_interval)
    )
}

/// Accuracy and loss by epoch, and the reference's.
fn charts(subject: &Subject<'_>) -> Vec<PageChart> {
    let chart = |quantity: Quantity| {
        let mut series = quantity.of_run(&subject.history);
        if let Some(reference) = subject.reference {
            let name = format!("{}, validation", reference.name);
            let rows = reference.rows(quantity);
            let value = |row: &_| quantity.validation(row);
            series.push(Series::new(name, Mark::Line(1.5), GRAY, rows, value));
        }
        PageChart::new(&quantity.chart(quantity.title(), series))
    };
    Quantity::BOTH.map(chart).into()
}

/// The parts of the data set that the run was trained on.
fn parts(subject: &Subject<'_>) -> Result<Vec<Folder>> {
    let config = &subject.record().train;
    // A run that was imported has no data set of its own.
    let Some(data) = config.data.path.as_deref() else { return Ok(Vec::new()) };
    // A data set that was moved is where the evaluated pictures are.
    let moved = subject.what.scoring.data.as_deref().filter(|_| !data.exists());
    let data = moved.unwrap_or(data);
    let list = subject.run.split();
    let data = match list.is_file() {
        true => DataSet::read_run_list(&archive::unpacked(data)?, &list)?,
        false => DataSet::read(data, config.data.labels.as_deref(), true)?,
    };
    ensure_or!(
        DataSet,
        data.folders.iter().flat_map(|folder| &folder.samples).any(|sample| sample.path.exists()),
        "expected the pictures of the run in {}, found none of them",
        data.path.display()
    );
    Ok(data.folders)
}

/// Which of the evaluated pictures are training pictures: a note, and a table of the first.
fn duplicates_of(
    subject: &Subject<'_>,
    train: &Folder,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Option<(String, Table)>> {
    let split = &subject.what.scoring.split;
    if train.samples.len().saturating_mul(subject.folder.samples.len()) > MAX_PAIRS {
        return Ok(Some((
            format!(
                "Whether any of the {split} pictures are training pictures was not examined: they are too many."
            ),
            Table::default(),
        )));
    }
    let originals = small(train, stop, events)?;
    let copies = small(&subject.folder, stop, events)?;
    if originals.samples.is_empty() || copies.samples.is_empty() {
        return Ok(None);
    }
    let found = duplicates::find(&originals, &copies)?;
    if found.is_empty() {
        return Ok(Some((format!("No {split} picture is a training picture."), Table::default())));
    }
    let note = format!(
        "{}, which makes the figures too optimistic.",
        duplicates::describe(&found, copies.samples.len(), &train.name, split)
    );
    let row = |Duplicate { of, copy, likeness }: &Duplicate| {
        vec![
            copies.samples[*copy].path.display().to_string(),
            originals.samples[*of].path.display().to_string(),
            likeness.name().to_owned(),
        ]
    };
    let rows = found.iter().take(LISTED).map(row).collect();
    let columns = [split.as_str(), &train.name, "likeness"].map(str::to_owned).to_vec();
    Ok(Some((note, Table { title: "Duplicates".to_owned(), columns, rows, has_paths: true })))
}

/// The pictures of a folder, decoded small enough to compare. Bad ones are left out.
fn small(folder: &Folder, stop: &Stop, events: &mut dyn Events) -> Result<Pixels> {
    let activity = Activity::Decoding(Some(&folder.name));
    let counter = Counter::new(activity, folder.samples.len(), events);
    Ok(decode_all(folder, Target::rgb(64, 64), 0, stop, &|| counter.add(1))?.0)
}
