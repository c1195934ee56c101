//! Ctrl-C: the first asks the work to stop at its next safe point, the second ends the program at once.

use anyhow::Result;
use petite::Stop;

/// The exit code of a program ended by Ctrl-C: 128 + SIGINT.
pub const EXIT_CODE: u8 = 130;

/// Starts listening for SIGINT, SIGTERM and SIGHUP. To be called once.
///
/// # Errors
/// If a handler is installed already.
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
