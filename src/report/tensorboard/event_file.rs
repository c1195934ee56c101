//! Event files in a folder, which TensorBoard reads in the order of their names.

use super::event::Event;
use super::record::{framed, records};
use crate::files::atomic_file;
use anyhow::{Context, Result};
use prost::Message;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The start of a file's name; seconds since 1970 follow.
const PREFIX: &str = "events.out.tfevents.";
/// The end of a file's name, where TensorFlow has the machine and the process.
const SUFFIX: &str = ".petite.v2";

/// An event file open for appending. Every event is synced to disk.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// Starts a file in `folder`, which TensorBoard reads after those that are there, and removes their
    /// events from `step` on. A TensorBoard that has read them already drops them, too.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn start(folder: &Path, step: i64) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let paths = paths(folder)?;
        paths.iter().try_for_each(|path| cut(path, step))?;
        let seconds_of = |path: &PathBuf| {
            let name = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
            name.split('.').next()?.parse::<u64>().ok()
        };
        let latest = paths.iter().filter_map(seconds_of).max();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = latest.map_or(0, |latest| latest.saturating_add(1)).max(now.as_secs());
        let path = folder.join(format!("{PREFIX}{seconds:010}{SUFFIX}"));
        let head = [Event::version(), Event::start(step)];
        let head = head.map(|event| framed(&event.encode_to_vec())).concat();
        atomic_file::write_bytes(&path, &head)?;
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, path })
    }

    /// Appends an event.
    ///
    /// # Errors
    /// If the file cannot be written; it keeps its former events then.
    pub fn append(&mut self, event: &Event) -> Result<()> {
        let cannot_write = || format!("cannot write {}", self.path.display());
        let frame = framed(&event.encode_to_vec());
        let length = self.file.metadata().with_context(cannot_write)?.len();
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // A full disk may take the first part of an event.
            let _ = self.file.set_len(length);
        }
        written.with_context(cannot_write)
    }
}

/// The values in the files of `folder`, up to the first damage in each. None if there is no such folder.
///
/// # Errors
/// If the folder or a file in it cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for path in paths(folder)? {
        let bytes = bytes_of(&path)?;
        let whole = records(&bytes).map_while(|record| Event::decode(record).ok());
        events.extend(whole.filter(|event| !event.values().is_empty()));
    }
    Ok(events)
}

/// Removes the values from `step` on from the file at `path`.
fn cut(path: &Path, step: i64) -> Result<()> {
    let bytes = bytes_of(path)?;
    let is_later = |record: &&[u8]| {
        let event = Event::decode(*record);
        event.is_ok_and(|event| event.step >= step && !event.values().is_empty())
    };
    if !records(&bytes).any(|record| is_later(&record)) {
        return Ok(());
    }
    let kept = records(&bytes).filter(|record| !is_later(record));
    atomic_file::write_bytes(path, &kept.flat_map(framed).collect::<Vec<u8>>())
}

fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The event files in `folder`, in the order of their names.
fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let cannot_read = || format!("cannot read {}", folder.display());
    let mut paths = Vec::new();
    for entry in folder.read_dir().with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        let is_named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_named && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(folder: &Path) -> Vec<(i64, f32)> {
        let loss = |event: &Event| Some((event.step, event.values()[0].scalar()?));
        read(folder).unwrap().iter().filter_map(loss).collect()
    }

    #[test]
    fn a_later_file_replaces_the_steps_from_its_start_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("train");
        assert_eq!(losses(&folder), []);
        let mut file = EventFile::start(&folder, 0).unwrap();
        file.append(&Event::picture(0, "pictures", (1, 1), vec![1])).unwrap();
        for step in 0..3 {
            file.append(&Event::scalars(step, &[("loss", 0.5), ("acc", 1.0)])).unwrap();
        }
        // Within the same second.
        let mut next = EventFile::start(&folder, 2).unwrap();
        assert!(next.path > file.path);
        next.append(&Event::scalars(2, &[("loss", 0.25)])).unwrap();
        assert_eq!(losses(&folder), [(0, 0.5), (1, 0.5), (2, 0.25)]);
        assert_eq!(read(&folder).unwrap().len(), 4);
        EventFile::start(&folder, 0).unwrap();
        assert_eq!(read(&folder).unwrap(), []);
    }

    #[test]
    fn a_file_cut_within_an_event_keeps_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = EventFile::start(folder.path(), 0).unwrap();
        for step in 0..2 {
            file.append(&Event::scalars(step, &[("loss", 0.5)])).unwrap();
        }
        let length = file.file.metadata().unwrap().len();
        for cut in 1..20 {
            file.file.set_len(length - cut).unwrap();
            assert_eq!(losses(folder.path()), [(0, 0.5)]);
        }
    }
}
