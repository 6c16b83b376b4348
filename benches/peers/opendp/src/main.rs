//! Exact discrete Gaussian and discrete Laplace noise: OpenDP's samplers and ours, in turns, on one thread.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/opendp/Cargo.toml
//! ```
//!
//! Both sample the same laws exactly, with cryptographic randomness: OpenDP asks OpenSSL for the bytes of each decision, we draw
//! words from ChaCha20 seeded by the operating system. Rates are medians over rounds in which each takes its turn.

use dashu::rational::RBig;
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{DiscreteGaussian, DiscreteLaplace, NoiseScale, NoiseStd, secure_rng};
use opendp::traits::samplers::{sample_discrete_gaussian, sample_discrete_laplace};
use rand_chacha::ChaCha20Rng;
use std::hint::black_box;
use std::time::Instant;

const SCALES: [u32; 4] = [1, 100, 12_346, 1_000_000];
const ROUNDS: usize = 15;
/// Draws in a turn: long enough to be timed, short enough that both see the same machine.
const THEIRS: usize = 2_000;
const OURS: usize = 1 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("million draws a second, medians of {ROUNDS} rounds in turns");
    println!(
        "{:<18}{:>9}{:>10}{:>12}{:>10}{:>8}{:>12}",
        "law", "scale", "OpenDP", "ours, one", "ratio", "block", "ratio"
    );
    let mut worst = f64::INFINITY;
    for scale in SCALES {
        let exact = RBig::from(scale);
        let theirs =
            || drop(black_box(sample_discrete_gaussian(exact.clone()).expect("OpenSSL gives bytes")));
        let ours = DiscreteGaussian::new(NoiseStd::new(scale.into())?)?;
        worst = worst.min(row("discrete Gaussian", scale, theirs, &ours)?);
    }
    for scale in SCALES {
        let exact = RBig::from(scale);
        let theirs = || drop(black_box(sample_discrete_laplace(exact.clone()).expect("OpenSSL gives bytes")));
        let ours = DiscreteLaplace::new(NoiseScale::new(scale.into())?)?;
        worst = worst.min(row("discrete Laplace", scale, theirs, &ours)?);
    }
    println!("smallest ratio of blocks: {worst:.0}");
    Ok(())
}

/// Prints one line; the ratio of blocks of ours to single draws of theirs, who have no other.
fn row<N: LatticeNoise>(
    law: &str,
    scale: u32,
    theirs: impl Fn(),
    ours: &N,
) -> Result<f64, dp_mechanisms::Error> {
    let mut rng = secure_rng()?;
    let mut block = vec![0; 1 << 16];
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        rates[0].push(rate(THEIRS, || (0..THEIRS).for_each(|_| theirs())));
        rates[1].push(rate(OURS, || one_by_one(ours, &mut rng)));
        rates[2].push(rate(OURS, || in_blocks(ours, &mut block, &mut rng)));
    }
    let [theirs, one, blocks] = rates.map(median);
    println!(
        "{law:<18}{scale:>9}{:>10.3}{:>12.1}{:>10.0}{:>8.1}{:>12.0}",
        theirs / 1e6,
        one / 1e6,
        one / theirs,
        blocks / 1e6,
        blocks / theirs
    );
    Ok(blocks / theirs)
}

fn one_by_one<N: LatticeNoise>(noise: &N, rng: &mut ChaCha20Rng) {
    for _ in 0..OURS {
        black_box(noise.sample(rng));
    }
}

fn in_blocks<N: LatticeNoise>(noise: &N, block: &mut [i64], rng: &mut ChaCha20Rng) {
    for _ in 0..OURS / block.len() {
        noise.fill(block, rng);
        black_box(&block);
    }
}

/// Draws a second.
fn rate(draws: usize, turn: impl FnOnce()) -> f64 {
    let start = Instant::now();
    turn();
    draws as f64 / start.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
