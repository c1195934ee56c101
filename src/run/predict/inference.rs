//! How a trained network is shown pictures.

use crate::batches::batch::Input;
use crate::machine::device::DeviceChoice;
use crate::machine::precision::PrecisionChoice;
use crate::nn::network::Network;
use crate::run::folder::WhichWeights;
use anyhow::Result;
use tch::Tensor;

/// Which of a run's weights see which views of a picture, and on which machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inference {
    /// Which of the run's weights to use.
    pub weights: WhichWeights,
    /// Which views of each picture the network sees.
    pub views: Views,
    /// Device, precision and threads.
    pub machine: MachineOverrides,
}

/// Changes to the machine settings of a run; `None` keeps the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineOverrides {
    /// Device to compute on.
    pub device: Option<DeviceChoice>,
    /// Precision of the computation; `None` is fp32 if the device does not support the run's.
    pub precision: Option<PrecisionChoice>,
    /// Threads of libtorch on the CPU.
    pub threads: Option<usize>,
}

/// Which views of each picture the network sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Views {
    /// The picture as it is.
    #[default]
    Picture,
    /// The picture and its mirror image. Loss, accuracy and probabilities are those of the mean of
    /// both logits; the probabilities thus are the normalized geometric mean of both.
    WithMirrorImage,
}

impl Views {
    /// The logits of a batch, shaped as in [`Network::logits`]: with mirror images, the means of
    /// both views.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn logits(self, network: &Network, input: &Input) -> Result<Tensor> {
        let logits = network.logits(input)?;
        Ok(match self {
            Self::Picture => logits,
            Self::WithMirrorImage => {
                // The width of `[N, H, W, C]`.
                let mirrored = input.map(|values| Ok(values.f_flip([2])?))?;
                logits.f_add(&network.logits(&mirrored)?)?.f_mul_scalar(0.5)?
            }
        })
    }
}
