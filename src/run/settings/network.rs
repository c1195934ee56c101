//! The settings of the network.

use crate::nn::zoo::{Downsample, Model};
use crate::run::settings::on_base::OnBase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The layers to train.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkConfig {
    /// Network to train, or pretrained base to train a head on.
    #[schemars(extend("x-group" = "Network"))]
    pub model: Model,
    /// Settings that depend on the kind of network.
    #[serde(rename = "network")]
    pub kind: NetworkKind,
    /// Dropout rate before the last dense layers; none for no dropout.
    #[serde(default)]
    #[schemars(extend("x-group" = "Network", "x-value-name" = "RATE", "minimum" = 0, "exclusiveMaximum" = 1))]
    pub dropout: Option<f64>,
}

/// Settings that depend on the kind of network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
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
