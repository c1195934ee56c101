//! `petite predict`

use super::pictures::{self, Reading};
use super::{say, settings};
use crate::cli::PredictArgs;
use anyhow::{Context, Result, ensure};
use petite::atomic_file;
use petite::batches::loader::Loader;
use petite::memory::free_memory;
use petite::pictures::cache::CachePolicy;
use petite::pictures::folder::{Folder, Sample, collect_pictures};
use petite::training::validate::validate;
use std::path::Path;
use tch::{Kind, Tensor};

pub fn run(args: &PredictArgs) -> Result<()> {
    let (_, trained) = settings::load_trained(&args.run, args.weights, &args.device)?;
    let config = &trained.record.train;
    let device = trained.network.device();
    let classes = &trained.record.classes;

    let folder = Folder {
        path: args.paths[0].clone(),
        classes: classes.clone(),
        samples: samples(&args.paths)?,
    };
    let reading = Reading {
        target: config.target(),
        // Pictures of anywhere leave no file behind.
        cache: match CachePolicy::Auto
            .choose(pictures::bytes_of(&[&folder], config.target()), free_memory())
        {
            CachePolicy::Memory => CachePolicy::Memory,
            _ => CachePolicy::None,
        },
        loader_threads: config.loader_threads,
        skip_bad: false,
    };
    let source = pictures::open(&folder, "pictures", reading)?.source;
    let mut loader = Loader::sorted(source, device, config.batch_size)?;
    let mut probabilities: Vec<f64> = Vec::new();
    validate(
        &trained.network,
        &mut loader,
        trained.loss,
        0,
        settings::views(args.flip),
        |_, logits| {
            let batch = trained.loss.probabilities(logits)?;
            // One sigmoid unit gives the second class's; the first has the rest.
            let batch = if batch.dim() == 1 {
                Tensor::f_stack(&[batch.f_rsub_scalar(1.0)?, batch], 1)?
            } else {
                batch
            };
            probabilities
                .extend(Vec::<f64>::try_from(&batch.f_to_kind(Kind::Double)?.f_flatten(0, -1)?)?);
            Ok(())
        },
    )?;

    let rows = folder.samples.iter().zip(probabilities.chunks_exact(classes.len()));
    let rows = rows.map(|(sample, row)| (sample.path.as_path(), most_probable(row), row));
    match &args.csv {
        Some(file) => write_csv(file, classes, rows),
        None => {
            for (path, best, row) in rows {
                say(format_args!(
                    "{:<10} {:>6.2}%  {}",
                    classes[best],
                    row[best] * 100.0,
                    path.display()
                ));
            }
            Ok(())
        }
    }
}

/// The pictures named by `paths`, folders gone into. Labels are not known and stay 0.
fn samples(paths: &[std::path::PathBuf]) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for path in paths {
        ensure!(path.exists(), "expected a JPEG or a folder at {}, found nothing", path.display());
        if path.is_dir() {
            let before = samples.len();
            collect_pictures(path, 0, &mut samples)?;
            ensure!(samples.len() > before, "expected pictures in {}, found none", path.display());
        } else {
            samples.push(Sample { path: path.clone(), label: 0 });
        }
    }
    Ok(samples)
}

fn most_probable(row: &[f64]) -> usize {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0)
}

fn write_csv<'a>(
    file: &Path,
    classes: &[String],
    rows: impl Iterator<Item = (&'a Path, usize, &'a [f64])>,
) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["path", "class"].into_iter().chain(classes.iter().map(String::as_str));
    writer.write_record(header)?;
    for (path, best, row) in rows {
        let path = path.to_str().context("expected paths in UTF-8 for --csv")?;
        let numbers = row.iter().map(f64::to_string);
        writer.write_record([path.to_owned(), classes[best].clone()].into_iter().chain(numbers))?;
    }
    let bytes = writer.into_inner().context("cannot finish the CSV")?;
    atomic_file::write_bytes(file, &bytes)
}
