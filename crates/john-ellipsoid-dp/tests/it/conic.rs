//! An independent conic formulation, solved by Clarabel: maximise `Σ ln Lⱼⱼ` over lower triangular `L` with `‖Lᵀaᵢ‖ ≤ 1` (or
//! `‖Lᵀaᵢ − b‖ ≤ 1`, with a centre). Second-order cones for rows, exponential cones for logarithms.

use crate::Uniform;
use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolver, ExponentialConeT, IPSolver, SecondOrderConeT, SupportedConeT,
};
use dp_linalg::{Cholesky, Mat, Parallelism, matmul, matmul_tn};
use john_ellipsoid_dp::{EnclosingEllipsoid, JohnOptions, Status, enclosing_ellipsoid, john_ellipsoid};

#[derive(Clone, Copy, PartialEq)]
enum Center {
    Origin,
    Free,
}

/// What the conic solver found: `L`, `b` and a multiplier for each row.
struct Conic {
    root: Mat,
    shift: Vec<f64>,
    weights: Vec<f64>,
}

/// Entries `(row, column, value)` of the constraints `Ax + s = c`.
#[derive(Default)]
struct Constraints {
    entries: (Vec<usize>, Vec<usize>, Vec<f64>),
    right: Vec<f64>,
}

impl Constraints {
    /// One more slack, `right − Σ value·x[column]`.
    fn slack(&mut self, right: f64, terms: &[(usize, f64)]) {
        for &(column, value) in terms {
            self.entries.0.push(self.right.len());
            self.entries.1.push(column);
            self.entries.2.push(value);
        }
        self.right.push(right);
    }
}

fn solve(rows: &Mat, center: Center) -> Conic {
    let (n, d) = (rows.nrows(), rows.ncols());
    let l = |i: usize, j: usize| i * (i + 1) / 2 + j;
    let (logarithm, shift) = (d * (d + 1) / 2, d * (d + 1) / 2 + d);
    let variables = shift + d;
    let mut constraints = Constraints::default();
    for j in 0..d {
        // (tⱼ, 1, Lⱼⱼ) with 1·exp(tⱼ/1) ≤ Lⱼⱼ
        constraints.slack(0.0, &[(logarithm + j, -1.0)]);
        constraints.slack(1.0, &[]);
        constraints.slack(0.0, &[(l(j, j), -1.0)]);
    }
    for row in rows.rows() {
        constraints.slack(1.0, &[]);
        for j in 0..d {
            let mut terms: Vec<(usize, f64)> = (j..d).map(|i| (l(i, j), -row[i])).collect();
            terms.push((shift + j, 1.0));
            constraints.slack(0.0, &terms);
        }
    }
    let mut cones: Vec<SupportedConeT<f64>> = vec![ExponentialConeT(); d];
    cones.extend(vec![SecondOrderConeT(d + 1); n]);
    if center == Center::Origin {
        (0..d).for_each(|j| constraints.slack(0.0, &[(shift + j, 1.0)]));
        cones.push(clarabel::solver::ZeroConeT(d));
    }
    let (i, j, values) = constraints.entries;
    let a = CscMatrix::new_from_triplets(constraints.right.len(), variables, i, j, values);
    let mut objective = vec![0.0; variables];
    objective[logarithm..logarithm + d].fill(-1.0);
    let settings = DefaultSettings { verbose: false, max_iter: 400, ..DefaultSettings::default() };
    let none = CscMatrix::zeros((variables, variables));
    let mut solver = DefaultSolver::new(&none, &objective, &a, &constraints.right, &cones, settings).unwrap();
    solver.solve();
    let (x, z) = (&solver.solution.x, &solver.solution.z);
    Conic {
        root: Mat::from_fn(d, d, |i, j| if j <= i { x[l(i, j)] } else { 0.0 }),
        shift: x[shift..].to_vec(),
        weights: (0..n).map(|i| z[3 * d + i * (d + 1)].max(0.0)).collect(),
    }
}

impl Conic {
    /// `ln det LLᵀ` after `L` and `b` are scaled until every row is inside: a lower bound of the optimum.
    fn feasible(&self, rows: &Mat) -> f64 {
        let images = matmul(rows.as_ref(), self.root.as_ref(), Parallelism::Sequential).unwrap();
        let norm = |y: &[f64]| y.iter().zip(&self.shift).map(|(y, b)| (y - b).powi(2)).sum::<f64>().sqrt();
        let largest = images.rows().map(norm).fold(0.0, f64::max);
        (0..rows.ncols()).map(|j| 2.0 * (self.root[(j, j)] / largest).ln()).sum()
    }

    /// `−ln det M` of the multipliers, scaled to the sum `d`: an upper bound, by weak duality.
    fn dual(&self, rows: &Mat) -> f64 {
        let d = rows.ncols();
        let scale = d as f64 / self.weights.iter().sum::<f64>();
        let weighted = Mat::from_fn(rows.nrows(), d, |i, j| (scale * self.weights[i]).sqrt() * rows[(i, j)]);
        let m = matmul_tn(weighted.as_ref(), weighted.as_ref(), Parallelism::Sequential).unwrap();
        -Cholesky::new(m.as_ref()).unwrap().log_det()
    }
}

/// Nearly normal, heavy-tailed, on a cube, ill-conditioned, and integers with copies and opposites.
fn instance(index: usize) -> Mat {
    let mut random = Uniform::new(index as u64 + 1);
    let d = 1 + index / 5 % 6;
    let n = d + 4 + (7 * index) % 141;
    let mut rows = random.rows(n, d);
    match index % 5 {
        1 => (0..n).for_each(|i| {
            let by = 0.05 + random.next().abs();
            rows.row_mut(i).iter_mut().for_each(|x| *x /= by);
        }),
        2 => rows = Mat::from_fn(n, d, |_, _| random.next()),
        3 => {
            rows =
                Mat::from_fn(n, d, |i, j| (rows[(i, j)] + 3.0 * rows[(i, 0)]) * 10.0_f64.powi(2 - j as i32));
        }
        4 => {
            rows = Mat::from_fn(n, d, |i, j| (1.4 * rows[(i, j)]).round() + f64::from(u8::from(i == j)));
            (d..n / 2).for_each(|i| (0..d).for_each(|j| rows[(n / 2 + i - d, j)] = -rows[(i, j)]));
        }
        _ => {}
    }
    rows
}

#[test]
fn sixty_instances_agree_with_the_conic_optimum() {
    for index in 0..60 {
        let rows = instance(index);
        let d = rows.ncols() as f64;
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default().with_gap(1e-9).unwrap()).unwrap();
        assert_eq!(john.status(), Status::Solved, "{index}");
        let conic = solve(&rows, Center::Origin);
        let (below, above) = (conic.feasible(&rows), conic.dual(&rows));
        // Clarabel stops at 1e-8; what is used of it holds without trust in it, and must be sharp to be worth a comparison
        assert!(above - below < 1e-6 * (1.0 + d), "{index}: {below} {above}");
        // −ln det M is above the optimum, E/√(1 + ξ) below; rounding of sums of logarithms of at most some tens
        let (ours_above, ours_below) = (-john.log_det(), -john.log_det() - d * john.certificate().gap());
        assert!(
            ours_below <= above + 1e-12 && below <= ours_above + 1e-12,
            "{index}: {below} {ours_above} {above}"
        );
        assert!((ours_above - above).abs() < 1e-6 * (1.0 + d), "{index}: {ours_above} {above}");
    }
}

fn log_volume(around: &EnclosingEllipsoid) -> f64 {
    // {a : (a − c)ᵀQ(a − c) ≤ 1} has the volume det Q^{−1/2} in units of the ball's
    -0.5 * Cholesky::new(around.matrix().unwrap().as_ref()).unwrap().log_det()
}

#[test]
fn ellipsoids_with_a_centre_agree_with_the_conic_optimum() {
    for index in 0..30 {
        let mut points = instance(index);
        (0..points.nrows()).for_each(|i| points[(i, 0)] += 1.5);
        let options = JohnOptions::default().with_gap(1e-9).unwrap();
        let around = enclosing_ellipsoid(points.as_ref(), &options).unwrap();
        let conic = -0.5 * solve(&points, Center::Free).feasible(&points);
        let ours = log_volume(&around);
        // the conic one is around all points, so that ours is at most its certificate larger
        assert!(ours <= conic + around.certificate().log_volume_excess() + 1e-9, "{index}: {ours} {conic}");
        // and the other way, as ours is around all points, up to what Clarabel leaves
        assert!(conic - ours < 1e-6 * (1.0 + points.ncols() as f64), "{index}: {ours} {conic}");
    }
}
