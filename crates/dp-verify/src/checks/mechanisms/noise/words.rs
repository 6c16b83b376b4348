//! What samplers do with given words: tables, fast paths, refinement.

use super::super::refinement::Script;
use super::reference::number;
use super::{each_twin, fields, gaussian, laplace, none_fails, rounded, truncated};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::noise::discrete_laplace::table::{
    self, CELLS, DEGREE, OctaveRow, ROW_UNIT_BITS, Row, UNIT_BITS,
};
use dp_mechanisms::noise::{LatticeNoise, Traced};
use dp_mechanisms::{DiscreteGaussian, DiscreteLaplace};
use rand::Rng;

/// `−ln V` of a word in units of `2⁻⁵⁸` and its octave's row, written anew from the documentation of the module.
fn logarithm<'a>(rows: &[Row], octaves: &'a [OctaveRow], word: u64) -> Option<(i128, &'a OctaveRow)> {
    let shifted = word << 1;
    let octave = octaves.get(shifted.leading_zeros() as usize)?;
    let normalized = i128::from(shifted) << shifted.leading_zeros();
    let cell_bits = 63 - CELLS.trailing_zeros();
    let row = &rows[(normalized >> cell_bits) as usize - CELLS];
    // 2⁶⁴·D, D = (middle − m)/w, less one so that it fits 64 bits
    let place = normalized & ((1 << cell_bits) - 1);
    let d = (((1 << (cell_bits - 1)) - place) << (64 - cell_bits)) - 1;
    let horner = |sum: i128, &c: &i64| i128::from(c) + ((sum * d) >> 64);
    let polynomial = row[..=DEGREE].iter().rev().fold(0, horner).max(0);
    Some((i128::from(octave[0]) + (polynomial >> (ROW_UNIT_BITS - UNIT_BITS)), octave))
}

/// Logarithms of both ends of 264 words by another program lie within the bound (less the two units that are for the
/// product and the offset), and all rows are what certified arithmetic derives. The twin's error bounds are half as
/// large.
pub(super) fn laplace_table(_: &mut Context, subject: Subject) -> Outcome {
    let shipped = table::octave_rows().to_vec();
    let halved = shipped.iter().map(|[multiple, bound]| [*multiple, bound / 2]).collect();
    each_twin(subject, shipped, vec![halved], |octaves| {
        let derived =
            none_fails([()], |()| table::derive() == table::rows() && table::derive_octaves() == octaves);
        Outcome::worst([
            logarithms(&octaves).with_note("logarithms of another program beyond the bound"),
            derived.with_note("tables that are not what is derived again"),
        ])
    })
}

fn logarithms(octaves: &[OctaveRow]) -> Outcome {
    none_fails(fields("logarithm"), |fields| {
        let [far, near] = [fields[1], fields[2]].map(number::<i128>);
        logarithm(table::rows(), octaves, number(fields[0])).is_some_and(|(value, row)| {
            let drop = 80 - UNIT_BITS;
            let (center, bound) = (value << drop, (i128::from(row[1]) - 2) << drop);
            far - 1 - center <= bound && center - near - 1 <= bound
        })
    })
}

/// Words that a fast path decides are decided again by certified arithmetic alone.
fn agree(
    words: &[(f64, u64)],
    fast: impl Fn(f64, u64) -> Option<i64>,
    exact: impl Fn(f64, u64) -> Traced,
) -> Outcome {
    let decided: Vec<_> = words
        .iter()
        .filter_map(|&(parameter, word)| Some((parameter, word, fast(parameter, word)?)))
        .collect();
    let n = decided.len();
    let wrong = none_fails(decided, |(parameter, word, value)| exact(parameter, word).value == value);
    let enough = Outcome::at_least(n as f64, 0.8 * words.len() as f64, 1).with_note("too few words decided");
    Outcome::worst([wrong.with_note("words that fell on the wrong side"), enough])
}

/// Random words for each parameter.
fn random(context: &Context, parameters: &[f64], quick: usize) -> Vec<(f64, u64)> {
    let mut rng = context.rng(0);
    let n = context.scale(quick, 100 * quick);
    parameters.iter().flat_map(|&p| (0..n).map(|_| (p, rng.next_u64())).collect::<Vec<_>>()).collect()
}

/// Random words at several b, and the ends of cells where b is largest and leaves the least room. The twin takes the table
/// without its error bound.
pub(super) fn laplace_fast_path(context: &mut Context, subject: Subject) -> Outcome {
    let largest = DiscreteLaplace::MAX_SCALE;
    let mut words = random(context, &[0.3, 1.0, 12_346.0, 1e9, largest, largest, largest], 300);
    words.extend((0..8 * CELLS as u64).step_by(context.scale(7, 1)).flat_map(|i| {
        let first = ((CELLS as u64 + i % CELLS as u64) << 55) >> (i / CELLS as u64) >> 1;
        [(largest, first), (largest, first - 1)]
    }));
    let shipped: fn(f64, u64) -> Option<i64> = |b, word| laplace(b).fast_value(word);
    let optimistic: fn(f64, u64) -> Option<i64> = |b, word| {
        if b < DiscreteLaplace::MAX_SCALE {
            return laplace(b).fast_value(word);
        }
        // b = 2⁵⁰, h = 1/2: the position with eight bits after the point
        let (value, _) = logarithm(table::rows(), table::octave_rows(), word & (u64::MAX >> 1))?;
        let magnitude = (value + 128) >> 8;
        Some(if word >> 63 == 1 { -magnitude as i64 } else { magnitude as i64 })
    };
    let further = context.rng(1);
    each_twin(subject, shipped, vec![optimistic], |fast| {
        agree(&words, fast, |b, word| laplace(b).exact_value(word, &mut further.clone()))
    })
}

/// Random words at several σ, and words around tails by another program. The twin takes the displaced normal quantile
/// without the margin for what the displacement is not.
pub(super) fn gaussian_fast_path(context: &mut Context, subject: Subject) -> Outcome {
    let mut words =
        random(context, &[0.3, 1.0, 15.9, 16.0, 20.25, 12_346.0, 1e9, DiscreteGaussian::MAX_STD], 300);
    for fields in fields("gaussian_tail") {
        let (std, first): (f64, u64) = (number(fields[0]), number(fields[2]));
        let steps = [1, 2, 3, 1 << 10, 1 << 20]
            .into_iter()
            .flat_map(|step: u64| [first.saturating_sub(step), first + step]);
        words.extend(steps.map(|word| (std, word)));
    }
    let shipped: fn(f64, u64) -> Option<i64> = |std, word| gaussian(std).fast_value(word);
    let displaced: fn(f64, u64) -> Option<i64> = |std, word| {
        if std < 16.0 {
            gaussian(std).fast_value(word)
        } else {
            rounded(std / (1.0 + 1.0 / (24.0 * std * std))).fast_value(word)
        }
    };
    let further = context.rng(1);
    each_twin(subject, shipped, vec![displaced], |fast| {
        agree(&words, fast, |std, word| gaussian(std).exact_value(word, &mut further.clone()))
    })
}

/// A uniform number by its words, and what must come of it.
struct Uniform {
    parameter: f64,
    words: Vec<u64>,
    value: i64,
}

/// Around a boundary by another program, with both signs: a smaller U is further out.
fn uniforms(fields: &[&'static str], largest: f64) -> Vec<Uniform> {
    let (parameter, k): (f64, i64) = (number(fields[0]), number(fields[1]));
    let [first, second, third] = [fields[2], fields[3], fields[4]].map(number::<u64>);
    let mut around = vec![
        (vec![first, second - 1], k + 1),
        (vec![first, second + 1], k),
        (vec![first, second, third - 1], k + 1),
        (vec![first, second, third + 1], k),
    ];
    // at the largest parameter one word of the tail holds many integers: its neighbours are then undecided themselves
    if parameter < largest {
        around.extend([(vec![first - 1], k + 1), (vec![first + 1], k)]);
    }
    let signed = |(words, value): (Vec<u64>, i64)| {
        let mirrored = [vec![words[0] | 1 << 63], words[1..].to_vec()].concat();
        [Uniform { parameter, words, value }, Uniform { parameter, words: mirrored, value: -value }]
    };
    around.into_iter().flat_map(signed).collect()
}

/// Whether a sampler makes of each uniform what it is, after exactly its words.
fn follows(uniforms: impl IntoIterator<Item = Uniform>, sample: impl Fn(f64, &mut Script) -> i64) -> Outcome {
    none_fails(uniforms, |uniform| {
        let mut script = Script { words: uniform.words, read: 0 };
        let expected = script.words.len();
        sample(uniform.parameter, &mut script) == uniform.value && script.read == expected
    })
}

/// Uniforms that share one or two words with a tail by another program must fall on the side where their last word is,
/// after exactly that many further words. In the twin an undecided word is redrawn.
pub(super) fn laplace_refinement(_: &mut Context, subject: Subject) -> Outcome {
    let shipped: fn(f64, &mut Script) -> i64 = |b, script| laplace(b).sample(script);
    let redrawing: fn(f64, &mut Script) -> i64 = |b, script| loop {
        if let Some(value) = laplace(b).fast_value(script.next_u64()) {
            return value;
        }
    };
    each_twin(subject, shipped, vec![redrawing], |sample| {
        let all = fields("laplace_tail").flat_map(|fields| uniforms(&fields, DiscreteLaplace::MAX_SCALE));
        follows(all, sample)
    })
}

/// The same of the discrete Gaussian, below and above the σ where its fast path changes. In the twin an undecided word is
/// redrawn.
pub(super) fn gaussian_refinement(_: &mut Context, subject: Subject) -> Outcome {
    let shipped: fn(f64, &mut Script) -> i64 = |std, script| gaussian(std).sample(script);
    let redrawing: fn(f64, &mut Script) -> i64 = |std, script| loop {
        if let Some(value) = gaussian(std).fast_value(script.next_u64()) {
            return value;
        }
    };
    each_twin(subject, shipped, vec![redrawing], |sample| {
        let all = fields("gaussian_tail").flat_map(|fields| uniforms(&fields, DiscreteGaussian::MAX_STD));
        follows(all, sample)
    })
}

/// Bound of the truncated laws whose acceptance is scripted: so narrow that uniform candidates are proposed.
const BOUND: u64 = 9;

/// A candidate k is kept if the uniform after it is below `P(k)/P(0)`: uniforms that share one or two words with that
/// number are refined. In the twin an undecided word is redrawn; a candidate that is not kept is followed by a zero that
/// is.
pub(super) fn truncated_refinement(_: &mut Context, subject: Subject) -> Outcome {
    let all = || {
        fields("accept").flat_map(|fields| {
            let (parameter, k): (f64, i64) = (number(fields[0]), number(fields[1]));
            let [first, second, third] = [fields[2], fields[3], fields[4]].map(number::<u64>);
            let candidate = |k: i64| k as u64 + BOUND;
            let zero = [candidate(0), 0];
            let kept = [vec![first - 1], vec![first, second - 1], vec![first, second, third - 1]];
            let refused = [vec![first + 1], vec![first, second + 1], vec![first, second, third + 1]];
            let kept = kept.map(|words| Uniform {
                parameter,
                words: [vec![candidate(k)], words].concat(),
                value: k,
            });
            let refused = refused.map(|words| Uniform {
                parameter,
                words: [vec![candidate(k)], words, zero.to_vec()].concat(),
                value: 0,
            });
            kept.into_iter().chain(refused)
        })
    };
    let shipped: fn(f64, &mut Script) -> i64 = |b, script| truncated(laplace(b), BOUND).sample(script);
    let redrawing: fn(f64, &mut Script) -> i64 = |b, script| loop {
        let candidate = script.next_u64() as i64 - BOUND as i64;
        // in 64 bits of e^{−k/b}; 53 of them are enough to find the word that is undecided
        let boundary = (-candidate.abs() as f64 / b).exp() * 2_f64.powi(64);
        let mut word = script.next_u64();
        while (word as f64 - boundary).abs() < 4096.0 {
            word = script.next_u64();
        }
        if (word as f64) < boundary {
            return candidate;
        }
    };
    each_twin(subject, shipped, vec![redrawing], |sample| follows(all(), sample))
}
