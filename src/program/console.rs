//! Standard output and standard error of the program.

use anstream::{AutoStream, ColorChoice};
use clap::builder::styling::{AnsiColor, Style};
use petite::text::shown::harmless;
use std::fmt::Display;
use std::io::{Error, ErrorKind, Result, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Why a line could not be printed: the first error other than a closed pipe.
static FAILED: Mutex<Option<Error>> = Mutex::new(None);

/// Whether a line was lost, for whatever reason.
static LOST: AtomicBool = AtomicBool::new(false);

/// The styles of clap's own messages.
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Prints a line to standard output, without what names in it might do to a terminal. The work goes on
/// if that fails: [`check`] tells at its end. A closed pipe (`petite … | head`) is ignored.
pub fn say(line: impl Display) {
    keep(writeln!(std::io::stdout(), "{}", harmless(&line.to_string())));
}

/// Prints a line to standard error. Errors are ignored, since there is nowhere to report them. On a
/// terminal, `error:` and `warning:` have colors, unless NO_COLOR is set or the terminal has none.
pub fn warn(line: impl Display) {
    let line = petite::text::libtorch_message::without_frames(&line.to_string());
    let line = harmless(&line);
    let is_colored = AutoStream::choice(&std::io::stderr()) != ColorChoice::Never;
    let styles = [("error:", ERROR), ("warning:", WARNING)].into_iter().filter(|_| is_colored);
    let mut styled = styles.filter_map(|(label, style)| {
        Some(format!("{style}{label}{style:#}{}", line.strip_prefix(label)?))
    });
    let _ = writeln!(std::io::stderr(), "{}", styled.next().unwrap_or_else(|| line.to_string()));
}

/// Whether nobody will read what [`say`] prints from now on, because the pipe is closed or the disk
/// full. For work whose only purpose is its output.
pub fn is_lost() -> bool {
    LOST.load(Ordering::Relaxed)
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
    LOST.store(true, Ordering::Relaxed);
    if error.kind() != ErrorKind::BrokenPipe {
        FAILED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}
