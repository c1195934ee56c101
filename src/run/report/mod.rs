//! The report on runs: evaluates them and describes everything on one page.

mod comparison;
mod galleries;
mod section;
mod shown_pictures;
mod tables;

use crate::error::{ErrorKind, Fault, ensure_or};
use crate::files::atomic_file::AtomicFile;
use crate::history::{self, Epoch};
use crate::pictures::folder::Folder;
use crate::report::page::Page;
use crate::report::reference::{self, Reference};
use crate::run::events::Events;
use crate::run::folder::checkpoint;
use crate::run::folder::{RunFolder, RunRecord};
use crate::run::predict::scored_pictures::ScoredPictures;
use crate::run::predict::scoring::{Evaluated, Scoring};
use crate::run::predict::trained::Trained;
use crate::run::warning::Warning;
use anyhow::{Context, Result};
use std::io::Write;
use std::path::PathBuf;

/// What to report on, and where to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Folders of runs, or of the runs of [`repeat`](crate::repeat).
    pub runs: Vec<PathBuf>,
    /// The HTML file to write.
    pub to: PathBuf,
    /// The pictures that each run is evaluated on, and how.
    pub scoring: Scoring,
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
            scoring: Scoring::default(),
            reference: None,
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
    // Before the minutes of work for a page that cannot be written.
    let mut file = AtomicFile::create(&what.to).with_context(|| Fault {
        kind: ErrorKind::Setting,
        message: format!(
            "expected to write the report {}; try `to` FILE.html elsewhere",
            what.to.display()
        ),
    })?;
    // Several runs share the page's few megabytes.
    let tiles = if runs.len() > 1 { 4 } else { 12 };
    let (mut sections, mut compared) = (Vec::new(), Vec::new());
    for run in runs {
        let mut subject = evaluated(what, run, reference.as_ref(), events)?;
        sections.push(section::of(&mut subject, tiles, events)?);
        compared.push(comparison::Compared::of(&subject));
    }
    let title = match &compared[..] {
        [only] => format!("{}, evaluated on {} pictures", only.name, what.scoring.split),
        several => format!("{} runs, evaluated on {} pictures", several.len(), what.scoring.split),
    };
    let page = Page {
        title,
        made: format!("petite {}, {}", env!("CARGO_PKG_VERSION"), tables::today()),
        comparison: match compared.len() {
            1 => None,
            _ => Some(comparison::of(&compared, reference.as_ref())),
        },
        runs: sections,
    };
    let cannot_write =
        || format!("cannot write {}; try `to` FILE.html elsewhere", what.to.display());
    file.write_all(page.html()?.as_bytes()).with_context(cannot_write)?;
    file.rename()
}

fn evaluated<'a>(
    what: &'a Report,
    run: RunFolder,
    reference: Option<&'a Reference>,
    events: &mut dyn Events,
) -> Result<Subject<'a>> {
    let history = history::read(&run.history())?;
    let Evaluated { trained, folder, pictures } = what.scoring.evaluate(&run, events)?;
    checkpoint::odd_history(&run, &history)
        .iter()
        .for_each(|odd| events.warning(&Warning::Odd(odd)));
    let path = run.path();
    let whole = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    let name = whole.file_name().unwrap_or(whole.as_os_str()).to_string_lossy().into_owned();
    Ok(Subject { what, run, name, history, trained, folder, pictures, reference })
}
