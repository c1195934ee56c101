//! Kaggle's own pictures of Dogs vs. Cats, known by their SHA-256.

use super::numbered::parse_name;
use crate::pictures::file::read_file;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A comment, and then a line for each number from 0: the first 16 of the 64 hex digits of the
/// SHA-256 of `cat.N.jpg` and `dog.N.jpg`. 64 bits tell apart any files but forged ones.
const CHECKSUMS: &str = include_str!("../../scripts/dogs-vs-cats.txt");

/// Length of a line with two checksums.
const LINE: usize = 2 * (16 + 1);

/// Pictures with names of Kaggle's, compared with Kaggle's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// How many were compared.
    pub pictures: usize,
    /// Those with another content, or that cannot be read: altered copies, or pictures of one's own.
    pub others: Vec<PathBuf>,
}

impl Compared {
    /// Compares those of `pictures` that are called like one of Kaggle's first 2,000 of a class, `cat.0.jpg`.
    pub fn of<'a>(pictures: impl Iterator<Item = &'a Path>) -> Self {
        let mut compared = Self::default();
        let mut bytes = Vec::new();
        for picture in pictures {
            let expected = parse_name(picture).and_then(|(class, number)| checksum(class, number));
            let Some(expected) = expected else { continue };
            let is_read = read_file(picture, &mut bytes).is_ok();
            let digest = Sha256::digest(&bytes);
            let found: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            compared.pictures += 1;
            if !is_read || found != expected {
                compared.others.push(picture.to_owned());
            }
        }
        compared
    }
}

fn checksum(class: &str, number: usize) -> Option<&'static str> {
    let column = ["cat", "dog"].iter().position(|known| *known == class)?;
    // All lines have the same length.
    let rows = CHECKSUMS.split_once('\n')?.1;
    rows.get(number.checked_mul(LINE)?..)?.lines().next()?.split(' ').nth(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_both_classes_has_a_checksum_of_its_own() {
        let mut all: Vec<_> = (0..2000)
            .flat_map(|number| ["cat", "dog"].map(|class| checksum(class, number).unwrap()))
            .collect();
        assert_eq!(all[1], "02cd44c092168d3c");
        assert!(all.iter().all(|sum| sum.len() == 16 && u64::from_str_radix(sum, 16).is_ok()));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4000);
        assert_eq!((checksum("cat", 2000), checksum("bird", 0)), (None, None));
    }
}
