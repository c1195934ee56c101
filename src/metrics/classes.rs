//! Precision, recall, F1 and ROC AUC of classes, and their means, with scikit-learn's conventions.

use super::roc::Roc;
use super::scored::Scored;
use serde::{Deserialize, Serialize};

/// The measures of a class against all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Name of the class.
    pub class: String,
    /// Number of its pictures.
    pub pictures: usize,
    /// Number of pictures that are classified as it.
    pub predicted: usize,
    /// Share of the pictures classified as it that are of it, 0..=1; `None` if there are none.
    pub precision: Option<f64>,
    /// Share of its pictures that are classified as it, 0..=1; `None` if there are none.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall, 2·TP / (2·TP + FP + FN), 0..=1; `None` if the class has
    /// no pictures and is never predicted.
    pub f1: Option<f64>,
    /// Area under the ROC curve of its probability, 0..=1 ([`Roc::auc`]); `None` if it has no
    /// pictures or all of them.
    pub roc_auc: Option<f64>,
}

/// The measures of each class, by label.
pub fn of_each(scored: &Scored) -> Vec<ClassMetrics> {
    let confusion = scored.confusion();
    let counts = confusion.pictures().into_iter().zip(confusion.predicted());
    let of_class = |(label, (pictures, predicted)): (usize, (usize, usize))| {
        let right = confusion.count(label, label);
        let share = |part: usize, of: usize| (of > 0).then(|| part as f64 / of as f64);
        ClassMetrics {
            class: scored.classes[label].clone(),
            pictures,
            predicted,
            precision: share(right, predicted),
            recall: share(right, pictures),
            f1: share(2 * right, pictures + predicted),
            roc_auc: Roc::of_class(scored, label).map(|roc| roc.auc()),
        }
    };
    counts.enumerate().map(of_class).collect()
}

/// Means of the measures of classes. Undefined precision and recall count as 0. Classes that have no
/// pictures and are never predicted are left out, and from the AUC all that have none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Averages {
    /// Mean precision, 0..=1.
    pub precision: f64,
    /// Mean recall, 0..=1. The weighted mean is the accuracy.
    pub recall: f64,
    /// Mean F1, 0..=1.
    pub f1: f64,
    /// Mean area under the ROC curve, one class against the rest, 0..=1; `None` if no class has one.
    pub roc_auc: Option<f64>,
}

impl Averages {
    /// The means over the classes, each with the same weight.
    pub fn macro_mean(classes: &[ClassMetrics]) -> Self {
        Self::weighted(classes, |_| 1.0)
    }

    /// The means over the pictures: each class weighs as much as it has pictures.
    pub fn weighted_mean(classes: &[ClassMetrics]) -> Self {
        Self::weighted(classes, |class| class.pictures as f64)
    }

    fn weighted(classes: &[ClassMetrics], weight: fn(&ClassMetrics) -> f64) -> Self {
        let mean = |value: &dyn Fn(&ClassMetrics) -> Option<f64>| {
            let weighted = classes.iter().filter_map(|class| Some((value(class)?, weight(class))));
            let (sum, weights) = weighted
                .fold((0.0, 0.0), |(sum, of), (value, weight)| (sum + value * weight, of + weight));
            (weights > 0.0).then(|| sum / weights)
        };
        let occurring = |value: fn(&ClassMetrics) -> Option<f64>| {
            mean(&|class| class.f1.map(|_| value(class).unwrap_or(0.0))).unwrap_or(0.0)
        };
        Self {
            precision: occurring(|class| class.precision),
            recall: occurring(|class| class.recall),
            f1: occurring(|class| class.f1),
            roc_auc: mean(&|class| class.roc_auc),
        }
    }
}
