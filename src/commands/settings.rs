//! Flags → the settings of a run, or a run that was trained.

use super::start;
use crate::cli::{OptionalDeviceArgs, TrainArgs};
use anyhow::{Context, Result, bail, ensure};
use petite::device::set_threads;
use petite::precision::Precision;
use petite::run::config::{Recipe, Start, TrainConfig};
use petite::run::folder::{RunFolder, read_record};
use petite::run::trained::{Trained, WhichWeights};
use petite::run::transfer::TransferConfig;
use petite::training::optimizer::RmsPropConfig;
use petite::training::schedule::Schedule;
use petite::training::validate::Views;
use std::path::Path;

/// The settings a person asks for: a stored run's or a recipe's, with flags going first.
pub fn from_args(args: &TrainArgs) -> Result<TrainConfig> {
    let stored = match (&args.config, args.resume) {
        (Some(file), _) => Some(read_record(file)?.train),
        (None, true) => Some(RunFolder::open(&args.out)?.read_record()?.train),
        (None, false) => None,
    };
    let mut config = match stored {
        Some(config) => config,
        None => recipe(args)?,
    };
    let before = config.clone();
    override_with(&mut config, args);
    set_start(&mut config, args)?;
    config.check()?;
    check_unused(&config, args)?;
    // The stored path holds wherever the run is looked at from.
    if args.data.is_some() {
        config.data = config.data.canonicalize().with_context(|| {
            format!("expected a data set at --data {}; try petite prepare", config.data.display())
        })?;
    }
    if args.resume {
        ensure!(
            config.schedule != Schedule::Cosine || config.epochs == before.epochs,
            "expected --epochs {} as in {}, found {}: every rate of a cosine depends on the last epoch; try a new run",
            before.epochs,
            args.out.display(),
            config.epochs
        );
        ensure!(
            config.continues(&before),
            "expected the settings of the run in {} with --resume, found a flag that changes them; try only --epochs, --device, --cache and threads",
            args.out.display()
        );
    }
    Ok(config)
}

/// The recipe's settings, on the base and its pictures of the run to go on from, if there is one.
fn recipe(args: &TrainArgs) -> Result<TrainConfig> {
    let recipe = args.recipe.unwrap_or_default();
    let from = match &args.transfer.from {
        Some(run) => Some(head(run)?),
        None => None,
    };
    ensure!(
        from.is_some() || recipe != Recipe::FineTune,
        "expected a trained head for --recipe fine-tune, found no --from RUN; try petite train --recipe features first"
    );
    let stored = from.as_ref().map(|(stored, _)| stored);
    let data = args.data.clone().or(stored.map(|stored| stored.data.clone())).context(
        "expected --data DIR with train and validation folders; try petite prepare to make one",
    )?;
    let model = args.model.or(stored.map(|stored| stored.model)).unwrap_or(recipe.model());
    let mut config = TrainConfig::recipe(recipe, args.keras.unwrap_or_default(), model, data);
    let Some(own) = &mut config.transfer else { return Ok(config) };
    if let Some((stored, head)) = from {
        let unfreeze_from = own.unfreeze_from.take();
        *own = TransferConfig { unfreeze_from, stored_features: false, ..head };
        config.image_size = stored.image_size;
        config.interpolation = stored.interpolation;
    } else if args.transfer.weights.is_none() {
        config.start = Some(Start::Weights(start::fetched(own.base)?));
    }
    Ok(config)
}

/// The settings of the run at `--from`, and of its base and head.
fn head(run: &Path) -> Result<(TrainConfig, TransferConfig)> {
    let stored = RunFolder::open(run)?.read_record()?.train;
    let head = stored.transfer.clone().with_context(|| {
        format!(
            "expected a run on a pretrained base at --from {}, found {}; try one of --recipe features",
            run.display(),
            stored.model.name()
        )
    })?;
    Ok((stored, head))
}

/// The file or run that a flag names replaces the one in `config`.
fn set_start(config: &mut TrainConfig, args: &TrainArgs) -> Result<()> {
    let fine_tune = config.recipe == Recipe::FineTune;
    if let Some(file) = &args.transfer.weights {
        ensure!(
            !fine_tune,
            "expected --from RUN with --recipe fine-tune, found --weights; try the run of a trained head"
        );
        let file = file.canonicalize().with_context(|| {
            format!(
                "expected weights at --weights {}, found nothing; try the path of a file",
                file.display()
            )
        })?;
        config.start = Some(Start::Weights(file));
    }
    if let Some(run) = &args.transfer.from {
        ensure!(
            fine_tune,
            "expected --recipe fine-tune with --from, found --recipe {}; try --weights FILE",
            config.recipe.name()
        );
        head(run)?;
        config.start = Some(Start::Run(run.canonicalize()?));
    }
    Ok(())
}

/// A flag of another kind of network would change nothing.
fn check_unused(config: &TrainConfig, args: &TrainArgs) -> Result<()> {
    if config.transfer.is_some() {
        ensure!(
            args.downsample.is_none(),
            "expected no --downsample with a pretrained base, found one with {}; try --model convnet",
            config.model.name()
        );
    } else if let Some(flag) = args.transfer.given() {
        bail!(
            "expected {flag} with a pretrained base only, found it with --recipe {}; try --recipe features",
            config.recipe.name()
        );
    }
    Ok(())
}

/// Settings that were given as flags replace those in `config`.
fn override_with(config: &mut TrainConfig, args: &TrainArgs) {
    fn set<T: Clone>(setting: &mut T, flag: &Option<T>) {
        if let Some(value) = flag {
            *setting = value.clone();
        }
    }
    fn set_some<T: Copy>(setting: &mut Option<T>, flag: Option<T>) {
        *setting = flag.or(*setting);
    }
    // Another network was made for other pictures.
    if args.model.is_some_and(|model| model != config.model) && args.image_size.is_none() {
        config.image_size = args.model.unwrap_or_default().definition().image_size;
    }
    // Another version of Keras has another ε; a flag for it goes first.
    if let Some(keras) = args.keras.filter(|&keras| keras != config.keras) {
        let RmsPropConfig { epsilon, epsilon_place, .. } = RmsPropConfig::keras(keras);
        config.keras = keras;
        config.optimizer = RmsPropConfig { epsilon, epsilon_place, ..config.optimizer };
    }
    set(&mut config.data, &args.data);
    set(&mut config.model, &args.model);
    set(&mut config.downsample, &args.downsample);
    set(&mut config.image_size, &args.image_size);
    set(&mut config.interpolation, &args.interpolation);
    set_some(&mut config.dropout, args.dropout);
    args.augmentation.override_in(&mut config.augmentation);
    set(&mut config.batch_size, &args.batch_size);
    set(&mut config.epochs, &args.epochs);
    set_some(&mut config.steps_per_epoch, args.steps_per_epoch);
    set_some(&mut config.validation_steps, args.validation_steps);
    set(&mut config.seed, &args.seed);
    set(&mut config.optimizer.learning_rate, &args.learning_rate);
    set(&mut config.optimizer.rho, &args.rho);
    set(&mut config.optimizer.epsilon, &args.epsilon);
    set(&mut config.optimizer.epsilon_place, &args.epsilon_place);
    set(&mut config.device, &args.device.device);
    set(&mut config.precision, &args.device.precision);
    set_some(&mut config.threads, args.device.threads);
    set_some(&mut config.loader_threads, args.loader_threads);
    set(&mut config.cache, &args.cache);
    set(&mut config.schedule, &args.schedule);
    set_some(&mut config.patience, args.patience);
    set(&mut config.label_smoothing, &args.label_smoothing);
    set(&mut config.class_weights, &args.class_weights);
    if let Some(transfer) = &mut config.transfer {
        let flags = &args.transfer;
        set(&mut transfer.alpha, &flags.alpha);
        set(&mut transfer.statistics, &flags.batch_norm);
        set(&mut transfer.pooling, &flags.pooling);
        set(&mut transfer.units, &flags.units);
        if let Some(choice) = flags.preprocess {
            transfer.preprocess = choice.of(transfer.base);
        }
        transfer.through = flags.through.clone().or(transfer.through.take());
        transfer.unfreeze_from = flags.unfreeze_from.clone().or(transfer.unfreeze_from.take());
    }
    config.skip_bad_pictures |= args.skip_bad_pictures;
    config.cuda_graph &= !args.no_cuda_graph;
}

/// A run's folder and its network with the weights `which`, on the device and threads that the
/// flags say, else the run's own.
pub fn load_trained(
    run: &Path,
    which: WhichWeights,
    flags: &OptionalDeviceArgs,
) -> Result<(RunFolder, Trained)> {
    let run = RunFolder::open(run)?;
    let record = run.read_record()?;
    set_threads(flags.threads.or(record.train.threads));
    let device = flags.device.unwrap_or(record.train.device).resolve()?;
    let precision = match flags.precision {
        Some(choice) => choice.resolve(device)?,
        None => {
            let stored = record.train.precision.resolve(device);
            stored.unwrap_or(Precision::Fp32)
        }
    };
    let trained = Trained::load(&run, record, which, device, precision)?;
    Ok((run, trained))
}

/// What `--flip` asks for.
pub fn views(flip: bool) -> Views {
    if flip { Views::WithMirrorImage } else { Views::Picture }
}
