//! Error types and kinds.
//!
//! Inside the library, errors are [`anyhow::Error`]s. Those that a caller may want to handle
//! contain a [`Fault`], from which [`Error`] derives its [`ErrorKind`]. Messages name settings as
//! fields in backticks.

use crate::stop::Interrupted;
use crate::text::libtorch_message::without_frames;
use crate::text::numbers::{LINES, lines, with_thousands};
use crate::text::shown::{quoted, shown};
use std::fmt;
use std::path::PathBuf;

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is out of range or conflicts with others.
    Setting,
    /// A data set is missing, or its folders do not have the expected structure.
    DataSet,
    /// Some files cannot be used as pictures; see [`BadPictures`] and [`BadRows`].
    BadPictures,
    /// Weights are missing, damaged or of another network.
    Weights,
    /// A run's folder is missing, in use, damaged, or does not match the request.
    Run,
    /// A stop was requested.
    Interrupted,
    /// The device or the host is out of memory.
    OutOfMemory,
    /// Anything else, such as a file that cannot be written.
    Other,
}

/// An error of a known kind, to be wrapped in an [`anyhow::Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub kind: ErrorKind,
    /// `expected X, found Y; try Z`.
    pub message: String,
}

impl Fault {
    /// A fault of kind [`ErrorKind::Weights`].
    pub(crate) fn weights(message: String) -> Self {
        Self { kind: ErrorKind::Weights, message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// Returns a [`Fault`] of the given kind and message.
macro_rules! fault {
    ($kind:ident, $($message:tt)+) => {
        return Err($crate::error::Fault {
            kind: $crate::error::ErrorKind::$kind,
            message: format!($($message)+),
        }
        .into())
    };
}

/// Returns a [`Fault`] unless the condition holds.
macro_rules! ensure_or {
    ($kind:ident, $condition:expr, $($message:tt)+) => {
        if !$condition {
            $crate::error::fault!($kind, $($message)+);
        }
    };
}

pub(crate) use {ensure_or, fault};

/// A file that cannot be used as a picture, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPicture {
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be used.
    pub reason: String,
}

impl fmt::Display for BadPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(&self.path), self.reason)
    }
}

/// The error that `pictures`, of `of` pictures from anywhere, cannot be used.
pub fn unusable(pictures: Vec<BadPicture>, of: usize) -> BadPictures {
    BadPictures(vec![BadFolder { folder: PathBuf::new(), of, pictures }])
}

/// The files of a folder that cannot be used as pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFolder {
    /// The folder; empty if they are from anywhere.
    pub folder: PathBuf,
    /// Number of files checked, good and bad.
    pub of: usize,
    /// The bad ones, in the order of the samples.
    pub pictures: Vec<BadPicture>,
}

impl BadFolder {
    /// `2 of 40 pictures in FOLDER`.
    pub fn count(&self) -> String {
        let count = |number: usize| with_thousands(number as i64);
        let place = match self.folder.as_os_str().is_empty() {
            true => String::new(),
            false => format!(" in {}", shown(&self.folder)),
        };
        format!("{} of {} pictures{place}", count(self.pictures.len()), count(self.of))
    }

    /// One line for each bad picture, indented: its path, and why it cannot be used. Of many the first,
    /// and their number.
    pub fn list(&self) -> String {
        lines(&self.pictures)
    }
}

impl fmt::Display for BadFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used:\n{}", self.count(), self.list())
    }
}

/// The error that lists bad pictures, by folder: of many the first, and their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPictures(pub Vec<BadFolder>);

impl fmt::Display for BadPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders: Vec<String> = self.0.iter().map(BadFolder::to_string).collect();
        f.write_str(&folders.join("\n"))
    }
}

impl std::error::Error for BadPictures {}

/// A row of a list of labels that names no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The number of its line in the list.
    pub line: u64,
    /// The path as written.
    pub path: PathBuf,
    /// A file with nearly that name, if there is one.
    pub instead: Option<PathBuf>,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected the file {}, found none", self.line, shown(&self.path))?;
        let near = self.instead.iter().map(|path| shown(path));
        near.into_iter().try_for_each(|path| write!(f, "; try {path}, which exists"))
    }
}

/// The error of the rows of a list that name no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRows {
    /// The list.
    pub list: PathBuf,
    /// The folder that paths are relative to.
    pub folder: PathBuf,
    /// Number of rows, good and bad.
    pub of: usize,
    /// The bad ones, in the order of their lines.
    pub rows: Vec<BadRow>,
}

impl fmt::Display for BadRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { list, folder, of, rows } = self;
        let (in_list, in_folder) = (shown(list), shown(folder));
        write!(f, "{} of {of} rows of {in_list} cannot be used in {in_folder}:", rows.len())?;
        rows.iter().take(LINES).try_for_each(|row| write!(f, "\n  {row}"))?;
        match rows.len().saturating_sub(LINES) {
            0 => Ok(()),
            more => write!(
                f,
                "\n  and {more} more, which petite doctor --data {} --labels {} lists",
                quoted(folder),
                quoted(list)
            ),
        }
    }
}

impl std::error::Error for BadRows {}

/// The error of the library's functions. Its text includes the whole chain of causes.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    source: anyhow::Error,
}

impl Error {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The error of type `E` in the chain of causes, such as [`BadPictures`].
    pub fn downcast_ref<E: fmt::Display + fmt::Debug + Send + Sync + 'static>(&self) -> Option<&E> {
        match self.source.downcast_ref::<Self>() {
            Some(inside) => inside.downcast_ref(),
            None => self.source.downcast_ref(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_frames(&format!("{:#}", self.source)))
    }
}

impl std::error::Error for Error {}

impl From<anyhow::Error> for Error {
    fn from(source: anyhow::Error) -> Self {
        Self { kind: kind_of(&source), source }
    }
}

fn kind_of(error: &anyhow::Error) -> ErrorKind {
    if let Some(error) = error.downcast_ref::<Error>() {
        return error.kind;
    }
    if error.is::<Interrupted>() {
        return ErrorKind::Interrupted;
    }
    if error.is::<BadPictures>() || error.is::<BadRows>() {
        return ErrorKind::BadPictures;
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.kind;
    }
    if is_out_of_memory(error) { ErrorKind::OutOfMemory } else { ErrorKind::Other }
}

/// Whether libtorch reported that the device or the host is out of memory.
pub(crate) fn is_out_of_memory(error: &anyhow::Error) -> bool {
    // libtorch has no error type for this. The first text is the CUDA allocator's, the second the
    // CPU's.
    let is_memory =
        |cause: String| cause.contains("out of memory") || cause.contains("can't allocate memory");
    error.chain().any(|cause| is_memory(cause.to_string()))
}

/// Two errors as one: bad pictures are listed together; otherwise the first error is returned.
pub(crate) fn both(first: anyhow::Error, second: anyhow::Error) -> anyhow::Error {
    match (first.downcast_ref::<BadPictures>(), second.downcast_ref::<BadPictures>()) {
        (Some(first), Some(second)) => {
            BadPictures([first.0.as_slice(), second.0.as_slice()].concat()).into()
        }
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    fn faulty() -> anyhow::Result<()> {
        fault!(Weights, "expected weights, found {}", "none");
    }

    #[test]
    fn finds_kinds_below_contexts() {
        let error = Error::from(faulty().context("while training").unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Weights);
        assert_eq!(error.to_string(), "while training: expected weights, found none");
        let stopped = anyhow::Error::new(Interrupted).context("in run 2");
        assert_eq!(Error::from(stopped).kind(), ErrorKind::Interrupted);
        let memory = anyhow!("DefaultCPUAllocator: can't allocate memory: you tried");
        assert_eq!(Error::from(memory).kind(), ErrorKind::OutOfMemory);
        assert_eq!(Error::from(anyhow!("else")).kind(), ErrorKind::Other);
        let bad = Error::from(anyhow::Error::new(unusable(Vec::new(), 0)));
        let again = Error::from(anyhow::Error::new(bad));
        assert!(again.downcast_ref::<BadPictures>().is_some());
    }
}
