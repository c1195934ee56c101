//! Cells of CSV files that people open in spreadsheets.
//!
//! A spreadsheet computes a cell that begins with `=` or one of its like, so a file's or a class's name
//! could compute there. [`text`] and [`path`] write such names in a form that it shows as text, and
//! [`read_text`] and [`read_path`] read them back.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a formula begins with, East Asian forms included.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A name as the text of a cell: with `'` before what a spreadsheet would compute. Numbers stay as
/// they are.
pub fn text(name: &str) -> Cow<'_, str> {
    match is_formula(name) && name.parse::<f64>().is_err() {
        true => Cow::Owned(format!("'{name}")),
        false => Cow::Borrowed(name),
    }
}

/// The name whose cell is `cell`; the inverse of [`text`].
pub fn read_text(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|name| is_formula(name)).unwrap_or(cell)
}

/// Whether `name` begins a formula, maybe after some `'`, so that [`text`] can be undone.
fn is_formula(name: &str) -> bool {
    name.trim_start_matches('\'').starts_with(FORMULA)
}

/// A path as the bytes of a cell: with `./` before a relative one that a spreadsheet would compute.
pub fn path(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_bytes();
    let start = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    match start.starts_with(FORMULA) {
        true => Cow::Owned([b"./", bytes].concat()),
        false => Cow::Borrowed(bytes),
    }
}

/// The path whose cell is `cell`; the inverse of [`path`]. `./` means nothing in any path.
pub fn read_path(mut cell: &[u8]) -> &Path {
    while cell.starts_with(b"./")
        && let Some(start) = cell[1..].iter().position(|&byte| byte != b'/')
    {
        cell = &cell[1 + start..];
    }
    Path::new(OsStr::from_bytes(cell))
}

/// The columns of a table: those with `names`, then one for each of `classes`, whose name is the
/// class's, or, if there is a column of that name, `probability of CLASS`.
pub fn columns(names: &[&str], classes: &[String]) -> Vec<String> {
    let mut columns: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    for class in classes {
        let mut column = class.clone();
        while names.contains(&column.as_str()) || (column != *class && classes.contains(&column)) {
            column = format!("probability of {column}");
        }
        columns.push(text(&column).into_owned());
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_and_read_back() {
        for (name, cell) in [
            ("cat", "cat"),
            ("=1+1", "'=1+1"),
            ("@cat", "'@cat"),
            ("'=1", "''=1"),
            ("'cat'", "'cat'"),
            ("\tcat", "'\tcat"),
            ("＝1", "'＝1"),
            ("-1", "-1"),
            ("-1-1", "'-1-1"),
            ("", ""),
        ] {
            assert_eq!(text(name), cell);
            assert_eq!(read_text(cell), name);
        }
        for (name, cell) in [
            (&b"a/=b.jpg"[..], &b"a/=b.jpg"[..]),
            (b"=b.jpg", b"./=b.jpg"),
            (b"-1", b"./-1"),
            (b"\xFF.jpg", b"\xFF.jpg"),
            (b"/=", b"/="),
        ] {
            let name = Path::new(OsStr::from_bytes(name));
            assert_eq!(&*path(name), cell);
            assert_eq!(read_path(cell), name);
        }
        assert_eq!(read_path(b".//./a/./b").as_os_str(), "a/./b");
        assert_eq!(read_path(b"./").as_os_str(), "./");
    }

    #[test]
    fn no_two_columns_share_a_name() {
        let classes = ["cat", "path", "probability of path", "=x"].map(str::to_owned);
        assert_eq!(
            columns(&["path", "class"], &classes),
            [
                "path",
                "class",
                "cat",
                "probability of probability of path",
                "probability of path",
                "'=x"
            ]
        );
    }
}
