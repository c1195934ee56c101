//! Puts the pictures of any data set into folders for its parts and classes.

use super::data_set::DataSet;
use super::near_copies;
use super::part::{Part, PartSizes};
use super::partition::partition;
use super::sorted_folders::SortedFolders;
use super::split::{Count, Link};
use crate::error::ensure_or;
use crate::pictures::folder::Folder;
use crate::stop::Stop;
use anyhow::Result;
use std::path::Path;

/// Puts the pictures of `data` into `to/<part>/<class>/`: those of a data set that is split into
/// its parts, others as [`partition`] splits them into `sizes`. Files of the same name in a class
/// are numbered. `on_read` is called after each picture that is compared with the others, from any
/// thread. `to` is complete or absent.
///
/// # Errors
/// If the data set is split and `sizes` are given, or is not and cannot be split into them; if a
/// class's name cannot be a folder's, `to` is not empty, a file cannot be copied or linked, or a
/// stop was requested. Nothing is left behind then.
pub fn arrange(
    data: &DataSet,
    to: &Path,
    sizes: Option<PartSizes>,
    link: Link,
    stop: &Stop,
    on_read: &(dyn Fn() + Sync),
) -> Result<Vec<Count>> {
    let is_split = data.part(Part::Validation).is_some();
    ensure_or!(
        Setting,
        !is_split || sizes.is_none(),
        "expected no `train`, `validation` and `test` with {}, which is split, found some; try leaving them out",
        data.path.display()
    );
    let mut sorted = SortedFolders::new("to", to, &data.classes, link)?;
    let folders = match is_split {
        true => data.folders.clone(),
        false => {
            let whole = data.all();
            let groups = near_copies::group(&whole.samples, 0, stop, on_read)?;
            partition(&whole, &groups, sizes.unwrap_or_default())?.to_vec()
        }
    };
    for folder in &folders {
        for sample in &folder.samples {
            stop.check()?;
            let class = &data.classes[sample.label];
            sorted.add(&sample.path, Path::new(&folder.name).join(class))?;
        }
    }
    sorted.finish()?;
    Ok(folders.iter().flat_map(counts).collect())
}

/// The number of pictures of each class in `folder`.
fn counts(folder: &Folder) -> impl Iterator<Item = Count> {
    let counts = folder.classes.iter().zip(folder.counts());
    counts.map(|(class, pictures)| Count {
        split: folder.name.clone(),
        class: class.clone(),
        pictures,
    })
}
