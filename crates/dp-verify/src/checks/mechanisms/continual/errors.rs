//! Error constants by matrices, and errors of releases.

use super::{Continual, roots, squared_norm, stream_options};
use crate::checks::mechanisms::{delta, epsilon};
use crate::{Axis, Context, Figure, Outcome, Role, Subject, larger, largest};
use core::ops::Range;
use dp_linalg::Parallelism::Sequential;
use dp_linalg::{Cholesky, Mat, matmul_tn};
use dp_mechanisms::continual::SquareRootFactor;
use rand::RngExt;

/// Relative; sums of at most 40 squares, after a solution with a matrix whose condition number is below 10⁵.
const TOLERANCE: f64 = 1e-9;

/// For each interval the best linear unbiased estimate from the rows that it uses, by normal equations: its variance is
/// the stated one, and the mechanism returns just this estimate. Then the largest and mean constants. The twin's
/// constants are off by a level, or forget that the coefficients are rounded.
pub(in super::super) fn constants<M: Continual>(context: &mut Context, subject: Subject) -> Outcome {
    let horizons: Vec<u64> = (1..=context.scale(20, 40) as u64).chain([33]).collect();
    let mistaken = subject == Subject::Broken;
    let (mut worst, mut n, mut found) = (0.0_f64, 0, Vec::new());
    for (i, &horizon) in horizons.iter().enumerate() {
        let matrix = M::matrix(horizon);
        let (stream, integers) = noisy_stream::<M>(horizon, context);
        let mut constants = Vec::new();
        for end in 1..=horizon {
            for start in 0..end {
                let best = Estimate::new::<M>(&matrix, start..end);
                let stated = M::stated_factor(horizon, start..end, mistaken);
                worst = larger(worst, (stated / best.variance - 1.0).abs());
                let scale = 1e4 + best.of(&integers).abs(); // what is summed and subtracted on the way
                worst = larger(worst, (stream.range(start..end)[0] - best.of(&integers)).abs() / scale);
                if start == 0 {
                    constants.push(best.variance * squared_norm(&matrix) as f64);
                }
                n += 1;
            }
        }
        let largest = largest(constants.iter().copied());
        let mean = constants.iter().sum::<f64>() / constants.len() as f64;
        found.push((horizon as f64, largest));
        for (stated, exact) in M::stated_constants(horizon).into_iter().zip([largest, mean]) {
            worst = larger(worst, (stated / exact - 1.0).abs());
        }
        context.progress(i + 1, horizons.len());
    }
    let figure = Figure::new(
        "Variance of the least accurate prefix over that of one number, times its sensitivity's square",
        Axis::logarithmic("steps"),
        Axis::logarithmic("factor"),
    );
    let of_length = |pick: fn([f64; 2]) -> f64| {
        (1..40)
            .chain((6..=14).map(|power| 1_u64 << power))
            .map(move |t| (t as f64, pick(M::stated_constants(t))))
    };
    let figure = figure
        .with_curve(Role::Bound, "largest, stated", of_length(|[largest, _]| largest))
        .with_curve(Role::Exact, "mean, stated", of_length(|[_, mean]| mean))
        .with_curve(Role::Observed, "largest, by normal equations", found);
    Outcome::at_most(worst, TOLERANCE, n).with_note("largest relative difference").with_figure(figure)
}

/// A stream of random numbers up to a hundred, with noise, and all its integers.
fn noisy_stream<M: Continual>(horizon: u64, context: &Context) -> (M, Vec<f64>) {
    let mut stream = M::with_noise_std(100.0, stream_options(horizon, 1));
    let (mut rng, mut data, mut integers) = (context.rng(0), context.rng(1), Vec::new());
    for _ in 0..horizon {
        stream.next(&[data.random_range(-100..=100)], &mut rng);
        integers.extend(stream.integers().iter().map(|&z| z as f64));
    }
    (stream, integers)
}

/// Weights on the integers, and the sum of their squares.
struct Estimate {
    weights: Vec<f64>,
    variance: f64,
}

impl Estimate {
    /// `u = 1` on the interval, N the rows that see no other step than those used: the weights are `N(NᵀN)⁻¹u`.
    fn new<M: Continual>(matrix: &[Vec<i64>], steps: Range<u64>) -> Self {
        let used = M::used(steps.clone());
        let (from, to) = (used.start as usize, used.end as usize);
        let sees_others = |row: &[i64]| row[..from].iter().chain(&row[to..]).any(|&weight| weight != 0);
        let row = |i: usize, j: usize| if sees_others(&matrix[i]) { 0.0 } else { matrix[i][from + j] as f64 };
        let rows = Mat::from_fn(matrix.len(), to - from, row);
        let gram = matmul_tn(rows.as_ref(), rows.as_ref(), Sequential).expect("equally many rows");
        let inside = |j: usize, _| f64::from(u8::from(steps.contains(&(used.start + j as u64))));
        let functional = Mat::from_fn(to - from, 1, inside);
        let solved = Cholesky::new(gram.as_ref()).and_then(|gram| gram.solve(functional.as_ref()));
        let solved = solved.expect("every step is a row of its own");
        let weight = |i: usize| (0..to - from).map(|j| rows[(i, j)] * solved[(j, 0)]).sum();
        let weights: Vec<f64> = (0..matrix.len()).map(weight).collect();
        let variance = weights.iter().map(|weight| weight * weight).sum();
        Self { weights, variance }
    }

    fn of(&self, integers: &[f64]) -> f64 {
        self.weights.iter().zip(integers).map(|(weight, z)| weight * z).sum()
    }
}

/// Level of each comparison.
const ALPHA: f64 = 1e-8;

const HORIZON: u64 = 37;

const INTERVALS: [Range<u64>; 8] = [0..1, 0..7, 0..16, 0..31, 0..36, 0..37, 5..29, 20..21];

/// Mean squared errors of a stream of wide vectors against the stated ones: for n independent normal errors the sum of squares
/// lies between `n − 2√(nx)` and `n + 2√(nx) + 2x` but for an event of probability `2e⁻ˣ` (Laurent, Massart 2000). Rounded noise is
/// not normal, but its fourth moment is no larger in relation (σ is above ten). The twin states the error of noise for one
/// level or coefficient less.
pub(in super::super) fn measured<M: Continual>(context: &mut Context, subject: Subject) -> Outcome {
    let width = context.scale(20_000, 1_000_000);
    let mut stream = M::calibrate(epsilon(1.0), delta(1e-6), stream_options(HORIZON, width));
    let mut rng = context.rng(0);
    for step in 0..HORIZON {
        stream.next(&vec![step as i64 % 5; width], &mut rng);
        context.progress(step as usize + 1, HORIZON as usize);
    }
    let norm = squared_norm(&M::matrix(HORIZON)) as f64;
    let claimed = subject.pick(1.0, (M::forgetful(HORIZON) as f64 / norm).sqrt());
    let (n, x) = (width as f64, -(ALPHA / 2.0).ln());
    context.spend(ALPHA * INTERVALS.len() as f64);
    let outcome = |steps: Range<u64>| {
        let exact: u64 = steps.clone().map(|step| step % 5).sum();
        let std = claimed * stream.range_std(steps.clone());
        let square = |sum: &f64| ((sum - exact as f64) / std).powi(2);
        let total: f64 = stream.range(steps).iter().map(square).sum();
        let spread = 2.0 * (n * x).sqrt();
        let excess = if total > n { (total - n) / (spread + 2.0 * x) } else { (n - total) / spread };
        Outcome::at_most(excess, 1.0, width as u64)
    };
    Outcome::worst(INTERVALS.map(outcome)).with_note("deviation of a mean square, over what is allowed")
}

/// For *every* horizon up to `4⁷` (full: `4¹⁰`): Landau's constants lie where they should, and rounding the coefficients to
/// integers changes the largest error by less than a thousandth. Horizons from `4ʲ⁻¹` to `4ʲ` have the same coefficients, so that
/// one factor has the constants of all. The twin's coefficients have one fractional bit for two that are needed.
pub(in super::super) fn rounding_of_roots(context: &mut Context, subject: Subject) -> Outcome {
    let (mut largest, mut landau_fails, mut n) = (0.0_f64, 0, 0);
    let powers = context.scale(7, 10);
    for power in 0..=powers {
        let horizon = 1_u64 << (2 * power);
        let factor = SquareRootFactor::new(horizon).expect("at most 2²⁰");
        let (coefficients, squares) = match subject {
            Subject::AsShipped => (factor.coefficients().to_vec(), partial_squares(factor.decoder())),
            Subject::Broken => coarse_factor(horizon.min(4096), factor.bits() / 2 + 1),
        };
        let unit = (coefficients[0] as f64).powi(2);
        let landau = partial_squares(&roots(horizon));
        let norms = partial_squares(&coefficients.iter().map(|&c| c as f64).collect::<Vec<_>>());
        for t in (horizon / 4)..(coefficients.len() as u64) {
            let i = t as usize; // the horizon less one
            largest = larger(largest, (norms[i] / unit * squares[i] / landau[i].powi(2) - 1.0).abs());
            let above = landau[i] - (t as f64 + 1.0).ln() / std::f64::consts::PI;
            // a sum of up to 2²⁰ terms of one sign
            landau_fails += u64::from(!(1.0 - 1e-9..1.0663).contains(&above));
            n += 1;
        }
        let shortest = SquareRootFactor::new(horizon / 4 + 1).expect("at most 2²⁰");
        landau_fails += u64::from(shortest.bits() != factor.bits());
        context.progress(power + 1, powers + 1);
    }
    let change = Outcome::at_most(largest, 1e-3, n).with_note("relative change by rounding");
    Outcome::worst([change, Outcome::all_equal(landau_fails, n).with_note("Landau's constants")])
}

/// `Σ_{j ≤ k} x_j²` for all k.
fn partial_squares(values: &[f64]) -> Vec<f64> {
    let add = |sum: &mut f64, x: &f64| {
        *sum += x * x;
        Some(*sum)
    };
    values.iter().scan(0.0, add).collect()
}

/// Coefficients rounded to this many bits after the point, and the partial squares of their decoder, by definition.
fn coarse_factor(horizon: u64, bits: u32) -> (Vec<i64>, Vec<f64>) {
    let unit = f64::from(1_u32 << bits);
    let rounded: Vec<i64> = roots(horizon).iter().map(|root| (root * unit).round() as i64).collect();
    let mut decoder: Vec<f64> = vec![1.0];
    for k in 1..rounded.len() {
        let term = |j: usize| (rounded[j - 1] - rounded[j]) as f64 / unit * decoder[k - j];
        decoder.push((1..=k).map(term).sum());
    }
    (rounded, partial_squares(&decoder))
}
