//! Files: written whole, locked, read with care.

pub mod atomic_file;
pub mod disk;
pub mod folder_lock;
pub mod growing_file;
pub mod input_file;
pub(crate) mod temporary;
pub mod text_file;
pub mod user_folders;
