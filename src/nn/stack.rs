//! A list of layers with weights: frozen before an index, trained from that index on.

use super::architecture::Architecture;
use super::builder::{Builder, check_memory};
use super::convolution::Statistics;
use super::init::DrawnBy;
use super::operation::{Operation, Pass};
use anyhow::{Result, ensure};
use std::ops::Range;
use tch::{Device, Kind, Tensor, nn};

/// Layers with weights. A frozen layer has no gradients and does not change.
#[derive(Debug)]
pub(super) struct Stack {
    operations: Vec<Operation>,
    /// Owns the variables that the operations and the lists refer to.
    store: nn::VarStore,
    parameters: Vec<(String, Tensor)>,
    /// The layer index of each parameter.
    layers: Vec<usize>,
    buffers: Vec<(String, Tensor)>,
    /// The index of the first layer that is trained.
    trained_from: usize,
    /// The type of activations and their gradients.
    kind: Kind,
}

impl Stack {
    /// Builds the layers on `device` with Keras's initial weights, drawn from `seed`: the same on
    /// every device. All are trained, and compute in `kind`.
    ///
    /// # Errors
    /// If the weights do not fit on the device.
    pub fn new(
        architecture: &Architecture,
        device: Device,
        kind: Kind,
        seed: u64,
        drawn_by: DrawnBy,
    ) -> Result<Self> {
        check_memory(architecture.parameters(), device)?;
        let store = nn::VarStore::new(device);
        let mut operations = Vec::with_capacity(architecture.layers.len());
        let (mut parameters, mut layers, mut buffers) = (Vec::new(), Vec::new(), Vec::new());
        let mut builder = Builder::new(&store, seed, drawn_by);
        for (index, shaped) in architecture.layers.iter().enumerate() {
            let operation = builder.next(shaped)?;
            let tensors = operation.weighted().into_iter().flat_map(|part| part.tensors());
            for (shape, tensor) in shaped.tensors().into_iter().zip(tensors) {
                ensure!(
                    tensor.size() == shape.shape,
                    "expected {} of {:?}, found {:?}",
                    shape.name,
                    shape.shape,
                    tensor.size()
                );
                if shape.is_parameter {
                    parameters.push((shape.name, tensor));
                    layers.push(index);
                } else {
                    buffers.push((shape.name, tensor));
                }
            }
            operations.push(operation);
        }
        let mut stack =
            Self { operations, store, parameters, layers, buffers, trained_from: 0, kind };
        stack.settle()?;
        Ok(stack)
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.store.device()
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Kernels, weights, biases, and batch normalization's scales and shifts, in the layers' order.
    pub fn parameters(&self) -> &[(String, Tensor)] {
        &self.parameters
    }

    /// Batch normalization's running means and variances.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        &self.buffers
    }

    /// Those of [`Stack::parameters`] that are not frozen.
    pub fn trained(&self) -> &[(String, Tensor)] {
        let frozen = self.layers.partition_point(|&layer| layer < self.trained_from);
        &self.parameters[frozen..]
    }

    /// The tensors that gradients are computed for, in the order of [`Stack::trained`]. They stay
    /// the same tensors until other layers are frozen or the precision changes.
    pub fn leaves(&self) -> Vec<Tensor> {
        let parts = self.operations[self.trained_from..].iter().flat_map(Operation::weighted);
        parts.flat_map(|part| part.leaves()).collect()
    }

    /// Parameters, then buffers: everything that is stored.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        let all = self.parameters.iter().chain(&self.buffers);
        all.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
    }

    /// The type the layers compute in.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Sets the type to compute in, f32 or bf16. Weights stay f32.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn compute_in(&mut self, kind: Kind) -> Result<()> {
        self.kind = kind;
        self.settle()
    }

    /// The index of the first layer that is trained; the number of layers if all are frozen.
    pub fn trained_from(&self) -> usize {
        self.trained_from
    }

    /// Freezes the layers before `index`, and trains that one and those after it.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn train_from(&mut self, index: usize) -> Result<()> {
        self.trained_from = index;
        self.settle()
    }

    /// Updates what is derived from the weights, from which layers are frozen and from the
    /// precision.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self) -> Result<()> {
        for ((_, parameter), &layer) in self.parameters.iter_mut().zip(&self.layers) {
            let _ = parameter.f_set_requires_grad(layer >= self.trained_from)?;
        }
        for (index, operation) in self.operations.iter_mut().enumerate() {
            for part in operation.weighted_mut() {
                if index < self.trained_from {
                    part.freeze(self.kind)?;
                } else {
                    part.train(self.kind)?;
                }
            }
        }
        Ok(())
    }

    /// Each dropout's mask for a batch of `pictures` in training step `step`: bool on the device,
    /// true where a value is kept.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn dropout_masks(&self, pictures: i64, step: i64) -> Result<Vec<Tensor>> {
        let masks = self.operations.iter().filter_map(|operation| match operation {
            Operation::Dropout { dropout, shape } => {
                let shape: Vec<i64> = [pictures].iter().chain(shape).copied().collect();
                Some(dropout.mask(&shape, step, self.device()))
            }
            _ => None,
        });
        masks.collect()
    }

    /// The output of the layers in `range` for `x`, the output of the layer before them. Frozen
    /// layers always use [`Statistics::Stored`].
    ///
    /// # Errors
    /// If `x` does not fit the first of the layers, or libtorch is out of memory.
    pub fn forward(&self, x: Tensor, range: Range<usize>, pass: &mut Pass<'_>) -> Result<Tensor> {
        ensure!(
            range.start <= range.end && range.end <= self.len(),
            "expected layers of 0..{}, found {range:?}",
            self.len()
        );
        let border = range.end.min(self.trained_from).max(range.start);
        let mut frozen = Pass { statistics: Statistics::Stored, masks: pass.masks.take() };
        let x = tch::no_grad(|| self.run(x, range.start..border, &mut frozen))?;
        pass.masks = frozen.masks;
        self.run(x, border..range.end, pass)
    }

    /// As [`Stack::forward`] without dropout, with [`Statistics::Stored`], and differentiable by `x`
    /// through frozen layers too.
    ///
    /// # Errors
    /// As [`Stack::forward`].
    pub fn differentiable(&self, x: Tensor, range: Range<usize>) -> Result<Tensor> {
        ensure!(
            range.start <= range.end && range.end <= self.len(),
            "expected layers of 0..{}, found {range:?}",
            self.len()
        );
        self.run(x, range, &mut Pass { statistics: Statistics::Stored, masks: None })
    }

    /// Runs layers that are all frozen, or all trained. A convolution with relu and the 2×2 max
    /// pooling after it run as one operation.
    fn run(&self, mut x: Tensor, range: Range<usize>, pass: &mut Pass<'_>) -> Result<Tensor> {
        let mut rest = &self.operations[range];
        while let [first, others @ ..] = rest {
            rest = others;
            x = match (first, others) {
                (Operation::Conv2d(conv), [pool, others @ ..])
                    if conv.has_pooled() && pool.is_max_pool2x2() =>
                {
                    rest = others;
                    conv.forward_pooled(&x)?
                }
                _ => first.forward(x, pass)?,
            };
        }
        Ok(x)
    }
}
