//! The whole list of the files that cannot be used as pictures, where a message names only the first.

use petite::error::BadFolder;
use petite::text::numbers::LINES;
use petite::text::shown::shown;
use petite::{files::atomic_file, files::user_folders};

/// Writes all of them to a file in the cache if [`BadFolder::list`] leaves some out. Returns the line
/// that says where, after a line end; nothing if there is no need, or the file cannot be written.
pub fn rest(folders: &[BadFolder]) -> String {
    if folders.iter().all(|folder| folder.pictures.len() <= LINES) {
        return String::new();
    }
    let pictures = folders.iter().flat_map(|folder| &folder.pictures);
    let text: String = pictures.map(|bad| format!("{bad}\n")).collect();
    let path = user_folders::cache().join("bad-pictures.txt");
    let written = std::fs::create_dir_all(user_folders::cache())
        .is_ok_and(|()| atomic_file::write_bytes(&path, text.as_bytes()).is_ok());
    if written { format!("\nall of them are listed in {}", shown(&path)) } else { String::new() }
}

/// The message that the files of `bad` are skipped.
pub fn skipping(bad: &BadFolder) -> String {
    let rest = rest(std::slice::from_ref(bad));
    format!("skipping {}:\n{}{rest}", bad.count(), bad.list())
}
