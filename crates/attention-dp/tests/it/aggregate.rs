//! The private sum: what rows contribute, and that nothing else matters.

use crate::data::{aggregate, budget, clipped, integers, options, uniform};
use attention_dp::{MomentAdjacency, MomentGeometry, PrivateMoments, Rows, Shape};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, ArithmeticModel, Provenance, ReplaceRow};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

#[test]
fn chunks_iterators_merges_and_threads_give_the_same_integers() {
    let (keys, values) = uniform(1_537, SHAPE, 0.9, 1);
    let whole = integers(aggregate(options(SHAPE, 1.0, 4), &keys, &values));

    let mut chunked = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 4)).unwrap();
    for (start, end) in [(0, 1), (1, 514), (514, 514), (514, 1_537)] {
        let rows = (keys.as_ref().subrows(start..end), values.as_ref().subrows(start..end));
        chunked.push(Rows::new(AddRemoveRow, rows.0, rows.1).unwrap()).unwrap();
    }
    assert_eq!(integers(chunked), whole);

    let mut extended = PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 4)).unwrap();
    extended.extend(keys.as_ref().rows().zip(values.as_ref().rows())).unwrap();
    assert_eq!(integers(extended), whole);

    let threads = options(SHAPE, 1.0, 4).with_parallelism(Parallelism::threads(3));
    let mut merged = aggregate(threads, &keys, &values);
    let (more_keys, more_values) = uniform(100, SHAPE, 0.9, 2);
    merged.merge(aggregate(options(SHAPE, 1.0, 4), &more_keys, &more_values)).unwrap();
    let more = integers(aggregate(options(SHAPE, 1.0, 4), &more_keys, &more_values));
    let sum: Vec<i64> = whole.iter().zip(&more).map(|(a, b)| a + b).collect();
    assert_eq!(integers(merged), sum);
}

#[test]
fn rows_that_are_not_finite_contribute_nothing() {
    let (mut keys, mut values) = uniform(10, SHAPE, 0.9, 3);
    for (row, bad) in [(2, f64::NAN), (4, f64::INFINITY), (6, f64::NEG_INFINITY)] {
        keys[(row, 1)] = bad;
    }
    for (row, bad) in [(3, f64::NAN), (5, f64::NEG_INFINITY)] {
        values[(row, 1)] = bad;
    }
    let good = [0, 1, 7, 8, 9];
    let pick = |rows: &Mat| Mat::from_fn(good.len(), rows.ncols(), |i, j| rows[(good[i], j)]);
    let expected = integers(aggregate(options(SHAPE, 1.0, 3), &pick(&keys), &pick(&values)));
    assert_eq!(integers(aggregate(options(SHAPE, 1.0, 3), &keys, &values)), expected);
}

#[test]
fn long_rows_count_as_if_scaled_back_to_the_radius() {
    let (keys, values) = uniform(50, SHAPE, 30.0, 4);
    let long = aggregate(options(SHAPE, 1.0, 4), &keys, &values).assume_public().unwrap();
    let short = aggregate(options(SHAPE, 1.0, 4), &clipped(&keys, 1.0), &clipped(&values, 1.0))
        .assume_public()
        .unwrap();
    // a factor that differs in its last bits moves an entry of a row by at most one step of one factor: A + c̃ + 1
    let geometry = long.geometry();
    let per_row = geometry.features().max_abs_entry() + geometry.normaliser() + 1;
    let largest = long.steps().iter().zip(short.steps()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(largest <= 50 * per_row, "{largest}");
    assert!(long.steps().iter().any(|&s| s.unsigned_abs() > 1000 * per_row), "nothing was summed");
}

#[test]
fn a_public_centre_undoes_a_shift_of_all_keys() {
    // dyadic keys and shift: subtraction is exact
    let keys = Mat::from_fn(40, 3, |i, j| ((i * 7 + j * 3) % 16) as f64 / 32.0 - 0.25);
    let values = Mat::from_fn(40, 2, |i, j| ((i + j) % 5) as f64 / 8.0);
    let shifted = Mat::from_fn(40, 3, |i, j| keys[(i, j)] + 4.0);
    let centred = options(SHAPE, 1.0, 4).with_key_center(vec![4.0; 3]);
    assert_eq!(
        integers(aggregate(centred, &shifted, &values)),
        integers(aggregate(options(SHAPE, 1.0, 4), &keys, &values))
    );
}

#[test]
fn a_release_says_what_it_is() {
    let (keys, values) = uniform(100, SHAPE, 0.5, 5);
    let (epsilon, delta) = budget(1.0);
    let moments = aggregate(options(SHAPE, 1.0, 2), &keys, &values);
    let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let certificate = release.certificate();
    assert_eq!(certificate.arithmetic(), ArithmeticModel::ExactLattice);
    assert_eq!(release.provenance(), Provenance::Minted);
    assert!(certificate.guarantee().delta(1.0) <= 1e-6);
    assert!(certificate.guarantee().delta(0.999) > 1e-6, "more noise than the target needs");
    for claim in ["mechanisms.rounded_gaussian.privacy", "attention.moments.privacy"] {
        assert!(certificate.claims().iter().any(|id| id == claim), "{claim}");
    }
    for parameter in
        ["noise_std", "squared_l2_sensitivity", "target_epsilon", "target_delta", "lattice_exponent"]
    {
        assert!(certificate.parameters().contains_key(parameter), "{parameter}");
    }
}

#[test]
fn released_integers_are_the_aggregate_plus_noise_that_depends_on_the_generator_alone() {
    let (keys, values) = uniform(64, SHAPE, 0.5, 6);
    let (epsilon, delta) = budget(1.0);
    let release = |moments: PrivateMoments<AddRemoveRow>| {
        let release = moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(9)).unwrap();
        release.value().steps().to_vec()
    };
    let noise = release(PrivateMoments::new(AddRemoveRow, options(SHAPE, 1.0, 2)).unwrap());
    let sums = integers(aggregate(options(SHAPE, 1.0, 2), &keys, &values));
    let expected: Vec<i64> = sums.iter().zip(&noise).map(|(s, z)| s + z).collect();
    assert_eq!(release(aggregate(options(SHAPE, 1.0, 2), &keys, &values)), expected);
}

#[test]
fn replacing_costs_twice_the_square_at_every_degree_that_is_allowed() {
    // a kernel error below 1 means T_g(−B) > 0, also for odd degrees
    for degree in 1..7 {
        let geometry = MomentGeometry::new(options(SHAPE, 0.8, degree)).unwrap();
        let (one, two) =
            (AddRemoveRow.sensitivity(&geometry).unwrap(), ReplaceRow.sensitivity(&geometry).unwrap());
        assert!(geometry.rows_are_acute());
        assert_eq!(two.square(), 2 * one.square(), "degree {degree}");
    }
}

#[test]
fn a_lattice_too_coarse_to_prove_acuteness_is_charged_in_full() {
    // four bits: the rounding of 35 features outweighs the smallest kernel value
    let geometry = MomentGeometry::new(options(SHAPE, 1.2, 4).with_resolution(4, 14)).unwrap();
    let (one, two) =
        (AddRemoveRow.sensitivity(&geometry).unwrap(), ReplaceRow.sensitivity(&geometry).unwrap());
    assert!(!geometry.rows_are_acute());
    assert_eq!(two.square(), 4 * one.square());
}

proptest! {
    #[test]
    fn no_row_moves_the_integers_further_than_the_sensitivity(
        key in prop::collection::vec(-3.0..3.0_f64, 3),
        value in prop::collection::vec(-3.0..3.0_f64, 2),
        other in prop::collection::vec(-3.0..3.0_f64, 5),
        degree in 1_usize..5,
    ) {
        let options = options(SHAPE, 0.9, degree);
        let geometry = MomentGeometry::new(options.clone()).unwrap();
        let of = |key: &[f64], value: &[f64]| {
            let (k, v) = (Mat::from_vec(1, 3, key.to_vec()).unwrap(), Mat::from_vec(1, 2, value.to_vec()).unwrap());
            integers(aggregate(options.clone(), &k, &v))
        };
        let (left, right) = (of(&key, &value), of(&other[..3], &other[3..]));
        let square = |steps: &mut dyn Iterator<Item = i64>| steps.map(|s| u128::from(s.unsigned_abs()).pow(2)).sum::<u128>();
        prop_assert!(square(&mut left.iter().copied()) <= AddRemoveRow.sensitivity(&geometry).unwrap().square());
        let distance = square(&mut left.iter().zip(&right).map(|(a, b)| a - b));
        prop_assert!(distance <= ReplaceRow.sensitivity(&geometry).unwrap().square());
    }
}
