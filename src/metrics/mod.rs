//! Measures of a classifier, computed from the probabilities that it gives to labeled pictures.

pub mod calibration;
pub mod classes;
pub mod confusion;
#[cfg(test)]
mod golden;
pub mod interval;
pub mod paired;
pub mod roc;
pub mod scored;

use calibration::calibration_error;
use classes::{Averages, ClassMetrics};
use interval::Interval;
use scored::Scored;
use serde::{Deserialize, Serialize};

/// All measures that follow from the classes and probabilities of an evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The 95 % interval of the accuracy ([`interval::wilson`]).
    pub acc_interval: Interval,
    /// The measures of the classes that have pictures or are predicted, in the order of labels.
    pub classes: Vec<ClassMetrics>,
    /// Their means over the classes.
    pub macro_mean: Averages,
    /// Their means over the pictures: each class counts as often as it has pictures.
    pub weighted_mean: Averages,
    /// Expected calibration error, 0..=1 ([`calibration_error`]).
    pub calibration_error: f64,
}

impl Metrics {
    /// The measures of `scored`.
    pub fn new(scored: &Scored) -> Self {
        let mut classes = classes::of_each(scored);
        classes.retain(|class| class.pictures + class.predicted > 0);
        Self {
            acc_interval: interval::wilson(scored.correct(), scored.len()),
            macro_mean: Averages::macro_mean(&classes),
            weighted_mean: Averages::weighted_mean(&classes),
            classes,
            calibration_error: calibration_error(scored),
        }
    }

    /// The rows of a table: the classes, then both means, each with its precision, recall, F1 and ROC
    /// AUC, and a class with its number of pictures.
    pub fn rows(&self) -> impl Iterator<Item = (&str, [Option<f64>; 4], Option<usize>)> {
        let of_mean = |(name, mean): (&'static str, Averages)| {
            let Averages { precision, recall, f1, roc_auc } = mean;
            (name, [Some(precision), Some(recall), Some(f1), roc_auc], None)
        };
        let classes = self.classes.iter().map(|class| {
            let &ClassMetrics { precision, recall, f1, roc_auc, pictures, .. } = class;
            (class.class.as_str(), [precision, recall, f1, roc_auc], Some(pictures))
        });
        let means =
            [("mean of classes", self.macro_mean), ("mean of pictures", self.weighted_mean)];
        classes.chain(means.map(of_mean))
    }
}
