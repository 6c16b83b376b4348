//! Behaviour of the public interface.

#![allow(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

mod bad_input;
mod claims;
mod close;
mod features;
mod images;
mod kernels;
mod private_descent;
mod private_record;
mod properties;
mod regression;

use dp_linalg::Mat;
use ntk_dp::{Activation, Network};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ACTIVATIONS: [Activation; 5] = [
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.3 },
    Activation::Erf,
    Activation::Gelu,
    Activation::Quadratic,
];

/// Entries uniform in `[−1, 1)`.
fn uniform(seed: u64, rows: usize, columns: usize) -> Mat {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| rng.random_range(-1.0..1.0))
}

/// Two hidden layers with biases.
fn network(activation: Activation) -> Network {
    Network::new(activation, 2, 1.5).unwrap().with_bias_variance(0.2).unwrap()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
