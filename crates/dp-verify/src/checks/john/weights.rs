//! Noisy weights: how far the statistic moves, what a release loses, and what is proven of the result.

use crate::checks::lower_bound::{self, Stated};
use crate::checks::misses::Misses;
use crate::checks::picture::AgainstBounds;
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::{Mat, MatRef, leverage_scores};
use dp_mechanisms::{Delta, Epsilon, FailureProbability, PerturbRow, gaussian};
use john_ellipsoid_dp::private::{Floor, PrivateRows, WeightOptions, noisy_weights, weight_statistic};
use rand::{CryptoRng, RngExt};
use rand_chacha::ChaCha20Rng;

pub(super) fn budget(epsilon: f64, delta: f64) -> (Epsilon, Delta) {
    (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("between 0 and 1"))
}

pub(super) fn options((epsilon, delta): (Epsilon, Delta), radius: f64) -> WeightOptions {
    WeightOptions::new(epsilon, delta, radius).expect("a radius")
}

pub(super) fn private(rows: &Mat, moves: f64) -> PrivateRows<PerturbRow, MatRef<'_>> {
    PrivateRows::new(close(moves), rows.as_ref())
}

fn close(moves: f64) -> PerturbRow {
    PerturbRow::new(moves).expect("a radius")
}

/// For fixed weights and any replacement of row j: leverages change by at most `2·max(tⱼ, tⱼ')` in sum and `√2` times the same in
/// norm. The twin forgets that others change as well: half of it.
pub(super) fn leverage_change(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, trials) = (0.0_f64, context.scale(2000, 50_000));
    for _ in 0..trials {
        let (n, d) = (rng.random_range(2..12), rng.random_range(1..5));
        let mut rows = wild(&mut rng, n + d, d);
        // the last d rows are the ridge
        let ridge = 10.0_f64.powf(rng.random_range(-6.0..1.0));
        (0..d).for_each(|i| (0..d).for_each(|j| rows[(n + i, j)] = ridge * f64::from(u8::from(i == j))));
        let before = leverage_scores(rows.as_ref()).expect("finite rows");
        rows.row_mut(0).copy_from_slice(wild(&mut rng, 1, d).row(0));
        let after = leverage_scores(rows.as_ref()).expect("finite rows");
        let moved = |p: i32| (0..n).map(|i| (before[i] - after[i]).abs().powi(p)).sum::<f64>();
        let unit = subject.pick(1.0, 0.5) * larger(before[0], after[0]) + 1e-12;
        worst = largest([worst, moved(1) / (2.0 * unit), moved(2).sqrt() / (2.0_f64.sqrt() * unit)]);
    }
    // leverages carry some d·u·κ with κ ≤ 1e9
    Outcome::at_most(worst, 1.0 + 1e-6, trials as u64)
}

fn wild(rng: &mut ChaCha20Rng, n: usize, d: usize) -> Mat {
    let mut rows = Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0));
    for i in 0..n {
        let length = 10.0_f64.powf(rng.random_range(-2.0..2.0));
        rows.row_mut(i).iter_mut().for_each(|x| *x *= length);
    }
    rows
}

/// A data set, weights, a move and public parameters.
#[derive(Clone)]
struct Case {
    rows: Mat,
    log_weights: Vec<f64>,
    direction: Vec<f64>,
    log_move: f64,
    log_ridge: f64,
    log_level: f64,
}

impl Case {
    fn new(rng: &mut ChaCha20Rng) -> Self {
        let (n, d) = (rng.random_range(1..8), rng.random_range(1..4));
        Self {
            rows: wild(rng, n, d),
            log_weights: (0..n).map(|_| rng.random_range(-4.0..0.0)).collect(),
            direction: (0..d).map(|_| rng.random_range(-1.0..1.0)).collect(),
            log_move: rng.random_range(-3.0..0.0),
            log_ridge: rng.random_range(-3.0..1.0),
            log_level: rng.random_range(-3.0..1.0),
        }
    }

    fn nearby(&self, rng: &mut ChaCha20Rng) -> Self {
        let mut case = self.clone();
        let size = 10.0_f64.powf(rng.random_range(-3.0..0.0));
        let mut shift = |x: &mut f64| *x += size * rng.random_range(-1.0..1.0);
        case.rows.as_mut_slice().iter_mut().for_each(&mut shift);
        case.log_weights.iter_mut().for_each(&mut shift);
        case.direction.iter_mut().for_each(&mut shift);
        [&mut case.log_move, &mut case.log_ridge, &mut case.log_level].into_iter().for_each(shift);
        case.log_level = case.log_level.clamp(-5.0, 3.0);
        case.log_ridge = case.log_ridge.clamp(-6.0, 3.0);
        case.log_move = case.log_move.clamp(-4.0, 0.3);
        case
    }

    /// Squared distance of integers over the stated one, when row 0 moves.
    fn ratio(&self, subject: Subject) -> f64 {
        let (n, d, moves) = (self.rows.nrows(), self.rows.ncols(), 10.0_f64.powf(self.log_move));
        let weights: Vec<f64> = self.log_weights.iter().map(|x| 10.0_f64.powf(*x)).collect();
        let scale = d as f64 / weights.iter().sum::<f64>();
        let weights: Vec<f64> = weights.iter().map(|w| scale * w).collect();
        let norm = self.direction.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-9);
        let mut other = self.rows.clone();
        for (x, step) in other.row_mut(0).iter_mut().zip(&self.direction) {
            *x += (1.0 - 1e-12) * moves * step / norm;
        }
        let options = options(budget(1.0, 1e-6), 2.0).with_ridge(10.0_f64.powf(self.log_ridge));
        let options =
            options.and_then(|o| o.with_floor_level(10.0_f64.powf(self.log_level))).expect("in range");
        let [from, to] = [&self.rows, &other]
            .map(|rows| weight_statistic(private(rows, moves), &weights, &options).expect("sound options"));
        let heaviest = largest(weights.iter().copied());
        let share = subject.pick(1.0, d as f64 / (n as f64 * heaviest));
        let stated = from.sensitivity().square() as f64 * share;
        let (from, to) = (from.assume_public(), to.assume_public());
        from.iter().zip(&to).map(|(a, b)| ((a - b) as f64).powi(2)).sum::<f64>() / stated
    }
}

/// The most that integers move, by climbing from random data, weights, moves, ridges and floors. Nearly all of what is stated must be
/// found. The twin charges an average row, not the heaviest.
pub(super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(15, 400), context.scale(300, 3000));
    let mut worst = 0.0_f64;
    for _ in 0..starts {
        let mut best = Case::new(&mut rng);
        let mut height = best.ratio(subject);
        for _ in 0..steps {
            let next = best.nearby(&mut rng);
            let ratio = next.ratio(subject);
            if ratio > height {
                (best, height) = (next, ratio);
            }
        }
        worst = larger(worst, height);
    }
    let n = (starts * steps) as u64;
    if worst < 0.9 {
        return Outcome::inconclusive(format!("only {worst:.3} of the square was found"));
    }
    Outcome::at_most(worst, 1.0, n).with_note(format!("{:.4} of the stated distance", worst.sqrt()))
}

/// From the numbers on certificates: δ of all rounds together, in units of what was asked for; and it is what the certificate says. The
/// twin has the noise of one round in each.
pub(super) fn accounting(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut n) = (0.0_f64, 0);
    for (epsilon, delta) in [(0.1, 1e-8), (1.0, 1e-6), (8.0, 1e-3)] {
        for rounds in [2, 9, 50] {
            let options = options(budget(epsilon, delta), 2.0).with_rounds(rounds).expect("some rounds");
            let rows = wild(&mut rng, 30, 2);
            let release = noisy_weights(private(&rows, 1e-3), &options, &mut rng).expect("sound options");
            let certificate = release.certificate();
            let number = |name: &str| certificate.parameters()[name].parse::<f64>().expect("a number");
            let each = number("squared_l2_sensitivity").sqrt() / number("noise_std");
            let counted = f64::from(rounds) * subject.pick(1.0, f64::from(rounds));
            let found = gaussian::delta_bounds(epsilon, each * counted.sqrt()).1;
            worst = largest([worst, found / delta, certificate.guarantee().delta(epsilon) / delta]);
            n += 1;
        }
    }
    Outcome::at_most(worst, 1.0, n)
}

/// One round on rows that are nearly the worst: a short row of all the weight beside empty ones, where `t = θ`. The twin has 0.7 of the noise, that of
/// rows that move so much less.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(8_000, 100_000);
    let (epsilon, delta, moves) = (1.0, 0.1, 2e-4);
    let options = options(budget(epsilon, delta), 1.0).with_rounds(1).expect("one round");
    // θ = 1e-4·2/40; uniform weights 2/40, so ‖a‖² = 1e-4·λ
    let options = options.with_floor(Floor::Kept).with_floor_level(1e-4).expect("in range");
    let length = (1e-4 * options.ridge()).sqrt();
    let rows = |x: f64| Mat::from_fn(40, 2, |i, j| if (i, j) == (0, 0) { x } else { 0.0 });
    let pair = (rows(length - 0.5 * moves), rows(length + 0.5 * moves), close(moves));
    let charged = subject.pick(1.0, 0.7) * moves;
    let score = |rows: &Mat, mut rng: &mut dyn CryptoRng| {
        let release = noisy_weights(private(rows, charged), &options, &mut rng).expect("sound options");
        let weights = release.value().last();
        let others = weights[1..].iter().map(|w| w.ln()).sum::<f64>() / 39.0;
        weights[0].ln() - others
    };
    let release = noisy_weights(private(&rows(length), moves), &options, &mut context.rng(1));
    let certificate = release.expect("sound options").certificate().clone();
    let profile = |epsilon: f64| certificate.guarantee().delta(epsilon);
    let stated = Stated { of: "one round of noisy weights", epsilon, delta, profile: &profile };
    stated.against(&lower_bound::audit(context, pair, (n, delta, 1e-7), score), 0.5)
}

/// How often the gap of the average is above its bound: of a single row, and of many. Each has a twin.
pub(super) fn convergence(context: &mut Context, subject: Subject) -> Outcome {
    each_part(subject, [gap_of_one_row(context, subject), gap_of_many_rows(context, subject)])
}

/// How often the gap may be above its bound.
const FAILURE: f64 = 0.05;

/// A single row has all the weight, whatever the noise, and its gap is none: the bound is below it where the noise of all rounds together is below
/// `−s√(2 ln 1/γ)`, s its standard deviation. That is so with a probability of 0.007 where 0.05 is stated: the bound is Chernoff's, and for more rows one for
/// each. Floor and ridge are a hundredth of the noise. The twin takes ten times the failure probability, whose bound is missed in 12 % of the trials.
fn gap_of_one_row(context: &Context, subject: Subject) -> Outcome {
    let (mut rng, row) = (context.rng(1), Mat::filled(1, 1, 1.0));
    let options = options(budget(1.0, 1e-6), 1.0).with_floor(Floor::Kept).with_rounds(5);
    let options = options.and_then(|o| o.with_ridge(1e-4)?.with_floor_level(1e-4)).expect("in range");
    let gamma = FailureProbability::new(subject.pick(FAILURE, 10.0 * FAILURE)).expect("a probability");
    let mut is_within = || {
        let release = noisy_weights(private(&row, 2e-6), &options, &mut rng).expect("sound options");
        let gap = gap(&row, &release.value().average(), options.ridge());
        release.value().gap_bound(gamma).is_some_and(|bound| gap <= bound)
    };
    let trials = context.scale(2000, 40_000);
    let missed = (0..trials).map(|_| u64::from(!is_within())).sum();
    Misses { missed, trials, stated: FAILURE }.outcome(context, "the gap of a row above its bound")
}

/// Data sets of many rows, where the bound is hardly ever missed: the noise of the heaviest row is bounded by that of all. The twin has 0.82 of the bound.
fn gap_of_many_rows(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let trials = context.scale(150, 2000);
    let gamma = FailureProbability::new(FAILURE).expect("a probability");
    let (mut missed, mut sums, mut pairs) = (0, (0.0, 0.0), AgainstBounds::default());
    for trial in 0..trials {
        let (n, d) = (rng.random_range(20..80), rng.random_range(1..5));
        let rows = Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0));
        let rounds = [10, 30, 60][trial % 3];
        let options = options(budget(1.0, 1e-6), 2.0).with_floor(Floor::Kept);
        let options = options.with_rounds(rounds).and_then(|o| o.with_ridge(0.05)).expect("in range");
        let moves = [1e-6, 1e-5, 1e-4][trial / 3 % 3];
        let release = noisy_weights(private(&rows, moves), &options, &mut rng).expect("sound options");
        let bound = release.value().gap_bound(gamma).expect("the floor was kept");
        let bound = subject.pick(1.0, SHARE) * bound;
        let gap = gap(&rows, &release.value().average(), options.ridge());
        let is_within = gap <= bound;
        missed += u64::from(!is_within);
        pairs.push(bound, gap);
        sums = (sums.0 + gap, sums.1 + bound);
    }
    let (mean_gap, mean_bound) = (sums.0 / trials as f64, sums.1 / trials as f64);
    let what = format!("gaps (mean {mean_gap:.3}) above their bounds (mean {mean_bound:.3})");
    let title = "Gaps of averaged noisy weights, against bounds that may fail with probability 0.05";
    let misses = Misses { missed, trials, stated: FAILURE };
    misses.outcome(context, &what).with_figure(pairs.picture(title))
}

/// The share of the bound that the twin has.
const SHARE: f64 = 0.82;

/// `max aᵢᵀ(λI + Σ wᵢaᵢaᵢᵀ)⁻¹aᵢ − 1`, by leverages of rows beside a ridge.
fn gap(rows: &Mat, weights: &[f64], ridge: f64) -> f64 {
    let (n, d) = (rows.nrows(), rows.ncols());
    let stacked = Mat::from_fn(n + d, d, |i, j| {
        if i < n { weights[i].sqrt() * rows[(i, j)] } else { ridge.sqrt() * f64::from(u8::from(i - n == j)) }
    });
    let leverages = leverage_scores(stacked.as_ref()).expect("finite rows");
    largest((0..n).map(|i| leverages[i] / weights[i])) - 1.0
}
