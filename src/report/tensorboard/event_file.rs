//! Event files in a folder, which TensorBoard reads in the order of their names.

use super::event::Event;
use crate::files::growing_file::GrowingFile;
use anyhow::{Context, Result};
use std::fs::{File, read_dir, remove_file};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The start of a file's name; the time since 1970 follows.
const PREFIX: &str = "events.out.tfevents.";
/// The end of a file's name, where TensorFlow has the machine and the process.
const SUFFIX: &str = ".petite.v2";

/// The time since 1970.
pub fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Starts a file in `folder` with `events`, whole from its first moment, in place of petite's earlier
/// ones there. Those are emptied, and removed at the next start only: a TensorBoard that has one open
/// goes on to the next file from one that it can still read, and drops then what it has read.
///
/// # Errors
/// If the folder or a file in it cannot be written.
pub fn start(folder: &Path, events: &[Event]) -> Result<GrowingFile> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let earlier = files_in(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let now = now();
    let head = [Event::version(now.as_secs_f64()), Event::start(now.as_secs_f64())];
    let bytes: Vec<u8> = head.iter().chain(events).flat_map(Event::framed).collect();
    let (seconds, rest) = (now.as_secs(), now.subsec_nanos());
    let path = folder.join(format!("{PREFIX}{seconds:010}.{rest:09}{SUFFIX}"));
    let file = GrowingFile::start(&path, &bytes)?;
    for path in earlier {
        let is_empty = path.metadata().is_ok_and(|found| found.len() == 0);
        let gone = if is_empty { remove_file(&path) } else { File::create(&path).map(drop) };
        gone.with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(file)
}

/// Petite's event files in `folder`.
fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours =
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_ours && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_replaces_the_earlier_ones_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let keras = "events.out.tfevents.1700000000.machine.1.0.v2";
        std::fs::write(folder.path().join(keras), b"by Keras").unwrap();
        let started: Vec<Vec<(String, u64)>> = (0..3)
            .map(|count| {
                let events = vec![Event::scalars(0, 0.0, &[("loss", 0.5)]); count];
                let mut file = start(folder.path(), &events).unwrap();
                file.append(&events.first().map_or(Vec::new(), Event::framed)).unwrap();
                let entries = read_dir(folder.path()).unwrap().map(Result::unwrap);
                let size = |entry: std::fs::DirEntry| {
                    let name = entry.file_name().into_string().unwrap();
                    (name, entry.metadata().unwrap().len())
                };
                let mut found: Vec<_> = entries.map(size).collect();
                found.sort();
                assert_eq!(found.remove(0), (keras.to_owned(), 8));
                found
            })
            .collect();
        // Emptied by the next start, removed by the one after it; names go up.
        let (first, second, third) = (&started[0], &started[1], &started[2]);
        assert_eq!((first.len(), second.len(), third.len()), (1, 2, 2));
        assert_eq!(second[0], (first[0].0.clone(), 0));
        assert_eq!(third[0], (second[1].0.clone(), 0));
        let event = Event::scalars(0, 0.0, &[("loss", 0.5)]).framed().len() as u64;
        assert_eq!(second[1].1, first[0].1 + 2 * event);
        assert_eq!(third[1].1, first[0].1 + 3 * event);
    }
}
