//! Whatever numbers come in, nothing panics, and what is certified holds.

use dp_linalg::Mat;
use poly_kernel::{
    ExpPolynomial, FeatureMap, LinearAttention, LogitRange, Mask, MonomialMap, NystromMap,
    OptimalPositiveFeatures, RandomMaclaurin, Role, SketchTree, TensorSketch, TrigonometricFeatures,
    output_error,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Any float, half of them of a reasonable size.
fn float() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), -5.0..5.0, Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(64.0)]
}

fn range() -> impl Strategy<Value = LogitRange> {
    let ends = (-64.0..64.0_f64, prop_oneof![1e-300..1e-12, 1e-12..1.0, 1.0..64.0_f64]);
    ends.prop_filter_map("a range", |(low, width): (f64, f64)| {
        LogitRange::new(low, (low + width).min(64.0)).ok()
    })
}

proptest! {
    #[test]
    fn certificates_hold_at_the_ends_and_inside(
        range in range(),
        degree in 0_usize..12,
        kind in 0..4,
        coefficients in prop::collection::vec(-1e3..1e3, 1..8),
        place in 0.0..1.0_f64,
    ) {
        let polynomial = match kind {
            0 => ExpPolynomial::taylor(degree),
            1 => ExpPolynomial::chebyshev(degree, range),
            2 => ExpPolynomial::best_relative(degree, range),
            _ => ExpPolynomial::from_coefficients(&coefficients),
        }
        .unwrap();
        let certificate = polynomial.certificate(range);
        for t in [range.low(), range.high(), range.low() + place * (range.high() - range.low())] {
            let t = t.min(range.high());
            let (value, exp) = (polynomial.evaluate(t), t.exp());
            let size: f64 = polynomial.coefficients().iter().rev().fold(0.0, |sum, c| sum * t.abs() + c.abs()) + exp;
            let rounding = 64.0 * f64::EPSILON * size;
            prop_assert!((value - exp).abs() <= certificate.absolute_error() + rounding, "{t} {value} {certificate:?}");
            prop_assert!(value >= certificate.value_lower() - rounding);
            prop_assert!(value >= certificate.ratio_lower() * exp - rounding);
            prop_assert!(value <= certificate.ratio_upper() * exp + rounding);
        }
        if let Some(error) = certificate.output_error() {
            prop_assert!((0.0..=1.0).contains(&error));
        }
    }

    #[test]
    fn any_numbers_are_refused_or_used(a in float(), b in float(), logits in prop::collection::vec(float(), 0..9), degree in 0_usize..40) {
        if let Ok(range) = LogitRange::new(a, b) {
            let best = ExpPolynomial::best_relative(degree.min(30), range).unwrap();
            prop_assert!(best.coefficients().iter().all(|c| c.is_finite()));
            // up to thirty-one certificates: now and then
            let _ = (degree < 2).then(|| ExpPolynomial::best_relative_for(range, a.abs()));
        }
        if let Ok(fit) = ExpPolynomial::least_squares_normal(degree, a, b) {
            prop_assert!(fit.coefficients().iter().all(|c| c.is_finite()));
        }
        if let Ok(fit) = ExpPolynomial::least_squares(degree, &logits) {
            prop_assert!(fit.coefficients().iter().all(|c| c.is_finite()));
        }
        prop_assert!(ExpPolynomial::normal_error(degree, a) >= 0.0);
        prop_assert!(output_error(a, b).is_none_or(|error| (0.0..=1.0).contains(&error)));
        let _ = MonomialMap::new(2, &logits);
    }

    #[test]
    fn any_attention_is_an_output_or_a_refusal(
        entries in prop::collection::vec(float(), 6),
        values in prop::collection::vec(float(), 3),
        scale in float(),
        softcap in float(),
    ) {
        let points = Mat::from_vec(3, 2, entries).unwrap();
        let values = Mat::from_vec(3, 1, values).unwrap();
        let single = |matrix: &Mat| Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] as f32);
        let range = LogitRange::symmetric(2.0).unwrap();
        if let Ok(polynomial) = ExpPolynomial::best_relative_softcapped(3, range, softcap) {
            prop_assert!(polynomial.softcapped_certificate(range, softcap).unwrap().relative_error() >= 0.0);
        }
        let map = MonomialMap::new(2, &[1.0, -1.0, 0.5]).unwrap();
        for mask in [Mask::Full, Mask::Causal] {
            let Ok(attention) = LinearAttention::new(scale) else { continue };
            let attention = attention.with_mask(mask);
            let (x, v) = (points.as_ref(), values.as_ref());
            let output = attention.forward(&map, x, x, v);
            let gradients = attention.backward(&map, x, x, v, v);
            prop_assert_eq!(output.is_ok(), gradients.is_ok());
            if let Ok(part) = attention.forward_partial(&map, x, x, v) {
                let mut merged = part.clone();
                prop_assert_eq!(merged.merge(&part), Ok(()));
            }
            let (x, v) = (single(&points), single(&values));
            if let Ok(output) = attention.forward(&map, x.as_ref(), x.as_ref(), v.as_ref()) {
                prop_assert_eq!(output.shape(), (3, 1));
            }
        }
    }

    #[test]
    fn sketch_trees_take_any_parameters(
        dim in 0_usize..5,
        coefficients in prop::collection::vec(float(), 0..7),
        count in 0_usize..20,
        entries in prop::collection::vec(float(), 8),
        radius in float(),
    ) {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        if let Ok(map) = SketchTree::new(dim, &coefficients, count, rng) {
            prop_assert_eq!(map.feature_count(), count);
            prop_assert!(map.variance_bound(radius) >= 0.0);
            prop_assert!(map.variance(&entries[..dim], &entries[4..4 + dim]).is_ok());
        }
    }

    #[test]
    fn maps_take_any_points(entries in prop::collection::vec(float(), 6), spread in float(), seed in any::<u64>(), radius in float()) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let points = Mat::from_vec(3, 2, entries).unwrap();
        let mut maps: Vec<Box<dyn FeatureMap>> = vec![
            Box::new(MonomialMap::new(2, &[1.0, -1.0, 0.5]).unwrap()),
            Box::new(TrigonometricFeatures::new(2, 3, rng).unwrap()),
            Box::new(RandomMaclaurin::new(2, &[1.0, 1.0, 0.5], 5, rng).unwrap()),
            Box::new(TensorSketch::new(2, &[1.0, 1.0, 0.5], 5, rng).unwrap()),
            Box::new(SketchTree::new(2, &[1.0, 0.0, 0.5, 0.1], 5, rng).unwrap()),
        ];
        if let Ok(map) = OptimalPositiveFeatures::new(2, 3, spread, rng) {
            maps.push(Box::new(map));
        }
        if let Ok(map) = NystromMap::new(points.as_ref()) {
            let residuals = map.residuals(points.as_ref()).unwrap();
            prop_assert!(residuals.iter().all(|residual| residual.is_nan() || *residual >= 0.0));
            maps.push(Box::new(map));
        }
        for map in &maps {
            let mut block = map.feature_block(3);
            map.apply_block(Role::Query, points.as_ref(), &mut block).unwrap();
            prop_assert_eq!(block.as_ref().shape(), (map.feature_count(), 3));
            let _ = (map.norm_bound(radius), map.kernel_error(radius));
            for mask in [Mask::Full, Mask::Causal] {
                let attention = LinearAttention::new(1.0).unwrap().with_mask(mask);
                // an output or a refusal, and no output from what is not a number
                let output = attention.forward(map.as_ref(), points.as_ref(), points.as_ref(), Mat::zeros(3, 1).as_ref());
                let finite = points.as_slice().iter().all(|x| x.is_finite());
                prop_assert!(finite || output.is_err() || output.is_ok_and(|o| o.as_slice().iter().all(|x| !x.is_nan())));
            }
        }
    }
}
