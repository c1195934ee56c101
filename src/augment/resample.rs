//! Resampling of a batch of pictures: scipy's `ndimage.affine_transform` of orders 0 and 1.

use super::placement::Placement;
use super::sampling::Sampling;
use super::{resample_cpu, resample_device};
use anyhow::Result;
use tch::{Device, Tensor};

/// Transforms `pixels`, `[N, H, W, C]` u8, with one of the `N` placements per picture, to
/// `[N, H, W, C]` f32 in 0..=255 on the same device.
///
/// # Errors
/// If libtorch is out of memory.
pub fn resample(pixels: &Tensor, placements: &[Placement], sampling: Sampling) -> Result<Tensor> {
    match pixels.device() {
        Device::Cpu => resample_cpu::resample(pixels, placements, sampling),
        _ => resample_device::resample(pixels, placements, sampling),
    }
}
