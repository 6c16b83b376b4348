//! Releases a user's own keys and values once, then answers queries from the saved release in another process.
//!
//! ```text
//! cargo run --release -p attention-dp --example release_and_query -- \
//!     release --keys keys.npy --values values.npy --epsilon 1 --delta 1e-6 \
//!             --query-radius 1 --key-radius 1 --value-radius 1 --degree 4 --out release.safetensors
//! cargo run --release -p attention-dp --example release_and_query -- \
//!     query --release release.safetensors --queries queries.npy
//! ```
//!
//! Files are npy or safetensors; `--keys-tensor NAME` and the like name one of several tensors. Rows are streamed, so that
//! memory does not grow with their number. Radii must be public knowledge: longer rows are scaled back to them, and
//! never fit them to the private rows. The second process sees the release and the queries only.

mod query;
mod release;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Differentially private attention over the rows of files: release once, query without limit.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads private keys and values, writes a release.
    Release(release::Arguments),
    /// Reads a release and queries, prints answers with error bars. Costs no privacy.
    Query(query::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Release(arguments) => release::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says which file an error is about, unless the error does.
fn about<E: Error>(file: &Path) -> impl FnOnce(E) -> String + '_ {
    move |error| {
        let (name, text) = (file.display().to_string(), error.to_string());
        if text.contains(&name) { text } else { format!("{name}: {text}") }
    }
}
