//! Least squares under a law of logits.

use super::LogitRange;
use super::chebyshev::{Powers, moved, stretched};
use crate::error::Error;
use crate::exp_taylor::poisson_tail;
use crate::outward::up;

/// `e^{m + s²/2} Σ_{k≤g} (s^k/k!) He_k((t − m)/s)` in powers of `t`.
pub(super) fn normal(degree: usize, mean: f64, std: f64) -> Vec<f64> {
    let mut sum = Powers::new();
    let mut weight = (mean + 0.5 * std * std).exp();
    for k in 0..=degree {
        sum.add(weight);
        // He_{k+1}(z) = z He_k(z) − k He_{k−1}(z)
        sum.advance((1.0, 0.0, k as f64));
        weight *= std / (k + 1) as f64;
    }
    moved(stretched(sum.total, std), mean)
}

pub(super) fn normal_error(degree: usize, std: f64) -> f64 {
    let variance = (std * std).next_up();
    if variance.is_nan() { f64::INFINITY } else { up(poisson_tail(degree, variance).sqrt(), 1) }
}

/// Least squares over a sample, by the three-term recurrence of its orthogonal polynomials.
pub(super) fn sample(degree: usize, logits: &[f64], range: LogitRange) -> Result<Vec<f64>, Error> {
    let x: Vec<f64> = logits.iter().map(|t| (t - range.middle()) / range.half_width()).collect();
    // relative to the largest: the sum of squares must not overflow
    let rest: Vec<f64> = logits.iter().map(|t| (t - range.high()).exp()).collect();
    let (mut current, mut before) = (vec![1.0; x.len()], vec![0.0; x.len()]);
    let (mut norm, mut ratio) = (x.len() as f64, 0.0);
    let mut sum = Powers::new();
    for k in 0..=degree {
        sum.add(dot(&rest, &current) / norm);
        if k == degree {
            break;
        }
        let center = current.iter().zip(&x).map(|(p, x)| p * p * x).sum::<f64>() / norm;
        let next: Vec<f64> = (0..x.len()).map(|i| (x[i] - center) * current[i] - ratio * before[i]).collect();
        sum.advance((1.0, center, ratio));
        let next_norm = dot(&next, &next);
        // monic polynomials over points within ±1 shrink by about four each time; what is all rounding is no polynomial
        if next_norm <= 1e-24 * norm {
            return Err(Error::TooFewLogits { degree, distinct: k + 1 });
        }
        ratio = next_norm / norm;
        before = core::mem::replace(&mut current, next);
        norm = next_norm;
    }
    let scale = range.high().exp();
    let coefficients = moved(stretched(sum.total, range.half_width()), range.middle());
    Ok(coefficients.iter().map(|c| c * scale).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
