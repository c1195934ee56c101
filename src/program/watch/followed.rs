//! Runs whose files are read again and again.

use crate::program::duration;
use crate::program::estimate::Estimate;
use anyhow::Result;
use petite::history::{self, Epoch};
use petite::run::folder::RunFolder;
use petite::{Config, files::folder_lock, files::text_file};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Time without a new epoch, in epochs, after which a run seems to have been killed; at least a
/// minute.
const SILENT: f64 = 5.0;

/// A run's settings and epochs when they were last read.
#[derive(Debug, Clone)]
pub struct Followed {
    /// Its folder, as given.
    pub name: String,
    /// Its settings.
    pub config: Config,
    /// Its epochs so far.
    pub rows: Vec<Epoch>,
    /// Time since the last epoch, or since the start.
    pub since: Duration,
    /// Whether the process that trained has ended as it should.
    pub has_ended: bool,
}

/// The runs in `paths`, each a run's folder or one of the runs of `train --repeats`, which may grow.
/// A run that is about to begin is not among them yet.
///
/// # Errors
/// If there is no run in one of them, or its settings cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Followed>> {
    let mut all = Vec::new();
    for path in paths {
        let mut runs = Vec::new();
        for (_, seed) in RunFolder::repeats_in(path)? {
            // The next run has a folder before it has settings.
            runs.extend(RunFolder::open(&seed).ok());
        }
        if runs.is_empty() || path.join("config.json").exists() {
            match RunFolder::open(path) {
                Ok(run) => runs = vec![run],
                // It reads the pictures before it writes its settings.
                Err(_) if path.join(folder_lock::NAME).exists() => continue,
                Err(error) => return Err(error),
            }
        }
        for run in runs {
            all.push(Followed::read(&run)?);
        }
    }
    Ok(all)
}

impl Followed {
    fn read(run: &RunFolder) -> Result<Self> {
        let config = run.read_record()?.train;
        // The last line may be incomplete.
        let text = text_file::read(&run.history(), u64::MAX).unwrap_or_default();
        let changed = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
        let last = changed(&run.history()).or(changed(&run.config()));
        let since = last.and_then(|last| SystemTime::now().duration_since(last).ok());
        Ok(Self {
            name: run.path().display().to_string(),
            config,
            rows: history::parse_good(&text),
            since: since.unwrap_or_default(),
            // They are drawn last.
            has_ended: changed(&run.curves("png")).is_some_and(|drawn| Some(drawn) >= last),
        })
    }

    /// Whether all its epochs are trained, or the process that did so has ended.
    pub fn is_done(&self) -> bool {
        self.has_ended || self.epochs_left() == 0
    }

    fn epochs_left(&self) -> i64 {
        (self.config.training.epochs - self.rows.len() as i64).max(0)
    }

    fn estimate(&self) -> Estimate {
        let mut estimate = Estimate::default();
        self.rows.iter().for_each(|row| estimate.add(row));
        estimate
    }

    /// Seconds per epoch.
    pub fn seconds_per_epoch(&self) -> Option<f64> {
        self.estimate().of_epoch()
    }

    /// `13 min left`, `complete`, or why nothing is left to wait for.
    pub fn state(&self) -> String {
        let since = self.since.as_secs_f64();
        if self.epochs_left() == 0 {
            return "complete".to_owned();
        }
        if self.has_ended {
            return format!("ended {} ago", duration::shown(since));
        }
        let Some(seconds) = self.seconds_per_epoch() else {
            return format!("no epoch yet, {}", duration::shown(since));
        };
        if since > (SILENT * seconds).max(60.0) {
            return format!("no news for {}", duration::shown(since));
        }
        let left = self.estimate().left(self.epochs_left() - 1, since, 0.0);
        format!("{} left", duration::shown(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use petite::Recipe;

    fn run(epochs: i64, since: u64) -> Followed {
        let row = |epoch| Epoch {
            seconds: Some(10.0),
            learning_rate: Some(1e-4),
            ..Epoch::new(epoch, 0.6, 0.6, 0.6, 0.5 + 0.1 * (epoch % 3) as f64)
        };
        let mut config = Config::new(Recipe::Baseline, "data");
        config.training.epochs = 6;
        Followed {
            name: "run".to_owned(),
            config,
            rows: (1..=epochs).map(row).collect(),
            since: Duration::from_secs(since),
            has_ended: false,
        }
    }

    #[test]
    fn the_state_says_what_to_expect() {
        assert_eq!(run(0, 5).state(), "no epoch yet, 5 s");
        assert_eq!(run(2, 5).state(), "35 s left");
        assert_eq!(run(2, 20).state(), "30 s left");
        assert_eq!(run(2, 90).state(), "no news for 90 s");
        assert_eq!(run(6, 90).state(), "complete");
        let ended = Followed { has_ended: true, ..run(2, 5) };
        assert_eq!(ended.state(), "ended 5 s ago");
        assert!(ended.is_done() && run(6, 0).is_done() && !run(2, 90).is_done());
    }

    #[test]
    fn repeats_are_followed_as_they_begin() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned()];
        let error = read(&paths).unwrap_err().to_string();
        assert!(error.contains("expected a run with a config.json"), "{error}");
        std::fs::write(folder.path().join(folder_lock::NAME), "").unwrap();
        assert!(read(&paths).unwrap().is_empty());
        let begin = |name: &str| {
            let run = RunFolder::create(&folder.path().join(name)).unwrap();
            let train = Config::new(Recipe::Baseline, "data");
            let versions = petite::run::folder::Versions::current();
            let (device, classes) = ("cpu".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
            let record = petite::run::folder::RunRecord { versions, device, classes, train };
            run.write_record(&record).unwrap();
            run
        };
        let first = begin("seed-1");
        std::fs::create_dir(folder.path().join("seed-2")).unwrap();
        let runs = read(&paths).unwrap();
        assert_eq!((runs.len(), runs[0].rows.len()), (1, 0));

        let rows = run(2, 0).rows;
        let text = history::to_csv(&rows).unwrap();
        std::fs::write(first.history(), format!("{text}3,0.6,0.")).unwrap();
        std::fs::remove_dir(folder.path().join("seed-2")).unwrap();
        begin("seed-2");
        let runs = read(&paths).unwrap();
        assert_eq!((runs.len(), &runs[0].rows), (2, &rows));
        assert!(!runs[0].has_ended);
        std::fs::write(first.curves("png"), "").unwrap();
        assert!(read(&paths).unwrap()[0].has_ended);
    }
}
