//! A base with weights: pictures in, features out; frozen up to a block.

use super::block::Block;
use super::conv::{Conv, Statistics};
use super::plan::Plan;
use super::preprocess::Preprocess;
use super::stored::Stored;
use crate::device::describe;
use crate::numbers::with_thousands;
use crate::weights;
use anyhow::{Result, anyhow, ensure};
use std::ops::Range;
use tch::{Device, Kind, Tensor, nn};

/// A base. All of it is frozen until [`Base::unfreeze_from`]: a frozen block's gradients are not
/// computed, and nothing in it changes.
#[derive(Debug)]
pub struct Base {
    plan: Plan,
    preprocess: Preprocess,
    /// Of activations and their gradients.
    kind: Kind,
    blocks: Vec<Block>,
    /// Owns the variables that the blocks and the lists point to.
    store: nn::VarStore,
    /// With the place of their block.
    parameters: Vec<(String, Tensor)>,
    places: Vec<usize>,
    buffers: Vec<(String, Tensor)>,
    /// Place of the first block that is trained.
    trained_from: usize,
}

impl Base {
    /// A base of random weights, drawn from `seed`.
    ///
    /// # Errors
    /// If the weights do not fit on the device.
    pub fn random(plan: Plan, device: Device, seed: u64) -> Result<Self> {
        // tch's layers panic where their weights do not fit, so that is tried first.
        Tensor::f_empty([2, plan.parameters()], (Kind::Float, device)).map(drop).map_err(|_| {
            anyhow!(
                "expected a base that fits on {}, found {} parameters",
                describe(device),
                with_thousands(plan.parameters())
            )
        })?;
        let store = nn::VarStore::new(device);
        let mut blocks: Vec<Block> = Vec::with_capacity(plan.blocks.len());
        let (mut parameters, mut places, mut buffers) = (Vec::new(), Vec::new(), Vec::new());
        let mut convs = 0;
        for (place, planned) in plan.blocks.iter().enumerate() {
            let block = Block::new(&store.root(), planned, seed, convs)?;
            convs += block.convs().len();
            for (conv, planned) in block.convs().iter().zip(planned.convs()) {
                for (name, (tensor, trained)) in
                    planned.tensor_names().into_iter().zip(conv.tensors())
                {
                    if trained {
                        parameters.push((name, tensor));
                        places.push(place);
                    } else {
                        buffers.push((name, tensor));
                    }
                }
            }
            blocks.push(block);
        }
        let mut base = Self {
            preprocess: plan.preprocess,
            kind: Kind::Float,
            trained_from: blocks.len(),
            plan,
            blocks,
            store,
            parameters,
            places,
            buffers,
        };
        base.settle()?;
        Ok(base)
    }

    /// A base with the weights of a file, and the names in it that were passed over because they
    /// are no part of the base: the classifier's, cut-off blocks'.
    ///
    /// # Errors
    /// If the file does not hold just these weights; if they do not fit on the device.
    pub fn pretrained(plan: Plan, stored: &Stored, device: Device) -> Result<(Self, Vec<String>)> {
        let mut base = Self::random(plan, device, 0)?;
        let passed_over = base.load(stored)?;
        Ok((base, passed_over))
    }

    /// Takes the weights of a file in; returns the names in it that were passed over.
    ///
    /// # Errors
    /// If the file does not hold just these weights; nothing is changed then.
    pub fn load(&mut self, stored: &Stored) -> Result<Vec<String>> {
        let (tensors, passed_over) = stored.fitted(&self.plan, &self.tensors())?;
        self.assign(&tensors, stored.path())?;
        Ok(passed_over)
    }

    /// Copies weights under our own names and layouts in. `from` names them in errors.
    ///
    /// # Errors
    /// If a name is missing or left over, or a shape or type differs: all of it is checked before
    /// the first value changes.
    pub fn assign(&mut self, source: &[(String, Tensor)], from: &std::path::Path) -> Result<()> {
        weights::assign(&self.tensors(), source, from)?;
        self.settle()
    }

    /// What the base is made of.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where the weights are.
    pub fn device(&self) -> Device {
        self.store.device()
    }

    /// Kernels, biases, and batch normalisation's scales and shifts, in the order of the blocks.
    pub fn parameters(&self) -> &[(String, Tensor)] {
        &self.parameters
    }

    /// Those of [`Base::parameters`] that are not frozen.
    pub fn trained(&self) -> &[(String, Tensor)] {
        let frozen = self.places.partition_point(|&place| place < self.trained_from);
        &self.parameters[frozen..]
    }

    /// The tensors that gradients are taken by, in the order of [`Base::trained`]. They stay the same
    /// ones until other blocks are frozen or the precision changes.
    pub fn leaves(&self) -> Vec<Tensor> {
        let convs = self.blocks[self.trained_from..].iter().flat_map(Block::convs);
        convs.flat_map(Conv::leaves).collect()
    }

    /// Batch normalisation's running means and variances.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        &self.buffers
    }

    /// Parameters and buffers: all that is saved of a base.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        let all = self.parameters.iter().chain(&self.buffers);
        all.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
    }

    /// Has the base see pictures in another way than the one it was made for.
    pub fn set_preprocess(&mut self, preprocess: Preprocess) {
        self.preprocess = preprocess;
    }

    /// How it prepares pictures.
    pub fn preprocessing(&self) -> Preprocess {
        self.preprocess
    }

    /// Computes in f32 or bf16. Weights are f32 always.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn compute_in(&mut self, kind: Kind) -> Result<()> {
        self.kind = kind;
        self.settle()
    }

    /// In what it computes.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Freezes the blocks before `block` and trains that one and those after it. Names as in
    /// [`Plan::place`].
    ///
    /// # Errors
    /// If there is no such block.
    pub fn unfreeze_from(&mut self, block: &str) -> Result<()> {
        self.trained_from = self.plan.place(block)?;
        self.settle()
    }

    /// Freezes every block.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn freeze(&mut self) -> Result<()> {
        self.trained_from = self.blocks.len();
        self.settle()
    }

    /// Place of the first block that is trained; the number of blocks if all are frozen.
    pub fn trained_from(&self) -> usize {
        self.trained_from
    }

    /// Brings what depends on weights and frozen blocks up to date.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self) -> Result<()> {
        for ((_, parameter), &place) in self.parameters.iter_mut().zip(&self.places) {
            let _ = parameter.f_set_requires_grad(place >= self.trained_from)?;
        }
        for (place, block) in self.blocks.iter_mut().enumerate() {
            for conv in block.convs_mut() {
                if place < self.trained_from {
                    conv.freeze(self.kind)?;
                } else {
                    conv.train(self.kind)?;
                }
            }
        }
        Ok(())
    }

    /// The features of `images`, `[N, 3, H, W]` f32 RGB in 0..=1, as `to_images` gives them:
    /// `[N, C, H, W]` of [`Plan::feature_shape`], of [`Base::kind`].
    ///
    /// # Errors
    /// If the images have another shape or are too small, or libtorch is out of memory.
    pub fn features(&self, images: &Tensor, statistics: Statistics) -> Result<Tensor> {
        self.forward(&self.preprocess(images)?, 0..self.blocks.len(), statistics)
    }

    /// The input of the first block for `images`, as for [`Base::features`].
    ///
    /// # Errors
    /// As [`Base::features`].
    pub fn preprocess(&self, images: &Tensor) -> Result<Tensor> {
        Ok(self.preprocess.apply(images)?.f_to_kind(self.kind)?)
    }

    /// What the blocks at `places`, one after the other, make of `x`, the output of the block
    /// before them. Frozen blocks go by [`Statistics::Stored`] whatever is asked for.
    ///
    /// # Errors
    /// If `x` does not fit the first of the blocks, or libtorch is out of memory.
    pub fn forward(
        &self,
        x: &Tensor,
        places: Range<usize>,
        statistics: Statistics,
    ) -> Result<Tensor> {
        ensure!(
            places.start <= places.end && places.end <= self.blocks.len(),
            "expected blocks of 0..{}, found {places:?}",
            self.blocks.len()
        );
        let frozen = places.end.min(self.trained_from).max(places.start);
        let x = tch::no_grad(|| {
            self.blocks[places.start..frozen]
                .iter()
                .try_fold(x.shallow_clone(), |x, block| block.forward(&x, Statistics::Stored))
        })?;
        self.blocks[frozen..places.end].iter().try_fold(x, |x, block| block.forward(&x, statistics))
    }
}
