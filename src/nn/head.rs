//! The layers on top of a pretrained base: `[H, W, C]` features to logits, listings 5.18 and 5.20
//! of Chollet, *Deep Learning with Python*, 2017.

use super::architecture::Architecture;
use super::chain::Chain;
use super::layer::{Dropout, Flatten, Pool2d};
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a base's features become one row of values per picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// All values, as in the book.
    Flatten,
    /// The mean of each channel (global average pooling).
    Average,
}

impl Pooling {
    /// Both choices.
    pub const ALL: [Self; 2] = [Self::Flatten, Self::Average];
}

/// The layers of a head: pooling, a dense layer of `units` with relu (none if 0), dropout, the
/// classifier. `features` is `[H, W, C]`.
///
/// # Errors
/// If a size of `features` is below 1.
pub fn architecture(
    features: [i64; 3],
    classes: usize,
    pooling: Pooling,
    units: i64,
    dropout: Option<f64>,
) -> Result<Architecture> {
    let mut layers = vec![match pooling {
        Pooling::Flatten => Chain::of(Flatten),
        Pooling::Average => Chain::of(Pool2d::GlobalAverage),
    }];
    layers.extend((units > 0).then(|| Chain::dense_relu(units)));
    layers.extend(dropout.map(|rate| Chain::of(Dropout { rate })));
    layers.push(Chain::classifier(classes));
    Architecture::new(features, &layers)
}
