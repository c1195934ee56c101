//! Standard output of the program.

use std::fmt::Display;
use std::io::Write;

/// Prints a line to standard output, and ignores a closed pipe (`petite … | head`).
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
