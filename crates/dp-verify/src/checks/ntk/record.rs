//! Record-level regression: sensitivity in integers, composed privacy, audits, sums, error bars.

use crate::checks::lower_bound::{self, Stated};
use crate::checks::misses::Misses;
use crate::checks::picture::AgainstBounds;
use crate::checks::twins::{each_part, each_twin};
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::symmetric::{packed_index, packed_order};
use dp_mechanisms::{
    AddRemoveRow, Delta, Epsilon, FailureProbability, LatticeStatistic, Mu, NoiseStd, PrivacyProfile,
    ReplaceRow,
};
use dp_testkit::statistics::{proportion_lower_bound, proportion_upper_bound};
use ntk_dp::private::{
    LabelledRows, NoisyMoments, PrivateRecords, PrivateRidge, RecordAdjacency, RecordMechanism,
    RecordOptions, RecordTargets, RowNorm,
};
use rand::{CryptoRng, RngExt};
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// `R²`.
const SQUARE: u128 = (RecordMechanism::<AddRemoveRow>::RADIUS as u128).pow(2);

fn calibrated<A: RecordAdjacency>(
    options: &RecordOptions,
    adjacency: A,
    (epsilon, delta): (f64, f64),
) -> RecordMechanism<A> {
    let (epsilon, delta) =
        (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("a probability"));
    RecordMechanism::calibrate(options, adjacency, epsilon, delta).expect("supported noise")
}

/// Where only the integers count.
fn with_mu<A: RecordAdjacency>(options: &RecordOptions, adjacency: A, mu: f64) -> RecordMechanism<A> {
    let mu = Mu::new(mu).expect("positive");
    RecordMechanism::with_mu(options, adjacency, mu).expect("supported noise")
}

/// Of any shape and rule, for classes and for numbers.
fn any_options(rng: &mut ChaCha20Rng) -> RecordOptions {
    let (dim, columns) = (rng.random_range(1..=5), rng.random_range(2..=12));
    let bound = 10.0_f64.powi(rng.random_range(-3..=3));
    let options = match rng.random_range(0..3) {
        0 => RecordOptions::values(dim, columns - 1, bound),
        _ => RecordOptions::classes(dim, columns),
    };
    let norm = match rng.random_range(0..2) {
        0 => RowNorm::Normalise,
        _ => RowNorm::Clip(10.0_f64.powi(rng.random_range(-3..=3))),
    };
    let weight = 2.0_f64.powf(rng.random_range(-6.0..3.0));
    options
        .and_then(|options| options.with_norm(norm))
        .and_then(|options| options.with_target_weight(weight))
        .and_then(|options| options.with_intercept(f64::from(rng.random_range(0..3)) * 0.3))
        .expect("parameters in range")
}

/// Entries that are hard on scaling: tiny, huge, not finite, along an axis or just any.
pub(super) fn hard_row(rng: &mut ChaCha20Rng, d: usize) -> Vec<f64> {
    let length = 10.0_f64.powi(rng.random_range(-4..=4));
    let extreme = [f64::NAN, f64::INFINITY, f64::MAX, -f64::MAX, 1e300, 5e-324, 0.0];
    let (kind, axis) = (rng.random_range(0..7), rng.random_range(0..d));
    (0..d)
        .map(|j| match kind {
            0 if j == axis => extreme[rng.random_range(0..extreme.len())],
            1 => extreme[rng.random_range(2..extreme.len())],
            2 | 3 => f64::from(u8::from(j == axis)) * if kind == 2 { 1e6 } else { -1e6 },
            _ => length * rng.random_range(-1.0..1.0),
        })
        .collect()
}

/// One record with its target, of either kind.
struct Records {
    features: Mat,
    labels: Vec<usize>,
    values: Mat,
}

impl Records {
    fn hard(rng: &mut ChaCha20Rng, options: &RecordOptions, n: usize) -> Self {
        let rows = |rng: &mut ChaCha20Rng, columns: usize| {
            let entries = (0..n).flat_map(|_| hard_row(rng, columns)).collect();
            Mat::from_vec(n, columns, entries).expect("n rows")
        };
        let labels = (0..n).map(|_| rng.random_range(0..=options.columns())).collect();
        Self { features: rows(rng, options.dim()), labels, values: rows(rng, options.columns()) }
    }

    fn none(options: &RecordOptions) -> Self {
        Self {
            features: Mat::zeros(0, options.dim()),
            labels: Vec::new(),
            values: Mat::zeros(0, options.columns()),
        }
    }

    /// What `read` makes of them.
    fn read<A: RecordAdjacency, T>(
        &self,
        (options, adjacency): (&RecordOptions, A),
        mut read: impl FnMut(PrivateRecords<A, &mut dyn LabelledRows>) -> Result<T, ntk_dp::Error>,
    ) -> T {
        let (mut classes, mut values) =
            ((self.features.as_ref(), &self.labels[..]), (self.features.as_ref(), self.values.as_ref()));
        let source: &mut dyn LabelledRows = match options.targets() {
            RecordTargets::Values { .. } => &mut values,
            _ => &mut classes,
        };
        read(PrivateRecords::new(adjacency, source)).expect("equal shapes")
    }

    /// The integer moments, centred and flattened as those of `like`.
    fn moments<A: RecordAdjacency>(
        &self,
        mechanism: &RecordMechanism<A>,
        (adjacency, like): (A, Option<&NoisyMoments>),
    ) -> Vec<i64> {
        let read =
            |records: PrivateRecords<A, &mut dyn LabelledRows>| mechanism.moment_statistic(records, like);
        self.read((mechanism.options(), adjacency), read).assume_public()
    }

    /// The integers of the centre and of the flattening.
    fn stages<A: RecordAdjacency>(
        &self,
        mechanism: &RecordMechanism<A>,
        (adjacency, like): (A, Option<&NoisyMoments>),
    ) -> (Option<Vec<i64>>, Option<Vec<i64>>) {
        let on = (mechanism.options(), adjacency);
        let centre = self.read(on, |records| mechanism.centre_statistic(records));
        let rows = self.read(on, |records| mechanism.flattening_statistic(records, like));
        (centre.map(LatticeStatistic::assume_public), rows.map(LatticeStatistic::assume_public))
    }
}

/// How many of the stages of two data sets are farther apart than is charged, the moments under `charged`.
fn stages_beyond<A: RecordAdjacency>(
    (first, second): (&Records, &Records),
    mechanism: &RecordMechanism<A>,
    on: (A, Option<&NoisyMoments>),
    charged: u128,
) -> u64 {
    let moments = squared_distance(&first.moments(mechanism, on), &second.moments(mechanism, on));
    let (here, there) = (first.stages(mechanism, on), second.stages(mechanism, on));
    let centre = here.0.zip(there.0).zip(mechanism.centre()).is_some_and(|((a, b), mechanism)| {
        let distance: u128 = a.iter().zip(&b).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum();
        distance > mechanism.sensitivity().square()
    });
    let rows = here
        .1
        .zip(there.1)
        .zip(mechanism.flattening())
        .is_some_and(|((a, b), mechanism)| squared_distance(&a, &b) > mechanism.sensitivity().square());
    u64::from(moments > charged) + u64::from(centre) + u64::from(rows)
}

/// Options with both stages before the moments, and what they released of some hard records; or none of that.
fn staged(rng: &mut ChaCha20Rng) -> (RecordOptions, Option<NoisyMoments>) {
    let options = any_options(rng);
    if rng.random_range(0..2) == 0 {
        return (options, None);
    }
    let options = options
        .with_centre(0.2)
        .and_then(|options| options.with_flattening(0.4))
        .and_then(|options| options.with_centred_norm(RowNorm::Normalise))
        .expect("shares in range");
    let mechanism = with_mu(&options, AddRemoveRow, 10.0);
    let records = Records::hard(rng, &options, 60);
    let release = records.read((&options, AddRemoveRow), |records| mechanism.release(records, rng));
    (options, Some(release.value().clone()))
}

/// Entry by entry, without the formula: entries off the diagonal count twice.
fn squared_distance(first: &[i64], second: &[i64]) -> u128 {
    let order = packed_order(first.len()).expect("a triangle");
    let entry = |i, j| {
        let at = packed_index(i, j);
        u128::from(first[at].abs_diff(second[at])).pow(2)
    };
    (0..order).flat_map(|i| (0..order).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).sum()
}

/// Hard records, one against none, in each stage: integers in 128 bits against what is charged. The twin charges features alone.
pub(super) fn sensitivity_add_remove(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut over, trials) = (0, context.scale(3000, 100_000));
    for _ in 0..trials {
        let (options, like) = staged(&mut rng);
        let mechanism = with_mu(&options, AddRemoveRow, 1.0);
        let pair = (&Records::hard(&mut rng, &options, 1), &Records::none(&options));
        let charged = subject.pick(mechanism.moments().sensitivity().square(), SQUARE * SQUARE);
        over += stages_beyond(pair, &mechanism, (AddRemoveRow, like.as_ref()), charged);
    }
    Outcome::all_equal(over, trials as u64)
}

/// Pairs of hard records in place of each other, in each stage. The twin charges twice the square of a record that comes or goes, as for one of which
/// no two point apart.
pub(super) fn sensitivity_replace(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut over, trials) = (0, context.scale(3000, 100_000));
    for _ in 0..trials {
        let (options, like) = staged(&mut rng);
        let mechanism = with_mu(&options, ReplaceRow, 1.0);
        let added = with_mu(&options, AddRemoveRow, 1.0);
        let charged = subject
            .pick(mechanism.moments().sensitivity().square(), 2 * added.moments().sensitivity().square());
        let [first, second] = [0; 2].map(|_| Records::hard(&mut rng, &options, 1));
        over += stages_beyond((&first, &second), &mechanism, (ReplaceRow, like.as_ref()), charged);
    }
    Outcome::all_equal(over, trials as u64)
}

/// The worst pair in the plane, by its angle: two rows of one class with `cos = −Y/N`, of length one. Its distance comes within a thousandth of
/// what is charged, and no other pair of angle, classes and lengths on a grid goes beyond. The twin forgets that rows of one class may point apart:
/// it searches orthogonal ones.
pub(super) fn sensitivity_is_attained(context: &mut Context, subject: Subject) -> Outcome {
    let (steps, mut worst, mut compared) = (context.scale(24, 200), Vec::new(), 0);
    for (classes, weight) in [(2, 0.25), (2, 2.0), (3, 1.0), (10, 1.0), (10, 2.0), (100, 3.0)] {
        let options = RecordOptions::classes(2, classes)
            .and_then(|options| options.with_norm(RowNorm::Clip(1.0)))
            .and_then(|options| options.with_target_weight(weight))
            .expect("parameters in range");
        let mechanism = with_mu(&options, ReplaceRow, 1.0);
        let charged = mechanism.moments().sensitivity().square() as f64;
        let moments = |length: f64, angle: f64, label: usize| {
            let features =
                Mat::from_vec(1, 2, vec![length * angle.cos(), length * angle.sin()]).expect("two");
            Records { features, labels: vec![label], values: Mat::zeros(1, 0) }
                .moments(&mechanism, (ReplaceRow, None))
        };
        let target = 0.5 * weight * weight * (1.0 - 1.0 / classes as f64);
        let best = subject.pick((-target.min(1.0)).acos(), core::f64::consts::FRAC_PI_2);
        let attained = squared_distance(&moments(1.0, 0.0, 0), &moments(1.0, best, 0)) as f64 / charged;
        worst.push(Outcome::at_least(attained, 0.999, 1));
        for step in 0..=steps {
            let angle = core::f64::consts::PI * step as f64 / steps as f64;
            for (label, length) in [(0, 1.0), (1, 1.0), (0, 0.7), (1, 0.7), (0, 0.2)] {
                let distance = squared_distance(&moments(1.0, 0.0, 0), &moments(length, angle, label)) as f64;
                worst.push(Outcome::at_most(distance / charged, 1.0, 1));
                compared += 1;
            }
        }
    }
    Outcome::worst(worst).with_note(format!("{compared} pairs on the grid"))
}

pub(super) fn gaussian_delta(mu: f64, epsilon: f64) -> f64 {
    let normal = Normal::standard();
    normal.cdf(0.5 * mu - epsilon / mu) - epsilon.exp() * normal.cdf(-0.5 * mu - epsilon / mu)
}

/// The composed δ, recomputed from exact sensitivities and the noise that is added: one Gaussian of `μ² = Σ Δ²/σ²`. What is claimed may not be less, and
/// it meets the target. The twins claim what the library makes of all parts but the centre, or but a round of the flattening.
pub(super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Some(Forgotten::Centre), Some(Forgotten::Round)];
    each_twin(subject, None, twins, |forgotten| composition_without(context, forgotten))
}

/// What a claim leaves out.
#[derive(Clone, Copy)]
enum Forgotten {
    Centre,
    Round,
}

fn composition_without(context: &Context, forgotten: Option<Forgotten>) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(20, 400) {
        let options = any_options(&mut rng)
            .with_centre(rng.random_range(0.02..0.4))
            .and_then(|options| options.with_flattening(rng.random_range(0.02..0.4)))
            .and_then(|options| options.with_flattening_rounds(rng.random_range(1..4)))
            .expect("shares in range");
        let budget = (rng.random_range(0.1..5.0), 10.0_f64.powi(rng.random_range(-9..=-4)));
        let (added, replaced) =
            (calibrated(&options, AddRemoveRow, budget), calibrated(&options, ReplaceRow, budget));
        for epsilon in [0.5 * budget.0, budget.0, 1.3 * budget.0] {
            worst = largest([
                worst,
                understated(&added, Moves::of_a_record_more, epsilon, forgotten),
                understated(&replaced, Moves::of_another_record, epsilon, forgotten),
            ]);
            compared += 2;
        }
        let met = [added.profile().delta(budget.0), replaced.profile().delta(budget.0)];
        worst = largest([worst, met[0] / budget.1, met[1] / budget.1]);
    }
    // erfc here has some 1e-12, times cancellation of at most 1e3
    Outcome::at_most(worst, 1.0 + 1e-8, compared)
}

/// Squared distances of neighbours in each stage.
struct Moves {
    centre: u128,
    rows: u128,
    moments: u128,
}

impl Moves {
    /// One record at its largest, which counts a quarter of `R` in the centre.
    fn of_a_record_more(target: u128) -> Self {
        let moments = |target| SQUARE * SQUARE + 2 * SQUARE * target;
        Self { centre: SQUARE + SQUARE / 16, rows: moments(0), moments: moments(target) }
    }

    /// Opposite rows in the centre, and the farthest ones in moments.
    fn of_another_record(target: u128) -> Self {
        Self { centre: 4 * SQUARE, rows: farthest(SQUARE, 0), moments: farthest(SQUARE, target) }
    }
}

/// The largest `2N² + 4NY − 2p² − 4ps`: the squared distance of the moments of two records of largest length, `‖z‖² = N` and `‖y‖² = Y`, by their products
/// `|p| ≤ N` and `|s| ≤ Y`. In p it is concave, with its top at `−s`; in s it is convex then, so that an end is the worst.
fn farthest(row: u128, target: u128) -> u128 {
    let (n, y) = (row as i128, target as i128);
    let of = |s: i128| {
        let p = (-s).clamp(-n, n);
        2 * n * n + 4 * n * y - 2 * p * p - 4 * p * s
    };
    of(y).max(of(-y)) as u128
}

/// The largest `‖y‖²` of integer targets: `t(k − 1)` for the class and `−t` for the k − 1 others, or any of a radius; `√2‖y‖` is the weight times `R`, to
/// the nearest `t`, or radius.
fn squared_target(options: &RecordOptions) -> u128 {
    let length = options.target_weight() * (SQUARE as f64 / 2.0).sqrt();
    match options.targets() {
        RecordTargets::Classes(k) => {
            let unit = (length / k as f64).round() as u128;
            unit * unit * (k * (k - 1)) as u128
        }
        _ => (length.round() as u128).pow(2),
    }
}

/// What is lost, in units of what is claimed.
fn understated<A: RecordAdjacency>(
    mechanism: &RecordMechanism<A>,
    moves: impl Fn(u128) -> Moves,
    epsilon: f64,
    forgotten: Option<Forgotten>,
) -> f64 {
    let moves = moves(squared_target(mechanism.options()));
    let (centre, rows) = (mechanism.centre().expect("options have one"), mechanism.flattening());
    let (rows, rounds) =
        (rows.expect("options have some"), u64::from(mechanism.options().flattening_rounds()));
    let square = |moves: u128, noise: NoiseStd| moves as f64 / noise.get().powi(2);
    let mu = (square(moves.centre, centre.noise_std())
        + rounds as f64 * square(moves.rows, rows.noise_std())
        + square(moves.moments, mechanism.moments().noise_std()))
    .sqrt();
    let all = |of: [u64; 2]| {
        let centre = centre.profile().repeated(of[0]);
        let rows = rows.profile().repeated(of[1]);
        let parts = mechanism.moments().profile().and(&rows).and_then(|parts| parts.and(&centre));
        parts.expect("one adjacency")
    };
    let claimed = match forgotten {
        None => mechanism.profile().clone(),
        Some(Forgotten::Centre) => all([0, rounds]),
        Some(Forgotten::Round) => all([1, rounds - 1]),
    };
    gaussian_delta(mu, epsilon) / claimed.delta(epsilon)
}

/// Level of each audit.
const ALPHA: f64 = 1e-7;
/// A large δ: an audit sees no event rarer than one in its number of runs.
const AUDITED: (f64, f64) = (1.0, 0.1);

/// Whole releases: a record that is there or not, and a record in place of the one that is farthest away from it. The score is the product of the
/// noisy moments with the difference of the true ones: the most powerful test. Each has a twin: noise for ε = 1.8, which is 0.7 of that for the 1 that is
/// claimed, and a replaced record that is charged as one that comes or goes.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let options = RecordOptions::classes(2, 2).expect("small shapes");
    let added = calibrated(&options, AddRemoveRow, AUDITED);
    let replaced = calibrated(&options, ReplaceRow, AUDITED);
    let angle = (-0.25_f64).acos();
    let here = Mat::from_vec(1, 2, vec![1.0, 0.0]).expect("two entries");
    let there = Mat::from_vec(1, 2, vec![angle.cos(), angle.sin()]).expect("two entries");
    let used = match subject {
        Subject::AsShipped => added.clone(),
        Subject::Broken => calibrated(&options, AddRemoveRow, (1.8, AUDITED.1)),
    };
    let one_more = audited(
        context,
        (Mat::zeros(0, 2), here.clone()),
        (&used, added.profile()),
        ("moments, a record more", AddRemoveRow),
    );
    let of = "moments, a record replaced";
    let other = match subject {
        Subject::AsShipped => {
            audited(context, (here, there), (&replaced, replaced.profile()), (of, ReplaceRow))
        }
        Subject::Broken => audited(context, (here, there), (&added, added.profile()), (of, AddRemoveRow)),
    };
    let note =
        format!("audited ε under add/remove, replace: {:.3}, {:.3}", one_more.observed, other.observed);
    each_part(subject, [other, one_more]).with_note(note)
}

fn audited<A: RecordAdjacency>(
    context: &Context,
    (first, second): (Mat, Mat),
    (mechanism, claimed): (&RecordMechanism<A>, &PrivacyProfile<A>),
    (of, adjacency): (&str, A),
) -> Outcome {
    let n = context.scale(12_000, 300_000);
    let labels = |rows: &Mat| vec![0_usize; rows.nrows()];
    let moments = |rows: &Mat| {
        Records { features: rows.clone(), labels: labels(rows), values: Mat::zeros(0, 0) }
            .moments(mechanism, (adjacency, None))
    };
    let difference: Vec<f64> =
        moments(&second).iter().zip(moments(&first)).map(|(b, a)| (b - a) as f64 / SQUARE as f64).collect();
    let run = |rows: &Mat, mut rng: &mut dyn CryptoRng| {
        let labels = labels(rows);
        let records = PrivateRecords::new(adjacency, (rows.as_ref(), &labels[..]));
        let release = mechanism.release(records, &mut rng).expect("equal shapes");
        product(release.value().lattice().packed(), &difference)
    };
    let report = lower_bound::audit(context, (first, second, adjacency), (n, AUDITED.1, ALPHA), run);
    let profile = |epsilon: f64| claimed.delta(epsilon);
    let stated = Stated { of, epsilon: AUDITED.0, delta: AUDITED.1, profile: &profile };
    stated.against(&report, 0.5)
}

/// Of symmetric matrices: entries off the diagonal count twice.
fn product(packed: &[i64], with: &[f64]) -> f64 {
    let order = packed_order(packed.len()).expect("a triangle");
    let entry = |i, j| packed[packed_index(i, j)] as f64 * with[packed_index(i, j)];
    (0..order).flat_map(|i| (0..order).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).sum()
}

/// Hard records, by one to three threads, centred and flattened or not, against the sum of each record's own moments, added one by one. In the twin a record
/// that is dropped is not, but takes the place of the next one.
pub(super) fn sums(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, mut compared) = (0, 0);
    for _ in 0..context.scale(6, 100) {
        let (options, like) = staged(&mut rng);
        let on = (AddRemoveRow, like.as_ref());
        let options = options.with_parallelism(Parallelism::threads(rng.random_range(1..4)));
        let mechanism = with_mu(&options, AddRemoveRow, 1.0);
        let n = rng.random_range(1..2500);
        let all = Records::hard(&mut rng, &options, n);
        let one = |i: usize| {
            let row = |matrix: &Mat| matrix.as_ref().subrows(i..i + 1).to_owned();
            Records { features: row(&all.features), labels: vec![all.labels[i]], values: row(&all.values) }
        };
        let mut naive = vec![0_i64; mechanism_len(&options)];
        let skipped = subject.pick(n, n / 2);
        for i in (0..n).rev().filter(|i| *i != skipped || n == 1) {
            let own = one(i).moments(&mechanism, on);
            naive.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        if subject == Subject::Broken {
            let doubled = one((0..n).find(|i| *i != skipped).unwrap_or(0)).moments(&mechanism, on);
            naive.iter_mut().zip(doubled).for_each(|(sum, own)| *sum += own);
        }
        let sums = all.moments(&mechanism, on);
        wrong += sums.iter().zip(&naive).filter(|(a, b)| a != b).count() as u64;
        compared += naive.len() as u64;
    }
    Outcome::all_equal(wrong, compared)
}

fn mechanism_len(options: &RecordOptions) -> usize {
    dp_mechanisms::symmetric::packed_len(options.encoded_dim() + options.columns())
}

/// Rows of three classes, some 30 to 60 degrees around a direction each.
fn clusters(rng: &mut ChaCha20Rng, n: usize, d: usize) -> (Mat, Vec<usize>) {
    let labels: Vec<usize> = (0..n).map(|_| rng.random_range(0..3)).collect();
    let features =
        Mat::from_fn(n, d, |i, j| f64::from(u8::from(labels[i] == j % 3)) + rng.random_range(-1.0..1.0));
    (features, labels)
}

/// The model as released with `μ`, and the same fit without noise: a release with so large a `μ` that nothing is left of it.
fn pair(
    rng: &mut ChaCha20Rng,
    (features, labels): (MatRef<'_>, &[usize]),
    (weight, mu): (f64, f64),
    fit: impl Fn(&NoisyMoments, f64) -> PrivateRidge,
) -> (PrivateRidge, PrivateRidge) {
    let options = RecordOptions::classes(features.ncols(), 3).expect("small shapes");
    let options = options.with_target_weight(weight).expect("in range");
    let mut released = |mu: f64| {
        let mechanism = with_mu(&options, AddRemoveRow, mu);
        let records = PrivateRecords::new(AddRemoveRow, (features, labels));
        mechanism.release(records, rng).expect("equal shapes").value().clone()
    };
    let (noisy, exact) = (released(mu), released(1e6));
    let radius = noisy.noise_radius();
    (fit(&noisy, radius), fit(&exact, radius))
}

/// How often any of many queries, the worst among them, is farther from the fit without noise than its bound, at a failure probability of 0.1, with and
/// without projection. Targets count as rows do, or for the most that there is: noise on them is then small beside that on features, which the twin
/// forgets.
pub(super) fn error_bound(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let trials = context.scale(400, 10_000);
    let (mut missed, mut pairs) = (0, AgainstBounds::default());
    for trial in 0..trials {
        let (features, labels) = clusters(&mut rng, 1000, 12);
        let multiple = [0.3, 1.5][trial % 2];
        let fit = |moments: &NoisyMoments, radius: f64| {
            let multiple = multiple * radius / moments.noise_radius();
            let fitted = match trial % 2 {
                0 => moments.spectrum().and_then(|spectrum| spectrum.projected_ridge(multiple)),
                _ => moments.ridge(multiple),
            };
            fitted.expect("a ridge above the noise")
        };
        let (weight, mu) = [(1.0, 0.36), (8.0, 1.5)][trial / 2 % 2];
        let (noisy, exact) = pair(&mut rng, (features.as_ref(), &labels), (weight, mu), fit);
        let queries = Mat::from_fn(100, 12, |_, _| rng.random_range(-1.0..1.0));
        let gamma = FailureProbability::new(FAILURE).expect("a probability");
        let bounds = noisy.error_bounds(queries.as_ref(), gamma).expect("equal shapes");
        let (found, wanted) = (predictions(&noisy, &queries), predictions(&exact, &queries));
        let shares = shares_of_targets(&noisy, trial % 2);
        let mut within = true;
        for (k, (found, wanted)) in found.as_slice().iter().zip(wanted.as_slice()).enumerate() {
            let bound = subject.pick(1.0, shares[k % shares.len()]) * bounds.as_slice()[k];
            within &= (found - wanted).abs() <= bound;
            pairs.push(bound, (found - wanted).abs());
        }
        missed += u64::from(!within);
    }
    let misses = Misses { missed, trials, stated: FAILURE };
    misses
        .outcome(context, "a prediction beyond its bound")
        .with_figure(pairs.picture("Errors that noise makes in predictions, against simultaneous bounds"))
}

/// How often a bound may be missed.
const FAILURE: f64 = 0.1;

/// What part of a bound `‖u‖(‖e‖ + (‖E‖ + ‖P‖)‖w‖)` is that of noise on targets, `‖u‖‖e‖`, for each column. Models with and without projection alternate.
fn shares_of_targets(model: &PrivateRidge, trial: usize) -> Vec<f64> {
    let moments = model.moments();
    let half = FailureProbability::new(0.5 * FAILURE).expect("a probability");
    let (column, spectral) = (moments.column_bound(half), moments.spectral_bound(half).expect("its noise"));
    let least = moments.spectrum().expect("finite").values()[0];
    let projected = if trial == 0 { larger(-least, 0.0) } else { 0.0 };
    let (cross, moved) = (moments.cross(), spectral + projected);
    (0..cross.ncols())
        .map(|k| {
            let length = cross.rows().map(|row| row[k] * row[k]).sum::<f64>().sqrt();
            column / (column + moved * (length + column) / model.ridge())
        })
        .collect()
}

fn predictions(model: &PrivateRidge, queries: &Mat) -> Mat {
    model.predict(queries.as_ref()).expect("equal shapes")
}

/// How often one random query of each release is within 1.96 standard errors of the fit without noise: between 90 and 98 %, with confidence. In the twin
/// standard errors are halved. After a projection: at least 95 %.
pub(super) fn standard_error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let trials = context.scale(1500, 20_000);
    let (mut covered, mut projected) = (0, 0);
    for _ in 0..trials {
        let (features, labels) = clusters(&mut rng, 800, 12);
        let query = Mat::from_fn(1, 12, |_, _| rng.random_range(-1.0..1.0));
        let within = |(noisy, exact): (PrivateRidge, PrivateRidge)| {
            let error = (predictions(&noisy, &query)[(0, 0)] - predictions(&exact, &query)[(0, 0)]).abs();
            let standard = noisy.standard_errors(query.as_ref()).expect("equal shapes")[(0, 0)];
            u64::from(error <= 1.96 * subject.pick(standard, 0.5 * standard))
        };
        let fit = |moments: &NoisyMoments, radius: f64| {
            moments.ridge(2.0 * radius / moments.noise_radius()).expect("a ridge above the noise")
        };
        covered += within(pair(&mut rng, (features.as_ref(), &labels), (1.0, 0.22), fit));
        let fit = |moments: &NoisyMoments, radius: f64| {
            let spectrum = moments.spectrum().expect("finite");
            spectrum.projected_ridge(0.3 * radius / moments.noise_radius()).expect("a ridge")
        };
        projected += within(pair(&mut rng, (features.as_ref(), &labels), (1.0, 0.22), fit));
    }
    let n = trials as u64;
    let low = proportion_lower_bound(covered, n, context.spend(1e-6));
    let high = proportion_upper_bound(covered, n, context.spend(1e-6));
    let wide = proportion_upper_bound(projected, n, context.spend(1e-6));
    let bounds =
        [Outcome::at_least(high, 0.90, n), Outcome::at_most(low, 0.98, n), Outcome::at_least(wide, 0.95, n)];
    Outcome::worst(bounds)
        .with_note(format!("{covered} of {n} covered; {projected} at a ridge of 0.3 after projection"))
}

/// The mean, over releases, of the estimated risk less the true one, in its standard errors: at most 6 in size, for two ridges. In the twin the noise is
/// taken for signal: no correction.
pub(super) fn risk(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let trials = context.scale(400, 10_000);
    let (features, labels) = clusters(&mut rng, 1500, 12);
    let options = RecordOptions::classes(12, 3).expect("small shapes");
    let mechanism = with_mu(&options, AddRemoveRow, 0.2);
    let exact = with_mu(&options, AddRemoveRow, 1e6);
    let records = || PrivateRecords::new(AddRemoveRow, (features.as_ref(), &labels[..]));
    let truth = exact.release(records(), &mut rng).expect("equal shapes").value().clone();
    let (gram, cross) = (truth.gram(), truth.cross());
    let mut worst = 0.0_f64;
    for multiple in [0.3, 1.0] {
        let differences: Vec<f64> = (0..trials)
            .map(|_| {
                let release = mechanism.release(records(), &mut rng).expect("equal shapes");
                let spectrum = release.value().spectrum().expect("finite");
                let model = spectrum.projected_ridge(multiple).expect("a ridge");
                let naive = loss((release.value().gram().as_ref(), release.value().cross().as_ref()), &model);
                let estimate = subject.pick(spectrum.risk(multiple).expect("a ridge"), naive);
                estimate - loss((gram.as_ref(), cross.as_ref()), &model)
            })
            .collect();
        let n = trials as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let variance = differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / (n - 1.0);
        context.spend(crate::checks::SIX_DEVIATIONS);
        worst = larger(worst, mean.abs() / (variance / n).sqrt());
    }
    Outcome::at_most(worst, 6.0, 2 * trials as u64)
}

/// `tr wᵀGw − 2tr wᵀC`.
fn loss((gram, cross): (MatRef<'_>, MatRef<'_>), model: &PrivateRidge) -> f64 {
    let weights = model.weights();
    let product = dp_linalg::matmul(gram, weights, Parallelism::Sequential).expect("equal shapes");
    let pairs = weights.rows().flatten().zip(product.rows().flatten().zip(cross.rows().flatten()));
    pairs.map(|(w, (gw, c))| w * (gw - 2.0 * c)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All integer vectors of the plane of at most this squared length.
    fn disk(square: i64) -> Vec<[i64; 2]> {
        let side = -square.isqrt()..=square.isqrt();
        let all = side.clone().flat_map(|x| side.clone().map(move |y| [x, y]));
        all.filter(|[x, y]| x * x + y * y <= square).collect()
    }

    /// `‖S − S'‖_F²`, entry by entry.
    fn distance((z, y): ([i64; 2], [i64; 2]), (other_z, other_y): ([i64; 2], [i64; 2])) -> i64 {
        let entries = (0..2).flat_map(|i| (0..2).map(move |j| (i, j)));
        let square = |(i, j): (usize, usize)| {
            (z[i] * z[j] - other_z[i] * other_z[j]).pow(2)
                + 2 * (z[i] * y[j] - other_z[i] * other_y[j]).pow(2)
        };
        entries.map(square).sum()
    }

    #[test]
    fn no_integer_records_are_farther_apart_than_the_farthest() {
        // in the last case no two rows have the product −Y
        for (row, target, is_attained) in [(5, 4, true), (2, 5, true), (1, 1, true), (4, 2, false)] {
            let records: Vec<_> =
                disk(row).into_iter().flat_map(|z| disk(target).into_iter().map(move |y| (z, y))).collect();
            let pairs =
                records.iter().flat_map(|first| records.iter().map(|second| distance(*first, *second)));
            let (found, bound) = (pairs.max(), farthest(row as u128, target as u128) as i64);
            assert!(found <= Some(bound), "{row} {target}");
            assert_eq!(found == Some(bound), is_attained, "{row} {target}");
            assert_eq!(ReplaceRow::squared_moments(row as u128, target as u128), bound as u128);
        }
    }
}
