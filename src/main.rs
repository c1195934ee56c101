//! The `petite` program.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod program;

fn main() -> std::process::ExitCode {
    program::main()
}
