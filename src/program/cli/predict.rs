//! Flags of predict.

use super::data::LinkChoice;
use super::examples;
use super::trained::{Computing, ViewArgs};
use super::{Flags, ForceArgs};
use clap::Args;
use std::path::PathBuf;

/// Predict the classes of pictures
///
/// Prints the most probable class of each picture with its probability. Files that cannot be used
/// are reported at the end, with exit code 1; the others are predicted.
#[derive(Debug, Args)]
#[command(after_help = examples::PREDICT)]
pub struct PredictArgs {
    /// Run folder [default: the first PATH]
    #[arg(long, value_name = "RUN")]
    pub run: Option<PathBuf>,
    /// The run folder, unless --run names it; then pictures, folders of them, or quoted glob patterns;
    /// - reads paths from standard input, one per line
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The paths on standard input end in a zero byte each, as find -print0 writes them
    #[arg(short = '0', long)]
    pub null: bool,
    #[command(flatten)]
    pub view: ViewArgs,
    /// Give the K most probable classes of each picture [default: the most probable; all with
    /// --csv and --json]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub top: Option<u32>,
    /// Write path, class and each class's probability to this CSV instead of printing; - for standard
    /// output
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Print a JSON object per line: path, class, and probabilities from high to low; for a file
    /// that cannot be used, path and error
    #[arg(long)]
    pub json: bool,
    /// Also sort the pictures into DIR/CLASS by their most probable class; DIR must be new or empty
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,
    /// How pictures get into DIR
    #[arg(long, value_enum, default_value_t = LinkChoice::Copy, requires = "into")]
    pub link: LinkChoice,
    /// Also write each picture to DIR/NAME.png with a heat map of what speaks for its most probable
    /// class (Grad-CAM), from dark to bright; DIR must be new or empty
    #[arg(long, value_name = "DIR")]
    pub grad_cam: Option<PathBuf>,
    #[command(flatten)]
    pub force: ForceArgs,
    #[command(flatten)]
    pub settings: Flags<Computing>,
}
