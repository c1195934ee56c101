//! The waiting of OpenMP's threads, and the cores they leave to others.

use super::signals::signals;
use super::support::{Started, Workspace, output_of, petite, wait_for};
use std::fs::read;
use std::process::{Command, Stdio};

/// The variables that OpenMP reads in the environment of a started program.
fn variables_of_openmp(set: Option<(&str, &str)>) -> Vec<String> {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("petite"));
    command.args(["predict", "--run", "nowhere", "-"]);
    command.env_remove("GOMP_SPINCOUNT").env_remove("OMP_WAIT_POLICY").envs(set);
    let mut started = Started::new(command.stdin(Stdio::piped()));
    let file = |name: &str| format!("/proc/{}/{name}", started.child.id());
    // Once it listens to signals, it is in `main`.
    wait_for(|| signals("SigCgt", &started) & 2 != 0);
    assert_eq!(read(file("comm")).unwrap(), b"petite\n");
    let arguments = String::from_utf8(read(file("cmdline")).unwrap()).unwrap();
    assert!(arguments.ends_with("/petite\0predict\0--run\0nowhere\0-\0"), "{arguments}");
    let variables = String::from_utf8_lossy(&read(file("environ")).unwrap()).into_owned();
    started.send("TERM");
    assert_eq!(started.end().0, Some(143));
    let of_openmp = variables.split('\0').filter(|variable| {
        variable.starts_with("GOMP_SPINCOUNT=") || variable.starts_with("OMP_WAIT_POLICY=")
    });
    of_openmp.map(str::to_owned).collect()
}

#[test]
fn threads_wait_asleep_unless_the_user_decides() {
    // Workspaces see to it that this process, and so the program, receives signals.
    let _workspace = Workspace::empty();
    assert_eq!(variables_of_openmp(None), ["GOMP_SPINCOUNT=3000"]);
    assert_eq!(variables_of_openmp(Some(("GOMP_SPINCOUNT", "7"))), ["GOMP_SPINCOUNT=7"]);
    assert_eq!(
        variables_of_openmp(Some(("OMP_WAIT_POLICY", "active"))),
        ["OMP_WAIT_POLICY=active"]
    );
}

#[test]
fn bound_threads_leave_the_others_all_cores() {
    let doctor = |bound: &str| {
        let said = output_of(petite("doctor --device cpu").env("OMP_PROC_BIND", bound));
        said.lines().find(|line| line.starts_with("threads ")).unwrap().to_owned()
    };
    assert_eq!(doctor("true"), doctor("false"));
}
