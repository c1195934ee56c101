//! The command line: one struct of flags per command.

mod data;
mod defaults;
mod device;
mod examples;
mod export;
mod predict;
mod report;
mod run;
mod serve;
mod settings;
mod shell;
mod suspects;
mod train;
mod trained;
mod weights;

use clap::{Parser, Subcommand};
pub use data::{DoctorArgs, PrepareArgs, SynthesizeArgs};
pub use export::{ExportArgs, FormatChoice};
pub use predict::PredictArgs;
pub use report::{CompareArgs, PlotArgs, PreviewArgs, WatchArgs};
pub use run::{ForceArgs, RunArgs, RunsArgs};
pub use serve::ServeArgs;
pub use settings::{Flags, Subset};
pub use shell::{CompletionsArgs, ManArgs, Shell};
pub use suspects::SuspectsArgs;
pub use train::TrainArgs;
pub use trained::{EvaluateArgs, ReportArgs, Weights};
pub use weights::{ConvertArgs, ImportArgs, SummaryArgs};

/// Train an image classifier on a few thousand pictures in class folders
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order of the help text.
#[derive(Debug, Subcommand)]
pub enum Command {
    Prepare(PrepareArgs),
    Synthesize(SynthesizeArgs),
    Summary(SummaryArgs),
    Train(Box<TrainArgs>),
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Report(ReportArgs),
    Serve(ServeArgs),
    Compare(CompareArgs),
    Convert(ConvertArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Plot(PlotArgs),
    Preview(PreviewArgs),
    Watch(WatchArgs),
    Suspects(SuspectsArgs),
    Doctor(DoctorArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}
