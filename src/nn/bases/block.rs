//! The blocks of a base: what is frozen, fine-tuned or cut off as a whole.

use super::conv::{Conv, Statistics};
use super::conv_plan::{ConvPlan, Padding};
use crate::nn::summary::Row;
use anyhow::Result;
use tch::{Tensor, nn};

/// A block as it is to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockPlan {
    pub name: String,
    pub kind: BlockKind,
}

/// What a block does.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockKind {
    Conv(ConvPlan),
    MaxPool {
        pool_size: i64,
        strides: i64,
        /// Border on each side that never is the maximum.
        padding: i64,
    },
    /// SqueezeNet's: the first convolution makes few channels, of which the other two, 1×1 and 3×3,
    /// make many, side by side.
    Fire(Box<[ConvPlan; 3]>),
    /// relu(convolutions(x) + x), or with a convolution for the x that is added.
    Residual {
        convs: Vec<ConvPlan>,
        shortcut: Option<ConvPlan>,
    },
}

impl BlockPlan {
    /// Its convolutions, in the order in which their tensors are listed.
    pub fn convs(&self) -> Vec<&ConvPlan> {
        match &self.kind {
            BlockKind::Conv(conv) => vec![conv],
            BlockKind::MaxPool { .. } => Vec::new(),
            BlockKind::Fire(convs) => convs.iter().collect(),
            BlockKind::Residual { convs, shortcut } => convs.iter().chain(shortcut).collect(),
        }
    }

    /// The rows of a summary, for an input of `[H, W, C]`, and the shape of the output.
    pub fn rows(&self, input: [i64; 3]) -> (Vec<Row>, [i64; 3]) {
        let merge = |class_name, output: [i64; 3]| Row {
            name: self.name.clone(),
            class_name,
            output_shape: output.to_vec(),
            parameters: 0,
            fixed: 0,
        };
        match &self.kind {
            BlockKind::Conv(conv) => (conv_rows(conv, input), conv.output_shape(input)),
            BlockKind::MaxPool { pool_size, strides, padding } => {
                let [height, width, channels] = input;
                let side = |size| Padding::Around(*padding).output(size, *pool_size, *strides);
                let output = [side(height), side(width), channels];
                (vec![merge("MaxPooling2D", output)], output)
            }
            BlockKind::Fire(convs) => {
                let [squeeze, one, three] = convs.as_ref();
                let squeezed = squeeze.output_shape(input);
                let [height, width, _] = one.output_shape(squeezed);
                let output = [height, width, one.filters + three.filters];
                let mut rows = conv_rows(squeeze, input);
                rows.extend(conv_rows(one, squeezed));
                rows.extend(conv_rows(three, squeezed));
                rows.push(merge("Concatenate", output));
                (rows, output)
            }
            BlockKind::Residual { convs, shortcut } => {
                let mut rows = Vec::new();
                let mut shape = input;
                for conv in convs {
                    rows.extend(conv_rows(conv, shape));
                    shape = conv.output_shape(shape);
                }
                rows.extend(shortcut.iter().flat_map(|conv| conv_rows(conv, input)));
                rows.push(merge("Add", shape));
                (rows, shape)
            }
        }
    }
}

fn conv_rows(conv: &ConvPlan, input: [i64; 3]) -> Vec<Row> {
    let output_shape = conv.output_shape(input).to_vec();
    let mut rows = vec![Row {
        name: conv.name.clone(),
        class_name: if conv.depthwise { "DepthwiseConv2D" } else { "Conv2D" },
        output_shape: output_shape.clone(),
        parameters: conv.parameters(),
        fixed: 0,
    }];
    rows.extend(conv.norm.iter().map(|norm| Row {
        name: norm.name.clone(),
        class_name: "BatchNormalization",
        output_shape: output_shape.clone(),
        parameters: 4 * conv.filters,
        fixed: 2 * conv.filters,
    }));
    rows
}

/// A block with weights.
#[derive(Debug)]
pub struct Block {
    kind: BlockKind,
    /// As [`BlockPlan::convs`].
    convs: Vec<Conv>,
}

impl Block {
    /// Variables under `root`, their initial values drawn from `seed`; `first` is the place of the
    /// block's first convolution in the network.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn new(root: &nn::Path, plan: &BlockPlan, seed: u64, first: usize) -> Result<Self> {
        let convs = plan.convs().into_iter().zip(first..);
        let convs = convs.map(|(conv, index)| Conv::new(root, conv, seed, index));
        Ok(Self { kind: plan.kind.clone(), convs: convs.collect::<Result<_>>()? })
    }

    /// Its convolutions.
    pub fn convs(&self) -> &[Conv] {
        &self.convs
    }

    /// As [`Block::convs`].
    pub fn convs_mut(&mut self) -> &mut [Conv] {
        &mut self.convs
    }

    /// `[N, C, H, W]` in and out.
    ///
    /// # Errors
    /// If `x` has other channels, or libtorch is out of memory.
    pub fn forward(&self, x: &Tensor, statistics: Statistics) -> Result<Tensor> {
        let run = |conv: &Conv, x: &Tensor| conv.forward(x, statistics);
        let through = |convs: &[Conv]| {
            convs.iter().try_fold(x.shallow_clone(), |x, conv| conv.forward(&x, statistics))
        };
        match (&self.kind, self.convs.as_slice()) {
            (BlockKind::MaxPool { pool_size, strides, padding }, _) => {
                let [size, strides, padding] = [*pool_size, *strides, *padding].map(|n| [n; 2]);
                Ok(x.f_max_pool2d(size, strides, padding, [1, 1], false)?)
            }
            (BlockKind::Fire(_), [squeeze, one, three]) => {
                let squeezed = run(squeeze, x)?;
                Ok(Tensor::f_cat(&[run(one, &squeezed)?, run(three, &squeezed)?], 1)?)
            }
            (BlockKind::Residual { shortcut: Some(_), .. }, [convs @ .., shortcut]) => {
                Ok(through(convs)?.f_add_(&run(shortcut, x)?)?.f_relu_()?)
            }
            (BlockKind::Residual { shortcut: None, .. }, convs) => {
                Ok(through(convs)?.f_add_(x)?.f_relu_()?)
            }
            (_, convs) => through(convs),
        }
    }
}
