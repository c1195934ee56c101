//! Wording of data sets, sources of pixels and progress.

use crate::program::duration;
use petite::dataset::data_set::DataSet;
use petite::dataset::layout::Layout;
use petite::history::Epoch;
use petite::pictures::cache::Origin;
use petite::pictures::folder::Folder;
use petite::run::events::SplitByContent;
use petite::text::numbers::with_thousands;
use std::path::Path;

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

/// Where decoded pictures are kept, and why if the lack of `free` memory is the reason; in bytes.
pub fn cache(folder: &Path, bytes: u64, free: Option<u64>) -> String {
    let mebibytes = |bytes: u64| with_thousands((bytes >> 20) as i64);
    let why = free.map_or(String::new(), |free| {
        format!(
            ": the pixels, {} MiB, exceed a quarter of the free memory, {} MiB",
            mebibytes(bytes),
            mebibytes(free)
        )
    });
    format!("cache       {}{why}", folder.display())
}

/// `features    2,000 train pictures in 63 s, 32 pictures/s`
pub fn pass(of: &str, split: Option<&str>, pictures: usize, seconds: f64) -> String {
    let split = split.map_or(String::new(), |split| format!("{split} "));
    let (rate, pictures) = (pictures as f64 / seconds, with_thousands(pictures as i64));
    let seconds = duration::shown(seconds);
    format!("{of:<11} {pictures} {split}pictures in {seconds}, {rate:.0} pictures/s")
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

/// Columns of a terminal that lines fit into.
const COLUMNS: usize = 80;

/// The line of one of `epochs` epochs, with its seconds and the pictures that it trained on per second:
/// less spread out where it would not fit otherwise.
pub fn epoch(row: &Epoch, epochs: i64) -> String {
    let Epoch { epoch, loss, acc, val_loss, val_acc, .. } = row;
    let (width, seconds) = (epochs.to_string().len(), row.seconds.unwrap_or(f64::NAN));
    let (decimals, speed) =
        (usize::from(seconds < 10.0), row.images_per_second.unwrap_or(f64::NAN));
    let spread = |head: &str, gap: &str| {
        format!(
            "{head}{epoch:>width$}/{epochs}{gap}loss {loss:.4} acc {acc:.4}{gap}val_loss {val_loss:.4} val_acc {val_acc:.4}{gap}{seconds:.decimals$} s{gap}{speed:.0}/s"
        )
    };
    let lines = [("epoch ", "  "), ("epoch ", " "), ("", " ")].map(|(head, gap)| spread(head, gap));
    lines.iter().find(|line| line.len() <= COLUMNS).unwrap_or(&lines[2]).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoch_lines_fit_a_terminal() {
        let line = |epoch, epochs, losses, seconds, speed| {
            let row = Epoch::new(epoch, losses, 0.53, losses, 0.58);
            let (seconds, speed) = (Some(seconds), Some(speed));
            super::epoch(&Epoch { seconds, images_per_second: speed, ..row }, epochs)
        };
        assert_eq!(
            line(1, 30, 0.68841, 44.44, 50.4),
            "epoch  1/30  loss 0.6884 acc 0.5300  val_loss 0.6884 val_acc 0.5800  44 s  50/s"
        );
        assert_eq!(
            line(9, 2000, 0.68841, 4321.4, 1234.4),
            "   9/2000 loss 0.6884 acc 0.5300 val_loss 0.6884 val_acc 0.5800 4321 s 1234/s"
        );
        assert_eq!(
            line(100, 100, 0.68841, 2.44, 821.4),
            "epoch 100/100 loss 0.6884 acc 0.5300 val_loss 0.6884 val_acc 0.5800 2.4 s 821/s"
        );
        assert_eq!(line(9999, 9999, 12.3, 9999.0, 99999.0).len(), 80);
    }
}
