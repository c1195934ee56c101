//! Signals that ask the program to end. Once work has begun that can stop, the first requests a stop
//! at the next safe point, and the second ends the process at once.

use anyhow::{Context, Result};
use petite::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::flag;
use std::ffi::c_int;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The signals handled. Batch systems such as SLURM announce the end of a job's time by SIGUSR1 or
/// SIGUSR2, if asked to.
const HANDLED: [c_int; 5] = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];

/// What the signals so far have asked for.
#[derive(Debug)]
pub struct Signals {
    stop: Stop,
    /// Whether the next signal ends the process.
    at_once: Arc<AtomicBool>,
    /// The last signal; 0 before the first.
    last: Arc<AtomicUsize>,
}

impl Signals {
    /// Handles these signals from now on, but leaves those ignored that the process
    /// was started to ignore, as by `nohup`. Call it once.
    ///
    /// # Errors
    /// If a handler cannot be installed.
    pub fn listen() -> Result<Self> {
        let signals = Self {
            stop: Stop::default(),
            at_once: Arc::new(AtomicBool::new(true)),
            last: Arc::default(),
        };
        for signal in HANDLED.into_iter().filter(|&signal| !is_ignored(signal)) {
            signals.handle(signal).with_context(|| format!("cannot handle the signal {signal}"))?;
        }
        Ok(signals)
    }

    /// The actions of a signal run in this order.
    fn handle(&self, signal: c_int) -> std::io::Result<()> {
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&self.at_once))?;
        flag::register_usize(signal, Arc::clone(&self.last), signal as usize)?;
        flag::register(signal, self.stop.flag())?;
        flag::register(signal, Arc::clone(&self.at_once)).map(drop)
    }

    /// For work that checks it: from now on the first signal requests this stop. Until then it ends
    /// the process.
    pub fn stop(&self) -> Stop {
        self.at_once.store(false, Ordering::SeqCst);
        self.stop.clone()
    }

    /// The exit code of a stopped program, as a shell gives it: 128 + the signal's number.
    pub fn exit_code(&self) -> ExitCode {
        let signal = match self.last.load(Ordering::SeqCst) {
            0 => SIGINT as usize,
            signal => signal,
        };
        ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
    }
}

/// Whether the process ignores `signal`.
fn is_ignored(signal: c_int) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null pointer for the new action, sigaction only writes the present one, and an
    // all-zero `sigaction` is a valid value should it fail.
    let action = unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init()
    };
    action.sa_sigaction == libc::SIG_IGN
}
