//! `petite export`

use super::keras;
use super::output_file::{self, Kind};
use crate::program::cli::{ExportArgs, FormatChoice};
use crate::program::console::{say, warn};
use anyhow::{Result, bail};
use petite::Export;
use petite::export::{Description, Format, Output};
use petite::text::numbers::listed;
use std::path::Path;

pub fn run(args: &ExportArgs) -> Result<()> {
    let format = match args.format {
        Some(format) => format,
        None => format_of(&args.to)?,
    };
    output_file::check(&args.to, Kind::Tensors, args.force.force)?;
    let format = match format {
        FormatChoice::Onnx => Format::Onnx,
        FormatChoice::Torchscript => Format::Torchscript,
        FormatChoice::Safetensors => Format::Safetensors,
        FormatChoice::Keras => return keras::export(args),
    };
    let output = if args.logits { Output::Logits } else { Output::Probabilities };
    let weights = args.weights.into();
    let (run, to) = (args.run.path().to_owned(), args.to.clone());
    print(&petite::export(&Export { run, weights, format, output, to })?, args);
    Ok(())
}

/// The format for the extension of `path`.
fn format_of(path: &Path) -> Result<FormatChoice> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    Ok(match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("onnx") => FormatChoice::Onnx,
        Some("pt") => FormatChoice::Torchscript,
        Some("keras") => FormatChoice::Keras,
        Some("safetensors") => FormatChoice::Safetensors,
        _ => bail!(
            "expected a file name ending in .onnx, .pt, .keras or .safetensors, found {}; try one of these extensions, or `format`",
            path.display()
        ),
    })
}

fn print(description: &Description, args: &ExportArgs) {
    let Description { height, width, channels, output, classes, .. } = description;
    say(format_args!(
        "{}: {} of {}",
        args.to.display(),
        description.model.name(),
        args.run.path().display()
    ));
    description.odd.iter().for_each(|odd| warn(format_args!("warning: {odd}")));
    if !description.is_normalization_inside {
        say(format_args!("pictures    {height}×{width}, {channels} channels"));
        say(format_args!("classes     {}", listed(classes)));
        return;
    }
    say(format_args!("input       images: pixels in 0..=255, [N, {height}, {width}, {channels}]"));
    let columns = match output {
        Output::Logits if classes.len() == 2 => 1,
        _ => classes.len(),
    };
    let name = output.name();
    say(format_args!("output      {name} [N, {columns}] of {}", listed(classes)));
}
