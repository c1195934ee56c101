//! Files → samples → pixels: finds picture files, decodes them to u8 and resizes them for a
//! network.

pub mod aspect;
pub mod background;
mod bmp;
mod budget;
pub mod cache;
mod claim;
pub(crate) mod config;
mod convolution;
#[cfg(target_arch = "x86_64")]
mod convolution_avx2;
mod damage;
#[doc(hidden)]
pub mod decode;
pub mod depth;
mod directory;
#[doc(hidden)]
pub mod disk_cache;
pub(crate) mod file;
pub mod folder;
#[doc(hidden)]
pub mod format;
mod gif;
pub(crate) mod identity;
pub mod image_size;
mod jpeg;
pub mod orientation;
#[doc(hidden)]
pub mod output;
pub mod passed_over;
pub mod picture;
pub(crate) mod pixel_file;
pub mod pixels;
mod png;
pub mod resize;
mod samples;
mod scratch;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod stream;
mod taps;
pub mod target;
mod tiff;
mod tiff_page;
#[doc(hidden)]
pub mod traits;
pub(crate) mod walk;
mod webp;

pub use cache::CachePolicy;
pub use folder::{Folder, Sample};
pub use image_size::ImageSize;
pub use picture::Picture;
pub use pixels::{Pixels, decode_all};
pub use target::Target;
