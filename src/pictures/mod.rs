//! Files → samples → pixels (u8): which files are pictures, and what is in them at a network's size.

pub mod cache;
pub mod decode;
pub mod disk_cache;
pub mod folder;
pub mod image_size;
pub mod pixel_file;
pub mod pixels;
pub mod resize;
pub mod source;
pub mod stream;
