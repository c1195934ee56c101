//! A base as a list of named blocks.

use super::block::{BlockKind, BlockPlan};
use super::preprocess::Preprocess;
use super::stored::Stored;
use super::{BaseKind, mobilenet, resnet, squeezenet, vgg16};
use crate::nn::summary::Row;
use anyhow::{Context, Result, ensure};

/// A base as it is to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub kind: BaseKind,
    /// In the order in which a picture passes them.
    pub blocks: Vec<BlockPlan>,
    /// The blocks that [`Plan::through`] cut off.
    pub cut_off: Vec<BlockPlan>,
    /// The published weights'.
    pub preprocess: Preprocess,
    /// Layers of the published classifier, which is not part of a base.
    pub classifier: &'static [&'static str],
}

impl Plan {
    /// The whole base. `alpha` is MobileNet's width: the filters of every layer are multiplied by
    /// it.
    ///
    /// # Errors
    /// If `alpha` is out of range, or other than 1 for another base.
    pub fn new(kind: BaseKind, alpha: f64) -> Result<Self> {
        ensure!(
            alpha == 1.0 || kind == BaseKind::Mobilenet,
            "expected --alpha 1, found {alpha}; try --model mobilenet, the one base that has widths"
        );
        // A layer of MobileNet has 32 filters at least.
        ensure!(
            (1.0 / 32.0..=8.0).contains(&alpha),
            "expected --alpha of 0.03125 to 8, found {alpha}"
        );
        let blocks = match kind {
            BaseKind::Vgg16 => vgg16::blocks(),
            BaseKind::Mobilenet => mobilenet::blocks(alpha),
            BaseKind::Squeezenet => squeezenet::blocks(),
            BaseKind::Resnet18 => resnet::blocks([2, 2, 2, 2], false),
            BaseKind::Resnet34 => resnet::blocks([3, 4, 6, 3], false),
            BaseKind::Resnet50 => resnet::blocks([3, 4, 6, 3], true),
        };
        let classifier: &[&str] = match kind {
            BaseKind::Vgg16 => &["fc1", "fc2", "predictions"],
            BaseKind::Mobilenet => &["conv_preds"],
            BaseKind::Squeezenet => &["conv10"],
            BaseKind::Resnet18 | BaseKind::Resnet34 | BaseKind::Resnet50 => &["fc"],
        };
        let preprocess = Preprocess::published(kind);
        Ok(Self { kind, blocks, cut_off: Vec::new(), preprocess, classifier })
    }

    /// The place of the block `name`, or of the first whose name goes on from it: `block5` is
    /// `block5_conv1`, `layer4` is `layer4.0`.
    ///
    /// # Errors
    /// If there is no such block.
    pub fn place(&self, name: &str) -> Result<usize> {
        let goes_on = |block: &BlockPlan| {
            block.name.strip_prefix(name).is_some_and(|rest| rest.starts_with(['_', '.']))
        };
        let exact = self.blocks.iter().position(|block| block.name == name);
        exact.or_else(|| self.blocks.iter().position(goes_on)).with_context(|| {
            let names: Vec<&str> = self.blocks.iter().map(|block| block.name.as_str()).collect();
            format!("expected one of the blocks {}, found {name}", names.join(", "))
        })
    }

    /// The base up to the block of this very name, itself kept.
    ///
    /// # Errors
    /// If there is no such block.
    pub fn through(mut self, name: &str) -> Result<Self> {
        let place = self.place(name)?;
        ensure!(
            self.blocks.get(place).is_some_and(|block| block.name == name),
            "expected the name of a block, found {name}, a part of {}; try the whole name",
            self.blocks[place].name
        );
        let mut cut_off = self.blocks.split_off(place + 1);
        cut_off.append(&mut self.cut_off);
        self.cut_off = cut_off;
        Ok(self)
    }

    /// The base up to the last block that `stored` has weights for. Published weights often lack
    /// the last blocks; whether those that are there are whole is for loading to check.
    pub fn through_last_in(self, stored: &Stored) -> Self {
        let names = stored.names(&self);
        let is_in = |block: &BlockPlan| {
            tensor_names(std::slice::from_ref(block)).iter().any(|name| names.contains(name))
        };
        match self.blocks.iter().rposition(is_in) {
            // A pooling has no weights; one that follows the last block stays.
            Some(last) => {
                let mut plan = self;
                let pools = plan.blocks[last + 1..]
                    .iter()
                    .take_while(|block| matches!(block.kind, BlockKind::MaxPool { .. }));
                let kept = last + 1 + pools.count();
                let mut cut_off = plan.blocks.split_off(kept);
                cut_off.append(&mut plan.cut_off);
                plan.cut_off = cut_off;
                plan
            }
            None => self,
        }
    }

    /// The shape of the features, `[H, W, C]`, of pictures of this height and width.
    ///
    /// # Errors
    /// If the pictures are too small.
    pub fn feature_shape(&self, image_size: (usize, usize)) -> Result<[i64; 3]> {
        let input = [image_size.0 as i64, image_size.1 as i64, 3];
        self.blocks.iter().try_fold(input, |shape, block| {
            let (_, output) = block.rows(shape);
            ensure!(
                output.iter().all(|&size| size > 0),
                "expected larger pictures, found {}×{}, of which {}×{} is left at {}; try a larger --image-size",
                image_size.0, image_size.1, shape[0], shape[1], block.name
            );
            Ok(output)
        })
    }

    /// Its layers, as Keras's `summary()` has them; for pictures of this height and width.
    ///
    /// # Errors
    /// As [`Plan::feature_shape`].
    pub fn rows(&self, image_size: (usize, usize)) -> Result<Vec<Row>> {
        self.feature_shape(image_size)?;
        let mut shape = [image_size.0 as i64, image_size.1 as i64, 3];
        let mut rows = vec![Row {
            name: "input_1".to_owned(),
            class_name: "InputLayer",
            output_shape: shape.to_vec(),
            parameters: 0,
            fixed: 0,
        }];
        for block in &self.blocks {
            let (of_block, output) = block.rows(shape);
            rows.extend(of_block);
            shape = output;
        }
        Ok(rows)
    }

    /// All its values, those of batch normalisation's running statistics included, as Keras counts.
    pub fn parameters(&self) -> i64 {
        let convs = self.blocks.iter().flat_map(BlockPlan::convs);
        convs
            .map(|conv| conv.parameters() + conv.norm.iter().count() as i64 * 4 * conv.filters)
            .sum()
    }
}

/// The names of the blocks' tensors.
pub(super) fn tensor_names(blocks: &[BlockPlan]) -> Vec<String> {
    let convs = blocks.iter().flat_map(BlockPlan::convs);
    convs.flat_map(|conv| conv.tensor_names()).collect()
}
