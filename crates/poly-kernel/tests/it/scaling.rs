use crate::dot;
use poly_kernel::{Error, LogitScaling};
use proptest::prelude::*;

proptest! {
    #[test]
    fn logits_are_kept_and_norms_are_bounded(
        scale in 1e-3..1e3_f64, query_radius in 1e-3..1e3_f64, key_radius in 1e-3..1e3_f64,
        angle in 0.0..6.0_f64, share in 0.0..=1.0_f64,
    ) {
        let scaling = LogitScaling::new(scale, query_radius, key_radius).unwrap();
        let query = [query_radius * share * angle.cos(), query_radius * share * angle.sin()];
        let key = [0.6 * key_radius, 0.8 * key_radius];
        let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
        scaling.transform_key(&key, &mut x).unwrap();
        scaling.transform_query(&query, &mut y).unwrap();
        // factors: four roundings of 2⁻⁵³ each, coordinates one, products and sums two
        let tolerance = 16.0 * f64::EPSILON * scale * query_radius * key_radius;
        prop_assert!((dot(&x, &y) - scale * dot(&query, &key)).abs() <= tolerance);
        // the computed norm has its own three roundings
        let bound = scaling.radius() * (1.0 + 4.0 * f64::EPSILON);
        prop_assert!(dot(&x, &x).sqrt() <= bound && dot(&y, &y).sqrt() <= bound);
        let product = scale * query_radius * key_radius;
        prop_assert!(scaling.max_logit() >= product * (1.0 - 4.0 * f64::EPSILON));
        prop_assert!(scaling.max_logit() <= product * (1.0 + 1e-13));
    }
}

#[test]
fn both_sides_have_the_same_radius() {
    let scaling = LogitScaling::new(0.25, 8.0, 2.0).unwrap();
    assert_eq!((scaling.query_factor(), scaling.key_factor()), (0.25, 1.0)); // √(¼·¼), √(¼·4)
    assert_eq!(scaling.query_factor() * 8.0, scaling.key_factor() * 2.0);
}

#[test]
fn centring_shifts_all_logits_of_a_query_alike() {
    let center = vec![0.5, -0.25];
    let scaling = LogitScaling::new(1.0, 1.0, 1.0).unwrap().with_key_center(center.clone()).unwrap();
    let (query, mut x) = ([0.5, 0.75], [0.0; 2]);
    for key in [[0.5, 0.5], [-0.25, 1.0], [0.0, 0.0]] {
        scaling.transform_key(&key, &mut x).unwrap();
        // all of these are dyadic: no rounding
        assert_eq!(dot(&x, &query), dot(&key, &query) - dot(&center, &query));
    }
}

#[test]
fn rejects_parameters_that_make_no_scaling() {
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(LogitScaling::new(scale, 1.0, 1.0), Err(Error::SoftmaxScale { .. })));
    }
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e101] {
        assert!(matches!(LogitScaling::new(1.0, radius, 1.0), Err(Error::Radius { .. })));
        assert!(matches!(LogitScaling::new(1.0, 1.0, radius), Err(Error::Radius { .. })));
    }
    // radii in their range, factors out of theirs
    for (scale, radii) in [(1e-290, [1.0, 1.0]), (1e290, [1.0, 1.0]), (1e100, [1e-100, 1e100])] {
        let refused = LogitScaling::new(scale, radii[0], radii[1]);
        assert_eq!(refused, Err(Error::SoftmaxScale { value: scale }));
    }
    let scaling = LogitScaling::new(1.0, 1.0, 1.0).unwrap();
    assert_eq!(scaling.clone().with_key_center(vec![0.0, f64::NAN]), Err(Error::KeyCenter { index: 1 }));
    let centred = scaling.with_key_center(vec![0.0; 3]).unwrap();
    assert_eq!(centred.transform_key(&[1.0; 2], &mut [0.0; 2]), Err(Error::Length { expected: 3, found: 2 }));
    assert_eq!(
        centred.transform_query(&[1.0; 2], &mut [0.0; 1]),
        Err(Error::Length { expected: 2, found: 1 })
    );
}
