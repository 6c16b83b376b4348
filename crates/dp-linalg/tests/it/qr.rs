//! Column-pivoted QR and least squares.

use dp_linalg::{Error, Mat, Operation, Qr, frobenius_norm};

use crate::support::{distance, gamma, nn, orthogonality_loss, random, tn, to_nalgebra};

const SHAPES: [(usize, usize); 8] = [(1, 1), (9, 1), (1, 9), (5, 5), (17, 6), (6, 17), (130, 40), (64, 64)];

#[test]
fn factors_reproduce_the_permuted_matrix() {
    for (n, d) in SHAPES {
        let a = random(n, d, (n + d) as u64);
        let qr = Qr::new(a.as_ref()).unwrap();
        let permuted = Mat::from_fn(n, d, |i, j| a[(i, qr.column_order()[j])]);
        let (q, r) = (qr.q().to_owned(), qr.r().to_owned());
        let k = n.min(d);
        // Householder QR: c·n·k·u column by column (Higham 2002, Theorem 19.4), c = 4 here, and γ_k·√k for forming QR
        let tolerance = 4.0 * (n * k) as f64 * f64::EPSILON + (k as f64).sqrt() * gamma(k);
        assert!(distance(&nn(&q, &r), &permuted) <= tolerance * frobenius_norm(a.as_ref()));
        assert!(orthogonality_loss(&q) <= tolerance + k as f64 * gamma(n));
        assert!((0..k).all(|i| r.row(i)[..i].iter().all(|&entry| entry == 0.0)));
        let mut order = qr.column_order().to_vec();
        order.sort_unstable();
        assert!(order.into_iter().eq(0..d));
        assert_eq!(qr.rank(), k);
    }
}

#[test]
fn least_squares_residuals_are_orthogonal_to_the_columns() {
    for (n, d) in [(1, 1), (9, 1), (5, 5), (17, 6), (130, 40)] {
        let (a, b) = (random(n, d, 4), random(n, 3, 5));
        let x = Qr::new(a.as_ref()).unwrap().solve_least_squares(b.as_ref()).unwrap();
        let fitted = nn(&a, &x);
        let residual = Mat::from_fn(n, 3, |i, j| b[(i, j)] - fitted[(i, j)]);
        let size = frobenius_norm(a.as_ref());
        let scale = size * (size * frobenius_norm(x.as_ref()) + frobenius_norm(b.as_ref()));
        // backward error 4nd·ε (Higham 2002, Theorem 20.3, constant 4) on A and b, and γ_n + γ_d for evaluating here
        let tolerance = 2.0 * (4.0 * (n * d) as f64 * f64::EPSILON + gamma(n) + gamma(d));
        assert!(frobenius_norm(tn(&a, &residual).as_ref()) <= tolerance * scale, "({n}, {d})");
    }
}

#[test]
fn least_squares_solutions_match_nalgebra() {
    let (a, b) = (random(60, 12, 6), random(60, 2, 7));
    let x = Qr::new(a.as_ref()).unwrap().solve_least_squares(b.as_ref()).unwrap();
    let oracle = to_nalgebra(&a).svd(true, true);
    let expected = oracle.solve(&to_nalgebra(&b), 0.0).unwrap();
    let expected = Mat::from_fn(12, 2, |i, j| expected[(i, j)]);
    let (largest, smallest) = (oracle.singular_values.max(), oracle.singular_values.min());
    let condition = largest / smallest;
    // perturbation of least squares: backward error (8nd·ε for both) times κ(1 + κ‖r‖/(σ₁‖x‖)) + κ‖b‖/(σ₁‖x‖)
    let ratio = frobenius_norm(b.as_ref()) / (largest * frobenius_norm(expected.as_ref()));
    let tolerance = 8.0 * 60.0 * 12.0 * f64::EPSILON * condition * (1.0 + condition * ratio + ratio);
    assert!(distance(&x, &expected) <= tolerance * frobenius_norm(expected.as_ref()));
}

#[test]
fn dependent_columns_are_counted_and_refused() {
    let a = nn(&random(30, 3, 1), &random(3, 5, 2));
    let qr = Qr::new(a.as_ref()).unwrap();
    assert_eq!(qr.rank(), 3);
    let refused = qr.solve_least_squares(Mat::zeros(30, 1).as_ref());
    assert_eq!(refused, Err(Error::RankDeficient { rank: 3, columns: 5 }));
    let wide = Qr::new(random(3, 5, 1).as_ref()).unwrap().solve_least_squares(Mat::zeros(3, 1).as_ref());
    assert_eq!(wide, Err(Error::RankDeficient { rank: 3, columns: 5 }));
}

#[test]
fn columns_that_vanish_exactly_are_no_trouble() {
    let ones = Mat::from_fn(4, 3, |_, _| 1.0);
    let corner = Mat::from_fn(5, 4, |i, j| f64::from(u8::from(i + j == 0)));
    let gap = Mat::from_fn(5, 3, |i, j| if j == 1 { 0.0 } else { (i * i + j) as f64 });
    for (a, rank) in [(ones, 1), (corner, 1), (gap, 2)] {
        let qr = Qr::new(a.as_ref()).unwrap();
        assert_eq!(qr.rank(), rank);
        let permuted = Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, qr.column_order()[j])]);
        let tolerance = 4.0 * (a.nrows() * a.ncols()) as f64 * f64::EPSILON + gamma(a.ncols()); // as above
        let rebuilt = nn(&qr.q().to_owned(), &qr.r().to_owned());
        assert!(distance(&rebuilt, &permuted) <= tolerance * frobenius_norm(a.as_ref()));
        assert!(orthogonality_loss(&qr.q().to_owned()) <= 2.0 * tolerance);
    }
}

#[test]
fn zero_and_empty_matrices_have_rank_zero() {
    for (n, d) in [(0, 0), (0, 4), (4, 0), (4, 3)] {
        let qr = Qr::new(Mat::zeros(n, d).as_ref()).unwrap();
        assert_eq!((qr.rank(), qr.column_order().len()), (0, d));
    }
    let no_unknowns =
        Qr::new(Mat::zeros(4, 0).as_ref()).unwrap().solve_least_squares(random(4, 2, 1).as_ref());
    assert_eq!(no_unknowns, Ok(Mat::zeros(0, 2)));
}

#[test]
fn right_hand_sides_of_another_height_are_refused() {
    let refused = Qr::new(random(4, 2, 1).as_ref()).unwrap().solve_least_squares(Mat::zeros(3, 1).as_ref());
    assert_eq!(
        refused,
        Err(Error::ShapeMismatch { operation: Operation::Solve, left: (4, 2), right: (3, 1) })
    );
}
