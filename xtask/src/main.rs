//! Orchestration of the workspace: `cargo xtask help`.
//!
//! Nothing numeric lives here, so that it builds in seconds. A command is a [`Step`](ci::Step) of continuous integration, several
//! of them, or one of the tools that write documents.

mod ci;
mod release;
mod steps;
mod tidy;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

const HELP: &str = "\
Usage: cargo xtask <command> [arguments]

  check                    the steps fmt, tidy, clippy and doc
  ci [--strict] [STEP]…    these steps, or all, with times; what lacks a tool is skipped, or red under --strict
  verify [ARGS]            a check and a negative control for every claim; `verify --help` lists the arguments
  proofs [ARGS]            proofs whose code changed; `--accept SECTION` after reading that section again
  theorems [ARGS]          the index of theorems from the claims (docs/theorem_index.md); it loses one only by `--withdraw ID`
  peers [ARGS]             others beside ours (benches/peers/RESULTS.md); `peers --help` lists the arguments
  help                     this text

Steps, each a command too:

";

/// Exit code of a wrong call.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    match (command.to_str(), rest.is_empty()) {
        (Some("check"), true) => ci::run(&["fmt", "tidy", "clippy", "doc"], ci::Missing::Skipped),
        (Some("ci"), _) => ci::main(&rest),
        (Some("proofs"), _) => tidy::proofs::main(&rest),
        (Some("theorems"), _) => {
            cargo(&["run", "--release", "--package", "dp-verify", "--", "--theorems", "docs"], &rest)
        }
        (Some("peers"), _) => finish(Command::new("python3").arg("benches/peers/all.py").args(&rest)),
        (Some("help" | "--help" | "-h"), _) => {
            print!("{HELP}{}", ci::list());
            ExitCode::SUCCESS
        }
        (Some(name), _) if ci::find(name).is_some() => ci::alone(name, &rest),
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprint!("{HELP}{}", ci::list());
    ExitCode::from(USAGE)
}

fn cargo(arguments: &[&str], more: &[OsString]) -> ExitCode {
    finish(Command::new(cargo_path()).args(arguments).args(more))
}

/// Cargo of another toolchain than ours.
fn cargo_of(toolchain: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, "cargo"]).args(arguments);
    // what our own cargo told us would mislead the other one
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// The cargo that started us, so that a toolchain override holds for its children as well.
fn cargo_path() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The exit code of a child; failure if it could not start or was killed.
fn finish(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) => {
            eprintln!("cannot run {}: {error}", command.get_program().display());
            ExitCode::FAILURE
        }
    }
}
