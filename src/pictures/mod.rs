//! Files → samples → pixels: finds picture files, decodes them to u8 and resizes them for a
//! network.

pub mod aspect;
pub mod background;
mod bmp;
mod budget;
pub mod cache;
mod claim;
pub mod config;
mod convolution;
#[cfg(target_arch = "x86_64")]
mod convolution_avx2;
mod damage;
pub mod decode;
pub mod depth;
mod directory;
pub mod disk_cache;
pub(crate) mod file;
pub mod folder;
pub mod format;
mod gif;
pub mod identity;
pub mod image_size;
mod jpeg;
pub mod orientation;
pub mod output;
pub mod passed_over;
pub mod picture;
pub mod pixel_file;
pub mod pixels;
mod png;
pub mod resize;
mod samples;
mod scratch;
pub mod source;
pub mod stream;
mod taps;
pub mod target;
mod tiff;
mod tiff_page;
pub mod traits;
pub mod walk;
mod webp;
