//! The definition of a model, which its file gives.

use super::Downsample;
use crate::nn::chain::Chain;
use crate::nn::preprocess::Preprocess;
use crate::pictures::picture::ColorMode;

/// The definition of a model.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name in settings and files.
    pub name: &'static str,
    /// Height and width, in pixels, of the pictures it was made for.
    pub image_size: (usize, usize),
    /// The colors of its input.
    pub color_mode: ColorMode,
    /// Its layers, and what else is known of them.
    pub form: Form,
}

/// Whether a model is trained from scratch or comes with weights.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A whole network, trained from scratch.
    Scratch {
        /// Its layers with these options.
        layers: fn(&Options) -> Vec<Chain>,
    },
    /// A pretrained base.
    Base(BaseDefinition),
}

/// The options of a network trained from scratch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The number of classes; `None` leaves out the classifier where the book shows the network
    /// without it (listing 5.1).
    pub classes: Option<usize>,
    /// How feature maps become smaller.
    pub downsample: Downsample,
    /// The rate of dropout after Flatten, 0..1 (listing 5.13).
    pub dropout: Option<f64>,
}

/// A network without its classifier, and its published weights.
#[derive(Debug, Clone, Copy)]
pub struct BaseDefinition {
    /// Its layers with their names, at width `alpha`, which multiplies the filters of every layer.
    pub layers: fn(alpha: f64) -> Vec<(String, Chain)>,
    /// The lowest and highest width; `None` if it is always 1.
    pub alphas: Option<(f64, f64)>,
    /// The preprocessing that the published weights were trained with.
    pub preprocess: Preprocess,
    /// Layers of the published classifier, which is not part of a base.
    pub classifier: &'static [&'static str],
    /// The first layer that fine-tuning trains by default.
    pub first_trained: &'static str,
}
