//! What the network sees in the first training step, for people to look at.

use crate::batches::batch::Input;
use crate::pictures::picture::Picture;
use crate::report::contact_sheet::{self, Sheet, Tile};
use crate::report::text;
use crate::run::settings::config::Config;
use crate::training::fit::Batches;
use anyhow::Result;
use tch::Device;

/// Pictures on the sheet, or fewer if a step has fewer.
const PICTURES: i64 = 15;

/// A contact sheet of the first step's pictures, augmented, with class and random transforms; `None`
/// if training starts from stored features. `classes` are named by label.
///
/// # Errors
/// If a picture cannot be read, or libtorch is out of memory.
pub(crate) fn first_step(
    batches: &mut Batches,
    config: &Config,
    classes: &[String],
) -> Result<Option<Sheet>> {
    let batch = batches.train.batch(0, 0)?;
    let Input::Pixels(pixels) = &batch.input else { return Ok(None) };
    let count = batch.targets.pictures().min(PICTURES);
    let pixels = pixels.f_narrow(0, 0, count)?.f_to_device(Device::Cpu)?;
    let labels = Vec::<i64>::try_from(&batch.targets.classes.f_narrow(0, 0, count)?)?;
    let (_, height, width, _) = pixels.size4()?;
    let (height, width) = (height as usize, width as usize);
    let (seen, draws) = batches.augmentation.shown(&pixels, batch.first)?;
    // Gray pictures get three equal channels.
    let seen = seen.f_expand([count, height as i64, width as i64, 3], false)?;
    let mut tiles = Vec::new();
    for ((index, draws), label) in (0..count).zip(&draws).zip(labels) {
        let pixels = Vec::<u8>::try_from(&seen.f_get(index)?.f_flatten(0, -1)?)?;
        let class = classes.get(label as usize).map(|class| text::name(class, label as usize));
        let mut caption: Vec<String> = class.into_iter().collect();
        caption.extend(contact_sheet::lines(&config.augmentation.captions(draws)));
        tiles.push(Tile { picture: Picture { width, height, channels: 3, pixels }, caption });
    }
    contact_sheet::png(&tiles).map(Some)
}
