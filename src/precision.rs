//! In which numbers the network computes. Weights, their update and the loss are in f32 always.

use crate::device::describe;
use crate::error::ensure_or;
use crate::native::{backend, cuda};
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind};

/// What a person asks for with `--precision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrecisionChoice {
    /// bf16 where the device has instructions for it, else fp32.
    Auto,
    /// 24 bits of mantissa: the same results on every device but for rounding.
    Fp32,
    /// CUDA's f32 with 11 bits of mantissa in products.
    Tf32,
    /// Activations and gradients of 8 bits of mantissa, sums in f32.
    Bf16,
}

/// The numbers in which a network computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Fp32,
    Tf32,
    Bf16,
}

impl PrecisionChoice {
    /// The precision on `device`.
    ///
    /// # Errors
    /// If the device has none of that kind.
    pub fn resolve(self, device: Device) -> Result<Precision> {
        let fast_bf16 = match device {
            Device::Cpu => backend::cpu_has_bf16(),
            // Without CUDA's headers nobody can ask; fp32 is on every device.
            Device::Cuda(index) => cuda::capability(index).is_ok_and(|found| found >= (8, 0)),
            _ => false,
        };
        Ok(match self {
            Self::Auto if fast_bf16 => Precision::Bf16,
            Self::Auto | Self::Fp32 => Precision::Fp32,
            Self::Tf32 => {
                ensure_or!(
                    Setting,
                    device.is_cuda() && fast_bf16,
                    "expected a CUDA device of capability 8.0 or newer for `precision` tf32, found {}; try `precision` fp32",
                    describe(device)
                );
                Precision::Tf32
            }
            Self::Bf16 => {
                ensure_or!(
                    Setting,
                    fast_bf16,
                    "expected a processor with AVX-512 BF16 or a CUDA device of capability 8.0 or newer for `precision` bf16, found {} without; try `precision` fp32",
                    describe(device)
                );
                Precision::Bf16
            }
        })
    }
}

impl Precision {
    /// The name by which `--precision` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// The type of images, activations and their gradients.
    pub fn kind(self) -> Kind {
        match self {
            Self::Fp32 | Self::Tf32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }
}

impl From<Precision> for PrecisionChoice {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Fp32 => Self::Fp32,
            Precision::Tf32 => Self::Tf32,
            Precision::Bf16 => Self::Bf16,
        }
    }
}
