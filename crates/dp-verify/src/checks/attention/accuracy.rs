//! Errors of answers without noise, and noise without errors.

use super::{
    Row, aggregate, climb, coverage::mechanism, failure_probability, options, random_rows, target, unflatten,
};
use crate::checks::picture::AgainstBounds;
use crate::{Axis, Context, Figure, Outcome, Role, Subject, larger, smaller};
use attention_dp::{Bounds, Estimate, KeyFeatures, MomentOptions};
use dp_mechanisms::{AddRemoveRow, LatticeGaussian, NoiseStd};
use poly_kernel::{BoundedFeatures, ExpPolynomial, FixedPointFeatures, LogitRange, feature_count};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Dimensions, degrees, logits, centres, ranges, fine and coarse lattices, unequal radii.
fn cases() -> Vec<MomentOptions> {
    let uneven = Bounds::new(2.0, 0.7, 30.0).expect("radii in range");
    let wide = options(2, 3, 4, 1.0);
    vec![
        options(1, 1, 2, 0.8),
        options(1, 1, 3, 1.2),
        options(1, 1, 9, 2.0),
        options(2, 1, 2, 0.8).with_value_range(0.0, 1.0),
        options(1, 2, 3, 1.0).with_value_range(-0.1, 1.0),
        options(2, 2, 3, 1.0).with_key_center(vec![5.0, -0.3]),
        options(1, 1, 4, 1.0).with_resolution(6, 4),
        options(1, 1, 3, 5.0).with_uncertified_kernel(),
        options(2, 2, 2, 3.0).with_uncertified_kernel().with_value_range(0.0, 1.0),
        MomentOptions::new(wide.shape(), uneven, 4).with_parallelism(wide.parallelism()),
        options(2, 1, 3, 1.2).with_polynomial(best_polynomial(3, 1.2)),
        options(1, 2, 2, 0.9).with_polynomial(best_polynomial(2, 0.9)).with_value_range(0.0, 1.0),
        options(2, 1, 2, 1.0).with_polynomial(fitted_polynomial(2, 0.5)),
        options(2, 2, 3, 1.0).with_normaliser_weight(0.3).with_typical_query_norm(0.4),
    ]
}

/// Climbing on queries, keys and values, also far beyond the radii: no error without noise exceeds approximation and
/// quantisation. The twin answers with one degree less than its bars are for.
pub(super) fn deterministic_error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(20, 80), context.scale(400, 2_000));
    let (mut largest, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for options in cases() {
        // certificates of other polynomials than Taylor's take their time
        let taylor = matches!(options.features(), KeyFeatures::Taylor { .. });
        let steps = if taylor { steps } else { steps / 10 };
        let lower = MomentOptions::new(
            options.shape(),
            options.bounds(),
            options.features().degree().expect("cases are polynomials") - 1,
        );
        let lower = with_settings_of(lower, &options);
        for start in 0..starts {
            let rows = random_rows(&mut rng, options.shape(), 2 + start % 3);
            let spread = [1.0, 1.0, 3.0, 1e3, 1e-3][start % 5];
            let query = (0..options.shape().key_dim).map(|_| rng.random_range(-1.0..1.0));
            let rows = rows.iter().flat_map(|(key, value)| key.iter().chain(value).map(|x| x * spread));
            let point = query.chain(rows).collect();
            let objective = |point: &[f64]| {
                let (error, bar) = error_and_bar(&options, subject.pick(None, Some(&lower)), point);
                largest = larger(largest, error / bar);
                pairs.push(bar, error);
                n += 1;
                error / bar
            };
            climb(&mut rng, point, steps, objective);
        }
    }
    let title = "Errors of answers without noise, against their bars for approximation and quantisation";
    Outcome::at_most(largest, 1.0, n)
        .with_note("error over approximation and quantisation")
        .with_figure(pairs.picture(title))
}

pub(super) fn best_polynomial(degree: usize, max_logit: f64) -> ExpPolynomial {
    let range = LogitRange::symmetric(max_logit).expect("a range of logits");
    ExpPolynomial::best_relative(degree, range).expect("a polynomial of low degree")
}

fn fitted_polynomial(degree: usize, std: f64) -> ExpPolynomial {
    ExpPolynomial::least_squares_normal(degree, 0.0, std).expect("a polynomial of low degree")
}

fn with_settings_of(options: MomentOptions, other: &MomentOptions) -> MomentOptions {
    let (low, high) = other.value_range();
    let (feature_bits, value_bits) = other.resolution();
    let options = options
        .with_softmax_scale(other.softmax_scale())
        .with_value_range(low, high)
        .with_resolution(feature_bits, value_bits)
        .with_parallelism(other.parallelism());
    let options = options.with_uncertified_kernel();
    match other.key_center() {
        Some(center) => options.with_key_center(center.to_vec()),
        None => options,
    }
}

/// The error and the bar of the coordinate whose error is largest in its units; the answer may come from other options than the bar. Without
/// an answer there is no error.
fn error_and_bar(options: &MomentOptions, answered_by: Option<&MomentOptions>, point: &[f64]) -> (f64, f64) {
    let (query, rows) = point.split_at(options.shape().key_dim);
    let rows = unflatten(options.shape(), rows);
    let radius = options.bounds().query_radius();
    let norm = query.iter().map(|q| q * q).sum::<f64>().sqrt();
    let query: Vec<f64> =
        query.iter().map(|q| if norm > radius { q * (radius / norm) } else { *q }).collect();
    let exact = target(options, &rows, &query);
    let bars = noiseless(options, &rows, &query);
    let values = answered_by.map_or_else(|| bars.clone(), |options| noiseless(options, &rows, &query));
    let (Some(bars), Some(values)) = (bars, values) else { return (0.0, 1.0) };
    let errors = values.value().iter().zip(&exact).map(|(v, e)| (v - e).abs());
    let pairs = errors.zip(bars.bars()).map(|(error, bar)| (error, bar.approximation + bar.quantisation));
    pairs.max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1))).unwrap_or((0.0, 1.0))
}

fn noiseless(options: &MomentOptions, rows: &[Row], query: &[f64]) -> Option<Estimate> {
    let moments = aggregate(AddRemoveRow, options, rows).assume_public().expect("the options are sound");
    let reader = moments.reader(failure_probability(0.5)).expect("the probability is sound");
    reader.query(query).expect("the query is within the radius").estimate().cloned()
}

/// Both tails together, of all three shapes.
const ALPHA: f64 = 1e-7;

/// `Σ_a φ_a(q) z_aj` has standard deviation `τ‖φ(q)‖` for 45, 165 and 495 features alike. The twin splits the budget over
/// the features, which multiplies the noise by `√r`.
pub(super) fn rank_free_noise(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(1_000, 50_000);
    let (mut parts, mut absolute, mut stated) = (Vec::new(), Vec::new(), Vec::new());
    for degree in [2, 3, 4] {
        let options = options(8, 1, degree, 0.5);
        let (ratio, std) = relative_noise(&options, draws, subject, &mut rng);
        absolute.push(std);
        stated.push(std / ratio);
        // two independent columns a draw
        let n = 2 * draws as u64;
        let law = ChiSquared::new(n as f64).expect("some draws");
        let statistic = n as f64 * ratio * ratio;
        let p = 2.0 * smaller(law.cdf(statistic), law.sf(statistic));
        parts.push(
            Outcome::at_least(p, context.spend(ALPHA / 3.0), n)
                .with_note(format!("{} features", feature_count(8, degree))),
        );
    }
    let slope = (absolute[2] / absolute[0]).ln() / (495.0_f64 / 45.0).ln();
    // the logarithm of each rms has standard deviation 1/√(2n); six of them, and 4 % for what the sensitivity of
    // higher degrees adds: A² is T_g(½) up to a rounding
    context.spend(crate::checks::SIX_DEVIATIONS);
    let limit = (6.0 / (2.0 * draws as f64).sqrt() + 0.04) / (495.0_f64 / 45.0).ln();
    parts.push(Outcome::at_most(slope.abs(), limit, 2 * draws as u64).with_note("slope"));
    let title = "Noise of an answer against the number of features, in rows";
    let pairs = |y: &[f64]| [45.0, 165.0, 495.0].into_iter().zip(y.to_vec()).collect::<Vec<_>>();
    let figure = Figure::new(title, Axis::logarithmic("features"), Axis::logarithmic("standard deviation"))
        .with_curve(Role::Bound, "stated: free of the number of features", pairs(&stated))
        .with_curve(Role::Observed, "measured", pairs(&absolute));
    let note = format!(
        "noise in rows at 45, 165, 495 features: {:.3}, {:.3}, {:.3}; slope {slope:.4}",
        absolute[0], absolute[1], absolute[2]
    );
    Outcome::worst(parts).with_note(note).with_figure(figure)
}

/// Real features of a point.
pub(super) fn features_at(features: &FixedPointFeatures<BoundedFeatures>, point: &[f64]) -> Vec<f64> {
    let map = features.map().monomials().expect("the cases are polynomials");
    let mut out = vec![0.0; map.feature_count()];
    map.apply(point, &mut out).expect("the point has the dimension of the map");
    out
}

/// Rms of the noise of the sums at one query: over `τ‖φ(q)‖`, and in units of one row's normaliser.
fn relative_noise(
    options: &MomentOptions,
    draws: usize,
    subject: Subject,
    rng: &mut ChaCha20Rng,
) -> (f64, f64) {
    let shipped = mechanism(options, 1.0);
    let query: Vec<f64> = (0..8).map(|i| if i % 2 == 0 { 0.3 } else { -0.4 }).collect();
    let (mut squares, mut expected, mut unit) = (0.0, 0.0, 0.0);
    for _ in 0..draws {
        let moments = aggregate(AddRemoveRow, options, &[]);
        let split = (moments.geometry().feature_count() as f64).sqrt();
        let std = NoiseStd::new(shipped.noise_std().get() * subject.pick(1.0, split)).expect("positive");
        let mechanism = LatticeGaussian::with_noise_std(std, shipped.sensitivity()).expect("supported noise");
        let released = moments.release_with(&mechanism, rng).expect("little noise fits the lattice");
        let (moments, geometry) = (released.value(), released.value().geometry());
        let point: Vec<f64> = query.iter().map(|q| q * geometry.scaling().query_factor()).collect();
        let features = features_at(geometry.features(), &point);
        for column in 0..2 {
            let entries = moments.steps().iter().skip(column).step_by(2);
            squares += entries.zip(&features).map(|(s, f)| *s as f64 * f).sum::<f64>().powi(2);
        }
        expected = shipped.noise_std().get() * features.iter().map(|f| f * f).sum::<f64>().sqrt();
        unit = geometry.normaliser() as f64 * geometry.features().scale();
    }
    let rms = (squares / (2 * draws) as f64).sqrt();
    (rms / expected, rms / unit)
}
