//! Noise on close rows: integers, privacy, containment.

use super::climb;
use crate::checks::certificates::{Fault, Found};
use crate::checks::lower_bound::{self, Stated};
use crate::checks::misses::{Misses, forgotten};
use crate::checks::tightest::Tightest;
use crate::checks::twins::{each_part, each_twin};
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::Mat;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    Adjacency, ArithmeticModel, Delta, Epsilon, FailureProbability, LatticeGaussian, LatticeL2Sensitivity,
    LatticeStatistic, NoiseStd, PerturbRow, ReplaceRow, gaussian,
};
use john_ellipsoid_dp::JohnOptions;
use john_ellipsoid_dp::private::PrivateRows;
use john_ellipsoid_dp::private::close::{
    CloseOptions, release_rows, release_rows_with, row_statistic, rows_mechanism,
};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

pub(super) fn close(radius: f64) -> PerturbRow {
    PerturbRow::new(radius).expect("checks move rows by a positive distance")
}

pub(super) fn budget(epsilon: f64, delta: f64) -> (Epsilon, Delta) {
    (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("between 0 and 1"))
}

pub(super) fn failure(probability: f64) -> FailureProbability {
    FailureProbability::new(probability).expect("a probability")
}

/// Radius one.
fn unit(n: usize, d: usize) -> CloseOptions {
    CloseOptions::new(n, d, 1.0).expect("a row and a coordinate")
}

fn statistic<A: FixedSizeAdjacency>(adjacency: A, rows: &Mat) -> LatticeStatistic<LatticeL2Sensitivity<A>> {
    let private = PrivateRows::new(adjacency, rows.as_ref());
    row_statistic(private, &unit(rows.nrows(), rows.ncols())).expect("radius one")
}

/// One row and its neighbour, from numbers that a search may choose: a row, also longer than the radius, and a direction.
pub(super) fn pair(point: &[f64], step: f64) -> (Vec<f64>, Vec<f64>) {
    let (row, direction) = point.split_at(point.len() / 2);
    let norm = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-300);
    // rows longer than four differ from shorter ones in their rounding only
    let shrink = 1.0_f64.min(4.0 / norm(row));
    let first: Vec<f64> = row.iter().map(|x| x * shrink).collect();
    // coordinates are rounded by 2⁻⁵¹ each, which the last factor covers
    let scale = step * (1.0 - 1e-8) / norm(direction);
    let second = first.iter().zip(direction).map(|(x, u)| x + u * scale).collect();
    (first, second)
}

/// Squared distances of integers, and the stated squares.
fn search<A: FixedSizeAdjacency>(
    (context, rng): (&Context, &mut ChaCha20Rng),
    (adjacency, d): (A, usize),
    subject: Subject,
    tightest: &mut Tightest,
) {
    let step = adjacency.displacement(1.0);
    for start in 0..context.scale(4, 40) {
        let along = |i: usize| if i.is_multiple_of(d) { [0.5 * step, -1.0][i / d] } else { 0.0 };
        let any = |_: usize| rng.random_range(-1.0..1.0);
        let point: Vec<f64> =
            if start == 0 { (0..2 * d).map(along).collect() } else { (0..2 * d).map(any).collect() };
        climb(rng, point, context.scale(300, 4000), |point| {
            let (first, second) = pair(point, step);
            let [a, b] = [first, second]
                .map(|row| statistic(adjacency, &Mat::from_vec(1, d, row).expect("d coordinates")));
            let stated = a.sensitivity().square();
            // forgets that both rows are rounded, by half a step a coordinate each
            let root = (d as f64).sqrt();
            let unrounded = ((stated as f64).sqrt() - root).powi(2) as u128;
            let distance: u128 = a
                .assume_public()
                .iter()
                .zip(b.assume_public())
                .map(|(a, b)| u128::from(a.abs_diff(b)).pow(2))
                .sum();
            tightest.see(distance, subject.pick(stated, unrounded));
            distance as f64
        });
    }
}

/// By search over rows and directions, also for rows that have to be scaled back. The twin forgets the rounding.
pub(super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut tightest = Tightest::default();
    for (step, d) in [(0.25, 1), (0.01, 2), (0.7, 3), (1.3, 4), (1e-6, 4), (1e-15, 8)] {
        search((context, &mut rng), (close(step), d), subject, &mut tightest);
    }
    for d in [1, 3] {
        search((context, &mut rng), (ReplaceRow, d), subject, &mut tightest);
    }
    tightest.outcome(0.99)
}

/// Both sides round `Δ/σ`, by `2⁻⁵¹` at most; δ(ε) moves by `a² + 1` times that, relatively, and `|a| < 10` above 1e-20.
const SLACK: f64 = 1e-12;

/// δ of the recorded noise and sensitivity over the δ asked for, and what certificates say. Two twins: one has half of the noise, in the
/// other rows are released as if they moved half as far.
pub(super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    each_twin(subject, Fault::None, Fault::TWINS.to_vec(), |fault| {
        let (mut rng, mut found) = (context.rng(0), Found::default());
        for radius in [0.01, 1e-6] {
            judge((close(radius), close(fault.radius(radius))), fault, &mut found, &mut rng);
        }
        judge((ReplaceRow, ReplaceRow), fault, &mut found, &mut rng);
        found.outcome(1.0 + SLACK, "δ(ε) of the noise over the δ asked for")
    })
}

/// Rows of the first neighbours, released as if of the second.
fn judge<A: FixedSizeAdjacency>(
    (adjacency, released): (A, A),
    fault: Fault,
    found: &mut Found,
    rng: &mut ChaCha20Rng,
) {
    let (options, rows) = (unit(5, 3), Mat::from_fn(5, 3, |i, j| ((3 * i + j) as f64).sin()));
    for (epsilon, delta) in [(0.05, 1e-6), (1.0, 0.05), (1.0, 1e-12), (10.0, 1e-6)] {
        let (asked, mass) = budget(epsilon, delta);
        let mechanism = rows_mechanism(released, &options, asked, mass).expect("supported noise");
        let std = NoiseStd::new(mechanism.noise_std().get() * fault.pick(1.0, 0.5)).expect("positive");
        let mechanism =
            LatticeGaussian::with_noise_std(std, mechanism.sensitivity()).expect("supported noise");
        let private = PrivateRows::new(released, rows.as_ref());
        let release = release_rows_with(private, &options, &mechanism, rng).expect("the announced shape");
        let certificate = release.certificate();
        let recorded =
            |key: &str| certificate.parameters().get(key).and_then(|text| text.parse::<f64>().ok());
        let (square, std) = (recorded("squared_l2_sensitivity"), recorded("noise_std"));
        let (square, std) = (square.unwrap_or(f64::NAN), std.unwrap_or(f64::NAN));
        let implied = gaussian::delta_bounds(epsilon, (square.sqrt() / std).next_up()).1;
        let stated = statistic(adjacency, &rows).sensitivity().square();
        let honest = certificate.arithmetic() == ArithmeticModel::ExactLattice
            && certificate.guarantee().adjacency() == adjacency
            && certificate.claims().iter().any(|id| id == "john.close.rows.privacy")
            && square >= stated as f64;
        found.see(implied / delta, honest);
    }
}

/// Level of each audit.
const ALPHA: f64 = 1e-7;

/// A lower bound on ε of a mechanism whose output is a score, against what is claimed; one that finds less than a quarter of
/// what was asked for is no evidence.
fn audited<A: Adjacency>(
    context: &Context,
    pair: (Mat, Mat, A),
    stated: &Stated<'_>,
    n: usize,
    score: impl Fn(&Mat, &mut dyn rand::CryptoRng) -> f64,
) -> Outcome {
    let report = lower_bound::audit(context, pair, (n, stated.delta, ALPHA), score);
    stated.against(&report, 0.25)
}

/// Neighbours as far apart as they may be, told apart along their difference. The twin has 0.7 of the noise.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let (options, adjacency, (epsilon, delta)) = (unit(3, 2), close(0.3), budget(1.0, 0.1));
    let first = Mat::from_vec(3, 2, vec![0.2, 0.1, -0.5, 0.3, 0.4, 0.4]).expect("six entries");
    let mut second = first.clone();
    second[(0, 0)] += 0.3 - 1e-9;
    let shipped = rows_mechanism(adjacency, &options, epsilon, delta).expect("supported noise");
    let stated = Stated {
        of: "released close rows",
        epsilon: shipped.profile().epsilon(delta),
        delta: 0.1,
        profile: &|epsilon| shipped.profile().delta(epsilon),
    };
    let std = NoiseStd::new(subject.pick(1.0, 0.7) * shipped.noise_std().get()).expect("positive");
    let mechanism = LatticeGaussian::with_noise_std(std, shipped.sensitivity()).expect("supported noise");
    let n = context.scale(60_000, 1_000_000);
    audited(context, (first, second, adjacency), &stated, n, |rows, mut rng| {
        let private = PrivateRows::new(adjacency, rows.as_ref());
        let release = release_rows_with(private, &options, &mechanism, &mut rng);
        release.expect("the announced shape").value().rows()[(0, 0)]
    })
}

/// How often a true row lies outside, against the stated failure probability: rows on a thin ellipse, and a row on a line. Each has a twin.
pub(super) fn containment(context: &mut Context, subject: Subject) -> Outcome {
    each_part(subject, [of_a_row_on_a_line(context, subject), of_an_ellipse(context, subject)])
}

/// How often the ellipsoid may miss a row.
pub(super) const CHANCE: f64 = 0.05;

/// A row on a line is missed where noise pulls it inward by the radius of the ball, `τ√(1 + 2√L + 2L)` with `L = ln 1/β`. That is half of the tail of one
/// number: 6e-4 at β = 0.05, an eightieth of what is stated, and in more dimensions less. So no radius near this one is missed too often. The twin
/// forgets the failure probability: its radius is τ, which is missed in 16 % of the trials, three times as often as stated.
fn of_a_row_on_a_line(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(1);
    let row = Mat::filled(1, 1, 0.9);
    let (options, (epsilon, delta)) = (unit(1, 1), budget(1.0, 1e-6));
    let mechanism = rows_mechanism(close(0.002), &options, epsilon, delta).expect("supported noise");
    let used = subject.pick(failure(CHANCE), forgotten());
    let mut is_inside = || {
        let private = PrivateRows::new(close(0.002), row.as_ref());
        let release =
            release_rows_with(private, &options, &mechanism, &mut rng).expect("the announced shape");
        let around = release.value().enclosing_ellipsoid(&JohnOptions::default(), used);
        around.expect("noise spans the line").score(row.row(0)).is_ok_and(|score| score <= 1.0)
    };
    let trials = context.scale(2000, 100_000);
    let missed = (0..trials).map(|_| u64::from(!is_inside())).sum();
    Misses { missed, trials, stated: CHANCE }.outcome(context, "a row on a line outside")
}

/// Rows on a thin ellipse, most of them at its border: all at once are hardly ever missed. The twin leaves out the ball.
fn of_an_ellipse(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rows = Mat::from_fn(60, 3, |i, j| [0.9, 0.3, 0.05][j] * ((1 + i * (j + 2)) as f64).sin());
    let (options, (epsilon, delta)) = (unit(60, 3), budget(1.0, 1e-6));
    let solve = JohnOptions::default();
    let (mut missed, mut farthest, trials) = (0_u64, 0.0_f64, context.scale(150, 3000));
    for _ in 0..trials {
        let private = PrivateRows::new(close(0.002), rows.as_ref());
        let release = release_rows(private, &options, epsilon, delta, &mut rng).expect("the announced shape");
        let around =
            release.value().enclosing_ellipsoid(&solve, failure(CHANCE)).expect("noise spans the space");
        let bare = release.value().john_ellipsoid(&solve).expect("noise spans the space");
        let score = |row: &[f64]| match subject {
            Subject::AsShipped => around.score(row),
            Subject::Broken => bare.leverage(row),
        };
        // a refused score must not pass for that of a row inside
        let worst = largest(rows.rows().map(|row| score(row).expect("a row of numbers")));
        missed += u64::from(worst > 1.0);
        farthest = larger(farthest, worst);
    }
    if farthest.is_nan() {
        return Outcome::inconclusive("a score that is no number");
    }
    let what = format!("rows of an ellipse outside, up to a score of {farthest:.3},");
    Misses { missed, trials, stated: CHANCE }.outcome(context, &what)
}
