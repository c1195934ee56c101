//! Files that commands write where the user says. One that exists is replaced only if it is an earlier
//! output of the same kind, or with `--force`.

use anyhow::{Result, ensure};
use petite::report::drawing::{PNG_MARK, SVG_MARK};
use petite::text::shown::shown;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a file that show its kind.
const START: u64 = 64 << 10;

/// What an output holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A CSV of predictions.
    Predictions,
    /// An HTML report.
    Report,
    /// A drawing, as PNG or SVG.
    Drawing,
    /// A manual page.
    Manual,
    /// A network, weights or other tensors. These may be all that is left of a training, so no earlier
    /// file is replaced.
    Tensors,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Predictions => "predictions",
            Self::Report => "a report",
            Self::Drawing => "a drawing of petite's",
            Self::Manual => "a manual page of petite's",
            Self::Tensors => "nothing",
        }
    }

    /// Whether the file that begins with `start` is an earlier output of this kind.
    fn is(self, start: &[u8]) -> bool {
        let has = |mark: &[u8]| start.windows(mark.len()).any(|found| found == mark);
        match self {
            Self::Predictions => is_predictions(start),
            Self::Report => has(b"<meta name=\"generator\" content=\"petite\">"),
            Self::Drawing => has(PNG_MARK) || has(SVG_MARK.as_bytes()),
            Self::Manual => start.starts_with(b".TH petite"),
            Self::Tensors => false,
        }
    }
}

/// Refuses an output at `path` that would replace anything but an earlier output of its kind, unless
/// `force` is given. Called before any work is done.
///
/// # Errors
/// If `path` is such a file, a folder, or `-`.
pub fn check(path: &Path, kind: Kind, force: bool) -> Result<()> {
    ensure!(
        path.as_os_str() != "-",
        "expected a file to write, found -; try ./- for a file of this name"
    );
    ensure!(
        !path.is_dir(),
        "expected a file to write, found the folder {}; try a file in it",
        shown(path)
    );
    let is_empty = || path.metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
    if force || path.symlink_metadata().is_err() || is_empty() {
        return Ok(());
    }
    let mut start = Vec::new();
    if path.is_file() {
        File::open(path).and_then(|file| file.take(START).read_to_end(&mut start)).ok();
    }
    ensure!(
        kind.is(&start),
        "expected {} at {}, found another file; try --force to replace it, or another path",
        if kind == Kind::Tensors {
            "nothing".to_owned()
        } else {
            format!("{} or nothing", kind.name())
        },
        shown(path)
    );
    Ok(())
}

/// Whether a file begins as those of `petite predict --csv`: with their columns, and a probability in
/// the first row, if there is one.
fn is_predictions(start: &[u8]) -> bool {
    let mut rows =
        csv::ReaderBuilder::new().has_headers(false).from_reader(start).into_byte_records();
    let Some(Ok(header)) = rows.next() else { return false };
    let columns: Vec<&[u8]> = header.iter().collect();
    let is_share = |cell: &[u8]| {
        let value = std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok());
        value.is_some_and(|value: f64| (0.0..=1.0).contains(&value))
    };
    columns.len() > 2
        && columns[..2] == [&b"path"[..], b"class"]
        && rows.next().is_none_or(|row| row.is_ok_and(|row| row.get(2).is_some_and(is_share)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_outputs_of_the_same_kind_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files: [(&str, &[u8], Option<Kind>); 8] = [
            ("p.csv", b"path,class,cats,dogs\na.jpg,cats,1,0\n", Some(Kind::Predictions)),
            ("top.csv", b"path,class,probability\n", Some(Kind::Predictions)),
            ("labels.csv", b"path,class\na.jpg,cats\n", None),
            ("split.csv", b"path,class,split\na.jpg,cats,train\n", None),
            (
                "report.html",
                b"<!doctype html><meta name=\"generator\" content=\"petite\">",
                Some(Kind::Report),
            ),
            ("page.html", b"<!doctype html>", None),
            ("petite.1", b".TH petite 1", Some(Kind::Manual)),
            ("photo.jpg", b"\xFF\xD8\xFF", None),
        ];
        std::fs::write(at("empty"), "").unwrap();
        for (name, bytes, own) in files {
            std::fs::write(at(name), bytes).unwrap();
            for kind in
                [Kind::Predictions, Kind::Report, Kind::Drawing, Kind::Manual, Kind::Tensors]
            {
                assert_eq!(
                    check(&at(name), kind, false).is_ok(),
                    own == Some(kind),
                    "{name} {kind:?}"
                );
                assert!(check(&at(name), kind, true).is_ok());
                assert!(["new", "empty"].iter().all(|name| check(&at(name), kind, false).is_ok()));
            }
        }
        symlink(at("gone"), at("link")).unwrap();
        for path in [Path::new("-"), folder.path(), &at("link"), Path::new("/dev/null")] {
            assert!(check(path, Kind::Predictions, false).is_err(), "{path:?}");
        }
    }
}
