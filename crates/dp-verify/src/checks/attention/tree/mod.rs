//! Checks of the claims on trees.

mod attention;
mod audit;
mod distances;
mod failure;
mod privacy;
mod published;
mod ranges;
mod sensitivity;
mod size;

use super::Row;
use crate::{Check, Evidence};
use attention_dp::{
    DistanceOptions, MomentOptions, PrivateDistances, PrivateTreeAttention, Rows, TreeAdjacency,
    TreeAttentionOptions, TreeBudget,
};
use core::ops::Range;
use dp_linalg::Mat;
use dp_mechanisms::continual::TreeShape;

/// Every check of trees.
pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("attention.tree.sensitivity", Search, sensitivity::sensitivity),
        check("attention.tree.privacy", Numeric, privacy::calibration),
        check("attention.tree.privacy", Audit, audit::audit),
        check("attention.tree.failure", Search, failure::failure),
        check("attention.tree.size", Exact, size::size),
        check("attention.tree.range_bound", Search, ranges::bound),
        check("attention.tree.range_coverage", Statistical, ranges::coverage),
        check("attention.tree.distance_error", Search, distances::error),
        check("attention.tree.distance_coverage", Statistical, distances::coverage),
        check("attention.tree.deterministic_error", Search, attention::deterministic_error),
        check("attention.tree.fixed_coverage", Statistical, attention::fixed_coverage),
        check("attention.tree.simultaneous_coverage", Statistical, attention::simultaneous_coverage),
        check("attention.tree.published.normaliser", Exact, published::normaliser),
        check("attention.tree.published.normaliser", Audit, published::normaliser_audit),
        check("attention.tree.published.sums", Exact, published::sums),
        check("attention.tree.published.sums", Audit, published::sums_audit),
        check("attention.tree.published.probability", Exact, published::probability),
        check("attention.tree.published.probability", Audit, published::probability_audit),
        check("attention.tree.published.insertion", Exact, published::insertion),
        check("attention.tree.published.relative", Exact, published::relative),
    ]
}

const BUDGETS: [TreeBudget; 3] = [TreeBudget::EqualShares, TreeBudget::Accounted, TreeBudget::Joint];

/// Keys and values in trees of this many bins.
fn attention<A: TreeAdjacency>(
    adjacency: A,
    options: &TreeAttentionOptions,
    rows: &[Row],
) -> PrivateTreeAttention<A> {
    let (keys, values) = super::matrices(options.moments().shape(), rows);
    let mut trees = PrivateTreeAttention::new(adjacency, options.clone()).expect("the options are sound");
    let rows = Rows::new(adjacency, keys.as_ref(), values.as_ref()).expect("one value a key");
    trees.push(rows).expect("rows have the shape of the options");
    trees
}

fn tree_options(moments: MomentOptions, budget: TreeBudget, bins: usize) -> TreeAttentionOptions {
    TreeAttentionOptions::new(moments.with_max_rows(1 << 20), budget).with_bins(bins)
}

/// Points with their weights, the last number of each row.
fn distances<A: TreeAdjacency>(
    adjacency: A,
    options: &DistanceOptions,
    rows: &[Vec<f64>],
) -> PrivateDistances<A> {
    let dim = options.dim();
    let points = Mat::from_fn(rows.len(), dim, |i, j| rows[i][j]);
    let weights = Mat::from_fn(rows.len(), 1, |i, _| rows[i][dim]);
    let mut distances = PrivateDistances::new(adjacency, options.clone()).expect("the options are sound");
    let rows = Rows::new(adjacency, points.as_ref(), weights.as_ref()).expect("one weight a point");
    distances.push(rows).expect("rows have the shape of the options");
    distances
}

/// The nodes of one scalar tree, level by level, and their number.
fn levels(bins: usize) -> (Vec<Range<usize>>, usize) {
    let shape = TreeShape::new(bins as u64).expect("some bins");
    let mut ranges = Vec::new();
    let mut start = 0;
    for level in 0..shape.levels() {
        let end = start + (bins >> level);
        ranges.push(start..end);
        start = end;
    }
    (ranges, start)
}

/// Largest L1 distance within one level of one scalar tree or in one plain sum, and squared L2 distance of all.
fn moved(a: &[i64], b: &[i64], bins: usize, plain: usize) -> (u64, u128) {
    let (levels, stride) = levels(bins);
    let (trees, sums) = (a.len() - plain, a.len() - plain..a.len());
    let l1 = |range: Range<usize>| range.map(|i| a[i].abs_diff(b[i])).sum::<u64>();
    let of_level = |tree: usize| {
        levels.iter().map(move |level| l1(tree + level.start..tree + level.end)).max().unwrap_or(0)
    };
    let largest =
        (0..trees).step_by(stride).map(of_level).chain(sums.map(|i| l1(i..i + 1))).max().unwrap_or(0);
    let squared = a.iter().zip(b).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum();
    (largest, squared)
}
