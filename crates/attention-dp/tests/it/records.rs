//! What counts as a record: documents, small moves of a row, the same row in many heads.

use crate::data::{aggregate, budget, integers, options, uniform};
use attention_dp::{
    AttentionMoments, Bounds, Documents, Error, MomentAdjacency, MomentGeometry, MomentOptions,
    PrivateCenter, PrivateHeads, PrivateMoments, RowAdjacency, Rows, Shape, StreamingMoments,
    StreamingOptions,
};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveDocument, AddRemoveRow, Delta, Epsilon, PerturbRow, ReplaceRow};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

/// Each share of the documents in an aggregate of its own, merged.
fn documents_of(options: &MomentOptions, shares: &[(&[u64], &Mat, &Mat)]) -> Vec<i64> {
    let mut moments = PrivateMoments::new(AddRemoveDocument, options.clone()).unwrap();
    for (ids, keys, values) in shares {
        let mut share = PrivateMoments::new(AddRemoveDocument, options.clone()).unwrap();
        share.push_documents(Documents::new(ids, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
        moments.assume_disjoint_merge(share).unwrap();
    }
    moments.into_statistic().unwrap().assume_public()
}

fn norm(integers: &[i64]) -> f64 {
    integers.iter().map(|&x| (x as f64).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn documents_within_their_weight_are_their_rows() {
    let (keys, values) = uniform(300, SHAPE, 0.5, 1);
    let ids: Vec<u64> = (0..300).map(|i| (i * 7) % 100).collect(); // three rows each
    let rows = integers(aggregate(options(SHAPE, 1.0, 3), &keys, &values));
    let weighing = |weight| options(SHAPE, 1.0, 3).with_document_weight(weight);
    assert_eq!(documents_of(&weighing(3), &[(&ids, &keys, &values)]), rows);
    assert_ne!(documents_of(&weighing(1), &[(&ids, &keys, &values)]), rows);
}

#[test]
fn a_long_document_is_scaled_down_as_a_whole_and_moves_the_sums_by_its_weight_at_most() {
    let options = options(SHAPE, 1.0, 3).with_document_weight(4);
    let geometry = MomentGeometry::new(options.clone()).unwrap();
    let bound = AddRemoveDocument.sensitivity(&geometry).unwrap().l2();
    let (keys, values) = uniform(500, SHAPE, 0.4, 2);
    let rows = integers(aggregate(options.clone(), &keys, &values));
    let document = documents_of(&options, &[(&[9; 500], &keys, &values)]);
    assert!(norm(&document) <= bound && norm(&document) > 0.999 * bound);
    let factor = norm(&document) / norm(&rows);
    for (scaled, whole) in document.iter().zip(&rows) {
        // truncated, after a factor with a few roundings
        assert!(
            (*scaled as f64 - factor * *whole as f64).abs() <= 1.0 + factor * (*whole as f64).abs() * 1e-9
        );
    }
}

#[test]
fn neither_the_order_of_rows_nor_the_number_of_threads_shows_in_documents() {
    let (keys, values) = uniform(400, SHAPE, 0.5, 3);
    let ids: Vec<u64> = (0..400).map(|i| if i % 3 == 0 { 5 } else { i % 40 }).collect();
    let base = options(SHAPE, 1.0, 2).with_document_weight(6);
    let expected = documents_of(&base, &[(&ids, &keys, &values)]);
    let reversed = |m: &Mat| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(m.nrows() - 1 - i, j)]);
    let backward: Vec<u64> = ids.iter().rev().copied().collect();
    let threads = base.with_parallelism(Parallelism::Threads(core::num::NonZero::new(3).unwrap()));
    assert_eq!(documents_of(&threads, &[(&backward, &reversed(&keys), &reversed(&values))]), expected);
}

#[test]
fn documents_are_added_in_one_call_whatever_they_are() {
    let (keys, values) = uniform(20, SHAPE, 0.5, 4);
    let whole = Documents::new(&[1; 20], keys.as_ref(), values.as_ref()).unwrap();
    let none = Documents::new(&[], keys.as_ref().subrows(0..0), values.as_ref().subrows(0..0)).unwrap();
    let wrong = Documents::new(&[2; 20], keys.as_ref(), keys.as_ref()).unwrap();
    let new = || PrivateMoments::new(AddRemoveDocument, options(SHAPE, 1.0, 2)).unwrap();
    for first in [whole, none] {
        let mut moments = new();
        // a call that is refused is none
        assert!(matches!(moments.push_documents(wrong), Err(Error::Dimension { .. })));
        moments.push_documents(first).unwrap();
        for second in [whole, none] {
            assert!(matches!(moments.push_documents(second), Err(Error::DocumentsAdded)));
        }
        let mut merged = new();
        merged.assume_disjoint_merge(new()).unwrap();
        merged.assume_disjoint_merge(moments).unwrap();
        assert!(matches!(merged.push_documents(whole), Err(Error::DocumentsAdded)));
        let sums = merged.into_statistic().unwrap().assume_public();
        let mut alone = new();
        alone.push_documents(first).unwrap();
        assert_eq!(sums, alone.into_statistic().unwrap().assume_public());
    }
}

#[test]
fn shares_by_id_have_the_sums_of_one_call_and_a_document_that_is_cut_weighs_more() {
    let (keys, values) = uniform(300, SHAPE, 0.5, 4);
    let ids: Vec<u64> = (0..300).map(|i| i * i % 37).collect();
    let options = options(SHAPE, 1.0, 2).with_document_weight(3);
    let whole = documents_of(&options, &[(&ids, &keys, &values)]);
    let part = |rows: Vec<usize>| {
        let of = |m: &Mat| Mat::from_fn(rows.len(), m.ncols(), |i, j| m[(rows[i], j)]);
        (rows.iter().map(|&i| ids[i]).collect::<Vec<_>>(), of(&keys), of(&values))
    };
    let sums = |parts: [(Vec<u64>, Mat, Mat); 2]| {
        let [a, b] = &parts;
        documents_of(&options, &[(&a.0, &a.1, &a.2), (&b.0, &b.1, &b.2)])
    };
    let by_id = [0, 1].map(|residue| part((0..300).filter(|&i| ids[i] % 2 == residue).collect()));
    assert_eq!(sums(by_id), whole);
    let by_place = [0..150, 150..300].map(|rows| part(rows.collect()));
    assert!(norm(&sums(by_place)) > 1.5 * norm(&whole));
}

#[test]
fn the_first_of_many_documents_moves_the_sums_by_its_own_weight() {
    // 4095 documents of one row, then documents of two: every end of a chunk of 4096 rows is in one of these, and without the first none is
    let n = 4095 + 2 * 4096;
    let ids: Vec<u64> = (0..n).map(|row| if row < 4095 { row } else { 4095 + (row - 4095) / 2 }).collect();
    let keys = Mat::from_fn(n as usize, SHAPE.key_dim, |_, _| 0.5);
    let values = Mat::from_fn(n as usize, SHAPE.value_dim, |_, _| 0.5);
    let options = options(SHAPE, 1.0, 2).with_document_weight(2);
    let sums = |rows: core::ops::Range<usize>| {
        let documents = Documents::new(
            &ids[rows.clone()],
            keys.as_ref().subrows(rows.clone()),
            values.as_ref().subrows(rows),
        );
        let mut moments = PrivateMoments::new(AddRemoveDocument, options.clone()).unwrap();
        moments.push_documents(documents.unwrap()).unwrap();
        moments.into_statistic().unwrap().assume_public()
    };
    let moved: Vec<i64> = sums(0..n as usize).iter().zip(sums(1..n as usize)).map(|(a, b)| a - b).collect();
    let geometry = MomentGeometry::new(options.clone()).unwrap();
    let square: u128 = moved.iter().map(|x| u128::from(x.unsigned_abs()).pow(2)).sum();
    assert!(square <= AddRemoveDocument.sensitivity(&geometry).unwrap().square());
}

#[test]
fn documents_of_heads_are_added_in_one_call_or_merged() {
    let (keys, values) = uniform(20, SHAPE, 0.5, 4);
    let new = || PrivateHeads::new(AddRemoveDocument, vec![options(SHAPE, 1.0, 2); 2]).unwrap();
    let pushed = |id: u64| {
        let (ids, mut heads) = ([id; 20], new());
        heads.push_documents(&[Documents::new(&ids, keys.as_ref(), values.as_ref()).unwrap(); 2]).unwrap();
        heads
    };
    let mut both = pushed(1);
    let again = Documents::new(&[2; 20], keys.as_ref(), values.as_ref()).unwrap();
    assert!(matches!(both.push_documents(&[again; 2]), Err(Error::DocumentsAdded)));
    let other_shares = pushed(2).with_shares(vec![1.0, 2.0]).unwrap();
    assert!(matches!(both.assume_disjoint_merge(other_shares), Err(Error::DifferentOptions)));
    let fewer = PrivateHeads::new(AddRemoveDocument, vec![options(SHAPE, 1.0, 2)]).unwrap();
    assert!(matches!(both.assume_disjoint_merge(fewer), Err(Error::HeadCount { expected: 2, found: 1 })));
    let finer = vec![options(SHAPE, 1.0, 2), options(SHAPE, 1.0, 3)];
    let finer = PrivateHeads::new(AddRemoveDocument, finer).unwrap();
    assert!(matches!(both.assume_disjoint_merge(finer), Err(Error::DifferentOptions)));
    both.assume_disjoint_merge(pushed(2)).unwrap();
    let shares = [(&[1; 20][..], &keys, &values), (&[2; 20][..], &keys, &values)];
    let expected = documents_of(&options(SHAPE, 1.0, 2), &shares);
    assert!(both.assume_public().unwrap().iter().all(|head| head.steps() == expected));
}

#[test]
fn a_small_move_costs_little_and_never_more_than_replacing() {
    let geometry = MomentGeometry::new(options(SHAPE, 1.0, 4)).unwrap();
    let replaced = ReplaceRow.sensitivity(&geometry).unwrap().square();
    let mut before = 0;
    for radius in [1e-6, 1e-3, 0.1, 10.0, 1e300] {
        let square = PerturbRow::new(radius).unwrap().sensitivity(&geometry).unwrap().square();
        assert!(before < square && square <= replaced || square == replaced, "{radius}");
        before = square;
    }
    assert_eq!(before, replaced);
}

#[test]
fn small_moves_are_known_for_polynomials_only() {
    let landmarks = Mat::from_fn(4, 3, |i, j| (i + j) as f64 / 10.0);
    let geometry = MomentGeometry::new(options(SHAPE, 1.0, 1).with_landmarks(landmarks)).unwrap();
    let error = PerturbRow::new(0.1).unwrap().sensitivity(&geometry);
    assert!(matches!(error, Err(Error::NeedsPolynomial)));
    assert!(AddRemoveRow.sensitivity(&geometry).is_ok());
}

#[test]
fn centres_and_streams_protect_every_kind_of_row() {
    fn both<A: RowAdjacency>(adjacency: A) {
        let (epsilon, delta) = budget(1.0);
        let (keys, values) = uniform(100, SHAPE, 0.5, 1);
        let rows = Rows::new(adjacency, keys.as_ref(), values.as_ref()).unwrap();
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        let mut center = PrivateCenter::new(adjacency, SHAPE.key_dim, 1.0).unwrap();
        center.push(rows).unwrap();
        let center = center.release(epsilon, delta, rng).unwrap();
        let stream = StreamingOptions::new(adjacency, options(SHAPE, 1.0, 2), 4);
        let mut stream = StreamingMoments::calibrate(epsilon, delta, stream).unwrap();
        stream.push(rows, rng).unwrap();
        for guarantee in [center.certificate().guarantee(), stream.profile()] {
            assert_eq!(guarantee.adjacency(), adjacency);
            assert!(guarantee.delta(epsilon.get()) <= delta.get());
        }
    }
    both(AddRemoveRow);
    both(ReplaceRow);
    both(PerturbRow::new(0.01).unwrap());
}

#[test]
fn rows_beyond_the_range_of_squares_are_scaled_back_like_others() {
    let unit = Mat::from_vec(1, 3, vec![0.6, -0.8, 0.0]).unwrap();
    let value = Mat::from_vec(1, 2, vec![0.8, 0.6]).unwrap();
    let times = |m: &Mat, factor: f64| Mat::from_fn(1, m.ncols(), |_, j| m[(0, j)] * factor);
    let of = |factor: f64| {
        integers(aggregate(options(SHAPE, 1.0, 3), &times(&unit, factor), &times(&value, factor)))
    };
    let expected = of(10.0);
    for factor in [1e100, 1e154, 1e160, 1e300] {
        // the clipped row differs by a few roundings: where a feature or value is near a half, by a step times the other
        for (a, b) in of(factor).iter().zip(&expected) {
            assert!(a.abs_diff(*b) <= 1 << 18, "{factor}: {a} {b}");
        }
    }
}

#[test]
fn rows_stated_under_another_radius_are_refused_before_anything_is_added() {
    let [small, large] = [1e-6, 0.5].map(|radius| PerturbRow::new(radius).unwrap());
    let (keys, values) = uniform(5, SHAPE, 0.5, 1);
    let of = |adjacency| Rows::new(adjacency, keys.as_ref(), values.as_ref()).unwrap();
    let refused = |outcome: Result<(), Error>| assert!(matches!(outcome, Err(Error::DifferentOptions)));

    let mut moments = PrivateMoments::new(small, options(SHAPE, 1.0, 2)).unwrap();
    refused(moments.push(of(large)));
    assert!(moments.into_statistic().unwrap().assume_public().iter().all(|sum| *sum == 0));

    let mut heads = PrivateHeads::new(small, vec![options(SHAPE, 1.0, 2); 2]).unwrap();
    refused(heads.push(&[of(small), of(large)]));
    assert!(heads.assume_public().unwrap().iter().flat_map(AttentionMoments::steps).all(|sum| *sum == 0));

    refused(PrivateCenter::new(small, SHAPE.key_dim, 1.0).unwrap().push(of(large)));

    let stream = StreamingOptions::new(small, options(SHAPE, 1.0, 2), 4);
    let (epsilon, delta) = budget(1.0);
    let mut stream = StreamingMoments::calibrate(epsilon, delta, stream).unwrap();
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    refused(stream.push(of(large), rng));
    assert_eq!(stream.batches(), 0);
    stream.push(of(small), rng).unwrap();
}

fn heads() -> PrivateHeads<AddRemoveRow> {
    let other = Shape { key_dim: 1, value_dim: 3 };
    PrivateHeads::new(AddRemoveRow, vec![options(SHAPE, 1.0, 2), options(other, 1.0, 4)]).unwrap()
}

#[test]
fn heads_share_one_budget_and_their_certificates_join_to_it() {
    let (epsilon, delta) = budget(1.0);
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let each = heads().with_shares(vec![4.0, 1.0]).unwrap().release_each(epsilon, delta, rng).unwrap();
    let mu: Vec<f64> = each.iter().map(|r| r.certificate().guarantee().mu().unwrap().get()).collect();
    assert!((mu[0] / mu[1] - 2.0).abs() < 1e-9); // four times the share
    let mut each = each.into_iter();
    let both = each.next().unwrap().joined(each, "both").unwrap();
    let spent = both.certificate().guarantee().epsilon(delta);
    assert!(spent <= 1.0 && spent > 1.0 - 1e-6, "{spent}");
}

#[test]
fn heads_that_do_not_fit_together_are_refused_before_anything_is_added() {
    let (keys, values) = uniform(5, SHAPE, 0.5, 1);
    let (narrow, wide) = uniform(4, Shape { key_dim: 1, value_dim: 3 }, 0.5, 1);
    let first = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).unwrap();
    let second = Rows::new(AddRemoveRow, narrow.as_ref(), wide.as_ref()).unwrap();
    let mut heads = heads();
    assert!(matches!(heads.push(&[first]), Err(Error::HeadCount { expected: 2, found: 1 })));
    assert!(matches!(heads.push(&[first, second]), Err(Error::RowCount)));
    assert!(matches!(heads.push(&[first, first]), Err(Error::Dimension { .. })));
    assert!(matches!(PrivateHeads::new(AddRemoveRow, vec![]), Err(Error::NoHeads)));
    for bad in [0.0, -1.0, f64::NAN, 1e9] {
        assert!(matches!(self::heads().with_shares(vec![1.0, bad]), Err(Error::Share { head: 1, .. })));
    }
}

#[test]
fn a_private_centre_is_the_mean_of_clipped_keys_up_to_its_noise() {
    let keys = Mat::from_fn(5_000, 2, |i, j| [2.0, -1.0][j] + ((3 * i + j) as f64).sin() / 2.0);
    let rows = Rows::new(AddRemoveRow, keys.as_ref(), keys.as_ref()).unwrap();
    let mut center = PrivateCenter::new(AddRemoveRow, 2, 4.0).unwrap();
    center.push(rows).unwrap();
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let released = center.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(3)).unwrap();
    // noise of √2·4·4.2 over 5 000 rows is 0.005
    assert!((released.value()[0] - 2.0).abs() < 0.05 && (released.value()[1] + 1.0).abs() < 0.05);
    assert!(released.certificate().claims().iter().any(|claim| claim == "attention.center.privacy"));
}

#[test]
fn a_centre_of_too_few_keys_is_zero() {
    let center = PrivateCenter::new(AddRemoveRow, 2, 4.0).unwrap();
    let (epsilon, delta) = (Epsilon::new(0.01).unwrap(), Delta::new(1e-6).unwrap());
    let released = center.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(3)).unwrap();
    assert_eq!(released.value(), &[0.0, 0.0]);
}

#[test]
fn a_centre_needs_a_radius_and_a_dimension() {
    assert!(matches!(PrivateCenter::new(AddRemoveRow, 0, 1.0), Err(Error::EmptyShape { .. })));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(PrivateCenter::new(AddRemoveRow, 2, bad).is_err());
    }
    assert!(Bounds::new(1.0, 1.0, 1.0).is_ok());
}
