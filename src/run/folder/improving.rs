//! Whether a run was still improving when it ended, and what to do then.

use crate::history::Epoch;
use crate::run::folder::RunFolder;
use crate::run::settings::config::Config;
use crate::text::shown::quoted;
use crate::training::schedule::Schedule;

/// Share of val_loss by which it has to fall.
const FALL: f64 = 0.02;

/// What the last epochs gained over those before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// Number of epochs in each of the two groups: a fifth of all.
    pub epochs: usize,
    /// Mean val_loss before, and of the last epochs.
    pub val_loss: [f64; 2],
    /// Mean val_acc, likewise.
    pub val_acc: [f64; 2],
}

/// What the last fifth of the epochs gained over the fifth before, if training further promises more:
/// mean val_loss fell by 2 % or more, mean val_acc did not fall, and the lowest mean of val_loss over
/// three epochs is in the last fifth. `None` for fewer than two epochs, and if a loss is not finite.
pub fn gain(history: &[Epoch]) -> Option<Gain> {
    let epochs = (history.len() / 5).max(1);
    let before = history.len().checked_sub(2 * epochs)?;
    let groups = [&history[before..][..epochs], &history[before + epochs..]];
    let mean = |rows: &[Epoch], value: fn(&Epoch) -> f64| {
        rows.iter().map(value).sum::<f64>() / rows.len() as f64
    };
    let val_loss = groups.map(|rows| mean(rows, |row| row.val_loss));
    let val_acc = groups.map(|rows| mean(rows, |row| row.val_acc));
    let around = |index: usize| {
        let end = (index + 2).min(history.len());
        mean(&history[index.saturating_sub(1)..end], |row| row.val_loss)
    };
    let lowest = (0..history.len()).rev().min_by(|&a, &b| around(a).total_cmp(&around(b)))?;
    let is_gain = val_loss[1] <= (1.0 - FALL) * val_loss[0]
        && val_acc[1] >= val_acc[0]
        && lowest >= before + epochs;
    is_gain.then_some(Gain { epochs, val_loss, val_acc })
}

/// A sentence that says what the last epochs gained, and the command that goes on; `None` if the run
/// was not improving any more.
pub fn advice(run: &RunFolder, config: &Config, history: &[Epoch]) -> Option<String> {
    let Gain { epochs, val_loss: [before, last], .. } = gain(history)?;
    let path = run.path();
    let more = 2 * history.len();
    // The rates of a cosine depend on the number of epochs.
    let command = match config.schedule {
        Schedule::Cosine => {
            let mut longer = path.as_os_str().to_owned();
            longer.push("-longer");
            format!("--config {} --epochs {more} --out {}", quoted(run.config()), quoted(longer))
        }
        _ => format!("--resume --out {} --epochs {more}", quoted(path)),
    };
    let compared = match epochs {
        1 => format!("{before:.4} to {last:.4} in the last epoch"),
        _ => format!(
            "{before:.4} to {last:.4} from the mean of {epochs} epochs to that of the last {epochs}"
        ),
    };
    Some(format!(
        "still improving when it ended (val_loss {compared}); try more epochs: petite train {command}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;
    use crate::report::reference;
    use crate::run::settings::recipe::Recipe;

    fn history(values: &[(f64, f64)]) -> Vec<Epoch> {
        let rows = values.iter().zip(1..);
        rows.map(|(&(val_loss, val_acc), epoch)| Epoch::new(epoch, 0.5, 0.8, val_loss, val_acc))
            .collect()
    }

    #[test]
    fn known_runs_improve_or_not() {
        let mut improving = Vec::new();
        for reference in reference::all().unwrap() {
            for run in reference.spread.iter().chain([&reference.run]) {
                if run.val_loss_holds && gain(&run.history).is_some() {
                    improving.push(format!("{} {}", reference.name, run.name));
                }
            }
        }
        improving.dedup();
        assert_eq!(improving, ["book-augmented the book", "book-features-augmented swacad"]);
    }

    #[test]
    fn short_and_odd_histories() {
        let is_improving = |values: &[(f64, f64)]| gain(&history(values)).is_some();
        assert!(!is_improving(&[]) && !is_improving(&[(0.6, 0.7)]));
        assert!(is_improving(&[(0.6, 0.7), (0.5, 0.75)]));
        // Falls by less than 2 %, overfits, gains loss but not accuracy, diverges, was lower before.
        for values in [
            &[(0.6, 0.7), (0.595, 0.75)][..],
            &[(0.6, 0.7), (0.5, 0.75), (0.7, 0.76)],
            &[(0.6, 0.7), (0.5, 0.65)],
            &[(0.6, 0.7), (0.5, 0.75), (f64::NAN, 0.5)],
            &[(0.6, 0.7), (0.3, 0.75), (0.4, 0.75), (0.8, 0.75), (0.7, 0.76)],
        ] {
            assert!(!is_improving(values), "{values:?}");
        }
    }

    #[test]
    fn the_command_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::create(&folder.path().join("my run")).unwrap();
        let history = history(&[(0.7, 0.5), (0.6, 0.6), (0.5, 0.7)]);
        let recipe = Recipe::default();
        let mut config = Config::with(recipe, KerasProfile::default(), recipe.model(), None);
        let said = advice(&run, &config, &history).unwrap();
        let path = run.path().display();
        assert!(
            said.ends_with(&format!("petite train --resume --out '{path}' --epochs 6")),
            "{said}"
        );
        assert!(said.contains("val_loss 0.6000 to 0.5000 in the last epoch"), "{said}");
        config.schedule = Schedule::Cosine;
        let said = advice(&run, &config, &history).unwrap();
        assert!(said.ends_with(&format!("--epochs 6 --out '{path}-longer'")), "{said}");
        assert_eq!(advice(&run, &config, &history[..1]), None);
    }
}
