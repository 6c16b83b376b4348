//! Checks of the claims of john-ellipsoid-dp.

mod certificate;
mod passes;
mod sampled;
mod solvers;

use crate::{Check, Evidence};
use dp_linalg::{Mat, MatRef};
use john_ellipsoid_dp::{JohnEllipsoid, JohnOptions, john_ellipsoid};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Numeric, Search};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("john.certificate.gap", Search, certificate::gap),
        check("john.certificate.volume", Numeric, certificate::volume),
        check("john.containment", Search, certificate::containment),
        check("john.solvers.agreement", Numeric, solvers::agreement),
        check("john.fixed_point.rate", Numeric, solvers::rate),
        check("john.deletion.safe", Search, solvers::deletion),
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
