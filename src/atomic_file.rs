//! Writes files atomically: under a temporary name in the same folder, then renamed.

use anyhow::{Context, Result};
use std::path::Path;

/// Calls `write` with a temporary path in the folder of `path`, syncs the file to disk and renames
/// it to `path`. An existing file at `path` is kept until the rename.
///
/// # Errors
/// If the folder cannot be written, or `write` fails; nothing is left behind then.
pub fn write(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let cannot_write = || format!("cannot write {}", path.display());
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let suffix = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    let temporary = tempfile::Builder::new()
        .prefix(".petite-")
        .suffix(&suffix)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(cannot_write)?;
    write(temporary.path()).with_context(cannot_write)?;
    // Reopened by name, since `write` may have replaced the file.
    std::fs::File::open(temporary.path())
        .and_then(|file| file.sync_all())
        .with_context(cannot_write)?;
    temporary.into_temp_path().persist(path).with_context(cannot_write)?;
    Ok(())
}

/// Writes `bytes` to `path` atomically; see [`write()`].
///
/// # Errors
/// As [`write()`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, |temporary| Ok(std::fs::write(temporary, bytes)?))
}
