//! `petite summary`

use super::say;
use crate::cli::SummaryArgs;
use anyhow::{Result, ensure};
use petite::nn::ModelKind;
use petite::nn::bases::{BaseKind, base::Base, plan::Plan, stored::Stored};
use petite::nn::summary::{rows, table};
use petite::pictures::image_size::ImageSize;
use tch::Device;

pub fn run(args: &SummaryArgs) -> Result<()> {
    let mut settings = args.settings.clone();
    let model: ModelKind = settings.take("model")?.unwrap_or_default();
    let size: Option<ImageSize> = settings.take("image_size")?;
    let size = size.map_or(model.image_size(), Into::into);
    let (alpha, through) = (settings.take("alpha")?, settings.take("through")?);
    let (downsample, dropout) = (settings.take("downsample")?, settings.take("dropout")?);
    if let Some(kind) = model.base() {
        ensure!(
            args.classes.is_none() && dropout.is_none() && downsample.is_none(),
            "expected a pretrained base as it is, found --classes, --dropout or --downsample with {}; try leaving them out",
            kind.name()
        );
        return base(kind, size, alpha.unwrap_or(1.0), through, args);
    }
    ensure!(
        args.weights.is_none() && through.is_none() && alpha.is_none(),
        "expected --alpha, --through and --weights with a pretrained base, found {}; try --model mobilenet",
        model.name()
    );
    let classes = args.classes.map(|classes| classes as usize);
    let architecture =
        model.architecture(size, classes, downsample.unwrap_or_default(), dropout)?;
    say(table(&rows(&architecture)).trim_end());
    Ok(())
}

/// A base's table, and whether a file has its weights.
fn base(
    kind: BaseKind,
    size: (usize, usize),
    alpha: f64,
    through: Option<String>,
    args: &SummaryArgs,
) -> Result<()> {
    let mut plan = Plan::new(kind, alpha)?;
    let stored = args.weights.as_deref().map(Stored::read).transpose()?;
    match (&through, &stored) {
        (Some(block), _) => plan = plan.through(block)?,
        (None, Some(stored)) => plan = plan.through_last_in(stored),
        (None, None) => {}
    }
    let table = table(&plan.rows(size)?);
    let passed_over = match &stored {
        Some(stored) => Some(Base::pretrained(plan, stored, Device::Cpu)?.1),
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
            say(format_args!("not used: {}", names.join(", ")));
        }
    }
    Ok(())
}
