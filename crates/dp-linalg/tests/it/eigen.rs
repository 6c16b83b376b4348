//! Symmetric eigendecompositions against their backward error bound and nalgebra.

use dp_linalg::{Mat, SymmetricEigen, frobenius_norm};

use crate::support::{distance, gamma, orthogonality_loss, random_symmetric, to_nalgebra};

const ORDERS: [usize; 9] = [0, 1, 2, 3, 7, 16, 33, 64, 130];

#[test]
fn factors_reproduce_the_matrix_within_the_stated_bound() {
    for n in ORDERS {
        let a = random_symmetric(n, n as u64);
        let eigen = SymmetricEigen::new(a.as_ref()).unwrap();
        let (size, stated) = (frobenius_norm(a.as_ref()), 8.0 * n as f64 * f64::EPSILON);
        // forming VΛVᵀ here costs γ_{n+1}‖|V||Λ||Vᵀ|‖_F ≤ γ_{n+1}·n·‖A‖₂, and VᵀV costs nγ_n
        let forming = n as f64 * gamma(n + 1);
        assert!(distance(&eigen.map(|value| value), &a) <= (stated + forming) * size, "n = {n}");
        assert!(orthogonality_loss(&eigen.vectors().to_owned()) <= stated + forming, "n = {n}");
    }
}

#[test]
fn values_ascend_and_match_nalgebra() {
    for n in ORDERS.into_iter().filter(|&n| n > 0) {
        let a = random_symmetric(n, 50 + n as u64);
        let values = SymmetricEigen::new(a.as_ref()).unwrap().values().to_vec();
        assert!(values.is_sorted());
        let mut expected: Vec<f64> = to_nalgebra(&a).symmetric_eigenvalues().iter().copied().collect();
        expected.sort_by(f64::total_cmp);
        // Weyl: both are within 8n·ε·‖A‖_F
        let tolerance = 16.0 * n as f64 * f64::EPSILON * frobenius_norm(a.as_ref());
        assert!(values.iter().zip(&expected).all(|(x, y)| (x - y).abs() <= tolerance), "n = {n}");
        assert_eq!(values.len(), n);
    }
}

#[test]
fn repeated_and_zero_eigenvalues_are_no_trouble() {
    let ones = Mat::from_fn(50, 50, |_, _| 1.0); // eigenvalues 50 and 49 zeros
    let values = SymmetricEigen::new(ones.as_ref()).unwrap().values().to_vec();
    let tolerance = 8.0 * 50.0 * f64::EPSILON * 50.0;
    assert!(
        (values[49] - 50.0).abs() <= tolerance && values[..49].iter().all(|value| value.abs() <= tolerance)
    );
    assert_eq!(SymmetricEigen::new(Mat::zeros(4, 4).as_ref()).unwrap().values(), [0.0; 4]);
    assert_eq!(SymmetricEigen::new(Mat::identity(4).as_ref()).unwrap().values(), [1.0; 4]);
}

#[test]
fn scaling_by_a_power_of_two_scales_the_values_exactly() {
    let a = random_symmetric(12, 3);
    let values = SymmetricEigen::new(a.as_ref()).unwrap().values().to_vec();
    for exponent in [-900, -1, 1, 1000] {
        let unit = 2f64.powi(exponent);
        let scaled = Mat::from_fn(12, 12, |i, j| unit * a[(i, j)]);
        let found = SymmetricEigen::new(scaled.as_ref()).unwrap();
        assert!(found.values().iter().zip(&values).all(|(x, y)| *x == unit * y), "2^{exponent}");
    }
}

#[test]
fn the_extremes_of_the_range_give_finite_values_or_overflow() {
    let huge = Mat::from_fn(3, 3, |_, _| f64::MAX); // largest eigenvalue 3·MAX
    assert!(matches!(SymmetricEigen::new(huge.as_ref()), Err(dp_linalg::Error::Overflow { .. })));
    let tiny = Mat::from_fn(3, 3, |_, _| f64::from_bits(1));
    assert!(SymmetricEigen::new(tiny.as_ref()).unwrap().values().iter().all(|value| value.is_finite()));
}
