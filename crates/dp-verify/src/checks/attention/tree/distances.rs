//! Errors of weighted distances.

use super::super::{budget, climb, failure_probability};
use super::distances;
use crate::checks::picture::AgainstBounds;
use crate::{Context, Outcome, Subject, exceeds, larger};
use attention_dp::{
    DistanceEstimate, DistanceMethod, DistanceOptions, DpTreeHighDim, Power, TreeBudget, TreeMechanism,
};
use dp_mechanisms::AddRemoveRow;
use dp_testkit::statistics::proportion_lower_bound;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Of two coordinates.
type Intervals = [(f64, f64); 2];

const INTERVALS: Intervals = [(0.0, 3.0), (-0.5, 0.25)];
const WEIGHT: f64 = 2.0;

fn cases() -> Vec<(DistanceOptions, Power)> {
    let rings =
        [DistanceMethod::Moments, DistanceMethod::Rings { alpha: 0.3 }, DistanceMethod::Rings { alpha: 1.0 }];
    let mut cases = Vec::new();
    for (i, method) in rings.into_iter().enumerate() {
        for power in [Power::One, Power::Two] {
            let budget = [TreeBudget::Joint, TreeBudget::EqualShares][i % 2];
            let options = DistanceOptions::new(INTERVALS.to_vec(), WEIGHT, budget)
                .with_method(method)
                .with_power(power);
            cases.push((options.clone().with_bins(13), power));
            cases.push((options.with_bins(64).with_resolution(9, 6), power));
        }
    }
    cases
}

/// Where little is left of a bound: rings of bins that are narrower than a unit, seen from an edge, with rows just over half a unit
/// away; and an interval whose midpoint is no float, seen from end to end.
fn edges() -> Vec<(DistanceOptions, Intervals, Power, Vec<f64>)> {
    let (low, high) = (1e12, 1e12 + 2.0 + 2_f64.powi(-13));
    let mut edges = Vec::new();
    for power in [Power::One, Power::Two] {
        let options = |intervals: Intervals| {
            DistanceOptions::new(intervals.to_vec(), WEIGHT, TreeBudget::Joint).with_power(power)
        };
        let narrow = options([(-16.0, 16.0); 2])
            .with_method(DistanceMethod::Rings { alpha: 1.0 })
            .with_resolution(4, 20);
        let point = vec![0.0, 0.0, 0.500_000_1, 0.500_000_1, WEIGHT];
        edges.push((narrow, [(-16.0, 16.0); 2], power, point));
        let point = vec![low, low, high, high, WEIGHT];
        edges.push((options([(low, high); 2]), [(low, high); 2], power, point));
    }
    edges
}

/// `Σ w‖y − x‖_p^p` over clipped rows, and the same with the sizes of the weights.
fn exact(rows: &[Vec<f64>], y: &[f64], intervals: &Intervals, power: Power) -> (f64, f64) {
    let distance = |x: f64, a: usize| (x.clamp(intervals[a].0, intervals[a].1) - y[a]).abs();
    let raise = |x: f64| if power == Power::One { x } else { x * x };
    let of = |row: &Vec<f64>| raise(distance(row[0], 0)) + raise(distance(row[1], 1));
    let weight = |row: &Vec<f64>| row[2].clamp(-WEIGHT, WEIGHT);
    let sum = |size: fn(f64) -> f64| rows.iter().map(|row| size(weight(row)) * of(row)).sum();
    (sum(|w| w), sum(f64::abs))
}

/// Climbing on query, points and weights, also far outside, and some places where little is left of the bound: no error without noise
/// exceeds what is stated. The twin states the errors of a tree with twice as many bins.
pub(super) fn error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(8, 100), context.scale(250, 4_000));
    let (mut largest, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for (options, power) in cases() {
        let finer =
            distances(AddRemoveRow, &options.clone().with_bins(2 * options.bins()), &[]).assume_public();
        for start in 0..starts {
            let spread = [1.0, 1.0, 3.0, 100.0][start % 4];
            let point = (0..2 + 3 * (1 + start % 3)).map(|_| rng.random_range(-spread..spread)).collect();
            climb(&mut rng, point, steps, |point| {
                let finer = subject.pick(None, Some(&finer));
                let (error, limit) = error_and_limit((&options, &INTERVALS), power, point, finer);
                largest = larger(largest, error / limit);
                pairs.push(limit, error);
                n += 1;
                error / limit
            });
        }
    }
    for (options, intervals, power, point) in edges() {
        let (error, limit) = error_and_limit((&options, &intervals), power, &point, None);
        largest = larger(largest, error / limit);
        n += 1;
    }
    if largest < 0.9 {
        return Outcome::inconclusive(format!("errors came only within {largest:.3} of what is stated"));
    }
    let figure = pairs.picture("Errors of weighted distances without noise, against what is stated");
    Outcome::at_most(largest, 1.0, n).with_note("error over what is stated").with_figure(figure)
}

fn error_and_limit(
    (options, intervals): (&DistanceOptions, &Intervals),
    power: Power,
    point: &[f64],
    bars: Option<&DpTreeHighDim>,
) -> (f64, f64) {
    let (y, rows) = point.split_at(2);
    let rows: Vec<Vec<f64>> = rows.chunks_exact(3).map(<[f64]>::to_vec).collect();
    let trees = distances(AddRemoveRow, options, &rows).assume_public();
    let estimate = |trees: &DpTreeHighDim| trees.query(y, failure_probability(0.5)).expect("a finite query");
    let (found, stated): (DistanceEstimate, _) = (estimate(&trees), estimate(bars.unwrap_or(&trees)));
    let (exact, sizes) = exact(&rows, y, intervals, power);
    let limit = found.noise + stated.per_row * rows.len() as f64 + stated.relative * sizes;
    ((found.value - exact).abs(), limit)
}

/// A rate above γ is reported with at most this probability if there is none.
const ALPHA: f64 = 1e-6;

/// For each release the adversary, who knows the noise, takes the worst of all cuts and of far points. The twin takes the half-width
/// for a fixed query.
pub(super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let releases = context.scale(250, 10_000);
    let (mut parts, mut rates) = (Vec::new(), Vec::new());
    for (split, method) in [
        (TreeBudget::Joint, DistanceMethod::Moments),
        (TreeBudget::Accounted, DistanceMethod::Moments),
        (TreeBudget::Joint, DistanceMethod::Rings { alpha: 0.5 }),
    ] {
        let options = DistanceOptions::new(vec![(0.0, 1.0)], 1.0, split).with_method(method).with_bins(64);
        let gamma = 0.05;
        let (epsilon, delta) = budget(1.0, 1e-6);
        let mechanism =
            distances(AddRemoveRow, &options, &[]).calibrate(epsilon, delta).expect("supported noise");
        let misses =
            (0..releases).filter(|_| is_missed(&options, &mechanism, (gamma, subject), &mut rng)).count();
        let low = proportion_lower_bound(misses as u64, releases as u64, context.spend(ALPHA));
        parts.push(Outcome::at_most(low, gamma, releases as u64));
        rates.push(format!("{misses} of {releases}"));
    }
    Outcome::worst(parts)
        .with_note(format!("misses at 95 %, moments, truncated, rings: {}", rates.join(", ")))
}

fn is_missed(
    options: &DistanceOptions,
    mechanism: &TreeMechanism<AddRemoveRow>,
    (gamma, subject): (f64, Subject),
    rng: &mut ChaCha20Rng,
) -> bool {
    let rows: Vec<Vec<f64>> =
        (0..4).map(|_| vec![rng.random_range(0.0..1.0), rng.random_range(-1.0..1.0)]).collect();
    let exact = distances(AddRemoveRow, options, &rows).assume_public();
    let released =
        distances(AddRemoveRow, options, &rows).release_with(mechanism, rng).expect("little noise");
    let (exact, released) = (exact.coordinate(0), released.value().coordinate(0));
    (-32..=96).any(|i| {
        let (y, gamma) = (f64::from(i) / 64.0 + 1e-3, failure_probability(gamma));
        let estimate = match subject {
            Subject::AsShipped => released.query(y, gamma),
            Subject::Broken => released.fixed_query(y, gamma),
        }
        .expect("a finite query");
        let noiseless = exact.query(y, gamma).expect("a finite query").value;
        exceeds((estimate.value - noiseless).abs(), estimate.noise)
    })
}
