//! Standard output and standard error of the program.

use std::fmt::Display;
use std::io::{Error, ErrorKind, Result, Write};
use std::sync::{Mutex, PoisonError};

/// Why a line could not be printed: the first error other than a closed pipe.
static FAILED: Mutex<Option<Error>> = Mutex::new(None);

/// Prints a line to standard output. The work goes on if that fails: [`check`] tells at its end. A
/// closed pipe (`petite … | head`) is ignored.
pub fn say(line: impl Display) {
    keep(writeln!(std::io::stdout(), "{line}"));
}

/// Prints a line to standard error. Errors are ignored, since there is nowhere to report them.
pub fn warn(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints the help text, the version, or the error of a wrong command line, where it belongs.
pub fn show(answer: &clap::Error) {
    let printed = answer.print();
    if !answer.use_stderr() {
        keep(printed);
    }
}

/// Whether everything said so far was written.
///
/// # Errors
/// The first error, apart from a closed pipe.
pub fn check() -> Result<()> {
    keep(std::io::stdout().flush());
    FAILED.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
}

fn keep(printed: Result<()>) {
    let Err(error) = printed else { return };
    if error.kind() != ErrorKind::BrokenPipe {
        FAILED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}
