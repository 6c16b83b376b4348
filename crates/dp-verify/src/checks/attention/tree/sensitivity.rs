//! How far nodes move between neighbours, by search over rows as an adversary would hand them over.

use super::super::{Row, climb, options, random_row, random_rows, unflatten};
use super::{attention, distances, moved, tree_options};
use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject, larger, smaller};
use attention_dp::{
    DistanceMethod, DistanceOptions, Power, PrivateDistances, PrivateTree, RowBound, Signs, TreeAdjacency,
    TreeAttentionOptions, TreeBudget, TreeOptions,
};
use dp_mechanisms::{AddRemoveRow, ReplaceRow};
use dp_testkit::neighbours::extreme_rows;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// What can be wrong with a bound or with what is stored.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The bound leaves out one of the levels that a row is in.
    ForgottenLevel,
    /// The bin is that of the clipped point, its moments are those of the point as it came.
    RawMoments,
}

/// Largest distances over their bounds: in L1 of one piece, and squared in L2 of all.
#[derive(Default, Clone, Copy)]
struct Ratios {
    l1: f64,
    squared: f64,
    n: u64,
}

impl Ratios {
    fn see(&mut self, (l1, squared): (u64, u128), (l1_bound, squared_bound): (u64, u128)) {
        let over = |exceeds: bool, ratio: f64| {
            if exceeds { larger(ratio, 1.0_f64.next_up()) } else { smaller(ratio, 1.0) }
        };
        self.l1 = larger(self.l1, over(l1 > l1_bound, l1 as f64 / l1_bound as f64));
        let ratio = squared as f64 / squared_bound as f64;
        self.squared = larger(self.squared, over(squared > squared_bound, ratio));
        self.n += 1;
    }

    /// A search that does not come near the bounds is no evidence for them.
    fn outcome(self, least: f64, name: &str) -> Outcome {
        if self.l1 < least || self.squared < least {
            return Outcome::inconclusive(format!("{name}: only {:.3} and {:.3}", self.l1, self.squared));
        }
        Outcome::at_most(larger(self.l1, self.squared), 1.0, self.n)
    }
}

/// Ranges, distances and attention under both adjacencies: no pair of neighbours moves the nodes further than the bounds, and
/// some come near. Two twins are judged; the milder finding counts.
pub(super) fn sensitivity(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Fault::ForgottenLevel, Fault::RawMoments];
    each_twin(subject, Fault::None, twins, |fault| under(context, fault))
}

fn under(context: &Context, fault: Fault) -> Outcome {
    let mut rng = context.rng(0);
    let steps = context.scale(150, 3_000);
    let vectors = of_vectors(context.scale(300, 20_000), fault, &mut rng);
    let mut points =
        [of_points(AddRemoveRow, steps, fault, &mut rng), of_points(ReplaceRow, steps, fault, &mut rng)];
    if fault == Fault::RawMoments {
        points[0].see(raw_moments(), bounds_of(AddRemoveRow, &distance_cases()[0]));
    }
    let keys = [of_keys(AddRemoveRow, steps, fault, &mut rng), of_keys(ReplaceRow, steps, fault, &mut rng)];
    let named = [
        ("vectors", vectors),
        ("points", points[0]),
        ("points, replaced", points[1]),
        ("keys", keys[0]),
        ("keys, replaced", keys[1]),
    ];
    let note = named.map(|(name, r)| format!("{name} {:.3} {:.3}", r.l1, r.squared)).join(", ");
    // bounds of features hold for a ball, and no key has all of them at their largest at once
    let least = |name: &str| if name.starts_with("keys") { 0.15 } else { 0.99 };
    Outcome::worst(named.map(|(name, ratios)| ratios.outcome(least(name), name)))
        .with_note(format!("L1 of a piece, squared L2 of all: {note}"))
}

/// The bounds with one level left out of the square, if that is the fault.
fn charged((l1, squared): (u64, u128), bins: usize, fault: Fault) -> (u64, u128) {
    let levels = super::levels(bins).0.len() as u128;
    let squared = if fault == Fault::ForgottenLevel { squared / levels * (levels - 1) } else { squared };
    (l1, squared.max(1))
}

/// Integer vectors in trees of all sizes, at any leaf, also beyond their bound.
fn of_vectors(trials: usize, fault: Fault, rng: &mut ChaCha20Rng) -> Ratios {
    let mut ratios = Ratios::default();
    for trial in 0..trials {
        let leaves = rng.random_range(4..40);
        let signs = [Signs::Any, Signs::Nonnegative][trial % 2];
        let bound = RowBound { width: 2, l1: 7, squared_l2: 5 * 5 + 2 * 2, signs };
        let options = TreeOptions::new(leaves, bound, TreeBudget::Joint);
        let mut draw =
            || (rng.random_range(0..leaves + 1), [rng.random_range(-8..=8), rng.random_range(-8..=8)]);
        let (first, second) = (draw(), draw());
        // in one leaf and opposite, in leaves that share few nodes: what replacing is charged for
        let opposite = (first.0, first.1.map(|x: i64| -x));
        let others = [second, opposite, (leaves - 1 - first.0.min(leaves - 1), first.1)];
        let nothing = nodes(AddRemoveRow, options, (leaves, [0, 0]));
        let mut see = |a: &[i64], b: &[i64], bounds| {
            ratios.see(both_entries(a, b, leaves), charged(bounds, leaves, fault));
        };
        let one = nodes(AddRemoveRow, options, first);
        see(&one.0, &nothing.0, one.1);
        for other in others {
            let (one, other) = (nodes(ReplaceRow, options, first), nodes(ReplaceRow, options, other));
            see(&one.0, &other.0, one.1);
        }
    }
    ratios
}

/// Nodes of a tree with one row, and how far they may move.
fn nodes<A: TreeAdjacency>(
    adjacency: A,
    options: TreeOptions,
    (leaf, vector): (usize, [i64; 2]),
) -> (Vec<i64>, (u64, u128)) {
    let mut tree = PrivateTree::over_bins(adjacency, options).expect("a small tree");
    let bounds = tree.sensitivities().expect("small squares");
    tree.add(leaf, &vector).expect("two entries");
    (tree.assume_public_nodes(), bounds)
}

/// A piece of a tree of vectors is a level of all its entries.
fn both_entries(a: &[i64], b: &[i64], leaves: usize) -> (u64, u128) {
    let (levels, stride) = super::levels(leaves);
    let l1 = |range: &std::ops::Range<usize>| {
        range.clone().map(|i| a[i].abs_diff(b[i]) + a[stride + i].abs_diff(b[stride + i])).sum::<u64>()
    };
    (levels.iter().map(l1).max().unwrap_or(0), moved(a, b, leaves, 0).1)
}

fn distance_cases() -> Vec<DistanceOptions> {
    let case =
        |intervals: Vec<(f64, f64)>, budget| DistanceOptions::new(intervals, 1.5, budget).with_bins(16);
    vec![
        case(vec![(0.0, 2.0)], TreeBudget::Joint),
        case(vec![(-1.0, 1.0), (0.0, 3.0)], TreeBudget::Joint),
        case(vec![(-1.0, 1.0), (0.0, 30.0)], TreeBudget::EqualShares).with_power(Power::Two),
        case(vec![(-1.0, 1.0), (0.0, 3.0)], TreeBudget::Joint).with_power(Power::Two).with_bins(11),
        case(vec![(0.0, 1.0)], TreeBudget::Accounted).with_method(DistanceMethod::Rings { alpha: 0.5 }),
        case(vec![(0.0, 1.0)], TreeBudget::Joint).with_resolution(4, 4).with_power(Power::Two),
    ]
}

fn bounds_of<A: TreeAdjacency>(adjacency: A, options: &DistanceOptions) -> (u64, u128) {
    let distances = PrivateDistances::new(adjacency, options.clone()).expect("the options are sound");
    distances.sensitivities().expect("small squares")
}

/// Extreme points with extreme weights, then climbing.
fn of_points<A: TreeAdjacency>(adjacency: A, steps: usize, fault: Fault, rng: &mut ChaCha20Rng) -> Ratios {
    let mut ratios = Ratios::default();
    for options in distance_cases() {
        let (dim, bins) = (options.dim(), options.bins());
        let nodes = |rows: &[Vec<f64>]| distances(adjacency, &options, rows).assume_public_nodes();
        let bounds = charged(bounds_of(adjacency, &options), bins, fault);
        let background: Vec<Vec<f64>> =
            (0..3).map(|_| (0..=dim).map(|_| rng.random_range(-2.0..2.0)).collect()).collect();
        let with = |row: &[f64]| background.iter().cloned().chain([row.to_vec()]).collect::<Vec<_>>();
        let without = nodes(&background);
        let mut pair = |point: &[f64]| {
            let (first, second) = point.split_at(dim + 1);
            let other = if A::ROWS == 2 { nodes(&with(second)) } else { without.clone() };
            let found = moved(&nodes(&with(first)), &other, bins, 0);
            ratios.see(found, bounds);
            found.1
        };
        let extremes: Vec<Vec<f64>> = extreme_rows(dim + 1, 50.0);
        for (i, first) in extremes.iter().enumerate() {
            for second in &extremes[..=i] {
                pair(&[&first[..], second].concat());
                let opposite: Vec<f64> =
                    first.iter().enumerate().map(|(j, x)| if j == dim { -x } else { *x }).collect();
                pair(&[&first[..], &opposite].concat());
            }
        }
        let start = (0..2 * dim + 2).map(|_| rng.random_range(-2.0..2.0)).collect();
        climb(rng, start, steps, &mut pair);
    }
    ratios
}

/// What a point at three times the end of the first case's interval adds if its moments are not those of the clipped point.
fn raw_moments() -> (u64, u128) {
    let (reach, weight) = (f64::from(1 << 18), f64::from(1 << 14));
    let options = TreeOptions::new(
        16,
        RowBound { width: 2, l1: u64::MAX, squared_l2: u128::MAX, signs: Signs::Any },
        TreeBudget::Joint,
    );
    let mut tree = PrivateTree::over_bins(AddRemoveRow, options).expect("a small tree");
    let raw = 5.0; // x = 6 in units of the half-width from the centre of 0 … 2
    tree.add(15, &[(reach * weight) as i64, (raw * reach * weight) as i64]).expect("two entries");
    let nodes = tree.assume_public_nodes();
    moved(&nodes, &vec![0; nodes.len()], 16, 0)
}

fn key_cases() -> Vec<TreeAttentionOptions> {
    vec![
        tree_options(options(1, 1, 2, 1.0), TreeBudget::Joint, 8),
        tree_options(options(2, 1, 3, 1.0), TreeBudget::Joint, 5),
        tree_options(options(2, 2, 2, 0.7).with_value_range(-0.1, 1.0), TreeBudget::EqualShares, 4),
        tree_options(options(1, 1, 4, 1.5).with_resolution(4, 4), TreeBudget::Joint, 3),
    ]
}

/// Extreme keys with extreme values, then climbing.
fn of_keys<A: TreeAdjacency>(adjacency: A, steps: usize, fault: Fault, rng: &mut ChaCha20Rng) -> Ratios {
    let mut ratios = Ratios::default();
    for options in key_cases() {
        let shape = options.moments().shape();
        let plain = 2 * shape.columns();
        let empty = attention(adjacency, &options, &[]);
        let bounds = charged(empty.sensitivities().expect("small squares"), options.bins(), fault);
        let background = random_rows(rng, shape, 2);
        let with = |row: &Row| [&background[..], std::slice::from_ref(row)].concat();
        let nodes = |rows: &[Row]| attention(adjacency, &options, rows).assume_public_nodes();
        let without = nodes(&background);
        let mut pair = |rows: &[Row]| {
            let other = if A::ROWS == 2 { nodes(&with(&rows[1])) } else { without.clone() };
            let found = moved(&nodes(&with(&rows[0])), &other, options.bins(), plain);
            ratios.see(found, bounds);
            found.1
        };
        let keys = extreme_rows(shape.key_dim, 1.0);
        let values = extreme_rows(shape.value_dim, 1.0);
        for (i, key) in keys.iter().enumerate() {
            let other = (keys[(3 * i + 1) % keys.len()].clone(), values[(i + 1) % values.len()].clone());
            pair(&[(key.clone(), values[i % values.len()].clone()), other.clone()]);
            pair(&[(key.clone(), vec![1.0; shape.value_dim]), other]);
        }
        let rows = [random_row(rng, shape, 1.0), random_row(rng, shape, 1.0)];
        let start = rows.iter().flat_map(|(key, value)| [&key[..], value].concat()).collect();
        climb(rng, start, steps, |point| pair(&unflatten(shape, point)));
    }
    ratios
}
