//! What no factorisation of the prefix sums can beat.

use super::roots;
use crate::checks::mechanisms::none_fails;
use crate::{Context, Outcome, Subject, largest, smaller};
use dp_linalg::{Mat, frobenius_norm, nuclear_norm, row_norms, solve_lower_triangular};
use dp_mechanisms::continual::{SquareRootFactor, TreeShape, lower_bound as stated};
use rand::RngExt;

/// The stated bound is `(‖A‖₁/T)²` by singular values, and no factorisation has a smaller mean error: the square root,
/// its columns scaled to one norm, random changes of both, and the library's own. The twin takes the square root for optimal.
pub(in super::super) fn lower_bound(context: &mut Context, subject: Subject) -> Outcome {
    let last = context.scale(40, 150) as u64;
    let bound = |horizon: u64| match subject {
        Subject::AsShipped => stated(horizon),
        Subject::Broken => SquareRootFactor::new(horizon).expect("short").mean_error_constant(),
    };
    let by_singular_values = none_fails(1..=last, |horizon| {
        let sums = lower_triangle(horizon, |_, _| 1.0);
        let norm = nuclear_norm(sums.as_ref()).expect("finite entries") / horizon as f64;
        // singular values are good to a small multiple of T·2⁻⁵³·‖A‖
        (bound(horizon) / norm.powi(2) - 1.0).abs() < 1e-10
    });
    let mut rng = context.rng(0);
    let (mut lowest, mut n) = (f64::INFINITY, 0);
    for horizon in 2..=last {
        let roots = roots(horizon);
        let root = lower_triangle(horizon, |i, j| roots[i - j]);
        let norms = row_norms(root.transpose().as_ref());
        let scaled = lower_triangle(horizon, |i, j| roots[i - j] / norms[j]);
        let mut errors = vec![TreeShape::new(horizon).expect("short").mean_error_constant()];
        errors.extend([mean_error(&root), mean_error(&scaled)]);
        for _ in 0..20 {
            let mut factor = || 1.0 + rng.random_range(-0.05..0.05);
            let changed = lower_triangle(horizon, |i, j| scaled[(i, j)] * factor());
            errors.push(mean_error(&changed));
        }
        n += errors.len() as u64;
        lowest = errors.into_iter().map(|error| error / bound(horizon)).fold(lowest, smaller);
    }
    let search = Outcome::at_least(lowest, 1.0, n).with_note("smallest mean error over the bound");
    Outcome::worst([search, by_singular_values.with_note("singular values")])
}

fn lower_triangle(horizon: u64, mut entry: impl FnMut(usize, usize) -> f64) -> Mat {
    let side = horizon as usize;
    Mat::from_fn(side, side, |i, j| if j <= i { entry(i, j) } else { 0.0 })
}

/// `‖A·C⁻¹‖²_F/T` times the largest squared column norm of C.
fn mean_error(factor: &Mat) -> f64 {
    let side = factor.nrows();
    let inverse = solve_lower_triangular(factor.as_ref(), Mat::identity(side).as_ref())
        .expect("diagonal entries are near those of the square root");
    let decoder = lower_triangle(side as u64, |i, j| (j..=i).map(|k| inverse[(k, j)]).sum());
    let norms = row_norms(factor.transpose().as_ref());
    (frobenius_norm(decoder.as_ref()) * largest(norms)).powi(2) / side as f64
}
