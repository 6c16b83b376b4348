//! Record-level ellipsoids: sensitivity in integers, composed privacy, audits, accuracy, coverage.

use crate::checks::lower_bound::{self, Stated};
use crate::checks::misses::{Misses, forgotten};
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::{Mat, MatRef, Parallelism, Svd, SymmetricEigen, matmul, solve_lower_triangular};
use dp_mechanisms::selection::QuantileAdjacency;
use dp_mechanisms::{
    AddRemoveRow, Delta, Epsilon, FailureProbability, LatticeFrobeniusSensitivity, LatticeGaussian,
    LatticeL2Sensitivity, NoiseStd, PrivacyProfile, ReplaceRow, SymmetricGaussian,
};
use john_ellipsoid_dp::private::{
    PrivateRows, RecordEllipsoid, RecordMechanism, RecordOptions, RecordScale, RecordTarget, RoundEncoder,
};
use rand::{CryptoRng, RngExt};
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// `R²`.
const SQUARE: i128 = (RoundEncoder::RADIUS as i128).pow(2);

fn options(dim: usize) -> RecordOptions {
    RecordOptions::new(dim).expect("a small dimension")
}

fn calibrated<A: QuantileAdjacency>(
    options: &RecordOptions,
    adjacency: A,
    budget: (f64, f64),
) -> RecordMechanism<A> {
    let (epsilon, delta) =
        (Epsilon::new(budget.0).expect("positive"), Delta::new(budget.1).expect("a probability"));
    RecordMechanism::calibrate(options, adjacency, epsilon, delta).expect("supported noise")
}

/// A row that is hard on clipping: tiny, huge, not finite, along an axis or just any.
fn hard_row(rng: &mut ChaCha20Rng, d: usize) -> Vec<f64> {
    let length = 10.0_f64.powi(rng.random_range(-4..=4));
    let extreme = [f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX, 1e300, 5e-324, 0.0];
    let kind = rng.random_range(0..6);
    let axis = rng.random_range(0..d);
    let entry = |j: usize, rng: &mut ChaCha20Rng| match kind {
        0 if j == axis => extreme[rng.random_range(0..extreme.len())],
        1 => extreme[rng.random_range(2..extreme.len())],
        2 => f64::from(u8::from(j == axis)) * 1e6,
        _ => length * rng.random_range(-1.0..1.0),
    };
    (0..d).map(|j| entry(j, rng)).collect()
}

fn integers(encoder: &RoundEncoder, row: &[f64]) -> Vec<i128> {
    let mut z = vec![0.0; row.len()];
    encoder.encode(row, &mut z).expect("equal lengths");
    z.into_iter().map(|z| z as i128).collect()
}

/// Entry by entry, without the formula.
fn squared_distance(first: &[i128], second: &[i128]) -> i128 {
    let entry = |i: usize, j: usize| (first[i] * first[j] - second[i] * second[j]).pow(2);
    (0..first.len()).flat_map(|i| (0..first.len()).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).sum()
}

/// Pairs of hard rows under roots of condition number up to 1e8: outer products in 128-bit integers against what is charged. The twin
/// charges a replaced row as one that comes or goes.
pub(super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let charged = subject.pick(2, 1) * SQUARE * SQUARE;
    let (mut over, mut compared) = (0, 0);
    for _ in 0..context.scale(3000, 100_000) {
        let d = rng.random_range(1..=6);
        let unit = |rng: &mut ChaCha20Rng| 10.0_f64.powi(rng.random_range(-4..=4));
        let units: Vec<f64> = (0..d).map(|_| unit(&mut rng)).collect();
        let root =
            Mat::from_fn(d, d, |i, j| units[i] * ((i * 7 + j * 3) as f64 + rng.random_range(0.0..1.0)).cos());
        let order = 2 * rng.random_range(1..=8);
        let encoder = RoundEncoder::new(root.as_ref(), 2.0 * d as f64, order).expect("a positive clip");
        let [first, second] = [0; 2].map(|_| integers(&encoder, &hard_row(&mut rng, d)));
        let zero = vec![0; d];
        over += u64::from(squared_distance(&first, &zero) > SQUARE * SQUARE);
        over += u64::from(squared_distance(&second, &zero) > SQUARE * SQUARE);
        over += u64::from(squared_distance(&first, &second) > charged);
        compared += 3;
    }
    Outcome::all_equal(over, compared)
}

/// Orthogonal long rows come within a thousandth of what is charged: nothing is charged in vain. In the twin the clip is computed,
/// and the raw row is used.
pub(super) fn sensitivity_is_attained(_: &mut Context, subject: Subject) -> Outcome {
    let encoder = RoundEncoder::new(Mat::identity(3).as_ref(), 6.0, 2).expect("a positive clip");
    let raw = |row: &[f64]| {
        row.iter().map(|a| (a * f64::from(RoundEncoder::RADIUS) / 6.0_f64.sqrt()) as i128).collect()
    };
    let of = |row: &[f64]| subject.pick(integers(&encoder, row), raw(row));
    let attained = squared_distance(&of(&[3.0, 0.0, 0.0]), &of(&[0.0, 0.0, -4.0]));
    let share = attained as f64 / (2 * SQUARE * SQUARE) as f64;
    Outcome::worst([Outcome::at_most(share, 1.0, 1), Outcome::at_least(share, 0.999, 1)])
}

/// The composed δ at several ε, recomputed: one Gaussian of `μ² = Σ Δ²/σ²` over histogram and rounds, and a randomised response of the
/// quantile's ε₀, for which `δ(ε) = p·δ_μ(ε − ε₀) + (1 − p)·δ_μ(ε + ε₀)`, `p = e^{ε₀}/(1 + e^{ε₀})`. What is claimed may not be less. The twin claims
/// what the library makes of all parts but the last round.
pub(super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(2, 20) {
        let dim = rng.random_range(1..=30);
        let order = 2 * rng.random_range(1..=4);
        let options = options(dim)
            .with_target(RecordTarget::Lewis { order })
            .and_then(|options| options.with_whitening_rounds(rng.random_range(0..6)))
            .expect("orders and rounds in range");
        let budget = (rng.random_range(0.1..3.0), 10.0_f64.powi(rng.random_range(-9..=-4)));
        let added = calibrated(&options, AddRemoveRow, budget);
        let replaced = calibrated(&options, ReplaceRow, budget);
        for epsilon in [0.5 * budget.0, budget.0, 1.3 * budget.0] {
            worst = largest([
                worst,
                understated(&added, (1.0, budget.0), epsilon, subject),
                understated(&replaced, (2.0, budget.0), epsilon, subject),
            ]);
            compared += 2;
        }
        let met = [added.profile().delta(budget.0), replaced.profile().delta(budget.0)];
        worst = largest([worst, met[0] / budget.1, met[1] / budget.1]);
    }
    // the accountant's own discretisation is upward; erfc here has some 1e-12, times cancellation of at most 1e3
    Outcome::at_most(worst, 1.0 + 1e-8, compared)
}

fn gaussian_delta(mu: f64, epsilon: f64) -> f64 {
    let normal = Normal::standard();
    normal.cdf(0.5 * mu - epsilon / mu) - epsilon.exp() * normal.cdf(-0.5 * mu - epsilon / mu)
}

/// What is lost, in units of what is claimed.
fn understated<A: QuantileAdjacency>(
    mechanism: &RecordMechanism<A>,
    squares_and_budget: (f64, f64),
    epsilon: f64,
    subject: Subject,
) -> f64 {
    let claimed = match subject {
        Subject::AsShipped => mechanism.profile().delta(epsilon),
        Subject::Broken => without_last_round(mechanism, squares_and_budget.0).delta(epsilon),
    };
    recomputed(mechanism, squares_and_budget, epsilon) / claimed
}

/// Composed by the library, of parts with the noise that the mechanism states: all but the last round.
fn without_last_round<A: QuantileAdjacency>(
    mechanism: &RecordMechanism<A>,
    squares: f64,
) -> PrivacyProfile<A> {
    let (adjacency, square) = (mechanism.profile().adjacency(), squares as u128 * (SQUARE * SQUARE) as u128);
    let counted = LatticeL2Sensitivity::from_square(squared_row(mechanism) as u128, adjacency);
    let moves = LatticeFrobeniusSensitivity::from_square(square, adjacency).expect("positive");
    let histogram =
        LatticeGaussian::with_noise_std(mechanism.histogram_noise_std(), counted.expect("positive"))
            .expect("its own noise");
    let first = histogram.profile().and(mechanism.quantile().profile()).expect("one adjacency");
    let multipliers = mechanism.noise_multipliers();
    multipliers[..multipliers.len() - 1].iter().fold(first, |profile, noise| {
        let std = NoiseStd::new(noise * SQUARE as f64).expect("positive");
        let round = SymmetricGaussian::with_noise_std(std, moves).expect("its own noise");
        profile.and(round.profile()).expect("one adjacency")
    })
}

/// Of a row in the histogram: one bin a column, and `⌈√d⌉` for the count.
fn squared_row<A: QuantileAdjacency>(mechanism: &RecordMechanism<A>) -> f64 {
    let d = mechanism.options().dim() as f64;
    d + d.sqrt().ceil().powi(2)
}

fn recomputed<A: QuantileAdjacency>(
    mechanism: &RecordMechanism<A>,
    (squares, budget): (f64, f64),
    epsilon: f64,
) -> f64 {
    let options = mechanism.options();
    let histogram = squared_row(mechanism) / mechanism.histogram_noise_std().get().powi(2);
    let rounds: f64 = mechanism.noise_multipliers().iter().map(|noise| squares / (noise * noise)).sum();
    let (mu, pure) = ((histogram + rounds).sqrt(), options.quantile_share() * budget);
    let p = 1.0 / (1.0 + (-pure).exp());
    p * gaussian_delta(mu, epsilon - pure) + (1.0 - p) * gaussian_delta(mu, epsilon + pure)
}

/// Level of each audit.
const ALPHA: f64 = 1e-7;
/// A large δ: an audit sees no event rarer than one in its number of runs.
const AUDITED: (f64, f64) = (1.0, 0.1);

/// A released sum of squares is read back from the root: `T·Tᵀ = A⁻¹`, `A = I + w(λ − I)`, `w = 1/(1 + f²)`; everything but λ is public.
fn moments(released: &RecordEllipsoid, multiplier: f64, clip: f64) -> Mat {
    let root = released.ellipsoid().root();
    let d = root.nrows();
    let radius_square = clip / released.clip_score();
    let unit = clip / released.noisy_rows();
    let noise = (2.0 * d as f64).sqrt() * multiplier * unit;
    let inverse = solve_lower_triangular(root, Mat::identity(d).as_ref()).expect("full rank");
    let shrunk =
        dp_linalg::matmul_tn(inverse.as_ref(), inverse.as_ref(), Parallelism::Sequential).expect("square");
    let identity = |i: usize, j: usize| f64::from(u8::from(i == j));
    Mat::from_fn(d, d, |i, j| {
        ((shrunk[(i, j)] / radius_square - identity(i, j)) * (1.0 + noise * noise) + identity(i, j)) / unit
    })
}

fn audited<A: QuantileAdjacency>(
    context: &Context,
    (first, second): (Mat, Mat),
    (mechanism, claimed): (&RecordMechanism<A>, &PrivacyProfile<A>),
    (of, adjacency, score): (&str, A, impl Fn(MatRef<'_>) -> f64),
) -> Outcome {
    let n = context.scale(12_000, 300_000);
    let multiplier = mechanism.noise_multipliers()[0];
    let clip = mechanism.options().clip() * mechanism.options().dim() as f64;
    let run = |rows: &Mat, mut rng: &mut dyn CryptoRng| {
        let release =
            mechanism.release(PrivateRows::new(adjacency, rows.as_ref()), &mut rng).expect("equal shapes");
        score(moments(release.value(), multiplier, clip).as_ref())
    };
    let report = lower_bound::audit(context, (first, second, adjacency), (n, AUDITED.1, ALPHA), run);
    let profile = |epsilon: f64| claimed.delta(epsilon);
    let stated = Stated { of, epsilon: AUDITED.0, delta: AUDITED.1, profile: &profile };
    stated.against(&report, 0.5)
}

/// One round, nearly all of the budget: what a single release shows. At so large a clip no eigenvalue of mere noise reaches its floor, so that all
/// that is released can be read back.
fn one_round(dim: usize) -> RecordOptions {
    options(dim)
        .with_scale(RecordScale::Public(1.0))
        .and_then(|options| options.with_whitening_rounds(0))
        .and_then(|options| options.with_quantile_share(0.02))
        .and_then(|options| options.with_clip(1000.0))
        .expect("parameters in range")
}

/// Whole releases on one row against none, and on one row against an orthogonal one. Each has a twin: noise for ε = 1.8, which is 0.7 of that for the 1 that
/// is claimed, and a replaced row that is charged as one that comes or goes.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let long = |d: usize, j: usize| Mat::from_fn(1, d, |_, k| if j == k { 1e6 } else { 0.0 });
    let added = calibrated(&one_round(1), AddRemoveRow, AUDITED);
    let used = match subject {
        Subject::AsShipped => added.clone(),
        Subject::Broken => calibrated(&one_round(1), AddRemoveRow, (1.8, AUDITED.1)),
    };
    let difference = |moments: MatRef<'_>| moments[(1, 1)] - moments[(0, 0)];
    let pair = || (long(2, 0), long(2, 1));
    let one_more = audited(
        context,
        (Mat::zeros(0, 1), long(1, 0)),
        (&used, added.profile()),
        ("a round of an ellipsoid, a record more", AddRemoveRow, |moments: MatRef<'_>| moments[(0, 0)]),
    );
    let of = "a round of an ellipsoid, a record replaced";
    let other = match subject {
        Subject::AsShipped => {
            let charged = calibrated(&one_round(2), ReplaceRow, AUDITED);
            audited(context, pair(), (&charged, charged.profile()), (of, ReplaceRow, difference))
        }
        Subject::Broken => {
            let charged = calibrated(&one_round(2), AddRemoveRow, AUDITED);
            audited(context, pair(), (&charged, charged.profile()), (of, AddRemoveRow, difference))
        }
    };
    let note =
        format!("audited ε under add/remove, replace: {:.3}, {:.3}", one_more.observed, other.observed);
    each_part(subject, [other, one_more]).with_note(note)
}

/// Uniform rows in a box with axes from 1 to 1000 in random directions.
fn rotated_cube(rng: &mut ChaCha20Rng, n: usize, d: usize) -> Mat {
    let mut symmetric = Mat::zeros(d, d);
    for i in 0..d {
        for j in 0..=i {
            let entry = rng.random_range(-1.0..1.0);
            symmetric.row_mut(i)[j] = entry;
            symmetric.row_mut(j)[i] = entry;
        }
    }
    let axes = SymmetricEigen::new(symmetric.as_ref()).expect("finite");
    let unit = |j: usize| 1000.0_f64.powf(j as f64 / (d - 1) as f64);
    let cube = Mat::from_fn(n, d, |_, j| unit(j) * rng.random_range(-1.0..1.0));
    matmul(cube.as_ref(), axes.vectors(), Parallelism::Sequential).expect("equal shapes")
}

/// Largest distance of logarithms of axes from those of the same rounds with 600 times the budget, of several releases of each data set. In the twin two
/// rounds have whitened, not five.
pub(super) fn accuracy(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, sets, releases) = (0.0_f64, context.scale(1, 10), context.scale(3, 8));
    let shipped = options(10).with_parallelism(Parallelism::threads(2));
    let used = shipped.with_whitening_rounds(subject.pick(5, 2)).expect("few rounds");
    let mechanism = calibrated(&used, AddRemoveRow, (0.5, 1e-6));
    let reference = shipped.with_refining_rounds(4).expect("few rounds");
    let reference = calibrated(&reference, AddRemoveRow, (300.0, 1e-6));
    for _ in 0..sets {
        let rows = rotated_cube(&mut rng, 100_000, 10);
        let mut root = |mechanism: &RecordMechanism<AddRemoveRow>| {
            let release = mechanism.release(PrivateRows::new(AddRemoveRow, rows.as_ref()), &mut rng);
            release.expect("equal shapes").value().ellipsoid().root().to_owned()
        };
        let exact = root(&reference);
        for _ in 0..releases {
            // ten logarithms with a standard deviation below 0.4 %: three per cent are more than seven of them
            context.spend(1e-9);
            let relative =
                solve_lower_triangular(root(&mechanism).as_ref(), exact.as_ref()).expect("full rank");
            let axes = Svd::new(relative.as_ref()).expect("finite");
            worst = axes.singular_values().iter().map(|axis| axis.ln().abs()).fold(worst, larger);
        }
    }
    Outcome::at_most(worst, 1.03_f64.ln(), (sets * releases) as u64)
        .with_note("largest logarithm of an axis over that without noise")
}

/// How often the number of rows outside is off by more than the stated ranks: of rows of one length, and of rows in the plane. Each has a twin.
pub(super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    each_part(subject, [coverage_of_equal_rows(context, subject), coverage_in_the_plane(context, subject)])
}

/// γ.
const FAILURE: f64 = 0.2;

/// Whether the number of rows beyond the level is off by more than these ranks, but for rows of the outermost cell: squares within 2·2⁻¹⁰ below the level.
fn is_missed(ellipsoid: &RecordEllipsoid, (rows, target): (&Mat, f64), (level, ranks): (f64, f64)) -> bool {
    let beyond = |level: f64| {
        let scores = rows.rows().map(|row| ellipsoid.score(row).expect("as many entries"));
        scores.filter(|score| *score > level).count() as f64
    };
    beyond(level) > target + ranks || beyond(level * (1.0 - 2.0 / 1024.0)) < target - ranks
}

/// Rows of one length, half of which are to be outside: the cell of that length is right, and of every other the rank is off by half of the rows, which are
/// just more than twice the stated ranks `(s/ε)·ln(N/γ)`. Each of N − 1 wrong cells has the weight `γ/N` of the right one at most, so that the worst case
/// of the theorem is met: `γ/(1 + γ)` of the trials miss, but for half a rank. The twin forgets the failure probability, `(s/ε)·ln N`: nearly half of
/// them do.
fn coverage_of_equal_rows(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(1);
    let mechanism = calibrated(&options(1).with_uncovered(0.5).expect("a share"), ReplaceRow, (1.0, 1e-6));
    let used = subject.pick(FailureProbability::new(FAILURE).expect("a probability"), forgotten());
    let mut released = |n: usize| {
        let rows = Mat::filled(n, 1, 1.0);
        let release = mechanism.release(PrivateRows::new(ReplaceRow, rows.as_ref()), &mut rng);
        (rows, release.expect("equal shapes").value().clone())
    };
    // of the mechanism alone, whatever the rows
    let ranks = released(1).1.rank_error(used);
    let n = (2.0 * ranks) as usize + 1;
    let trials = context.scale(800, 20_000);
    let mut missed = 0;
    for _ in 0..trials {
        let (rows, ellipsoid) = released(n);
        missed += u64::from(is_missed(&ellipsoid, (&rows, 0.5 * n as f64), (1.0, ranks)));
    }
    Misses { missed, trials, stated: FAILURE }.outcome(context, "equal rows beyond the stated ranks")
}

/// Rows in the plane, no two alike, are hardly ever missed: beside the right cell there are others that are nearly so. In the twin a radius is taken for its
/// square.
fn coverage_in_the_plane(context: &Context, subject: Subject) -> Outcome {
    let (mut rng, n, mut missed) = (context.rng(0), 2000, 0);
    let mechanism = calibrated(&options(2).with_uncovered(0.1).expect("a share"), ReplaceRow, (1.0, 1e-6));
    let trials = context.scale(40, 1000);
    for _ in 0..trials {
        let rows = Mat::from_fn(n, 2, |_, _| (0..4).map(|_| rng.random_range(-1.0..1.0)).sum());
        let release =
            mechanism.release(PrivateRows::new(ReplaceRow, rows.as_ref()), &mut rng).expect("equal shapes");
        let ellipsoid = release.value();
        let ranks = ellipsoid.rank_error(FailureProbability::new(FAILURE).expect("a probability"));
        let radius = (2.0 * mechanism.options().clip() / ellipsoid.clip_score()).sqrt();
        let level = subject.pick(1.0, 1.0 / radius);
        missed += u64::from(is_missed(ellipsoid, (&rows, 0.1 * n as f64), (level, ranks)));
    }
    Misses { missed, trials, stated: FAILURE }.outcome(context, "rows in the plane beyond the stated ranks")
}
