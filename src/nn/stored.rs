//! A file of pretrained weights, and the conversion of its names and layouts to this crate's.

use super::architecture::{Architecture, ShapedLayer, tensors};
use super::layer::Layer;
use super::part::{TensorShape, flat};
use super::zoo::Model;
use crate::error::fault;
use crate::weights::{self, Adapted, Expected, Named};
use anyhow::Result;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use tch::Kind;

/// Widths of MobileNet for which weights are published.
const ALPHAS: [f64; 4] = [1.0, 0.75, 0.5, 0.25];

/// The tensors of a file as stored: with torchvision's names and layouts, which are this crate's,
/// or Keras's.
#[derive(Debug)]
pub struct Stored {
    path: PathBuf,
    tensors: Named,
    /// What the file has beside them.
    left_out: Option<String>,
}

impl Stored {
    /// Reads a file in any format of [`weights::load`].
    ///
    /// # Errors
    /// As [`weights::load`].
    pub fn read(path: &Path) -> Result<Self> {
        let (tensors, mut metadata) = weights::load(path)?;
        let left_out = metadata.remove(weights::LEFT_OUT);
        Ok(Self { path: path.to_owned(), tensors, left_out })
    }

    /// The layers of `architecture` up to the last that this file has weights for. Published weights
    /// often lack the last layers; loading checks that no earlier tensor is missing.
    pub fn cut(&self, architecture: Architecture) -> Architecture {
        let Ok(adapted) = self.adapted(&architecture) else { return architecture };
        let names: HashSet<String> = adapted.tensors.into_iter().map(|(name, _)| name).collect();
        let is_in =
            |layer: &ShapedLayer| layer.tensors().iter().any(|tensor| names.contains(&tensor.name));
        let layers = &architecture.layers;
        let Some(last) = layers.iter().rposition(is_in) else { return architecture };
        // A pooling has no weights; keep one that follows the last layer.
        let rest = &layers[last + 1..];
        let poolings = rest.iter().take_while(|layer| layer.tensors().is_empty()).count();
        architecture.first(last + 1 + poolings)
    }

    /// What is not as in the file when its tensors become those of `architecture`, for a person; `None`
    /// if nothing.
    pub fn said(&self, architecture: &Architecture) -> Option<String> {
        let said = self.adapted(architecture).ok().and_then(|adapted| adapted.said);
        let left_out = self.left_out.as_ref().map(|names| format!("not used: {names}"));
        let all: Vec<String> = said.into_iter().chain(left_out).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The tensors with this crate's names, layouts and type.
    fn adapted(&self, architecture: &Architecture) -> Result<Adapted> {
        let mut renamed = Named::with_capacity(self.tensors.len());
        for (stored, tensor) in &self.tensors {
            let (name, axes) = our_name(stored, architecture);
            let tensor = match axes {
                Some(axes) if tensor.dim() == axes.len() => tensor.f_permute(axes)?,
                _ => tensor.shallow_clone(),
            };
            renamed.push((name, tensor));
        }
        let all = tensors(&architecture.layers).chain(tensors(&architecture.cut_off));
        weights::adapt(&renamed, &all.map(|tensor| tensor.name).collect(), &self.path)
    }

    /// The tensors of `architecture`, `model`'s, with this crate's names, layouts and type, and the names
    /// that were ignored: the classifier's, those of layers cut off, and PyTorch's batch counters.
    ///
    /// # Errors
    /// If names are missing, unknown or duplicate, or shapes or types differ; the error says whose weights
    /// they look like, or lists what differs.
    pub(super) fn fitted(
        &self,
        model: Model,
        architecture: &Architecture,
    ) -> Result<(Named, Vec<String>)> {
        let (fitting, ignored, faults) = self.fit(model, architecture)?;
        let Some(faults) = faults else { return Ok((fitting, ignored)) };
        let (name, path) = (model.name(), self.path.display());
        if let Some((other, alpha)) = self.looks_like(architecture) {
            let alpha =
                other.base()?.alphas.map_or(String::new(), |_| format!(", `alpha` {alpha}"));
            fault!(
                Weights,
                "expected the weights of {name} in {path}, found those of {}{alpha}; try `model` {}{alpha}, or another file",
                other.name(),
                other.name()
            );
        }
        fault!(
            Weights,
            "expected the weights of {name} in {path}, found {faults}; try another file, or another `model`, `alpha` or `through`"
        );
    }

    /// As [`Stored::fitted`], with what keeps the tensors from fitting.
    fn fit(
        &self,
        model: Model,
        architecture: &Architecture,
    ) -> Result<(Named, Vec<String>, Option<String>)> {
        let classifier = model.base()?.classifier;
        let expected: Vec<Expected> = tensors(&architecture.layers)
            .map(|tensor| (tensor.name, tensor.shape, Kind::Float))
            .collect();
        let cut_off: HashSet<String> =
            tensors(&architecture.cut_off).map(|tensor| tensor.name).collect();
        let is_ignored = |name: &str| {
            cut_off.contains(name) || is_ignored(name, classifier, &expected, &cut_off)
        };
        let all = self.adapted(architecture)?.tensors;
        let (ignored, fitting): (Named, Named) =
            all.into_iter().partition(|(name, _)| is_ignored(name));
        let faults = weights::faults(&expected, &fitting);
        Ok((fitting, ignored.into_iter().map(|(name, _)| name).collect(), faults))
    }

    /// Another base than `than`, and its width, whose weights these are.
    fn looks_like(&self, than: &Architecture) -> Option<(Model, f64)> {
        let all = |of: &Architecture| -> Vec<TensorShape> {
            tensors(&of.layers).chain(tensors(&of.cut_off)).collect()
        };
        let fits = |&(model, alpha): &(Model, f64)| {
            let Ok(other) = model.base_architecture(alpha) else { return false };
            let is_other = all(&other) != all(than);
            let fit = || self.fit(model, &self.cut(other));
            is_other && fit().is_ok_and(|(.., faults)| faults.is_none())
        };
        let models = Model::ALL.into_iter().filter(|model| model.is_base());
        models.flat_map(|model| ALPHAS.map(|alpha| (model, alpha))).find(fits)
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
    expected: &[Expected],
    cut_off: &HashSet<String>,
) -> bool {
    let Some((layer, variable)) = name.rsplit_once('.') else { return false };
    let of_norm = || {
        let mean = format!("{layer}.running_mean");
        expected.iter().any(|(known, ..)| *known == mean) || cut_off.contains(&mean)
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
        let mut parts = layers.flat_map(|layer| flat(&layer.parts));
        parts.any(|part| {
            part.name == layer && matches!(&part.layer, Layer::Conv2d(conv) if conv.depthwise)
        })
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
