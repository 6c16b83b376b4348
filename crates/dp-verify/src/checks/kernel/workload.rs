//! Recommendations hold what they say.

use super::attention::points;
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::Mat;
use dp_mechanisms::certified::exp_bounds;
use dp_testkit::oracle;
use poly_kernel::{LinearAttention, Recommendation, Workload};
use rand::RngExt;

/// Distance of each query's output from softmax attention, with values zero and one.
fn errors(workload: Workload, inputs: [&Mat; 3], rng: &mut impl rand::Rng) -> Option<Vec<f64>> {
    let [q, k, v] = inputs;
    let map = workload.map(rng).ok()?;
    let attention = LinearAttention::new(1.0).ok()?;
    let output = attention.forward(map.as_ref(), q.as_ref(), k.as_ref(), v.as_ref()).ok()?;
    let exact = |query: &[f64]| {
        let weights = || k.rows().map(|key| exp_bounds(oracle::dot(query, key)).0);
        weights().zip(v.rows()).map(|(weight, value)| weight * value[0]).sum::<f64>() / weights().sum::<f64>()
    };
    Some(q.rows().zip(output.rows()).map(|(query, found)| (found[0] - exact(query)).abs()).collect())
}

/// Values that an adversary chooses: one where the polynomial is above the exponential for the first query.
fn conspiring(queries: &Mat, keys: &Mat, over: impl Fn(f64) -> bool) -> Mat {
    let query = queries.row(0);
    Mat::from_fn(keys.nrows(), 1, |j, _| f64::from(u8::from(over(oracle::dot(query, keys.row(j))))))
}

/// Certified recommendations, and the largest logit that a refusal names. The twin's logits are twice as large as was said.
pub(super) fn certified(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut untrue, mut n) = (0.0_f64, 0, 0);
    for _ in 0..context.scale(30, 600) {
        let dim = rng.random_range(1..5);
        let max_logit = rng.random_range(0.1..4.0);
        let target = rng.random_range(-5.0_f64..-1.0).exp();
        let workload = Workload::new(dim, max_logit, target).expect("within the limits");
        let Recommendation::Certified { polynomial, output_error, .. } = workload.recommend() else {
            continue;
        };
        // the twin's logits are twice what it was told
        let radius = (max_logit * subject.pick(1.0, 2.0)).sqrt();
        let (queries, keys) = (points(&mut rng, 30, dim, radius), points(&mut rng, 200, dim, radius));
        let values = conspiring(&queries, &keys, |t| polynomial.evaluate(t) > exp_bounds(t).0);
        // where logits are too large, the kernel may not even be positive
        let found = errors(workload, [&queries, &keys, &values], &mut rng).unwrap_or_else(|| vec![1.0]);
        for error in found {
            worst = larger(worst, (error - 1e-12) / output_error);
            n += 1;
        }
        let tight = workload.with_memory(100_000);
        if let Recommendation::NoneFits { largest_max_logit, .. } = tight.recommend()
            && largest_max_logit > 1e-6
        {
            let smaller = Workload::new(dim, largest_max_logit, target).expect("within the limits");
            let recommended = smaller.with_memory(100_000).recommend();
            untrue += u64::from(!matches!(recommended, Recommendation::Certified { .. }));
        }
    }
    Outcome::worst([Outcome::at_most(worst, 1.0, n), Outcome::all_equal(untrue, n)])
        .with_note("error over what was certified, at worst")
}

/// Typical recommendations: normal logits, and values that conspire with the sign of the polynomial's error. The twin's logits
/// deviate by twice as much as was said.
pub(super) fn typical(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(2);
    let keys = context.scale(100_000, 2_000_000);
    let (mut worst, mut n) = (0.0_f64, 0);
    for (dim, std, target) in [(20, 0.5, 0.05), (64, 0.3, 0.02), (16, 1.0, 0.1)] {
        let workload = Workload::new(dim, 8.0, target).and_then(|workload| workload.with_logit_std(std));
        let recommended = workload.expect("within the limits").recommend();
        let Recommendation::Typical { polynomial, output_error, .. } = recommended else {
            return Outcome::inconclusive("no typical map was recommended");
        };
        // the twin's logits deviate by twice as much
        let std = std * subject.pick(1.0, 2.0);
        let (mut exact, mut found) = ([0.0; 2], [0.0; 2]);
        for _ in 0..keys {
            let sum: f64 = (0..12).map(|_| rng.random_range(-0.5..0.5)).sum();
            let t = std * sum;
            let (weight, own) = (exp_bounds(t).0, polynomial.evaluate(t));
            let value = f64::from(u8::from(own > weight));
            exact = [exact[0] + weight * value, exact[1] + weight];
            found = [found[0] + own * value, found[1] + own];
        }
        worst = larger(worst, (exact[0] / exact[1] - found[0] / found[1]).abs() / output_error);
        n += keys as u64;
    }
    Outcome::at_most(worst, 1.0, n).with_note("error over what was expected, at worst")
}

/// Random recommendations: the mean square over draws, for a fixed query. The twin states a sixth of the error.
pub(super) fn random(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(1);
    let draws = context.scale(12, 200);
    let (mut worst, mut n) = (0.0_f64, 0);
    for (dim, max_logit, target) in [(120, 0.8, 0.05), (80, 0.5, 0.025), (200, 0.6, 0.035)] {
        // room for random features, not for monomials of degree two
        let workload = Workload::new(dim, max_logit, target).expect("within the limits");
        let workload = workload.with_value_columns(1).with_memory(20 << 20);
        let Recommendation::Random { output_error, .. } = workload.recommend() else {
            return Outcome::inconclusive("no random map was recommended");
        };
        // the twin states a sixth of the error
        let stated = output_error * subject.pick(1.0, 1.0 / 6.0);
        let radius = max_logit.sqrt();
        // the worst pairs: opposite ones and equal ones
        let query = points(&mut rng, 1, dim, 1.0);
        let query = {
            let norm = oracle::dot(query.row(0), query.row(0)).sqrt();
            Mat::from_fn(1, dim, |_, j| query[(0, j)] / norm * radius)
        };
        let keys = Mat::from_fn(2, dim, |i, j| if i == 0 { query[(0, j)] } else { -query[(0, j)] });
        let values = Mat::from_fn(2, 1, |i, _| i as f64);
        let mut sum = 0.0;
        for _ in 0..draws {
            let Some(found) = errors(workload, [&query, &keys, &values], &mut rng) else {
                return Outcome::inconclusive("weights that are not positive");
            };
            sum += found[0] * found[0];
        }
        // a dozen squares would have to sum up to nine times what they are expected to
        context.spend(1e-7);
        worst = larger(worst, (sum / draws as f64).sqrt() / stated);
        n += draws as u64;
    }
    // Minkowski's inequality leaves a factor of three or so for these keys: more than a mean of so many squares varies
    Outcome::at_most(worst, 1.0, n).with_note("root mean square error over what was expected, at worst")
}
