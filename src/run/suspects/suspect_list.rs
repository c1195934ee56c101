//! The result of looking for wrong labels, and its CSV.

use crate::dataset::labels::{self, Labeled};
use crate::dataset::part::Part;
use crate::pictures::pixels::Target;
use crate::text::cells;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The columns of the CSV: those that [`labels::read`](crate::dataset::labels::read) takes, then what
/// it ignores.
const COLUMNS: [&str; 8] =
    ["path", "label", "split", "rank", "given", "suggested", "probability", "copy_of"];

/// The labels of a data set that are likely wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct SuspectList {
    /// The folder that paths are relative to: that of the data set, of the list of labels, or of an
    /// unpacked archive.
    pub root: PathBuf,
    /// How the pictures were decoded.
    pub target: Target,
    /// Names of the classes, sorted.
    pub classes: Vec<String>,
    /// All good pictures with their labels, by path.
    pub pictures: Vec<Labeled>,
    /// The suspects, the likeliest first: near copies with different labels, then by prediction.
    pub suspects: Vec<Suspect>,
}

/// A picture whose label is likely wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// Index into [`SuspectList::pictures`].
    pub picture: usize,
    /// The label it should have.
    pub suggested: String,
    /// Probability of the suggested class by a classifier that did not see the picture, 0..=1.
    pub probability: f64,
    /// Index of a near copy of the picture that has the suggested label.
    pub copy_of: Option<usize>,
}

impl SuspectList {
    /// The picture of a suspect.
    ///
    /// # Panics
    /// If the suspect is of another list.
    pub fn picture(&self, suspect: &Suspect) -> &Labeled {
        &self.pictures[suspect.picture]
    }

    /// The near copy of a suspect with another label, if that is what makes it one.
    ///
    /// # Panics
    /// If the suspect is of another list.
    pub fn copy(&self, suspect: &Suspect) -> Option<&Labeled> {
        suspect.copy_of.map(|index| &self.pictures[index])
    }

    /// All pictures as a CSV that can be used as `labels`, the suspects first with their rank, given
    /// and suggested label: a line's `label` is what counts.
    ///
    /// # Errors
    /// If memory is exhausted.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let exact = labels::needs_exact(self.pictures.iter().map(|one| (&*one.path, &*one.label)));
        writer.write_record(COLUMNS.into_iter().chain(exact.then_some(labels::EXACT)))?;
        let mut write = |picture: &Labeled, [rank, suggested, probability, copy]: [&[u8]; 4]| {
            let (path, label) = (cells::path(&picture.path), cells::text(&picture.label));
            let (label, part) = (label.as_bytes(), picture.part.map_or("", Part::name).as_bytes());
            let row = [&*path, label, part, rank, label, suggested, probability, copy];
            writer.write_record(row.into_iter().chain(exact.then_some(&b""[..])))
        };
        let mut is_suspect = vec![false; self.pictures.len()];
        for (index, suspect) in self.suspects.iter().enumerate() {
            is_suspect[suspect.picture] = true;
            let rank = (index + 1).to_string();
            let probability = format!("{:.4}", suspect.probability);
            let copy = self.copy(suspect).map(|copy| cells::path(&copy.path)).unwrap_or_default();
            let suggested = cells::text(&suspect.suggested);
            let others = [rank.as_bytes(), suggested.as_bytes(), probability.as_bytes(), &*copy];
            write(self.picture(suspect), others)?;
        }
        let others = self.pictures.iter().zip(is_suspect).filter(|(_, is_suspect)| !is_suspect);
        for (picture, _) in others {
            write(picture, [b""; 4])?;
        }
        writer.into_inner().context("cannot write the list of pictures")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_csv_is_a_list_of_labels_with_the_suspects_first() {
        let picture = |path: &str, label: &str, part| Labeled {
            path: path.into(),
            label: label.to_owned(),
            part: Some(part),
        };
        let list = SuspectList {
            target: Target::rgb(2, 2),
            root: "data".into(),
            classes: vec!["cats".to_owned(), "dogs, large".to_owned()],
            pictures: vec![
                picture("a.jpg", "cats", Part::Train),
                picture("b\n.jpg", "dogs, large", Part::Train),
                picture("c.jpg", "cats", Part::Test),
            ],
            suspects: vec![Suspect {
                picture: 2,
                suggested: "dogs, large".to_owned(),
                probability: 0.98764,
                copy_of: Some(1),
            }],
        };
        let csv = list.to_csv().unwrap();
        let lines: Vec<_> = std::str::from_utf8(&csv).unwrap().lines().collect();
        assert_eq!(lines[0], "path,label,split,rank,given,suggested,probability,copy_of,exact");
        assert_eq!(lines[1], r#"c.jpg,cats,test,1,cats,"dogs, large",0.9876,"b"#);
        assert_eq!(lines[3], "a.jpg,cats,train,,cats,,,,");

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("suspects.csv");
        std::fs::write(&file, csv).unwrap();
        let read: Vec<_> =
            labels::read(&file).unwrap().rows.into_iter().map(|(_, row)| row).collect();
        let [first, second, third] = &list.pictures[..] else { panic!() };
        assert_eq!(read, [third.clone(), first.clone(), second.clone()]);
    }
}
