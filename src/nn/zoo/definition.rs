//! What a model's file says of it.

use super::Downsample;
use crate::nn::layer::Layer;
use crate::nn::preprocess::Preprocess;
use crate::pictures::decode::ColorMode;

/// A model.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// The name by which settings and files call it.
    pub name: &'static str,
    /// Height and width, in pixels, of the pictures it was made for.
    pub image_size: (usize, usize),
    /// The colours it looks at.
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
        layers: fn(&Options) -> Vec<Layer>,
    },
    /// A pretrained base.
    Base(BaseDefinition),
}

/// What can be chosen of a network from scratch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How many classes are told apart; `None` leaves out the classifier where the book shows the
    /// network without it (listing 5.1).
    pub classes: Option<usize>,
    /// What makes the pictures smaller.
    pub downsample: Downsample,
    /// The rate of dropout after Flatten, 0..1: listing 5.13's.
    pub dropout: Option<f64>,
}

/// A network without its classifier, and its published weights.
#[derive(Debug, Clone, Copy)]
pub struct BaseDefinition {
    /// Its layers with their names, of a width: the filters of every layer are multiplied by it.
    pub layers: fn(alpha: f64) -> Vec<(String, Layer)>,
    /// The lowest and highest width, where there are others than 1.
    pub alphas: Option<(f64, f64)>,
    /// What the published weights were trained to see.
    pub preprocess: Preprocess,
    /// Layers of the published classifier, which is not part of a base.
    pub classifier: &'static [&'static str],
    /// The layer from which fine-tuning trains, unless another is asked for.
    pub first_trained: &'static str,
}
