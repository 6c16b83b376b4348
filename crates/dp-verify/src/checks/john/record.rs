//! Record-level ellipsoids: sensitivity in integers, composed privacy, audits, accuracy, coverage.

use crate::checks::lower_bound::{self, Stated};
use crate::{Context, Outcome, Subject};
use dp_linalg::{Mat, MatRef, Parallelism, Svd, SymmetricEigen, matmul, solve_lower_triangular};
use dp_mechanisms::selection::QuantileAdjacency;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, ReplaceRow};
use dp_testkit::statistics::proportion_lower_bound;
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
/// quantile's ε₀, for which `δ(ε) = p·δ_μ(ε − ε₀) + (1 − p)·δ_μ(ε + ε₀)`, `p = e^{ε₀}/(1 + e^{ε₀})`. What is claimed may not be less. In the twin the
/// last round is forgotten in the claim.
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
            let ratios = [
                understated(&added, (1.0, budget.0), epsilon, subject),
                understated(&replaced, (2.0, budget.0), epsilon, subject),
            ];
            worst = ratios.into_iter().fold(worst, f64::max);
            compared += 2;
        }
        worst = worst
            .max(added.profile().delta(budget.0) / budget.1)
            .max(replaced.profile().delta(budget.0) / budget.1);
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
    let multipliers = mechanism.noise_multipliers();
    let lost = recomputed(mechanism, &multipliers, squares_and_budget, epsilon);
    let claimed = match subject {
        Subject::AsShipped => mechanism.profile().delta(epsilon),
        Subject::Broken => {
            recomputed(mechanism, &multipliers[..multipliers.len() - 1], squares_and_budget, epsilon)
        }
    };
    lost / claimed
}

fn recomputed<A: QuantileAdjacency>(
    mechanism: &RecordMechanism<A>,
    multipliers: &[f64],
    (squares, budget): (f64, f64),
    epsilon: f64,
) -> f64 {
    let options = mechanism.options();
    let d = options.dim() as f64;
    let histogram = (d + d.sqrt().ceil().powi(2)) / mechanism.histogram_noise_std().get().powi(2);
    let rounds: f64 = multipliers.iter().map(|noise| squares / (noise * noise)).sum();
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
    mechanism: &RecordMechanism<A>,
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
    let profile = |epsilon: f64| mechanism.profile().delta(epsilon);
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

/// Whole releases on one row against none, and on one row against an orthogonal one. In the twin a replaced row is charged as one that comes or
/// goes.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let long = |d: usize, j: usize| Mat::from_fn(1, d, |_, k| if j == k { 1e6 } else { 0.0 });
    let added = calibrated(&one_round(1), AddRemoveRow, AUDITED);
    let replaced = calibrated(&one_round(2), ReplaceRow, AUDITED);
    let undercharged = calibrated(&one_round(2), AddRemoveRow, AUDITED);
    let difference = |moments: MatRef<'_>| moments[(1, 1)] - moments[(0, 0)];
    let pair = || (long(2, 0), long(2, 1));
    let one_more = audited(
        context,
        (Mat::zeros(0, 1), long(1, 0)),
        &added,
        ("a round of an ellipsoid, a record more", AddRemoveRow, |moments: MatRef<'_>| moments[(0, 0)]),
    );
    let of = "a round of an ellipsoid, a record replaced";
    let other = match subject {
        Subject::AsShipped => audited(context, pair(), &replaced, (of, ReplaceRow, difference)),
        Subject::Broken => audited(context, pair(), &undercharged, (of, AddRemoveRow, difference)),
    };
    let note =
        format!("audited ε under add/remove, replace: {:.3}, {:.3}", one_more.observed, other.observed);
    Outcome::worst([other, one_more]).with_note(note)
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

/// Largest distance of logarithms of axes from those of the same rounds with 600 times the budget. In the twin coordinates are not whitened before.
pub(super) fn accuracy(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, trials) = (0.0_f64, context.scale(1, 20));
    let shipped = options(10).with_parallelism(Parallelism::threads(2));
    let used = subject.pick(shipped, shipped.with_whitening_rounds(0).expect("few rounds"));
    let mechanism = calibrated(&used, AddRemoveRow, (0.5, 1e-6));
    let reference = shipped.with_refining_rounds(4).expect("few rounds");
    let reference = calibrated(&reference, AddRemoveRow, (300.0, 1e-6));
    for _ in 0..trials {
        // ten logarithms with a standard deviation below 0.4 %: three per cent are more than seven of them
        context.spend(1e-9);
        let rows = rotated_cube(&mut rng, 100_000, 10);
        let mut root = |mechanism: &RecordMechanism<AddRemoveRow>| {
            let release = mechanism.release(PrivateRows::new(AddRemoveRow, rows.as_ref()), &mut rng);
            release.expect("equal shapes").value().ellipsoid().root().to_owned()
        };
        let (noisy, exact) = (root(&mechanism), root(&reference));
        let relative = solve_lower_triangular(noisy.as_ref(), exact.as_ref()).expect("full rank");
        let axes = Svd::new(relative.as_ref()).expect("finite");
        worst = axes.singular_values().iter().map(|axis| axis.ln().abs()).fold(worst, f64::max);
    }
    Outcome::at_most(worst, 1.03_f64.ln(), trials as u64)
}

/// How often the number of rows outside is off by more than the stated ranks, at γ = 0.2. In the twin a radius is taken for its square.
pub(super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    let (n, failure) = (5000, 0.2);
    let mut rng = context.rng(0);
    let mechanism = calibrated(&options(2).with_uncovered(0.1).expect("a share"), ReplaceRow, (1.0, 1e-6));
    let trials = context.scale(40, 1000);
    let mut missed = 0;
    for _ in 0..trials {
        let rows = Mat::from_fn(n, 2, |_, _| (0..4).map(|_| rng.random_range(-1.0..1.0)).sum());
        let release =
            mechanism.release(PrivateRows::new(ReplaceRow, rows.as_ref()), &mut rng).expect("equal shapes");
        let ellipsoid = release.value();
        let ranks = ellipsoid.rank_error(FailureProbability::new(failure).expect("a probability"));
        let radius = (2.0 * mechanism.options().clip() / ellipsoid.clip_score()).sqrt();
        let level = subject.pick(1.0, 1.0 / radius);
        let beyond = |level: f64| {
            rows.rows().filter(|row| ellipsoid.score(row).expect("two entries") > level).count() as f64
        };
        // rows of the outermost cell: squares within 2·2⁻¹⁰ below the level
        let least = beyond(level * (1.0 - 2.0 / 1024.0));
        let target = 0.1 * n as f64;
        missed += u64::from(beyond(level) > target + ranks || least < target - ranks);
    }
    let bound = proportion_lower_bound(missed, trials as u64, context.spend(1e-6));
    Outcome::at_most(bound, failure, trials as u64)
        .with_note(format!("{missed} of {trials} beyond the stated ranks"))
}
