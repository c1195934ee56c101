//! A file of pretrained weights, and the conversion of its names and layouts to this crate's.

use super::architecture::{Architecture, tensors};
use super::shapes::ShapedLayer;
use super::zoo::Model;
use crate::error::fault;
use crate::weights::{self, Named};
use anyhow::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use tch::Tensor;

/// Faults that an error lists; further ones are counted.
const LISTED: usize = 12;

/// The tensors of a file as stored: with torchvision's names and layouts, which are this crate's,
/// or Keras's.
#[derive(Debug)]
pub struct Stored {
    path: PathBuf,
    tensors: Named,
}

impl Stored {
    /// Reads a file in any format of [`weights::load`].
    ///
    /// # Errors
    /// As [`weights::load`].
    pub fn read(path: &Path) -> Result<Self> {
        let (tensors, _) = weights::load(path)?;
        Ok(Self { path: path.to_owned(), tensors })
    }

    /// The layers of `architecture` up to the last that this file has weights for. Published weights
    /// often lack the last layers; loading checks that no earlier tensor is missing.
    pub fn cut(&self, architecture: Architecture) -> Architecture {
        let names = self.names(&architecture);
        let is_in =
            |layer: &ShapedLayer| layer.tensors().iter().any(|tensor| names.contains(&tensor.name));
        let layers = &architecture.layers;
        let Some(last) = layers.iter().rposition(is_in) else { return architecture };
        // A pooling has no weights; keep one that follows the last layer.
        let rest = &layers[last + 1..];
        let poolings = rest.iter().take_while(|layer| layer.tensors().is_empty()).count();
        architecture.first(last + 1 + poolings)
    }

    /// This crate's names for its tensors.
    fn names(&self, architecture: &Architecture) -> HashSet<String> {
        self.tensors.iter().map(|(name, _)| our_name(name, architecture).0).collect()
    }

    /// The tensors of `expected` with this crate's names and layouts, and the stored names that
    /// were ignored: the classifier's, those of layers cut off, and PyTorch's batch counters.
    ///
    /// # Errors
    /// If names are missing, unknown or duplicate, or shapes or types differ; the error lists them.
    pub(super) fn fitted(
        &self,
        model: Model,
        architecture: &Architecture,
        expected: &[(String, Tensor)],
    ) -> Result<(Named, Vec<String>)> {
        let classifier = model.base()?.classifier;
        let cut_off: HashSet<String> =
            tensors(&architecture.cut_off).map(|tensor| tensor.name).collect();
        let mut fitting = Named::with_capacity(expected.len());
        let mut ignored = Vec::new();
        let mut faults = Vec::new();
        let mut seen = HashSet::new();
        for (stored, tensor) in &self.tensors {
            let (name, axes) = our_name(stored, architecture);
            if !seen.insert(name.clone()) {
                faults.push(format!("{stored} occurs twice"));
            } else if let Some((_, to)) = expected.iter().find(|(known, _)| *known == name) {
                let tensor = match axes {
                    Some(axes) if tensor.dim() == axes.len() => tensor.f_permute(axes)?,
                    _ => tensor.shallow_clone(),
                };
                if tensor.size() == to.size() && tensor.kind() == to.kind() {
                    fitting.push((name, tensor));
                } else {
                    faults.push(format!(
                        "{stored} is {:?} {:?} instead of {:?} {:?}",
                        tensor.kind(),
                        tensor.size(),
                        to.kind(),
                        to.size()
                    ));
                }
            } else if cut_off.contains(&name) || is_ignored(&name, classifier, expected, &cut_off) {
                ignored.push(stored.clone());
            } else {
                faults.push(format!("{stored} is not part of it"));
            }
        }
        let missing = expected.iter().filter(|(name, _)| !seen.contains(name));
        faults.extend(missing.map(|(name, _)| format!("{name} is missing")));
        if !faults.is_empty() {
            let more = faults.len().saturating_sub(LISTED);
            faults.truncate(LISTED);
            fault!(
                Weights,
                "expected the weights of {} in {}, found others: {}{}; try another file, or another `model`, `alpha` or `through`",
                model.name(),
                self.path.display(),
                faults.join(", "),
                if more > 0 { format!(" and {more} more") } else { String::new() }
            );
        }
        Ok((fitting, ignored))
    }

    /// The file it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether `name` is known but not part of a base: the `classifier`'s, or PyTorch's batch counter
/// of a normalization.
fn is_ignored(
    name: &str,
    classifier: &[&str],
    expected: &[(String, Tensor)],
    cut_off: &HashSet<String>,
) -> bool {
    let Some((layer, variable)) = name.rsplit_once('.') else { return false };
    let of_norm = || {
        let mean = format!("{layer}.running_mean");
        expected.iter().any(|(known, _)| *known == mean) || cut_off.contains(&mean)
    };
    classifier.contains(&layer) || variable == "num_batches_tracked" && of_norm()
}

/// This crate's name for a stored one, and the permutation from Keras's layout to this crate's.
///
/// Keras's names are `LAYER/VARIABLE`. TensorFlow may repeat the layer and append `:0`;
/// SqueezeNet's layers contain a `/`. Keras's kernels are `[H, W, I, O]`, depthwise ones
/// `[H, W, C, 1]`.
fn our_name(stored: &str, architecture: &Architecture) -> (String, Option<[i64; 4]>) {
    let unchanged = || (stored.to_owned(), None);
    let Some((layer, variable)) = stored.strip_suffix(":0").unwrap_or(stored).rsplit_once('/')
    else {
        return unchanged();
    };
    let layer = match layer.split_at_checked(layer.len() / 2) {
        Some((first, second)) if second.strip_prefix('/') == Some(first) => first,
        _ => layer,
    };
    let layer = layer.replace('/', ".");
    let layers = architecture.layers.iter().chain(&architecture.cut_off);
    let depthwise = || {
        let mut convolutions = layers.flat_map(|layer| layer.convolutions());
        convolutions.any(|shaped| shaped.name == layer && shaped.conv.depthwise)
    };
    let (variable, axes) = match variable {
        "depthwise_kernel" => ("weight", Some([2, 3, 0, 1])),
        "kernel" if depthwise() => ("weight", Some([2, 3, 0, 1])),
        "kernel" => ("weight", Some([3, 2, 0, 1])),
        "gamma" => ("weight", None),
        "bias" | "beta" => ("bias", None),
        "moving_mean" => ("running_mean", None),
        "moving_variance" => ("running_var", None),
        _ => return unchanged(),
    };
    (format!("{layer}.{variable}"), axes)
}
