//! Checks of the claims of john-ellipsoid-dp.

mod certificate;
mod close;
mod passes;
mod published;
mod record;
mod released;
mod sampled;
mod solvers;
mod stability;
mod weights;

use crate::{Check, Evidence};
use dp_linalg::{Mat, MatRef};
use john_ellipsoid_dp::{JohnEllipsoid, JohnOptions, john_ellipsoid};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("john.certificate.gap", Search, certificate::gap),
        check("john.certificate.volume", Numeric, certificate::volume),
        check("john.containment", Search, certificate::containment),
        check("john.solvers.agreement", Numeric, solvers::agreement),
        check("john.fixed_point.rate", Numeric, solvers::rate),
        check("john.deletion.safe", Search, solvers::deletion),
        check("john.close.rows.sensitivity", Search, close::sensitivity),
        check("john.close.rows.privacy", Numeric, close::privacy),
        check("john.close.rows.privacy", Audit, close::audit),
        check("john.close.rows.containment", Statistical, close::containment),
        check("john.stability", Search, stability::john),
        check("john.stability.rho", Search, released::rho),
        check("john.stability.smoothed", Search, stability::smoothed_ellipsoids),
        check("john.stability.convergence", Numeric, stability::convergence),
        check("john.stability.privacy", Numeric, released::privacy),
        check("john.stability.privacy", Audit, released::audit),
        check("john.stability.containment", Statistical, released::containment),
        check("john.record.sensitivity", Search, record::sensitivity),
        check("john.record.sensitivity", Exact, record::sensitivity_is_attained),
        check("john.record.privacy", Numeric, record::composition),
        check("john.record.privacy", Audit, record::audit),
        check("john.record.accuracy", Statistical, record::accuracy),
        check("john.record.coverage", Statistical, record::coverage),
        check("john.leverage.change", Search, weights::leverage_change),
        check("john.weights.sensitivity", Search, weights::sensitivity),
        check("john.weights.privacy", Numeric, weights::accounting),
        check("john.weights.privacy", Audit, weights::audit),
        check("john.weights.convergence", Statistical, weights::convergence),
        check("john.published.leak", Search, published::leak),
        check("john.published.support", Exact, published::support),
        check("john.published.scale", Numeric, published::scale),
        check("john.published.sampling", Numeric, published::sampling),
        check("john.published.lipschitz", Numeric, published::lipschitz),
        check("john.published.record", Numeric, published::record),
        check("john.published.convergence", Statistical, published::convergence),
        check("john.fixed_point.mean_of_designs", Numeric, sampled::mean_of_designs),
        check("john.certificate.sparse", Search, sampled::sparse),
        check("john.certificate.between_passes", Search, passes::between),
    ]
}

/// Sums of three uniform entries, with heavy rows now and then and columns in different units.
fn rows(rng: &mut ChaCha20Rng, n: usize, d: usize) -> Mat {
    let units: Vec<f64> = (0..d).map(|_| 10.0_f64.powi(rng.random_range(-4..=4))).collect();
    let mut out = Mat::zeros(n, d);
    for i in 0..n {
        let length = if rng.random_range(0..20) == 0 { 5.0 } else { 1.0 };
        for (entry, unit) in out.row_mut(i).iter_mut().zip(&units) {
            let sum: f64 = (0..3).map(|_| rng.random_range(-1.0..1.0)).sum();
            *entry = length * unit * sum;
        }
    }
    out
}

/// Number of rows and dimension, `n ≥ d`.
fn shape(rng: &mut ChaCha20Rng) -> (usize, usize) {
    let d = rng.random_range(1..=8);
    (d + rng.random_range(0..200), d)
}

fn solve(rows: MatRef<'_>, gap: f64) -> JohnEllipsoid {
    let options = JohnOptions::default().with_gap(gap).expect("a gap between 0 and 1");
    john_ellipsoid(rows, &options).expect("the rows span the space")
}

/// Moves coordinates at random, at scales from 1e-5 to 1, and keeps what the objective likes at least as much.
fn climb(rng: &mut ChaCha20Rng, start: Vec<f64>, steps: usize, mut objective: impl FnMut(&[f64]) -> f64) {
    let mut value = objective(&start);
    let mut best = start;
    for _ in 0..steps {
        let mut point = best.clone();
        let scale = 10_f64.powf(rng.random_range(-5.0..0.3));
        let i = rng.random_range(0..point.len());
        match rng.random_range(0..4) {
            0 => point[i] = -point[i],
            1 => point[i] += rng.random_range(-scale..scale),
            2 => point[i] *= 1.0 + rng.random_range(-scale..scale),
            _ => point.iter_mut().for_each(|x| *x += rng.random_range(-scale..scale)),
        }
        let found = objective(&point);
        if found >= value {
            (best, value) = (point, found);
        }
    }
}
