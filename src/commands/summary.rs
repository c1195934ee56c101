//! `petite summary`

use super::say;
use crate::cli::SummaryArgs;
use anyhow::{Result, ensure};
use petite::nn::base::Base;
use petite::nn::stored::Stored;
use petite::nn::summary::{input_row, rows, table};
use petite::nn::zoo::Options;
use tch::Device;

pub fn run(args: &SummaryArgs) -> Result<()> {
    let image_size = args.image_size.unwrap_or_else(|| args.model.definition().image_size);
    if args.model.is_base() {
        return base(image_size, args);
    }
    ensure!(
        args.weights.is_none() && args.through.is_none() && args.alpha.is_none(),
        "expected --alpha, --through and --weights with a pretrained base, found {}; try --model mobilenet",
        args.model.name()
    );
    let options = Options {
        classes: args.classes.map(|classes| classes as usize),
        downsample: args.downsample,
        dropout: args.dropout,
    };
    let architecture = args.model.architecture(image_size, &options)?;
    say(table(&rows(&architecture)).trim_end());
    Ok(())
}

/// A base's table, and whether a file has its weights.
fn base(image_size: (usize, usize), args: &SummaryArgs) -> Result<()> {
    ensure!(
        args.classes.is_none() && args.dropout.is_none() && args.downsample == Default::default(),
        "expected a pretrained base as it is, found --classes, --dropout or --downsample with {}; try leaving them out",
        args.model.name()
    );
    let mut architecture = args.model.base_architecture(args.alpha.unwrap_or(1.0))?;
    let stored = args.weights.as_deref().map(Stored::read).transpose()?;
    match (&args.through, &stored) {
        (Some(layer), _) => architecture = architecture.through(layer)?,
        (None, Some(stored)) => architecture = architecture.through_last_in(stored),
        (None, None) => {}
    }
    let shaped = architecture.on_pictures_of(image_size)?;
    let table = table(&[vec![input_row(&shaped)], rows(&shaped)].concat());
    let passed_over = match &stored {
        Some(stored) => Some(Base::pretrained(args.model, architecture, stored, Device::Cpu)?.1),
        None => None,
    };
    say(table.trim_end());
    if let (Some(stored), Some(passed_over)) = (stored, passed_over) {
        let path = stored.path().display();
        say(format_args!("{path} has all of these weights"));
        // PyTorch's counters are many, and say nothing about the weights.
        let worth_saying = passed_over.iter().filter(|name| !name.ends_with("num_batches_tracked"));
        let names: Vec<&str> = worth_saying.map(String::as_str).collect();
        if !names.is_empty() {
            say(format_args!("passed over: {}", names.join(", ")));
        }
    }
    Ok(())
}
