//! `petite summary`

use crate::program::cli::SummaryArgs;
use crate::program::console::say;
use anyhow::{Result, ensure};
use petite::nn::base::Base;
use petite::nn::stored::Stored;
use petite::nn::summary::{input_row, rows, table};
use petite::nn::zoo::{Model, Options};
use petite::pictures::image_size::ImageSize;
use tch::Device;

pub fn run(args: &SummaryArgs) -> Result<()> {
    let settings = &args.settings;
    let model: Model = settings.get("model")?.unwrap_or_default();
    let size: Option<ImageSize> = settings.get("image_size")?;
    let size = size.map_or(model.definition().image_size, Into::into);
    let (alpha, through) = (settings.get("alpha")?, settings.get("through")?);
    let (downsample, dropout) = (settings.get("downsample")?, settings.get("dropout")?);
    if model.is_base() {
        ensure!(
            args.classes.is_none() && dropout.is_none() && downsample.is_none(),
            "expected no --classes, --dropout or --downsample with a pretrained base, found one with --model {}; try leaving it out",
            model.name()
        );
        return base(model, size, alpha.unwrap_or(1.0), through, args);
    }
    ensure!(
        args.weights.is_none() && through.is_none() && alpha.is_none(),
        "expected --alpha, --through and --weights with a pretrained base only, found one with --model {}; try --model mobilenet",
        model.name()
    );
    let options = Options {
        classes: args.classes.map(|classes| classes as usize),
        downsample: downsample.unwrap_or_default(),
        dropout,
    };
    let architecture = model.architecture(size, &options)?;
    say(table(&rows(&architecture)).trim_end());
    Ok(())
}

/// Prints a base's table, and checks a file of weights against it.
fn base(
    model: Model,
    size: (usize, usize),
    alpha: f64,
    through: Option<String>,
    args: &SummaryArgs,
) -> Result<()> {
    let mut architecture = model.base_architecture(alpha)?;
    let stored = args.weights.as_deref().map(Stored::read).transpose()?;
    match (&through, &stored) {
        (Some(layer), _) => architecture = architecture.through(layer)?,
        (None, Some(stored)) => architecture = stored.cut(architecture),
        (None, None) => {}
    }
    let shaped = architecture.on_pictures_of(size)?;
    let table = table(&[vec![input_row(&shaped)], rows(&shaped)].concat());
    let unused = match &stored {
        Some(stored) => Some(Base::pretrained(model, architecture, stored, Device::Cpu)?.1),
        None => None,
    };
    say(table.trim_end());
    if let (Some(stored), Some(unused)) = (stored, unused) {
        let path = stored.path().display();
        let said = stored.said(&shaped).map_or(String::new(), |said| format!(": {said}"));
        say(format_args!("{path} has all of these weights{said}"));
        // PyTorch's many batch counters say nothing about the weights.
        let listed = unused.iter().filter(|name| !name.ends_with("num_batches_tracked"));
        let names: Vec<&str> = listed.map(String::as_str).collect();
        if !names.is_empty() {
            say(format_args!("unused: {}", names.join(", ")));
        }
    }
    Ok(())
}
