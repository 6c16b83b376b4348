//! Recommendations hold what they say.

use crate::{Uniform, dot};
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{
    Error, ExpPolynomial, LinearAttention, LogitRange, RandomMap, Recommendation, Workload, feature_count,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Softmax attention of points whose products are the logits, and the largest distance of `output` from it.
fn distance(queries: &Mat, keys: &Mat, values: &Mat, output: &Mat) -> f64 {
    let mut largest = 0.0_f64;
    for (query, found) in queries.rows().zip(output.rows()) {
        let weights: Vec<f64> = keys.rows().map(|key| dot(query, key).exp()).collect();
        let mass: f64 = weights.iter().sum();
        for (j, found) in found.iter().enumerate() {
            let sum: f64 = weights.iter().zip(values.rows()).map(|(weight, value)| weight * value[j]).sum();
            largest = largest.max((found - sum / mass).abs());
        }
    }
    largest
}

fn output(workload: Workload, queries: &Mat, keys: &Mat, values: &Mat, seed: u64) -> Mat {
    let map = workload.map(&mut ChaCha8Rng::seed_from_u64(seed)).unwrap();
    let attention = LinearAttention::new(1.0).unwrap().with_parallelism(Parallelism::available());
    attention.forward(map.as_ref(), queries.as_ref(), keys.as_ref(), values.as_ref()).unwrap()
}

#[test]
fn certified_errors_hold_and_no_smaller_degree_would_do() {
    for (dim, max_logit, target) in [(1, 3.0, 1e-3), (3, 1.0, 1e-2), (3, 6.0, 0.05), (2, 0.3, 1e-7)] {
        let workload = Workload::new(dim, max_logit, target).unwrap();
        let recommended = workload.recommend();
        let Recommendation::Certified { polynomial, feature_count: count, output_error } = &recommended
        else {
            panic!("{recommended}")
        };
        assert!(*output_error <= target);
        assert_eq!(*count as u128, feature_count(dim, polynomial.degree()));
        let range = LogitRange::symmetric(max_logit).unwrap();
        for degree in 0..polynomial.degree() {
            let smaller = ExpPolynomial::best_relative(degree, range).unwrap().certificate(range);
            assert!(smaller.output_error().is_none_or(|error| error > target), "{degree}");
        }
        let mut uniform = Uniform::new(dim as u64);
        let radius = max_logit.sqrt();
        let (queries, keys) = (uniform.ball(40, dim, radius), uniform.ball(60, dim, radius));
        let values = Mat::from_fn(60, 1, |i, _| f64::from(u8::from(i % 2 == 0)));
        let found = output(workload, &queries, &keys, &values, 1);
        assert!(distance(&queries, &keys, &values, &found) <= *output_error + 1e-13);
    }
}

#[test]
fn random_features_have_the_error_that_was_expected_of_them() {
    // too many dimensions for a certificate
    let workload = Workload::new(200, 1.0, 0.05).unwrap().with_value_columns(1).with_memory(60 << 20);
    let recommended = workload.recommend();
    let Recommendation::Random { output_error, .. } = recommended else { panic!("{recommended}") };
    let mut uniform = Uniform::new(4);
    let (query, keys) = (uniform.ball(1, 200, 1.0), uniform.ball(30, 200, 1.0));
    let values = Mat::from_fn(30, 1, |i, _| f64::from(u8::from(i % 2 == 0)));
    let squares: Vec<f64> = (0..12)
        .map(|seed| distance(&query, &keys, &values, &output(workload, &query, &keys, &values, seed)).powi(2))
        .collect();
    let rms = (squares.iter().sum::<f64>() / 12.0).sqrt();
    assert!(rms <= output_error && output_error <= 0.05, "{rms} {output_error}");
}

#[test]
fn random_maps_are_those_with_fewest_features_and_can_be_drawn() {
    // between one degree and two: most of the kernel is linear
    let workload = Workload::new(784, 0.5, 0.02).unwrap();
    let recommended = workload.recommend();
    let Recommendation::Random { map: RandomMap::LinearPlusRandom { .. }, feature_count: count, .. } =
        recommended
    else {
        panic!("{recommended}")
    };
    assert!(count < 2000);
    let map = workload.map(&mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert_eq!((map.dim(), map.feature_count()), (784, count));
    // no map draws more than 2²⁸ numbers, however much memory there is for sums
    let large = Workload::new(20_000, 0.8, 0.02).unwrap().with_memory(1 << 40).recommend();
    assert!(matches!(large, Recommendation::NoneFits { .. }), "{large}");
}

#[test]
fn no_random_map_is_recommended_that_cannot_be_drawn() {
    // residual features of degrees up to g are charged d(g + 1) numbers each, of which there are 2²⁸
    let workload = Workload::new(4096, 0.5, 0.003).unwrap();
    let recommended = workload.recommend();
    let drawn = workload.map(&mut ChaCha8Rng::seed_from_u64(1)).map(|map| map.feature_count());
    assert!(matches!(recommended, Recommendation::NoneFits { .. }), "{recommended}");
    assert!(matches!(drawn, Err(Error::NoMapFits { .. })), "{drawn:?}");
    // where it can be drawn, it is recommended
    for (dim, error) in [(1500, 0.005), (3000, 0.004), (4096, 0.004), (6000, 0.006)] {
        let recommended = Workload::new(dim, 0.5, error).unwrap().with_memory(1 << 40).recommend();
        let Recommendation::Random {
            map: RandomMap::LinearPlusRandom { degree }, feature_count: count, ..
        } = recommended
        else {
            panic!("{recommended}")
        };
        assert!((count - 1 - dim) * dim * (degree + 1) <= 1 << 28, "{dim} {count}");
    }
}

#[test]
fn typical_errors_are_those_of_many_normal_logits() {
    let workload = Workload::new(20, 4.0, 0.05).unwrap().with_logit_std(0.5).unwrap();
    let recommended = workload.recommend();
    let Recommendation::Typical { polynomial, output_error, .. } = &recommended else {
        panic!("{recommended}")
    };
    // values that conspire with the sign of the error
    let normal = |i: usize| {
        let u = (i as f64 + 0.5) / 4000.0;
        2.0_f64.sqrt() * inverse_erf(2.0 * u - 1.0)
    };
    let logits: Vec<f64> = (0..4000).map(|i| 0.5 * normal(i)).collect();
    let (mut exact, mut found) = ([0.0; 2], [0.0; 2]);
    for &t in &logits {
        let value = f64::from(u8::from(polynomial.evaluate(t) > t.exp()));
        for (sums, weight) in [(&mut exact, t.exp()), (&mut found, polynomial.evaluate(t))] {
            sums[0] += weight * value;
            sums[1] += weight;
        }
    }
    let error = (exact[0] / exact[1] - found[0] / found[1]).abs();
    assert!(error <= *output_error && error > 0.1 * output_error, "{error} {output_error}");
}

/// By Newton's method on a series; the arguments are within ±(1 − 1e-4).
fn inverse_erf(y: f64) -> f64 {
    let erf = |x: f64| {
        let (mut term, mut sum) = (x, x);
        for k in 1..120 {
            term *= -x * x / f64::from(k);
            sum += term / f64::from(2 * k + 1);
        }
        2.0 / std::f64::consts::PI.sqrt() * sum
    };
    let (mut low, mut high) = (-3.0, 3.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if erf(middle) < y { low = middle } else { high = middle }
    }
    low
}

#[test]
fn where_nothing_fits_it_says_what_would() {
    let workload = Workload::new(64, 4.0, 0.05).unwrap();
    let Recommendation::NoneFits { max_features, needed, best_degree, largest_max_logit, mean_error, .. } =
        workload.recommend()
    else {
        panic!("something fits")
    };
    assert_eq!((max_features, best_degree), (workload.max_features(), 2));
    assert!((mean_error - 2.0_f64.tanh()).abs() < 1e-9, "{mean_error}");
    assert!(needed.unwrap() > max_features as u64);
    let fits = |max_logit: f64| {
        let recommended = Workload::new(64, max_logit, 0.05).unwrap().recommend();
        matches!(recommended, Recommendation::Certified { .. })
    };
    assert!(fits(largest_max_logit) && !fits(1.01 * largest_max_logit));
    assert_eq!(
        workload.map(&mut ChaCha8Rng::seed_from_u64(1)).err(),
        Some(Error::NoMapFits { dim: 64, max_logit: 4.0, output_error: 0.05, max_features })
    );
    // as much memory as is needed, and a little less
    let bytes = |features: u64| features as usize * (9 * 2 + 816) * 8;
    let tight = Workload::new(40, 1.0, 0.01).unwrap().with_value_columns(1);
    let Recommendation::Certified { feature_count, .. } = tight.recommend() else { panic!() };
    assert!(matches!(
        tight.with_memory(bytes(feature_count as u64)).recommend(),
        Recommendation::Certified { .. }
    ));
    assert!(!matches!(
        tight.with_memory(bytes(feature_count as u64) - 1).recommend(),
        Recommendation::Certified { .. }
    ));
}

#[test]
fn without_memory_the_mean_remains_or_nothing() {
    let none = Workload::new(4, 0.1, 0.3).unwrap().with_memory(0);
    let refused = none.recommend();
    // no logit is small enough for no features
    assert!(matches!(
        refused,
        Recommendation::NoneFits { max_features: 0, needed: Some(1), largest_max_logit: 0.0, .. }
    ));
    assert!(
        refused.to_string().ends_with("nothing fits, not even the mean of the values: allow more memory")
    );
    let one = none.with_memory(1 << 20).recommend();
    assert!(matches!(one, Recommendation::Certified { feature_count: 1, .. }));
    let map = Workload::new(4, 0.1, 0.3).unwrap().map(&mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert_eq!(map.feature_count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_workload_gets_an_answer(
        dim in prop_oneof![1_usize..100, Just(usize::MAX), 1_usize..1_000_000],
        max_logit in prop_oneof![Just(f64::NAN), 1e-300_f64..12.0, Just(5e-324), Just(0.0), Just(65.0)],
        error in prop_oneof![Just(f64::NAN), 1e-300_f64..1.0, 1e-4..0.5_f64, Just(0.0), Just(1.0)],
        memory in prop_oneof![Just(0), Just(usize::MAX), 0_usize..1 << 40],
        columns in prop_oneof![0_usize..1000, Just(usize::MAX)],
        std in prop_oneof![Just(f64::NAN), 1e-300_f64..9.0],
    ) {
        if let Ok(workload) = Workload::new(dim, max_logit, error) {
            prop_assert!(max_logit > 0.0 && error > 0.0 && error < 1.0);
            let workload = workload.with_memory(memory).with_value_columns(columns);
            for workload in [Ok(workload), workload.with_logit_std(std)].into_iter().flatten() {
                let recommended = workload.recommend();
                prop_assert!(!recommended.to_string().is_empty());
                match recommended {
                    Recommendation::Certified { output_error, feature_count, .. }
                    | Recommendation::Typical { output_error, feature_count, .. }
                    | Recommendation::Random { output_error, feature_count, .. } => {
                        prop_assert!(output_error <= error && feature_count <= workload.max_features());
                    }
                    Recommendation::NoneFits { best_error, mean_error, .. } => {
                        prop_assert!(best_error <= mean_error);
                    }
                    _ => prop_assert!(false, "another kind"),
                }
            }
        }
    }
}
