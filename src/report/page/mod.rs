//! The report on runs: one HTML page that needs no other file.

pub mod chart;
pub mod matrix;
pub mod tile;

use anyhow::{Context, Result};
use askama::Template;
use chart::PageChart;
use matrix::Matrix;
use tile::Tile;

/// Everything on the page, as text. Values are escaped by the template, except for those that are
/// markup, of a [`PageChart`].
#[derive(Debug, Template)]
#[template(path = "page.html", config = "src/report/page/askama.toml")]
pub struct Page {
    /// Title, also of the browser's tab.
    pub title: String,
    /// Who made the page, when, and from which runs.
    pub made: String,
    /// What was compared, if there are several runs.
    pub comparison: Option<Comparison>,
    /// The runs.
    pub runs: Vec<RunSection>,
}

/// Several runs side by side.
#[derive(Debug)]
pub struct Comparison {
    /// Validation accuracy and loss of all runs.
    pub charts: Vec<PageChart>,
    /// Header of the table.
    pub columns: Vec<String>,
    /// A row per run.
    pub rows: Vec<Vec<String>>,
    /// What the columns mean.
    pub note: String,
}

/// A table with a title.
#[derive(Debug, Default)]
pub struct Table {
    /// Title above the table.
    pub title: String,
    /// Header; empty for a table of names and values.
    pub columns: Vec<String>,
    /// The first cell of each row is its name.
    pub rows: Vec<Vec<String>>,
    /// Whether cells are paths, which are shown whole.
    pub has_paths: bool,
}

/// Pictures with a title.
#[derive(Debug, Default)]
pub struct Gallery {
    /// Title above the pictures.
    pub title: String,
    /// What they show.
    pub note: String,
    /// The pictures.
    pub tiles: Vec<Tile>,
}

/// One run.
#[derive(Debug)]
pub struct RunSection {
    /// Name of the run's folder.
    pub name: String,
    /// What it is and how well it does, in one sentence.
    pub sentence: String,
    /// Accuracy and loss by epoch.
    pub charts: Vec<PageChart>,
    /// Loss, AUC and the like: names and values.
    pub figures: Table,
    /// Counts by true and predicted class, if there are few classes.
    pub matrix: Option<Matrix>,
    /// The most common confusions, if there are more classes.
    pub confused: Table,
    /// Precision, recall, F1 and AUC by class.
    pub classes: Table,
    /// The pictures that it was most wrong about, those it was least sure of, and augmented ones.
    pub galleries: Vec<Gallery>,
    /// Numbers of pictures, duplicates, settings and environment.
    pub tables: Vec<Table>,
    /// Notes on the data.
    pub notes: Vec<String>,
    /// The commands that compute all this again.
    pub commands: Vec<String>,
}

/// `text` in pieces between which a line may break: after slashes and underscores, of which a row is
/// one.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_break = |letter: char| letter == '/' || letter == '_';
        let start = rest.find(is_break).unwrap_or(rest.len());
        let end =
            rest[start..].find(|letter| !is_break(letter)).map_or(rest.len(), |row| start + row);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

impl Page {
    /// The HTML.
    ///
    /// # Errors
    /// If the template fails.
    pub fn html(&self) -> Result<String> {
        self.render().context("cannot write the report as HTML")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_after_slashes_and_underscores() {
        let found = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(found("a/b_c___d//é.jpg"), ["a/", "b_", "c___", "d//", "é.jpg"]);
        assert_eq!(found("/x"), ["/", "x"]);
        assert_eq!(found("0.9923"), ["0.9923"]);
        assert!(found("").is_empty());
    }
}
