//! The report on runs: evaluates them and describes everything on one page.

mod comparison;
mod galleries;
mod section;
mod shown_pictures;
mod tables;

use super::evaluate::{self, Evaluate};
use super::events::Events;
use super::folder::{RunFolder, RunRecord, WhichWeights};
use super::scoring::ScoredPictures;
use super::trained::{MachineOverrides, Trained};
use crate::atomic_file;
use crate::error::ensure_or;
use crate::history::{self, Epoch};
use crate::pictures::cache::CachePolicy;
use crate::pictures::folder::Folder;
use crate::report::page::Page;
use crate::report::reference::{self, Reference};
use crate::training::validate::Views;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What to report on, and where to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Folders of runs, or of the runs of [`repeat`](crate::repeat).
    pub runs: Vec<PathBuf>,
    /// The HTML file to write.
    pub to: PathBuf,
    /// Name of the split to evaluate on, as in [`Evaluate::split`].
    pub split: String,
    /// Data set: a folder or an archive; `None` is each run's.
    pub data: Option<PathBuf>,
    /// CSV of `path,label[,split]` that lists the pictures of `data`.
    pub labels: Option<PathBuf>,
    /// Which of the runs' weights to use.
    pub weights: WhichWeights,
    /// Which views of each picture the network sees.
    pub views: Views,
    /// Skip files that cannot be used as pictures; also done if a run has this setting.
    pub skip_bad_pictures: bool,
    /// Where to keep decoded pictures; `None` is each run's setting.
    pub cache: Option<CachePolicy>,
    /// Device, precision and threads.
    pub machine: MachineOverrides,
    /// History to draw beside the runs': the name of a built-in reference or a CSV with Keras's
    /// columns; `None` draws none.
    pub reference: Option<PathBuf>,
}

impl Report {
    /// Reports to the file `to` on the last weights of `runs`, evaluated on the split `test`.
    pub fn new(runs: impl IntoIterator<Item = PathBuf>, to: impl Into<PathBuf>) -> Self {
        Self {
            runs: runs.into_iter().collect(),
            to: to.into(),
            split: "test".to_owned(),
            data: None,
            labels: None,
            weights: WhichWeights::Last,
            views: Views::Picture,
            skip_bad_pictures: false,
            cache: None,
            machine: MachineOverrides::default(),
            reference: None,
        }
    }

    /// How `run` is evaluated.
    fn evaluate(&self, run: &Path) -> Evaluate {
        Evaluate {
            split: self.split.clone(),
            data: self.data.clone(),
            labels: self.labels.clone(),
            weights: self.weights,
            views: self.views,
            skip_bad_pictures: self.skip_bad_pictures,
            cache: self.cache,
            machine: self.machine,
            ..Evaluate::new(run)
        }
    }
}

/// A run, evaluated.
struct Subject<'a> {
    what: &'a Report,
    run: RunFolder,
    /// Name of its folder.
    name: String,
    history: Vec<Epoch>,
    trained: Trained,
    /// The pictures of the split.
    folder: Folder,
    pictures: ScoredPictures,
    reference: Option<&'a Reference>,
}

impl Subject<'_> {
    fn record(&self) -> &RunRecord {
        &self.trained.record
    }
}

/// Writes a report: see [`petite::report`](crate::report()).
pub(crate) fn report(what: &Report, events: &mut dyn Events) -> Result<()> {
    ensure_or!(
        Setting,
        what.to.extension().is_some_and(|end| end == "html" || end == "htm"),
        "expected `to` to end in .html, found {}; try {}",
        what.to.display(),
        what.to.with_extension("html").display()
    );
    let reference = what.reference.as_deref().map(reference::find).transpose()?;
    let mut runs = Vec::new();
    for path in &what.runs {
        runs.extend(RunFolder::open_all(path)?);
    }
    ensure_or!(Setting, !runs.is_empty(), "expected at least one run to report on, found none");
    // Several runs share the page's few megabytes.
    let tiles = if runs.len() > 1 { 4 } else { 12 };
    let (mut sections, mut compared) = (Vec::new(), Vec::new());
    for run in runs {
        let mut subject = evaluated(what, run, reference.as_ref(), events)?;
        sections.push(section::of(&mut subject, tiles, events)?);
        compared.push(comparison::Compared::of(&subject));
    }
    let title = match &compared[..] {
        [only] => format!("{}, evaluated on {} pictures", only.name, what.split),
        several => format!("{} runs, evaluated on {} pictures", several.len(), what.split),
    };
    let page = Page {
        title,
        made: format!("petite {}, {}", env!("CARGO_PKG_VERSION"), tables::today()),
        comparison: match compared.len() {
            1 => None,
            _ => Some(comparison::of(&compared, reference.as_ref())?),
        },
        runs: sections,
    };
    atomic_file::write_bytes(&what.to, page.html()?.as_bytes())
}

fn evaluated<'a>(
    what: &'a Report,
    run: RunFolder,
    reference: Option<&'a Reference>,
    events: &mut dyn Events,
) -> Result<Subject<'a>> {
    let evaluate = what.evaluate(run.path());
    let history = history::read(&run.history())?;
    let trained = Trained::load(&run, what.weights, what.machine)?;
    let folder = evaluate::pictures(&evaluate, &run, &trained.record, events)?;
    let stop = events.stop();
    let pictures = ScoredPictures::new(&trained, &folder, evaluate.scoring(), &stop, events)?;
    let path = run.path();
    let whole = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    let name = whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned();
    Ok(Subject { what, run, name, history, trained, folder, pictures, reference })
}
