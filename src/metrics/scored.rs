//! Labeled pictures and the probabilities that a network gives them.

use super::confusion::Confusion;

/// The labels of a number of pictures, and what a network says about them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scored {
    /// Class names, by label.
    pub classes: Vec<String>,
    /// The label of each picture.
    pub labels: Vec<usize>,
    /// The predicted class of each picture: a label.
    pub predicted: Vec<usize>,
    /// The probabilities of the classes, 0..=1, `[pictures, classes]` in row-major order.
    pub probabilities: Vec<f64>,
}

impl Scored {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of correctly classified pictures.
    pub fn correct(&self) -> usize {
        self.are_correct().filter(|&is_correct| is_correct).count()
    }

    /// Whether each picture is classified correctly.
    pub fn are_correct(&self) -> impl Iterator<Item = bool> {
        self.labels.iter().zip(&self.predicted).map(|(label, predicted)| label == predicted)
    }

    /// The probabilities of each picture, by label.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        // No probabilities means no rows, whatever their length.
        self.probabilities.chunks_exact(self.classes.len().max(1))
    }

    /// The probability of the class `label` for each picture.
    pub fn of_class(&self, label: usize) -> Vec<f64> {
        self.rows().filter_map(|row| row.get(label).copied()).collect()
    }

    /// Counts by true and predicted class.
    pub fn confusion(&self) -> Confusion {
        Confusion::new(self.classes.clone(), &self.labels, &self.predicted)
    }
}
