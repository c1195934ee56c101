//! How the learning rate goes from epoch to epoch, and when training ends early.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The learning rate over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The same in every epoch.
    #[default]
    Constant,
    /// Half a cosine down to nearly 0 in the last epoch (Loshchilov and Hutter, 2016, without
    /// restarts).
    Cosine,
    /// A tenth of what it was whenever val_loss has found no new low in ten epochs: Keras's
    /// `ReduceLROnPlateau` with its defaults, less the least change that counts.
    Plateau,
}

/// Epochs without a new low before [`Schedule::Plateau`] lowers the rate.
const PLATEAU: usize = 10;

impl Schedule {
    /// The rate of the epoch after those of `val_losses`, of `epochs` in all, starting from
    /// `initial`. It depends on nothing else, so a resumed run goes on alike.
    pub fn learning_rate(self, initial: f64, epochs: i64, val_losses: &[f64]) -> f64 {
        match self {
            Self::Constant => initial,
            Self::Cosine => {
                let done = val_losses.len() as f64 / epochs as f64;
                initial * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
            }
            Self::Plateau => {
                let (mut lowest, mut since, mut rate) = (f64::INFINITY, 0, initial);
                for &loss in val_losses {
                    if loss < lowest {
                        (lowest, since) = (loss, 0);
                    } else {
                        since += 1;
                    }
                    if since >= PLATEAU {
                        (rate, since) = (rate * 0.1, 0);
                    }
                }
                rate
            }
        }
    }
}

/// Whether the last `patience` of `val_losses` found no new low: Keras's `EarlyStopping`.
pub fn has_stalled(val_losses: &[f64], patience: i64) -> bool {
    // Not a number is never a low.
    let mut lowest = (0, f64::INFINITY);
    for (epoch, &loss) in val_losses.iter().enumerate() {
        if loss < lowest.1 {
            lowest = (epoch, loss);
        }
    }
    !val_losses.is_empty() && (val_losses.len() - 1 - lowest.0) as i64 >= patience
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_goes_from_all_of_it_to_nearly_nothing() {
        let rate = |done: usize| Schedule::Cosine.learning_rate(2.0, 10, &vec![1.0; done]);
        assert_eq!(rate(0), 2.0);
        assert!((rate(5) - 1.0).abs() < 1e-12);
        assert!(rate(9) > 0.0 && rate(9) < 0.05);
        assert_eq!(Schedule::Constant.learning_rate(2.0, 10, &[1.0; 9]), 2.0);
    }

    #[test]
    fn a_plateau_of_ten_epochs_costs_nine_tenths() {
        let rate = |losses: &[f64]| Schedule::Plateau.learning_rate(1.0, 100, losses);
        let mut losses = vec![3.0, 2.0];
        losses.extend([2.0; 9]);
        assert_eq!(rate(&losses), 1.0);
        losses.push(2.5);
        assert_eq!(rate(&losses), 0.1);
        losses.push(1.0);
        losses.extend([1.0; 10]);
        assert!((rate(&losses) - 0.01).abs() < 1e-12);
    }

    #[test]
    fn stops_once_patience_is_used_up() {
        assert!(!has_stalled(&[], 1));
        assert!(!has_stalled(&[1.0, 0.5], 1));
        assert!(has_stalled(&[1.0, 0.5, 0.6], 1));
        assert!(!has_stalled(&[1.0, 0.5, 0.6, 0.7], 3));
        assert!(has_stalled(&[1.0, f64::NAN, f64::NAN], 2));
    }
}
