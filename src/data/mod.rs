//! files → samples → pixels (u8) → batches (f32)

pub mod batch;
pub mod cache;
pub mod decode;
pub mod disk_cache;
pub mod duplicates;
pub mod folder;
pub mod loader;
mod order;
pub mod pixel_file;
pub mod policy;
pub mod resize;
pub mod source;
pub mod split;
pub mod staging;
pub mod stream;
pub mod synthetic;
