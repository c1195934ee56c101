//! `petite import`

use crate::program::cli::ImportArgs;
use crate::program::console::{say, warn};
use anyhow::{Context, Result, ensure};
use petite::dataset::data_set::DataSet;
use petite::dataset::layout::ALL;
use petite::machine::Machine;
use petite::machine::precision::Precision;
use petite::nn::zoo::Model;
use petite::run::folder::checkpoint;
use petite::run::folder::{RunFolder, RunRecord, Versions};
use petite::text::numbers::{listed, with_thousands};
use petite::text::shown::quoted;
use petite::training::update::Update;
use petite::{Config, weights};
use std::path::{Path, PathBuf};
use tch::Device;

pub fn run(args: &ImportArgs) -> Result<()> {
    let config = config(args)?;
    let classes = classes(args, &config)?;
    // Check everything before creating the run folder.
    let machine = Machine { device: Device::Cpu, precision: Precision::Fp32 };
    let network = config.network(classes.len(), machine)?;
    let model = config.network.model.name();
    let said = weights::assign_file(network.parameters(), &args.weights)
        .with_context(|| format!("cannot import {model} for {}", listed(&classes)))?;
    let saved = Update::new(&config.optimizer, &network)?.saved(&network);

    let run = RunFolder::create(&args.out)?;
    let lock = run.lock()?;
    lock.odd().iter().for_each(|odd| warn(format_args!("warning: {odd}")));
    let name = args.weights.file_name().unwrap_or_default();
    let device = format!("none: imported from {}", name.display());
    let next = next(&config, run.path());
    let versions = Versions::current();
    let record = RunRecord { versions, device, classes, train: config };
    run.write_record(&record)?;
    checkpoint::import(&run, &record.classes, &record.train, &saved)?;
    let path = run.path().display();
    let parameters = with_thousands(network.architecture().parameters());
    say(format_args!("{path}: {model}, {parameters} parameters"));
    for said in said {
        say(format_args!("weights     {}: {said}", args.weights.display()));
    }
    say(format_args!("next        {next}"));
    Ok(())
}

/// A command for the new run at `path`: to evaluate it on the last part of its data set.
fn next(config: &Config, path: &Path) -> String {
    let path = quoted(path);
    let Some(data) = &config.data.path else { return format!("petite serve {path}") };
    let parts = DataSet::read(data, config.data.labels.as_deref(), true).map(|data| data.folders);
    let last = parts.ok().and_then(|parts| parts.last().map(|part| part.name.clone()));
    format!("petite evaluate --run {path} --split {}", last.as_deref().unwrap_or(ALL))
}

/// The baseline's settings, changed by the flags.
fn config(args: &ImportArgs) -> Result<Config> {
    let settings = &args.settings;
    let model: Model = settings.get("model")?.unwrap_or_default();
    let (name, data): (_, Option<PathBuf>) = (model.name(), settings.get("data")?);
    ensure!(
        !model.is_base(),
        "expected --model convnet or mnist, found {name}, a pretrained base; try petite train --recipe features --model {name} --weights {} --data {} --out {}",
        quoted(&args.weights),
        data.map_or("DIR".to_owned(), quoted),
        quoted(&args.out)
    );
    let mut config = Config::of(&settings.given())?;
    config.locate_data()?;
    config.check()?;
    Ok(config)
}

fn classes(args: &ImportArgs, config: &Config) -> Result<Vec<String>> {
    if let (Some(data), []) = (&config.data.path, args.classes.as_slice()) {
        return Ok(DataSet::read(data, config.data.labels.as_deref(), false)?.classes);
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
