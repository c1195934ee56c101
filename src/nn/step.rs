//! What a network computes, step by step.

use super::dropout::Dropout;
use crate::native::conv_pool::conv2d_max_pool2d_relu;
use anyhow::{Context, Result};
use tch::{Kind, Tensor, nn};

/// The masks of the dropouts that are still to come in training, else none.
pub(super) type Masks<'a> = Option<std::slice::Iter<'a, Tensor>>;

/// One operation of the forward pass.
#[derive(Debug)]
pub(super) enum Step {
    Conv {
        conv: nn::Conv2D,
        strides: i64,
    },
    Relu,
    MaxPool(i64),
    /// A convolution, 2×2 max pooling and relu in one.
    ConvMaxPoolRelu {
        conv: nn::Conv2D,
        strides: i64,
    },
    AveragePool(i64),
    GlobalAveragePool,
    Flatten,
    /// With the shape it is applied to, less the batch.
    Dropout(Dropout, Vec<i64>),
    Dense(nn::Linear),
}

impl Step {
    /// Its output for the batch `x`; a dropout takes its mask from `masks`.
    ///
    /// # Errors
    /// If the batch has another shape, a mask is missing, or libtorch is out of memory.
    pub(super) fn forward(&self, mut x: Tensor, masks: &mut Masks<'_>) -> Result<Tensor> {
        Ok(match self {
            Self::Conv { conv, strides } => {
                x.f_conv2d(&conv.ws, conv.bs.as_ref(), [*strides; 2], [0, 0], [1, 1], 1)?
            }
            Self::Relu => x.f_relu_()?,
            Self::MaxPool(size) => x.f_max_pool2d([*size; 2], [*size; 2], [0, 0], [1, 1], false)?,
            Self::ConvMaxPoolRelu { conv, strides } => conv2d_max_pool2d_relu(&x, conv, *strides)?,
            Self::AveragePool(size) => {
                x.f_avg_pool2d([*size; 2], [*size; 2], [0, 0], false, true, None)?
            }
            Self::GlobalAveragePool => x.f_mean_dim([2i64, 3].as_slice(), false, Kind::Float)?,
            // Height, width, channels as in Keras: on channels-last data nothing moves.
            Self::Flatten => x.f_permute([0, 2, 3, 1])?.f_flatten(1, -1)?,
            Self::Dropout(dropout, _) => match masks {
                Some(masks) => {
                    let mask = masks.next().context("expected a mask for each dropout")?;
                    dropout.apply(&x, mask)?
                }
                None => x,
            },
            Self::Dense(dense) => {
                x.f_to_kind(dense.ws.f_kind()?)?.f_linear(&dense.ws, dense.bs.as_ref())?
            }
        })
    }
}
