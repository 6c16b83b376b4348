//! Behaviour of the public interface.

#![allow(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

mod bad_input;
mod claims;
mod close;
mod conic;
mod enclosing;
mod hard;
mod invariance;
mod private_input;
mod record;
mod reference;
mod solvers;
mod sparse;
mod streams;
mod weights;

use dp_linalg::Mat;

/// Deterministic numbers in `[−1, 1)`.
#[derive(Debug)]
struct Uniform(u64);

impl Uniform {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 * 2.0_f64.powi(-52) - 1.0
    }

    /// Nearly normal entries: sums of four.
    fn rows(&mut self, n: usize, d: usize) -> Mat {
        Mat::from_fn(n, d, |_, _| self.next() + self.next() + self.next() + self.next())
    }
}

fn forms(rows: &Mat, john: &john_ellipsoid_dp::JohnEllipsoid) -> Vec<f64> {
    rows.rows().map(|row| john.leverage(row).unwrap()).collect()
}
