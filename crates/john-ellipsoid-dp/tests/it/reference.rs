//! Values of an independent conic formulation: maximise `ln det E` subject to `‖Eaᵢ‖ ≤ 1` (cvxpy with Clarabel at 1e-11), by the
//! project's script `make_oracles.py`; six digits.

use dp_linalg::Mat;
use john_ellipsoid_dp::{
    InteriorPoint, JohnOptions, PairwiseExchange, SafeDeletion, Solver, Status, Stop, WolfeAtwood,
    john_ellipsoid, john_ellipsoid_with,
};

/// `rows(n, d, seed)` of the script.
fn rows(n: usize, d: usize, seed: usize) -> Mat {
    Mat::from_fn(n, d, |i, j| {
        let (i, j) = ((i + 1) as f64, (j + 1) as f64);
        (12.9898 * i * j + 78.233 * seed as f64 + j * j).sin()
    })
}

/// `n`, `d`, `seed`, `ln det M`, the first row of `M`.
type Case = (usize, usize, usize, f64, &'static [f64]);

const CASES: [Case; 3] = [
    (40, 3, 1, 2.486_814, &[1.867_503, 0.114_007, -0.572_155]),
    (200, 5, 2, 6.136_597, &[3.305_534, -0.015_985, -0.703_113, -0.027_909, 0.393_501]),
    (
        60,
        8,
        3,
        12.537_500,
        &[4.724_589, 0.330_662, -0.408_191, -0.473_196, -0.010_908, -0.125_217, 0.157_156, 0.168_653],
    ),
];

#[test]
fn the_default_agrees_with_a_conic_solver() {
    for (n, d, seed, log_det, first_row) in CASES {
        let rows = rows(n, d, seed);
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default().with_gap(1e-9).unwrap()).unwrap();
        assert_eq!(john.status(), Status::Solved);
        // six digits of the reference
        assert!((john.log_det() - log_det).abs() < 1e-6 * log_det, "{} {log_det}", john.log_det());
        let m = john.matrix().unwrap();
        for (x, y) in m.row(0).iter().zip(first_row) {
            assert!((x - y).abs() < 1e-5, "{x} {y}");
        }
    }
}

#[test]
fn every_solver_agrees_with_a_conic_solver() {
    let deleting = SafeDeletion { solver: WolfeAtwood, period: 50 };
    let solvers: [&dyn Solver; 4] = [&WolfeAtwood, &PairwiseExchange, &InteriorPoint, &deleting];
    for (n, d, seed, log_det, _) in CASES {
        let rows = rows(n, d, seed);
        for solver in solvers {
            let stop = Stop { gap: 1e-6, max_iterations: 100_000 };
            let john = john_ellipsoid_with(solver, rows.as_ref(), stop, &JohnOptions::default()).unwrap();
            assert_eq!(john.status(), Status::Solved);
            // ln det M is off by at most d·gap, and six digits of the reference
            assert!((john.log_det() - log_det).abs() < 2e-6 * d as f64 + 1e-6 * log_det);
        }
    }
}
