//! `scripts/fetch_weights.sh` against files and servers of its own.

use assert_cmd::Command;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

fn fetch(cache: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("bash");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/fetch_weights.sh"));
    command.args(arguments).env("PETITE_CACHE", cache);
    command.env_remove("PETITE_WEIGHTS_URL").env_remove("PETITE_PYTHON");
    command
}

fn error_of(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

/// What is in the folder of weights, hidden files too.
fn entries(cache: &Path) -> Vec<String> {
    let folder = std::fs::read_dir(cache.join("weights")).into_iter().flatten();
    folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The address of a server that answers one request with `body`, as HTTP with this status.
fn serve(status: &'static str, body: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/w.pth", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    });
    address
}

/// SHA-256 of `weights`: `printf weights | sha256sum`.
const WEIGHTS: &str = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c";

#[test]
fn a_download_of_the_right_hash_is_put_in_place_once() {
    let cache = tempfile::tempdir().unwrap();
    let mut command = fetch(cache.path(), &["resnet18", "--sha256", WEIGHTS]);
    command.env("PETITE_WEIGHTS_URL", serve("200 OK", b"weights")).assert().success();
    let target = cache.path().join("weights/resnet18.pth");
    assert_eq!(std::fs::read(&target).unwrap(), b"weights");
    // Nothing is asked again: there is no server any more.
    let mut command = fetch(cache.path(), &["resnet18"]);
    command.env("PETITE_WEIGHTS_URL", "http://127.0.0.1:9/").assert().success();
    assert_eq!(entries(cache.path()), ["resnet18.pth"]);
}

#[test]
fn another_file_is_refused_and_nothing_is_left() {
    let cache = tempfile::tempdir().unwrap();
    let mut command = fetch(cache.path(), &["resnet18"]);
    let error = error_of(command.env("PETITE_WEIGHTS_URL", serve("200 OK", b"weights")), 1);
    assert!(error.contains("SHA-256 f37072fd47e89c5e") && error.contains(WEIGHTS), "{error}");
    let mut command = fetch(cache.path(), &["resnet50"]);
    let error = error_of(command.env("PETITE_WEIGHTS_URL", serve("404 Not Found", b"gone")), 1);
    assert!(error.contains("404"), "{error}");
    let mut command = fetch(cache.path(), &["vgg16"]);
    let error = error_of(command.env("PETITE_WEIGHTS_URL", "http://127.0.0.1:9/w.h5"), 1);
    assert!(error.contains("expected the weights at http://127.0.0.1:9/w.h5"), "{error}");

    let mine = cache.path().join("mine.h5");
    std::fs::write(&mine, b"weights").unwrap();
    let path = mine.to_str().unwrap();
    for name in ["vgg16", "squeezenet", "resnet34"] {
        let error = error_of(&mut fetch(cache.path(), &[name, path]), 1);
        assert!(error.contains("try another copy") && error.lines().count() == 1, "{error}");
    }
    let error = error_of(&mut fetch(cache.path(), &["vgg16", "nowhere.h5"]), 1);
    assert!(error.contains("at nowhere.h5, found none"), "{error}");
    let error = error_of(&mut fetch(cache.path(), &["vgg16", "vgg16.safetensors"]), 1);
    assert!(error.contains("which petite reads directly"), "{error}");
    assert!(entries(cache.path()).is_empty());
    assert_eq!(std::fs::read(&mine).unwrap(), b"weights");
}

/// MobileNet's file has no published hash: said so, and then what converts it must recognise it.
#[test]
fn a_file_that_cannot_be_converted_is_refused() {
    let cache = tempfile::tempdir().unwrap();
    let mine = cache.path().join("mine.h5");
    std::fs::write(&mine, b"weights").unwrap();
    let mut command = fetch(cache.path(), &["mobilenet", mine.to_str().unwrap()]);
    // No h5py there: the conversion fails on any file.
    let error = error_of(command.env("PETITE_PYTHON", "false"), 1);
    assert!(error.contains(&format!("this one's SHA-256 is {WEIGHTS}")), "{error}");
    assert!(error.contains("cannot convert mobilenet_1_0_224_tf_no_top.h5"), "{error}");
    assert!(entries(cache.path()).is_empty());
}

#[test]
fn wrong_flags_are_wrong_usage() {
    let cache = tempfile::tempdir().unwrap();
    for arguments in [
        &[][..],
        &["resnet101"],
        &["vgg16", "a", "b"],
        &["--all"],
        &["vgg16", "--sha256", "abc"],
        &["vgg16", "--sha256"],
    ] {
        let error = error_of(&mut fetch(cache.path(), arguments), 2);
        assert!(error.contains("usage: "), "{error}");
    }
    fetch(cache.path(), &["--help"]).assert().success();
    let error = error_of(&mut fetch(Path::new("/proc/petite-cache"), &["vgg16", "w"]), 1);
    assert!(error.contains("cannot write to"), "{error}");
}
