//! Errors of sums over ranges of leaves.

use super::super::{budget, failure_probability};
use crate::checks::picture::{self, AgainstBounds};
use crate::{Context, Outcome, Subject, exceeds, larger};
use attention_dp::{DpTree, PrivateTree, RowBound, TreeBudget, TreeOptions};
use dp_mechanisms::AddRemoveRow;
use dp_testkit::statistics::proportion_lower_bound;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Leaves and what stands there.
fn random_rows(leaves: usize, rng: &mut ChaCha20Rng) -> Vec<(usize, i64)> {
    (0..20).map(|_| (rng.random_range(0..leaves), rng.random_range(-3..=3))).collect()
}

fn tree(leaves: usize, split: TreeBudget, rows: &[(usize, i64)]) -> PrivateTree<AddRemoveRow> {
    let options = TreeOptions::new(leaves, RowBound::entries(1, 3), split);
    let mut tree = PrivateTree::over_bins(AddRemoveRow, options).expect("a small tree");
    for &(leaf, x) in rows {
        tree.add(leaf, &[x]).expect("one entry");
    }
    tree
}

/// All ranges of trees of all sizes. The twin forgets one node of each range.
pub(super) fn bound(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut largest, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for trial in 0..context.scale(150, 5_000) {
        let leaves = 1 + trial % 40;
        let split = [TreeBudget::EqualShares, TreeBudget::Accounted][trial % 2];
        let rows = random_rows(leaves, &mut rng);
        let exact = tree(leaves, split, &rows).assume_public();
        // a large δ: noise is nearly uniform up to its bound, and reaches it
        let (epsilon, delta) = budget(0.05, 0.2);
        let released = tree(leaves, split, &rows).release(epsilon, delta, &mut rng).expect("little noise");
        let tree = released.value();
        let one = tree.noise().bound().expect("truncated noise has a bound");
        for range in (0..leaves).flat_map(|start| (start + 1..=leaves).map(move |end| start..end)) {
            let sum = |tree: &DpTree| tree.range(range.clone()).expect("a range")[0];
            let bound = tree.range_bound(range.clone()).expect("a range").expect("a bound");
            let bound = bound - subject.pick(0.0, one);
            let error = (sum(tree) - sum(&exact)).abs();
            largest = larger(largest, error / larger(bound, f64::MIN_POSITIVE));
            pairs.push(bound, error);
            n += 1;
        }
    }
    if largest < 0.9 {
        return Outcome::inconclusive(format!("errors came only within {largest:.3} of their bounds"));
    }
    let figure = pairs.picture("Errors of sums over ranges of leaves, against their bounds");
    Outcome::at_most(largest, 1.0, n).with_note("error over its bound").with_figure(figure)
}

/// A rate above γ is reported with at most this probability if there is none.
const ALPHA: f64 = 1e-6;

/// Fixed ranges, again and again. The twin takes the half-width of one leaf for that of the range.
pub(super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let releases = context.scale(1_500, 100_000);
    let (mut parts, mut rates, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for (split, range) in
        [(TreeBudget::Joint, 3..61), (TreeBudget::Joint, 0..64), (TreeBudget::Accounted, 1..63)]
    {
        let rows = random_rows(64, &mut rng);
        let (epsilon, delta) = budget(1.0, 1e-6);
        let mechanism = tree(64, split, &rows).calibrate(epsilon, delta).expect("supported noise");
        let exact = tree(64, split, &rows).assume_public().range(range.clone()).expect("a range")[0];
        let one_leaf = range.start..range.start + 1;
        let looked_at = subject.pick(range.clone(), one_leaf);
        for gamma in [0.1, 0.01] {
            let mut misses = 0;
            for _ in 0..releases {
                let released =
                    tree(64, split, &rows).release_with(&mechanism, &mut rng).expect("little noise");
                let error = released.value().range(range.clone()).expect("a range")[0] - exact;
                let width = released.value().range_half_width(looked_at.clone(), failure_probability(gamma));
                misses += u64::from(exceeds(error.abs(), width.expect("a probability")));
            }
            let low = proportion_lower_bound(misses, releases as u64, context.spend(ALPHA));
            parts.push(Outcome::at_most(low, gamma, releases as u64));
            let share = misses as f64 / releases as f64;
            rates.push(format!("{share:.4} of {gamma}"));
            shares.push((gamma, share));
        }
    }
    let title = "Half-widths of sums over ranges: how often they may miss, and how often they did";
    Outcome::worst(parts)
        .with_note(format!("misses, two Gaussian ranges and one truncated: {}", rates.join(", ")))
        .with_figure(picture::coverage(title, &shares))
}
