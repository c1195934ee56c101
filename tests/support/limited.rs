//! The program within limits of the shell.

use std::ffi::OsStr;
use std::process::Command;

/// Standard error of the program, started by a shell after `limits`, such as `ulimit -t 10`. It must
/// fail with exit code 1.
pub fn error_within<S: AsRef<OsStr>>(
    limits: &str,
    arguments: &[&str],
    paths: impl IntoIterator<Item = S>,
) -> String {
    let output = Command::new("sh")
        .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
        .arg(assert_cmd::cargo::cargo_bin!("petite"))
        .args(arguments)
        .args(paths)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
    assert!(error.starts_with("error: ") && !error.contains("panicked"), "{error}");
    error
}
