//! Every system call of `petite train` that writes fails once, or ends the process once. The same
//! command, given again, then gives the same run as without.
//!
//! A few of the calls, evenly spread, are tried; `PETITE_FAULTS=all` tries all of them.

#[path = "../support/event_files.rs"]
mod event_files;
mod run;
#[path = "../support/skipped.rs"]
mod skipped;

use run::{Fault, Undisturbed};

/// Calls tried of each kind.
const FEW: usize = 12;

/// Tries `fault` at some calls, or at all. `part` of four parts shifts the calls, so that each kind
/// tries others.
fn try_calls(fault: Fault, part: usize) {
    let Some(whole) = Undisturbed::get() else { return };
    let count = whole.calls.len();
    assert!(count > 50, "{count}");
    let calls: Vec<usize> = match std::env::var_os("PETITE_FAULTS").is_some_and(|v| v == "all") {
        true => (1..=count).collect(),
        false => (0..FEW).map(|index| 1 + (4 * index + part) * count / (4 * FEW)).collect(),
    };
    let failures: Vec<String> =
        calls.into_iter().filter_map(|call| whole.check(fault, call).err()).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn a_full_disk_at_any_call() {
    try_calls(Fault::NoSpace, 0);
}

#[test]
fn a_broken_disk_at_any_call() {
    try_calls(Fault::Broken, 1);
}

#[test]
fn death_before_any_call() {
    try_calls(Fault::Kill, 2);
}

#[test]
fn death_in_the_midst_of_any_call() {
    try_calls(Fault::Tear, 3);
}
