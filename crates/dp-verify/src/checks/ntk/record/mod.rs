//! Record-level regression: sensitivity in integers, composed privacy, audits, sums, error bars.

mod integers;
mod privacy;
mod utility;

use crate::{Check, Evidence};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeStatistic, Mu};
use ntk_dp::private::{
    LabelledRows, NoisyMoments, PrivateRecords, RecordAdjacency, RecordMechanism, RecordOptions,
    RecordTargets, RowNorm,
};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ContinuousCDF, Normal};

/// Every check of these claims.
pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("ntk.record.sensitivity.add_remove", Search, integers::sensitivity_add_remove),
        check("ntk.record.sensitivity.replace", Search, integers::sensitivity_replace),
        check("ntk.record.sensitivity.replace", Numeric, integers::sensitivity_is_attained),
        check("ntk.record.privacy", Numeric, privacy::composition),
        check("ntk.record.privacy", Audit, privacy::audit),
        check("ntk.record.sums", Exact, integers::sums),
        check("ntk.record.error_bound", Statistical, utility::error_bound),
        check("ntk.record.standard_error", Statistical, utility::standard_error),
        check("ntk.record.risk", Statistical, utility::risk),
    ]
}

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

/// δ at `epsilon` of a Gaussian whose mean moves by `mu` deviations.
pub(super) fn gaussian_delta(mu: f64, epsilon: f64) -> f64 {
    let normal = Normal::standard();
    normal.cdf(0.5 * mu - epsilon / mu) - epsilon.exp() * normal.cdf(-0.5 * mu - epsilon / mu)
}
