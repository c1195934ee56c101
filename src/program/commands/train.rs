//! `petite train`

use crate::program::cli::TrainArgs;
use crate::program::console::say;
use crate::program::progress::Terminal;
use crate::program::wording;
use anyhow::{Result, anyhow};
use petite::machine::precision::PrecisionChoice;
use petite::run::folder::improving;
use petite::stop::Interrupted;
use petite::text::shown::quoted;
use petite::training::divergence::Divergence;
use petite::{Config, Ended, Outcome, Stop};
use std::path::PathBuf;

pub fn run(args: &TrainArgs, stop: &Stop) -> Result<()> {
    let config = args.config()?;
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
    use petite::run::folder::{RunFolder, RunRecord, Versions};
    use petite::settings::Setting;
    use serde_json::Value;

    const BASE: [&str; 6] =
        ["--recipe", "features-augmented", "--model", "mobilenet", "--unfreeze-from", "conv_dw_8"];

    /// The settings that a command line asks for, as `config.json` stores them.
    fn stored(line: &[&str]) -> Value {
        let line = ["petite", "train", "--out", "run"].iter().chain(line);
        let cli = Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{error}"));
        let Command::Train(args) = cli.command else { panic!("expected train") };
        serde_json::to_value(args.config().unwrap()).unwrap()
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
                _ => vec![format!("--{dashed}"), another(setting, present)],
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

    #[test]
    fn values_out_of_range_are_refused_with_their_flag() {
        for (flags, reason) in [
            ("--epochs 0", "expected 1 to 2147483647"),
            ("--epochs many", "expected a number"),
            ("--steps-per-epoch 0", "expected 1 to"),
            ("--learning-rate 0", "expected a value above 0"),
            ("--learning-rate nan", "expected a number, found nan"),
            ("--rho 1", "expected 0 or more and below 1"),
            ("--epsilon=-1", "expected 0 or more"),
            ("--loader-threads 0", "expected 1 to"),
            ("--units 70000", "expected 0 to 65536, found 70000"),
            ("--seed=-1", "expected 0 or more"),
            ("--device gpu", "expected"),
            ("--recipe best", "features-augmented"),
        ] {
            let line = ["petite", "train", "--out", "run"].into_iter().chain(flags.split(' '));
            let error = Cli::try_parse_from(line).unwrap_err().to_string();
            let flag = flags.split([' ', '=']).next().unwrap();
            assert!(error.contains(reason) && error.contains(flag), "{error}");
        }
    }
}
