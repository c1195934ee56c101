//! Values changed where they are: channel shift and brightness.

use super::draw::Transform;
use crate::device::upload;
use anyhow::Result;
use tch::{Kind, Tensor};

/// Adds each picture's shift to its channels and keeps the values between the smallest and the
/// largest that the picture had (Keras's `apply_channel_shift`). `images` is `[N, H, W, C]` f32.
///
/// # Errors
/// If libtorch is out of memory.
pub fn shift_channels(images: &Tensor, transforms: &[Transform]) -> Result<Tensor> {
    let (count, _, _, channels) = images.size4()?;
    let shifts: Vec<f32> = transforms
        .iter()
        .flat_map(|transform| transform.channel_shift.into_iter().take(channels as usize))
        .map(|shift| shift as f32)
        .collect();
    let shifts = Tensor::f_from_slice(&shifts)?.f_reshape([count, 1, 1, channels])?;
    let shifts = upload(&shifts, images.device())?;
    let (low, high) = (images.f_amin([1, 2, 3], true)?, images.f_amax([1, 2, 3], true)?);
    Ok(images.f_add(&shifts)?.f_clamp_tensor(Some(&low), Some(&high))?)
}

/// Multiplies each picture by its brightness, in whole levels as Pillow's `ImageEnhance`, after
/// stretching its values to 0..=255 where `stretch` says so (Keras's `apply_brightness_shift`).
/// `images` is `[N, H, W, C]` f32 in 0..=255.
///
/// # Errors
/// If libtorch is out of memory.
pub fn brighten(images: &Tensor, transforms: &[Transform], stretch: bool) -> Result<Tensor> {
    let factors: Vec<f32> =
        transforms.iter().map(|transform| transform.brightness as f32).collect();
    let factors = Tensor::f_from_slice(&factors)?.f_reshape([images.size()[0], 1, 1, 1])?;
    let factors = upload(&factors, images.device())?;
    let stretched = if stretch {
        let above = images.f_sub(&images.f_amin([1, 2, 3], true)?)?;
        // A picture of one value stays black rather than becoming not a number.
        let highest = above.f_amax([1, 2, 3], true)?;
        let divisor = highest.f_masked_fill(&highest.f_eq(0.0)?, 1.0)?;
        above.f_div(&divisor)?.f_mul_scalar_(255.0)?
    } else {
        images.f_to_kind(Kind::Float)?
    };
    Ok(stretched.f_trunc()?.f_mul_(&factors)?.f_clamp_(0.0, 255.0)?.f_trunc_()?)
}
