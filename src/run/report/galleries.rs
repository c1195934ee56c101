//! The pictures in a report.

use super::tables::percent;
use super::{Subject, shown_pictures};
use crate::augment::augmentation::Augmentation;
use crate::batches::loader::Loader;
use crate::nn::grad_cam::GradCam;
use crate::pictures::folder::Folder;
use crate::pictures::picture::Picture;
use crate::pictures::pixels::decode_all;
use crate::report::heat_map::overlay;
use crate::report::page::Gallery;
use crate::report::page::tile::{Tile, data_url};
use crate::stop::Stop;
use crate::text::numbers::cut;
use anyhow::Result;
use std::path::Path;
use tch::{Device, Tensor};

/// Number of augmented pictures.
const AUGMENTED: i64 = 7;

/// The pictures that the network was most wrong about and least sure of, up to `count` of each.
///
/// # Errors
/// If libtorch fails or a picture cannot be read.
pub fn of_mistakes(subject: &mut Subject<'_>, count: usize) -> Result<Vec<Gallery>> {
    let pictures = &subject.pictures;
    let wrong = shown_pictures::most_wrong(&pictures.scored, &pictures.losses, count);
    let unsure = shown_pictures::least_sure(&pictures.scored, &wrong, count);
    let mistakes = pictures.scored.len() - pictures.scored.correct();
    let how = "Beside each picture, as the network sees it, Grad-CAM shows in light colors what speaks for the predicted class.";
    let galleries = [
        (
            "Most wrong",
            wrong,
            format!("The {mistakes} mistakes, those with the highest loss first. {how}"),
        ),
        (
            "Least sure",
            unsure,
            format!("The pictures whose two most probable classes are closest. {how}"),
        ),
    ];
    let mut shown = Vec::new();
    for (title, indices, note) in galleries {
        if !indices.is_empty() {
            let tiles = explained(subject, &indices)?;
            shown.push(Gallery { title: title.to_owned(), note, tiles });
        }
    }
    Ok(shown)
}

/// The pictures with these indices and their heat maps for the predicted class.
fn explained(subject: &mut Subject<'_>, indices: &[usize]) -> Result<Vec<Tile>> {
    let batch_size = subject.record().train.training.batch_size as usize;
    let pictures = &mut subject.pictures;
    let mut pixels = Vec::new();
    for &index in indices {
        let batch = pictures.loader.batch(0, (index / batch_size) as i64)?;
        pixels.push(batch.input.values().f_narrow(0, (index % batch_size) as i64, 1)?);
    }
    let pixels = Tensor::f_cat(&pixels, 0)?;
    let scored = &pictures.scored;
    let predicted: Vec<usize> = indices.iter().map(|&index| scored.predicted[index]).collect();
    let heat_maps = GradCam::new(&subject.trained.network, &pixels)?.heat_maps(&predicted)?;
    let of_picture = |(position, (&index, heat_map)): (usize, (&usize, _))| {
        let picture = picture_of(&pixels.f_get(position as i64)?)?;
        let [label, predicted] = [scored.labels[index], scored.predicted[index]];
        let [class, predicted_class] = [label, predicted].map(|label| cut(&scored.classes[label]));
        let probability = scored.rows().nth(index).map_or(0.0, |row| row[predicted]);
        let verdict = match label == predicted {
            true => format!("{class}, {}", percent(probability)),
            false => format!("{class}, predicted {predicted_class}, {}", percent(probability)),
        };
        Ok(Tile {
            images: vec![data_url(&picture)?, data_url(&overlay(&picture, heat_map))?],
            alt: format!("a picture of the class {class}"),
            caption: vec![verdict, file_name(&pictures.samples[index].path)],
        })
    };
    indices.iter().zip(&heat_maps).enumerate().map(of_picture).collect()
}

/// A training picture as training sees it, if the run augments pictures.
///
/// # Errors
/// If libtorch fails. A picture that cannot be read is left out.
pub fn of_augmentation(
    subject: &Subject<'_>,
    train: &Folder,
    stop: &Stop,
) -> Result<Option<Gallery>> {
    let config = &subject.record().train;
    let Some(first) = train.samples.first().filter(|_| config.augmentation.is_active()) else {
        return Ok(None);
    };
    let one = train.with_samples(vec![first.clone()]);
    let (decoded, bad) = decode_all(&one, config.target(), 1, stop, &|| ())?;
    if !bad.is_empty() {
        return Ok(None);
    }
    let batch = Loader::sorted(decoded, Device::Cpu, 1)?.batch(0, 0)?;
    let pixels = batch.input.values();
    let augmentation = Augmentation::new(config.augmentation, config.keras, config.seed)?;
    let (seen, draws) = augmentation.shown(&pixels.f_repeat([AUGMENTED, 1, 1, 1])?, 0)?;
    let tile = |picture: &Tensor, caption: Vec<String>| {
        let images = vec![data_url(&picture_of(picture)?)?];
        anyhow::Ok(Tile { images, alt: "a training picture".to_owned(), caption })
    };
    let mut tiles = vec![tile(&pixels.f_get(0)?, vec![file_name(&first.path)])?];
    for (index, draws) in draws.iter().enumerate() {
        let caption = config.augmentation.captions(draws).join(", ");
        tiles.push(tile(&seen.f_get(index as i64)?, vec!["augmented".to_owned(), caption])?);
    }
    Ok(Some(Gallery {
        title: "Augmentation".to_owned(),
        note: "A training picture, and how training sees it in its first passes.".to_owned(),
        tiles,
    }))
}

/// The picture of pixels `[H, W, C]` u8.
fn picture_of(pixels: &Tensor) -> Result<Picture> {
    let (height, width, channels) = pixels.size3()?;
    let pixels = pixels.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?;
    Ok(Picture {
        width: width as usize,
        height: height as usize,
        channels: channels as usize,
        pixels: Vec::<u8>::try_from(&pixels)?,
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
