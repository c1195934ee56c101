//! Batches → augmented batches: random rotations, shifts, shears, zooms, flips and colors with the
//! names and meaning of Keras's `ImageDataGenerator`, on whole batches on the device.
//!
//! A new augmentation is a file here, with its settings and its [`transform::Geometric`] or
//! [`transform::Color`], and its line in the list below.

#[macro_use]
mod list;

pub(crate) mod affine;
pub mod augmentation;
pub mod config;
mod coordinates;
pub mod fill;
pub(crate) mod frame;
mod pair;
pub(crate) mod placement;
pub(crate) mod resample;
pub(crate) mod resample_cpu;
pub(crate) mod resample_device;
pub(crate) mod sampling;
pub mod transform;

pub use augmentation::Augmentation;

// `file: Settings`, in the order of their draws and of their application: the factors of the matrix
// from left to right, then the colors. Append a new one to its group, so that the draws before it
// stay the same.
augmentations! {
    geometric {
        rotation: Rotation,
        shift: Shift,
        shear: Shear,
        zoom: Zoom,
        flip: Flip,
    }
    color {
        channel_shift: ChannelShift,
        brightness: Brightness,
    }
}
