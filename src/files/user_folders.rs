//! The user's cache folders.

use std::path::PathBuf;

/// The folder for decoded pictures: `pictures` in [`cache()`].
pub fn pictures() -> PathBuf {
    cache().join("pictures")
}

/// The cache folder: `$PETITE_CACHE`, else `petite` in `$XDG_CACHE_HOME` or `~/.cache`.
/// `scripts/fetch_libtorch.sh` uses it too.
pub fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    variable("PETITE_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .unwrap_or_else(|| {
                variable("HOME").map_or_else(std::env::temp_dir, PathBuf::from).join(".cache")
            })
            .join("petite")
    })
}
