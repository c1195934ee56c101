//! The confusion matrix as a table.

use crate::metrics::confusion::Confusion;
use crate::text::numbers::{cut, with_thousands};

/// Number of classes up to which the matrix is shown.
pub const SHOWN: usize = 20;

/// Letters in the names of columns that fit beside each other on a phone.
const BESIDE: usize = 24;

/// A confusion matrix: a row per true class, a column per predicted class.
#[derive(Debug)]
pub struct Matrix {
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Whether the names of columns are written upright, since they are too long side by side.
    pub is_upright: bool,
    /// The rows, by label.
    pub rows: Vec<Vec<Cell>>,
}

/// An entry of the matrix.
#[derive(Debug)]
pub struct Cell {
    /// Number of pictures.
    pub count: String,
    /// Share of the true class's pictures in percent, which shades the cell.
    pub percent: u32,
}

impl Matrix {
    /// The matrix of up to [`SHOWN`] classes; more do not fit on a page.
    pub fn new(confusion: &Confusion) -> Option<Self> {
        let count = confusion.classes.len();
        if count > SHOWN {
            return None;
        }
        let cell = |label: usize, predicted: usize, of: usize| {
            let found = confusion.count(label, predicted);
            let percent = (100.0 * found as f64 / of.max(1) as f64).round() as u32;
            Cell { count: with_thousands(found as i64), percent }
        };
        let row = |(label, of): (usize, usize)| {
            (0..count).map(|predicted| cell(label, predicted, of)).collect()
        };
        let letters: usize = confusion.classes.iter().map(|class| cut(class).chars().count()).sum();
        Some(Self {
            classes: confusion.classes.clone(),
            is_upright: letters > BESIDE,
            rows: confusion.pictures().into_iter().enumerate().map(row).collect(),
        })
    }
}
