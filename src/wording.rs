//! Wording of data sets, sources of pixels and progress.

use petite::dataset::data_set::DataSet;
use petite::dataset::layout::Layout;
use petite::history::Epoch;
use petite::numbers::with_thousands;
use petite::pictures::cache::Origin;
use petite::pictures::folder::Folder;
use petite::run::events::SplitByContent;

/// `folders train, validation, test`, or `class folders, split by content into …`.
pub fn layout(data: &DataSet, split: Option<SplitByContent<'_>>) -> String {
    let parts: Vec<&str> = data.folders.iter().map(|folder| folder.name.as_str()).collect();
    let found = match data.layout {
        Layout::PartFolders if parts.len() == 1 => format!("folder {}", parts[0]),
        Layout::PartFolders => format!("folders {}", parts.join(", ")),
        Layout::ClassFolders => "class folders".to_owned(),
        Layout::List => "a list of labels".to_owned(),
        Layout::RunList => "split as in the run's split.csv".to_owned(),
    };
    let Some(SplitByContent { folders, copies }) = split else { return found };
    let count = |folder: &Folder| {
        format!("{} {}", with_thousands(folder.samples.len() as i64), folder.name)
    };
    let counts: Vec<String> = folders.iter().map(count).collect();
    let near_copies = match copies {
        0 => String::new(),
        1 => "; 1 near copy kept with its original".to_owned(),
        _ => format!("; {} near copies kept with their originals", with_thousands(copies as i64)),
    };
    format!("{found}, split by content into {}{near_copies}", counts.join(", "))
}

/// The source of a split's pixels or features, to follow the number of its pictures.
pub fn origin(origin: Option<Origin>) -> String {
    match origin {
        None => " (features from the cache)".to_owned(),
        Some(Origin::Memory) => String::new(),
        Some(Origin::Disk { decoded: 0 }) => " (from the cache)".to_owned(),
        Some(Origin::Disk { decoded }) => {
            format!(" ({} decoded into the cache)", with_thousands(decoded as i64))
        }
        Some(Origin::Stream) => " (decoded on demand)".to_owned(),
    }
}

/// `epoch 3`, or `epoch 3 and 12 steps of the next`.
pub fn done(epochs: i64, steps: i64) -> String {
    let plural = if steps == 1 { "" } else { "s" };
    let counted = format!("{} step{plural}", with_thousands(steps));
    match (epochs, steps) {
        (_, 0) => format!("epoch {epochs}"),
        (0, _) => counted,
        _ => format!("epoch {epochs} and {counted} of the next"),
    }
}

/// The line of one of `epochs` epochs.
pub fn epoch(row: &Epoch, epochs: i64) -> String {
    let width = epochs.to_string().len();
    format!(
        "epoch {:>width$}/{epochs}  loss {:.4}  acc {:.4}  val_loss {:.4}  val_acc {:.4}  {:.1} s  {:.0} pictures/s",
        row.epoch,
        row.loss,
        row.acc,
        row.val_loss,
        row.val_acc,
        row.seconds.unwrap_or(f64::NAN),
        row.images_per_second.unwrap_or(f64::NAN)
    )
}
