//! Checks of the claims of poly-kernel.

mod attention;
mod features;
mod gradient;
mod maps;
mod moments;
mod polynomial;
mod taylor;
mod workload;

use crate::{Check, Evidence};
use dp_testkit::oracle;
use poly_kernel::{FixedPointFeatures, MonomialMap};
use rand::{Rng, RngExt};

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Exact, Numeric, Search, Statistical};
    vec![
        Check { claim: "kernel.exp_taylor.relative_error", evidence: Numeric, run: taylor::relative_error },
        Check { claim: "kernel.exp_taylor.positivity", evidence: Search, run: taylor::positivity },
        Check { claim: "kernel.polynomial.certificate", evidence: Search, run: polynomial::certificate },
        Check { claim: "kernel.polynomial.certificate", evidence: Numeric, run: polynomial::tightness },
        Check { claim: "kernel.polynomial.best", evidence: Numeric, run: polynomial::best },
        Check { claim: "kernel.polynomial.best", evidence: Exact, run: polynomial::degrees },
        Check {
            claim: "kernel.polynomial.least_squares_normal",
            evidence: Numeric,
            run: polynomial::least_squares_normal,
        },
        Check { claim: "kernel.polynomial.softcap", evidence: Search, run: polynomial::softcap },
        Check { claim: "kernel.output_error", evidence: Search, run: polynomial::output_error },
        Check { claim: "kernel.monomial.identity", evidence: Search, run: features::identity },
        Check { claim: "kernel.random.unbiased", evidence: Statistical, run: maps::unbiased },
        Check { claim: "kernel.random.norm", evidence: Search, run: maps::norm },
        Check { claim: "kernel.random.polynomial", evidence: Statistical, run: maps::polynomial },
        Check { claim: "kernel.random.sketch_tree", evidence: Statistical, run: maps::sketch_tree },
        Check { claim: "kernel.random.high_degree", evidence: Statistical, run: maps::high_degree },
        Check { claim: "kernel.nystrom.residual", evidence: Search, run: maps::nystrom },
        Check { claim: "kernel.fixed_point.rounding", evidence: Search, run: features::rounding },
        Check { claim: "kernel.fixed_point.norm_bound", evidence: Search, run: features::norm_bound },
        Check { claim: "kernel.linear_attention.product", evidence: Search, run: attention::product },
        Check { claim: "kernel.linear_attention.error", evidence: Search, run: attention::error },
        Check { claim: "kernel.linear_attention.gradient", evidence: Search, run: gradient::dense },
        Check { claim: "kernel.linear_attention.gradient", evidence: Numeric, run: gradient::differences },
        Check { claim: "kernel.linear_attention.merge", evidence: Search, run: attention::merge },
        Check { claim: "kernel.workload", evidence: Search, run: workload::certified },
        Check { claim: "kernel.workload", evidence: Numeric, run: workload::typical },
        Check { claim: "kernel.workload", evidence: Statistical, run: workload::random },
        Check { claim: "kernel.moments.fused", evidence: Exact, run: moments::fused },
        Check { claim: "kernel.moments.row_locality", evidence: Exact, run: moments::row_locality },
    ]
}

/// Dimensions, degrees and scale exponents of integer features.
const SHAPES: [(usize, usize, i32); 6] =
    [(1, 1, 6), (1, 8, 14), (2, 4, 3), (3, 3, 18), (5, 2, 20), (8, 4, 18)];

/// A point whose coordinates are uniform in `±radius/√d`, scaled to the sphere of that radius every other time.
fn point(rng: &mut impl Rng, dim: usize, radius: f64) -> Vec<f64> {
    let x: Vec<f64> = (0..dim).map(|_| rng.random_range(-1.0..1.0)).collect();
    let norm = oracle::dot(&x, &x).sqrt();
    let length = if rng.random() { radius } else { radius * rng.random_range(0.0..1.0) };
    // shortened by more than the rounding of these lines
    x.iter().map(|v| v / norm * length * (1.0 - 1e-12)).collect()
}

fn fixed_point(dim: usize, degree: usize, exponent: i32, radius: f64) -> FixedPointFeatures {
    let map = MonomialMap::exp_taylor(dim, degree).expect("a small map");
    FixedPointFeatures::new(map, exponent, radius).expect("squared norms stay below 2⁵³")
}

fn integers_of(features: &FixedPointFeatures, x: &[f64]) -> (bool, Vec<i64>) {
    let mut out = vec![0; features.map().feature_count()];
    let counts = features.apply(x, &mut out).expect("the point has the dimension of the map");
    (counts, out)
}

/// Real features at the fixed-point scale, rounded by `round`, with no rule for long points.
fn rounded_features(features: &FixedPointFeatures, x: &[f64], round: fn(f64) -> f64) -> Vec<i64> {
    let mut out = vec![0.0; features.map().feature_count()];
    features.map().apply(x, &mut out).expect("the point has the dimension of the map");
    out.iter().map(|v| round(v * features.scale()) as i64).collect()
}
