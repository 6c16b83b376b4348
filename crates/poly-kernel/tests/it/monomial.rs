use crate::{Uniform, dot, naive_feature};
use dp_linalg::Mat;
use poly_kernel::{Error, MonomialMap, feature_count};
use proptest::prelude::*;

fn features(map: &MonomialMap, x: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; map.feature_count()];
    map.apply(x, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn products_of_features_are_the_kernel(
        d in 1_usize..6, coefficients in prop::collection::vec(prop_oneof![Just(0.0), 0.01..4.0_f64], 0..5),
        last in 0.01..4.0_f64, seed in 0_u64..1000,
    ) {
        let coefficients = [coefficients, vec![last]].concat();
        let map = MonomialMap::new(d, &coefficients).unwrap();
        let mut uniform = Uniform::new(seed);
        let points = uniform.ball(2, d, 1.5);
        let (x, y) = (points.row(0), points.row(1));
        // a feature has 6g + 3 roundings of 2⁻⁵³, the sum r more; by Cauchy and Schwarz Σ|φ_a(x)φ_a(y)| ≤ ‖φ(x)‖‖φ(y)‖
        let roundings = (2 * (6 * map.degree() + 3) + map.feature_count() + 2 * (d + map.degree())) as f64;
        let scale = (map.squared_norm(x) * map.squared_norm(y)).sqrt();
        let tolerance = roundings * f64::EPSILON * scale;
        prop_assert!((dot(&features(&map, x), &features(&map, y)) - map.kernel(dot(x, y))).abs() <= tolerance);
        let norm = dot(&features(&map, x), &features(&map, x)).sqrt();
        prop_assert!(norm <= map.norm_bound(dot(x, x).sqrt() * (1.0 + 1e-15)) * (1.0 + roundings * f64::EPSILON));
    }

    #[test]
    fn features_are_the_monomials_of_the_definition(d in 1_usize..6, degree in 0_usize..6, seed in 0_u64..1000) {
        let map = MonomialMap::exp_taylor(d, degree).unwrap();
        let x = Uniform::new(seed).ball(1, d, 2.0);
        for (exponents, value) in map.exponents().zip(features(&map, x.row(0))) {
            let expected = naive_feature(map.coefficients(), &exponents, x.row(0));
            // 6g + 3 roundings here; at most as many in the definition (powers by repeated products)
            let tolerance = (12 * degree + 12) as f64 * f64::EPSILON * expected.abs();
            prop_assert!((value - expected).abs() <= tolerance, "{exponents:?}: {value} {expected}");
        }
    }

    #[test]
    fn blocks_have_the_bits_of_single_points(d in 1_usize..6, degree in 0_usize..5, n in 0_usize..50) {
        let map = MonomialMap::exp_taylor(d, degree).unwrap();
        let points = Uniform::new(7).ball(n, d, 1.0);
        let mut block = map.feature_block(50);
        map.apply_block(points.as_ref(), &mut block).unwrap();
        prop_assert_eq!(block.as_ref().shape(), (map.feature_count(), n));
        let transposed = block.as_ref().transpose();
        for (i, x) in points.rows().enumerate() {
            prop_assert_eq!(transposed.row(i), &features(&map, x)[..]);
        }
    }
}

#[test]
fn exponents_are_graded_distinct_and_complete() {
    for (d, degree) in [(1, 6), (2, 5), (3, 4), (8, 4), (40, 2)] {
        let map = MonomialMap::exp_taylor(d, degree).unwrap();
        let all: Vec<_> = map.exponents().collect();
        let degrees: Vec<u32> = all.iter().map(|a| a.iter().sum()).collect();
        assert_eq!(all.len() as u128, feature_count(d, degree));
        assert!(degrees.is_sorted() && degrees.last() == Some(&(degree as u32)));
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}

#[test]
fn counts_follow_pascals_rule_and_never_overflow() {
    for d in 1..12 {
        for g in 1..8 {
            assert_eq!(feature_count(d, g), feature_count(d - 1, g) + feature_count(d, g - 1));
        }
    }
    assert_eq!(feature_count(0, 5), 1);
    assert_eq!(feature_count(usize::MAX, 1), usize::MAX as u128 + 1);
    assert_eq!(feature_count(usize::MAX, 30), u128::MAX);
}

#[test]
fn refuses_maps_that_are_too_large_and_says_how_large() {
    let refused = |dim, degree, count| {
        let limit = MonomialMap::DEFAULT_FEATURE_LIMIT;
        assert_eq!(
            MonomialMap::exp_taylor(dim, degree),
            Err(Error::TooManyFeatures { dim, degree, feature_count: count, limit })
        );
    };
    refused(64, 6, 131_115_985);
    refused(1_000_000_000_000, 1, 1_000_000_000_001);
    refused(usize::MAX, 30, u128::MAX);
    assert!(MonomialMap::with_feature_limit(8, &[1.0; 5], 495).is_ok());
    assert!(MonomialMap::with_feature_limit(8, &[1.0; 5], 494).is_err());
}

#[test]
fn refuses_coefficients_without_a_feature_map() {
    assert_eq!(MonomialMap::new(2, &[]), Err(Error::NoCoefficients));
    assert_eq!(MonomialMap::new(0, &[1.0]), Err(Error::ZeroDimension));
    assert_eq!(MonomialMap::new(2, &[1.0, 0.0]), Err(Error::ZeroLeadingCoefficient { degree: 1 }));
    assert_eq!(MonomialMap::new(1, &[1.0; 66]), Err(Error::DegreeTooLarge { degree: 65, max: 64 }));
    for value in [f64::NEG_INFINITY, f64::INFINITY, 1e-200, -1e-200, 1e200] {
        assert_eq!(
            MonomialMap::new(2, &[1.0, value]),
            Err(Error::CoefficientOutOfRange { degree: 1, value })
        );
    }
    assert!(matches!(MonomialMap::new(2, &[f64::NAN]), Err(Error::CoefficientOutOfRange { degree: 0, .. })));
}

#[test]
fn refuses_points_and_buffers_of_other_shapes() {
    let map = MonomialMap::exp_taylor(3, 2).unwrap();
    assert_eq!(map.apply(&[0.0; 2], &mut [0.0; 10]), Err(Error::Length { expected: 3, found: 2 }));
    assert_eq!(map.apply(&[0.0; 3], &mut [0.0; 9]), Err(Error::Length { expected: 10, found: 9 }));
    let mut block = map.feature_block(4);
    let too_many = map.apply_block(Mat::zeros(5, 3).as_ref(), &mut block);
    assert_eq!(too_many, Err(Error::BlockCapacity { points: 5, capacity: 4 }));
    let other = MonomialMap::exp_taylor(3, 3).unwrap();
    assert!(other.apply_block(Mat::zeros(1, 3).as_ref(), &mut block).is_err());
}

#[test]
fn blocks_do_not_print_their_features() {
    let map = MonomialMap::exp_taylor(1, 1).unwrap();
    let mut block = map.feature_block(1);
    map.apply_block(Mat::from_fn(1, 1, |_, _| 0.123_456).as_ref(), &mut block).unwrap();
    assert!(!format!("{block:?}").contains("123456"));
}

#[test]
fn norm_bounds_hold_where_squares_underflow_or_overflow() {
    // ‖φ(x)‖ = |x|ʲ
    for (coefficients, power) in [(&[0.0, 1.0][..], 1), (&[0.0, 0.0, 1.0], 2)] {
        let map = MonomialMap::new(1, coefficients).unwrap();
        for radius in [0.0, 5e-324, 1e-170, 1e-160, 1e-80, 1e-3, 1.0, 1e70, 1e150, 1.4e154, f64::MAX] {
            let (bound, norm) = (map.norm_bound(radius), f64::powi(radius, power));
            assert!(bound >= norm, "{radius} {bound}");
            // √(2·2⁻¹⁰²²) covers what underflows
            let finite = radius < 1e77 || (power == 1 && radius < 1e154);
            assert!(!finite || bound <= norm * (1.0 + 1e-14) + 2.2e-154, "{radius} {bound}");
        }
    }
    let constant = MonomialMap::new(1, &[1.0]).unwrap();
    assert!(constant.norm_bound(1.4e154) >= 1.0);
}
