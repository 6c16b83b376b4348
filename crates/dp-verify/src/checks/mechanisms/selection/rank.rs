//! Laws of private quantiles, over all neighbours of small data sets.

use super::enclosure::{Between, loss};
use super::{each_part, each_twin, epsilon, none_above};
use crate::{Context, Outcome, Subject, largest};
use dp_mechanisms::selection::{PrivateQuantile, QuantileAdjacency, QuantileRange};
use dp_mechanisms::{AddRemoveRow, QuantileLevel, ReplaceRow};

/// Quotients of certified probabilities.
const SLACK: f64 = 1e-12;

/// Ranges; data take four values in each, one of them outside.
const RANGES: [(i64, i64); 2] = [(0, 5), (-40, 60)];
const LEVELS: [f64; 3] = [0.5, 0.25, 0.9];
const EPSILON: f64 = 1.2;

fn quantile<A: QuantileAdjacency>(
    value: f64,
    level: f64,
    range: (i64, i64),
    adjacency: A,
) -> PrivateQuantile<A> {
    let level = QuantileLevel::new(level).expect("checks use levels inside (0, 1)");
    let range = QuantileRange::new(range.0, range.1).expect("checks use ranges with points");
    PrivateQuantile::new(epsilon(value), level, range, adjacency)
}

/// A law over the points of a range: `(level, range, whether rows are replaced, values)`.
type Law = fn(f64, (i64, i64), bool, &[i64]) -> Vec<Between>;

fn at(value: f64, level: f64, range: (i64, i64), replaced: bool, values: &[i64]) -> Vec<Between> {
    let points = range.0..=range.1;
    let bounds = |point| {
        if replaced {
            quantile(value, level, range, ReplaceRow).probability_bounds(values, point)
        } else {
            quantile(value, level, range, AddRemoveRow).probability_bounds(values, point)
        }
    };
    points.map(|point| Between::new(bounds(point))).collect()
}

fn shipped(level: f64, range: (i64, i64), replaced: bool, values: &[i64]) -> Vec<Between> {
    at(EPSILON, level, range, replaced, values)
}

/// By the definition, with a factor at the exponent and a weight for each stretch of equal rank.
fn defined(
    level: f64,
    range: (i64, i64),
    values: &[i64],
    (rate, share): (f64, impl Fn(usize) -> f64),
) -> Vec<Between> {
    let values: Vec<i64> = values.iter().map(|v| *v.clamp(&range.0, &range.1)).collect();
    let ranks = |x: i64| {
        let count = |inside: &dyn Fn(i64) -> bool| values.iter().filter(|v| inside(**v)).count();
        (count(&|v| v < x), count(&|v| v <= x))
    };
    let all: Vec<(usize, usize)> = (range.0..=range.1).map(ranks).collect();
    let target = level * values.len() as f64;
    let weights: Vec<Between> = all
        .iter()
        .map(|rank| {
            let width = all.iter().filter(|other| *other == rank).count();
            let distance = largest([rank.0 as f64 - target, target - rank.1 as f64, 0.0]);
            // the factor and the products of levels are rounded: a few units of the exponent, which is below 10
            let weight = Between::decay(rate * distance);
            let margin = |x: f64, by: f64| x * share(width) * (1.0 + by);
            Between { lo: margin(weight.lo, -1e-13), hi: margin(weight.hi, 1e-13) }
        })
        .collect();
    let total = weights.iter().copied().sum();
    weights.iter().map(|weight| weight.quotient(total)).collect()
}

/// All multisets of up to so many of the values.
fn data_sets(values: [i64; 4], most: usize) -> Vec<Vec<i64>> {
    let longer = |sets: &[Vec<i64>]| -> Vec<Vec<i64>> {
        let extend = |set: &Vec<i64>| {
            let from = set.last().copied().unwrap_or(i64::MIN);
            let set = set.clone();
            values.into_iter().filter(move |v| *v >= from).map(move |v| [set.as_slice(), &[v]].concat())
        };
        sets.iter().flat_map(extend).collect()
    };
    let mut all = vec![vec![vec![]]];
    for _ in 0..most {
        all.push(longer(all.last().expect("there is the empty set")));
    }
    all.concat()
}

/// Loss less ε over all neighbours.
fn excess(law: Law, most: usize) -> Outcome {
    let mut observed = Vec::new();
    for range in RANGES {
        let values = [range.0 - 7, range.0 + 2, range.0 + 3, range.1];
        for level in LEVELS {
            for set in data_sets(values, most) {
                let (added, replaced) = (law(level, range, false, &set), law(level, range, true, &set));
                for v in values {
                    let larger = [set.as_slice(), &[v]].concat();
                    observed.push(loss(&added, &law(level, range, false, &larger)) - EPSILON);
                    if let Some((_, rest)) = set.split_first() {
                        let other = [rest, &[v]].concat();
                        observed.push(loss(&replaced, &law(level, range, true, &other)) - EPSILON);
                    }
                }
            }
        }
    }
    none_above(observed, SLACK).with_note("loss less ε")
}

/// How many laws are not those of the definition.
fn is_defined(law: Law) -> Outcome {
    let mut cases = Vec::new();
    for range in RANGES {
        for level in LEVELS {
            for set in data_sets([range.0 - 7, range.0 + 2, range.0 + 3, range.1], 3) {
                cases.push((range, level, set));
            }
        }
    }
    super::none_fails(cases, |(range, level, set)| {
        let spread = |replaced| if replaced { 2.0 } else { 2.0 * level.max(1.0 - level) };
        [false, true].into_iter().all(|replaced| {
            let expected = defined(level, range, &set, (EPSILON / spread(replaced), |_| 1.0));
            law(level, range, replaced, &set).iter().zip(expected).all(|(p, q)| p.meets(q))
        })
    })
}

/// Twins: stretches without their widths; weights of ε where those of ε/2 are right (spread 1 for a replaced row); the
/// spread of a median at every level; a level that counts from above, which is as private and not what was asked for.
pub(super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    let most = context.scale(2, 4);
    let unweighted: Law = |level, range, replaced, values| {
        let spread = if replaced { 2.0 } else { 2.0 * level.max(1.0 - level) };
        defined(level, range, values, (EPSILON / spread, |width| 1.0 / width as f64))
    };
    let doubled: Law = |level, range, replaced, values| at(2.0 * EPSILON, level, range, replaced, values);
    let median: Law = |level, range, _, values| defined(level, range, values, (EPSILON, |_| 1.0));
    let from_above: Law = |level, range, replaced, values| at(EPSILON, 1.0 - level, range, replaced, values);
    let lossy =
        each_twin(subject, shipped as Law, vec![unweighted, doubled, median], |law| excess(law, most));
    each_part(subject, [lossy, is_defined(subject.pick(shipped, from_above))])
}
