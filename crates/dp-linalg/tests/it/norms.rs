//! Norms against nalgebra and at the ends of the range.

use approx::assert_relative_eq;
use dp_linalg::{Mat, frobenius_norm, max_abs, max_row_norm, nuclear_norm, row_norms, spectral_norm};
use proptest::prelude::*;

use crate::support::{gamma, random, to_nalgebra};

proptest! {
    #[test]
    fn norms_match_nalgebra(n in 1usize..12, d in 1usize..12, seed: u64) {
        let a = random(n, d, seed);
        let oracle = to_nalgebra(&a);
        let values = oracle.singular_values();
        let rounding = 2.0 * gamma(n * d + 4); // both sums of nd squares, and a square root each
        assert_relative_eq!(frobenius_norm(a.as_ref()), oracle.norm(), max_relative = rounding);
        prop_assert_eq!(max_abs(a.as_ref()), oracle.amax());
        // singular values: 8m·ε·‖A‖_F each, for both sides
        let tolerance = 16.0 * n.max(d) as f64 * f64::EPSILON * oracle.norm();
        assert_relative_eq!(spectral_norm(a.as_ref()).unwrap(), values.max(), epsilon = tolerance);
        let summed = n.min(d) as f64 * tolerance;
        assert_relative_eq!(nuclear_norm(a.as_ref()).unwrap(), values.sum(), epsilon = summed);
        for (norm, row) in row_norms(a.as_ref()).into_iter().zip(oracle.row_iter()) {
            assert_relative_eq!(norm, row.norm(), max_relative = rounding);
        }
    }

    #[test]
    fn norms_are_homogeneous_to_the_last_bit_under_powers_of_two(exponent in -900i32..900) {
        let (a, unit) = (random(5, 7, 1), 2f64.powi(exponent));
        let scaled = Mat::from_fn(5, 7, |i, j| unit * a[(i, j)]);
        prop_assert_eq!(frobenius_norm(scaled.as_ref()), unit * frobenius_norm(a.as_ref()));
        prop_assert_eq!(max_row_norm(scaled.as_ref()), unit * max_row_norm(a.as_ref()));
    }
}

#[test]
fn non_finite_entries_show_in_every_cheap_norm() {
    for (entry, is_expected) in
        [(f64::NAN, f64::is_nan as fn(f64) -> bool), (f64::NEG_INFINITY, f64::is_infinite)]
    {
        for position in 0..6 {
            let mut a = random(2, 3, 1);
            a.as_mut_slice()[position] = entry;
            let norms = [max_abs(a.as_ref()), frobenius_norm(a.as_ref()), max_row_norm(a.as_ref())];
            assert!(norms.into_iter().all(is_expected), "{entry} at {position}: {norms:?}");
        }
    }
    let both = Mat::from_vec(1, 2, vec![f64::INFINITY, f64::NAN]).unwrap();
    assert!(max_abs(both.as_ref()).is_nan() && frobenius_norm(both.as_ref()).is_nan());
}

#[test]
fn empty_matrices_have_norm_zero() {
    for a in [Mat::zeros(0, 0), Mat::zeros(0, 3), Mat::zeros(3, 0)] {
        let a = a.as_ref();
        assert_eq!([max_abs(a), frobenius_norm(a), max_row_norm(a)], [0.0; 3]);
        assert_eq!((spectral_norm(a), nuclear_norm(a)), (Ok(0.0), Ok(0.0)));
        assert_eq!(row_norms(a), vec![0.0; a.nrows()]);
    }
}

#[test]
fn subnormal_and_huge_entries_keep_their_norm() {
    let tiny = f64::from_bits(4); // 4 · 2⁻¹⁰⁷⁴
    assert_eq!(frobenius_norm(Mat::from_fn(2, 2, |_, _| tiny).as_ref()), 2.0 * tiny);
    assert_eq!(frobenius_norm(Mat::from_vec(1, 1, vec![f64::MAX]).unwrap().as_ref()), f64::MAX);
    assert_eq!(frobenius_norm(Mat::from_fn(2, 2, |_, _| f64::MAX).as_ref()), f64::INFINITY);
}
