//! `petite import`

use crate::cli::ImportArgs;
use crate::console::say;
use anyhow::{Context, Result, ensure};
use petite::dataset::data_set::DataSet;
use petite::machine::Machine;
use petite::nn::zoo::Model;
use petite::numbers::{listed, with_thousands};
use petite::precision::Precision;
use petite::run::checkpoint;
use petite::run::folder::{RunFolder, RunRecord, Versions};
use petite::training::optimizer::RmsProp;
use petite::{Config, Recipe, weights};
use tch::Device;

pub fn run(args: &ImportArgs) -> Result<()> {
    let config = config(args)?;
    let classes = classes(args, &config)?;
    // Check everything before creating the run folder.
    let machine = Machine { device: Device::Cpu, precision: Precision::Fp32 };
    let network = config.network(classes.len(), machine)?;
    let (tensors, metadata) = weights::load(&args.weights)?;
    let model = config.model.name();
    let known = network.parameters().iter().map(|(name, _)| name.clone()).collect();
    let adapted = weights::adapt(&tensors, &known, &args.weights)?;
    weights::assign(network.parameters(), &adapted.tensors, &args.weights)
        .with_context(|| format!("cannot import {model} for {}", listed(&classes)))?;
    let optimizer = RmsProp::new(config.optimizer, network.parameters(), network.leaves())?;

    let run = RunFolder::create(&args.out)?;
    let _lock = run.lock()?;
    let name = args.weights.file_name().unwrap_or_default();
    let device = format!("none: imported from {}", name.display());
    let has_data = config.data.is_some();
    run.write_record(&RunRecord { versions: Versions::current(), device, classes, train: config })?;
    checkpoint::import(&run, &network, &optimizer)?;
    let path = run.path().display();
    let parameters = with_thousands(network.architecture().parameters());
    say(format_args!("{path}: {model}, {parameters} parameters"));
    let left_out = metadata.get(weights::LEFT_OUT).map(|names| format!("not used: {names}"));
    for said in adapted.said.into_iter().chain(left_out) {
        say(format_args!("weights     {}: {said}", args.weights.display()));
    }
    let data = if has_data { "" } else { " --data DIR" };
    say(format_args!("next        petite evaluate --run {path} --split test{data}"));
    Ok(())
}

/// The baseline's settings, changed by the flags.
fn config(args: &ImportArgs) -> Result<Config> {
    let mut settings = args.settings.clone();
    let model: Model = settings.take("model")?.unwrap_or_default();
    ensure!(
        !model.is_base(),
        "expected --model convnet or mnist, found {}, a pretrained base; try petite train --recipe features --weights {}",
        model.name(),
        args.weights.display()
    );
    let keras = settings.take("keras")?.unwrap_or_default();
    let mut config = Config::with(Recipe::Baseline, keras, model, settings.take("data")?);
    config.locate_data()?;
    config.change(settings.rest())?;
    config.check()?;
    Ok(config)
}

fn classes(args: &ImportArgs, config: &Config) -> Result<Vec<String>> {
    if let (Some(data), []) = (&config.data, args.classes.as_slice()) {
        return Ok(DataSet::read(data, config.labels.as_deref(), false)?.classes);
    }
    let classes = args.classes.clone();
    ensure!(
        classes.len() >= 2
            && classes.iter().enumerate().all(|(i, c)| !c.is_empty() && !classes[..i].contains(c)),
        "expected two or more different --classes, found {}; try --classes cats,dogs",
        listed(&classes)
    );
    Ok(classes)
}
