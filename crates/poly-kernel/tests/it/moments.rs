use crate::Uniform;
use dp_linalg::{Mat, MatRef};
use poly_kernel::{Error, FixedPointFeatures, FixedPointMoments, Moments, MonomialMap};
use proptest::prelude::*;

const MAX_VALUE: u64 = 1000;

fn fixed_point(dim: usize, degree: usize) -> FixedPointFeatures {
    FixedPointFeatures::new(MonomialMap::exp_taylor(dim, degree).unwrap(), 14, 1.0).unwrap()
}

fn empty(dim: usize, degree: usize, columns: usize) -> FixedPointMoments {
    FixedPointMoments::new(fixed_point(dim, degree), columns, MAX_VALUE).unwrap()
}

fn sums(points: MatRef<'_>, values: MatRef<'_>, degree: usize) -> Vec<i64> {
    let mut moments = empty(points.ncols(), degree, values.ncols());
    moments.add_block(points, values).unwrap();
    moments.into_sums()
}

/// One row at a time in 128-bit integers.
fn naive_sums(points: &Mat, values: &Mat, degree: usize) -> Vec<i64> {
    let features = fixed_point(points.ncols(), degree);
    let (r, c) = (features.map().feature_count(), values.ncols());
    let (mut sums, mut integers) = (vec![0_i128; r * c], vec![0; r]);
    for (x, v) in points.rows().zip(values.rows()) {
        features.apply(x, &mut integers).unwrap();
        if v.iter().any(|v| v.fract() != 0.0 || v.is_nan() || v.abs() > MAX_VALUE as f64) {
            continue;
        }
        for (a, &feature) in integers.iter().enumerate() {
            for (j, &value) in v.iter().enumerate() {
                sums[a * c + j] += i128::from(feature) * (value as i128);
            }
        }
    }
    sums.into_iter().map(|sum| i64::try_from(sum).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn fused_sums_are_the_naive_integers(
        n in 0_usize..300, d in 1_usize..5, degree in 0_usize..4, c in 0_usize..4, seed in 0_u64..1000,
    ) {
        let mut uniform = Uniform::new(seed);
        let (points, values) = (uniform.ball(n, d, 1.0), uniform.integers(n, c, 1000.0));
        prop_assert_eq!(sums(points.as_ref(), values.as_ref(), degree), naive_sums(&points, &values, degree));
    }

    #[test]
    fn order_partition_and_merges_do_not_show(n in 1_usize..300, cut in 0.0..1.0_f64, seed in 0_u64..1000) {
        let mut uniform = Uniform::new(seed);
        let (points, values) = (uniform.ball(n, 3, 1.0), uniform.integers(n, 2, 1000.0));
        let expected = sums(points.as_ref(), values.as_ref(), 3);
        let reversed = |m: &Mat| Mat::from_fn(m.nrows(), m.ncols(), |i, j| m[(m.nrows() - 1 - i, j)]);
        prop_assert_eq!(&sums(reversed(&points).as_ref(), reversed(&values).as_ref(), 3), &expected);

        let cut = (cut * n as f64) as usize;
        let (mut left, mut right) = (empty(3, 3, 2), empty(3, 3, 2));
        left.add_block(points.as_ref().subrows(0..cut), values.as_ref().subrows(0..cut)).unwrap();
        for i in cut..n {
            right.add_block(points.as_ref().subrows(i..i + 1), values.as_ref().subrows(i..i + 1)).unwrap();
        }
        right.merge(left).unwrap();
        prop_assert_eq!(right.point_count(), n as u64);
        prop_assert_eq!(&right.into_sums(), &expected);
    }
}

#[test]
fn invalid_rows_contribute_zero_and_leave_their_neighbours_alone() {
    let mut uniform = Uniform::new(5);
    let (good, good_values) = (uniform.ball(300, 3, 1.0), uniform.integers(300, 2, 1000.0));
    let expected = naive_sums(&good, &good_values, 3);
    let bad_points = [[f64::NAN, 0.0, 0.0], [0.0, f64::INFINITY, 0.0], [1e200, -1e200, 1.0], [2.0, 0.0, 0.0]];
    let bad_values = [[0.5, 1.0], [f64::NAN, 0.0], [1001.0, 0.0], [f64::NEG_INFINITY, 3.0]];
    for place in [0, 1, 127, 128, 200, 300] {
        for k in 0..4 {
            for (point, value) in
                [(bad_points[k], [1.0, 1.0]), ([0.1; 3], bad_values[k]), (bad_points[k], bad_values[k])]
            {
                let insert = |m: &Mat, row: &[f64]| {
                    let mut data = m.as_slice().to_vec();
                    data.splice(place * row.len()..place * row.len(), row.iter().copied());
                    Mat::from_vec(m.nrows() + 1, row.len(), data).unwrap()
                };
                let (points, values) = (insert(&good, &point), insert(&good_values, &value));
                assert_eq!(sums(points.as_ref(), values.as_ref(), 3), expected, "place {place}, case {k}");
            }
        }
    }
}

#[test]
fn strided_views_are_read_as_what_they_show() {
    let mut uniform = Uniform::new(6);
    let (wide, values) = (uniform.ball(150, 7, 1.0), uniform.integers(150, 2, 1000.0));
    let view = wide.as_ref().subcols(2..5);
    assert_eq!(sums(view, values.as_ref(), 2), naive_sums(&view.to_owned(), &values, 2));
}

#[test]
fn real_moments_are_the_naive_sums_up_to_rounding() {
    let map = MonomialMap::exp_taylor(3, 3).unwrap();
    let mut uniform = Uniform::new(9);
    let mut points = uniform.ball(300, 3, 1.0);
    let mut values = Mat::from_fn(300, 2, |_, _| uniform.next());
    let (mut expected, mut features) = (Mat::zeros(map.feature_count(), 2), vec![0.0; map.feature_count()]);
    points[(17, 1)] = f64::NAN;
    points[(18, 0)] = 1e200;
    values[(140, 1)] = f64::INFINITY;
    for i in (0..300).filter(|i| ![17, 18, 140].contains(i)) {
        map.apply(points.row(i), &mut features).unwrap();
        for (a, feature) in features.iter().enumerate() {
            for j in 0..2 {
                expected[(a, j)] += feature * values[(i, j)];
            }
        }
    }
    let mut moments = Moments::new(map.clone(), 2);
    moments.add_block(points.as_ref().subrows(0..100), values.as_ref().subrows(0..100)).unwrap();
    let mut rest = Moments::new(map, 2);
    rest.add_block(points.as_ref().subrows(100..300), values.as_ref().subrows(100..300)).unwrap();
    moments.merge(&rest).unwrap();
    assert_eq!(moments.point_count(), 300);
    // |φ_a|, |v| ≤ 1: each of two orders of summation is off by at most 300 roundings of a sum below 300
    let tolerance = 2.0 * 300.0 * 300.0 * f64::EPSILON;
    for (found, expected) in moments.into_matrix().as_slice().iter().zip(expected.as_slice()) {
        assert!((found - expected).abs() <= tolerance);
    }
}

#[test]
fn refuses_shapes_bounds_and_counts_that_do_not_fit() {
    let mut moments = empty(3, 2, 2);
    let mut add = |n, d, m, c| moments.add_block(Mat::zeros(n, d).as_ref(), Mat::zeros(m, c).as_ref());
    assert_eq!(add(1, 2, 1, 2), Err(Error::Length { expected: 3, found: 2 }));
    assert_eq!(add(1, 3, 1, 1), Err(Error::Length { expected: 2, found: 1 }));
    assert_eq!(add(1, 3, 2, 2), Err(Error::RowCount { points: 1, values: 2 }));
    assert_eq!(add(0, 3, 0, 2), Ok(()));
    assert_eq!(moments.merge(empty(3, 2, 1)), Err(Error::MomentsMismatch));
    assert_eq!(moments.merge(empty(3, 3, 2)), Err(Error::MomentsMismatch));
    let mut real = Moments::new(MonomialMap::exp_taylor(3, 2).unwrap(), 2);
    let other = Moments::new(MonomialMap::exp_taylor(3, 2).unwrap(), 1);
    assert_eq!(real.merge(&other), Err(Error::MomentsMismatch));

    assert_eq!(
        FixedPointMoments::new(fixed_point(1, 1), 1, 1 << 51).map(|_| ()),
        Err(Error::ValueBound { max_abs_value: 1 << 51 })
    );
    assert!(matches!(FixedPointMoments::new(fixed_point(1, 1), 1, 1 << 45), Err(Error::Linalg(_))));
}

#[test]
fn sums_beyond_64_bits_wrap_and_are_exact_up_to_the_stated_number_of_points() {
    // entries up to about 2²⁴·√2 and values up to 2²⁸: about 2^{10.5} rows
    let features = FixedPointFeatures::new(MonomialMap::exp_taylor(1, 1).unwrap(), 24, 1.0).unwrap();
    let mut moments = FixedPointMoments::new(features, 1, 1 << 28).unwrap();
    let limit = moments.point_limit();
    let largest = i128::from(moments.features().max_abs_entry()) << 28;
    assert!(i128::from(limit) * largest < 1 << 63 && i128::from(limit + 1) * largest >= (1 << 63) - 1);
    let n = usize::try_from(limit).unwrap();
    let (points, values) = (Mat::from_fn(n, 1, |_, _| 1.0), Mat::from_fn(n, 1, |_, _| 2_f64.powi(28)));
    moments.add_block(points.as_ref(), values.as_ref()).unwrap();
    let one = (points.as_ref().subrows(0..1), values.as_ref().subrows(0..1));
    assert_eq!(moments.clone().into_sums(), [limit as i64 * (1 << 52); 2]);
    for _ in 0..limit {
        moments.add_block(one.0, one.1).unwrap();
    }
    assert_eq!(moments.into_sums(), [(limit as i64).wrapping_mul(1 << 53); 2]);
}

#[test]
fn debug_output_holds_shapes_only() {
    let mut moments = empty(2, 1, 1);
    moments
        .add_block(Mat::from_fn(1, 2, |_, _| 0.25).as_ref(), Mat::from_fn(1, 1, |_, _| 777.0).as_ref())
        .unwrap();
    let text = format!("{moments:?}");
    assert!(text.contains("(3, 1)") && !text.contains("777") && !text.contains("point"));
    let real = Moments::new(MonomialMap::exp_taylor(2, 1).unwrap(), 1);
    assert_eq!(format!("{real:?}"), "Moments { shape: (3, 1), .. }");
}
