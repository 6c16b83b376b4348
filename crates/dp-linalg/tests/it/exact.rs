//! Exact integer products against 128-bit integers.

use dp_linalg::{Error, ExactProductSum, Mat, MatRef, Operation, is_integral_within};
use proptest::prelude::*;

use crate::support::{SplitMix, padded, random_integers, strided};

/// `leftᵀ·right` in `i128`, reduced modulo 2⁶⁴.
fn oracle(left: &Mat, right: &Mat) -> Vec<i64> {
    let entry =
        |i, j| (0..left.nrows()).map(|t| left[(t, i)] as i128 * right[(t, j)] as i128).sum::<i128>() as i64;
    (0..left.ncols())
        .flat_map(|i| (0..right.ncols()).map(move |j| (i, j)))
        .map(|(i, j)| entry(i, j))
        .collect()
}

fn sum_of(left: &Mat, right: &Mat, bounds: (u64, u64)) -> ExactProductSum {
    let mut sum = ExactProductSum::new(left.ncols(), right.ncols(), bounds.0, bounds.1).unwrap();
    sum.add_tn(left.as_ref(), right.as_ref()).unwrap();
    sum
}

fn same_sign(nrows: usize, ncols: usize, value: u64) -> Mat {
    Mat::from_fn(nrows, ncols, |_, _| value as f64)
}

proptest! {
    #[test]
    fn both_orientations_equal_the_integer_oracle(
        b in 0usize..40, r in 0usize..9, c in 0usize..9, padding in 0usize..3, log_a in 0u32..=30, log_b in 0u32..=22, seed: u64,
    ) {
        let bounds = (1u64 << log_a, 1u64 << log_b);
        let left = random_integers(b, r, bounds.0, seed);
        let right = random_integers(b, c, bounds.1, !seed);
        let by_feature = left.transpose();
        let (tn_buffer, nn_buffer, right_buffer) = (padded(&left, padding), padded(&by_feature, padding), padded(&right, padding));
        let right_view = strided(&right_buffer, b, c, padding);
        let mut by_rows = ExactProductSum::new(r, c, bounds.0, bounds.1).unwrap();
        by_rows.add_tn(strided(&tn_buffer, b, r, padding), right_view).unwrap();
        let mut by_columns = ExactProductSum::new(r, c, bounds.0, bounds.1).unwrap();
        by_columns.add_nn(strided(&nn_buffer, r, b, padding), right_view).unwrap();
        prop_assert_eq!(by_rows.rows_seen(), b as u64);
        prop_assert_eq!(by_rows.into_sums(), oracle(&left, &right));
        prop_assert_eq!(by_columns.into_sums(), oracle(&left, &right));
    }

    #[test]
    fn order_partition_and_merge_tree_do_not_show(cuts in proptest::collection::vec(0usize..1500, 0..6), seed: u64) {
        const ROWS: usize = 1500;
        let bounds = (1 << 20, 1 << 25); // 256 products of this size fill the 53 bits: several flushes
        let (left, right) = (random_integers(ROWS, 5, bounds.0, seed), random_integers(ROWS, 3, bounds.1, seed ^ 1));
        let expected = sum_of(&left, &right, bounds).into_sums();
        let mut order: Vec<usize> = (0..ROWS).collect();
        let mut source = SplitMix(seed);
        (1..ROWS).for_each(|i| order.swap(i, (source.next() % (i as u64 + 1)) as usize));
        let shuffled = |a: &Mat| Mat::from_fn(ROWS, a.ncols(), |i, j| a[(order[i], j)]);
        let (left, right) = (shuffled(&left), shuffled(&right));
        let mut cuts: Vec<usize> = cuts.into_iter().chain([0, ROWS]).collect();
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|ends| {
            let mut part = ExactProductSum::new(5, 3, bounds.0, bounds.1).unwrap();
            part.add_tn(left.as_ref().subrows(ends[0]..ends[1]), right.as_ref().subrows(ends[0]..ends[1])).unwrap();
            part
        });
        let total = parts.reduce(|mut total, part| { total.merge(part).unwrap(); total }).unwrap();
        prop_assert_eq!(total.rows_seen(), ROWS as u64);
        prop_assert_eq!(total.into_sums(), expected);
    }
}

#[test]
fn worst_case_entries_stay_exact_across_flushes() {
    // one product is 2⁵² − 2²⁶: the second already leaves no room below 2⁵³ for a third
    let (a, b) = ((1u64 << 26) - 1, 1u64 << 26);
    let (left, right) = (same_sign(2000, 3, a), same_sign(2000, 2, b));
    let expected = 2000 * (a * b) as i64;
    assert!(sum_of(&left, &right, (a, b)).into_sums().iter().all(|&sum| sum == expected));
    // the same in plain f64 is wrong: this is what flushing is for
    let rounded: f64 = (0..2000).map(|_| (a * b) as f64 + 1.0).sum();
    assert_ne!(rounded as i64, expected + 2000);
}

#[test]
fn a_flush_that_came_one_row_late_would_be_seen() {
    // three of these stay below 2⁵³; five of them are odd and beyond, so no f64 holds the sum
    let product = ((1u64 << 53) - 1) / 3 - 1;
    let left = same_sign(5, 1, product);
    let late: f64 = (0..5).map(|_| product as f64).sum();
    assert_ne!(late as i64, 5 * product as i64, "the case must be one where rounding shows");
    assert_eq!(sum_of(&left, &same_sign(5, 1, 1), (product, 1)).into_sums(), [5 * product as i64]);
}

#[test]
fn sums_beyond_i64_are_exact_modulo_two_to_the_64() {
    let bound = (1u64 << 53) - 1;
    let rows = 3000; // 3000·2⁵³ > 2⁶⁴
    let left = same_sign(rows, 1, bound);
    let sum = sum_of(&left, &same_sign(rows, 1, 1), (bound, 1));
    assert!(sum.rows_seen() > sum.exact_rows());
    assert_eq!(sum.into_sums(), [(rows as i128 * i128::from(bound)) as i64]);
}

#[test]
fn exact_rows_is_the_last_count_that_fits() {
    let product = 12_345 * 678;
    let rows = u128::from(ExactProductSum::new(1, 1, 12_345, 678).unwrap().exact_rows());
    assert!(rows * product < 1 << 63 && (rows + 1) * product >= 1 << 63);
}

#[test]
fn threads_that_share_the_rows_give_the_same_bits() {
    let bounds = (1 << 20, 1 << 25);
    let (left, right) = (random_integers(3000, 33, bounds.0, 11), random_integers(3000, 9, bounds.1, 12));
    let expected = oracle(&left, &right);
    for threads in 1..=3 {
        let mut parts: Vec<_> = std::thread::scope(|scope| {
            let part = |t: usize| {
                let rows = 3000 * t / threads..3000 * (t + 1) / threads;
                let mut sum = ExactProductSum::new(33, 9, bounds.0, bounds.1).unwrap();
                sum.add_tn(left.as_ref().subrows(rows.clone()), right.as_ref().subrows(rows)).unwrap();
                sum
            };
            let handles: Vec<_> = (0..threads).map(|t| scope.spawn(move || part(t))).collect();
            handles.into_iter().map(|handle| handle.join().unwrap()).collect()
        });
        let mut total = parts.pop().unwrap();
        for part in parts {
            total.merge(part).unwrap();
        }
        assert_eq!(total.into_sums(), expected, "{threads} threads");
    }
}

#[test]
fn merging_keeps_what_either_side_has_not_flushed() {
    let bounds = (7, 7);
    let (left, right) = (random_integers(10, 2, 7, 1), random_integers(10, 2, 7, 2));
    let mut total = sum_of(&left, &right, bounds);
    total.merge(sum_of(&left, &right, bounds)).unwrap();
    total.add_tn(left.as_ref(), right.as_ref()).unwrap();
    let expected: Vec<i64> = oracle(&left, &right).into_iter().map(|sum| 3 * sum).collect();
    assert_eq!((total.rows_seen(), total.into_sums()), (30, expected));
}

#[test]
fn a_bound_of_zero_needs_no_flush_and_sums_to_zero() {
    let right = random_integers(1000, 2, 1 << 40, 3);
    let sum = sum_of(&Mat::zeros(1000, 2), &right, (0, u64::MAX));
    assert_eq!(sum.exact_rows(), u64::MAX);
    assert_eq!(sum.into_sums(), [0; 4]);
}

#[test]
fn bounds_whose_product_may_round_are_refused() {
    let refused = |max_abs_left, max_abs_right| {
        ExactProductSum::new(1, 1, max_abs_left, max_abs_right).err()
            == Some(Error::ProductTooLarge { max_abs_left, max_abs_right })
    };
    assert!(refused(1 << 53, 1) && refused(1 << 27, 1 << 26) && refused(u64::MAX, u64::MAX));
    assert!(!refused((1 << 53) - 1, 1) && !refused((1 << 27) - 1, 1 << 26));
}

#[test]
fn refused_calls_add_nothing() {
    let mut sum = ExactProductSum::new(2, 3, 9, 9).unwrap();
    let (ones, wide) = (same_sign(4, 2, 1), same_sign(4, 4, 1));
    let mismatch =
        |left, right| Err(Error::ShapeMismatch { operation: Operation::ExactProduct, left, right });
    assert_eq!(sum.add_tn(ones.as_ref(), wide.as_ref()), mismatch((4, 2), (4, 4)));
    assert_eq!(sum.add_nn(ones.as_ref(), wide.as_ref()), mismatch((4, 2), (4, 4)));
    let shape = sum.merge(ExactProductSum::new(3, 2, 9, 9).unwrap());
    assert_eq!(shape, Err(Error::ShapeMismatch { operation: Operation::Merge, left: (2, 3), right: (3, 2) }));
    let bounds = sum.merge(ExactProductSum::new(2, 3, 9, 8).unwrap());
    assert_eq!(bounds, Err(Error::BoundMismatch { left: (9, 9), right: (9, 8) }));
    assert_eq!((sum.rows_seen(), sum.into_sums()), (0, vec![0; 6]));
}

#[test]
fn debug_prints_no_sum() {
    let text = format!("{:?}", sum_of(&same_sign(1, 1, 13), &same_sign(1, 1, 17), (20, 20)));
    assert_eq!(text, "ExactProductSum { shape: (1, 1), bounds: (20, 20), .. }");
}

#[test]
fn only_integers_within_the_bound_pass_the_check() {
    let passes = |entry: f64, max_abs| is_integral_within(MatRef::new(&[0.0, entry], 2, 1).unwrap(), max_abs);
    assert!(passes(5.0, 5) && passes(-5.0, 5) && passes(-0.0, 0) && passes(2f64.powi(63), 1 << 63));
    assert!(!passes(5.0, 4) && !passes(-5.0, 4) && !passes(4.5, 5) && !passes(f64::MIN_POSITIVE, 5));
    for entry in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 2f64.powi(64)] {
        assert!(!passes(entry, u64::MAX), "{entry}");
    }
    // 2⁵³ + 1 is no f64: as a bound it admits 2⁵³ and refuses 2⁵³ + 2
    assert!(
        passes(9_007_199_254_740_992.0, (1 << 53) + 1) && !passes(9_007_199_254_740_994.0, (1 << 53) + 1)
    );
}
