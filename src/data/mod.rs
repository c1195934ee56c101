//! files → samples → pixels (u8) → batches (f32)

pub mod cache;
pub mod decode;
pub mod duplicates;
pub mod folder;
pub mod loader;
pub mod resize;
pub mod split;
pub mod staging;
pub mod synthetic;
