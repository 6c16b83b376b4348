//! What the published regression gives away, each opened once.

use super::{budget, changes, close, covariance, extremes, in_ball, norm, quadratic, unit};
use crate::{Context, Outcome, Subject, larger, smaller};
use dp_linalg::{Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_tn};
use ntk_dp::private::close::{
    Labels, PrivateLabels, PrivatePoints, PublicLabels, gram_mechanism, release_gram, release_labels,
    release_points,
};
use ntk_dp::{Kernel, KernelRidge, LeaveOneOut};
use rand::RngExt;

/// Labels from coefficients that were computed with them: `(Σ̂ + ρI)α`. The twin's labels were released with noise.
pub(in super::super) fn labels(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, trials) = (0.0_f64, context.scale(20, 500));
    for _ in 0..trials {
        let (rows, d) = (rng.random_range(3..20), rng.random_range(1..5));
        let points = in_ball(&mut rng, (rows, d));
        let labels = Mat::from_fn(rows, 1, |_, _| [1.0, -1.0][usize::from(rng.random::<bool>())]);
        let (options, (epsilon, delta)) = (unit(rows, d), budget(1.0, 1e-6));
        let private = PrivatePoints::new(close(1e-3), points.as_ref());
        let gram = release_gram(private, &options, epsilon, delta, &mut rng).expect("several draws");
        let released =
            release_labels(PrivateLabels::new(close(1e-3), labels.as_ref()), 1.0, epsilon, &mut rng);
        let seen = match subject {
            Subject::AsShipped => labels.clone(),
            Subject::Broken => released.expect("a bound in range").value().targets().to_owned(),
        };
        let given = PublicLabels::assume_public(seen).expect("finite labels");
        let coefficients = gram.value().coefficients(0.1, &given).expect("more draws than points");
        let product =
            matmul(gram.value().matrix(), coefficients.matrix(), Parallelism::Sequential).expect("fits");
        for i in 0..rows {
            let found = product[(i, 0)] + 0.1 * coefficients.matrix()[(i, 0)];
            worst = larger(worst, (found - labels[(i, 0)]).abs());
        }
    }
    Outcome::at_most(worst, 1e-9, trials as u64).with_note("largest error of a recovered label")
}

/// As many draws as ε = 1 allows for moves of 1e-3, and a point replaced by another: δ of that pair at ε = 100, a certified lower bound. The
/// twin's point moves by 1e-3.
pub(in super::super) fn record(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut least, trials, beta) = (f64::INFINITY, context.scale(5, 50), 1e-3);
    let (epsilon, delta) = budget(1.0, 1e-6);
    for _ in 0..trials {
        let (rows, d) = (60, 3);
        let options = unit(rows, d);
        let draws = gram_mechanism(close(beta), &options, epsilon, delta).expect("several draws").draws();
        let mut first = in_ball(&mut rng, (rows, d));
        first.row_mut(0).copy_from_slice(&[0.9, 0.1, 0.0]);
        let mut second = first.clone();
        let replaced = subject.pick([0.0, 0.1, -0.9], [0.9 - beta, 0.1, 0.0]);
        second.row_mut(0).copy_from_slice(&replaced);
        let [a, b] = [&first, &second].map(|points| covariance(&options, points, beta));
        let spectrum = extremes(&changes(&a, &b), draws.get());
        least = smaller(least, spectrum.delta_bounds(100.0).0);
    }
    Outcome::at_least(least, 0.99, trials as u64).with_note("δ of a replaced point at ε = 100")
}

/// A direction in which draws of `N(0, K)` of more points than features have no width at all, and those of a neighbour have. Rounding
/// leaves 1e-14 of a width of zero; nine pairs in ten at least differ a thousandfold (some directions hardly see the point that moves). The twin adds a ridge.
pub(in super::super) fn singular(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut apart, trials, beta) = (0_u64, context.scale(50, 1000), 0.05);
    for _ in 0..trials {
        let d = rng.random_range(1..4);
        // one more than there are products of two coordinates
        let rows = d * (d + 1) / 2 + 1;
        let first = in_ball(&mut rng, (rows, d));
        let mut second = first.clone();
        let direction: Vec<f64> = (0..d).map(|_| rng.random_range(-1.0..1.0)).collect();
        for (x, u) in second.row_mut(0).iter_mut().zip(&direction) {
            *x += beta * u / norm(&direction);
        }
        let ridge = subject.pick(0.0, 1.0);
        let gram =
            |points: &Mat| quadratic().gram(points.as_ref(), Parallelism::Sequential).expect("finite points");
        let (k, other) = (gram(&first), gram(&second));
        let eigen = SymmetricEigen::new(k.as_ref()).expect("symmetric");
        let v = Mat::from_fn(rows, 1, |i, _| eigen.vectors()[(i, 0)]);
        let variance = |k: &Mat| {
            let product = matmul(k.as_ref(), v.as_ref(), Parallelism::Sequential).expect("fits");
            matmul_tn(v.as_ref(), product.as_ref(), Parallelism::Sequential).expect("fits")[(0, 0)] + ridge
        };
        // rounding leaves less than 1e-14 of matrices of norm n or less
        apart += u64::from(variance(&other) > 1e3 * variance(&k).max(1e-14));
    }
    let share = apart as f64 / trials as f64;
    Outcome::at_least(share, 0.9, trials as u64)
        .with_note("pairs whose variances differ a thousandfold in the null direction")
}

/// A point from a predictor of known coefficients and the other points: `f(x) = xᵀQx` tells Q, and `αⱼxⱼxⱼᵀ` is what the others leave. The twin's
/// predictor is of released points.
pub(in super::super) fn predictor(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, trials) = (0.0_f64, context.scale(30, 1000));
    for _ in 0..trials {
        let (rows, d) = (rng.random_range(10..30), rng.random_range(2..6));
        let mut points = in_ball(&mut rng, (rows, d));
        // not near the origin, where nothing is to be found
        points.row_mut(0).iter_mut().for_each(|x| *x = rng.random_range(0.2..0.4));
        let labels = Mat::from_fn(rows, 1, |i, _| [1.0, -1.0][i % 2]);
        let (options, (epsilon, delta)) = (unit(rows, d), budget(1.0, 1e-6));
        let private = PrivatePoints::new(close(1e-3), points.as_ref());
        let inside = match subject {
            Subject::AsShipped => points.clone(),
            Subject::Broken => release_points(private, &options, epsilon, delta, &mut rng)
                .expect("supported noise")
                .value()
                .projected(),
        };
        let ridge = KernelRidge::new(quadratic(), 0.01).expect("positive");
        let model = ridge.fit(inside.as_ref(), labels.as_ref()).expect("finite points");
        let f = |x: &[f64]| model.predict(MatRef::new(x, 1, d).expect("a row")).expect("finite")[(0, 0)];
        let alpha: Vec<f64> = (0..rows).map(|i| model.coefficients()[(i, 0)]).collect();
        let found = reconstruct(f, &points, &alpha);
        worst = larger(worst, distance(&found, points.row(0)));
    }
    Outcome::at_most(worst, 1e-6, trials as u64)
        .with_note("largest error of a recovered point, relative to its norm")
}

/// The first point, up to sign, from queries at unit vectors and sums of two.
fn reconstruct(f: impl Fn(&[f64]) -> f64, points: &Mat, alpha: &[f64]) -> Vec<f64> {
    let d = points.ncols();
    let unit =
        |j: usize, k: usize| (0..d).map(|i| f64::from(u8::from(i == j || i == k))).collect::<Vec<f64>>();
    let whole = |j: usize, k: usize| {
        if j == k { f(&unit(j, j)) } else { 0.5 * (f(&unit(j, k)) - f(&unit(j, j)) - f(&unit(k, k))) }
    };
    let others = |j: usize, k: usize| {
        (1..points.nrows()).map(|i| alpha[i] * points[(i, j)] * points[(i, k)]).sum::<f64>()
    };
    let rest = |j: usize, k: usize| (whole(j, k) - others(j, k)) / alpha[0];
    let pivot = (0..d).max_by(|&j, &k| rest(j, j).total_cmp(&rest(k, k))).expect("there are columns");
    (0..d).map(|k| rest(pivot, k) / rest(pivot, pivot).abs().sqrt()).collect()
}

fn distance(found: &[f64], row: &[f64]) -> f64 {
    let difference =
        |sign: f64| found.iter().zip(row).map(|(x, a)| (x - sign * a).powi(2)).sum::<f64>().sqrt();
    smaller(difference(1.0), difference(-1.0)) / norm(row)
}

/// Neighbours whose best ridge differs, which tells them apart with certainty: on a chain of moves by β between two data sets of different
/// best ridge there must be one. Principal directions of the points differ in every pair. The twin's ridge is public.
pub(in super::super) fn selection(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut told, mut features, trials) = (0_u64, 0_u64, context.scale(12, 200) as u64);
    let mut searched = 0;
    while searched < trials {
        let labels = Mat::from_fn(12, 1, |i, _| [1.0, -1.0][i % 2]);
        let (first, second) = (in_ball(&mut rng, (12, 3)), in_ball(&mut rng, (12, 3)));
        let choice = |points: &Mat| match subject {
            Subject::AsShipped => best_ridge(points, &labels),
            Subject::Broken => 0.1,
        };
        if subject == Subject::AsShipped && choice(&first) == choice(&second) {
            continue;
        }
        searched += 1;
        let chain = Chain { first, second, beta: 0.01 };
        let (from, to) = chain.last_change(choice);
        told += u64::from(choice(&from) != choice(&to));
        features += u64::from(direction(&from) != direction(&to));
    }
    Outcome::worst([
        Outcome::at_least(told as f64 / trials as f64, 1.0, trials)
            .with_note("pairs of neighbours with two best ridges"),
        Outcome::at_least(features as f64 / trials as f64, 1.0, trials)
            .with_note("pairs with two principal directions"),
    ])
}

fn best_ridge(points: &Mat, labels: &Mat) -> f64 {
    let kernel: Kernel = quadratic();
    let path = LeaveOneOut::new(kernel, points.as_ref(), labels.as_ref(), Parallelism::Sequential);
    path.and_then(|path| path.best_ridge(&[0.001, 0.01, 0.1, 1.0, 10.0])).expect("finite points")
}

/// The principal direction of the points, as they are.
fn direction(points: &Mat) -> Vec<f64> {
    let second = matmul_tn(points.as_ref(), points.as_ref(), Parallelism::Sequential).expect("square");
    let eigen = SymmetricEigen::new(second.as_ref()).expect("symmetric");
    (0..points.ncols()).map(|i| eigen.vectors()[(i, points.ncols() - 1)]).collect()
}

/// From one data set to another, one point after the other, by steps of at most β.
struct Chain {
    first: Mat,
    second: Mat,
    beta: f64,
}

impl Chain {
    /// Steps that each point takes.
    fn steps(&self) -> usize {
        (2.0 / self.beta).ceil() as usize
    }

    fn at(&self, k: usize) -> Mat {
        let (steps, mut points) = (self.steps(), self.first.clone());
        for i in 0..points.nrows() {
            let share = (k.saturating_sub(i * steps) as f64 / steps as f64).min(1.0);
            for (x, y) in points.row_mut(i).iter_mut().zip(self.second.row(i)) {
                *x += share * (y - *x);
            }
        }
        points
    }

    /// Two links in a row between which a choice changes, by bisection: the ends differ.
    fn last_change(&self, choice: impl Fn(&Mat) -> f64) -> (Mat, Mat) {
        let (mut low, mut high) = (0, self.steps() * self.first.nrows());
        let start = choice(&self.at(0));
        while high - low > 1 {
            let middle = low.midpoint(high);
            if choice(&self.at(middle)) == start { low = middle } else { high = middle }
        }
        (self.at(low), self.at(high))
    }
}
