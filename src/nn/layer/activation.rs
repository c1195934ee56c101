//! Activation functions.

use super::{Graph, Part, Primitive};
use crate::nn::run::{At, Pass};
use anyhow::Result;
use tch::Tensor;

/// The activation function of a layer. A classifier's sigmoid or softmax is none: networks give
/// logits, and the loss applies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6), MobileNet's.
    Relu6,
    /// x Φ(x) with the normal distribution's Φ, exactly (Hendrycks and Gimpel, 2016).
    Gelu,
}

impl Primitive for Activation {
    fn class_name(&self) -> &'static str {
        "Activation"
    }

    fn forward(&self, at: &mut At<'_>, mut x: Tensor, _pass: &mut Pass<'_>) -> Result<Tensor> {
        Ok(match self {
            Self::Relu if at.is_new => x.f_relu_()?,
            Self::Relu => x.f_relu()?,
            Self::Relu6 if at.is_new => x.f_relu6_()?,
            Self::Relu6 => x.f_relu6()?,
            Self::Gelu => x.f_gelu("none")?,
        })
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        let name = &part.name;
        Ok(match self {
            Self::Relu => graph.apply("Relu", name, &[&x], Vec::new()),
            Self::Relu6 => {
                let least = graph.floats(&format!("{name}.min"), &[], &[0.0]);
                let most = graph.floats(&format!("{name}.max"), &[], &[6.0]);
                graph.apply("Clip", name, &[&x, &least, &most], Vec::new())
            }
            // Opset 17 has no operator for it: x (erf(x / √2) + 1) / 2.
            Self::Gelu => {
                let mut apply = |operator: &str, part: &str, left: &str, right: Option<f64>| {
                    let right = right
                        .map(|value| graph.floats(&format!("{name}.{part}.by"), &[], &[value]));
                    let inputs: Vec<&str> = [left].into_iter().chain(right.as_deref()).collect();
                    graph.apply(operator, format!("{name}.{part}"), &inputs, Vec::new())
                };
                let scaled = apply("Div", "scaled", &x, Some(2f64.sqrt()));
                let erf = apply("Erf", "erf", &scaled, None);
                let share = apply("Add", "share", &erf, Some(1.0));
                let half = apply("Div", "half", &x, Some(2.0));
                graph.apply("Mul", name, &[&half, &share], Vec::new())
            }
        })
    }
}
