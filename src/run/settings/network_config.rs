//! Settings that only one kind of network has.

use crate::nn::zoo::Downsample;
use crate::run::settings::on_base::OnBase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings that depend on the kind of network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkConfig {
    /// A network that is trained from scratch.
    Scratch(Scratch),
    /// A head on a pretrained base.
    OnBase(OnBase),
}

/// Settings of a network that is trained from scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scratch {
    /// How to downsample feature maps between stages.
    pub downsample: Downsample,
}
