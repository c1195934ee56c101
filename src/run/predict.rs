//! What to predict, and the predictions.

use super::folder::WhichWeights;
use super::trained::MachineOverrides;
use crate::error::BadPicture;
use crate::training::validate::Views;
use std::path::PathBuf;

/// What to predict, and how.
#[derive(Debug, Clone)]
pub struct Predict {
    /// The run's folder.
    pub run: PathBuf,
    /// Pictures, folders of pictures, and glob patterns for either.
    pub paths: Vec<PathBuf>,
    /// Which of the run's weights to use.
    pub weights: WhichWeights,
    /// Which views of each picture the network sees.
    pub views: Views,
    /// Device, precision and threads.
    pub machine: MachineOverrides,
}

impl Predict {
    /// Predicts the pictures at `paths` with the last weights of `run`.
    pub fn new(run: impl Into<PathBuf>, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            run: run.into(),
            paths: paths.into_iter().collect(),
            weights: WhichWeights::Last,
            views: Views::Picture,
            machine: MachineOverrides::default(),
        }
    }
}

/// The prediction for one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Path of the picture.
    pub path: PathBuf,
    /// The most probable class: an index into [`Predictions::classes`].
    pub label: usize,
    /// Probabilities of the classes, by label, 0..=1; they sum to 1.
    pub probabilities: Vec<f64>,
}

impl Prediction {
    /// The prediction for the picture at `path` with these `probabilities`, by label.
    pub(super) fn new(path: PathBuf, probabilities: Vec<f64>) -> Self {
        // The last of several largest elements, hence from the end: the first class, as in
        // `Loss::predicted`.
        let labels = (0..probabilities.len()).rev();
        let label = labels.max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
        Self { path, label: label.unwrap_or(0), probabilities }
    }

    /// The up to `count` most probable classes with their probabilities, most probable first; at
    /// equal probabilities by label.
    pub fn top(&self, count: usize) -> Vec<(usize, f64)> {
        let mut classes: Vec<_> = self.probabilities.iter().copied().enumerate().collect();
        classes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        classes.truncate(count);
        classes
    }
}

/// The predictions for a number of pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Class names, by label.
    pub classes: Vec<String>,
    /// One for each picture that can be used, in the order of the given paths; those in a folder
    /// are sorted by path.
    pub pictures: Vec<Prediction>,
    /// The pictures that cannot be used, in the same order.
    pub bad: Vec<BadPicture>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_class() {
        let prediction =
            |probabilities: &[f64]| Prediction::new(PathBuf::from("a.jpg"), probabilities.to_vec());
        assert_eq!(prediction(&[0.5, 0.5]).label, 0);
        let four = prediction(&[0.1, 0.3, 0.3, 0.3]);
        assert_eq!((four.label, four.top(2)), (1, vec![(1, 0.3), (2, 0.3)]));
        assert_eq!(four.top(9).len(), 4);
    }
}
