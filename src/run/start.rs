//! Initial weights of a network on a pretrained base.

use super::config::Config;
use super::events::{Events, Note};
use super::folder::RunFolder;
use super::on_base::Start;
use crate::error::{ensure_or, fault};
use crate::nn::network::Network;
use crate::nn::stored::Stored;
use crate::nn::zoo::Model;
use crate::numbers::{difference, listed};
use crate::user_folders;
use crate::weights;
use anyhow::Result;
use std::path::PathBuf;

/// Extensions of the weights that `scripts/fetch_weights.sh` keeps.
const KEPT: [&str; 8] = ["safetensors", "npz", "ot", "pth", "pt", "ckpt", "bin", "tar"];

/// The weights file that `scripts/fetch_weights.sh` put into the cache for `base`.
///
/// # Errors
/// If there is none.
pub fn fetched(base: Model) -> Result<PathBuf> {
    let folder = user_folders::cache().join("weights");
    let files = KEPT.map(|ending| folder.join(format!("{}.{ending}", base.name())));
    match files.into_iter().find(|file| file.exists()) {
        Some(file) => Ok(file),
        None => fault!(
            Weights,
            "expected the weights of {} in {}, found none; try scripts/fetch_weights.sh {}, or `weights` FILE",
            base.name(),
            folder.display(),
            base.name()
        ),
    }
}

/// Reads the base's weights file, if the network starts from one. Sets `start` to it and, unless
/// given, `through` to the last layer in it.
///
/// # Errors
/// If there is no such file, or it cannot be read.
pub fn read(config: &mut Config) -> Result<Option<Stored>> {
    let base = config.model;
    let Some(on_base) = config.on_base_mut() else { return Ok(None) };
    let file = match &on_base.start {
        Some(Start::Run(_)) => return Ok(None),
        Some(Start::Weights(file)) => file.clone(),
        None => fetched(base)?,
    };
    let stored = Stored::read(&file)?;
    on_base.start = Some(Start::Weights(file));
    if on_base.through.is_none() {
        let architecture = stored.cut(on_base.architecture(base)?);
        let cut = !architecture.cut_off.is_empty();
        let last = architecture.layers.last().filter(|_| cut);
        on_base.through = last.map(|layer| layer.name.clone());
    }
    Ok(Some(stored))
}

/// Sets the initial weights of `network`: those of the base from `stored`, or all from the run that
/// it starts from. Notes what of a file is not as in it.
///
/// # Errors
/// If the weights are from another network or the classes differ; nothing is changed then.
pub fn fill(
    network: &mut Network,
    config: &Config,
    stored: Option<&Stored>,
    classes: &[String],
    events: &mut dyn Events,
) -> Result<()> {
    if let Some(stored) = stored {
        network.assign_base(stored)?;
        if let Some(said) = network.base().and_then(|base| stored.said(base.architecture())) {
            events.note(&Note::Weights { path: stored.path(), said: &said });
        }
        return Ok(());
    }
    let Some(Start::Run(run)) = config.on_base().and_then(|on_base| on_base.start.as_ref()) else {
        return Ok(());
    };
    let run = RunFolder::open(run)?;
    let found = run.read_record()?.classes;
    ensure_or!(
        Run,
        found == classes,
        "expected the classes of {} ({}), found {}{}; try another `data`",
        run.path().display(),
        listed(&found),
        listed(classes),
        difference(&found, classes)
    );
    let path = run.best();
    weights::assign(&network.tensors(), &weights::load_ot(&path)?, &path)?;
    network.refresh()
}
