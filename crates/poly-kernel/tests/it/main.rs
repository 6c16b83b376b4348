//! Behaviour of the public interface, each fast path against a naive oracle.

#![allow(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

mod any_input;
mod claims;
mod exp_taylor;
mod feature_map;
mod fixed_point;
mod gradients;
mod heads;
mod linear_attention;
mod moments;
mod monomial;
mod nystrom;
mod readout;
mod regime;
mod scaling;

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

    /// Rows of norm at most `radius`.
    fn ball(&mut self, n: usize, d: usize, radius: f64) -> Mat {
        let side = radius / (d as f64).sqrt() * (1.0 - 1e-12);
        Mat::from_fn(n, d, |_, _| side * self.next())
    }

    /// Integers of magnitude at most `max_abs`.
    fn integers(&mut self, n: usize, c: usize, max_abs: f64) -> Mat {
        Mat::from_fn(n, c, |_, _| (max_abs * self.next()).round_ties_even())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `√(cⱼ j!/∏aᵢ!) x^a` from the definition.
fn naive_feature(coefficients: &[f64], exponents: &[u32], x: &[f64]) -> f64 {
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let degree: u32 = exponents.iter().sum();
    let power: f64 = x.iter().zip(exponents).map(|(x, &a)| x.powi(a as i32)).product();
    let repeated: f64 = exponents.iter().map(|&a| factorial(a)).product();
    (coefficients[degree as usize] * factorial(degree) / repeated).sqrt() * power
}
