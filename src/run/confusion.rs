//! Which classes are taken for which.

use serde::{Deserialize, Serialize};

/// Counts of pictures by true class (row) and predicted class (column).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    pub classes: Vec<String>,
    /// `counts[label][predicted]`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// `labels` and `predicted` hold an index into `classes` for each picture.
    pub fn new(classes: Vec<String>, labels: &[i64], predicted: &[i64]) -> Self {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for (&label, &predicted) in labels.iter().zip(predicted) {
            counts[label as usize][predicted as usize] += 1;
        }
        Self { classes, counts }
    }

    /// Share of the pictures of each class told right, 0..=1; not a number for a class without
    /// pictures.
    pub fn recall(&self) -> Vec<f64> {
        let of_class = |(label, row): (usize, &Vec<usize>)| {
            row[label] as f64 / row.iter().sum::<usize>() as f64
        };
        self.counts.iter().enumerate().map(of_class).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_label_then_prediction() {
        let classes = vec!["cats".to_owned(), "dogs".to_owned()];
        // Three cats, one taken for a dog; one dog told right.
        let confusion = Confusion::new(classes, &[0, 0, 0, 1], &[0, 1, 0, 1]);
        assert_eq!(confusion.counts, [[2, 1], [0, 1]]);
        assert_eq!(confusion.recall(), [2.0 / 3.0, 1.0]);
    }
}
