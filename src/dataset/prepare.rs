//! Puts pictures into folders for their parts and classes.

use super::archive;
use super::data_set::DataSet;
use super::near_copies;
use super::numbered::Numbered;
use super::part::{Part, PartSize, PartSizes};
use super::partition::partition;
use super::sorted_folders::{Link, SortedFolders};
use crate::error::{ensure_or, fault};
use crate::pictures::folder::Folder;
use crate::stop::Stop;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// What to make a split data set from, and how. Pictures named like Kaggle's (`cat.0.jpg`) are split by
/// their numbers, any others by their content; a data set that is split keeps its parts.
#[derive(Debug, Clone)]
pub struct Prepare {
    /// The folder or archive of the pictures.
    pub from: PathBuf,
    /// The folder to create: `to/PART/CLASS/` for each part and class. It must be new or empty.
    pub to: PathBuf,
    /// A CSV of `path,label` instead of class folders.
    pub labels: Option<PathBuf>,
    /// Training pictures of each class; `None` is all that the other parts leave, or 1,000 of those
    /// named like Kaggle's.
    pub train: Option<PartSize>,
    /// Validation pictures of each class; `None` is a share of 0.2, or 500.
    pub validation: Option<PartSize>,
    /// Test pictures of each class; `None` is a share of 0.1, or 500.
    pub test: Option<PartSize>,
    /// How pictures get there.
    pub link: Link,
    /// A seed with which those named like Kaggle's are dealt out at random instead of by number.
    pub shuffle: Option<u64>,
}

/// The pictures that are to be put into folders.
#[derive(Debug)]
pub enum Originals {
    /// Those named like Kaggle's.
    Numbered(Numbered),
    /// Any others.
    Any(DataSet),
}

impl Prepare {
    /// Copies the pictures in `from` into the new folder `to`, in the usual parts.
    pub fn new(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        Self {
            from: from.into(),
            to: to.into(),
            labels: None,
            train: None,
            validation: None,
            test: None,
            link: Link::Copy,
            shuffle: None,
        }
    }

    /// The same with these numbers of pictures of each class.
    pub fn counts(self, train: usize, validation: usize, test: usize) -> Self {
        let [train, validation, test] =
            [train, validation, test].map(|count| Some(PartSize::Count(count)));
        Self { train, validation, test, ..self }
    }

    /// Reads the originals and puts them into folders. Returns the originals of each part.
    ///
    /// # Errors
    /// As [`Prepare::read`] and [`Prepare::write`].
    pub fn run(&self, stop: &Stop) -> Result<Vec<Folder>> {
        self.write(&self.read()?, stop, &|| ())
    }

    /// Finds the pictures.
    ///
    /// # Errors
    /// As [`Numbered::find`] and [`DataSet::read`]; with `shuffle`, if they are not named like Kaggle's.
    pub fn read(&self) -> Result<Originals> {
        if self.labels.is_none()
            && let Some(numbered) = Numbered::find(&archive::unpacked(&self.from)?)?
        {
            return Ok(Originals::Numbered(numbered));
        }
        ensure_or!(
            Setting,
            self.shuffle.is_none(),
            "expected names like Kaggle's with `shuffle`, found others; try without it"
        );
        Ok(Originals::Any(DataSet::read(&self.from, self.labels.as_deref(), false)?))
    }

    /// Puts `originals` into folders. Files of the same name in a class are numbered. `on_read` is
    /// called after each picture that is compared with the others, from any thread. Returns the originals of
    /// each part. The destination is complete or absent.
    ///
    /// # Errors
    /// If the pictures cannot be split into parts of these sizes, or are split already; if a class's
    /// name cannot be a folder's, the destination is not empty, a file cannot be copied or linked, or a
    /// stop was requested. Nothing is left behind then.
    pub fn write(
        &self,
        originals: &Originals,
        stop: &Stop,
        on_read: &(dyn Fn() + Sync),
    ) -> Result<Vec<Folder>> {
        let classes = match originals {
            Originals::Numbered(numbered) => numbered.classes(),
            Originals::Any(data) => data.classes.clone(),
        };
        // Checks the destination before anything takes long.
        let mut sorted = SortedFolders::new("to", &self.to, &classes, self.link)?;
        let folders = match originals {
            Originals::Numbered(numbered) => {
                let parts = numbered.split(self.numbers()?, self.shuffle)?;
                for (folder, class) in
                    parts.iter().flat_map(|f| classes.iter().map(move |c| (f, c)))
                {
                    sorted.create(Path::new(&folder.name).join(class))?;
                }
                parts.to_vec()
            }
            Originals::Any(data) => self.by_content(data, stop, on_read)?,
        };
        for folder in &folders {
            for sample in &folder.samples {
                stop.check()?;
                let class = &classes[sample.label];
                sorted.add(&sample.path, Path::new(&folder.name).join(class))?;
            }
        }
        sorted.finish()?;
        Ok(folders)
    }

    /// The numbers of pictures of each class in the parts of those named like Kaggle's.
    fn numbers(&self) -> Result<[usize; 3]> {
        let number = |field: &str, size: Option<PartSize>, usual: usize| -> Result<usize> {
            match size {
                None => Ok(usual),
                Some(PartSize::Count(count)) => Ok(count),
                Some(PartSize::Share(0.0)) => Ok(0),
                Some(PartSize::Share(share)) => fault!(
                    Setting,
                    "expected a number of pictures with `{field}` for names like Kaggle's, found {share}; try {usual}"
                ),
            }
        };
        Ok([
            number("train", self.train, 1000)?,
            number("validation", self.validation, 500)?,
            number("test", self.test, 500)?,
        ])
    }

    /// The parts of `data` if it is split, or those that [`partition`] splits it into.
    fn by_content(
        &self,
        data: &DataSet,
        stop: &Stop,
        on_read: &(dyn Fn() + Sync),
    ) -> Result<Vec<Folder>> {
        let is_split = data.part(Part::Validation).is_some();
        let is_asked = self.train.or(self.validation).or(self.test).is_some();
        ensure_or!(
            Setting,
            !is_split || !is_asked,
            "expected no `train`, `validation` and `test` with {}, which is split, found some; try leaving them out",
            data.path.display()
        );
        if is_split {
            return Ok(data.folders.clone());
        }
        let sizes = PartSizes {
            train: self.train,
            validation: self.validation.unwrap_or(PartSizes::VALIDATION),
            test: self.test.unwrap_or(PartSizes::TEST),
        };
        let whole = data.all();
        let groups = near_copies::group(&whole.samples, 0, stop, on_read)?;
        Ok(partition(&whole, &groups, sizes)?.to_vec())
    }
}
