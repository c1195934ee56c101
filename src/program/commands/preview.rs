//! `petite preview`

use super::output_file;
use crate::program::cli::PreviewArgs;
use crate::program::console::{say, warn};
use crate::program::progress::Terminal;
use crate::program::remedy::warn_inside;
use anyhow::{Context, Result, ensure};
use petite::augment::augmentation::Augmentation;
use petite::augment::config::AugmentConfig;
use petite::dataset::layout::{ALL, Parts};
use petite::dataset::part::Part;
use petite::pictures::aspect::Fitter;
use petite::pictures::decode::decode_to;
use petite::pictures::folder::{Folder, Sample};
use petite::pictures::image_size::ImageSize;
use petite::pictures::picture::{ColorMode, Picture};
use petite::pictures::pixels::{Target, read_file};
use petite::random::{Purpose, generator};
use petite::report::contact_sheet::{self, Tile};
use petite::report::text;
use petite::text::shown::shown;
use petite::{Config, Recipe, Stop};
use rand::seq::SliceRandom;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};

pub fn run(args: &PreviewArgs, stop: &Stop) -> Result<()> {
    output_file::check(&args.to, output_file::Kind::Drawing, args.force.force)?;
    let mut settings = args.settings.clone();
    let recipe: Recipe = settings.take("recipe")?.unwrap_or_default();
    let keras = settings.take("keras")?.unwrap_or_default();
    let image_size: Option<ImageSize> = settings.take("image_size")?;
    let exif_orientation = settings.take("exif_orientation")?.unwrap_or_default();
    let resize = settings.take("resize")?.unwrap_or_default();
    let interpolation = settings.take("interpolation")?.unwrap_or_default();
    let labels: Option<PathBuf> = settings.take("labels")?;
    let seed = settings.take("seed")?.unwrap_or(1);
    let mut run = Config::with(recipe, keras, recipe.model(), None);
    run.change(settings.rest())?;
    let config = run.augmentation;
    warn_inside("preview", "to", &args.to, Some(&args.data));
    let folder = pictures(&args.data, labels.as_deref(), args.split.as_deref())?;
    run.resolve_depth(&folder, stop, &mut Terminal::new(stop))?;
    let target = Target { orientation: exif_orientation, ..run.target() };
    let tiles = if config.is_active() {
        let count = args.count.unwrap_or(9).into();
        let path = args.picture.as_deref().unwrap_or(&folder.samples[0].path);
        let augmentation = Augmentation::new(config, keras, seed)?;
        let (height, width) = image_size.map_or((150, 150), Into::into);
        let mut pixels = vec![0; height * width * 3];
        let whole = read(path, target)?;
        Fitter::default().fit(&whole, (height, width), resize, interpolation, &mut pixels);
        let picture = Picture { width, height, channels: 3, pixels };
        augmented(path, picture, &config, &augmentation, count)?
    } else {
        ensure!(
            args.picture.is_none(),
            "expected an augmentation with --picture, found none; try --recipe augmented"
        );
        samples(&folder, args.count.unwrap_or(10).into(), seed, target)?
    };
    contact_sheet::write(&args.to, &tiles)?;
    if let Some(key) = text::key(&folder.classes).filter(|_| !config.is_active()) {
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
fn augmented(
    path: &Path,
    unchanged: Picture,
    config: &AugmentConfig,
    augmentation: &Augmentation,
    count: usize,
) -> Result<Vec<Tile>> {
    let (height, width) = (unchanged.height, unchanged.width);
    let pixels = &unchanged.pixels;
    let one = Tensor::f_from_data_size(pixels, &[1, height as i64, width as i64, 3], Kind::Uint8)?;
    let (seen, draws) = augmentation.shown(&one.f_repeat([count as i64, 1, 1, 1])?, 0)?;
    let mut tiles = vec![Tile {
        picture: unchanged,
        caption: vec![file_name(path), format!("{width}×{height}")],
    }];
    for (index, draws) in draws.iter().enumerate() {
        let pixels = Vec::<u8>::try_from(&seen.f_get(index as i64)?.f_flatten(0, -1)?)?;
        let caption = contact_sheet::lines(&config.captions(draws));
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
