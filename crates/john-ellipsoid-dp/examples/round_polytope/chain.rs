//! Hit-and-run, and how many independent points its points are worth.

use crate::support::normal;
use dp_linalg::{Mat, MatRef};
use rand::{Rng, RngExt};

/// Points of hit-and-run in `{x : |⟨aᵢ, x⟩| ≤ 1}` from 0, every `stride`-th, shape `(count, d)` (Smith 1984).
///
/// A step draws a direction uniformly and goes to a uniform point of the chord.
pub(crate) fn hit_and_run<R: Rng>(rows: MatRef<'_>, (count, stride): (usize, usize), rng: &mut R) -> Mat {
    let d = rows.ncols();
    let (mut x, mut products) = (vec![0.0; d], vec![0.0; rows.nrows()]);
    let mut points = Mat::zeros(count, d);
    for i in 0..count {
        for _ in 0..stride {
            step(rows, &mut x, &mut products, rng);
        }
        // products are carried along; here they are computed anew, so that rounding does not add up
        products.iter_mut().zip(rows.rows()).for_each(|(product, row)| *product = dot(row, &x));
        points.row_mut(i).copy_from_slice(&x);
    }
    points
}

fn step<R: Rng>(rows: MatRef<'_>, x: &mut [f64], products: &mut [f64], rng: &mut R) {
    let direction: Vec<f64> = x.iter().map(|_| normal(rng)).collect();
    let slopes: Vec<f64> = rows.rows().map(|row| dot(row, &direction)).collect();
    let (mut first, mut last) = (f64::NEG_INFINITY, f64::INFINITY);
    for (product, slope) in products.iter().zip(&slopes) {
        let (centre, half) = (-product / slope, 1.0 / slope.abs());
        first = first.max(centre - half);
        last = last.min(centre + half);
    }
    let t = first + (last - first) * rng.random::<f64>();
    x.iter_mut().zip(&direction).for_each(|(x, v)| *x += t * v);
    products.iter_mut().zip(&slopes).for_each(|(product, slope)| *product += t * slope);
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Covariance of a stationary series of mean 0 with itself `lag` later; the mean is 0 by symmetry of the polytope.
fn autocovariance(series: &[f64], lag: usize) -> f64 {
    dot(&series[..series.len() - lag], &series[lag..]) / series.len() as f64
}

/// Autocorrelations at lags 0, 1, …
pub(crate) fn autocorrelations(series: &[f64], lags: usize) -> Vec<f64> {
    let variance = autocovariance(series, 0);
    (0..lags.min(series.len())).map(|lag| autocovariance(series, lag) / variance).collect()
}

/// How many independent points the series is worth: `n / (−1 + 2 Σ (ρ₂ₖ + ρ₂ₖ₊₁))` over the first pairs with a positive sum
/// (Geyer 1992, initial positive sequence).
///
/// A series that has not seen all of the polytope does not know: then this is too large.
pub(crate) fn effective_size(series: &[f64]) -> f64 {
    let n = series.len();
    let variance = autocovariance(series, 0);
    let mut time = -1.0;
    for k in 0..n / 2 {
        let pair = (autocovariance(series, 2 * k) + autocovariance(series, 2 * k + 1)) / variance;
        if pair <= 0.0 {
            break;
        }
        time += 2.0 * pair;
    }
    n as f64 / f64::max(time, 1.0)
}
