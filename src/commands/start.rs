//! The first weights of a network on a pretrained base.

use anyhow::{Context, Result, ensure};
use petite::nn::network::Network;
use petite::nn::stored::Stored;
use petite::nn::zoo::Model;
use petite::run::config::{Start, TrainConfig};
use petite::run::folder::RunFolder;
use petite::user_folders;
use petite::weights;
use std::path::PathBuf;

/// The file that `scripts/fetch_weights.sh` has made for `base`.
///
/// # Errors
/// If there is none: what to do.
pub fn fetched(base: Model) -> Result<PathBuf> {
    let folder = user_folders::cache().join("weights");
    let files =
        ["safetensors", "pth"].map(|ending| folder.join(format!("{}.{ending}", base.name())));
    files.into_iter().find(|file| file.exists()).with_context(|| {
        format!(
            "expected the weights of {} in {}, found none; try scripts/fetch_weights.sh {}, or --weights FILE",
            base.name(),
            folder.display(),
            base.name()
        )
    })
}

/// Reads the base's file, and cuts the base after the last block that it holds, unless another was
/// asked for.
///
/// # Errors
/// If the file cannot be read.
pub fn read(config: &mut TrainConfig) -> Result<Option<Stored>> {
    let (Some(transfer), Some(Start::Weights(file))) = (&mut config.transfer, &config.start) else {
        return Ok(None);
    };
    let stored = Stored::read(file)?;
    if transfer.through.is_none() {
        let architecture = transfer.architecture()?.through_last_in(&stored);
        let cut = !architecture.cut_off.is_empty();
        let last = architecture.layers.last().filter(|_| cut);
        transfer.through = last.map(|layer| layer.name.clone());
    }
    Ok(Some(stored))
}

/// Fills `network`: its base from `stored`, or all of it from the run to go on from.
///
/// # Errors
/// If the weights are another network's; nothing is changed then.
pub fn fill(
    network: &mut Network,
    config: &TrainConfig,
    stored: Option<&Stored>,
    classes: &[String],
) -> Result<()> {
    if let Some(stored) = stored {
        return network.assign_base(stored);
    }
    let Some(Start::Run(run)) = &config.start else { return Ok(()) };
    let run = RunFolder::open(run)?;
    let found = run.read_record()?.classes;
    ensure!(
        found == classes,
        "expected the classes {} of {}, found {}; try another --data",
        found.join(", "),
        run.path().display(),
        classes.join(", ")
    );
    let path = run.best();
    weights::assign(&network.tensors(), &weights::load_ot(&path)?, &path)?;
    network.refresh()
}
