//! What an adversary learns who may ask anything, knows all rows but one, and chooses each query from the answers before.
//!
//! ```text
//! cargo run --release -p attention-dp --example adaptive_adversary -- [--releases N]
//! ```
//!
//! *Exact attention*: an answer is `(N + w v)/(D + w)` with the known rows in N and D and the unknown row `(k, v)` of weight
//! `w = exp(s·q·k)`. Two answers give v, and each further one gives a logit, that is one equation for k. The adversary turns the next
//! queries toward what is known of k, where the weight is largest, and recovers the row to rounding.
//!
//! *The release*: the same adversary asks the same way, and is left with noise. The strongest one does not ask at all: it reads the
//! released integers and decides by likelihood which of two rows is in the data. No attack on an (ε, δ)-private release with
//! Gaussian noise does better than `Φ(μ/2)`, and this one attains it.

mod exact;
mod released;

use clap::Parser;
use dp_linalg::Mat;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::error::Error;

/// Reconstructs a private row from exact attention, and fails on a release.
#[derive(Debug, Parser)]
struct Arguments {
    /// Releases to attack, at each budget.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..))]
    releases: u32,
}

/// Coordinates of keys and values, and rows.
const KEY_DIM: usize = 6;
const VALUE_DIM: usize = 3;
const ROWS: usize = 500;

/// Logits of unit vectors are within ±1.
const SCALE: f64 = 1.0;

/// Rows that the adversary knows, and the one it wants.
struct World {
    keys: Mat,
    values: Mat,
    target: (Vec<f64>, Vec<f64>),
}

impl World {
    fn new(rng: &mut ChaCha20Rng) -> Self {
        let keys: Vec<f64> = (0..ROWS).flat_map(|_| unit(KEY_DIM, rng)).collect();
        let values: Vec<f64> = (0..ROWS).flat_map(|_| unit(VALUE_DIM, rng)).collect();
        Self {
            keys: Mat::from_vec(ROWS, KEY_DIM, keys).expect("rows of keys"),
            values: Mat::from_vec(ROWS, VALUE_DIM, values).expect("rows of values"),
            target: (unit(KEY_DIM, rng), unit(VALUE_DIM, rng)),
        }
    }

    /// All rows, with this one last.
    fn with(&self, (key, value): (&[f64], &[f64])) -> (Mat, Mat) {
        let append = |rows: &Mat, last: &[f64]| {
            let all = rows.as_slice().iter().chain(last).copied().collect();
            Mat::from_vec(rows.nrows() + 1, last.len(), all).expect("one row more")
        };
        (append(&self.keys, key), append(&self.values, value))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    // the world is the experiment's; noise comes from the operating system
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let world = World::new(rng);
    let found = exact::reconstruct(&world)?;
    println!(
        "exact attention, {} adaptive queries: key recovered to {:.1e}, value to {:.1e}",
        found.queries,
        distance(&found.key, &world.target.0),
        distance(&found.value, &world.target.1)
    );
    println!(
        "\nrelease, δ = 1e-6, {} releases a budget: which of two opposite rows is in the data?\n",
        arguments.releases
    );
    println!(
        "{:>6} {:>22} {:>22} {:>14} {:>22}",
        "ε", "adaptive queries", "released integers", "bound Φ(μ/2)", "key is off by"
    );
    for epsilon in [0.1, 0.5, 1.0, 3.0] {
        println!("{}", released::attack(&world, epsilon, arguments.releases)?);
    }
    println!(
        "\nShares of right guesses with their standard error; ½ is guessing. The last column is the distance of the key that the reconstruction\n\
         finds from answers of a release, where 1.0 is that of nothing at all (no answers, key zero) and 1.4 that of unrelated unit vectors."
    );
    Ok(())
}

fn unit(dim: usize, rng: &mut ChaCha20Rng) -> Vec<f64> {
    loop {
        let x: Vec<f64> = (0..dim).map(|_| rng.random_range(-1.0..1.0)).collect();
        let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        if (0.2..=1.0).contains(&norm) {
            return x.iter().map(|x| x / norm).collect();
        }
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
