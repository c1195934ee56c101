//! What a layer computes: a batch in, a batch out.

use super::convolution::{Convolution, Statistics};
use super::dense::Dense;
use super::dropout::Dropout;
use super::layer::{Padding, Pool2d};
use super::weighted::Weighted;
use anyhow::{Context, Result, bail, ensure};
use tch::{Kind, Tensor};

/// How a batch passes through trained layers.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    /// The mean and variance of batch normalization.
    pub statistics: Statistics,
    /// In training, the masks of the dropouts still to come.
    pub masks: Option<std::slice::Iter<'a, Tensor>>,
}

/// A layer with its weights.
#[derive(Debug)]
pub(super) enum Operation {
    Conv2d(Convolution),
    MaxPool(Pool2d),
    AveragePool(Pool2d),
    GlobalAveragePool,
    Flatten,
    Dropout {
        dropout: Dropout,
        /// The input's shape, without the batch.
        shape: Vec<i64>,
    },
    Dense(Dense),
    /// Squeeze, expand 1×1, expand 3×3.
    Fire(Vec<Convolution>),
    Residual {
        convolutions: Vec<Convolution>,
        shortcut: Option<Convolution>,
    },
}

impl Operation {
    /// Its parts with weights, in the order in which their tensors are listed.
    pub fn weighted(&self) -> Vec<&dyn Weighted> {
        fn all(convolutions: &[Convolution]) -> Vec<&dyn Weighted> {
            convolutions.iter().map(|conv| conv as &dyn Weighted).collect()
        }
        match self {
            Self::Conv2d(conv) => vec![conv],
            Self::Dense(dense) => vec![dense],
            Self::Fire(convolutions) => all(convolutions),
            Self::Residual { convolutions, shortcut } => {
                let mut parts = all(convolutions);
                parts.extend(shortcut.as_ref().map(|conv| conv as &dyn Weighted));
                parts
            }
            _ => Vec::new(),
        }
    }

    /// As [`Operation::weighted`].
    pub fn weighted_mut(&mut self) -> Vec<&mut dyn Weighted> {
        fn all(convolutions: &mut [Convolution]) -> Vec<&mut dyn Weighted> {
            convolutions.iter_mut().map(|conv| conv as &mut dyn Weighted).collect()
        }
        match self {
            Self::Conv2d(conv) => vec![conv],
            Self::Dense(dense) => vec![dense],
            Self::Fire(convolutions) => all(convolutions),
            Self::Residual { convolutions, shortcut } => {
                let mut parts = all(convolutions);
                parts.extend(shortcut.as_mut().map(|conv| conv as &mut dyn Weighted));
                parts
            }
            _ => Vec::new(),
        }
    }

    /// The output for the batch `x`; a dropout takes its mask from `pass`.
    ///
    /// # Errors
    /// If the batch has another shape, a mask is missing, or libtorch is out of memory.
    pub fn forward(&self, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let run = |conv: &Convolution, x: &Tensor| conv.forward(x, pass.statistics);
        Ok(match self {
            Self::Conv2d(conv) => run(conv, &x)?,
            Self::MaxPool(pool) => {
                let (size, strides, padding) = windows(pool)?;
                x.f_max_pool2d(size, strides, padding, [1, 1], false)?
            }
            Self::AveragePool(pool) => {
                let (size, strides, padding) = windows(pool)?;
                x.f_avg_pool2d(size, strides, padding, false, false, None)?
            }
            Self::GlobalAveragePool => x.f_mean_dim([2i64, 3].as_slice(), false, Kind::Float)?,
            // Height, width, channels as in Keras: on channels-last data nothing moves.
            Self::Flatten => x.f_permute([0, 2, 3, 1])?.f_flatten(1, -1)?,
            Self::Dropout { dropout, .. } => match &mut pass.masks {
                Some(masks) => {
                    let mask = masks.next().context("expected a mask for each dropout")?;
                    dropout.apply(&x, mask)?
                }
                None => x,
            },
            Self::Dense(dense) => dense.forward(&x)?,
            Self::Fire(convolutions) => {
                let [squeeze, expand1x1, expand3x3] = &convolutions[..] else {
                    bail!("expected three convolutions in a fire module")
                };
                let squeezed = run(squeeze, &x)?;
                Tensor::f_cat(&[run(expand1x1, &squeezed)?, run(expand3x3, &squeezed)?], 1)?
            }
            Self::Residual { convolutions, shortcut } => {
                let mut convolved =
                    convolutions.iter().try_fold(x.shallow_clone(), |x, conv| run(conv, &x))?;
                let shortcut = match shortcut {
                    Some(conv) => run(conv, &x)?,
                    None => x,
                };
                convolved.f_add_(&shortcut)?.f_relu_()?
            }
        })
    }

    /// Whether it is 2×2 max pooling of adjacent windows.
    pub fn is_max_pool2x2(&self) -> bool {
        matches!(self, Self::MaxPool(pool) if *pool == Pool2d::tiled(2))
    }
}

/// Size, strides and padding of a pooling as libtorch expects them.
fn windows(pool: &Pool2d) -> Result<([i64; 2], [i64; 2], [i64; 2])> {
    let padding = match pool.padding {
        Padding::Valid => 0,
        Padding::Around(border) => border,
        other => bail!("expected a pooling with the same padding on all sides, found {other:?}"),
    };
    ensure!(padding >= 0, "expected a padding of 0 or more, found {padding}");
    Ok(([pool.pool_size; 2], [pool.strides; 2], [padding; 2]))
}
