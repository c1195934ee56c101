//! A dense layer with weights: `[N, in]` to `[N, out]`.

use super::convolution::activate;
use super::layer::Activation;
use super::weighted::{Weighted, in_kind, leaf};
use anyhow::Result;
use tch::{Kind, Tensor, nn};

/// A dense layer with weights.
#[derive(Debug)]
pub(super) struct Dense {
    linear: nn::Linear,
    activation: Activation,
    /// The weight and bias it computes with.
    computed: (Tensor, Option<Tensor>),
    /// Whether they are constant; else gradients are computed for them.
    frozen: bool,
}

impl Dense {
    /// Trained, in f32, until [`Weighted::freeze`] or [`Weighted::train`] says otherwise.
    pub fn new(linear: nn::Linear, activation: Activation) -> Self {
        let bias = linear.bs.as_ref().map(Tensor::shallow_clone);
        let computed = (linear.ws.shallow_clone(), bias);
        Self { linear, activation, computed, frozen: false }
    }

    /// The output for the batch `x`.
    ///
    /// # Errors
    /// If `x` has other features, or libtorch is out of memory.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (weight, bias) = &self.computed;
        let y = in_kind(x, weight.f_kind()?)?.f_linear(weight, bias.as_ref())?;
        activate(y, Some(self.activation))
    }

    /// The type to compute in: a classifier, which has few units, uses f32 in every precision.
    fn kind(&self, kind: Kind) -> Kind {
        match self.activation {
            Activation::Relu | Activation::Relu6 => kind,
            Activation::Sigmoid | Activation::Softmax => Kind::Float,
        }
    }
}

impl Weighted for Dense {
    fn tensors(&self) -> Vec<Tensor> {
        [&self.linear.ws].into_iter().chain(&self.linear.bs).map(Tensor::shallow_clone).collect()
    }

    fn leaves(&self) -> Vec<Tensor> {
        let (weight, bias) = &self.computed;
        [weight].into_iter().chain(bias).map(Tensor::shallow_clone).collect()
    }

    fn computed(&self) -> (Tensor, Option<Tensor>) {
        let (weight, bias) = &self.computed;
        (weight.shallow_clone(), bias.as_ref().map(Tensor::shallow_clone))
    }

    fn freeze(&mut self, kind: Kind) -> Result<()> {
        let kind = self.kind(kind);
        let copy = |tensor: &Tensor| -> Result<Tensor> { Ok(tensor.f_detach()?.f_to_kind(kind)?) };
        self.computed = (copy(&self.linear.ws)?, self.linear.bs.as_ref().map(copy).transpose()?);
        self.frozen = true;
        Ok(())
    }

    fn train(&mut self, kind: Kind) -> Result<()> {
        let kind = self.kind(kind);
        let known = (!self.frozen).then_some(&self.computed);
        let weight = leaf(&self.linear.ws, known.map(|(weight, _)| weight), kind)?;
        let known_bias = known.and_then(|(_, bias)| bias.as_ref());
        let bias = self.linear.bs.as_ref().map(|bias| leaf(bias, known_bias, kind)).transpose()?;
        self.computed = (weight, bias);
        self.frozen = false;
        Ok(())
    }
}
