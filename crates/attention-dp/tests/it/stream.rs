//! A store that grows.

use crate::data::{aggregate, budget, clipped, integers, options, uniform};
use attention_dp::{
    Answer, Error, Factorization, IntervalMoments, LocalTokens, MomentOptions, PrivateMoments, Rows, Shape,
    StreamingMoments, StreamingOptions, exact_attention,
};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::continual::History;
use dp_mechanisms::{AddRemoveRow, FailureProbability, NoiseStd, Provenance, ReplaceRow};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 2, value_dim: 2 };

const BOTH: [Factorization; 2] = [Factorization::BinaryTree, Factorization::SquareRoot];

fn moments() -> MomentOptions {
    options(SHAPE, 1.0, 5).with_max_rows(1 << 16)
}

fn streaming(horizon: u64, factorization: Factorization) -> StreamingOptions<AddRemoveRow> {
    StreamingOptions::new(AddRemoveRow, moments(), horizon).with_factorization(factorization)
}

/// So little noise that every sample is zero.
fn silent(options: StreamingOptions<AddRemoveRow>) -> StreamingMoments<AddRemoveRow> {
    StreamingMoments::with_noise_std(NoiseStd::new(1e-3).unwrap(), options).unwrap()
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn one_percent() -> FailureProbability {
    FailureProbability::new(0.01).unwrap()
}

fn push(store: &mut StreamingMoments<AddRemoveRow>, (keys, values): &(Mat, Mat), rng: &mut ChaCha20Rng) {
    store.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).unwrap(), rng).unwrap();
}

/// Batches of different sizes, some of them empty.
fn batches(count: u64) -> Vec<(Mat, Mat)> {
    (0..count).map(|i| uniform([5, 0, 40, 1, 17][i as usize % 5], SHAPE, 1.0, i)).collect()
}

/// The rows of some batches as one data set.
fn joined(batches: &[(Mat, Mat)]) -> (Mat, Mat) {
    let rows = batches.iter().map(|(keys, _)| keys.nrows()).sum();
    let keys = batches.iter().flat_map(|(keys, _)| keys.as_slice().iter().copied()).collect();
    let values = batches.iter().flat_map(|(_, values)| values.as_slice().iter().copied()).collect();
    (Mat::from_vec(rows, 2, keys).unwrap(), Mat::from_vec(rows, 2, values).unwrap())
}

#[test]
fn without_noise_every_range_has_the_moments_of_its_batches() {
    let batches = batches(11);
    let step = silent(streaming(11, BOTH[0])).geometry().lattice().step();
    for factorization in BOTH {
        let mut store = silent(streaming(11, factorization));
        for batch in &batches {
            push(&mut store, batch, &mut rng(1));
        }
        let released = store.released();
        for (start, end) in (0..=11).flat_map(|end| (0..=end).map(move |start| (start, end))) {
            let found = released.range(start..end).unwrap();
            let (keys, values) = joined(&batches[start as usize..end as usize]);
            let exact = integers(aggregate(moments(), &keys, &values));
            let distance =
                found.values().rows().flatten().zip(&exact).map(|(v, &s)| (v / step - s as f64).abs());
            assert!(distance.fold(0.0, f64::max) <= found.entry_remainder() / step, "{factorization:?}");
            assert_eq!(found.batches(), start..end);
        }
        assert_eq!(released.latest().values().to_owned(), released.prefix(11).unwrap().values().to_owned());
        assert_eq!(released.window(3).unwrap().batches(), 8..11);
        assert!(released.window(12).is_none() && released.range(5..12).is_none());
    }
}

/// Whether some answered coordinate is farther from exact attention over these batches than its bar.
fn misses(moments: &IntervalMoments, rows: &(Mat, Mat), queries: &Mat) -> bool {
    let (keys, values) = (clipped(&rows.0, 1.0), clipped(&rows.1, 1.0));
    let exact =
        exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential)
            .unwrap();
    let answers = moments.reader(one_percent()).unwrap().query_batch(queries.as_ref()).unwrap();
    answers.iter().enumerate().filter_map(|(i, answer)| Some((i, answer.estimate()?))).any(|(i, estimate)| {
        let coordinates = estimate.value().iter().zip(estimate.bars()).zip(exact.row(i));
        coordinates.into_iter().any(|((value, bar), exact)| (value - exact).abs() > bar.total())
    })
}

#[test]
fn prefixes_and_windows_answer_within_their_bars_almost_always() {
    let (epsilon, delta) = budget(2.0);
    let batches: Vec<(Mat, Mat)> = (0..6).map(|i| uniform(4_000, SHAPE, 0.7, 100 + i)).collect();
    let (queries, _) = uniform(50, SHAPE, 0.7, 9);
    for factorization in BOTH {
        let mut missed = 0;
        for seed in 0..10 {
            let mut store = StreamingMoments::calibrate(epsilon, delta, streaming(8, factorization)).unwrap();
            for batch in &batches {
                push(&mut store, batch, &mut rng(seed));
            }
            let released = store.released();
            for range in [0..1, 0..6, 2..5, 3..6] {
                let rows = joined(&batches[range.start as usize..range.end as usize]);
                missed += u32::from(misses(&released.range(range).unwrap(), &rows, &queries));
            }
        }
        // 40 ranges that miss with probability at most 1 %, those of one stream not independently: by Markov's inequality
        // seven or more in expectation of 0.4 have probability below 6 %; the seeds are fixed
        assert!(missed <= 6, "{factorization:?}: {missed}");
    }
}

#[test]
fn the_error_of_an_interval_is_what_the_store_states() {
    for factorization in BOTH {
        let mut store =
            StreamingMoments::with_noise_std(NoiseStd::new(1e5).unwrap(), streaming(20, factorization))
                .unwrap();
        for _ in 0..20 {
            push(&mut store, &(Mat::zeros(0, 2), Mat::zeros(0, 2)), &mut rng(3));
        }
        for range in [0..20, 0..7, 3..4, 5..19] {
            let unit = store.released().range(range.clone()).unwrap().unit_noise_std();
            // rounding adds 1/12 to a variance of 1e10, and the reader's is rounded up by 1e-9
            assert!((unit / store.range_std(range) - 1.0).abs() < 1e-8, "{factorization:?}");
        }
        assert_eq!(store.prefix_std(7), store.range_std(0..7));
        assert_eq!(store.prefix_std(21), f64::INFINITY);
    }
}

#[test]
fn the_square_root_is_more_accurate_than_the_tree_at_equal_privacy() {
    let (epsilon, delta) = budget(1.0);
    let [tree, root] =
        BOTH.map(|kind| StreamingMoments::calibrate(epsilon, delta, streaming(64, kind)).unwrap());
    for range in [0..64, 0..17, 40..41, 50..60] {
        assert!(root.range_std(range.clone()) < tree.range_std(range));
    }
}

#[test]
fn local_tokens_stand_behind_a_prefix_of_a_stream_too() {
    let mut store = silent(streaming(4, Factorization::BinaryTree));
    push(&mut store, &uniform(500, SHAPE, 0.5, 1), &mut rng(1));
    let (keys, values) = (Mat::filled(1, 2, 60.0), Mat::filled(1, 2, 3.0));
    let local = LocalTokens::new(keys.as_ref(), values.as_ref()).unwrap();
    let latest = store.released().latest();
    let query = Mat::filled(1, 2, 0.5);
    let answers = latest.reader(one_percent()).unwrap().query_with_local(query.as_ref(), local).unwrap();
    // a logit of 60 outweighs 500 rows
    assert!((answers[0].estimate().unwrap().value()[0] - 3.0).abs() < 1e-12);
}

#[test]
fn a_batch_may_be_aggregated_elsewhere() {
    let batch = uniform(100, SHAPE, 1.0, 4);
    let (mut whole, mut parts) = (silent(streaming(2, BOTH[0])), silent(streaming(2, BOTH[0])));
    push(&mut whole, &batch, &mut rng(1));
    let mut gathered = parts.empty_batch().unwrap();
    gathered.extend((0..100).map(|i| (batch.0.row(i), batch.1.row(i)))).unwrap();
    parts.push_aggregate(gathered, &mut rng(1)).unwrap();
    assert_eq!(whole.released().latest().values().to_owned(), parts.released().latest().values().to_owned());
    let foreign = PrivateMoments::new(AddRemoveRow, moments().with_softmax_scale(0.5)).unwrap();
    assert!(matches!(parts.push_aggregate(foreign, &mut rng(1)), Err(Error::DifferentOptions)));
    assert_eq!(parts.batches(), 1);
}

#[test]
fn one_budget_covers_the_stream_and_the_certificate_says_which() {
    let (epsilon, delta) = budget(1.0);
    for factorization in BOTH {
        let options = StreamingOptions::new(ReplaceRow, moments(), 9).with_factorization(factorization);
        let mut store = StreamingMoments::calibrate(epsilon, delta, options).unwrap();
        let (keys, values) = uniform(10, SHAPE, 1.0, 5);
        store.push(Rows::new(ReplaceRow, keys.as_ref(), values.as_ref()).unwrap(), &mut rng(1)).unwrap();
        assert!(store.profile().delta(1.0) <= 1e-6);
        let certificate = store.certificate();
        let release = store.into_release();
        assert_eq!(release.certificate(), &certificate);
        assert_eq!(release.provenance(), Provenance::Minted);
        assert_eq!(release.value().factorization(), factorization);
        assert_eq!(release.value().batches(), 1);
        for (name, value) in
            [("horizon", "9"), ("target_epsilon", "1.0"), ("features", "taylor(5)"), ("columns", "3")]
        {
            assert_eq!(certificate.parameters()[name], value, "{name}");
        }
        assert!(certificate.claims().iter().any(|claim| claim == "attention.stream.privacy"));
    }
}

#[test]
fn how_a_call_fails_depends_on_shapes_and_on_the_number_of_batches() {
    let mut store = silent(streaming(1, Factorization::BinaryTree));
    let wrong = (Mat::zeros(3, 3), Mat::zeros(3, 2));
    let rows = Rows::new(AddRemoveRow, wrong.0.as_ref(), wrong.1.as_ref()).unwrap();
    assert!(matches!(store.push(rows, &mut rng(1)), Err(Error::Dimension { expected: 2, found: 3, .. })));
    assert_eq!(store.batches(), 0);
    push(&mut store, &(Mat::filled(1, 2, f64::NAN), Mat::filled(1, 2, f64::INFINITY)), &mut rng(1));
    let answer = store.released().latest().reader(one_percent()).unwrap().query(&[0.0, 0.0]).unwrap();
    assert_eq!(answer, Answer::Undetermined);
    for (keys, values) in [uniform(3, SHAPE, 1.0, 6), uniform(0, SHAPE, 1.0, 6)] {
        let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).unwrap();
        let refused = store.push(rows, &mut rng(1)).unwrap_err();
        assert!(matches!(
            refused,
            Error::Mechanism(dp_mechanisms::Error::HorizonExceeded { horizon: 1, .. })
        ));
    }
}

#[test]
fn options_that_no_stream_can_have_are_refused_beforehand() {
    let (epsilon, delta) = budget(1.0);
    let refused = |options| StreamingMoments::calibrate(epsilon, delta, options).unwrap_err();
    assert!(matches!(refused(streaming(0, Factorization::BinaryTree)), Error::Mechanism(_)));
    assert!(matches!(
        refused(streaming((1 << 14) + 1, Factorization::SquareRoot)),
        Error::Horizon { horizon: 16_385, limit: 16_384 }
    ));
    // 32 bits of a row and 28 of their number leave none for the square root
    let options = StreamingOptions::new(AddRemoveRow, options(SHAPE, 1.0, 5), 64);
    assert!(StreamingMoments::calibrate(epsilon, delta, options.clone()).is_ok());
    let root = options.with_factorization(Factorization::SquareRoot);
    assert!(matches!(refused(root), Error::Mechanism(dp_mechanisms::Error::LatticeOverflow { .. })));
}

#[test]
fn without_history_only_the_latest_prefix_answers() {
    for factorization in BOTH {
        let mut store = silent(streaming(4, factorization).with_history(History::Dropped));
        for batch in &batches(3) {
            push(&mut store, batch, &mut rng(1));
        }
        let released = store.released();
        assert!(released.prefix(3).is_some() && released.prefix(2).is_none());
        assert_eq!(released.latest().batches(), 0..3);
    }
}

#[test]
fn debug_shows_no_private_value() {
    let mut store = silent(streaming(4, Factorization::SquareRoot));
    push(&mut store, &uniform(9, SHAPE, 1.0, 7), &mut rng(1));
    assert_eq!(
        format!("{store:?}"),
        "StreamingMoments { adjacency: add_remove_row, factorization: SquareRoot, horizon: 4, batches: 1, .. }"
    );
}
