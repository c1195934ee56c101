//! The golden files.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow").join(name)
}

pub fn read_json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&std::fs::read(golden(name)).unwrap()).unwrap()
}

pub fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A file of `formats.json` and Pillow's pixels for it.
#[derive(serde::Deserialize)]
pub struct Case {
    pub name: String,
    file: String,
    /// Rows and columns.
    pub size: [usize; 2],
    rgb: String,
    l: String,
}

impl Case {
    pub fn all() -> Vec<Self> {
        read_json("formats.json")
    }

    pub fn named(name: &str) -> Self {
        Self::all().into_iter().find(|case| case.name == name).unwrap()
    }

    pub fn file(&self) -> Vec<u8> {
        bytes(&self.file)
    }

    pub fn rgb(&self) -> Vec<u8> {
        bytes(&self.rgb)
    }

    pub fn gray(&self) -> Vec<u8> {
        bytes(&self.l)
    }
}

/// Largest and mean difference in levels.
pub fn difference(found: &[u8], expected: &[u8]) -> (u8, f64) {
    assert_eq!(found.len(), expected.len());
    let levels = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let mean = levels.clone().map(f64::from).sum::<f64>() / found.len() as f64;
    (levels.max().unwrap(), mean)
}
