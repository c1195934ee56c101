//! `petite preview`

use super::output_file;
use crate::program::cli::PreviewArgs;
use crate::program::console::{say, warn};
use crate::program::progress::Terminal;
use crate::program::remedy::warn_inside;
use anyhow::{Context, Result, ensure};
use petite::augment::augmentation::Augmentation;
use petite::dataset::layout::{ALL, Parts};
use petite::dataset::part::Part;
use petite::pictures::aspect::Fitter;
use petite::pictures::decode::decode_to;
use petite::pictures::folder::{Folder, Sample};
use petite::pictures::picture::{ColorMode, Picture};
use petite::pictures::pixels::{Target, read_file};
use petite::random::{Purpose, generator};
use petite::report::contact_sheet::{self, Tile};
use petite::report::text;
use petite::text::shown::shown;
use petite::{Config, Stop};
use rand::seq::SliceRandom;
use std::path::Path;
use tch::{Kind, Tensor};

pub fn run(args: &PreviewArgs, stop: &Stop) -> Result<()> {
    output_file::check(&args.to, output_file::Kind::Drawing, args.force.force)?;
    let mut config = Config::of(&args.settings.given())?;
    warn_inside("preview", "to", &args.to, Some(&args.data));
    let labels = config.data.labels.as_deref();
    let folder = pictures(&args.data, labels, args.split.as_deref())?;
    config.resolve_depth(&folder, stop, &mut Terminal::new(stop))?;
    let is_active = config.augmentation.is_active();
    let tiles = if is_active {
        let path = args.picture.as_deref().unwrap_or(&folder.samples[0].path);
        augmented(path, &config, args.count.unwrap_or(9).into())?
    } else {
        ensure!(
            args.picture.is_none(),
            "expected an augmentation with --picture, found none; try --recipe augmented"
        );
        samples(&folder, args.count.unwrap_or(10).into(), config.seed, config.target())?
    };
    contact_sheet::write(&args.to, &tiles)?;
    if let Some(key) = text::key(&folder.classes).filter(|_| !is_active) {
        warn(format_args!("warning: {key}"));
    }
    say(format_args!("{} pictures  {}", tiles.len(), args.to.display()));
    Ok(())
}

/// The pictures of a split; of train or, if the data set is not split, all, unless one is given.
fn pictures(data: &Path, labels: Option<&Path>, split: Option<&str>) -> Result<Folder> {
    let (folder, _) = match split {
        Some(split) => Parts::read_named(data, labels, split, false)?,
        None => {
            let parts = Parts::read(data, labels, false)?;
            let is_split = parts.folders.iter().any(|folder| folder.name == Part::Train.name());
            parts.named(if is_split { Part::Train.name() } else { ALL })?
        }
    };
    ensure!(
        !folder.samples.is_empty(),
        "expected {} pictures in {}, found none",
        folder.name,
        folder.path.display()
    );
    Ok(folder)
}

/// Pictures of each class in turn, at their own sizes (the book's figure 5.8).
fn samples(folder: &Folder, count: usize, seed: u64, target: Target) -> Result<Vec<Tile>> {
    let mut of_class: Vec<Vec<&Sample>> = vec![Vec::new(); folder.classes.len()];
    let mut shuffled: Vec<&Sample> = folder.samples.iter().collect();
    shuffled.shuffle(&mut generator(seed, Purpose::Preview, 0));
    for sample in shuffled {
        of_class[sample.label].push(sample);
    }
    let longest = of_class.iter().map(Vec::len).max().unwrap_or(0);
    let in_turn =
        (0..longest).flat_map(|index| of_class.iter().filter_map(move |class| class.get(index)));
    in_turn
        .take(count)
        .map(|sample| {
            let picture = read(&sample.path, target)?;
            let size = format!("{}×{}", picture.width, picture.height);
            let class = text::name(&folder.classes[sample.label], sample.label);
            Ok(Tile { picture, caption: vec![format!("{class}  {size}"), file_name(&sample.path)] })
        })
        .collect()
}

/// One picture at the network's size, unchanged and then augmented `count` times (figure 5.12).
fn augmented(path: &Path, config: &Config, count: usize) -> Result<Vec<Tile>> {
    let target = config.target();
    let Target { height, width, resize, interpolation, .. } = target;
    let mut pixels = vec![0; height * width * 3];
    let (whole, size) = (read(path, target)?, (height, width));
    Fitter::default().fit(&whole, size, resize, interpolation, &mut pixels);
    let one = Tensor::f_from_data_size(&pixels, &[1, height as i64, width as i64, 3], Kind::Uint8)?;
    let augmentation = Augmentation::new(config.augmentation, config.keras, config.seed)?;
    let (seen, draws) = augmentation.shown(&one.f_repeat([count as i64, 1, 1, 1])?, 0)?;
    let mut tiles = vec![Tile {
        picture: Picture { width, height, channels: 3, pixels },
        caption: vec![file_name(path), format!("{width}×{height}")],
    }];
    for (index, draws) in draws.iter().enumerate() {
        let pixels = Vec::<u8>::try_from(&seen.f_get(index as i64)?.f_flatten(0, -1)?)?;
        let caption = contact_sheet::lines(&config.augmentation.captions(draws));
        tiles.push(Tile { picture: Picture { width, height, channels: 3, pixels }, caption });
    }
    Ok(tiles)
}

/// Reads a picture at its own size, in the colors of `target`.
///
/// # Errors
/// If it cannot be read or decoded.
pub fn read(path: &Path, target: Target) -> Result<Picture> {
    let (mut bytes, mut picture) = (Vec::new(), Picture::default());
    let target = Target { color_mode: ColorMode::Rgb, ..target };
    read_file(path, &mut bytes)
        .and_then(|()| decode_to(&bytes, &target, &mut picture))
        .with_context(|| shown(path))?;
    Ok(picture)
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
