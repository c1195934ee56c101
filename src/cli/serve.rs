//! Flags of serve.

use super::trained::{Computing, ViewArgs};
use super::{Flags, RunArgs, examples};
use clap::{Args, value_parser};

/// Serve a run's predictions over HTTP
///
/// Prints the address of a page where pictures are dropped and their classes and Grad-CAM seen. POST
/// /predict takes a picture as the body (Content-Type: image/…), or several as multipart/form-data,
/// and answers JSON; ?top=K limits the classes, and ?grad_cam=true adds a PNG in base64. GET /health
/// tells what is being done. Ctrl-C ends it after the requests that have begun.
#[derive(Debug, Args)]
#[command(after_help = examples::SERVE)]
pub struct ServeArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Address or name to listen on; 0.0.0.0 for all of the machine's
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Port to listen on; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
    /// Name by which the server is reached, apart from localhost, numeric addresses and --host; can be
    /// repeated. Requests for others are refused, as a web page could send them under its own name
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,
    /// Largest number of requests at a time; others are refused with status 503
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = value_parser!(u16).range(1..))]
    pub max_parallel: u16,
    /// Largest request in bytes
    #[arg(long, value_name = "N", default_value_t = 16 << 20, value_parser = value_parser!(u32).range(1..))]
    pub max_bytes: u32,
    /// Longest time for a request, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = value_parser!(u16).range(1..))]
    pub timeout: u16,
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub settings: Flags<Computing>,
}
