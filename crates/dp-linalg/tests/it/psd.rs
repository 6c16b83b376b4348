//! Positive semidefinite test and projection.

use dp_linalg::{Mat, frobenius_norm, is_positive_semidefinite, min_eigenvalue, project_onto_psd};
use proptest::prelude::*;

use crate::support::{distance, nn, nt, random, random_symmetric};

proptest! {
    #[test]
    fn gram_matrices_of_any_rank_pass(n in 0usize..30, rank in 0usize..30, seed: u64) {
        let x = random(n, rank, seed);
        prop_assert!(is_positive_semidefinite(nt(&x, &x).as_ref()).unwrap());
    }

    #[test]
    fn a_clearly_negative_direction_fails(n in 1usize..30, seed: u64) {
        let x = random(n, n, seed);
        let mut a = nt(&x, &x);
        a[(n / 2, n / 2)] = -1e-9 * frobenius_norm(a.as_ref()); // a diagonal entry bounds the least eigenvalue
        prop_assert!(!is_positive_semidefinite(a.as_ref()).unwrap());
        prop_assert!(min_eigenvalue(a.as_ref()).unwrap() < 0.0);
    }

    #[test]
    fn the_projection_is_the_nearest_point_of_the_cone(n in 1usize..20, seed: u64) {
        let a = random_symmetric(n, seed);
        let size = frobenius_norm(a.as_ref());
        let nearest = project_onto_psd(a.as_ref()).unwrap();
        prop_assert!(is_positive_semidefinite(nearest.as_ref()).unwrap());
        prop_assert_eq!(&nearest, &nearest.transpose());
        // Moreau: A = P − N with P, N ⪰ 0 and ⟨P, N⟩ = 0, and that decides P
        let rest = Mat::from_fn(n, n, |i, j| nearest[(i, j)] - a[(i, j)]);
        let tolerance = 32.0 * n as f64 * f64::EPSILON;
        prop_assert!(min_eigenvalue(rest.as_ref()).unwrap() >= -tolerance * size);
        prop_assert!(frobenius_norm(nn(&nearest, &rest).as_ref()) <= tolerance * size * size);
        let again = project_onto_psd(nearest.as_ref()).unwrap();
        prop_assert!(distance(&again, &nearest) <= tolerance * size);
    }
}

#[test]
fn the_empty_matrix_is_positive_semidefinite() {
    let empty = Mat::zeros(0, 0);
    assert_eq!(is_positive_semidefinite(empty.as_ref()), Ok(true));
    assert_eq!(min_eigenvalue(empty.as_ref()), Ok(f64::INFINITY));
    assert_eq!(project_onto_psd(empty.as_ref()), Ok(empty));
}

#[test]
fn the_test_does_not_depend_on_the_scale() {
    for unit in [1e-300, 1.0, 8e307] {
        let indefinite = Mat::from_vec(2, 2, vec![unit, 1.1 * unit, 1.1 * unit, unit]).unwrap();
        assert_eq!(is_positive_semidefinite(indefinite.as_ref()), Ok(false), "{unit}");
        let flat = Mat::from_fn(2, 2, |_, _| unit);
        assert_eq!(is_positive_semidefinite(flat.as_ref()), Ok(true), "{unit}");
    }
}
