//! Thin singular value decompositions against their bound and nalgebra.

use dp_linalg::{Mat, Svd, frobenius_norm};

use crate::support::{distance, gamma, nn, nt, orthogonality_loss, random, to_nalgebra};

const SHAPES: [(usize, usize); 9] =
    [(1, 1), (1, 9), (9, 1), (5, 5), (17, 6), (6, 17), (64, 33), (130, 40), (40, 130)];

#[test]
fn factors_reproduce_the_matrix_within_the_stated_bound() {
    for (n, d) in SHAPES {
        let a = random(n, d, (n * d) as u64);
        let svd = Svd::new(a.as_ref()).unwrap();
        let (k, m) = (n.min(d), n.max(d));
        assert_eq!((svd.u().shape(), svd.v().shape(), svd.singular_values().len()), ((n, k), (d, k), k));
        let weighted = Mat::from_fn(n, k, |i, j| svd.u()[(i, j)] * svd.singular_values()[j]);
        // forming UΣVᵀ here costs at most γ_{k+1}·k·‖A‖₂
        let tolerance = 8.0 * m as f64 * f64::EPSILON + k as f64 * gamma(m + 1);
        assert!(distance(&nt(&weighted, &svd.v().to_owned()), &a) <= tolerance * frobenius_norm(a.as_ref()));
        assert!(orthogonality_loss(&svd.u().to_owned()) <= tolerance);
        assert!(orthogonality_loss(&svd.v().to_owned()) <= tolerance);
    }
}

#[test]
fn values_descend_and_match_nalgebra() {
    for (n, d) in SHAPES {
        let a = random(n, d, 3);
        let svd = Svd::new(a.as_ref()).unwrap();
        let mut expected: Vec<f64> = to_nalgebra(&a).singular_values().iter().copied().collect();
        expected.sort_by(|x, y| y.total_cmp(x));
        let tolerance = 16.0 * n.max(d) as f64 * f64::EPSILON * frobenius_norm(a.as_ref());
        assert!(svd.singular_values().iter().zip(&expected).all(|(x, y)| (x - y).abs() <= tolerance));
        assert!(svd.singular_values().windows(2).all(|pair| pair[0] >= pair[1]));
    }
}

#[test]
fn rank_counts_independent_directions() {
    for rank in 0..5 {
        let a = nn(&random(30, rank, 7), &random(rank, 9, 8));
        assert_eq!(Svd::new(a.as_ref()).unwrap().rank(), rank);
    }
}

#[test]
fn the_pseudo_inverse_satisfies_the_penrose_equations() {
    let a = nn(&random(20, 4, 1), &random(4, 7, 2)); // rank 4
    let svd = Svd::new(a.as_ref()).unwrap();
    let inverse = svd.pseudo_inverse().unwrap();
    let condition = svd.singular_values()[0] / svd.singular_values()[3];
    // each product of three loses at most 8m·ε·κ relative to ‖A‖ and ‖A⁺‖ (twice the bound of the factors, κ from A⁺)
    let tolerance = 32.0 * 20.0 * f64::EPSILON * condition;
    let (forth, back) = (nn(&a, &inverse), nn(&inverse, &a));
    assert!(distance(&nn(&forth, &a), &a) <= tolerance * frobenius_norm(a.as_ref()));
    assert!(distance(&nn(&back, &inverse), &inverse) <= tolerance * frobenius_norm(inverse.as_ref()));
    assert!(distance(&forth, &forth.transpose()) <= tolerance);
    assert!(distance(&back, &back.transpose()) <= tolerance);
}

#[test]
fn empty_and_zero_matrices_have_rank_zero() {
    for (n, d) in [(0, 0), (0, 4), (4, 0)] {
        let svd = Svd::new(Mat::zeros(n, d).as_ref()).unwrap();
        assert_eq!((svd.u().shape(), svd.v().shape(), svd.rank()), ((n, 0), (d, 0), 0));
        assert_eq!(svd.pseudo_inverse().unwrap(), Mat::zeros(d, n));
    }
    let svd = Svd::new(Mat::zeros(4, 3).as_ref()).unwrap();
    assert_eq!((svd.singular_values(), svd.rank()), ([0.0; 3].as_slice(), 0));
    assert_eq!(svd.pseudo_inverse().unwrap(), Mat::zeros(3, 4));
}

#[test]
fn scaling_by_a_power_of_two_scales_the_values_exactly() {
    let a = random(13, 5, 3);
    let values = Svd::new(a.as_ref()).unwrap().singular_values().to_vec();
    for exponent in [-900, 1, 1000] {
        let unit = 2f64.powi(exponent);
        let scaled = Svd::new(Mat::from_fn(13, 5, |i, j| unit * a[(i, j)]).as_ref()).unwrap();
        assert!(scaled.singular_values().iter().zip(&values).all(|(x, y)| *x == unit * y));
    }
}
