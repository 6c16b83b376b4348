//! Values of an independent conic formulation: maximise `ln det E` subject to `‖Eaᵢ‖ ≤ 1` (cvxpy with Clarabel at 1e-11), by the
//! project's script `make_oracles.py`; six digits.

use dp_linalg::Mat;
use john_ellipsoid_dp::{
    InteriorPoint, JohnOptions, PairwiseExchange, RandomizedExchange, SafeDeletion, Solver, Status, Stop,
    WolfeAtwood, john_ellipsoid, john_ellipsoid_with,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// `rows(n, d, seed)` of the script.
fn rows(n: usize, d: usize, seed: usize) -> Mat {
    Mat::from_fn(n, d, |i, j| {
        let (i, j) = ((i + 1) as f64, (j + 1) as f64);
        (12.9898 * i * j + 78.233 * seed as f64 + j * j).sin()
    })
}

struct Case {
    rows: Mat,
    log_det: f64,
    matrix: Mat,
}

/// The values in `reference.json`.
fn cases() -> Vec<Case> {
    let values: serde_json::Value = serde_json::from_str(include_str!("reference.json")).unwrap();
    let case = |case: &serde_json::Value| {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let (n, d) = (size("n"), size("d"));
        let matrix = Mat::from_fn(d, d, |i, j| case["m"][i][j].as_f64().unwrap());
        Case { rows: rows(n, d, size("seed")), log_det: case["log_det_m"].as_f64().unwrap(), matrix }
    };
    values.as_array().unwrap().iter().map(case).collect()
}

#[test]
fn the_default_agrees_with_a_conic_solver() {
    assert_eq!(cases().len(), 3);
    for Case { rows, log_det, matrix } in cases() {
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default().with_gap(1e-9).unwrap()).unwrap();
        assert_eq!(john.status(), Status::Solved);
        // six digits of the reference
        assert!((john.log_det() - log_det).abs() < 1e-6 * log_det, "{} {log_det}", john.log_det());
        let m = john.matrix().unwrap();
        for (x, y) in m.as_slice().iter().zip(matrix.as_slice()) {
            assert!((x - y).abs() < 1e-5, "{x} {y}");
        }
    }
}

#[test]
fn every_solver_agrees_with_a_conic_solver() {
    let deleting = SafeDeletion { solver: WolfeAtwood, period: 50 };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let exchanging = RandomizedExchange::new(&mut rng);
    let solvers: [&dyn Solver; 5] = [&WolfeAtwood, &PairwiseExchange, &InteriorPoint, &deleting, &exchanging];
    for Case { rows, log_det, .. } in cases() {
        for solver in solvers {
            let stop = Stop { gap: 1e-6, max_iterations: 100_000 };
            let john = john_ellipsoid_with(solver, rows.as_ref(), stop, &JohnOptions::default()).unwrap();
            assert_eq!(john.status(), Status::Solved);
            // ln det M is off by at most d·gap, and six digits of the reference
            assert!((john.log_det() - log_det).abs() < 2e-6 * rows.ncols() as f64 + 1e-6 * log_det);
        }
    }
}
