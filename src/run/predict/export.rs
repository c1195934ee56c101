//! Exporting the pictures, labels and probabilities of an evaluation to other programs.

use crate::batches::loader::Loader;
use crate::pictures::folder::Sample;
use crate::weights::{self, Metadata};
use anyhow::{Context, Result};
use std::path::Path;
use tch::{Device, Tensor};

/// Writes the tensors `images` (`[N, H, W, C]` u8), `labels` (`[N]` i64) and `probabilities` (f32,
/// see [`Loss::probabilities`](crate::training::loss::Loss::probabilities)) in the format of
/// `path`'s extension. `samples` are the pictures of `loader`, in order. A safetensors file has
/// `classes` and `paths` in its metadata, both as JSON arrays.
///
/// # Errors
/// If the file cannot be written or a picture cannot be read.
pub fn save(
    path: &Path,
    loader: &mut Loader,
    samples: &[Sample],
    classes: &[String],
    probabilities: &Tensor,
) -> Result<()> {
    let paths: Vec<_> = samples.iter().map(|sample| sample.path.to_string_lossy()).collect();
    let json = |what| format!("cannot serialize {what} to JSON");
    let metadata = Metadata::from([
        ("classes".to_owned(), serde_json::to_string(classes).with_context(|| json("classes"))?),
        ("paths".to_owned(), serde_json::to_string(&paths).with_context(|| json("paths"))?),
    ]);
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for step in 0..loader.steps_per_epoch() {
        let batch = loader.batch(0, step)?;
        images.push(batch.input.values().f_to_device(Device::Cpu)?);
        labels.push(batch.targets.classes.f_to_device(Device::Cpu)?);
    }
    let tensors = [
        ("images".to_owned(), Tensor::f_cat(&images, 0)?),
        ("labels".to_owned(), Tensor::f_cat(&labels, 0)?),
        ("probabilities".to_owned(), probabilities.shallow_clone()),
    ];
    weights::save(path, &tensors, metadata)
}
