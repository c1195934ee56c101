//! The layers that networks are made of: primitives, one file each, and branches that join again.
//!
//! Shapes are `[H, W, C]` or `[units]`, without the batch, as Keras prints them. Batches are
//! `[N, C, H, W]`, channels-last in memory, or `[N, units]`.

mod activation;
mod batch_norm;
mod branches;
mod conv2d;
mod dense;
mod dropout;
mod flatten;
mod layer_norm;
mod pool2d;
mod scale;
mod windows;

use super::chain::Chain;
use super::onnx::Graph;
use super::part::{Part, TensorShape};
use super::run::{At, Pass};
use anyhow::Result;
use tch::{Device, Kind, Tensor};

pub use activation::Activation;
pub use batch_norm::{BatchNorm, Statistics};
pub use branches::Branches;
pub use conv2d::Conv2d;
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use layer_norm::LayerNorm;
pub use pool2d::Pool2d;
pub use scale::Scale;
pub use windows::{Padding, Windows};

/// What every layer knows of itself.
pub(crate) trait Primitive {
    /// Keras's class name.
    fn class_name(&self) -> &'static str;

    /// The output's shape, with sizes of 0 or less if the input is too small; `None` if it lacks the
    /// axes that the layer needs.
    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        Some(input.to_vec())
    }

    /// The tensors for such an input, in the order in which they are trained and stored.
    fn tensors(&self, _input: &[i64]) -> Vec<TensorShape> {
        Vec::new()
    }

    /// The type to compute in, in a network that computes in `kind`.
    fn kind(&self, kind: Kind, _frozen: bool, _device: Device) -> Kind {
        kind
    }

    /// The output for the batch `x`, in the type of `x`.
    ///
    /// # Errors
    /// If the batch has another shape, or libtorch is out of memory.
    fn forward(&self, at: &mut At<'_>, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor>;

    /// Adds what it computes in prediction on the value `x` to an ONNX graph; returns the name of its
    /// output.
    ///
    /// # Errors
    /// If one of its tensors is missing.
    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String>;
}

/// The enum of all layers, one line each: the type in its file.
macro_rules! layers {
    ($($(#[$attribute:meta])* $layer:ident,)*) => {
        /// A layer.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Layer {
            $($(#[$attribute])* $layer($layer),)*
        }

        $(impl From<$layer> for Layer {
            fn from(layer: $layer) -> Self {
                Self::$layer(layer)
            }
        })*

        impl Layer {
            pub(crate) fn primitive(&self) -> &dyn Primitive {
                match self {
                    $(Self::$layer(layer) => layer,)*
                }
            }
        }
    };
}

layers! {
    /// A function of each value.
    Activation,
    /// Batch normalization.
    BatchNorm,
    /// Several chains on one input.
    Branches,
    /// A convolution.
    Conv2d,
    /// Each unit a weighted sum of all inputs and a bias.
    Dense,
    /// Each value kept with a probability, in training.
    Dropout,
    /// One row of all values.
    Flatten,
    /// Layer normalization.
    LayerNorm,
    /// The maximum or the mean of windows, or of each channel.
    Pool2d,
    /// Each channel times a trained factor.
    Scale,
}

impl Layer {
    /// Keras's class name.
    pub fn class_name(&self) -> &'static str {
        self.primitive().class_name()
    }

    /// The chains of [`Branches`]; none of other layers.
    pub(super) fn branches(&self) -> &[Chain] {
        match self {
            Self::Branches(branches) => branches.chains(),
            _ => &[],
        }
    }
}
