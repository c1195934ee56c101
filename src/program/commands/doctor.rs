//! `petite doctor`

use super::libraries::Libraries;
use super::processor::Processor;
use super::{duplicates, speed};
use crate::program::cli::DoctorArgs;
use crate::program::console::{say, warn};
use crate::program::remedy::with_flags;
use anyhow::{Context, Result, ensure};
use petite::files::disk::Space;
use petite::machine::Machine;
use petite::machine::device::{describe, why_no_cuda};
use petite::machine::memory::free_memory;
use petite::machine::precision::PrecisionChoice;
use petite::run::folder::Versions;
use petite::stop::Interrupted;
use petite::text::shown::shown;
use petite::{Stop, files::user_folders};
use std::path::Path;

/// Free bytes below which a disk may soon be full.
const LITTLE: u64 = 1 << 30;
/// Free bytes without which a run cannot be saved.
const NEEDED: u64 = 16 << 20;

pub fn run(args: &DoctorArgs, stop: &Stop) -> Result<()> {
    let versions = Versions::current();
    say(format_args!("petite    {}", versions.petite));
    say(format_args!("libtorch  {} through tch {}", versions.libtorch, versions.tch));
    if let Some(Libraries { folder, foreign }) = Libraries::loaded() {
        say(format_args!("          in {}", shown(&folder)));
        for library in foreign {
            let library = shown(&library);
            warn(format_args!(
                "warning: expected libtorch's libraries in its folder, found {library}; try unsetting LD_PRELOAD and LD_LIBRARY_PATH"
            ));
        }
    }
    let machine = Machine::prepare(args.device, PrecisionChoice::Auto, None);
    say_processor(&Processor::current());
    if let Some(bytes) = free_memory() {
        say(format_args!("memory    {} free", in_gib(bytes)));
    }
    let mut faults = disk_faults();
    match why_no_cuda() {
        None => match tch::Cuda::device_count() {
            1 => say("cuda      1 device"),
            count => say(format_args!("cuda      {count} devices")),
        },
        Some(reason) => say(format_args!("cuda      none: {}", with_flags(reason, "doctor"))),
    }
    let machine = machine?;
    let Machine { device, precision } = machine;
    say(format_args!("--device {} uses {}", String::from(args.device), describe(device)));
    say(format_args!("--precision auto uses {} there", precision.name()));
    match speed::report(machine, stop) {
        Ok((line, warnings)) => {
            say(format_args!("speed     {line}"));
            warnings.iter().for_each(|cause| say(format_args!("          slow: {cause}")));
        }
        Err(error) if error.is::<Interrupted>() => return Err(error),
        Err(error) => faults.push(format!("{error:#}")),
    }
    ensure!(
        faults.is_empty(),
        "expected a machine that can train, found that it cannot:\n  {}",
        faults.join("\n  ")
    );
    args.data
        .as_deref()
        .map_or(Ok(()), |data| duplicates::check(data, args.labels.as_deref(), stop))
}

fn say_processor(processor: &Processor) {
    let Processor { model, features, cores, all_cores, .. } = processor;
    let limited = match cores < all_cores {
        true => format!(" of the machine's {all_cores}"),
        false => String::new(),
    };
    say(format_args!("threads   {} of {cores} cores{limited}", tch::get_num_threads()));
    let features = if features.is_empty() { "no AVX2".to_owned() } else { features.join(", ") };
    say(format_args!("cpu       {model}: {features}"));
}

/// Prints the free space of the cache and of the current folder; returns why they cannot be used.
fn disk_faults() -> Vec<String> {
    let cache = user_folders::cache();
    let places =
        [("cache", &*cache, "another PETITE_CACHE"), ("folder", Path::new("."), "another")];
    let mut faults = Vec::new();
    for (name, path, remedy) in places {
        match Space::near(path) {
            Ok(Space { bytes, files }) => {
                let little = match bytes < LITTLE {
                    true => "; a full disk stops training",
                    false => "",
                };
                let shown = path.canonicalize().unwrap_or_else(|_| path.to_owned());
                let shown = shown.display();
                say(format_args!("{name:<10}{shown}: {} free{little}", in_gib(bytes)));
                if bytes < NEEDED || files == Some(0) {
                    faults.push(format!("{shown} is on a full disk; try {remedy}"));
                }
            }
            Err(error) => {
                faults.push(format!("cannot use {}: {error}; try {remedy}", path.display()))
            }
        }
    }
    if let Err(error) = writable(&cache) {
        faults.push(format!("{error:#}; try another PETITE_CACHE"));
    }
    faults
}

/// Checks that files can be written in `folder`, which is created if necessary.
fn writable(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder).map(drop))
        .with_context(|| format!("cannot write in {}", folder.display()))
}

fn in_gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
