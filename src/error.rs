//! Errors, as far as callers tell them apart.
//!
//! Inside the library, errors are [`anyhow::Error`]s; those that a caller may want to handle carry a
//! [`Fault`], which [`Error`] finds again. Messages name settings as fields in backticks.

use crate::stop::Interrupted;
use std::fmt;
use std::path::PathBuf;

/// What kind of failure an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is outside its range, or does not go with the others.
    Setting,
    /// There is no data set where one was expected, or its folders are not those of one.
    DataSet,
    /// Files that cannot be used as pictures, all of them listed.
    BadPictures,
    /// Weights that are missing, damaged or of another network.
    Weights,
    /// A run's folder is missing, in use, damaged, or does not match what is asked of it.
    Run,
    /// A stop was requested.
    Interrupted,
    /// The device or the host is out of memory.
    OutOfMemory,
    /// Anything else, such as a file that cannot be written.
    Other,
}

/// A failure of a known kind, for the inside of an [`anyhow::Error`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub kind: ErrorKind,
    /// `expected X, found Y; try Z`.
    pub message: String,
}

impl Fault {
    /// One of the kind [`ErrorKind::Weights`].
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

/// Ends the function with a [`Fault`] of the given kind and message.
macro_rules! fault {
    ($kind:ident, $($message:tt)+) => {
        return Err($crate::error::Fault {
            kind: $crate::error::ErrorKind::$kind,
            message: format!($($message)+),
        }
        .into())
    };
}

/// Ends the function with a [`Fault`] unless the condition holds.
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

/// The files of a folder that cannot be used as pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFolder {
    /// The folder.
    pub folder: PathBuf,
    /// Files in the folder that were looked at, good and bad.
    pub of: usize,
    /// The bad ones, in the order of the samples.
    pub pictures: Vec<BadPicture>,
}

impl fmt::Display for BadFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, folder) = (self.pictures.len(), self.folder.display());
        write!(f, "{count} of {} pictures in {folder} cannot be used:", self.of)?;
        self.pictures.iter().try_for_each(|BadPicture { path, reason }| {
            write!(f, "\n  {}: {reason}", path.display())
        })
    }
}

/// All the files of some folders that cannot be used as pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPictures(pub Vec<BadFolder>);

impl fmt::Display for BadPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folders: Vec<String> = self.0.iter().map(BadFolder::to_string).collect();
        f.write_str(&folders.join("\n"))
    }
}

impl std::error::Error for BadPictures {}

/// Why a call of the library failed: its kind, and the whole chain of causes as text.
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

    /// An error of a certain type in the chain of causes, such as [`BadPictures`].
    pub fn downcast_ref<E: fmt::Display + fmt::Debug + Send + Sync + 'static>(&self) -> Option<&E> {
        self.source.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.source)
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
    if error.is::<BadPictures>() {
        return ErrorKind::BadPictures;
    }
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return fault.kind;
    }
    // libtorch has no type of its own for it: CUDA's allocator says the first, the CPU's the second.
    let is_memory =
        |cause: String| cause.contains("out of memory") || cause.contains("can't allocate memory");
    if error.chain().any(|cause| is_memory(cause.to_string())) {
        return ErrorKind::OutOfMemory;
    }
    ErrorKind::Other
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    fn faulty() -> anyhow::Result<()> {
        fault!(Weights, "expected weights, found {}", "none");
    }

    #[test]
    fn kinds_are_found_below_contexts() {
        let error = Error::from(faulty().context("while training").unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Weights);
        assert_eq!(error.to_string(), "while training: expected weights, found none");
        let stopped = anyhow::Error::new(Interrupted).context("in run 2");
        assert_eq!(Error::from(stopped).kind(), ErrorKind::Interrupted);
        let memory = anyhow!("DefaultCPUAllocator: can't allocate memory: you tried");
        assert_eq!(Error::from(memory).kind(), ErrorKind::OutOfMemory);
        assert_eq!(Error::from(anyhow!("else")).kind(), ErrorKind::Other);
    }
}
