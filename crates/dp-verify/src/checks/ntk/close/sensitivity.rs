//! How far integers of points and of queries move, by search.

use super::{close, pair, unit};
use crate::checks::attention::climb;
use crate::checks::tightest::Tightest;
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::Mat;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{GaussianSampling, ReplaceRow};
use ntk_dp::private::close::{
    DualCoefficients, PrivatePoints, PrivateQueries, PublicLabels, QueryBudget, gram_bound, point_statistic,
    point_statistic_l1, release_gram_with,
};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Starts of a search over a point and its direction: along an axis, along the diagonal, at random.
fn start(rng: &mut ChaCha20Rng, (d, step): (usize, f64), number: usize) -> Vec<f64> {
    let along = |i: usize| if i.is_multiple_of(d) { [0.5 * step, -1.0][i / d] } else { 0.0 };
    match number {
        0 => (0..2 * d).map(along).collect(),
        1 => (0..2 * d).map(|i| if i < d { 0.1 } else { -1.0 }).collect(),
        _ => (0..2 * d).map(|_| rng.random_range(-1.0..1.0)).collect(),
    }
}

/// L2 and L1 distances of integers. The twin forgets that both points are rounded, by half a step a coordinate each.
pub(in super::super) fn points(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut l2, mut l1) = (Tightest::default(), Tightest::default());
    for (step, d) in [(0.25, 1), (0.01, 2), (0.7, 3), (1.3, 4), (1e-6, 4), (1e-15, 8)] {
        search((context, &mut rng), (close(step), d), subject, (&mut l2, &mut l1));
    }
    for d in [1, 3] {
        search((context, &mut rng), (ReplaceRow, d), subject, (&mut l2, &mut l1));
    }
    each_part(subject, [l2.outcome(0.99), l1.outcome(0.98)])
}

fn search<A: FixedSizeAdjacency>(
    (context, rng): (&Context, &mut ChaCha20Rng),
    (adjacency, d): (A, usize),
    subject: Subject,
    (l2, l1): (&mut Tightest, &mut Tightest),
) {
    let (options, step) = (unit(1, d), adjacency.displacement(1.0));
    let root = (d as f64).sqrt();
    for number in 0..context.scale(4, 40) {
        let point = start(rng, (d, step), number);
        climb(rng, point, context.scale(300, 4000), |point| {
            let (first, second) = pair(point, step);
            let [a, b] = [first, second].map(|row| Mat::from_vec(1, d, row).expect("d coordinates"));
            let integers = |row: &Mat| {
                let private = PrivatePoints::new(adjacency, row.as_ref());
                let square = point_statistic(private, &options).expect("radius one").sensitivity().square();
                let statistic = point_statistic_l1(private, &options).expect("radius one");
                (square, statistic.sensitivity().get(), statistic.assume_public())
            };
            let ((square, l1_stated, a), (_, _, b)) = (integers(&a), integers(&b));
            let unrounded = ((square as f64).sqrt() - root).powi(2);
            let each = || a.iter().zip(&b).map(|(a, b)| u128::from(a.abs_diff(*b)));
            let (sum, squares) = (each().sum::<u128>(), each().map(|x| x * x).sum::<u128>());
            let stated = subject.pick(square, unrounded as u128);
            let of_l1 = subject.pick(l1_stated, (unrounded.sqrt() * root) as u64);
            larger(l2.see(squares, stated), l1.see(sum, u128::from(of_l1)))
        });
    }
}

/// Coefficients of a real release, whose labels are such that the first one is large.
pub(super) fn coefficients(
    rng: &mut ChaCha20Rng,
    (rows, d): (usize, usize),
) -> DualCoefficients<PublicLabels> {
    let (options, points) = (unit(rows, d), Mat::filled(rows, d, 0.3));
    let bound = gram_bound(close(0.01), &options).expect("a small change");
    let mechanism = GaussianSampling::with_draws(Draws::new(400).expect("positive"), bound);
    let private = PrivatePoints::new(close(0.01), points.as_ref());
    let release = release_gram_with(private, &options, &mechanism, rng).expect("the announced shape");
    let labels = Mat::from_fn(rows, 2, |i, j| [1.0, -0.8, 0.2, 0.1, -0.3, 0.4][(2 * i + j) % 6]);
    let labels = PublicLabels::assume_public(labels).expect("finite");
    release.value().coefficients(0.5, &labels).expect("more draws than points")
}

/// Kernel values and predictions in integers, over a point, its direction and a query. The twin forgets the factor of two of a square's
/// derivative.
pub(in super::super) fn queries(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut rows, mut sums) = (Tightest::default(), Tightest::default());
    for (step, d) in [(0.25, 1), (0.01, 2), (0.7, 3), (1.3, 2), (1e-5, 4)] {
        let (options, coefficients) = (unit(3, d), coefficients(&mut rng, (3, d)));
        for number in 0..context.scale(4, 30) {
            // a point, its direction and a query
            let mut point: Vec<f64> = start(&mut rng, (d, step), number.max(1));
            let query = |i: usize| if number == 0 && i > 0 { 0.0 } else { 1.0 };
            point.extend((0..d).map(query));
            if number == 0 {
                (0..2 * d).for_each(|i| {
                    point[i] = if i.is_multiple_of(d) { [1.0 - step, 1.0][i / d] } else { 0.0 }
                });
            }
            climb(&mut rng, point, context.scale(100, 3000), |point| {
                let (moving, query) = point.split_at(2 * d);
                let (first, second) = pair(moving, step);
                let statistics = |row: Vec<f64>| {
                    let mut points = Mat::filled(3, d, 0.4);
                    points.row_mut(0).copy_from_slice(&row);
                    let private = PrivatePoints::new(close(step), points.as_ref());
                    let budget = QueryBudget::new(1, super::budget(1.0, 1e-6).0, super::budget(1.0, 1e-6).1);
                    let queries =
                        PrivateQueries::new(private, &options, budget).expect("the quadratic kernel");
                    let row = queries.row_statistic(query).expect("a finite query");
                    let sum = queries.prediction_statistic(query, &coefficients).expect("as many points");
                    let stated = (row.sensitivity().get(), sum.sensitivity().get());
                    (stated, row.assume_public(), sum.assume_public())
                };
                let ((stated, a, c), (_, b, e)) = (statistics(first), statistics(second));
                let l1 = |a: &[i64], b: &[i64]| -> u128 {
                    a.iter().zip(b).map(|(a, b)| u128::from(a.abs_diff(*b))).sum()
                };
                let half = |x: u64| u128::from(subject.pick(x, x / 2));
                larger(rows.see(l1(&a, &b), half(stated.0)), sums.see(l1(&c, &e), half(stated.1)))
            });
        }
    }
    let both = each_part(subject, [rows.outcome(0.98), sums.outcome(0.9)]);
    Outcome::worst([both, many_columns(&mut rng)])
}

/// Coefficients of so many columns that their values move by more than 64 bits, where a point is replaced by zero: refused, or
/// stated as they are.
fn many_columns(rng: &mut ChaCha20Rng) -> Outcome {
    let (options, columns) = (unit(1, 1), 1 << 17);
    let bound = gram_bound(close(0.01), &options).expect("a small change");
    let mechanism = GaussianSampling::with_draws(Draws::new(400).expect("positive"), bound);
    let point = Mat::filled(1, 1, 1.0);
    let private = PrivatePoints::new(close(0.01), point.as_ref());
    let release = release_gram_with(private, &options, &mechanism, rng).expect("the announced shape");
    let labels = PublicLabels::assume_public(Mat::filled(1, columns, 1.0)).expect("finite");
    let coefficients = release.value().coefficients(0.5, &labels).expect("more draws than points");
    let statistic = |x: f64| {
        let point = Mat::filled(1, 1, x);
        let (epsilon, delta) = super::budget(1.0, 1e-6);
        let private = PrivatePoints::new(ReplaceRow, point.as_ref());
        let budget = QueryBudget::new(1, epsilon, delta);
        let queries = PrivateQueries::new(private, &options, budget).expect("the quadratic kernel");
        queries.prediction_statistic(&[1.0], &coefficients)
    };
    let taken = match (statistic(1.0), statistic(0.0)) {
        (Ok(first), Ok(second)) => {
            let stated = u128::from(first.sensitivity().get());
            let (a, b) = (first.assume_public(), second.assume_public());
            a.iter().zip(&b).map(|(a, b)| u128::from(a.abs_diff(*b))).sum::<u128>() > stated
        }
        _ => false,
    };
    Outcome::all_equal(u64::from(taken), 1)
        .with_note("predictions in 2¹⁷ columns that move by more than stated")
}
