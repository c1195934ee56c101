//! Runs on the command line, as arguments or as `--run`, and whether outputs replace files.

use clap::Args;
use std::path::{Path, PathBuf};

/// One run.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RunArgs {
    /// Run folder; also as --run RUN
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,
    /// Run folder
    #[arg(long = "run", value_name = "RUN", hide = true)]
    flag: Option<PathBuf>,
}

impl RunArgs {
    /// The run's folder.
    pub fn path(&self) -> &Path {
        self.run.as_deref().or(self.flag.as_deref()).unwrap_or(Path::new("."))
    }
}

/// One or more runs.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct RunsArgs {
    /// Run folders, or folders of the runs of train --repeats; also as --run RUN
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Run folder
    #[arg(long = "run", value_name = "RUN", hide = true)]
    flags: Vec<PathBuf>,
}

impl RunsArgs {
    /// The folders, of which there is at least one.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.runs.iter().chain(&self.flags).cloned().collect()
    }
}

/// Whether outputs replace files.
#[derive(Debug, Args)]
pub struct ForceArgs {
    /// Replace whatever file is in the output's place, not only an earlier output of the same kind
    #[arg(long)]
    pub force: bool,
}
