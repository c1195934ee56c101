//! The flags of networks on a pretrained base.

use super::one_of;
use clap::Args;
use petite::nn::convolution::Statistics;
use petite::nn::head::Pooling;
use petite::run::transfer::PreprocessChoice;
use std::path::PathBuf;

/// What is built on a pretrained base; each replaces the recipe's setting.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Pretrained base")]
pub struct TransferArgs {
    /// The base's published weights: .pth, .safetensors, .npz or .ot [default: what
    /// scripts/fetch_weights.sh has put into the cache].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "resume"])]
    pub weights: Option<PathBuf>,
    /// Train on from this run's head and base, at its lowest val_loss (--recipe fine-tune).
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Train the base from this block on [default: fine-tune: vgg16 block5_conv1, mobilenet
    /// conv_dw_8, squeezenet fire6, resnets layer4; else none].
    #[arg(long, value_name = "BLOCK")]
    pub unfreeze_from: Option<String>,
    /// Last block of the base that is kept [default: the last that --weights has].
    #[arg(long, value_name = "BLOCK")]
    pub through: Option<String>,
    /// Width of MobileNet: the number of filters is multiplied by this [default: 1].
    #[arg(long)]
    pub alpha: Option<f64>,
    /// What the base is shown [default: vgg16 book, else published].
    #[arg(long, value_enum)]
    pub preprocess: Option<PreprocessChoice>,
    /// Where trained batch normalisation takes its statistics from [default: stored].
    #[arg(long, value_parser = one_of(&Statistics::ALL), value_name = "STATISTICS")]
    pub batch_norm: Option<Statistics>,
    /// What makes one row of the features [default: vgg16 flatten, else average].
    #[arg(long, value_parser = one_of(&Pooling::ALL))]
    pub pooling: Option<Pooling>,
    /// Units of the dense layer before the classifier; 0 for none [default: 256].
    #[arg(long, value_name = "N")]
    pub units: Option<i64>,
}

impl TransferArgs {
    /// A flag of these that was given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            ("--weights", self.weights.is_some()),
            ("--from", self.from.is_some()),
            ("--unfreeze-from", self.unfreeze_from.is_some()),
            ("--through", self.through.is_some()),
            ("--alpha", self.alpha.is_some()),
            ("--preprocess", self.preprocess.is_some()),
            ("--batch-norm", self.batch_norm.is_some()),
            ("--pooling", self.pooling.is_some()),
            ("--units", self.units.is_some()),
        ];
        flags.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }
}
