//! The JSON form of a confusion matrix.

use super::confusion::Confusion;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Number of classes up to which the whole matrix is written.
const WHOLE: usize = 50;

/// [`Confusion`] as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
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

    fn confusion(classes: usize) -> Confusion {
        let names = (0..classes).map(|label| format!("c{label}")).collect();
        let last = classes as i64 - 1;
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
    }
}
