//! How far released models are from the fit without noise: bounds, standard errors, the estimated risk.

use super::with_mu;
use crate::checks::misses::Misses;
use crate::checks::picture::AgainstBounds;
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::{AddRemoveRow, FailureProbability};
use dp_testkit::statistics::{proportion_lower_bound, proportion_upper_bound};
use ntk_dp::private::{NoisyMoments, PrivateRecords, PrivateRidge, RecordOptions};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

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
