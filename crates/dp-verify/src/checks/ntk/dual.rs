//! Closed forms of expectations against integration.

use super::activation;
use crate::{Context, Outcome, Subject, largest};
use core::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};
use ntk_dp::Activation;
use rand::RngExt;
use statrs::function::erf::erf;

/// Random variances and covariances; both expectations against a sum over a grid (smooth activations) or an integral over the
/// angle (piecewise linear ones). The twin takes both variances to be equal.
pub(super) fn closed_forms(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(60, 1500) {
        let activation = activation(&mut rng);
        let (a, b): (f64, f64) = (rng.random_range(0.05..2.0), rng.random_range(0.05..2.0));
        let c = rng.random_range(-0.95..0.95) * (a * b).sqrt();
        let found = activation.expectations(a, subject.pick(b, a), c);
        let (value, derivative) = match activation {
            Activation::Relu => over_angles(0.0, a, b, c),
            Activation::LeakyRelu { slope } => over_angles(slope, a, b, c),
            other => over_grid(other, a, b, c),
        };
        worst = largest([worst, (found.value - value).abs(), (found.derivative - derivative).abs()]);
        compared += 2;
    }
    // Simpson's rule with 400 intervals of π/400: (π/400)⁴·π/180·4·16 = 4e-9; the grid and statrs' erf are better
    Outcome::at_most(worst, 1e-8, compared)
}

/// `φ` and `φ′` of the smooth ones.
fn smooth(activation: Activation, x: f64) -> (f64, f64) {
    match activation {
        Activation::Erf => (erf(x), FRAC_2_SQRT_PI * (-x * x).exp()),
        Activation::Gelu => {
            let distribution = 0.5 * (1.0 + erf(x * FRAC_1_SQRT_2));
            (x * distribution, distribution + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt())
        }
        _ => (x * x, 2.0 * x),
    }
}

/// `u = √a z₁`, `v = (c/√a) z₁ + √(b − c²/a) z₂` with both `z` on a grid: for entire functions the error falls faster than
/// any power of the step (Poisson summation), here `e^{−2π²/h²}` times what they grow by.
fn over_grid(activation: Activation, a: f64, b: f64, c: f64) -> (f64, f64) {
    const STEP: f64 = 0.2;
    let (mut value, mut derivative) = (0.0, 0.0);
    let rest = (b - c * c / a).sqrt();
    for i in -45..=45 {
        let z1 = STEP * f64::from(i);
        let (x, slope) = smooth(activation, a.sqrt() * z1);
        for j in -45..=45 {
            let z2 = STEP * f64::from(j);
            let weight = STEP * STEP / (2.0 * PI) * (-0.5 * (z1 * z1 + z2 * z2)).exp();
            let (y, other) = smooth(activation, c / a.sqrt() * z1 + rest * z2);
            value += weight * x * y;
            derivative += weight * slope * other;
        }
    }
    (value, derivative)
}

/// `z = r(cos t, sin t)`: piecewise linear functions are homogeneous in `r`, `E r² = 2`, and what is left is an integral over the
/// angle, smooth between the four angles where `u` or `v` change their sign.
fn over_angles(slope: f64, a: f64, b: f64, c: f64) -> (f64, f64) {
    let rest = (b - c * c / a).sqrt();
    let u = |t: f64| a.sqrt() * t.cos();
    let v = |t: f64| c / a.sqrt() * t.cos() + rest * t.sin();
    // v vanishes where tan t = −c/(√a·rest)
    let zero = (-c / (a.sqrt() * rest)).atan();
    let mut ends: Vec<f64> = [0.5 * PI, 1.5 * PI, zero, zero + PI].map(|t| t.rem_euclid(2.0 * PI)).to_vec();
    ends.sort_by(f64::total_cmp);
    ends.push(ends[0] + 2.0 * PI);
    let (mut value, mut derivative) = (0.0, 0.0);
    for piece in ends.windows(2) {
        let (from, to) = (piece[0], piece[1]);
        let middle = 0.5 * (from + to);
        let side = |x: f64| if x > 0.0 { 1.0 } else { slope };
        let slopes = side(u(middle)) * side(v(middle));
        derivative += slopes * (to - from) / (2.0 * PI);
        value += slopes * simpson(|t| u(t) * v(t), from, to) / PI;
    }
    (value, derivative)
}

fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    const HALVES: i32 = 400;
    let step = (to - from) / f64::from(HALVES);
    let weight = |k: i32| if k == 0 || k == HALVES { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
    (0..=HALVES).map(|k| weight(k) * f(from + f64::from(k) * step)).sum::<f64>() * step / 3.0
}
