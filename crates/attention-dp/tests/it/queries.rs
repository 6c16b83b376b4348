//! Answers and their bars.

use crate::data::{aggregate, budget, clipped, options, uniform};
use attention_dp::{Answer, Coverage, Error, MomentReader, PrivateMoments, Shape, exact_attention};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, FailureProbability};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

fn one_percent() -> FailureProbability {
    FailureProbability::new(0.01).unwrap()
}

/// Largest ratio of error to bar over all answers, and the number of answers.
fn worst_ratio(reader: &MomentReader<'_>, queries: &Mat, exact: &Mat) -> (f64, usize) {
    let answers = reader.query_batch(queries.as_ref()).unwrap();
    let mut worst = 0.0_f64;
    let mut count = 0;
    for (i, answer) in answers.iter().enumerate() {
        let Some(estimate) = answer.estimate() else { continue };
        count += 1;
        for (j, (value, bar)) in estimate.value().iter().zip(estimate.bars()).enumerate() {
            worst = worst.max((value - exact[(i, j)]).abs() / bar.total());
        }
    }
    (worst, count)
}

#[test]
fn without_noise_answers_are_within_the_deterministic_bars() {
    let (keys, values) = uniform(500, SHAPE, 2.0, 1);
    let (queries, _) = uniform(200, SHAPE, 1.0 / 3.0_f64.sqrt(), 2);
    for degree in 2..8 {
        let moments = aggregate(options(SHAPE, 1.0, degree), &keys, &values).assume_public().unwrap();
        let (keys, values) = (clipped(&keys, 1.0), clipped(&values, 1.0));
        let exact =
            exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential)
                .unwrap();
        let (worst, count) = worst_ratio(&moments.reader(one_percent()).unwrap(), &queries, &exact);
        assert_eq!(count, 200);
        assert!(worst <= 1.0, "degree {degree}: {worst}");
    }
}

#[test]
fn with_noise_answers_are_within_simultaneous_bars_almost_always() {
    let (keys, values) = uniform(20_000, SHAPE, 0.5, 3);
    let (queries, _) = uniform(200, SHAPE, 1.0 / 3.0_f64.sqrt(), 4);
    let exact =
        exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential)
            .unwrap();
    let (epsilon, delta) = budget(1.0);
    // each of 20 releases misses somewhere with probability at most 1 %: three misses have probability below 1.2e-3
    let misses = (0..20).filter(|&seed| {
        let moments = aggregate(options(SHAPE, 1.0, 6), &keys, &values);
        let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
        let (worst, count) = worst_ratio(&release.value().reader(one_percent()).unwrap(), &queries, &exact);
        assert_eq!(count, 200);
        worst > 1.0
    });
    assert!(misses.count() <= 2);
}

#[test]
fn single_and_batched_queries_agree_to_the_bit() {
    let (keys, values) = uniform(300, SHAPE, 0.5, 5);
    let (queries, _) = uniform(67, SHAPE, 0.5, 6);
    let moments = aggregate(options(SHAPE, 1.0, 4), &keys, &values).assume_public().unwrap();
    let reader = moments.reader(one_percent()).unwrap();
    let batch = reader.query_batch(queries.as_ref()).unwrap();
    for (i, answer) in batch.iter().enumerate() {
        let single = reader.query(queries.row(i)).unwrap();
        let (single, batched) = (single.estimate().unwrap(), answer.estimate().unwrap());
        for (a, b) in single.value().iter().zip(batched.value()) {
            // products of 35 terms in another blocking: 70 roundings of terms that sum to at most ‖φ‖‖S‖/D ≲ 10
            assert!((a - b).abs() <= 10.0 * 70.0 * f64::EPSILON, "{a} {b}");
        }
    }
}

#[test]
fn bars_for_queries_fixed_beforehand_are_narrower_and_say_so() {
    let (keys, values) = uniform(5_000, SHAPE, 0.5, 7);
    let (epsilon, delta) = budget(1.0);
    let moments = aggregate(options(SHAPE, 1.0, 4), &keys, &values);
    let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let all = release.value().reader(one_percent()).unwrap();
    let fixed = release.value().fixed_query_reader(one_percent()).unwrap();
    assert_eq!((all.coverage(), fixed.coverage()), (Coverage::Simultaneous, Coverage::FixedQuery));
    let bar =
        |reader: &MomentReader<'_>| reader.query(&[0.5, 0.0, 0.0]).unwrap().estimate().unwrap().bars()[0];
    assert!(bar(&fixed).total() < bar(&all).total());
    assert_eq!(bar(&fixed).approximation, bar(&all).approximation);
    assert!(fixed.noise_multiplier() > 2.9 && fixed.noise_multiplier() < 3.0); // Φ⁻¹(1 − 0.01/6) = 2.935
}

#[test]
fn few_rows_give_no_answer_instead_of_a_wild_one() {
    let (epsilon, delta) = budget(0.1);
    for n in [0, 1, 3] {
        let (keys, values) = uniform(n, SHAPE, 0.5, 8);
        let moments = aggregate(options(SHAPE, 1.0, 2), &keys, &values);
        let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(2)).unwrap();
        let answer = release.value().reader(one_percent()).unwrap().query(&[0.1, 0.2, 0.3]).unwrap();
        assert_eq!(answer, Answer::Undetermined, "{n} rows");
    }
}

#[test]
fn no_rows_and_no_noise_give_no_answer() {
    let empty = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap().assume_public().unwrap();
    assert_eq!(empty.reader(one_percent()).unwrap().query(&[0.0; 3]).unwrap(), Answer::Undetermined);
}

#[test]
fn answers_stay_within_the_public_range() {
    let (keys, values) = uniform(200, SHAPE, 0.5, 9);
    let (epsilon, delta) = budget(1.0);
    for seed in 0..20 {
        let moments = aggregate(options(SHAPE, 1.0, 2).with_value_range(-0.25, 0.5), &keys, &values);
        let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
        let answer =
            release.value().fixed_query_reader(one_percent()).unwrap().query(&[0.1, 0.2, 0.3]).unwrap();
        for &value in answer.estimate().iter().flat_map(|estimate| estimate.value()) {
            assert!((-0.25..=0.5).contains(&value));
        }
    }
}

#[test]
fn a_kernel_without_certificate_answers_with_bars_over_the_whole_range() {
    let (keys, values) = uniform(300, SHAPE, 0.5, 10);
    let uncertified = options(SHAPE, 1.5, 1).with_value_range(0.0, 0.5).with_uncertified_kernel();
    let moments = aggregate(uncertified, &keys, &values).assume_public().unwrap();
    assert!(moments.geometry().kernel_error() > 1.0 && !moments.geometry().rows_are_acute());
    let bar = |query: &[f64]| {
        let answer = moments.reader(one_percent()).unwrap().query(query).unwrap();
        answer.estimate().unwrap().bars()[0].total()
    };
    assert!(bar(&[1.5, 0.0, 0.0]) >= 0.5); // logits up to 2.25: nothing is certified
    assert!(bar(&[0.1, 0.0, 0.0]) < 0.01); // logits up to 0.15
}

#[test]
fn unusable_queries_are_named() {
    let moments = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap().assume_public().unwrap();
    let reader = moments.reader(one_percent()).unwrap();
    assert!(matches!(reader.query(&[0.0; 2]), Err(Error::Dimension { expected: 3, found: 2, .. })));
    let batch = Mat::from_fn(3, 3, |i, j| if (i, j) == (1, 2) { f64::NAN } else { 0.0 });
    assert!(matches!(
        reader.query_batch(batch.as_ref()),
        Err(Error::QueryNotFinite { query: 1, coordinate: 2 })
    ));
    assert!(matches!(reader.query(&[1.0, 0.1, 0.0]), Err(Error::QueryTooLong { query: 0, .. })));
    assert!(matches!(reader.query(&[f64::MAX, f64::MAX, 0.0]), Err(Error::QueryTooLong { .. })));
    assert!(reader.query(&[1.0, 0.0, 0.0]).is_ok());
    assert_eq!(reader.query_batch(Mat::zeros(0, 3).as_ref()).unwrap(), []);
}

proptest! {
    #[test]
    fn deterministic_bars_hold_for_any_rows_and_queries(
        rows in prop::collection::vec(prop::collection::vec(-2.0..2.0_f64, 5), 1..20),
        query in prop::collection::vec(-0.8..0.8_f64, 3),
        degree in 5_usize..9,
    ) {
        let keys = Mat::from_fn(rows.len(), 3, |i, j| rows[i][j]);
        let values = Mat::from_fn(rows.len(), 2, |i, j| rows[i][3 + j]);
        let moments = aggregate(options(SHAPE, 1.4, degree), &keys, &values).assume_public().unwrap();
        let reader = moments.reader(one_percent()).unwrap();
        let queries = Mat::from_vec(1, 3, query).unwrap();
        let (keys, values) = (clipped(&keys, 1.4), clipped(&values, 1.4));
        let exact = exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential).unwrap();
        let (worst, _) = worst_ratio(&reader, &queries, &exact);
        prop_assert!(worst <= 1.0, "{}", worst);
    }
}
