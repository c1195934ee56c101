//! Files → samples → pixels: finds picture files, decodes them to u8 and resizes them for a
//! network.

pub mod cache;
pub mod decode;
pub mod disk_cache;
pub mod folder;
pub mod format;
pub mod image_size;
pub mod passed_over;
pub mod pixel_file;
pub mod pixels;
pub mod resize;
pub mod source;
pub mod stream;
pub mod walk;
