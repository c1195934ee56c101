//! `scripts/fetch_weights.sh` against files and servers of its own.

use assert_cmd::Command;
use petite::nn::{base::Base, zoo::Model};
use petite::weights;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use tch::Device;

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
    // The published file's name stands for its contents.
    let published = cache.path().join("resnet34-b627a593.pth");
    std::fs::write(&published, b"weights").unwrap();
    let error = error_of(&mut fetch(cache.path(), &["resnet34", published.to_str().unwrap()]), 1);
    assert!(error.contains("SHA-256 b627a593bcbe140c"), "{error}");
    let error = error_of(&mut fetch(cache.path(), &["vgg16", "nowhere.h5"]), 1);
    assert!(error.contains("at nowhere.h5, found none"), "{error}");
    let text = cache.path().join("mine.txt");
    std::fs::write(&text, b"weights").unwrap();
    let error = error_of(&mut fetch(cache.path(), &["vgg16", text.to_str().unwrap()]), 1);
    assert!(error.contains("or a file ending in one of safetensors npz"), "{error}");
    assert!(entries(cache.path()).is_empty());
    assert_eq!(std::fs::read(&mine).unwrap(), b"weights");
}

/// Weights of one's own, in every format, are where petite looks for them, if they are the base's.
#[test]
fn a_local_file_is_kept_for_all_later_runs() {
    let folder = tempfile::tempdir().unwrap();
    let base = |model: Model, file: &str| {
        let whole = model.base_architecture(1.0).unwrap();
        let tensors = Base::random(model, whole, Device::Cpu, 1).unwrap().stack.tensors();
        let path = folder.path().join(file);
        weights::save(&path, &tensors, Default::default()).unwrap();
        path
    };
    let own = |cache: &Path, model: &str, path: &Path| {
        let mut command = fetch(cache, &[model, path.to_str().unwrap()]);
        command.env("PETITE", assert_cmd::cargo::cargo_bin!("petite"));
        command
    };
    let cache = tempfile::tempdir().unwrap();
    for file in ["mine.ot", "mine.npz", "Mine.SAFETENSORS"] {
        let path = base(Model::Squeezenet, file);
        let output = own(cache.path(), "squeezenet", &path).assert().success().get_output().clone();
        assert!(String::from_utf8(output.stderr).unwrap().contains("is not the published"));
        let ending = file.split('.').nth(1).unwrap().to_ascii_lowercase();
        let kept = cache.path().join(format!("weights/squeezenet.{ending}"));
        assert_eq!(std::fs::read(&kept).unwrap(), std::fs::read(&path).unwrap());
        // Again, it is there; another is refused.
        own(cache.path(), "squeezenet", &path).assert().success();
        std::fs::write(folder.path().join("other.ot"), b"other").unwrap();
        let mut other = own(cache.path(), "squeezenet", &folder.path().join("other.ot"));
        assert!(error_of(&mut other, 1).contains("try removing it first"));
        assert_eq!(entries(cache.path()), [format!("squeezenet.{ending}")]);
        std::fs::remove_file(kept).unwrap();
    }
    let path = base(Model::Squeezenet, "mine.ot");
    let error = error_of(&mut own(cache.path(), "resnet18", &path), 1);
    assert!(error.contains("found those of squeezenet") && error.contains("mine.ot"), "{error}");
    assert!(entries(cache.path()).is_empty());
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
    let error = error_of(&mut fetch(Path::new("/proc/petite-cache"), &["vgg16"]), 1);
    assert!(error.contains("cannot write to"), "{error}");
}
