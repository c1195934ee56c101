//! What to predict, and the predictions.

pub mod classifier;
pub mod evaluate;
pub mod evaluation;
pub(crate) mod evaluation_files;
pub(crate) mod export;
pub mod inference;
pub mod predictor;
pub mod scored_pictures;
pub mod scoring;
pub mod trained;

use crate::error::BadPicture;
use crate::nn::grad_cam::HeatMap;
use crate::run::predict::inference::Inference;
use std::path::PathBuf;

/// What to predict, and how.
#[derive(Debug, Clone)]
pub struct Predict {
    /// The run's folder.
    pub run: PathBuf,
    /// Pictures, folders of pictures, and glob patterns for either.
    pub paths: Vec<PathBuf>,
    /// Weights, views and machine.
    pub inference: Inference,
    /// Whether to compute each picture's heat map.
    pub grad_cam: bool,
}

impl Predict {
    /// Predicts the pictures at `paths` with the last weights of `run`.
    pub fn new(run: impl Into<PathBuf>, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            run: run.into(),
            paths: paths.into_iter().collect(),
            inference: Inference::default(),
            grad_cam: false,
        }
    }
}

/// The prediction for one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Path of the picture, or the name that was given with its bytes.
    pub path: PathBuf,
    /// The most probable class: an index into [`Predictions::classes`].
    pub label: usize,
    /// Probabilities of the classes, by label, 0..=1; they sum to 1.
    pub probabilities: Vec<f64>,
    /// What in the picture speaks for that class, if it was asked for; of the picture as it is, also
    /// with [`Views::WithMirrorImage`](crate::Views::WithMirrorImage).
    pub heat_map: Option<HeatMap>,
}

impl Prediction {
    /// The prediction for the picture at `path`, without a heat map.
    pub(crate) fn new(path: PathBuf, probabilities: Vec<f64>) -> Self {
        // The last of several largest elements, hence from the end: the first class, as in
        // `Loss::predicted`.
        let labels = (0..probabilities.len()).rev();
        let label = labels.max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
        Self { path, label: label.unwrap_or(0), probabilities, heat_map: None }
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
