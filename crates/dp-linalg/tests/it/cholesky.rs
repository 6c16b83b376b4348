//! Cholesky against its backward error bound and nalgebra.

use approx::assert_relative_eq;
use dp_linalg::{Cholesky, Error, Mat, Parallelism};

use crate::support::{
    abs, assert_within, distance, gamma, nt, random, random_positive_definite, to_nalgebra,
};

const ORDERS: [usize; 9] = [0, 1, 2, 3, 7, 16, 33, 64, 130];

/// Ratio of the extreme eigenvalues, by nalgebra.
fn condition(a: &Mat) -> f64 {
    let values = to_nalgebra(a).symmetric_eigenvalues();
    values.max() / values.min()
}

#[test]
fn the_factor_reproduces_the_matrix_within_the_stated_bound() {
    for n in ORDERS {
        let a = random_positive_definite(n, n as u64);
        let l = Cholesky::new(a.as_ref()).unwrap().l().to_owned();
        let magnitude = nt(&abs(&l), &abs(&l));
        // γ_{n+6}, and γ_n each for forming LLᵀ and |L||Lᵀ| here
        assert_within(&nt(&l, &l), &a, |i, j| (gamma(n + 6) + 2.0 * gamma(n)) * magnitude[(i, j)]);
        assert!((0..n).all(|i| l[(i, i)] > 0.0 && l.row(i)[i + 1..].iter().all(|&entry| entry == 0.0)));
    }
}

#[test]
fn blocks_obey_the_same_bound_on_any_number_of_threads() {
    for n in [256, 257, 600] {
        let a = random_positive_definite(n, n as u64);
        let factor = Cholesky::new(a.as_ref()).unwrap();
        let l = factor.l().to_owned();
        let magnitude = nt(&abs(&l), &abs(&l));
        assert_within(&nt(&l, &l), &a, |i, j| (gamma(n + 6) + 2.0 * gamma(n)) * magnitude[(i, j)]);
        for threads in [1, 2, 5] {
            assert_eq!(Cholesky::factor(a.clone(), Parallelism::threads(threads)).unwrap(), factor);
        }
        assert_eq!(factor.into_l(), l);
    }
}

#[test]
fn a_pivot_that_is_not_positive_is_named_in_every_block() {
    for pivot in [0, 255, 256, 599] {
        let mut a = Mat::identity(600);
        a[(pivot, pivot)] = -1.0;
        let refused = Cholesky::factor(a, Parallelism::threads(2)).unwrap_err();
        assert_eq!(refused, Error::NotPositiveDefinite { pivot });
    }
}

#[test]
fn solutions_and_inverses_match_nalgebra() {
    for n in ORDERS {
        let (a, b) = (random_positive_definite(n, 40 + n as u64), random(n, 3, 5));
        let cholesky = Cholesky::new(a.as_ref()).unwrap();
        let x = cholesky.solve(b.as_ref()).unwrap();
        if n == 0 {
            assert_eq!((x.shape(), cholesky.inverse().unwrap().shape()), ((0, 3), (0, 0)));
            continue;
        }
        let oracle = nalgebra::Cholesky::new(to_nalgebra(&a)).unwrap();
        let expected = oracle.solve(&to_nalgebra(&b));
        let expected = Mat::from_fn(n, 3, |i, j| expected[(i, j)]);
        // relative backward error nγ_{3n+6} of either solver (Higham 2002, Theorem 10.4), times the condition number
        let tolerance = 4.0 * n as f64 * gamma(3 * n + 6) * condition(&a);
        assert!(distance(&x, &expected) <= tolerance * distance(&expected, &Mat::zeros(n, 3)));
        let (inverse, expected) = (cholesky.inverse().unwrap(), oracle.inverse());
        let expected = Mat::from_fn(n, n, |i, j| expected[(i, j)]);
        assert!(distance(&inverse, &expected) <= tolerance * distance(&expected, &Mat::zeros(n, n)));
        assert_eq!(inverse, inverse.transpose());
    }
}

#[test]
fn log_det_matches_nalgebra_and_does_not_overflow() {
    assert_eq!(Cholesky::new(Mat::zeros(0, 0).as_ref()).unwrap().log_det(), 0.0);
    for n in ORDERS.into_iter().filter(|&n| n > 0) {
        let a = random_positive_definite(n, 90 + n as u64);
        let expected: f64 = to_nalgebra(&a).symmetric_eigenvalues().iter().map(|value| value.ln()).sum();
        // eigenvalues and pivots are off by at most 16n·ε·‖A‖ relative to the smallest, which is at least one
        let tolerance = 32.0 * (n * n) as f64 * f64::EPSILON * distance(&a, &Mat::zeros(n, n));
        assert!((Cholesky::new(a.as_ref()).unwrap().log_det() - expected).abs() <= tolerance);
    }
    let large = Mat::from_fn(100, 100, |i, j| if i == j { 1e300 } else { 0.0 });
    let log_det = Cholesky::new(large.as_ref()).unwrap().log_det();
    assert_relative_eq!(log_det, 100.0 * 300.0 * 10f64.ln(), max_relative = 1e-14); // 100 terms: γ_102 ≈ 1.2e-14
}

#[test]
fn inverse_quadratic_forms_are_the_diagonal_of_the_sandwich() {
    let (a, x) = (random_positive_definite(9, 1), random(17, 9, 2));
    let forms = Cholesky::new(a.as_ref()).unwrap().inverse_quadratic_forms(x.as_ref()).unwrap();
    let inverse = to_nalgebra(&a).try_inverse().unwrap();
    let tolerance = 8.0 * 81.0 * f64::EPSILON * condition(&a); // n²ε·κ for the solve, as above, and for the oracle
    for (form, row) in forms.iter().zip(x.rows()) {
        let row = nalgebra::DVector::from_column_slice(row);
        assert_relative_eq!(*form, (row.transpose() * &inverse * &row)[0], max_relative = tolerance);
    }
}

#[test]
fn the_first_bad_pivot_is_named() {
    let mut a = random_positive_definite(40, 3);
    a[(23, 23)] = -1.0;
    assert_eq!(Cholesky::new(a.as_ref()), Err(Error::NotPositiveDefinite { pivot: 23 }));
    let zero = Cholesky::new(Mat::zeros(2, 2).as_ref());
    assert_eq!(zero, Err(Error::NotPositiveDefinite { pivot: 0 }));
}

#[test]
fn overflow_inside_is_an_error_and_not_a_nan() {
    let a = Mat::from_vec(2, 2, vec![1e-300, 1e300, 1e300, 1e300]).unwrap();
    assert!(Cholesky::new(a.as_ref()).is_err());
    let tiny = Mat::from_vec(1, 1, vec![1e-300]).unwrap();
    let b = Mat::from_vec(1, 1, vec![1e300]).unwrap();
    let solved = Cholesky::new(tiny.as_ref()).unwrap().solve(b.as_ref());
    assert!(matches!(solved, Err(Error::Overflow { .. })));
}

#[test]
fn the_upper_triangle_is_not_used() {
    let a = random_positive_definite(20, 8);
    let lower = Mat::from_fn(20, 20, |i, j| if j > i { 1e9 } else { a[(i, j)] });
    assert_eq!(Cholesky::new(a.as_ref()), Cholesky::new(lower.as_ref()));
}
