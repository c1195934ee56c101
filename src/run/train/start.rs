//! The first weights of a network: of a checkpoint, another run, or a pretrained base.

use crate::error::{ensure_or, fault};
use crate::files::user_folders;
use crate::nn::layer::Statistics;
use crate::nn::network::Network;
use crate::nn::stored::Stored;
use crate::nn::zoo::Model;
use crate::run::events::{Events, Note};
use crate::run::folder::checkpoint::Checkpoint;
use crate::run::folder::{RunFolder, RunRecord, WhichWeights};
use crate::run::settings::config::Config;
use crate::run::settings::network::NetworkKind;
use crate::run::settings::on_base::{OnBase, Start};
use crate::text::numbers::{difference, listed};
use crate::training::update::Update;
use crate::weights;
use anyhow::Result;
use std::path::PathBuf;

/// Extensions of the weights that `scripts/fetch_weights.sh` keeps.
const KEPT: [&str; 8] = ["safetensors", "npz", "ot", "pth", "pt", "ckpt", "bin", "tar"];

/// The first weights of a process.
pub(crate) struct First {
    /// The run's checkpoint, if it has one.
    pub saved: Option<Checkpoint>,
    /// The file of the base's weights, if a new run starts from one.
    stored: Option<Stored>,
}

impl First {
    /// Those of the run's checkpoint if it has one, else those that `config` says; see [`read`].
    ///
    /// # Errors
    /// As [`read`].
    pub fn of(saved: Option<Checkpoint>, config: &mut Config) -> Result<Self> {
        let stored = if saved.is_none() { read(config)? } else { None };
        Ok(Self { saved, stored })
    }

    /// Sets the weights of `network`, which is that of a run with this record. Returns it with its
    /// update, which remembers what the checkpoint's did.
    ///
    /// # Errors
    /// If the weights are from another network or the classes differ.
    pub fn fill(
        self,
        mut network: Network,
        record: &RunRecord,
        events: &mut dyn Events,
    ) -> Result<(Network, Update)> {
        let RunRecord { classes, train: config, .. } = record;
        let update = Update::new(&config.optimizer, &network)?;
        match self.saved {
            Some(saved) => {
                saved.restore(&update.saved(&network))?;
                network.refresh()?;
            }
            None => fill(&mut network, config, self.stored.as_ref(), classes, events)?,
        }
        Ok((network, update))
    }
}

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
    let base = config.network.model;
    if config.from.is_some() {
        return Ok(None);
    }
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
        if let Some(said) = network.base().and_then(|base| stored.said(base.stack.architecture())) {
            events.note(&Note::Weights { path: stored.path(), said: &said });
        }
        return Ok(());
    }
    let head = config.on_base().and_then(|on_base| on_base.start.as_ref());
    let (run, which) = match (&config.from, head) {
        (Some(run), _) => (run, WhichWeights::Last),
        (None, Some(Start::Run(run))) => (run, WhichWeights::Best),
        _ => return Ok(()),
    };
    let run = RunFolder::open(run)?;
    let RunRecord { classes: found, train, .. } = run.read_record()?;
    ensure_or!(
        Run,
        found == classes,
        "expected the classes of {} ({}), found {}{}; try another `data`",
        run.path().display(),
        listed(&found),
        listed(classes),
        difference(&found, classes)
    );
    ensure_or!(
        Run,
        config.from.is_none() || is_same_network(config, &train),
        "expected the network and `image_size` of {} ({}, {}), found another; try leaving out what changes it",
        run.path().display(),
        train.network.model.name(),
        train.pictures.image_size
    );
    let path = run.weights(which);
    weights::assign_file(&network.tensors(), &path)?;
    network.refresh()
}

/// Whether both train the same layers on pictures of the same size, though maybe not the same of them.
fn is_same_network(config: &Config, other: &Config) -> bool {
    let network = |config: &Config| match &config.network.kind {
        NetworkKind::OnBase(on_base) => NetworkKind::OnBase(OnBase {
            unfreeze_from: None,
            batch_norm: Statistics::Stored,
            stored_features: false,
            start: None,
            ..on_base.clone()
        }),
        scratch => scratch.clone(),
    };
    let of = |config: &Config| (config.network.model, config.pictures.image_size);
    (of(config), network(config)) == (of(other), network(other))
}
