//! Tensors that are computed once and kept on disk.

use crate::weights::{self, Metadata};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tch::Tensor;

/// A file of tensors that are valid for one state of what they were computed from; those of another
/// state are ignored, and replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    path: PathBuf,
    /// Hash of the state, in hexadecimal.
    key: String,
}

impl Kept {
    /// The file `name` in `folder`, for the state with this hash.
    pub fn new(folder: &Path, name: &str, state: u64) -> Self {
        let path = folder.join(format!("{name}.safetensors"));
        Self { path, key: format!("{state:016x}") }
    }

    /// The tensors by name, if the file exists, is intact and has the current state.
    pub fn read(&self) -> Option<HashMap<String, Tensor>> {
        let (tensors, metadata) = weights::load(&self.path).ok()?;
        (metadata.get("key") == Some(&self.key)).then(|| tensors.into_iter().collect())
    }

    /// Writes the tensors.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, tensors: &[(&str, &Tensor)]) -> Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        let named = |&(name, tensor): &(&str, &Tensor)| (name.to_owned(), tensor.shallow_clone());
        let tensors: Vec<_> = tensors.iter().map(named).collect();
        let metadata = Metadata::from([("key".to_owned(), self.key.clone())]);
        weights::save_safetensors(&self.path, &tensors, metadata)
    }
}
