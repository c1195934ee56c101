//! Tests that cannot run here say so where a person sees it.

use std::io::Write;

/// Says that `test` was skipped, and what would let it run. Written past the test harness, which keeps
/// what passing tests print to itself.
pub fn skipped(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "test {test} ... skipped: {why}");
}
