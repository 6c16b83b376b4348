//! Claims that carry a constant of ours hold with room on harder inputs than the other tests use.

use dp_linalg::claims::CLAIMS;
use dp_linalg::{Mat, SymmetricEigen, frobenius_norm, leverage_scores};

use crate::support::{distance, random, random_symmetric};

#[test]
fn every_claim_is_listed_once() {
    let ids: Vec<_> = CLAIMS.iter().map(|claim| claim.id).collect();
    assert_eq!(
        ids,
        [
            "linalg.exact_product.integers",
            "linalg.product.forward_error",
            "linalg.cholesky.backward_error",
            "linalg.eigen.backward_error",
            "linalg.leverage.trace",
        ]
    );
}

#[test]
fn graded_spectra_stay_within_the_eigen_bound() {
    for n in [2, 10, 60] {
        // entries from 1 down to 2⁻³⁰: the norm is carried by the first row
        let plain = random_symmetric(n, 3);
        let grade = |i: usize| 2f64.powi(-((30 * i / n) as i32));
        let a = Mat::from_fn(n, n, |i, j| grade(i) * plain[(i, j)] * grade(j));
        let rebuilt = SymmetricEigen::new(a.as_ref()).unwrap().map(|value| value);
        assert!(
            distance(&rebuilt, &a) <= 8.0 * n as f64 * f64::EPSILON * frobenius_norm(a.as_ref()),
            "n = {n}"
        );
    }
}

#[test]
fn leverage_of_badly_scaled_columns_sums_to_the_rank() {
    let (n, d) = (300, 20);
    let plain = random(n, d, 4);
    let a = Mat::from_fn(n, d, |i, j| plain[(i, j)] * 2f64.powi(-(j as i32)));
    let sum: f64 = leverage_scores(a.as_ref()).unwrap().iter().sum();
    assert!((sum - d as f64).abs() <= 8.0 * (n * d) as f64 * f64::EPSILON, "{sum}");
}
