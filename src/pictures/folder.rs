//! Lists the samples of a split: picture files and their classes.

use super::passed_over::{PassedOver, Why};
use super::walk::Walk;
use crate::error::{ensure_or, fault};
use crate::text::numbers::{LISTED, listed};
use crate::text::spelling::composed;
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A picture file and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The file.
    pub path: PathBuf,
    /// Index into [`Folder::classes`].
    pub label: usize,
}

/// The picture files of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The folder that contains the files. Splits may share it.
    pub path: PathBuf,
    /// The name of the split, such as `train`.
    pub name: String,
    /// Class names; a class's index is its label (cats 0, dogs 1).
    pub classes: Vec<String>,
    /// Sorted by label, then path.
    pub samples: Vec<Sample>,
}

impl Folder {
    /// Reads `path/<class>/…/*.jpg`, including subfolders as Keras does, and names it like the
    /// folder. Classes are sorted by name; some may have no pictures. Also returns what was passed
    /// over: hidden entries, files that are not pictures, files outside the class folders, and
    /// links to what was already read.
    ///
    /// # Errors
    /// If the folder is missing or unreadable, has no class folders, or if a class's name is not
    /// UTF-8, or a file is in two classes.
    pub fn read(path: &Path) -> Result<(Self, PassedOver)> {
        ensure_or!(
            DataSet,
            path.is_dir(),
            "expected a folder of class folders at {}, found {}",
            path.display(),
            if path.exists() { "a file" } else { "nothing" }
        );
        let mut walk = Walk::default();
        let (folders, files) = walk.entries(path)?;
        files.into_iter().for_each(|file| walk.passed_over.add(file, Why::Unlabeled));
        ensure_or!(
            DataSet,
            !folders.is_empty(),
            "expected class folders in {}, found {}; try one folder per class, such as cats and dogs",
            path.display(),
            match walk.passed_over.is_empty() {
                true => "none".to_owned(),
                false => format!("only {}", walk.passed_over),
            }
        );
        let mut classes = Vec::with_capacity(folders.len());
        let mut labels = Vec::with_capacity(folders.len());
        let mut known = HashMap::new();
        for folder in &folders {
            match folder.file_name().and_then(|name| name.to_str()) {
                // Folders whose names differ in their Unicode form only are of one class.
                Some(name) => labels.push(*known.entry(composed(name)).or_insert_with(|| {
                    classes.push(name.to_owned());
                    classes.len() - 1
                })),
                None => fault!(
                    DataSet,
                    "expected a class name in UTF-8, found {}; try renaming it",
                    folder.display()
                ),
            }
        }
        // No class may reach another's pictures through a link to its folder.
        folders.iter().for_each(|folder| walk.reserve(folder));
        let mut samples = Vec::new();
        for (folder, &label) in folders.iter().zip(&labels) {
            let pictures = walk.pictures(folder, label)?.into_iter();
            samples.extend(pictures.map(|path| Sample { path, label }));
        }
        samples.sort_by_key(|sample| sample.label);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((Self { path: path.to_owned(), name, classes, samples }, walk.passed_over))
    }

    /// The same folder and classes with other pictures.
    pub fn with_samples(&self, samples: Vec<Sample>) -> Self {
        let (path, name, classes) = (self.path.clone(), self.name.clone(), self.classes.clone());
        Self { path, name, classes, samples }
    }

    /// Number of pictures of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.samples.iter().for_each(|sample| counts[sample.label] += 1);
        counts
    }

    /// The names of the classes that have pictures, or of those that have none.
    pub fn classes_with(&self, pictures: bool) -> Vec<String> {
        let counts = self.counts();
        let classes = self.classes.iter().zip(counts);
        classes.filter(|(_, n)| (*n > 0) == pictures).map(|(class, _)| class.clone()).collect()
    }

    /// The same pictures with the labels of `classes`, which are those of `of`, such as `the run
    /// RUN`. Some of them may have no pictures here.
    ///
    /// # Errors
    /// If there are pictures of another class.
    pub fn with_classes(mut self, classes: &[String], of: &str) -> Result<Self> {
        // The same name, or in another Unicode form.
        let label_of = |class: &String| {
            let is_same = |known: &String| composed(known) == composed(class);
            classes
                .iter()
                .position(|known| known == class)
                .or_else(|| classes.iter().position(is_same))
        };
        let labels: Vec<Option<usize>> = self.classes.iter().map(label_of).collect();
        let others = self.classes_with(true);
        let unknown = others.iter().filter(|class| label_of(class).is_none());
        let unknown: Vec<String> = unknown.cloned().collect();
        ensure_or!(
            DataSet,
            unknown.is_empty(),
            "expected the classes of {of}, {}, in the {} pictures of {}, found {}",
            listed(classes),
            self.name,
            self.path.display(),
            // The whole list, unless it is cut short, and what does not belong there.
            match others.len() {
                count if count > LISTED => format!("others: {}", listed(&unknown)),
                count if count > unknown.len() => {
                    format!("{} (not among them: {})", listed(&others), listed(&unknown))
                }
                _ => listed(&others),
            }
        );
        for sample in &mut self.samples {
            sample.label = labels[sample.label].unwrap_or_default();
        }
        // Classes in another order need the samples in that order, too.
        self.samples.sort_by_key(|sample| sample.label);
        self.classes = classes.to_vec();
        Ok(self)
    }
}
