//! The page of `petite serve` in a browser.

use super::serve::Server;
use super::skipped::skipped;
use std::ffi::OsString;
use std::process::Command;

/// A Python with Playwright, if `PETITE_CHROMIUM` names a browser for it; otherwise `test` is skipped.
pub fn python_with_browser(test: &str) -> Option<OsString> {
    let python = std::env::var_os("PETITE_PYTHON").unwrap_or_else(|| "python3".into());
    let has_playwright = Command::new(&python).args(["-c", "import playwright"]).output();
    let why = match (std::env::var_os("PETITE_CHROMIUM"), has_playwright) {
        (None, _) => "PETITE_CHROMIUM names no browser",
        (_, Ok(output)) if output.status.success() => return Some(python),
        _ => "the Python of PETITE_PYTHON has no playwright",
    };
    skipped(test, why);
    None
}

/// Where `PETITE_CHROMIUM` names Chromium, and `PETITE_PYTHON` a Python with Playwright.
#[test]
fn shows_the_classes_of_pictures_in_a_browser() {
    let Some(python) = python_with_browser("serve_page") else { return };
    let server = Server::start("");
    let mut command = Command::new(python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/serve_page_check.py"))
        .arg(format!("http://{}/", server.address))
        .args(["spots/spot.12.jpg", "stripes/stripe.12.jpg"].map(|name| server.test_picture(name)));
    let output = command.output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.stdout.as_slice(), error.as_str()), (b"ok\n".as_slice(), ""));
}
