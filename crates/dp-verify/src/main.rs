//! The command behind `cargo xtask verify`; everything is in the library, where tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    dp_verify::cli::main()
}
