//! The settings of the machine.

use super::device::DeviceChoice;
use super::precision::PrecisionChoice;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run computes with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MachineConfig {
    /// Device to compute on: auto, cpu, cuda, cuda:N or mps.
    #[schemars(extend("x-group" = "Machine", "x-value-name" = "DEVICE", "x-resume" = "auto"))]
    pub device: DeviceChoice,
    /// Precision of the network's computations; weights and their updates are always fp32. A
    /// resumed run keeps what auto selected.
    #[serde(default = "fp32")]
    #[schemars(extend("x-resume" = "auto"))]
    pub precision: PrecisionChoice,
    /// Number of threads that libtorch computes with on the CPU; none for its default.
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N", "x-resume" = null))]
    pub threads: Option<usize>,
    /// Record the training step as a CUDA graph.
    #[serde(default = "yes")]
    #[schemars(extend("x-resume" = true))]
    pub cuda_graph: bool,
}

impl Default for MachineConfig {
    fn default() -> Self {
        Self {
            device: DeviceChoice::default(),
            precision: PrecisionChoice::Auto,
            threads: None,
            cuda_graph: true,
        }
    }
}

fn yes() -> bool {
    true
}

/// The precision of runs from before it was a setting.
fn fp32() -> PrecisionChoice {
    PrecisionChoice::Fp32
}
