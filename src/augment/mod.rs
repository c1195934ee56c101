//! Batches → augmented batches: random rotations, shifts, shears, zooms, flips and colours under
//! the names and with the meaning of Keras's `ImageDataGenerator`, on whole batches on the device.

pub mod affine;
pub mod augmentation;
pub mod color;
pub mod config;
pub mod draw;
mod places;
pub mod resample;
pub mod resample_cpu;
