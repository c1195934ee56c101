//! What an evaluation saw and said, picture by picture, for other programs.

use crate::data::{folder::Sample, loader::Loader};
use crate::models::weights::{self, Metadata};
use anyhow::{Context, Result};
use std::path::Path;
use tch::Tensor;

/// Writes `images` (`[N, H, W, C]` u8), `labels` (`[N]` i64) and `probabilities` (f32, `[N]` of the
/// second class, or `[N, classes]`) in the format of the extension of `path`. `samples` are the
/// pictures of `loader`. The metadata of a safetensors file has `classes` and the pictures'
/// `paths`, both JSON arrays.
///
/// # Errors
/// If the file cannot be written.
pub fn save(
    path: &Path,
    loader: &Loader,
    samples: &[Sample],
    classes: &[String],
    probabilities: &Tensor,
) -> Result<()> {
    let paths: Vec<_> = samples.iter().map(|sample| sample.path.to_string_lossy()).collect();
    let json = |error| format!("cannot turn {error} into JSON");
    let metadata = Metadata::from([
        ("classes".to_owned(), serde_json::to_string(classes).with_context(|| json("classes"))?),
        ("paths".to_owned(), serde_json::to_string(&paths).with_context(|| json("paths"))?),
    ]);
    let tensors = [
        ("images".to_owned(), loader.pixels().shallow_clone()),
        ("labels".to_owned(), loader.labels().shallow_clone()),
        ("probabilities".to_owned(), probabilities.shallow_clone()),
    ];
    weights::save(path, &tensors, metadata)
}
