//! Pictures that are in two classes.

use crate::pictures::folder::Sample;
use crate::text::numbers::{cut, with_thousands};
use crate::text::shown::shown;
use std::path::Path;

/// Pairs that are named in a sentence.
const NAMED: usize = 3;

/// The near copies with another label than the first picture of their group, each with that picture.
/// `first` has, for each of `samples`, the index of the first of its group.
pub fn find<'a>(samples: &[&'a Sample], first: &[usize]) -> Vec<[&'a Sample; 2]> {
    let pairs = samples.iter().zip(first).map(|(&copy, &first)| [samples[first], copy]);
    pairs.filter(|[one, other]| one.label != other.label).collect()
}

/// `a/1.jpg (roses) and b/2.jpg (tulips)`, with paths inside `folder`.
pub fn describe([one, other]: &[&Sample; 2], classes: &[String], folder: &Path) -> String {
    let named = |sample: &Sample| {
        let path = shown(sample.path.strip_prefix(folder).unwrap_or(&sample.path));
        format!("{path} ({})", classes.get(sample.label).map_or("no class".to_owned(), |c| cut(c)))
    };
    format!("{} and {}", named(one), named(other))
}

/// What is to be said of all of them; `None` if there are none. `folder` is the data set's.
pub fn warning(found: &[[&Sample; 2]], classes: &[String], folder: &Path) -> Option<String> {
    let named: Vec<String> =
        found.iter().take(NAMED).map(|pair| describe(pair, classes, folder)).collect();
    let pairs = match found.len() {
        0 => return None,
        1 => "1 pair of equal or nearly equal pictures".to_owned(),
        count => {
            format!("{} pairs of equal or nearly equal pictures", with_thousands(count as i64))
        }
    };
    Some(format!(
        "expected every picture in one class, found {pairs} in two: {}{}; try petite suspects, which lists them for correction",
        named.join(", "),
        if found.len() > NAMED { ", …" } else { "" }
    ))
}
