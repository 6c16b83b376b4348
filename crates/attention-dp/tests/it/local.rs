//! Public tokens by themselves and beside a private prefix.

use crate::data::{aggregate, budget, options, uniform};
use attention_dp::{Answer, Error, Estimate, LocalTokens, MomentOptions, PrivateMoments, Shape};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, FailureProbability};
use dp_testkit::oracle;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

fn one_percent() -> FailureProbability {
    FailureProbability::new(0.01).unwrap()
}

fn tokens<'a>(keys: &'a Mat, values: &'a Mat) -> LocalTokens<'a> {
    LocalTokens::new(keys.as_ref(), values.as_ref()).unwrap().with_parallelism(Parallelism::Sequential)
}

/// Rows of `b` behind those of `a`.
fn stacked(a: &Mat, b: &Mat) -> Mat {
    Mat::from_vec(a.nrows() + b.nrows(), a.ncols(), [a.as_slice(), b.as_slice()].concat()).unwrap()
}

fn rows(matrix: &Mat, count: usize) -> Mat {
    matrix.as_ref().subrows(0..count).to_owned()
}

/// Largest ratio of error to bar.
fn worst_ratio(estimate: &Estimate, exact: &[f64]) -> f64 {
    let errors = estimate.value().iter().zip(exact).map(|(value, exact)| (value - exact).abs());
    errors.zip(estimate.bars()).map(|(error, bar)| error / bar.total()).fold(0.0, f64::max)
}

#[test]
fn masses_and_outputs_agree_with_the_naive_sums_under_every_mask() {
    let (keys, values) = uniform(1_100, SHAPE, 3.0, 1);
    let (queries, _) = uniform(130, SHAPE, 3.0, 2);
    for (offset, threads) in [(None, 1), (Some(0), 2), (Some(400), 1), (Some(505), 3), (Some(2_000), 2)] {
        let mut local = tokens(&keys, &values).with_parallelism(Parallelism::threads(threads));
        if let Some(offset) = offset {
            local = local.with_causal_offset(offset);
        }
        let partial = local.attention(queries.as_ref(), 0.7).unwrap();
        for i in 0..queries.nrows() {
            let seen = offset.map_or(1_100, |offset| (offset + i + 1).min(1_100));
            assert_eq!(local.visible(i), seen);
            let (keys, values) = (rows(&keys, seen), rows(&values, seen));
            let naive = oracle::softmax_attention(queries.row(i), keys.as_slice(), values.as_slice(), 0.7);
            // as in the test of exact attention: logits up to 19, at most 1100 terms of size at most 3
            let tolerance = 3.0 * 1_200.0 * f64::EPSILON;
            for (a, b) in partial.output().row(i).iter().zip(naive) {
                assert!((a - b).abs() <= tolerance, "{offset:?} {i}: {a} {b}");
            }
            let weight = |key: &[f64]| (0.7 * oracle::dot(queries.row(i), key)).exp();
            let log_mass = keys.rows().map(weight).sum::<f64>().ln();
            assert!((partial.log_masses()[i] - log_mass).abs() <= tolerance, "{offset:?} {i}");
        }
    }
}

#[test]
fn hidden_tokens_may_hold_anything() {
    let (queries, _) = uniform(2, SHAPE, 0.5, 3);
    let (mut keys, mut values) = uniform(4, SHAPE, 0.5, 4);
    let attend = |keys: &Mat, values: &Mat, offset| {
        tokens(keys, values).with_causal_offset(offset).attention(queries.as_ref(), 1.0)
    };
    let before = attend(&keys, &values, 1).unwrap();
    // the fourth token is seen by nobody, the third by the second query only
    keys.row_mut(3).fill(f64::NAN);
    values.row_mut(3).fill(f64::INFINITY);
    assert_eq!(attend(&keys, &values, 1).unwrap(), before);
    keys.row_mut(2).copy_from_slice(&[1e149; 3]);
    assert_eq!(attend(&keys, &values, 1).unwrap().output().row(0), before.output().row(0));
    assert!(matches!(attend(&keys, &values, 2), Err(Error::LocalNotFinite { token: 3 })));
}

#[test]
fn without_tokens_there_is_no_mass() {
    let (queries, _) = uniform(3, SHAPE, 0.5, 5);
    let nothing = tokens(&Mat::zeros(0, 3), &Mat::zeros(0, 2)).attention(queries.as_ref(), 1.0).unwrap();
    assert_eq!(nothing.log_masses(), [f64::NEG_INFINITY; 3]);
    assert_eq!(nothing.output(), &Mat::zeros(3, 2));
}

fn merged(
    options: &MomentOptions,
    prefix: (&Mat, &Mat),
    queries: &Mat,
    local: LocalTokens<'_>,
) -> Vec<Answer> {
    let moments = aggregate(options.clone(), prefix.0, prefix.1).assume_public().unwrap();
    moments.reader(one_percent()).unwrap().query_with_local(queries.as_ref(), local).unwrap()
}

#[test]
fn one_softmax_goes_over_prefix_and_tokens_at_any_logit_and_around_any_center() {
    let (prefix_keys, prefix_values) = uniform(200, SHAPE, 0.5, 6);
    let (queries, local_values) = uniform(20, SHAPE, 0.5, 7);
    let center = vec![1.5, -40.0, 0.25];
    let centered = options(SHAPE, 1.0, 8).with_key_center(center.clone());
    let shifted = Mat::from_fn(200, 3, |i, j| prefix_keys[(i, j)] + center[j]);
    for size in [0.0, 0.5, 20.0, 2e3, 1e6] {
        let (keys, _) = uniform(20, SHAPE, 1.0, 8);
        let keys = Mat::from_fn(20, 3, |i, j| size * keys[(i, j)]);
        let local = tokens(&keys, &local_values).with_causal_offset(0);
        let answers = merged(&centered, (&shifted, &prefix_values), &queries, local);
        for (i, answer) in answers.iter().enumerate() {
            let keys = stacked(&shifted, &rows(&keys, i + 1));
            let values = stacked(&prefix_values, &rows(&local_values, i + 1));
            let exact = oracle::softmax_attention(queries.row(i), keys.as_slice(), values.as_slice(), 1.0);
            let ratio = worst_ratio(answer.estimate().unwrap(), &exact);
            assert!(ratio <= 1.0, "logits up to {size}: {ratio}");
        }
    }
}

#[test]
fn without_visible_tokens_the_answer_is_that_of_the_prefix_to_the_bit() {
    let (keys, values) = uniform(300, SHAPE, 0.5, 9);
    let (queries, _) = uniform(5, SHAPE, 0.5, 10);
    let moments = aggregate(options(SHAPE, 1.0, 4), &keys, &values).assume_public().unwrap();
    let reader = moments.reader(one_percent()).unwrap();
    let (no_keys, no_values) = (Mat::zeros(0, 3), Mat::zeros(0, 2));
    let alone = reader.query_batch(queries.as_ref()).unwrap();
    assert_eq!(reader.query_with_local(queries.as_ref(), tokens(&no_keys, &no_values)).unwrap(), alone);
}

#[test]
fn local_mass_narrows_bars_and_answers_where_the_prefix_cannot() {
    let (epsilon, delta) = budget(0.5);
    let query = Mat::from_vec(1, 3, vec![0.3, -0.2, 0.1]).unwrap();
    let empty = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 3)).unwrap();
    let release = empty.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let reader = release.value().reader(one_percent()).unwrap();
    assert_eq!(reader.query(query.row(0)).unwrap(), Answer::Undetermined);
    let mut last = f64::INFINITY;
    for count in [300, 3_000, 30_000] {
        let (keys, values) = (Mat::zeros(count, 3), Mat::filled(count, 2, 0.5));
        let answers = reader.query_with_local(query.as_ref(), tokens(&keys, &values)).unwrap();
        let estimate = answers[0].estimate().unwrap();
        let bar = estimate.bars()[0];
        assert!((estimate.value()[0] - 0.5).abs() <= bar.total());
        assert!(bar.total() < last && bar.approximation < last, "{count} tokens: {bar:?}");
        last = bar.total();
    }
}

#[test]
fn values_beyond_the_public_range_widen_the_hull() {
    let (keys, values) = uniform(2_000, SHAPE, 0.5, 11);
    let moments = aggregate(options(SHAPE, 1.0, 8), &keys, &values).assume_public().unwrap();
    let query = Mat::zeros(1, 3);
    // 2000 tokens at the origin against 2000 in the prefix: half of the mass at 1000
    let (local_keys, local_values) = (Mat::zeros(2_000, 3), Mat::filled(2_000, 2, 1_000.0));
    let reader = moments.reader(one_percent()).unwrap();
    let answers = reader.query_with_local(query.as_ref(), tokens(&local_keys, &local_values)).unwrap();
    let estimate = answers[0].estimate().unwrap();
    assert!((estimate.value()[0] - 500.0).abs() < 1.0, "{:?}", estimate.value());
    assert!(estimate.bars()[0].total() < 1.0);
}

#[test]
fn unusable_tokens_are_refused_with_their_fault() {
    let moments = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap().assume_public().unwrap();
    let reader = moments.reader(one_percent()).unwrap();
    let (queries, values) = (Mat::filled(1, 3, 0.5), Mat::zeros(2, 2));
    let ask = |keys: &Mat, values: &Mat| reader.query_with_local(queries.as_ref(), tokens(keys, values));
    assert!(matches!(ask(&Mat::zeros(2, 4), &values), Err(Error::Dimension { expected: 3, found: 4, .. })));
    assert!(matches!(ask(&Mat::zeros(2, 3), &Mat::zeros(2, 1)), Err(Error::Dimension { expected: 2, .. })));
    let mut keys = Mat::zeros(2, 3);
    keys[(1, 2)] = f64::NEG_INFINITY;
    assert!(matches!(ask(&keys, &values), Err(Error::LocalNotFinite { token: 1 })));
    assert!(matches!(LocalTokens::new(keys.as_ref(), Mat::zeros(3, 2).as_ref()), Err(Error::RowCount)));
    assert!(format!("{:?}", tokens(&keys, &values)).starts_with("LocalTokens { tokens: 2"));
}

/// Finite numbers of all sizes, and some that are not.
fn any_number() -> impl Strategy<Value = f64> {
    let sized = (-1.0..1.0_f64, -320..160_i32).prop_map(|(x, exponent)| x * 10.0_f64.powi(exponent));
    prop_oneof![9 => sized, 1 => prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::MAX])]
}

proptest! {
    #[test]
    fn any_tokens_are_refused_or_answered_in_the_hull_with_bars_that_are_numbers(
        numbers in prop::collection::vec(any_number(), 10),
        center in -1e3..1e3_f64,
        offset in prop::option::of(0_usize..3),
    ) {
        let (keys, values) = uniform(20, Shape { key_dim: 1, value_dim: 1 }, 0.5, 12);
        let options = options(Shape { key_dim: 1, value_dim: 1 }, 1.0, 4).with_key_center(vec![center]);
        let moments = aggregate(options, &keys, &values).assume_public().unwrap();
        let matrix = |numbers: &[f64]| Mat::from_vec(5, 1, numbers.to_vec()).unwrap();
        let (keys, values) = (matrix(&numbers[..5]), matrix(&numbers[5..]));
        let local = offset.map_or(tokens(&keys, &values), |o| tokens(&keys, &values).with_causal_offset(o));
        let queries = Mat::from_vec(2, 1, vec![0.7, -1.0]).unwrap();
        let reader = moments.reader(one_percent()).unwrap();
        match reader.query_with_local(queries.as_ref(), local) {
            Err(error) => prop_assert!(matches!(error, Error::LocalNotFinite { .. } | Error::Kernel(_)), "{error}"),
            Ok(answers) => for (i, answer) in answers.iter().enumerate() {
                let seen = &values.as_slice()[..local.visible(i)];
                let largest = seen.iter().fold(1.0_f64, |largest, v| largest.max(v.abs()));
                if let Some(estimate) = answer.estimate() {
                    // an average of n values of one size is rounded 2n times
                    prop_assert!(estimate.value()[0].abs() <= largest * (1.0 + 20.0 * f64::EPSILON));
                    prop_assert!(estimate.bars()[0].total() >= 0.0);
                }
            },
        }
    }
}
