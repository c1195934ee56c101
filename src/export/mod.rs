//! Exporting the network of a run for other programs: as ONNX, as TorchScript, or as weights with a
//! description.
//!
//! An exported network takes pixels, `[N, H, W, C]` in 0..=255 at the run's picture size, and gives
//! a row of values per picture: what Keras or torchvision would do with the pixels beforehand is part
//! of it. The batch can have any size, and every computation is in f32.

mod description;
#[cfg(test)]
mod drawn;
mod onnx;
mod request;
mod torchscript;

use crate::machine::device::DeviceChoice;
use crate::machine::precision::PrecisionChoice;
use crate::run::folder::RunFolder;
use crate::run::predict::inference::{Inference, MachineOverrides};
use crate::run::predict::trained::Trained;
use crate::{files::atomic_file, weights};
use anyhow::Result;
pub use description::Description;
pub use request::{Export, Format, Output};

/// Exports a run's network: see [`petite::export`](crate::export()).
pub(crate) fn export(what: &Export) -> Result<Description> {
    let run = RunFolder::open(&what.run)?;
    let (device, precision) = (Some(DeviceChoice::Cpu), Some(PrecisionChoice::Fp32));
    let machine = MachineOverrides { device, precision, threads: None };
    let how = Inference { weights: what.weights, machine, ..Inference::default() };
    let Trained { record, network, odd, .. } = Trained::load(&run, how)?;
    let description = Description { odd, ..Description::new(&record, what)? };
    match what.format {
        Format::Onnx => {
            atomic_file::write_bytes(&what.to, &onnx::to_bytes(&network, &description)?)?;
        }
        Format::Torchscript => {
            let bytes = torchscript::to_bytes(&network.frozen()?, &description)?;
            atomic_file::write_bytes(&what.to, &bytes)?;
        }
        Format::Safetensors => {
            let metadata = description.entries()?.into_iter().collect();
            weights::save_safetensors(&what.to, &network.tensors(), metadata)?;
        }
    }
    Ok(description)
}
