//! How often some entry of a released matrix is missed.

use super::{budget, close, failure_probability, options, private, random_rows};
use crate::{Context, Outcome, Subject, exceeds};
use attention_dp::{AttentionBounds, AttentionLogits, Route, SelfAttentionOptions};
use dp_linalg::Mat;
use dp_testkit::statistics::proportion_lower_bound;
use rand_chacha::ChaCha20Rng;

/// A rate above γ is reported with at most this probability if there is none.
const ALPHA: f64 = 1e-6;
const GAMMA: f64 = 0.02;
const SHAPE: (usize, usize) = (12, 4);
const SCALE: f64 = 1.0;

/// Releases of the same rows, again and again, by each way and at several noise levels: a miss is any logit, entry or
/// distance outside. The twin takes intervals that hold for one entry as if they held for all.
pub(super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(400, 20_000);
    let mut rng = context.rng(0);
    let rows = random_rows(&mut rng, SHAPE, 0.8);
    let options = options(SHAPE.0, SHAPE.1, SCALE);
    let exact = exact_logits(&rows);
    let pairs = SHAPE.0 * (SHAPE.0 + 1) / 2;
    let gamma = subject.pick(GAMMA, (GAMMA * pairs as f64).min(0.99));
    let (mut parts, mut notes) = (Vec::new(), Vec::new());
    let sharp = |case: &&(Route, f64)| subject.pick(true, case.1 < SHARP);
    for &(route, beta) in CASES.iter().filter(sharp) {
        let release = releaser(&options, &rows, (route, beta));
        let mut misses = [0_u64; 3];
        for _ in 0..n {
            let logits = release(&mut rng);
            let bounds = logits.bounds(failure_probability(gamma)).expect("a probability");
            let missed = missed(&logits, &bounds, &exact);
            misses.iter_mut().zip(missed).for_each(|(count, missed)| *count += u64::from(missed));
        }
        let any = misses.iter().copied().max().unwrap_or(0);
        parts.push(Outcome::at_most(
            proportion_lower_bound(any, n as u64, context.spend(ALPHA)),
            GAMMA,
            n as u64,
        ));
        notes.push(format!("{} β = {beta}: {misses:?}", route.name()));
    }
    Outcome::worst(parts)
        .with_note(format!("misses of logits, entries, distances of {n}: {}", notes.join("; ")))
}

/// Below this, bars are not much wider than errors.
const SHARP: f64 = 0.01;

const CASES: [(Route, f64); 6] = [
    (Route::Gram, 0.001),
    (Route::Gram, 0.02),
    (Route::Rows, 0.001),
    (Route::Rows, 0.05),
    (Route::Sampling, 0.008),
    (Route::Sampling, 0.02),
];

/// Releases by one way, calibrated once.
fn releaser<'a>(
    options: &'a SelfAttentionOptions,
    rows: &'a Mat,
    (route, beta): (Route, f64),
) -> Box<dyn Fn(&mut ChaCha20Rng) -> AttentionLogits + 'a> {
    let (epsilon, delta) = budget(1.0, 1e-6);
    let build = move || private(close(beta), options, rows);
    match route {
        Route::Rows => {
            let mechanism = build().rows_mechanism(epsilon, delta).expect("supported noise");
            Box::new(move |rng| {
                let release = build().release_rows_with(&mechanism, rng).expect("its own mechanism");
                release.value().clone()
            })
        }
        Route::Gram => {
            let mechanism = build().gram_mechanism(epsilon, delta).expect("supported noise");
            Box::new(move |rng| {
                let release = build().release_gram_with(&mechanism, rng).expect("its own mechanism");
                release.value().clone()
            })
        }
        Route::Sampling => {
            let mechanism = build().sampling_mechanism(epsilon, delta).expect("several draws");
            Box::new(move |rng| {
                let release = build().release_sampling_with(&mechanism, rng).expect("its own mechanism");
                release.value().clone()
            })
        }
    }
}

/// Logits over rows scaled back to length one, from the words of the documentation.
fn exact_logits(rows: &Mat) -> Mat {
    let length = |i: usize| super::norm(rows.row(i)).max(1.0);
    let dot = |i: usize, j: usize| rows.row(i).iter().zip(rows.row(j)).map(|(a, b)| a * b).sum::<f64>();
    Mat::from_fn(rows.nrows(), rows.nrows(), |i, j| SCALE * dot(i, j) / length(i) / length(j))
}

/// Whether some logit, some entry and some distance is outside.
fn missed(logits: &AttentionLogits, bounds: &AttentionBounds, exact: &Mat) -> [bool; 3] {
    let n = exact.nrows();
    let attention = logits.attention();
    let mut missed = [false; 3];
    for i in 0..n {
        let weights: Vec<f64> = exact.row(i).iter().map(|x| x.exp()).collect();
        let total: f64 = weights.iter().sum();
        let mut distance = 0.0;
        for (j, weight) in weights.iter().enumerate() {
            let outside = |low: &Mat, x: f64, high: &Mat| {
                // the exact values here are rounded, too
                exceeds(low[(i, j)] - 1e-12, x) || exceeds(x, high[(i, j)] + 1e-12)
            };
            missed[0] |= outside(bounds.logit_lower(), exact[(i, j)], bounds.logit_upper());
            missed[1] |= outside(bounds.lower(), weight / total, bounds.upper());
            distance += 0.5 * (attention[(i, j)] - weight / total).abs();
        }
        missed[2] |= exceeds(distance, bounds.total_variation()[i] + 1e-12);
    }
    missed
}
