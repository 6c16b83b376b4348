//! Sums over ranges of leaves.

use crate::data::budget;
use attention_dp::{DpTree, Error, NodeNoise, PrivateTree, RowBound, Signs, TreeBudget, TreeOptions};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, Provenance, ReplaceRow};
use rand::{RngExt, SeedableRng};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};

const BUDGETS: [TreeBudget; 3] = [TreeBudget::EqualShares, TreeBudget::Accounted, TreeBudget::Joint];

/// Vectors of two entries for each leaf.
fn vectors(leaves: usize) -> Vec<i64> {
    let mut rng = ChaCha8Rng::seed_from_u64(leaves as u64);
    (0..2 * leaves).map(|_| rng.random_range(-9..=9)).collect()
}

fn over_positions(leaves: usize, budget: TreeBudget) -> PrivateTree<ReplaceRow> {
    let options = TreeOptions::new(leaves, RowBound::entries(2, 9), budget);
    PrivateTree::over_positions(options, &vectors(leaves)).unwrap()
}

fn naive(vectors: &[i64], start: usize, end: usize) -> [f64; 2] {
    [0, 1].map(|entry| (start..end).map(|i| vectors[2 * i + entry] as f64).sum())
}

/// Largest error over all ranges as a fraction of what `limit` says.
fn worst(tree: &DpTree, leaves: usize, limit: impl Fn(usize, usize) -> f64) -> f64 {
    let vectors = vectors(leaves);
    let mut worst = 0.0_f64;
    for start in 0..leaves {
        for end in start + 1..=leaves {
            let (released, exact) = (tree.range(start..end).unwrap(), naive(&vectors, start, end));
            let error = released.iter().zip(exact).map(|(r, e)| (r - e).abs()).fold(0.0, f64::max);
            worst = worst.max(error / limit(start, end));
        }
    }
    worst
}

#[test]
fn without_noise_every_range_is_exact() {
    for leaves in [1, 2, 5, 8, 33, 100] {
        let tree = over_positions(leaves, TreeBudget::Joint).assume_public();
        assert_eq!(worst(&tree, leaves, |_, _| 1.0), 0.0, "{leaves}");
        assert_eq!(tree.range(0..0).unwrap(), [0.0, 0.0]);
        assert_eq!(tree.prefix(leaves).unwrap(), naive(&vectors(leaves), 0, leaves));
    }
}

#[test]
fn truncated_noise_never_leaves_its_bound() {
    for budget in [TreeBudget::EqualShares, TreeBudget::Accounted] {
        for seed in 0..20 {
            let released = over_positions(37, budget)
                .release(
                    Epsilon::new(1.0).unwrap(),
                    Delta::new(0.01).unwrap(),
                    &mut ChaCha20Rng::seed_from_u64(seed),
                )
                .unwrap();
            let tree = released.value();
            let bound = |start, end| tree.range_bound(start..end).unwrap().unwrap();
            assert!(worst(tree, 37, bound) <= 1.0);
        }
    }
}

#[test]
fn all_ranges_are_within_their_half_widths_if_these_share_the_failure_probability() {
    // 37·38/2 = 703 ranges at γ = 1e-4 each: a release misses somewhere with probability below 0.071, more than 8 of 30 do with
    // probability below 1e-3
    let each = FailureProbability::new(1e-4).unwrap();
    for budget in BUDGETS {
        let misses = (0..30).filter(|&seed| {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
            let released = over_positions(37, budget).release(epsilon, delta, &mut rng).unwrap();
            let tree = released.value();
            worst(tree, 37, |start, end| tree.range_half_width(start..end, each).unwrap()) > 1.0
        });
        assert!(misses.count() <= 8, "{budget:?}");
    }
}

#[test]
fn the_stated_standard_deviation_is_that_of_the_errors() {
    let mut square = 0.0;
    let (releases, range) = (400_u32, 3..30);
    for seed in 0..u64::from(releases) {
        let (epsilon, delta) = budget(1.0);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let released = over_positions(32, TreeBudget::Joint).release(epsilon, delta, &mut rng).unwrap();
        let tree = released.value();
        let (sums, exact) = (tree.range(range.clone()).unwrap(), naive(&vectors(32), range.start, range.end));
        let std = tree.range_std(range.clone()).unwrap();
        square += sums.iter().zip(exact).map(|(s, e)| ((s - e) / std).powi(2)).sum::<f64>();
    }
    // χ² with 800 degrees of freedom: its standard deviation is √1600 = 40, five of them
    assert!((square - f64::from(2 * releases)).abs() < 200.0, "{square}");
}

#[test]
fn the_accountant_never_asks_for_more_noise_than_equal_shares() {
    let scale = |budget| {
        let (epsilon, delta) = (Epsilon::new(0.5).unwrap(), Delta::new(1e-6).unwrap());
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let released = over_positions(64, budget).release(epsilon, delta, &mut rng).unwrap();
        assert!(released.certificate().guarantee().epsilon(delta) <= 0.5);
        match released.value().noise() {
            NodeNoise::TruncatedLaplace { scale, .. } => scale.get(),
            other => panic!("{other:?}"),
        }
    };
    assert!(scale(TreeBudget::Accounted) <= scale(TreeBudget::EqualShares));
}

#[test]
fn released_nodes_are_sums_plus_noise_that_depends_on_the_generator_alone() {
    for budget in BUDGETS {
        let release = |tree: PrivateTree<AddRemoveRow>| {
            let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
            let release = tree.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(3)).unwrap();
            assert_eq!(release.provenance(), Provenance::Minted);
            (0..16).map(|i| release.value().range(i..i + 1).unwrap()[0]).collect::<Vec<_>>()
        };
        let options = TreeOptions::new(16, RowBound::entries(1, 5), budget);
        let empty = || PrivateTree::over_bins(AddRemoveRow, options).unwrap();
        let mut filled = empty();
        (0..100).for_each(|i| filled.add(i % 16, &[5]).unwrap());
        let (noise, noisy) = (release(empty()), release(filled));
        for (leaf, (z, s)) in noise.iter().zip(&noisy).enumerate() {
            let count = (0..100).filter(|i| i % 16 == leaf).count();
            assert_eq!(s - z, 5.0 * count as f64, "{budget:?}");
        }
    }
}

#[test]
fn rows_that_exceed_the_bound_or_name_no_leaf_contribute_nothing() {
    let bound = RowBound { l1: 3, ..RowBound::entries(2, 2) };
    let mut tree =
        PrivateTree::over_bins(AddRemoveRow, TreeOptions::new(4, bound, TreeBudget::Joint)).unwrap();
    for vector in [[2, 1], [-2, 2], [3, 0], [i64::MIN, i64::MIN]] {
        tree.add(1, &vector).unwrap();
    }
    tree.add(4, &[1, 1]).unwrap();
    tree.add(usize::MAX, &[1, 1]).unwrap();
    assert_eq!(tree.assume_public().range(0..4).unwrap(), [2.0, 1.0]);
}

#[test]
fn vectors_without_negative_entries_are_enforced_and_cost_less_to_replace() {
    let tree = |signs| {
        let bound = RowBound { signs, ..RowBound::entries(1, 3) };
        PrivateTree::over_bins(ReplaceRow, TreeOptions::new(16, bound, TreeBudget::Joint)).unwrap()
    };
    let squared = |signs| tree(signs).sensitivities().unwrap().1;
    assert_eq!(squared(Signs::Any), 2 * squared(Signs::Nonnegative));
    let mut counts = tree(Signs::Nonnegative);
    for x in [3, -1, 2] {
        counts.add(5, &[x]).unwrap();
    }
    assert_eq!(counts.assume_public().range(5..6).unwrap(), [5.0]);
}

#[test]
fn what_cannot_be_a_tree_is_refused() {
    let over = |leaves, width| {
        let options = TreeOptions::new(leaves, RowBound::entries(width, 1), TreeBudget::Joint);
        PrivateTree::over_bins(AddRemoveRow, options)
    };
    assert!(matches!(over(0, 1), Err(Error::Mechanism(_))));
    assert!(matches!(over(10, 0), Err(Error::TreeSize { .. })));
    assert!(matches!(over(1 << 28, 1), Err(Error::TreeSize { .. })));
    assert!(matches!(over(usize::MAX, usize::MAX), Err(Error::TreeSize { .. })));
    let mut tree = over(8, 2).unwrap();
    assert!(matches!(tree.add(0, &[1]), Err(Error::Dimension { expected: 2, found: 1, .. })));
    let options = TreeOptions::new(8, RowBound::entries(2, 1), TreeBudget::Joint);
    let short = PrivateTree::over_positions(options, &[0; 14]);
    assert!(matches!(short, Err(Error::Dimension { expected: 16, found: 14, .. })));
    let tree = tree.assume_public();
    #[allow(clippy::reversed_empty_ranges, reason = "that is what is refused")]
    let bad = [0..9, 5..4];
    for range in bad {
        assert!(matches!(tree.range(range), Err(Error::TreeRange { leaves: 8, .. })));
    }
}

#[test]
fn a_private_tree_shows_no_sums() {
    let shown = format!("{:?}", over_positions(8, TreeBudget::Joint));
    assert_eq!(shown, "PrivateTree { adjacency: replace_row, leaves: 8, width: 2, .. }");
}

#[test]
fn a_sensitivity_that_overflows_is_an_error_and_the_smaller_of_both_norms_counts() {
    let row = RowBound { width: 2, l1: u64::MAX, squared_l2: u128::MAX, signs: Signs::Any };
    let tree = |row, budget| {
        let options = TreeOptions::new(64, row, budget).with_max_rows(0);
        PrivateTree::over_bins(AddRemoveRow, options).unwrap()
    };
    let overflows =
        |error| matches!(error, Err(Error::Mechanism(dp_mechanisms::Error::SensitivityOverflow { .. })));
    let (epsilon, delta) = budget(1.0);
    assert!(overflows(tree(row, TreeBudget::Joint).sensitivities().map(|_| ())));
    assert!(overflows(tree(row, TreeBudget::Joint).calibrate(epsilon, delta).map(|_| ())));
    let replaced =
        PrivateTree::over_bins(ReplaceRow, TreeOptions::new(1, row, TreeBudget::EqualShares)).unwrap();
    assert!(overflows(replaced.calibrate(epsilon, delta).map(|_| ())));
    // five levels; an L1 norm of ten bounds the squared L2 norm by a hundred
    let short = tree(RowBound { l1: 10, ..row }, TreeBudget::EqualShares);
    assert_eq!(short.sensitivities().unwrap(), (10, 500));
    assert!(short.calibrate(epsilon, delta).is_ok());
}
