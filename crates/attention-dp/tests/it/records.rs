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

fn documents_of(options: MomentOptions, chunks: &[(&[u64], &Mat, &Mat)]) -> Vec<i64> {
    let mut moments = PrivateMoments::new(AddRemoveDocument, options).unwrap();
    for (ids, keys, values) in chunks {
        moments.push_documents(Documents::new(ids, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
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
    assert_eq!(documents_of(options(SHAPE, 1.0, 3).with_document_weight(3), &[(&ids, &keys, &values)]), rows);
    assert_ne!(documents_of(options(SHAPE, 1.0, 3).with_document_weight(1), &[(&ids, &keys, &values)]), rows);
}

#[test]
fn a_long_document_is_scaled_down_as_a_whole_and_moves_the_sums_by_its_weight_at_most() {
    let options = options(SHAPE, 1.0, 3).with_document_weight(4);
    let geometry = MomentGeometry::new(options.clone()).unwrap();
    let bound = AddRemoveDocument.sensitivity(&geometry).unwrap().l2();
    let (keys, values) = uniform(500, SHAPE, 0.4, 2);
    let rows = integers(aggregate(options.clone(), &keys, &values));
    let document = documents_of(options, &[(&[9; 500], &keys, &values)]);
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
    let expected = documents_of(base.clone(), &[(&ids, &keys, &values)]);
    let reversed = |m: &Mat| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(m.nrows() - 1 - i, j)]);
    let backward: Vec<u64> = ids.iter().rev().copied().collect();
    let threads = base.with_parallelism(Parallelism::Threads(core::num::NonZero::new(3).unwrap()));
    assert_eq!(documents_of(threads, &[(&backward, &reversed(&keys), &reversed(&values))]), expected);
}

#[test]
fn a_document_that_comes_again_is_left_out() {
    let (keys, values) = uniform(20, SHAPE, 0.5, 4);
    let once = documents_of(options(SHAPE, 1.0, 2), &[(&[1; 20], &keys, &values)]);
    let again = [(&[1; 20][..], &keys, &values), (&[1; 20][..], &keys, &values)];
    assert_eq!(documents_of(options(SHAPE, 1.0, 2), &again), once);
}

#[test]
fn documents_of_two_machines_add_up_and_stay_known() {
    let (keys, values) = uniform(20, SHAPE, 0.5, 4);
    let push = |moments: &mut PrivateMoments<AddRemoveDocument>, id: u64| {
        let ids = [id; 20];
        moments.push_documents(Documents::new(&ids, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
    };
    let mut both = PrivateMoments::new(AddRemoveDocument, options(SHAPE, 1.0, 2)).unwrap();
    let mut other = PrivateMoments::new(AddRemoveDocument, options(SHAPE, 1.0, 2)).unwrap();
    push(&mut both, 1);
    push(&mut other, 2);
    both.assume_disjoint_merge(other).unwrap();
    push(&mut both, 2); // has been seen, on the other machine
    let again = [(&[1; 20][..], &keys, &values), (&[2; 20][..], &keys, &values)];
    assert_eq!(both.into_statistic().unwrap().assume_public(), documents_of(options(SHAPE, 1.0, 2), &again));
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
