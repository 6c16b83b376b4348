//! What the code does with given words, and how often.

use super::refinement::Script;
use super::{each_twin, epsilon, none_fails, one_way, reference};
use crate::{Context, Outcome, Subject, largest, smaller};
use dp_mechanisms::noise::ExponentialWeights;
use dp_mechanisms::selection::{
    ExponentialMechanism, PermuteAndFlip, PrivateQuantile, QuantileRange, Scores,
};
use dp_mechanisms::{AddRemoveRow, QuantileLevel};
use dp_testkit::statistics::chi_square;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Made by `oracles/selection.py`, which says what the lines are.
const TEXT: &str = include_str!("../../../../oracles/selection.txt");

/// What a uniform around a boundary must lead to: on the lower side of it or not, after exactly its words.
struct Uniform {
    words: Vec<u64>,
    below: bool,
}

/// Uniforms that share none, one or two words with a boundary.
fn uniforms(fields: &[&'static str]) -> Vec<Uniform> {
    let [first, second, third] = [fields[0], fields[1], fields[2]].map(reference::number::<u64>);
    let of = |words: &[u64], below| Uniform { words: words.to_vec(), below };
    let mut all = vec![
        of(&[first, second - 1], true),
        of(&[first, second + 1], false),
        of(&[first, second, third - 1], true),
        of(&[first, second, third + 1], false),
    ];
    // where there is another word on that side
    all.extend(first.checked_sub(1).map(|word| of(&[word], true)));
    all.extend(first.checked_add(1).map(|word| of(&[word], false)));
    all
}

/// What becomes of a word that leaves a decision open: here, the first one of the boundary.
type Open = fn(&mut Script, u64);

/// The shipped code sees it.
fn seen(_: &mut Script, _: u64) {}

/// It is drawn again, before the shipped code sees any.
fn drawn_again(script: &mut Script, open: u64) {
    while script.words.get(script.read) == Some(&open) {
        script.read += 1;
    }
}

/// Whether a decision falls on the right side of a boundary, after the words of the uniform and `further` ones; `None` is on
/// neither side.
fn follows(
    (fields, further): (&[&'static str], usize),
    open: Open,
    is_below: impl Fn(&mut Script) -> Option<bool>,
) -> bool {
    uniforms(fields).into_iter().all(|uniform| {
        let expected = uniform.words.len() + further;
        // zeros for what comes after
        let mut script = Script { words: [uniform.words, vec![0; 4]].concat(), read: 0 };
        open(&mut script, reference::number(fields[0]));
        is_below(&mut script) == Some(uniform.below) && script.read == expected
    })
}

fn list<T: core::str::FromStr>(field: &str) -> Vec<T> {
    field.split(',').map(reference::number).collect()
}

fn weights(value: f64, spread: u64) -> ExponentialWeights {
    ExponentialWeights::new(epsilon(value), spread).expect("the oracle has supported spreads")
}

/// Coins, indices and quantiles at uniforms that share up to two words with a boundary by another program. In the twins
/// a word that leaves a coin undecided is drawn again, or one that leaves an index, or a quantile.
pub(super) fn refinement(_: &mut Context, subject: Subject) -> Outcome {
    let twins: Vec<[Open; 3]> =
        vec![[drawn_again, seen, seen], [seen, drawn_again, seen], [seen, seen, drawn_again]];
    each_twin(subject, [seen as Open; 3], twins, |[coin, index, quantile]| {
        Outcome::worst([
            coins(coin).with_note("coins"),
            indices(index).with_note("indices"),
            quantiles(quantile).with_note("quantiles"),
        ])
    })
}

fn lines(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    reference::fields_of(TEXT, kind)
}

/// Heads of coins.
fn coins(open: Open) -> Outcome {
    none_fails(lines("coin"), |fields| {
        let law = weights(reference::number(fields[0]), reference::number(fields[1]));
        let k = reference::number(fields[2]);
        follows((&fields[3..], 0), open, |script| Some(law.accepts(k, script)))
    })
}

fn indices(open: Open) -> Outcome {
    none_fails(lines("index"), |fields| {
        let law = weights(reference::number(fields[0]), reference::number(fields[1]));
        let (gaps, i): (Vec<u64>, usize) = (list(fields[2]), reference::number(fields[3]));
        follows((&fields[4..], 0), open, |script| {
            let index = law.select(&gaps, script);
            // so near to the boundary only the indices on both sides of it are possible
            (index == i || index == i + 1 || script.read == 1).then_some(index <= i)
        })
    })
}

fn quantiles(open: Open) -> Outcome {
    none_fails(lines("quantile"), |fields| {
        let made = quantile(&fields);
        let (values, x): (Vec<i64>, i64) = (list(fields[4]), reference::number(fields[5]));
        // one more word for the place in the stretch
        follows((&fields[6..], 1), open, |script| Some(*made.release(&values, "check", script).value() <= x))
    })
}

fn quantile(fields: &[&'static str]) -> PrivateQuantile<AddRemoveRow> {
    let level =
        QuantileLevel::new(reference::number(fields[1])).expect("the oracle has levels inside (0, 1)");
    let range = QuantileRange::new(reference::number(fields[2]), reference::number(fields[3]));
    PrivateQuantile::new(
        epsilon(reference::number(fields[0])),
        level,
        range.expect("the oracle has ranges with points"),
        AddRemoveRow,
    )
}

/// Level of each test: a fresh seed fails a sound sampler once in 30 million runs of three tests.
const ALPHA: f64 = 1e-8;

const EPSILON: f64 = 0.9;
const SCORES: [i64; 4] = [3, 1, 4, 4];
const VALUES: [i64; 5] = [2, 2, 5, 7, 30];
const RANGE: (i64, i64) = (0, 9);

/// One draw of an index (exponential mechanism, permute and flip) or of a point (median).
type Draw = fn(&mut ChaCha20Rng) -> usize;

/// Draws against probabilities in `f64` that are written anew from the definitions. Twins, of the first, second and
/// third sampler: twice the ε; candidates with tails drawn again; stretches without their widths.
pub(super) fn frequencies(context: &mut Context, subject: Subject) -> Outcome {
    let shipped: [Draw; 3] = [exponential, permuted, median];
    let twins: Vec<[Draw; 3]> = vec![
        [|rng| weights(2.0 * EPSILON, 1).select(&gaps(), rng), permuted, median],
        [exponential, redrawn, median],
        [exponential, permuted, unweighted],
    ];
    let n = context.scale(20_000, 200_000);
    each_twin(subject, shipped, twins, |draws| {
        let laws = [exponential_law(), permuted_law(), median_law()];
        let mut smallest = 1.0_f64;
        for (stream, (draw, law)) in (0..).zip(draws.into_iter().zip(laws)) {
            let mut rng = context.rng(stream);
            // one more cell for what cannot be
            let mut counts = vec![0_u64; law.len() + 1];
            for _ in 0..n {
                counts[draw(&mut rng).min(law.len())] += 1;
            }
            context.spend(ALPHA);
            smallest = smaller(smallest, chi_square(&counts, &law).p_value);
        }
        Outcome::at_least(smallest, ALPHA, 3 * n as u64).with_note("smallest of 3 p-values")
    })
}

fn scores() -> Scores<dp_mechanisms::selection::MonotoneScoreSensitivity<AddRemoveRow>> {
    Scores::new(SCORES.to_vec(), one_way()).expect("there are scores")
}

fn gaps() -> Vec<u64> {
    SCORES.iter().map(|u| 4_u64.abs_diff(*u as u64)).collect()
}

fn exponential(rng: &mut ChaCha20Rng) -> usize {
    let mechanism = ExponentialMechanism::new(epsilon(EPSILON), one_way());
    *mechanism.release(&scores(), "check", rng).expect("the same sensitivity").value()
}

fn permuted(rng: &mut ChaCha20Rng) -> usize {
    let mechanism = PermuteAndFlip::new(epsilon(EPSILON), one_way());
    *mechanism.release(&scores(), "check", rng).expect("the same sensitivity").value()
}

/// Permute and flip with replacement.
fn redrawn(rng: &mut ChaCha20Rng) -> usize {
    loop {
        let candidate = rng.random_range(0..SCORES.len());
        if weights(EPSILON, 1).accepts(gaps()[candidate], rng) {
            return candidate;
        }
    }
}

fn median(rng: &mut ChaCha20Rng) -> usize {
    let range = QuantileRange::new(RANGE.0, RANGE.1).expect("not empty");
    let half = QuantileLevel::new(0.5).expect("inside (0, 1)");
    let mechanism = PrivateQuantile::new(epsilon(EPSILON), half, range, AddRemoveRow);
    *mechanism.release(&VALUES, "check", rng).value() as usize
}

/// A stretch of equal rank by its weight alone, then a point of it.
fn unweighted(rng: &mut ChaCha20Rng) -> usize {
    let stretches: [(usize, usize); 7] = [(0, 2), (2, 1), (3, 2), (5, 1), (6, 1), (7, 1), (8, 1)];
    let distances = [5, 1, 1, 0, 1, 1, 3];
    let (first, width) = stretches[weights(EPSILON, 2).select(&distances, rng)];
    first + rng.random_range(0..width)
}

fn normalised(weights: Vec<f64>) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / total).collect()
}

fn exponential_law() -> Vec<f64> {
    normalised(gaps().iter().map(|gap| (-EPSILON * *gap as f64).exp()).collect())
}

/// `p_i·∫₀¹ ∏_{j≠i}(1 − t·p_j) dt` by Simpson's rule, which is exact for polynomials of degree three.
fn permuted_law() -> Vec<f64> {
    let coins: Vec<f64> = gaps().iter().map(|gap| (-EPSILON * *gap as f64).exp()).collect();
    let product = |i: usize, t: f64| -> f64 {
        coins.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, p)| 1.0 - t * p).product()
    };
    let integral = |i: usize| (product(i, 0.0) + 4.0 * product(i, 0.5) + product(i, 1.0)) / 6.0;
    (0..coins.len()).map(|i| coins[i] * integral(i)).collect()
}

fn median_law() -> Vec<f64> {
    let values: Vec<i64> = VALUES.iter().map(|v| *v.clamp(&RANGE.0, &RANGE.1)).collect();
    let target = values.len() as f64 / 2.0;
    let weight = |x: i64| {
        let below = values.iter().filter(|v| **v < x).count() as f64;
        let upto = values.iter().filter(|v| **v <= x).count() as f64;
        (-EPSILON * largest([below - target, target - upto, 0.0])).exp()
    };
    normalised((RANGE.0..=RANGE.1).map(weight).collect())
}
