//! Confusion matrices.

use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Counts of pictures by true class and predicted class. In JSON, `counts` is the matrix for up to
/// 50 classes, `counts[label][predicted]`, and otherwise the list of its entries above 0,
/// `[label, predicted, count]`; both forms are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Confusion {
    /// Class names, by label.
    pub classes: Vec<String>,
    /// Number of pictures by label and predicted label, without zeros: most of the matrix of a
    /// thousand classes is 0.
    pub counts: BTreeMap<(usize, usize), usize>,
}

/// The recall of a class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// The class: an index into [`Confusion::classes`].
    pub label: usize,
    /// Number of its pictures, at least 1.
    pub pictures: usize,
    /// Share of them that are classified correctly, 0..=1.
    pub recall: f64,
}

/// Pictures of one class that are classified as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confused {
    /// The true class: an index into [`Confusion::classes`].
    pub label: usize,
    /// The predicted class.
    pub predicted: usize,
    /// Number of pictures.
    pub pictures: usize,
}

impl Confusion {
    /// `labels` and `predicted` have an index into `classes` for each picture.
    pub fn new(classes: Vec<String>, labels: &[usize], predicted: &[usize]) -> Self {
        let mut counts = BTreeMap::new();
        for (&label, &predicted) in labels.iter().zip(predicted) {
            *counts.entry((label, predicted)).or_insert(0) += 1;
        }
        Self { classes, counts }
    }

    /// Number of pictures of the class `label` that are classified as `predicted`.
    pub fn count(&self, label: usize, predicted: usize) -> usize {
        self.counts.get(&(label, predicted)).copied().unwrap_or(0)
    }

    /// Number of pictures of each class, by label.
    pub fn pictures(&self) -> Vec<usize> {
        self.sums(|(label, _)| label)
    }

    /// Number of pictures that are classified as each class, by label.
    pub fn predicted(&self) -> Vec<usize> {
        self.sums(|(_, predicted)| predicted)
    }

    fn sums(&self, class: fn((usize, usize)) -> usize) -> Vec<usize> {
        let mut sums = vec![0; self.classes.len()];
        for (&labels, count) in &self.counts {
            if let Some(sum) = sums.get_mut(class(labels)) {
                *sum += count;
            }
        }
        sums
    }

    /// Share of correctly classified pictures of each class, 0..=1, by label; `None` for a class
    /// without pictures.
    pub fn recall(&self) -> Vec<Option<f64>> {
        let of_class = |(label, pictures): (usize, usize)| {
            (pictures > 0).then(|| self.count(label, label) as f64 / pictures as f64)
        };
        self.pictures().into_iter().enumerate().map(of_class).collect()
    }

    /// The up to `n` classes with the lowest recall, lowest first; at equal recall those with more
    /// pictures first, then by label. Classes without pictures are left out.
    pub fn worst(&self, n: usize) -> Vec<Recall> {
        let classes = self.recall().into_iter().zip(self.pictures()).enumerate();
        let mut worst: Vec<Recall> = classes
            .filter_map(|(label, (recall, pictures))| {
                Some(Recall { label, pictures, recall: recall? })
            })
            .collect();
        worst.sort_by(|a, b| a.recall.total_cmp(&b.recall).then(b.pictures.cmp(&a.pictures)));
        worst.truncate(n);
        worst
    }

    /// The up to `n` most common confusions of one class with another, most pictures first; at
    /// equal numbers by label, then predicted class.
    pub fn most_confused(&self, n: usize) -> Vec<Confused> {
        let mut confused: Vec<Confused> = self
            .counts
            .iter()
            .filter(|((label, predicted), _)| label != predicted)
            .map(|(&(label, predicted), &pictures)| Confused { label, predicted, pictures })
            .collect();
        confused.sort_by_key(|confused| Reverse(confused.pictures));
        confused.truncate(n);
        confused
    }
}

/// Number of classes up to which the whole matrix is written.
const WHOLE: usize = 50;

/// [`Confusion`] as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    classes: Vec<String>,
    /// The matrix, or its entries `[label, predicted, count]` above 0.
    counts: Vec<Vec<usize>>,
}

impl From<Confusion> for Stored {
    fn from(Confusion { classes, counts }: Confusion) -> Self {
        let entries =
            counts.into_iter().map(|((label, predicted), count)| (label, predicted, count));
        if classes.len() > WHOLE {
            let counts = entries.map(|(label, predicted, count)| vec![label, predicted, count]);
            return Self { classes, counts: counts.collect() };
        }
        let mut matrix = vec![vec![0; classes.len()]; classes.len()];
        for (label, predicted, count) in entries {
            if let Some(entry) = matrix.get_mut(label).and_then(|row| row.get_mut(predicted)) {
                *entry = count;
            }
        }
        Self { classes, counts: matrix }
    }
}

impl TryFrom<Stored> for Confusion {
    type Error = String;

    fn try_from(Stored { classes, counts: rows }: Stored) -> Result<Self, String> {
        let count = classes.len();
        // So that sums of counts cannot overflow.
        let sum = rows.iter().flatten().try_fold(0usize, |sum, &n| sum.checked_add(n));
        if sum.is_none() {
            return Err("expected `counts` of pictures, found numbers too large".to_owned());
        }
        let mut counts = BTreeMap::new();
        let mut add = |label, predicted, pictures| {
            if pictures > 0 {
                counts.insert((label, predicted), pictures);
            }
        };
        // With three classes, a row of the matrix looks like an entry; entries are only written
        // with more.
        if rows.len() == count && rows.iter().all(|row| row.len() == count) {
            for (label, row) in rows.into_iter().enumerate() {
                row.into_iter().enumerate().for_each(|(predicted, n)| add(label, predicted, n));
            }
            return Ok(Self { classes, counts });
        }
        for row in rows {
            match row[..] {
                [label, predicted, pictures] if label < count && predicted < count => {
                    add(label, predicted, pictures);
                }
                _ => {
                    return Err(format!(
                        "expected `counts` of {count} classes, as rows of the matrix or as [label, predicted, count], found {row:?}"
                    ));
                }
            }
        }
        Ok(Self { classes, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    fn named(count: usize) -> Vec<String> {
        (0..count).map(|label| format!("c{label}")).collect()
    }

    #[test]
    fn counts_by_label_then_prediction() {
        // Three cats, one classified as a dog; one dog, classified correctly; no mice.
        let confusion = Confusion::new(named(3), &[0, 0, 0, 1], &[0, 1, 0, 1]);
        let counts = [0, 1].map(|label| [0, 1].map(|predicted| confusion.count(label, predicted)));
        assert_eq!(counts, [[2, 1], [0, 1]]);
        assert_eq!(confusion.pictures(), [3, 1, 0]);
        assert_eq!(confusion.recall(), [Some(2.0 / 3.0), Some(1.0), None]);
    }

    #[test]
    fn lists_the_worst_classes_and_the_most_common_confusions() {
        let labels = [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3];
        let predicted = [0, 2, 2, 2, 3, 0, 1, 3, 3, 3, 0];
        let confusion = Confusion::new(named(5), &labels, &predicted);
        let recall = |label, pictures, recall| Recall { label, pictures, recall };
        assert_eq!(confusion.worst(3), [recall(1, 3, 0.0), recall(2, 2, 0.0), recall(0, 2, 0.5)]);
        assert_eq!(confusion.worst(9).len(), 4);
        let confused = |label, predicted, pictures| Confused { label, predicted, pictures };
        assert_eq!(confusion.most_confused(2), [confused(1, 2, 2), confused(0, 2, 1)]);
        assert_eq!(confusion.most_confused(9).len(), 6);
    }

    fn confusion(classes: usize) -> Confusion {
        let names = (0..classes).map(|label| format!("c{label}")).collect();
        let last = classes - 1;
        Confusion::new(names, &[0, 0, last, last], &[0, last, last, last])
    }

    #[test]
    fn up_to_fifty_classes_are_a_matrix() {
        let json = to_value(confusion(3)).unwrap();
        assert_eq!(json["counts"], json!([[1, 0, 1], [0, 0, 0], [0, 0, 2]]));
        assert_eq!(from_value::<Confusion>(json).unwrap(), confusion(3));
        assert_eq!(to_value(confusion(50)).unwrap()["counts"].as_array().unwrap().len(), 50);
    }

    #[test]
    fn more_are_a_list_and_both_are_read() {
        let json = to_value(confusion(51)).unwrap();
        assert_eq!(json["counts"], json!([[0, 0, 1], [0, 50, 1], [50, 50, 2]]));
        let mut matrix = vec![vec![0; 51]; 51];
        (matrix[0][0], matrix[0][50], matrix[50][50]) = (1, 1, 2);
        let whole = json!({"classes": json["classes"], "counts": matrix});
        for json in [json, whole] {
            assert_eq!(from_value::<Confusion>(json).unwrap(), confusion(51));
        }
    }

    #[test]
    fn other_counts_are_an_error() {
        let error = |counts: Value| {
            let json = json!({"classes": ["a", "b"], "counts": counts});
            from_value::<Confusion>(json).unwrap_err().to_string()
        };
        assert!(error(json!([[1, 0], [0]])).contains("expected `counts` of 2 classes"));
        assert!(error(json!([[0, 2, 1]])).contains("found [0, 2, 1]"));
        assert!(error(json!([[u64::MAX, 1], [0, 0]])).contains("too large"));
    }
}
