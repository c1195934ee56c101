//! The program, started often.
//!
//! A start takes a third of a second, nearly all of it libtorch's constructors. So the program is kept
//! waiting where its `main` begins (`warm.c`), and each start is a copy of it (fork), with arguments,
//! environment, folder, output and exit code of its own. What is sent signals, answers requests or works
//! beside others is started as by a shell ([`Started`]).

use assert_cmd::assert::Assert;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::os::unix::{ffi::OsStrExt, process::ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, ExitStatus, Output, Stdio};
use std::sync::{LazyLock, Mutex};

/// Variables that libraries read when they are loaded: these need a start of its own.
const READ_BY_LIBRARIES: [&str; 3] = ["GOMP_", "LD_", "OMP_"];

/// Programs that wait for a start.
static WAITING: Mutex<Vec<Child>> = Mutex::new(Vec::new());

/// The compiled `warm.c`; `None` without a C compiler or the GNU library.
static LIBRARY: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (new, library) =
        (folder.join(format!("warm-{}.so", std::process::id())), folder.join("warm.so"));
    let compiled = std::process::Command::new("cc")
        .args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&new)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/warm.c"))
        .arg("-ldl")
        .output();
    let is_compiled = cfg!(all(target_os = "linux", target_env = "gnu"))
        && compiled.is_ok_and(|output| output.status.success());
    (is_compiled && std::fs::rename(&new, &library).is_ok()).then_some(library)
});

/// A command line of the program.
pub struct Command {
    command: std::process::Command,
    input: Vec<u8>,
    full: bool,
}

impl Command {
    pub fn petite() -> Self {
        let program = assert_cmd::cargo::cargo_bin!("petite");
        Self { command: std::process::Command::new(program), input: Vec::new(), full: false }
    }

    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.command.arg(argument);
        self
    }

    pub fn args(&mut self, all: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.command.args(all);
        self
    }

    pub fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(&mut self, name: &str) -> &mut Self {
        self.command.env_remove(name);
        self
    }

    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.command.current_dir(folder);
        self
    }

    /// What standard input has; without it, nothing.
    pub fn write_stdin(&mut self, input: impl Into<Vec<u8>>) -> &mut Self {
        self.input = input.into();
        self
    }

    /// Gives it a standard output that has no room for anything.
    pub fn without_room(&mut self) -> &mut Self {
        self.full = true;
        self
    }

    /// Starts it as by a shell.
    pub fn start(&mut self) -> Started {
        Started::new(&mut self.command)
    }

    pub fn assert(&mut self) -> Assert {
        Assert::new(self.output().unwrap())
    }

    pub fn output(&mut self) -> Result<Output> {
        let files = tempfile::tempdir()?;
        let written = ["in", "out", "err"].map(|name| files.path().join(name));
        for (path, content) in written.iter().zip([self.input.as_slice(), b"", b""]) {
            std::fs::write(path, content)?;
        }
        let mut paths = written.clone();
        if self.full {
            paths[1] = "/dev/full".into();
        }
        let needs_own_start = self.command.get_envs().any(|(name, _)| {
            READ_BY_LIBRARIES.iter().any(|start| name.as_bytes().starts_with(start.as_bytes()))
        });
        let status = match &*LIBRARY {
            Some(library) if !needs_own_start => self.run_copy(library, &paths)?,
            _ => {
                let [input, output, error] = &paths;
                let open = |path| std::fs::File::options().append(true).open(path);
                self.command.stdin(std::fs::File::open(input)?);
                self.command.stdout(open(output)?).stderr(open(error)?).status()?
            }
        };
        let [_, stdout, stderr] = written.map(std::fs::read);
        Ok(Output { status, stdout: stdout?, stderr: stderr? })
    }

    /// Runs the command line in a copy of a waiting program, on these files.
    fn run_copy(&self, library: &Path, files: &[PathBuf; 3]) -> Result<ExitStatus> {
        let waiting = WAITING.lock().unwrap().pop();
        let mut program = match waiting {
            Some(program) => program,
            None => std::process::Command::new(self.command.get_program())
                .env("LD_PRELOAD", library)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?,
        };
        let request = self.request(files)?;
        let input = program.stdin.as_mut().unwrap();
        input.write_all(&(request.len() as u32).to_ne_bytes())?;
        input.write_all(&request)?;
        let mut status = [0; 4];
        program.stdout.as_mut().unwrap().read_exact(&mut status)?;
        WAITING.lock().unwrap().push(program);
        Ok(ExitStatus::from_raw(i32::from_ne_bytes(status)))
    }

    /// The command line as `warm.c` reads it.
    fn request(&self, files: &[PathBuf; 3]) -> Result<Vec<u8>> {
        let folder = match self.command.get_current_dir() {
            Some(folder) => folder.to_owned(),
            None => std::env::current_dir()?,
        };
        let arguments: Vec<&OsStr> =
            [self.command.get_program()].into_iter().chain(self.command.get_args()).collect();
        let count = arguments.len().to_string();
        let changed = |name: &OsStr| self.command.get_envs().any(|(other, _)| other == name);
        let kept = std::env::vars_os().filter(|(name, _)| !changed(name));
        let set = self
            .command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let variables = kept.chain(set).map(|(name, value)| {
            [name.as_os_str(), OsStr::new("="), &value].into_iter().collect::<OsString>()
        });

        let mut request = Vec::new();
        let mut add = |text: &OsStr| {
            request.extend(text.as_bytes());
            request.push(0);
        };
        add(folder.as_os_str());
        files.iter().for_each(|file| add(file.as_os_str()));
        add(OsStr::new(&count));
        arguments.into_iter().for_each(&mut add);
        variables.for_each(|variable| add(&variable));
        Ok(request)
    }
}

/// A program that works beside the test, and is killed with it.
pub struct Started {
    pub child: Child,
    /// Standard output; a pipe that nobody reads once this is dropped.
    pub output: Option<BufReader<ChildStdout>>,
}

impl Started {
    pub fn new(command: &mut std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { output: child.stdout.take().map(BufReader::new), child }
    }

    /// Reads standard output until there is a line with `text`: that line.
    pub fn line_with(&mut self, text: &str) -> String {
        let output = self.output.as_mut().unwrap();
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "ended without {text}");
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Sends a signal, named as by kill -s.
    pub fn send(&self, signal: &str) {
        let mut kill = std::process::Command::new("kill");
        kill.args(["-s", signal, &self.child.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }

    /// Waits for the end: the exit code, the rest of standard output, and standard error.
    pub fn end(&mut self) -> (Option<i32>, String, String) {
        let (mut output, mut error) = (String::new(), String::new());
        if let Some(rest) = &mut self.output {
            rest.read_to_string(&mut output).unwrap();
        }
        self.child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
        (self.child.wait().unwrap().code(), output, error)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
