//! Cross-attention from trees.

use crate::data::{aggregate, clipped, options, uniform};
use attention_dp::{
    Answer, Coverage, Error, MomentOptions, PrivateTreeAttention, Rows, Shape, TreeAdjacency,
    TreeAttentionOptions, TreeBudget, TreeReader, exact_attention,
};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, ArithmeticModel, Delta, Epsilon, FailureProbability, ReplaceRow};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };
const BUDGETS: [TreeBudget; 3] = [TreeBudget::EqualShares, TreeBudget::Accounted, TreeBudget::Joint];

fn moments(degree: usize) -> MomentOptions {
    options(SHAPE, 1.0, degree).with_max_rows(1 << 20)
}

fn tree_options(degree: usize, budget: TreeBudget) -> TreeAttentionOptions {
    TreeAttentionOptions::new(moments(degree), budget).with_bins(16)
}

fn private<A: TreeAdjacency>(
    adjacency: A,
    options: TreeAttentionOptions,
    (keys, values): &(Mat, Mat),
) -> PrivateTreeAttention<A> {
    let mut trees = PrivateTreeAttention::new(adjacency, options).unwrap();
    trees.push(Rows::new(adjacency, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
    trees
}

fn exact(queries: &Mat, (keys, values): &(Mat, Mat)) -> Mat {
    let (keys, values) = (clipped(keys, 1.0), clipped(values, 1.0));
    exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential).unwrap()
}

/// Largest error as a fraction of its bar, and number of answers.
fn worst_ratio(reader: &TreeReader<'_>, queries: &Mat, exact: &Mat) -> (f64, usize) {
    let answers = reader.query_batch(queries.as_ref()).unwrap();
    let (mut worst, mut count) = (0.0_f64, 0);
    for (i, estimate) in answers.iter().enumerate().filter_map(|(i, answer)| Some((i, answer.estimate()?))) {
        count += 1;
        for (j, (value, bar)) in estimate.value().iter().zip(estimate.bars()).enumerate() {
            worst = worst.max((value - exact[(i, j)]).abs() / bar.total());
        }
    }
    (worst, count)
}

fn gamma(value: f64) -> FailureProbability {
    FailureProbability::new(value).unwrap()
}

fn queries(n: usize, seed: u64) -> Mat {
    uniform(n, SHAPE, 1.0 / 3.0_f64.sqrt(), seed).0
}

#[test]
fn without_noise_answers_are_within_the_deterministic_bars() {
    let (rows, queries) = (uniform(400, SHAPE, 2.0, 1), queries(50, 2));
    for budget in BUDGETS {
        for degree in 2..6 {
            let trees = private(AddRemoveRow, tree_options(degree, budget), &rows).assume_public();
            let (worst, count) =
                worst_ratio(&trees.reader(gamma(0.01)).unwrap(), &queries, &exact(&queries, &rows));
            assert_eq!(count, 50);
            assert!(worst <= 1.0, "{budget:?}, degree {degree}: {worst}");
        }
    }
}

#[test]
fn without_noise_trees_say_what_moments_say() {
    let (rows, queries) = (uniform(300, SHAPE, 0.5, 3), queries(20, 4));
    let moments = aggregate(moments(4), &rows.0, &rows.1).assume_public().unwrap();
    let trees = private(AddRemoveRow, tree_options(4, TreeBudget::Joint), &rows).assume_public();
    let expected = moments.reader(gamma(0.01)).unwrap().query_batch(queries.as_ref()).unwrap();
    let found = trees.reader(gamma(0.01)).unwrap().query_batch(queries.as_ref()).unwrap();
    for (tree, moment) in found.iter().zip(&expected) {
        let (tree, moment) = (tree.estimate().unwrap(), moment.estimate().unwrap());
        for ((t, m), bar) in tree.value().iter().zip(moment.value()).zip(tree.bars()) {
            // the same polynomial of the same features: they differ by the rounding of squares
            assert!((t - m).abs() <= 2.0 * bar.quantisation);
        }
    }
}

#[test]
fn with_noise_answers_are_within_their_bars() {
    let (rows, queries) = (uniform(20_000, SHAPE, 0.5, 5), queries(20, 6));
    let exact = exact(&queries, &rows);
    for budget in BUDGETS {
        let (epsilon, delta) = (Epsilon::new(50.0).unwrap(), Delta::new(1e-6).unwrap());
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let released =
            private(AddRemoveRow, tree_options(2, budget), &rows).release(epsilon, delta, &mut rng).unwrap();
        assert!(released.certificate().guarantee().epsilon(delta) <= 50.0);
        assert_eq!(released.certificate().arithmetic(), ArithmeticModel::ExactLattice);
        // each bar misses with probability at most 1e-6
        for reader in [
            released.value().reader(gamma(1e-6)).unwrap(),
            released.value().fixed_query_reader(gamma(1e-6)).unwrap(),
        ] {
            let (worst, count) = worst_ratio(&reader, &queries, &exact);
            assert!(worst <= 1.0, "{budget:?}");
            assert!(budget != TreeBudget::Joint || count == 20, "{budget:?} answered {count}");
        }
    }
}

#[test]
fn a_joint_budget_has_less_noise_than_the_accountant_and_that_less_than_equal_shares() {
    let rows = uniform(10, SHAPE, 0.5, 8);
    let noise = BUDGETS.map(|budget| {
        let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
        let mut rng = ChaCha20Rng::seed_from_u64(9);
        let released =
            private(AddRemoveRow, tree_options(2, budget), &rows).release(epsilon, delta, &mut rng).unwrap();
        released.value().softmax().sums(&[0.5, 0.0, -0.5], Coverage::FixedQuery, gamma(0.05)).unwrap().noise
    });
    assert!(noise.is_sorted_by(|a, b| a > b), "{noise:?}");
}

#[test]
fn order_blocks_and_threads_change_no_node() {
    let (keys, values) = uniform(2_500, SHAPE, 0.7, 10);
    let nodes = private(AddRemoveRow, tree_options(3, TreeBudget::Joint), &(keys.clone(), values.clone()))
        .assume_public_nodes();
    let reverse =
        |rows: &Mat| Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(rows.nrows() - 1 - i, j)]);
    let threads =
        TreeAttentionOptions::new(moments(3).with_parallelism(Parallelism::threads(3)), TreeBudget::Joint)
            .with_bins(16);
    let mut parts = PrivateTreeAttention::new(AddRemoveRow, threads).unwrap();
    let (keys, values) = (reverse(&keys), reverse(&values));
    for part in [0..1, 1..1_700, 1_700..2_500] {
        let (keys, values) = (keys.as_ref().subrows(part.clone()), values.as_ref().subrows(part));
        parts.push(Rows::new(AddRemoveRow, keys, values).unwrap()).unwrap();
    }
    assert_eq!(parts.assume_public_nodes(), nodes);
}

#[test]
fn rows_that_are_not_finite_contribute_nothing() {
    let rows = uniform(5, SHAPE, 0.7, 11);
    let expected = private(AddRemoveRow, tree_options(2, TreeBudget::Joint), &rows).assume_public_nodes();
    let bad =
        |matrix: &Mat, x: f64| Mat::from_fn(7, matrix.ncols(), |i, j| if i < 5 { matrix[(i, j)] } else { x });
    for (key, value) in [(f64::NAN, 0.1), (0.1, f64::INFINITY), (f64::NEG_INFINITY, 0.0)] {
        let rows = (bad(&rows.0, key), bad(&rows.1, value));
        assert_eq!(
            private(AddRemoveRow, tree_options(2, TreeBudget::Joint), &rows).assume_public_nodes(),
            expected
        );
    }
}

#[test]
fn replacing_costs_less_than_four_times_the_square() {
    let rows = uniform(1, SHAPE, 0.5, 12);
    let one = private(AddRemoveRow, tree_options(4, TreeBudget::Joint), &rows).sensitivities().unwrap().1;
    let two = private(ReplaceRow, tree_options(4, TreeBudget::Joint), &rows).sensitivities().unwrap().1;
    assert!(2 * one < two && two < 3 * one, "{}", two as f64 / one as f64);
}

#[test]
fn few_rows_have_no_answer() {
    let released =
        private(AddRemoveRow, tree_options(2, TreeBudget::EqualShares), &uniform(3, SHAPE, 0.5, 13))
            .release(
                Epsilon::new(1.0).unwrap(),
                Delta::new(1e-6).unwrap(),
                &mut ChaCha20Rng::seed_from_u64(1),
            )
            .unwrap();
    let answer = released.value().fixed_query_reader(gamma(1e-6)).unwrap().query(&[0.1, 0.2, 0.3]).unwrap();
    assert_eq!(answer, Answer::Undetermined);
}

#[test]
fn options_and_queries_are_checked() {
    let new = |options| PrivateTreeAttention::new(AddRemoveRow, options).map(|_| ());
    assert!(matches!(new(tree_options(2, TreeBudget::Joint).with_bins(0)), Err(Error::Mechanism(_))));
    assert!(matches!(
        new(tree_options(2, TreeBudget::Joint).with_bins(1 << 30)),
        Err(Error::TreeSize { .. })
    ));
    let wide = TreeAttentionOptions::new(moments(2).with_resolution(25, 14), TreeBudget::Joint);
    assert!(matches!(new(wide), Err(Error::Resolution { .. })));
    let trees =
        private(AddRemoveRow, tree_options(2, TreeBudget::Joint), &uniform(1, SHAPE, 0.5, 1)).assume_public();
    let reader = trees.reader(gamma(0.5)).unwrap();
    assert!(matches!(reader.query(&[0.0; 2]), Err(Error::Dimension { .. })));
    assert!(matches!(reader.query(&[2.0, 0.0, 0.0]), Err(Error::QueryTooLong { .. })));
    assert!(matches!(reader.query(&[f64::NAN, 0.0, 0.0]), Err(Error::QueryNotFinite { .. })));
}

#[test]
fn private_trees_show_no_sums() {
    let trees = private(AddRemoveRow, tree_options(2, TreeBudget::Joint), &uniform(9, SHAPE, 0.5, 1));
    assert_eq!(
        format!("{trees:?}"),
        "PrivateTreeAttention { adjacency: add_remove_row, feature_count: 10, bins: 16, .. }"
    );
}
