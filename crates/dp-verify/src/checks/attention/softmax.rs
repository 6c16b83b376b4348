//! Exact attention against its definition.

use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject, larger};
use attention_dp::exact_attention;
use dp_linalg::{Mat, Parallelism};
use dp_testkit::oracle;
use rand::RngExt;
use std::num::NonZeroUsize;

/// How answers are computed.
#[derive(Clone, Copy)]
enum Answer {
    AsShipped,
    Forgetful,
    WeightOff,
}

/// Rows around the sizes of blocks, small and huge logits, one to three threads. Twins: what earlier blocks of keys added is not
/// rescaled; the weight of the last key is off by `2⁻³⁷` relatively.
pub(super) fn softmax(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Answer::Forgetful, Answer::WeightOff];
    each_twin(subject, Answer::AsShipped, twins, |answer| against_the_definition(context, answer))
}

fn against_the_definition(context: &Context, answer: Answer) -> Outcome {
    let mut rng = context.rng(0);
    let repeats = context.scale(1, 20);
    let (mut largest, mut n) = (0.0_f64, 0);
    let shapes = [(1, 1), (3, 511), (1, 512), (65, 513), (2, 1_500), (130, 30)];
    let scales = [1e-6, 1.0, 30.0, 2_000.0];
    for (shape, scale) in
        (0..repeats).flat_map(|_| shapes).flat_map(|shape| scales.map(|scale| (shape, scale)))
    {
        let (m, rows) = shape;
        let mut draw = |n, d| Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0));
        let (queries, keys, values) = (draw(m, 3), draw(rows, 3), draw(rows, 2));
        let threads = NonZeroUsize::new(rng.random_range(1..=3)).expect("from 1 on");
        let shipped = || {
            let (queries, keys, values) = (queries.as_ref(), keys.as_ref(), values.as_ref());
            exact_attention(queries, keys, values, scale, Parallelism::Threads(threads))
                .expect("shapes agree")
        };
        let found = match answer {
            Answer::AsShipped => shipped(),
            Answer::Forgetful => forgetful(&queries, &keys, &values, scale),
            Answer::WeightOff => weight_off(shipped(), &queries, &keys, &values, scale),
        };
        // logits are at most 3·scale: d + 2 roundings there and in the oracle, which move a weight by twice as much
        // relatively; an exponential good to 2 units in either; n + 3 additions and products
        let relative = 2.0 * 2.0 * 5.0 * 3.0 * scale + 8.0 + 2.0 * (rows as f64 + 3.0);
        let tolerance = 2.0 * relative * 0.5 * f64::EPSILON;
        for (i, query) in queries.rows().enumerate() {
            let expected = oracle::softmax_attention(query, keys.as_slice(), values.as_slice(), scale);
            for (found, expected) in found.row(i).iter().zip(expected) {
                largest = larger(largest, (found - expected).abs() / tolerance);
                n += 1;
            }
        }
    }
    Outcome::at_most(largest, 1.0, n).with_note("error over the bound on rounding")
}

/// With a last weight that is a little larger: the output moves toward its value.
fn weight_off(mut out: Mat, queries: &Mat, keys: &Mat, values: &Mat, scale: f64) -> Mat {
    let last = keys.nrows() - 1;
    for (i, query) in queries.rows().enumerate() {
        let logit = |k: usize| scale * oracle::dot(query, keys.row(k));
        let total: f64 = (0..=last).map(|k| (logit(k) - logit(last)).exp()).sum();
        let moved = |o: &mut f64, v: &f64| *o += 2_f64.powi(-37) / total * (v - *o);
        out.row_mut(i).iter_mut().zip(values.row(last)).for_each(|(o, v)| moved(o, v));
    }
    out
}

/// Each block of 512 keys relative to its own maximum, and added up as if the maxima were equal.
fn forgetful(queries: &Mat, keys: &Mat, values: &Mat, scale: f64) -> Mat {
    let mut out = Mat::zeros(queries.nrows(), values.ncols());
    for i in 0..queries.nrows() {
        let mut mass = 0.0;
        for first in (0..keys.nrows()).step_by(512) {
            let block = first..keys.nrows().min(first + 512);
            let logits: Vec<f64> =
                block.clone().map(|k| scale * oracle::dot(queries.row(i), keys.row(k))).collect();
            let maximum = logits.iter().copied().fold(f64::NEG_INFINITY, larger);
            for (k, logit) in block.zip(logits) {
                let weight = (logit - maximum).exp();
                mass += weight;
                out.row_mut(i).iter_mut().zip(values.row(k)).for_each(|(o, v)| *o += weight * v);
            }
        }
        out.row_mut(i).iter_mut().for_each(|o| *o /= mass);
    }
    out
}
