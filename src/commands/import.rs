//! `petite import`

use super::say;
use crate::cli::ImportArgs;
use anyhow::{Context, Result, ensure};
use petite::nn::network::Network;
use petite::numbers::with_thousands;
use petite::pictures::folder::Folder;
use petite::precision::Precision;
use petite::run::checkpoint;
use petite::run::config::{Recipe, TrainConfig};
use petite::run::folder::{RunFolder, RunRecord, Versions};
use petite::training::optimizer::RmsProp;
use petite::weights;
use tch::Device;

pub fn run(args: &ImportArgs) -> Result<()> {
    let config = config(args)?;
    let classes = classes(args)?;
    // Everything is checked before the run's folder is made.
    let network = Network::new(
        config.architecture(classes.len())?,
        Device::Cpu,
        Precision::Fp32,
        config.seed,
    )?;
    let (tensors, _) = weights::load(&args.weights)?;
    weights::assign(network.parameters(), &tensors, &args.weights).with_context(|| {
        format!("cannot import a {} for {}", args.model.name(), classes.join(", "))
    })?;
    let optimizer = RmsProp::new(config.optimizer, network.parameters(), network.leaves())?;

    let run = RunFolder::create(&args.out)?;
    let name = args.weights.file_name().unwrap_or_default();
    let device = format!("none: imported from {}", name.display());
    run.write_record(&RunRecord { versions: Versions::current(), device, classes, train: config })?;
    checkpoint::import(&run, &network, &optimizer)?;
    say(format_args!(
        "{}: {}, {} parameters",
        run.path().display(),
        args.model.name(),
        with_thousands(network.architecture().parameters())
    ));
    say(format_args!("next        petite evaluate --run {} --split test", run.path().display()));
    Ok(())
}

/// The baseline's settings with what the flags say of the network and its pictures.
fn config(args: &ImportArgs) -> Result<TrainConfig> {
    ensure!(
        !args.model.is_base(),
        "expected --model convnet or mnist, found {}, a pretrained base; try petite train --recipe features --weights {}",
        args.model.name(),
        args.weights.display()
    );
    let data = match &args.data {
        // The stored path holds wherever the run is looked at from.
        Some(data) => data.canonicalize().with_context(|| {
            format!("expected a data set at --data {}; try petite prepare", data.display())
        })?,
        None => Default::default(),
    };
    let mut config = TrainConfig::recipe(Recipe::Baseline, args.keras, args.model, data);
    config.downsample = args.downsample;
    config.dropout = args.dropout;
    config.image_size = args.image_size.unwrap_or(config.image_size);
    config.interpolation = args.interpolation;
    config.check()?;
    Ok(config)
}

fn classes(args: &ImportArgs) -> Result<Vec<String>> {
    if let (Some(data), []) = (&args.data, args.classes.as_slice()) {
        return Ok(Folder::read_split(data, "train", None)?.classes);
    }
    let classes = args.classes.clone();
    ensure!(
        classes.len() >= 2
            && classes.iter().enumerate().all(|(i, c)| !c.is_empty() && !classes[..i].contains(c)),
        "expected two or more different --classes, found {}; try --classes cats,dogs",
        classes.join(",")
    );
    Ok(classes)
}
