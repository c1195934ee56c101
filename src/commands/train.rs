//! `petite train`

use super::say;
use crate::cli::TrainArgs;
use crate::progress::Terminal;
use anyhow::{Context, Result, ensure};
use petite::run::folder::{RunFolder, read_record};
use petite::run::on_base::Start;
use petite::run::repeat;
use petite::stop::Interrupted;
use petite::{Config, Ended, Outcome, Recipe, Stop};
use std::path::PathBuf;

pub fn run(args: &TrainArgs, stop: &Stop) -> Result<()> {
    let outcome = petite::train(&config(args)?, &mut Terminal::new(stop))?;
    if outcome.ended == Ended::Interrupted {
        return Err(interrupted(&outcome, &format!("--out {}", args.out.display())));
    }
    report(&outcome);
    Ok(())
}

/// The settings a person asks for: a stored run's or a recipe's, changed by the flags.
pub fn config(args: &TrainArgs) -> Result<Config> {
    let mut flags = args.settings.clone();
    let recipe: Option<Recipe> = flags.take("recipe")?;
    let (keras, model, data) = (flags.take("keras")?, flags.take("model")?, flags.take("data")?);
    let stored = match (&args.config, args.resume) {
        (Some(file), _) => Some(read_record(file)?.train),
        (None, true) if args.repeats.is_some() => Some(repeat::stored(&args.out)?),
        (None, true) => Some(RunFolder::open(&args.out)?.read_record()?.train),
        (None, false) => None,
    };
    let is_stored = stored.is_some();
    let mut config = match (stored, &args.from) {
        (Some(stored), _) => stored,
        (None, Some(head)) => {
            let recipe = recipe.unwrap_or_default();
            ensure!(
                recipe == Recipe::FineTune,
                "expected --recipe fine-tune with --from, found --recipe {}; try --weights FILE",
                recipe.name()
            );
            let config = Config::fine_tune(head, keras.unwrap_or_default())?;
            ensure!(
                model.is_none_or(|model| model == config.model),
                "expected --model {} as in {}, found {}",
                config.model.name(),
                head.display(),
                model.unwrap_or_default().name()
            );
            config
        }
        (None, None) => {
            let recipe = recipe.unwrap_or_default();
            ensure!(
                recipe != Recipe::FineTune,
                "expected a trained head for --recipe fine-tune, found no --from RUN; try petite train --recipe features first"
            );
            let model = model.unwrap_or(recipe.model());
            Config::with(recipe, keras.unwrap_or_default(), model, None)
        }
    };
    if let Some(model) = model.filter(|&model| model != config.model) {
        config.switch_model(model);
    }
    if let Some(keras) = keras.filter(|&keras| is_stored && keras != config.keras) {
        config.follow(keras);
    }
    config.data = data.or(config.data);
    // What does not go together is said before what goes with it.
    config.check()?;
    config.change(flags.rest())?;
    set_start(&mut config, args)?;
    (config.out, config.resume) = (args.out.clone(), args.resume);
    config.check()?;
    Ok(config)
}

/// The file or run that a flag names replaces the one in `config`.
fn set_start(config: &mut Config, args: &TrainArgs) -> Result<()> {
    let (flag, path) = match (&args.weights, &args.from) {
        (Some(file), _) => ("weights", file),
        (None, Some(run)) => ("from", run),
        (None, None) => return Ok(()),
    };
    let whole = path.canonicalize().with_context(|| {
        let path = path.display();
        format!("expected weights at --{flag} {path}, found nothing; try the path of a file")
    })?;
    let (recipe, is_fine_tune) = (config.recipe.name(), config.recipe == Recipe::FineTune);
    let on_base = config.on_base_mut().with_context(|| {
        format!("expected --{flag} with a pretrained base only, found it with --recipe {recipe}; try --recipe features")
    })?;
    if flag == "from" {
        on_base.start = Some(Start::Run(whole));
    } else {
        ensure!(
            !is_fine_tune,
            "expected --from RUN with --recipe fine-tune, found --weights; try the run of a trained head"
        );
        on_base.start = Some(Start::Weights(whole));
    }
    Ok(())
}

fn report(outcome: &Outcome) {
    let (Some(last), Some(best), run) = (outcome.last(), outcome.best, &outcome.run) else {
        return;
    };
    say(format_args!(
        "last        epoch {}: val_loss {:.4}, val_acc {:.4}",
        last.epoch, last.val_loss, last.val_acc
    ));
    say(format_args!("best        epoch {}: val_loss {:.4}", best.epoch, best.val_loss));
    say(format_args!("weights     {}, {}", run.last().display(), run.best().display()));
    let curves: [PathBuf; 2] = ["png", "svg"].map(|extension| run.curves(extension));
    say(format_args!("curves      {}, {}", curves[0].display(), curves[1].display()));
    say(format_args!("next        petite evaluate --run {} --split test", run.path().display()));
}

/// What an interrupted person needs to know; `flags` resume the run, or the runs.
pub fn interrupted(outcome: &Outcome, flags: &str) -> anyhow::Error {
    let path = outcome.run.path().display();
    anyhow::Error::new(Interrupted).context(match outcome.last() {
        Some(last) => format!(
            "{} epochs are saved in {path}; petite train --resume {flags} continues",
            last.epoch
        ),
        None => {
            format!("before the first epoch was done; petite train --resume {flags} starts again")
        }
    })
}
