//! `petite doctor`

use super::duplicates;
use crate::cli::DoctorArgs;
use crate::console::say;
use crate::remedy::with_flags;
use anyhow::Result;
use petite::Stop;
use petite::device::{describe, why_no_cuda};
use petite::precision::PrecisionChoice;
use petite::run::folder::Versions;

pub fn run(args: &DoctorArgs, stop: &Stop) -> Result<()> {
    let versions = Versions::current();
    say(format_args!("petite    {}", versions.petite));
    say(format_args!("libtorch  {} through tch {}", versions.libtorch, versions.tch));
    say(format_args!("threads   {} of {} cores", tch::get_num_threads(), cores()));
    match why_no_cuda() {
        None => match tch::Cuda::device_count() {
            1 => say("cuda      1 device"),
            count => say(format_args!("cuda      {count} devices")),
        },
        Some(reason) => say(format_args!("cuda      none: {}", with_flags(reason, "doctor"))),
    }
    let device = args.device.resolve()?;
    say(format_args!("--device {} uses {}", String::from(args.device), describe(device)));
    say(format_args!(
        "--precision auto uses {} there",
        PrecisionChoice::Auto.resolve(device)?.name()
    ));
    args.data.as_deref().map_or(Ok(()), |data| duplicates::check(data, stop))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
