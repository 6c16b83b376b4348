use crate::{Uniform, naive_feature};
use dp_linalg::Mat;
use poly_kernel::{Error, FixedPointFeatures, MonomialMap};
use proptest::prelude::*;

fn features(dim: usize, degree: usize, scale_exponent: i32, radius: f64) -> FixedPointFeatures {
    FixedPointFeatures::new(MonomialMap::exp_taylor(dim, degree).unwrap(), scale_exponent, radius).unwrap()
}

fn integers(features: &FixedPointFeatures, x: &[f64]) -> (bool, Vec<i64>) {
    let mut out = vec![0; features.map().feature_count()];
    (features.apply(x, &mut out).unwrap(), out)
}

fn squared_norm(integers: &[i64]) -> u128 {
    integers.iter().map(|&v| u128::from(v.unsigned_abs()).pow(2)).sum()
}

proptest! {
    #[test]
    fn integers_are_within_the_entry_error_and_the_norm_bound(
        d in 1_usize..6, degree in 0_usize..6, scale_exponent in -3_i32..20, radius in 0.0..2.0_f64, seed in 0_u64..1000,
    ) {
        let features = features(d, degree, scale_exponent, radius);
        let x = Uniform::new(seed).ball(1, d, radius);
        let (counts, found) = integers(&features, x.row(0));
        prop_assert!(counts);
        prop_assert!(squared_norm(&found) <= u128::from(features.max_squared_norm()));
        for (exponents, &value) in features.map().exponents().zip(&found) {
            prop_assert!(value.unsigned_abs() <= features.max_abs_entry());
            let exact = naive_feature(features.map().coefficients(), &exponents, x.row(0));
            // the oracle's own rounding: at most 6g + 9 roundings
            let tolerance = (6 * degree + 9) as f64 * f64::EPSILON * exact.abs();
            prop_assert!((value as f64 / features.scale() - exact).abs() <= features.entry_error() + tolerance);
        }
    }

    #[test]
    fn nothing_exceeds_the_norm_bound_whatever_comes_in(
        x in prop::collection::vec(prop::num::f64::ANY, 3), stretch in 0.5..1.5_f64, scale_exponent in 0_i32..20,
    ) {
        let features = features(3, 3, scale_exponent, 1.0);
        for point in [x, vec![stretch, 0.0, 0.0], vec![0.577 * stretch; 3]] {
            let (counts, found) = integers(&features, &point);
            prop_assert!(squared_norm(&found) <= u128::from(features.max_squared_norm()));
            prop_assert!(counts || found.iter().all(|&v| v == 0));
        }
    }

    #[test]
    fn blocks_have_the_integers_of_single_points(n in 0_usize..40, seed in 0_u64..100, bad in 0_usize..40) {
        let features = features(4, 3, 12, 1.0);
        let mut points = Uniform::new(seed).ball(n, 4, 1.02);
        if bad < n {
            points[(bad, seed as usize % 4)] = [f64::NAN, f64::INFINITY, 1e200, -7.0][bad % 4];
        }
        let mut block = features.map().feature_block(n);
        let present = features.apply_block(points.as_ref(), &mut block).unwrap();
        let transposed = block.as_ref().transpose();
        let mut expected_present = 0;
        for (i, x) in points.rows().enumerate() {
            let (counts, expected) = integers(&features, x);
            expected_present += usize::from(counts);
            let found: Vec<i64> = transposed.row(i).iter().map(|&v| v as i64).collect();
            prop_assert!(transposed.row(i).iter().all(|v| v.fract() == 0.0));
            prop_assert_eq!(found, expected);
        }
        prop_assert_eq!(present, expected_present);
    }
}

#[test]
fn the_bounds_are_tight() {
    // one unit in 2¹⁶: ‖φ̃‖ is within √r units of 2ˢ√T₄(1), so the bound exceeds the largest norm by little
    let features = features(8, 4, 16, 1.0);
    let (counts, found) = integers(&features, &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(counts);
    let ratio = (features.max_squared_norm() as f64 / squared_norm(&found) as f64).sqrt();
    // (√495 · ½ on both sides) / (2¹⁶ · 1.64) < 2.1e-4
    assert!((1.0..1.0 + 2.1e-4).contains(&ratio), "{ratio}");
    assert!(features.entry_error() * features.scale() < 0.5 + 1e-8); // γ·2ˢ·max√cⱼ = 27·2⁻⁵²·2¹⁶ ≈ 4e-10
}

#[test]
fn a_point_outside_the_norm_bound_is_absent_and_one_at_the_radius_counts() {
    let features = features(2, 2, 20, 1.0);
    assert!(integers(&features, &[1.0, 0.0]).0);
    assert!(integers(&features, &[-0.6, 0.8]).0);
    for outside in [[1.001, 0.0], [1e300, 0.0], [1e300, -1e300], [f64::NAN, 0.0], [0.0, f64::NEG_INFINITY]] {
        assert_eq!(integers(&features, &outside), (false, vec![0; 6]));
    }
}

#[test]
fn refuses_scales_and_radii_without_an_exact_norm() {
    let new = |scale_exponent, radius| {
        FixedPointFeatures::new(MonomialMap::exp_taylor(2, 2).unwrap(), scale_exponent, radius)
    };
    // T₂(1) = 2.5: 2^{2·25}·2.5 is below 2⁵³, 2^{2·26}·2.5 is not
    assert!(new(25, 1.0).is_ok());
    assert!(matches!(new(26, 1.0), Err(Error::FixedPointOverflow { scale_exponent: 26, .. })));
    assert!(matches!(new(0, 1e200), Err(Error::FixedPointOverflow { .. })));
    for radius in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(new(0, radius), Err(Error::Radius { .. })));
    }
    assert_eq!(new(201, 1.0), Err(Error::ScaleExponent { scale_exponent: 201 }));
    assert!(
        features(2, 2, -200, 1.0)
            .apply_block(Mat::zeros(1, 2).as_ref(), &mut new(0, 1.0).unwrap().map().feature_block(1))
            .is_ok()
    );
}
