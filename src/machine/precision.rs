//! The precision of a network's computations. Weights, their updates and the loss are always f32.

use crate::error::ensure_or;
use crate::machine::device::describe;
use crate::native::{backend, cuda};
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind};

/// The `precision` setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrecisionChoice {
    /// bf16 if the device has instructions for it, else fp32.
    Auto,
    /// f32 throughout: the same results on every device, up to rounding.
    Fp32,
    /// f32 with products in TF32 (11-bit mantissa), on CUDA only.
    Tf32,
    /// bfloat16 activations and gradients (8-bit mantissa), sums in f32.
    Bf16,
}

/// The precision that a network computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// f32.
    Fp32,
    /// f32, with products in TF32.
    Tf32,
    /// bfloat16, with sums in f32.
    Bf16,
}

impl PrecisionChoice {
    /// The precision to use on `device`.
    ///
    /// # Errors
    /// If the device does not support it.
    pub fn resolve(self, device: Device) -> Result<Precision> {
        let fast_bf16 = match device {
            Device::Cpu => backend::cpu_has_bf16(),
            // A build without CUDA's headers cannot query the capability and uses fp32.
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
                    "expected a processor with AVX-512 BF16 or a CUDA device of capability 8.0 or newer for `precision` bf16, found {} without it; try `precision` fp32",
                    describe(device)
                );
                Precision::Bf16
            }
        })
    }
}

impl Precision {
    /// The name in the `precision` setting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// The tensor type of images, activations and their gradients.
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
