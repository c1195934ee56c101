//! `scripts/fetch_libtorch.sh` where it cannot do its work: one clear line, nothing half-made.

use assert_cmd::Command;
use std::path::Path;

/// The script in an environment of its own, its cache at `cache`.
fn fetch(cache: &Path, flags: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/fetch_libtorch.sh"));
    command.args(flags.split_whitespace());
    command.env("PETITE_CACHE", cache).env_remove("LIBTORCH").env_remove("LIBTORCH_USE_PYTORCH");
    command
}

fn error_of(command: &mut Command, code: i32) -> String {
    let output = command.assert().code(code).get_output().clone();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn wrong_flags_are_wrong_usage() {
    let cache = tempfile::tempdir().unwrap();
    for flags in ["--device gpu", "--device", "--to", "everything"] {
        let error = error_of(&mut fetch(cache.path(), flags), 2);
        assert!(error.contains("usage: "), "{error}");
    }
    fetch(cache.path(), "--help").assert().success();
}

#[test]
fn a_libtorch_at_hand_is_used() {
    let cache = tempfile::tempdir().unwrap();
    fetch(cache.path(), "").env("LIBTORCH_USE_PYTORCH", "1").assert().success();

    let own = tempfile::tempdir().unwrap();
    let error = error_of(fetch(cache.path(), "").env("LIBTORCH", own.path()), 1);
    assert!(
        error.contains("expected lib/libtorch_cpu.so") && error.lines().count() == 1,
        "{error}"
    );
    std::fs::create_dir(own.path().join("lib")).unwrap();
    std::fs::write(own.path().join("lib/libtorch_cpu.so"), b"").unwrap();
    fetch(cache.path(), "").env("LIBTORCH", own.path()).assert().success();
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
}

#[test]
fn no_network_and_no_room_leave_nothing() {
    let cache = tempfile::tempdir().unwrap();
    // A port of this machine that nobody listens at.
    let error = error_of(
        fetch(cache.path(), "")
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
            .env_remove("PIP_FIND_LINKS"),
        1,
    );
    assert!(error.contains("could not reach") && error.lines().count() == 1, "{error}");
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);

    let error = error_of(&mut fetch(Path::new("/proc/petite-cache"), ""), 1);
    assert!(error.contains("cannot create") && error.lines().count() == 1, "{error}");

    let taken = cache.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("mine"), b"mine").unwrap();
    let error = error_of(fetch(cache.path(), "--to").arg(&taken), 1);
    assert!(error.contains("to be new or empty"), "{error}");
    assert_eq!(std::fs::read(taken.join("mine")).unwrap(), b"mine");
}
