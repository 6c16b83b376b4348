//! Leverage scores.

use approx::assert_abs_diff_eq;
use dp_linalg::{Cholesky, Mat, leverage_scores};
use proptest::prelude::*;

use crate::support::{nn, random, tn, to_nalgebra};

/// The stated bound.
fn bound(n: usize, d: usize) -> f64 {
    8.0 * (n.max(d) * d) as f64 * f64::EPSILON
}

proptest! {
    #[test]
    fn scores_lie_in_the_unit_interval_and_sum_to_the_rank(n in 1usize..60, d in 1usize..12, rank in 1usize..12, seed: u64) {
        let rank = rank.min(n).min(d);
        let a = nn(&random(n, rank, seed), &random(rank, d, !seed));
        let scores = leverage_scores(a.as_ref()).unwrap();
        prop_assert!(scores.iter().all(|&score| (0.0..=1.0 + bound(n, d)).contains(&score)));
        assert_abs_diff_eq!(scores.iter().sum::<f64>(), rank as f64, epsilon = bound(n, d));
    }
}

#[test]
fn scores_are_the_diagonal_of_the_projection() {
    let a = random(25, 4, 3);
    let oracle = to_nalgebra(&a);
    let svd = oracle.svd(true, false);
    let u = svd.u.unwrap();
    let condition = svd.singular_values.max() / svd.singular_values.min();
    for (i, score) in leverage_scores(a.as_ref()).unwrap().into_iter().enumerate() {
        // the column space moves by the relative backward error times κ, on both sides
        assert_abs_diff_eq!(score, u.row(i).norm_squared(), epsilon = 2.0 * bound(25, 4) * condition);
    }
}

#[test]
fn the_cholesky_route_agrees_when_well_conditioned() {
    let a = random(40, 5, 9);
    let gram = tn(&a, &a);
    let values = to_nalgebra(&gram).symmetric_eigenvalues();
    let by_gram = Cholesky::new(gram.as_ref()).unwrap().inverse_quadratic_forms(a.as_ref()).unwrap();
    // the Gram matrix squares the condition number; its eigenvalue ratio is κ² already
    let tolerance = 2.0 * bound(40, 5) * values.max() / values.min();
    for (x, y) in by_gram.into_iter().zip(leverage_scores(a.as_ref()).unwrap()) {
        assert_abs_diff_eq!(x, y, epsilon = tolerance);
    }
}

#[test]
fn a_row_alone_in_its_direction_has_leverage_one_however_small() {
    let a = Mat::from_vec(3, 2, vec![1e6, 0.0, 1e6, 0.0, 0.0, 1e-6]).unwrap();
    let scores = leverage_scores(a.as_ref()).unwrap();
    assert_abs_diff_eq!(scores.as_slice(), [0.5, 0.5, 1.0].as_slice(), epsilon = bound(3, 2));
}

#[test]
fn matrices_without_rank_have_no_leverage() {
    assert_eq!(leverage_scores(Mat::zeros(3, 2).as_ref()), Ok(vec![0.0; 3]));
    assert_eq!(leverage_scores(Mat::zeros(3, 0).as_ref()), Ok(vec![0.0; 3]));
    assert_eq!(leverage_scores(Mat::zeros(0, 2).as_ref()), Ok(vec![]));
}
