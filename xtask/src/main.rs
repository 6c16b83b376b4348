//! Orchestration of the workspace: `cargo xtask help`.
//!
//! Nothing numeric lives here, so that it builds in seconds. Each command is a sequence of `cargo` calls, or one of the
//! rules of [`tidy`].

mod tidy;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

const HELP: &str = "\
Usage: cargo xtask <command> [arguments]

  check            formatting, tidy, clippy and documentation, each without a warning
  tidy             the numbered rules of the house: arrows, manifests, sources
  verify [ARGS]    a check and a negative control for every claim; `verify --help` lists the arguments
  theorems         the index of theorems from the claims (docs/theorem_index.md)
  bench [ARGS]     the benchmarks; arguments go to `cargo bench`
  peers [ARGS]     others beside ours (benches/peers/RESULTS.md); `peers --help` lists the arguments
  help             this text
";

/// Exit code of a wrong call.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    match (command.to_str(), rest.is_empty()) {
        (Some("check"), true) => check(),
        (Some("tidy"), true) => tidy::main(),
        (Some("verify"), _) => cargo(&["run", "--release", "--package", "dp-verify", "--"], &rest),
        (Some("theorems"), true) => {
            cargo(&["run", "--release", "--package", "dp-verify", "--", "--theorems", "docs"], &[])
        }
        (Some("bench"), _) => cargo(&["bench", "--package", "provable-dp-benches"], &rest),
        (Some("peers"), _) => finish(Command::new("python3").arg("benches/peers/all.py").args(&rest)),
        (Some("help" | "--help" | "-h"), _) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("{HELP}");
            ExitCode::from(USAGE)
        }
    }
}

/// A name and what it runs.
type Step = (&'static str, fn() -> ExitCode);

/// Runs every step even if one fails, so that one round shows all there is to mend.
fn check() -> ExitCode {
    let steps: [Step; 4] = [
        ("fmt", || cargo(&["fmt", "--all", "--check"], &[])),
        ("tidy", tidy::main),
        ("clippy", || {
            cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"], &[])
        }),
        ("doc", document),
    ];
    let failed: Vec<&str> =
        steps.into_iter().filter(|(_, step)| step() != ExitCode::SUCCESS).map(|(name, _)| name).collect();
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("check failed: {}", failed.join(", "));
    ExitCode::FAILURE
}

fn document() -> ExitCode {
    let mut flags = std::env::var_os("RUSTDOCFLAGS").unwrap_or_default();
    flags.push(" -D warnings");
    let arguments = ["doc", "--workspace", "--all-features", "--no-deps"];
    finish(Command::new(cargo_path()).args(arguments).env("RUSTDOCFLAGS", flags))
}

fn cargo(arguments: &[&str], more: &[OsString]) -> ExitCode {
    finish(Command::new(cargo_path()).args(arguments).args(more))
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
