//! Record-level regression: sensitivity in integers, composed privacy, audits, sums, error bars.

use crate::checks::lower_bound::{self, Stated};
use crate::checks::picture::AgainstBounds;
use crate::{Context, Outcome, Subject};
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::symmetric::{packed_index, packed_order};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, LatticeStatistic, Mu, ReplaceRow};
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

/// The composed δ, recomputed from sensitivities in real numbers and the noise that is added: one Gaussian of `μ² = Σ Δ²/σ²`. What is claimed may
/// not be less, and it meets the target. In the twin the centre is forgotten.
pub(super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
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
            worst = worst
                .max(understated(&added, (1.0 + 1.0 / 16.0, false), epsilon, subject))
                .max(understated(&replaced, (4.0, true), epsilon, subject));
            compared += 2;
        }
        worst = worst
            .max(added.profile().delta(budget.0) / budget.1)
            .max(replaced.profile().delta(budget.0) / budget.1);
    }
    // erfc here has some 1e-12, times cancellation of at most 1e3
    Outcome::at_most(worst, 1.0 + 1e-8, compared)
}

/// What is lost, in units of what is claimed; the centre moves by `√mean·R`.
fn understated<A: RecordAdjacency>(
    mechanism: &RecordMechanism<A>,
    (mean, replaced): (f64, bool),
    epsilon: f64,
    subject: Subject,
) -> f64 {
    let options = mechanism.options();
    let share = match options.targets() {
        RecordTargets::Classes(k) => 1.0 - 1.0 / k as f64,
        _ => 1.0,
    };
    // targets are rounded to integers, of which there are at least some hundred: the weight that is charged is the integer one
    let charged = mechanism.moments().sensitivity().square() as f64 / (SQUARE * SQUARE) as f64;
    let target = 0.5 * options.target_weight().powi(2) * share;
    let real = match replaced {
        false => 1.0 + 2.0 * target,
        true if target <= 1.0 => 2.0 * (1.0 + target).powi(2),
        true => 8.0 * target,
    };
    assert!((charged / real - 1.0).abs() < 0.02, "{charged} {real}");
    let moments = charged * (SQUARE * SQUARE) as f64 / mechanism.moments().noise_std().get().powi(2);
    let centre =
        mechanism.centre().map_or(0.0, |centre| mean * SQUARE as f64 / centre.noise_std().get().powi(2));
    let lost = gaussian_delta((moments + centre).sqrt(), epsilon);
    let claimed = match subject {
        Subject::AsShipped => mechanism.profile().delta(epsilon),
        Subject::Broken => gaussian_delta(moments.sqrt(), epsilon),
    };
    lost / claimed
}

/// Level of each audit.
const ALPHA: f64 = 1e-7;
/// A large δ: an audit sees no event rarer than one in its number of runs.
const AUDITED: (f64, f64) = (1.0, 0.1);

/// Whole releases: a record that is there or not, and a record in place of the one that is farthest away from it. The score is the product of the
/// noisy moments with the difference of the true ones: the most powerful test. In the twin a replaced record is charged as one that comes or goes.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let options = RecordOptions::classes(2, 2).expect("small shapes");
    let added = calibrated(&options, AddRemoveRow, AUDITED);
    let replaced = calibrated(&options, ReplaceRow, AUDITED);
    let angle = (-0.25_f64).acos();
    let here = Mat::from_vec(1, 2, vec![1.0, 0.0]).expect("two entries");
    let there = Mat::from_vec(1, 2, vec![angle.cos(), angle.sin()]).expect("two entries");
    let one_more =
        audited(context, (Mat::zeros(0, 2), here.clone()), &added, ("moments, a record more", AddRemoveRow));
    let of = "moments, a record replaced";
    let other = match subject {
        Subject::AsShipped => audited(context, (here, there), &replaced, (of, ReplaceRow)),
        Subject::Broken => audited(context, (here, there), &added, (of, AddRemoveRow)),
    };
    let note =
        format!("audited ε under add/remove, replace: {:.3}, {:.3}", one_more.observed, other.observed);
    Outcome::worst([other, one_more]).with_note(note)
}

fn audited<A: RecordAdjacency>(
    context: &Context,
    (first, second): (Mat, Mat),
    mechanism: &RecordMechanism<A>,
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
    let profile = |epsilon: f64| mechanism.profile().delta(epsilon);
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
    mu: f64,
    fit: impl Fn(&NoisyMoments, f64) -> PrivateRidge,
) -> (PrivateRidge, PrivateRidge) {
    let options = RecordOptions::classes(features.ncols(), 3).expect("small shapes");
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
/// without projection. The twin forgets the noise on features.
pub(super) fn error_bound(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (failure, trials) = (0.1, context.scale(40, 1000));
    let (mut missed, mut pairs) = (0, AgainstBounds::default());
    for trial in 0..trials {
        let (features, labels) = clusters(&mut rng, 3000, 12);
        let multiple = [0.3, 1.5][trial % 2];
        let fit = |moments: &NoisyMoments, radius: f64| {
            let multiple = multiple * radius / moments.noise_radius();
            let fitted = match trial % 2 {
                0 => moments.spectrum().and_then(|spectrum| spectrum.projected_ridge(multiple)),
                _ => moments.ridge(multiple),
            };
            fitted.expect("a ridge above the noise")
        };
        let (noisy, exact) = pair(&mut rng, (features.as_ref(), &labels), 0.12, fit);
        let queries = Mat::from_fn(200, 12, |_, _| rng.random_range(-1.0..1.0));
        let gamma = FailureProbability::new(failure).expect("a probability");
        let bounds = noisy.error_bounds(queries.as_ref(), gamma).expect("equal shapes");
        let (found, wanted) = (predictions(&noisy, &queries), predictions(&exact, &queries));
        let forgotten = noisy.moments().column_bound(gamma) / noisy.ridge();
        let mut beyond = false;
        for (k, (found, wanted)) in found.as_slice().iter().zip(wanted.as_slice()).enumerate() {
            let bound = subject.pick(bounds.as_slice()[k], 0.1 * forgotten);
            beyond |= (found - wanted).abs() > bound;
            pairs.push(bound, (found - wanted).abs());
        }
        missed += u64::from(beyond);
    }
    let bound = proportion_lower_bound(missed, trials as u64, context.spend(1e-6));
    Outcome::at_most(bound, failure, trials as u64)
        .with_note(format!("{missed} of {trials} releases with a prediction beyond its bound"))
        .with_figure(pairs.picture("Errors that noise makes in predictions, against simultaneous bounds"))
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
        covered += within(pair(&mut rng, (features.as_ref(), &labels), 0.22, fit));
        let fit = |moments: &NoisyMoments, radius: f64| {
            let spectrum = moments.spectrum().expect("finite");
            spectrum.projected_ridge(0.3 * radius / moments.noise_radius()).expect("a ridge")
        };
        projected += within(pair(&mut rng, (features.as_ref(), &labels), 0.22, fit));
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
        worst = worst.max(mean.abs() / (variance / n).sqrt());
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
