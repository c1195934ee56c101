//! TorchScript: libtorch records what the network computes for an example.

use super::description::Description;
use super::request::Output;
use crate::native::torchscript::{self, ExtraFile};
use crate::nn::network::Network;
use crate::nn::preprocess::Normalization;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// The name of the extra file with the description.
const DESCRIPTION: &str = "petite.json";

/// A TorchScript module with one method, `forward`, of pixels `[N, H, W, C]`, u8 or float, with the
/// description as the extra file `petite.json`. `network` is frozen.
///
/// # Errors
/// If libtorch fails or memory is exhausted.
pub(super) fn to_bytes(network: &Network, description: &Description) -> Result<Vec<u8>> {
    let Description { height, width, channels, .. } = *description;
    let shape = [2, height as i64, width as i64, channels as i64];
    let example = Tensor::f_zeros(shape, (Kind::Uint8, Device::Cpu))?;
    // Made beforehand: a trace records the operations of a tensor, not values copied into it.
    let constants = Constants::new(&description.normalization)?;
    let mut parameters = network.computed();
    let named = [("images.mean", &constants.mean), ("images.deviation", &constants.deviation)];
    parameters.extend(
        named
            .into_iter()
            .filter_map(|(name, values)| Some((name.to_owned(), values.as_ref()?.shallow_clone()))),
    );
    let text = description.to_json()?;
    let extra = ExtraFile { name: DESCRIPTION, text: &text };
    let mut forward = |pixels: &Tensor| output(network, description, &constants, pixels);
    tch::no_grad(|| torchscript::module(&example, &parameters, extra, &mut forward))
}

/// What a normalization subtracts, and divides by, if anything: `[C]`.
struct Constants {
    mean: Option<Tensor>,
    deviation: Option<Tensor>,
}

impl Constants {
    fn new(normalization: &Normalization) -> Result<Self> {
        let unless = |values: &[f64], neutral: f64| -> Result<Option<Tensor>> {
            if values.iter().all(|&value| value == neutral) {
                return Ok(None);
            }
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            Ok(Some(Tensor::f_from_slice(&values)?))
        };
        let Normalization { mean, deviation, .. } = normalization;
        Ok(Self { mean: unless(mean, 0.0)?, deviation: unless(deviation, 1.0)? })
    }
}

/// What the network gives for `pixels`, `[N, H, W, C]`.
fn output(
    network: &Network,
    description: &Description,
    constants: &Constants,
    pixels: &Tensor,
) -> Result<Tensor> {
    // `f_to_kind` would record the device of the example.
    let mut x = pixels.f_to_dtype(Kind::Float, false, false)?;
    if description.normalization.reverse_channels {
        x = x.f_flip([3])?;
    }
    if let Some(mean) = &constants.mean {
        x = x.f_sub(mean)?;
    }
    if let Some(deviation) = &constants.deviation {
        x = x.f_div(deviation)?;
    }
    let logits = network.plain_logits(x.f_permute([0, 3, 1, 2])?)?;
    let units = logits.size().last().copied().unwrap_or(0);
    description.check_units(units)?;
    Ok(match description.output {
        Output::Logits => logits,
        Output::Probabilities if units == 1 => {
            let second = logits.f_sigmoid()?;
            Tensor::f_cat(&[second.f_rsub_scalar(1.0)?, second], 1)?
        }
        Output::Probabilities => logits.f_softmax(1, Kind::Float)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::drawn::{Drawn, from_scratch, on_bases};
    use crate::export::request::Format;
    use std::io::{Cursor, Read};
    use tch::CModule;
    use zip::ZipArchive;

    /// A text in a module's archive.
    fn entry(bytes: &[u8], name: &str) -> String {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn assert_loaded_gives_the_same(all: &[Drawn]) {
        for drawn in all {
            let network = drawn.copy().frozen().unwrap();
            for output in Output::ALL {
                let description = drawn.description(Format::Torchscript, output);
                let bytes = to_bytes(&network, &description).unwrap();
                let module = CModule::load_data(&mut bytes.as_slice()).unwrap();
                assert_eq!(module.named_parameters().unwrap().len(), parameters(drawn));
                let code = entry(&bytes, "archive/code/__torch__.py");
                assert!(code.contains("def forward") && !code.contains("device"), "{code}");
                drawn.assert_same(output, |pixels| module.forward_ts(&[pixels]).unwrap());
                let floats = |pixels: Tensor| module.forward_ts(&[pixels.to_kind(Kind::Float)]);
                drawn.assert_same(output, |pixels| floats(pixels).unwrap());
            }
        }
    }

    /// A kernel or weight and a bias of each part, and what the normalization takes.
    fn parameters(drawn: &Drawn) -> usize {
        let tensors = drawn.network.tensors();
        let parts = tensors.iter().filter(|(_, tensor)| tensor.dim() > 1).count();
        let description = drawn.description(Format::Torchscript, Output::Logits);
        let Constants { mean, deviation } = Constants::new(&description.normalization).unwrap();
        2 * parts + usize::from(mean.is_some()) + usize::from(deviation.is_some())
    }

    #[test]
    fn a_loaded_network_from_scratch_gives_the_same() {
        assert_loaded_gives_the_same(&from_scratch());
    }

    #[test]
    fn a_loaded_network_on_a_base_gives_the_same() {
        assert_loaded_gives_the_same(&on_bases());
    }

    #[test]
    fn the_description_is_an_extra_file() {
        let drawn = &from_scratch()[0];
        let description = drawn.description(Format::Torchscript, Output::Probabilities);
        let network = drawn.copy().frozen().unwrap();
        let bytes = || to_bytes(&network, &description).unwrap();
        let text = entry(&bytes(), "archive/extra/petite.json");
        assert_eq!(text, description.to_json().unwrap());
        assert!(text.contains("\"class 2\""), "{text}");
        assert!(bytes() == bytes(), "equal networks should give equal bytes");
    }
}
