//! Flags of `petite export`.

use super::trained::Weights;
use super::{ForceArgs, RunArgs, examples};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Export a trained network to ONNX, TorchScript, Keras or safetensors
///
/// Other programs give it pixels of 0..=255, [N, height, width, channels], resized as the run did;
/// scaling and means are inside. Class names and the size are in the file: in ONNX's metadata_props,
/// in TorchScript's extra file petite.json, in the metadata of safetensors, for Keras beside it.
#[derive(Debug, Args)]
#[command(after_help = examples::EXPORT)]
pub struct ExportArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// File to write
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Format of FILE [default: by its extension: .onnx, .pt, .keras, .safetensors]
    #[arg(long, value_enum)]
    pub format: Option<FormatChoice>,
    /// Which of the run's weights to use
    #[arg(long, value_enum, default_value_t = Weights::Last)]
    pub weights: Weights,
    /// Give the scores before the sigmoid or softmax instead of probabilities
    #[arg(long)]
    pub logits: bool,
    #[command(flatten)]
    pub force: ForceArgs,
    /// Python with the packages tensorflow-cpu (or another that brings keras) and safetensors; only
    /// for Keras
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub python: PathBuf,
}

/// The format of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatChoice {
    /// A graph for onnxruntime and many others, opset 17
    Onnx,
    /// A traced module for PyTorch and libtorch
    Torchscript,
    /// A model for Keras 3, built by a script in Python
    Keras,
    /// The weights alone, as petite convert writes them, with the description
    Safetensors,
}
