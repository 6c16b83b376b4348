//! Three private ways to the self-attention of handwritten digits, measured side by side, with the crossovers as a plot.
//!
//! Rows are digits through a projection that was never fitted to them, each scaled to length 1. Under moves of one row by
//! up to β, and under the replacement of a whole row, the matrix `softmax(s·XXᵀ)` is released in three ways at one budget:
//! noise on rows, noise on the triangle of `XXᵀ`, and Gaussian sampling of `s·XXᵀ + λI`.
//!
//! ```text
//! cargo run --release -p attention-dp --example self_attention -- [FOLDER] [--seed N]
//! ```
//!
//! prints a table and draws two pictures into the folder: errors of a logit against β, and which (β, λ) Gaussian sampling
//! can serve at all, by the published condition and by the exact one. Errors are against exact attention over the same
//! rows, which only an experiment on public data can print. Everything else is known before any release.

mod data;
mod measure;
mod picture;
mod scale;
mod table;

use clap::Parser;
use dp_mechanisms::{Delta, Epsilon, secure_rng};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::error::Error;
use std::path::PathBuf;

const EPSILON: f64 = 1.0;
const DELTA: f64 = 1e-6;
/// Error bars may miss with this probability.
const FAILURE: f64 = 0.05;
/// Logits of unit rows are within ±2.
const SOFTMAX_SCALE: f64 = 2.0;
/// Numbers of rows in the table and in the picture.
const ROWS: [usize; 2] = [60, 600];
/// How far a row may move in the table.
const MOVES: [f64; 4] = [0.001, 0.01, 0.05, 0.2];

/// Three private ways to self-attention over handwritten digits: a table and two pictures.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to draw the pictures.
    #[arg(default_value = "target/self_attention")]
    folder: PathBuf,
    /// Repeatable noise, for demonstrations only: whoever knows the seed can subtract it.
    #[arg(long)]
    seed: Option<u64>,
}

fn budget() -> Result<(Epsilon, Delta), dp_mechanisms::Error> {
    Ok((Epsilon::new(EPSILON)?, Delta::new(DELTA)?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut rng = match arguments.seed {
        Some(seed) => ChaCha20Rng::seed_from_u64(seed),
        None => secure_rng()?,
    };
    std::fs::create_dir_all(&arguments.folder)?;
    table::print(&mut rng)?;
    let routes = arguments.folder.join("routes.svg");
    picture::routes::draw(&routes, &mut rng)?;
    let maps = arguments.folder.join("feasibility.svg");
    picture::feasibility::draw(&maps)?;
    println!("\npictures: {}, {}", routes.display(), maps.display());
    Ok(())
}
