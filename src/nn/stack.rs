//! A list of layers with weights: frozen before an index, trained from that index on.

use super::architecture::Architecture;
use super::init::{DrawnBy, Init};
use super::layer::Layer;
use super::part::flat;
use super::run::{Pass, fold, run};
use super::weight::{Weight, in_kind};
use crate::error::{ErrorKind, Fault};
use crate::machine::device::describe;
use crate::text::numbers::with_thousands;
use crate::weights::{self, Named};
use anyhow::{Result, ensure};
use std::ops::Range;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Layers with weights. A frozen layer has no gradients and does not change.
#[derive(Debug)]
pub struct Stack {
    architecture: Architecture,
    /// In the order of the layers' tensors.
    weights: Vec<Weight>,
    device: Device,
    seed: u64,
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
        architecture: Architecture,
        device: Device,
        kind: Kind,
        seed: u64,
        drawn_by: DrawnBy,
    ) -> Result<Self> {
        check_memory(architecture.parameters(), device)?;
        let (mut weights, mut kernels) = (Vec::new(), 0);
        for (layer, shaped) in architecture.layers.iter().enumerate() {
            for tensor in shaped.tensors() {
                let index = match drawn_by {
                    DrawnBy::Layer => layer,
                    DrawnBy::Kernel => kernels,
                };
                kernels += usize::from(matches!(tensor.init, Init::Glorot { .. }));
                weights.push(Weight::new(tensor, device, seed, index)?);
            }
        }
        let mut stack = Self { architecture, weights, device, seed, trained_from: 0, kind };
        stack.settle()?;
        Ok(stack)
    }

    /// Its layers.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The type the layers compute in.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The indices of all layers.
    pub fn all(&self) -> Range<usize> {
        0..self.architecture.layers.len()
    }

    /// The index of the first layer that is trained; the number of layers if all are frozen.
    pub fn trained_from(&self) -> usize {
        self.trained_from
    }

    /// Kernels, weights, biases, and normalizations' scales and shifts, in the layers' order, without
    /// frozen ones.
    pub fn trained(&self) -> Named {
        named(self.weights.iter().filter(|weight| weight.is_trained()))
    }

    /// The tensors that gradients are computed for, in the order of [`Stack::trained`]. They stay
    /// the same tensors until other layers are frozen or the precision changes.
    pub fn leaves(&self) -> Vec<Tensor> {
        let trained = self.weights.iter().filter(|weight| weight.is_trained());
        trained.map(|weight| weight.used.shallow_clone()).collect()
    }

    /// Batch normalization's running means and variances.
    pub fn buffers(&self) -> Named {
        named(self.weights.iter().filter(|weight| !weight.shape.is_parameter))
    }

    /// Parameters, then buffers: everything that is stored.
    pub fn tensors(&self) -> Named {
        let mut tensors = named(self.weights.iter().filter(|weight| weight.shape.is_parameter));
        tensors.extend(self.buffers());
        tensors
    }

    /// What the layers compute with, by name, in their order. A folded normalization is the bias of the
    /// convolution before it.
    pub(super) fn computed(&self) -> Named {
        let (mut all, mut before) = (Named::new(), "");
        for part in self.architecture.parts() {
            match &self.weights[part.indices()] {
                [weight, shift, ..] if weight.is_folded => {
                    all.push((format!("{before}.bias"), shift.used.shallow_clone()));
                }
                own => all.extend(
                    own.iter()
                        .map(|weight| (weight.shape.name.clone(), weight.used.shallow_clone())),
                ),
            }
            before = &part.name;
        }
        all
    }

    /// Copies weights with this crate's names and layouts. `from` is named in errors.
    ///
    /// # Errors
    /// If a name is missing or unknown, or a shape or type differs; all of it is checked before the
    /// first value changes.
    pub fn assign(&mut self, source: &[(String, Tensor)], from: &Path) -> Result<()> {
        weights::assign(&self.tensors(), source, from)?;
        self.settle()
    }

    /// Sets the type to compute in, f32 or bf16. Weights stay f32.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn compute_in(&mut self, kind: Kind) -> Result<()> {
        self.kind = kind;
        self.settle()
    }

    /// Freezes the layers before `layer`, and trains it and those after it. Names are as in
    /// [`Architecture::index_of`].
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn unfreeze_from(&mut self, layer: &str) -> Result<()> {
        self.trained_from = self.architecture.index_of(layer)?;
        self.settle()
    }

    /// Freezes every layer.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn freeze(&mut self) -> Result<()> {
        self.trained_from = self.all().end;
        self.settle()
    }

    /// Updates what is derived from the weights, from which layers are frozen and from the
    /// precision.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self) -> Result<()> {
        for (index, layer) in self.architecture.layers.iter().enumerate() {
            let is_frozen = index < self.trained_from;
            for part in flat(&layer.parts) {
                let kind = part.layer.primitive().kind(self.kind, is_frozen, self.device);
                for weight in &mut self.weights[part.indices()] {
                    weight.settle(is_frozen, kind)?;
                }
            }
            if is_frozen {
                fold(&layer.parts, &mut self.weights)?;
            }
        }
        Ok(())
    }

    /// Each dropout's mask for a batch of `pictures` in training step `step`: bool on the device,
    /// true where a value is kept.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub(super) fn dropout_masks(&self, pictures: i64, step: i64) -> Result<Vec<Tensor>> {
        let mut masks = Vec::new();
        for (index, layer) in self.architecture.layers.iter().enumerate() {
            for part in flat(&layer.parts) {
                if let Layer::Dropout(dropout) = &part.layer {
                    let shape = [&[pictures], &part.input_shape[..]].concat();
                    masks.push(dropout.mask((self.seed, index), &shape, step, self.device)?);
                }
            }
        }
        Ok(masks)
    }

    /// The output of the layers in `range` for `x`, the output of the layer before them, in the type that
    /// they compute in. Without gradients in frozen layers, unless `pass` says otherwise.
    ///
    /// # Errors
    /// If `x` does not fit the first of the layers, or libtorch is out of memory.
    pub fn forward(&self, x: Tensor, range: Range<usize>, pass: &mut Pass<'_>) -> Result<Tensor> {
        let count = self.all().end;
        ensure!(
            range.start <= range.end && range.end <= count,
            "expected layers of 0..{count}, found {range:?}"
        );
        let is_explained = matches!(pass, Pass::Explain);
        let mut of_layers = |x, range: Range<usize>| {
            let parts = self.architecture.layers[range].iter().flat_map(|layer| &layer.parts);
            run(parts, &self.weights, x, pass)
        };
        let x = in_kind(&x, self.kind)?;
        if is_explained {
            return of_layers(x, range);
        }
        let border = range.end.min(self.trained_from).max(range.start);
        let x = tch::no_grad(|| of_layers(x, range.start..border))?;
        of_layers(x, border..range.end)
    }
}

fn named<'a>(weights: impl Iterator<Item = &'a Weight>) -> Named {
    weights.map(|weight| (weight.shape.name.clone(), weight.stored.shallow_clone())).collect()
}

/// Checks that weights, gradients and the optimizer's state fit, three numbers per parameter.
///
/// # Errors
/// If `device` has too little memory for so many parameters.
fn check_memory(parameters: i64, device: Device) -> Result<()> {
    Tensor::f_empty([3, parameters], (Kind::Float, device)).map(drop).map_err(|_| {
        let message = format!(
            "expected a network that fits on {}, found {} parameters; try a smaller `image_size` or another `downsample`",
            describe(device),
            with_thousands(parameters)
        );
        Fault { kind: ErrorKind::OutOfMemory, message }.into()
    })
}
