//! `petite summary`

use super::say;
use crate::cli::SummaryArgs;
use anyhow::{Result, ensure};
use petite::nn::bases::{BaseKind, base::Base, plan::Plan, stored::Stored};
use petite::nn::summary::{rows, table};
use tch::Device;

pub fn run(args: &SummaryArgs) -> Result<()> {
    let image_size = args.image_size.unwrap_or_else(|| args.model.image_size());
    if let Some(kind) = args.model.base() {
        return base(kind, image_size, args);
    }
    ensure!(
        args.weights.is_none() && args.through.is_none() && args.alpha.is_none(),
        "expected --alpha, --through and --weights with a pretrained base, found {}; try --model mobilenet",
        args.model.name()
    );
    let classes = args.classes.map(|classes| classes as usize);
    let architecture =
        args.model.architecture(image_size, classes, args.downsample, args.dropout)?;
    say(table(&rows(&architecture)).trim_end());
    Ok(())
}

/// A base's table, and whether a file has its weights.
fn base(kind: BaseKind, image_size: (usize, usize), args: &SummaryArgs) -> Result<()> {
    ensure!(
        args.classes.is_none() && args.dropout.is_none() && args.downsample == Default::default(),
        "expected a pretrained base as it is, found --classes, --dropout or --downsample with {}; try leaving them out",
        kind.name()
    );
    let mut plan = Plan::new(kind, args.alpha.unwrap_or(1.0))?;
    let stored = args.weights.as_deref().map(Stored::read).transpose()?;
    match (&args.through, &stored) {
        (Some(block), _) => plan = plan.through(block)?,
        (None, Some(stored)) => plan = plan.through_last_in(stored),
        (None, None) => {}
    }
    let table = table(&plan.rows(image_size)?);
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
            say(format_args!("passed over: {}", names.join(", ")));
        }
    }
    Ok(())
}
