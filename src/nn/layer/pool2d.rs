//! Poolings.

use super::windows::{Padding, Windows};
use super::{Graph, Part, Primitive};
use crate::nn::run::{At, Pass};
use anyhow::{Result, bail, ensure};
use tch::{Kind, Tensor};

/// A pooling. Maxima and means ignore the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool2d {
    /// The maximum of each window.
    Max(Windows),
    /// The mean of each window.
    Average(Windows),
    /// The mean of each channel over height and width: a row of values.
    GlobalAverage,
}

impl Pool2d {
    /// 2×2 max pooling.
    pub const MAX_2X2: Self = Self::Max(Windows::tiled(2));
}

impl Primitive for Pool2d {
    fn class_name(&self) -> &'static str {
        match self {
            Self::Max(_) => "MaxPooling2D",
            Self::Average(_) => "AveragePooling2D",
            Self::GlobalAverage => "GlobalAveragePooling2D",
        }
    }

    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        let &[height, width, channels] = input else { return None };
        Some(match self {
            Self::Max(windows) | Self::Average(windows) => {
                vec![windows.count(height), windows.count(width), channels]
            }
            Self::GlobalAverage => vec![channels],
        })
    }

    fn forward(&self, _at: &mut At<'_>, x: Tensor, _pass: &mut Pass<'_>) -> Result<Tensor> {
        Ok(match self {
            Self::Max(windows) => {
                let (size, strides, padding) = arguments(*windows)?;
                x.f_max_pool2d(size, strides, padding, [1, 1], false)?
            }
            Self::Average(windows) => {
                let (size, strides, padding) = arguments(*windows)?;
                x.f_avg_pool2d(size, strides, padding, false, false, None)?
            }
            Self::GlobalAverage => x.f_mean_dim([2i64, 3].as_slice(), false, Kind::Float)?,
        })
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        let (Part { name, input_shape, .. }, none) = (part, Vec::new());
        // ONNX ignores the border in maxima and, by default, in means.
        Ok(match self {
            Self::Max(windows) => {
                graph.apply("MaxPool", name, &[&x], windows.attributes(input_shape)?)
            }
            Self::Average(windows) => {
                graph.apply("AveragePool", name, &[&x], windows.attributes(input_shape)?)
            }
            Self::GlobalAverage => {
                let mean = graph.apply("GlobalAveragePool", format!("{name}.mean"), &[&x], none);
                graph.flatten(name, &mean)
            }
        })
    }
}

/// Size, strides and padding as libtorch expects them.
fn arguments(windows: Windows) -> Result<([i64; 2], [i64; 2], [i64; 2])> {
    let padding = match windows.padding {
        Padding::Valid => 0,
        Padding::Around(border) => border,
        other => bail!("expected a pooling with the same padding on all sides, found {other:?}"),
    };
    ensure!(padding >= 0, "expected a padding of 0 or more, found {padding}");
    Ok(([windows.size; 2], [windows.strides; 2], [padding; 2]))
}
