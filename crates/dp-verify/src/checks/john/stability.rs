//! How far ellipsoids of close rows move, and how many steps a smoothed one takes.

use super::close::pair;
use super::{climb, solve};
use crate::checks::picture::AgainstBounds;
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::{Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_tn, solve_lower_triangular};
use john_ellipsoid_dp::JohnEllipsoid;
use john_ellipsoid_dp::private::close::{
    CloseOptions, SmoothedJohn, john_change, smoothed_change, smoothed_john,
};
use rand::RngExt;

/// `Σ(t + 1/t − 2)` over the eigenvalues of `M'⁻¹M`, from the lower triangular roots of both inverses.
fn jeffreys(first: MatRef<'_>, second: MatRef<'_>) -> f64 {
    let quotient = solve_lower_triangular(first, second).expect("a positive diagonal");
    let square = matmul_tn(quotient.as_ref(), quotient.as_ref(), Parallelism::Sequential).expect("square");
    let eigen = SymmetricEigen::new(square.as_ref()).expect("symmetric");
    eigen.values().iter().map(|t| (t - 1.0).powi(2) / t).sum()
}

/// Longest semi-axis of `{x : ‖T⁻¹x‖ ≤ 1}`.
pub(super) fn longest(root: MatRef<'_>) -> f64 {
    let square = matmul_tn(root, root, Parallelism::Sequential).expect("square");
    let eigen = SymmetricEigen::new(square.as_ref()).expect("symmetric");
    eigen.values().last().map_or(f64::NAN, |value| value.sqrt())
}

/// Rows with a first row that moves, from numbers that a search may choose: `n` rows and a direction.
fn neighbours(point: &[f64], d: usize, step: f64) -> (Mat, Mat) {
    let (rows, direction) = point.split_at(point.len() - d);
    let (first, second) = pair(&[&rows[..d], direction].concat(), step);
    let matrix = |row: Vec<f64>| {
        Mat::from_vec(rows.len() / d, d, [row, rows[d..].to_vec()].concat()).expect("n rows of d coordinates")
    };
    (matrix(first), matrix(second))
}

/// John ellipsoids with a gap of 1e-9, of rows with public rows `eᵢ/2` among them, at steps from small to larger than the rows. The
/// twin has half of the term in ρ.
pub(super) fn john(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut small, mut n) = (0.0_f64, 0.0_f64, 0);
    let mut pairs = AgainstBounds::default();
    for (trial, step) in [4.0, 1e-4, 0.1, 0.003].into_iter().cycle().take(context.scale(8, 60)).enumerate() {
        let (d, rows) = if trial == 1 { (2, 3) } else { (1 + trial / 2 % 3, 1 + trial / 3 % 3) };
        // a row takes all the weight of another one, at an angle of 2θ to it, when it moves by 4θ²
        let theta = (0.25_f64 * step).sqrt();
        let switch = vec![1.0 - 2.0 * theta * theta, theta, 1.0, -theta, 0.0, 1.0, 1.0, 0.0];
        let random = (0..(rows + 1) * d).map(|_| rng.random_range(-1.0..1.0)).collect();
        let start = if trial == 1 { switch } else { random };
        climb(&mut rng, start, context.scale(100, 1000), |point| {
            let (first, second) = neighbours(point, d, step);
            let [a, b] = [first, second].map(|rows| solve(with_public_rows(&rows).as_ref(), 1e-9));
            let reach = |john: &JohnEllipsoid| step * longest(john.root()) * subject.pick(1.0, 0.5);
            let gap = larger(a.certificate().gap(), b.certificate().gap());
            let (change, bound) = (jeffreys(a.root(), b.root()), john_change([reach(&a), reach(&b)], gap, d));
            let ratio = change / bound;
            pairs.push(bound, change);
            worst = larger(worst, ratio);
            small = if step <= 1e-4 { larger(small, ratio) } else { small };
            n += 1;
            ratio
        });
    }
    let outcome = attained(worst, 0.6, n);
    let note = format!("{}; {small:.3} at the smallest step", outcome.note);
    outcome
        .with_note(note)
        .with_figure(pairs.picture("Changes of John ellipsoids of near rows, against their bounds"))
}

fn with_public_rows(rows: &Mat) -> Mat {
    let (n, d) = rows.shape();
    Mat::from_fn(n + d, d, |i, j| if i < n { rows[(i, j)] } else { 0.5 * f64::from(u8::from(i - n == j)) })
}

/// A search that does not come near the bound is no evidence for it.
fn attained(worst: f64, expected: f64, n: u64) -> Outcome {
    let note = format!("largest change over its bound: {worst:.3}");
    if worst < expected {
        Outcome::inconclusive(note)
    } else {
        Outcome::at_most(worst, 1.0, n).with_note(note)
    }
}

/// Radius eight, floor one.
fn smooth(rows: usize, d: usize, exponent: u32) -> CloseOptions {
    let options = CloseOptions::new(rows, d, 8.0).and_then(|options| options.with_floor(1.0));
    options.and_then(|options| options.with_exponent(exponent)).expect("in range")
}

fn smoothed(rows: &Mat, options: &CloseOptions, residual: f64) -> SmoothedJohn {
    smoothed_john(rows.as_ref(), options, residual).expect("a moderate condition number")
}

/// Smoothed ellipsoids, from two points that are nearly the worst and from random ones: a row across its own direction, where the
/// floor is all that holds, and one that shares its own direction with the ridge. The twin charges `√2 r`, as if the exponent did not
/// matter.
pub(super) fn smoothed_ellipsoids(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for trial in 0..context.scale(4, 40) {
        let exponent = [4, 64, 16, 8][trial % 4];
        let (d, rows) = ([2, 1, 2, 2][trial % 4], [1, 1, 2, 3][trial % 4]);
        let (options, step) = (smooth(rows, d, exponent), [1e-3, 1e-4, 1e-2][trial / 4 % 3]);
        let bound = match subject {
            Subject::AsShipped => smoothed_change(step, exponent, RESIDUAL),
            Subject::Broken => 2.0 * step * step * (1.0 + 10.0 * step),
        };
        let start = match trial {
            0 => vec![4.0, 0.0, 0.0, 1.0],
            1 => vec![1.09, 1.0],
            _ => (0..(rows + 1) * d).map(|_| rng.random_range(-2.0..2.0)).collect(),
        };
        climb(&mut rng, start, context.scale(60, 1000), |point| {
            let limited: Vec<f64> = point.iter().map(|x| x.clamp(-4.0, 4.0)).collect();
            let (first, second) = neighbours(&limited, d, step);
            let [a, b] = [first, second].map(|rows| smoothed(&rows, &options, RESIDUAL));
            let change = jeffreys(a.root(), b.root());
            let ratio = change / bound;
            pairs.push(bound, change);
            worst = larger(worst, ratio);
            n += 1;
            ratio
        });
    }
    let title = "Changes of smoothed ellipsoids of near rows, against their bounds";
    attained(worst, 0.6, n).with_figure(pairs.picture(title))
}

/// Small beside every step, large beside rounding.
const RESIDUAL: f64 = 1e-9;

/// Steps to a residual of 1e-9 over the proven number, and the residual that is left over the one asked for. The twins go twice as far at each step, where
/// they oscillate, and stop at twice the residual.
pub(super) fn convergence(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    // the solver stops at half of what is asked for
    let asked = subject.pick(RESIDUAL, 4.0 * RESIDUAL);
    let (mut steps, mut left, mut n) = (0.0_f64, 0.0_f64, 0);
    for trial in 0..context.scale(12, 200) {
        let (d, count) = (1 + trial % 4, [1, 3, 40, 300][trial % 4]);
        let options = smooth(count, d, [4, 8, 40, 200][trial / 4 % 4]);
        let scale = [1.0, 1e-3, 2.0][trial % 3];
        let rows = Mat::from_fn(count, d, |_, _| scale * rng.random_range(-1.0..1.0));
        let most = SmoothedJohn::max_iterations(&options, RESIDUAL);
        let taken = match subject {
            Subject::AsShipped => smoothed(&rows, &options, RESIDUAL).iterations(),
            Subject::Broken => overshooting(&rows, &options, most + 1),
        };
        steps = larger(steps, taken as f64 / most as f64);
        left = larger(left, residual(&rows, smoothed(&rows, &options, asked).root(), &options) / RESIDUAL);
        n += 1;
    }
    each_part(
        subject,
        [
            Outcome::at_most(steps, 1.0, n).with_note("steps over the proven number"),
            Outcome::at_most(left, 1.0, n).with_note("residuals over the one asked for"),
        ],
    )
}

/// `S = Tᵀ(Σ gᵢ^{p/2−1}aᵢaᵢᵀ + f²I)T` at any root, entry by entry.
fn image(rows: &Mat, root: MatRef<'_>, options: &CloseOptions) -> Mat {
    let d = options.dim();
    let y = matmul(rows.as_ref(), root, Parallelism::Sequential).expect("d columns");
    let ridge = options.floor().powi(2);
    Mat::from_fn(d, d, |i, j| {
        let of_rows = y.rows().map(|y| {
            let g: f64 = y.iter().map(|y| y * y).sum();
            g.powi(options.exponent() as i32 / 2 - 1) * y[i] * y[j]
        });
        let of_ridge = root.rows().map(|row| ridge * row[i] * row[j]);
        of_rows.chain(of_ridge).sum()
    })
}

fn residual(rows: &Mat, root: MatRef<'_>, options: &CloseOptions) -> f64 {
    let s = image(rows, root, options);
    let squares = s.rows().enumerate().flat_map(|(i, row)| {
        row.iter()
            .enumerate()
            .map(move |(j, x)| (x - f64::from(u8::from(i == j))).powi(2))
            .collect::<Vec<_>>()
    });
    squares.sum::<f64>().sqrt()
}

/// `T ← T·S^{−2/p}` in place of `T·S^{−1/p}`: steps to a residual of 1e-9, or as many as are allowed.
fn overshooting(rows: &Mat, options: &CloseOptions, limit: usize) -> usize {
    let mut root = Mat::from_fn(options.dim(), options.dim(), |i, j| f64::from(u8::from(i == j)) / 8.0);
    for taken in 0..limit {
        if residual(rows, root.as_ref(), options) <= 1e-9 {
            return taken;
        }
        let s = image(rows, root.as_ref(), options);
        let power = SymmetricEigen::new(s.as_ref())
            .map(|eigen| eigen.map(|s| s.max(1e-300).powf(-2.0 / f64::from(options.exponent()))));
        let Ok(power) = power else { return limit };
        root = matmul(root.as_ref(), power.as_ref(), Parallelism::Sequential).expect("square");
    }
    limit
}
