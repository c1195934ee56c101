//! `petite train`

use crate::program::cli::{Resume, TrainArgs};
use crate::program::console::say;
use crate::program::progress::Terminal;
use crate::program::wording;
use anyhow::{Context, Result, anyhow, ensure};
use petite::machine::precision::PrecisionChoice;
use petite::nn::zoo::Model;
use petite::run::folder::improving;
use petite::run::folder::{RunFolder, read_record};
use petite::run::settings::on_base::Start;
use petite::run::train::repeat;
use petite::stop::Interrupted;
use petite::text::shown::quoted;
use petite::training::divergence::Divergence;
use petite::{Config, Ended, Outcome, Recipe, Stop};
use std::path::PathBuf;

pub fn run(args: &TrainArgs, stop: &Stop) -> Result<()> {
    let config = config(args)?;
    let mut terminal = Terminal::new(stop);
    let outcome = petite::train(&config, &mut terminal)?;
    match outcome.ended {
        Ended::Interrupted => Err(interrupted(&outcome, &format!("--out {}", quoted(&args.out)))),
        Ended::Diverged(found) => Err(diverged(&outcome, found, &config)),
        Ended::AllEpochs | Ended::EarlyStop => {
            report(&outcome, terminal.has_test);
            Ok(())
        }
    }
}

/// The settings asked for: a stored run's or a recipe's, changed by the flags.
pub fn config(args: &TrainArgs) -> Result<Config> {
    let mut flags = args.settings.clone();
    let recipe: Option<Recipe> = flags.take("recipe")?;
    let model: Option<Model> = flags.take("model")?;
    let (keras, data) = (flags.take("keras")?, flags.take("data")?);
    let resumes = args.resumes();
    ensure!(
        args.resume != Resume::True
            || (recipe.is_none()
                && args.config.is_none()
                && args.weights.is_none()
                && args.from.is_none()),
        "expected --resume without --recipe, --config, --weights and --from, since a run continues with its own settings, found one of them; try --resume auto, which begins a run or continues it"
    );
    let stored = match (&args.config, resumes) {
        (Some(file), _) => Some(read_record(file)?.train),
        (None, true) if args.repeats.is_some() => Some(repeat::stored(&args.out)?),
        (None, true) => Some(RunFolder::open(&args.out)?.read_record()?.train),
        (None, false) => None,
    };
    let is_stored = stored.is_some() || (args.from.is_some() && recipe.is_none());
    let mut config = match (stored, &args.from) {
        (Some(stored), _) => Config { recipe: recipe.unwrap_or(stored.recipe), ..stored },
        (None, Some(run)) => {
            let config = Config::from_run(run, recipe, keras.unwrap_or_default())?;
            ensure!(
                model.is_none_or(|model| model == config.network.model),
                "expected --model {} as in {}, found {}; try leaving out --model",
                config.network.model.name(),
                run.display(),
                model.unwrap_or_default().name()
            );
            config
        }
        (None, None) => {
            let recipe = recipe.unwrap_or_default();
            ensure!(
                recipe != Recipe::FineTune,
                "expected a trained head for --recipe fine-tune, found no --from RUN; try training one with --recipe features first"
            );
            let model = model.unwrap_or(recipe.model());
            Config::with(recipe, keras.unwrap_or_default(), model, None)
        }
    };
    if let Some(model) = model.filter(|&model| model != config.network.model) {
        config.switch_model(model);
    }
    if let Some(keras) = keras.filter(|&keras| is_stored && keras != config.keras) {
        config.follow(keras);
    }
    config.data.path = data.or(config.data.path);
    // Report a contradiction between recipe and model before the flags that depend on them.
    config.check_model()?;
    config.change(flags.rest())?;
    set_start(&mut config, args)?;
    (config.output.folder, config.output.resume) = (args.out.clone(), resumes);
    config.check()?;
    Ok(config)
}

/// Replaces the start in `config` by the file of `--weights` or the run of `--from`.
fn set_start(config: &mut Config, args: &TrainArgs) -> Result<()> {
    let (flag, path) = match (&args.weights, &args.from) {
        (Some(file), _) => ("weights", file),
        (None, Some(run)) => ("from", run),
        (None, None) => return Ok(()),
    };
    let whole = path.canonicalize().with_context(|| {
        let path = path.display();
        format!("expected weights at --{flag} {path}, found nothing; try another path")
    })?;
    if flag == "from" && config.from.is_some() {
        config.from = Some(whole);
        return Ok(());
    }
    let (recipe, is_fine_tune) = (config.recipe.name(), config.recipe == Recipe::FineTune);
    let on_base = config.on_base_mut().with_context(|| {
        format!("expected --{flag} with a pretrained base only, found it with --recipe {recipe}; try --recipe features")
    })?;
    if flag == "from" {
        on_base.start = Some(Start::Run(whole));
    } else {
        ensure!(
            !is_fine_tune,
            "expected --from RUN with --recipe fine-tune, found --weights; try the run folder of a trained head"
        );
        on_base.start = Some(Start::Weights(whole));
    }
    Ok(())
}

fn report(outcome: &Outcome, has_test: bool) {
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
    let record = run.read_record().ok();
    if let Some(advice) = record.and_then(|it| improving::advice(run, &it.train, &outcome.history))
    {
        say(format_args!("note        {advice}"));
    }
    say(format_args!(
        "next        petite evaluate --run {} --split {}",
        quoted(run.path()),
        if has_test { "test" } else { "validation" }
    ));
}

/// The error of an interrupted run, with the command that resumes it with `flags`.
pub fn interrupted(outcome: &Outcome, flags: &str) -> anyhow::Error {
    let path = outcome.run.path().display();
    let (epochs, steps) = (outcome.history.len() as i64, outcome.steps);
    anyhow::Error::new(Interrupted).context(match epochs + steps {
        0 => format!("no step was completed; start again with petite train --resume {flags}"),
        _ => format!(
            "saved after {} in {path}; continue with petite train --resume {flags}",
            wording::done(epochs, steps)
        ),
    })
}

/// The error of a run that has diverged, with what to try.
pub fn diverged(outcome: &Outcome, found: Divergence, config: &Config) -> anyhow::Error {
    let kept = match outcome.last() {
        Some(last) => {
            format!(
                "the weights after epoch {} stay in {}",
                last.epoch,
                outcome.run.last().display()
            )
        }
        None => "there are no weights yet".to_owned(),
    };
    let rate = config.optimizer.learning_rate;
    let precision = match config.machine.precision {
        PrecisionChoice::Fp32 => "",
        _ => ", or --precision fp32",
    };
    anyhow!(
        "expected finite numbers, found {found} to be infinite or NaN; {kept}; try a --learning-rate below {rate:?}{precision}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::cli::{Cli, Command};
    use clap::Parser;
    use petite::run::folder::{RunRecord, Versions};
    use petite::settings::Setting;
    use serde_json::Value;

    const BASE: [&str; 6] =
        ["--recipe", "features-augmented", "--model", "mobilenet", "--unfreeze-from", "conv_dw_8"];

    /// The settings that a command line asks for, as `config.json` stores them.
    fn stored(line: &[&str]) -> Value {
        let line = ["petite", "train", "--out", "run"].iter().chain(line);
        let cli = Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
        let Command::Train(args) = cli.command else { panic!("expected train") };
        serde_json::to_value(config(&args).unwrap()).unwrap()
    }

    /// A valid value of `setting` that differs from `present`.
    fn another(setting: &Setting, present: &Value) -> String {
        let named = match setting.name() {
            "data" => "elsewhere",
            "recipe" => "augmented",
            "model" => "mnist",
            "device" => "cuda:1",
            "image_size" => "64x80",
            "through" => "conv_pw_12",
            "unfreeze_from" => "conv_dw_6",
            "zoom_range" => "0.25",
            "brightness_range" => "0.5,1.5",
            "background" => "black",
            "depth" => "0-4095",
            _ => "",
        };
        if !named.is_empty() {
            return named.to_owned();
        }
        if let Some((other, _)) = setting.choices.iter().find(|(name, _)| present != name) {
            return other.clone();
        }
        let numbers = ["7", "0.25", "3"].map(|text| (text, setting.parse(text).unwrap()));
        let fits = |(_, value): &&(_, Value)| setting.check(value).is_ok() && value != present;
        numbers.iter().find(fits).unwrap().0.to_owned()
    }

    #[test]
    fn every_flag_of_a_setting_changes_config_json_and_comes_back_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let record = RunFolder::create(folder.path()).unwrap();
        let mut walked = 0;
        for setting in Config::settings() {
            let on_base = setting.path.iter().any(|key| key == "on-base");
            let mut line = match on_base {
                // `--batch-norm batch` needs a trained layer.
                true => BASE.to_vec(),
                false => Vec::new(),
            };
            if setting.name() == "unfreeze_from" {
                line.truncate(4);
            }
            let before = stored(&line);
            let present = setting.value_in(&before).unwrap();
            let dashed = setting.name().replace('_', "-");
            let flag = match (setting.is_switch, present == &Value::Bool(true)) {
                (true, true) => vec![format!("--no-{dashed}")],
                (true, false) => vec![format!("--{dashed}")],
                _ => vec![format!("--{dashed}"), another(&setting, present)],
            };
            line.extend(flag.iter().map(String::as_str));
            let after = stored(&line);
            assert_ne!(setting.value_in(&after).unwrap(), present, "{flag:?}");

            let train = serde_json::from_value(after.clone()).unwrap();
            let (versions, device) = (Versions::current(), "cpu".to_owned());
            let classes = vec!["a".to_owned(), "b".to_owned()];
            record.write_record(&RunRecord { versions, device, classes, train }).unwrap();
            let file = record.config();
            assert_eq!(stored(&["--config", file.to_str().unwrap()]), after, "{flag:?}");
            walked += 1;
        }
        assert!(walked > 40, "{walked}");
    }

    /// `--weights` and `--from` select the first weights of a network on a base.
    #[test]
    fn the_start_of_a_base_is_a_setting_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("base.safetensors");
        std::fs::write(&file, "").unwrap();
        let config = stored(&["--recipe", "features", "--weights", file.to_str().unwrap()]);
        let expected = serde_json::json!({ "weights": file.canonicalize().unwrap() });
        assert_eq!(config["network"]["on-base"]["start"], expected);

        let head = RunFolder::create(&folder.path().join("head")).unwrap();
        let (versions, device) = (Versions::current(), "cpu".to_owned());
        let train = serde_json::from_value(config).unwrap();
        let record = RunRecord { versions, device, classes: Vec::new(), train };
        head.write_record(&record).unwrap();
        let path = head.path().to_str().unwrap();
        let config = stored(&["--recipe", "fine-tune", "--from", path]);
        let expected = serde_json::json!({ "run": head.path().canonicalize().unwrap() });
        assert_eq!(config["network"]["on-base"]["start"], expected);
    }
}
