//! Ctrl-C: the first requests a stop at the next safe point, the second ends the program at once.

use anyhow::Result;
use petite::Stop;

/// Exit code of a program interrupted by Ctrl-C: 128 + SIGINT.
pub const EXIT_CODE: u8 = 130;

/// Handles SIGINT, SIGTERM and SIGHUP from now on. Call it once.
///
/// # Errors
/// If a handler is already installed.
pub fn listen(stop: &Stop) -> Result<()> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.is_requested() {
            std::process::exit(i32::from(EXIT_CODE));
        }
        stop.request();
    })?;
    Ok(())
}
