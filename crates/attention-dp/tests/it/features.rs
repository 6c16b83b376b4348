//! Other features than Taylor's, the normaliser's weight, typical queries, and plans.

use crate::data::{aggregate, budget, integers, options, uniform};
use attention_dp::{
    Bounds, Error, KeyFeatures, MomentAdjacency, MomentGeometry, MomentOptions, MomentPlanner, Parameter,
    Shape, exact_attention,
};
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::{AddRemoveRow, FailureProbability, ReplaceRow};
use poly_kernel::{ExpPolynomial, LogitRange, TrigonometricFeatures};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const SHAPE: Shape = Shape { key_dim: 3, value_dim: 2 };

fn waves(frequencies: usize) -> TrigonometricFeatures {
    TrigonometricFeatures::new(3, frequencies, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
}

fn fitted(degree: usize) -> ExpPolynomial {
    ExpPolynomial::least_squares_normal(degree, 0.0, 0.4).unwrap()
}

/// Largest error of noiseless answers, in value units.
fn feature_error(options: MomentOptions) -> f64 {
    let (keys, values) = uniform(400, SHAPE, 0.55, 1);
    let moments = aggregate(options, &keys, &values).assume_public().unwrap();
    let reader = moments.reader(FailureProbability::new(0.1).unwrap()).unwrap();
    let (queries, _) = uniform(40, SHAPE, 0.55, 2);
    let exact =
        exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential)
            .unwrap();
    let answers = reader.query_batch(queries.as_ref()).unwrap();
    let errors = answers.iter().enumerate().flat_map(|(i, answer)| {
        let estimate = answer.estimate().expect("without noise every query has an answer");
        let row: Vec<f64> = estimate.value().iter().zip(exact.row(i)).map(|(a, b)| (a - b).abs()).collect();
        // bars of features without a certificate span the range of values
        assert!(row.iter().zip(estimate.bars()).all(|(error, bar)| *error <= bar.total()));
        row
    });
    errors.fold(0.0, f64::max)
}

#[test]
fn every_kind_of_features_answers_within_its_bars() {
    let landmarks = uniform(60, SHAPE, 0.55, 7).0;
    let base = options(SHAPE, 1.0, 3);
    assert!(feature_error(base.clone()) < 1e-3);
    assert!(feature_error(base.clone().with_polynomial(fitted(3)).with_uncertified_kernel()) < 2e-3);
    assert!(feature_error(base.clone().with_trigonometric_features(waves(800))) < 0.1);
    assert!(feature_error(base.clone().with_landmarks(landmarks)) < 1e-3);
    assert!(feature_error(base.with_normaliser_weight(0.3).with_typical_query_norm(0.5)) < 1e-3);
}

#[test]
fn landmarks_are_in_data_units_and_centred_with_the_keys() {
    let (keys, values) = uniform(300, SHAPE, 0.4, 1);
    let shifted = Mat::from_fn(300, 3, |i, j| keys[(i, j)] + 5.0);
    let landmarks = uniform(50, SHAPE, 0.4, 2).0;
    let moved = Mat::from_fn(50, 3, |i, j| landmarks[(i, j)] + 5.0);
    let read = |options: MomentOptions, keys: &Mat| {
        let moments = aggregate(options, keys, &values).assume_public().unwrap();
        let reader = moments.reader(FailureProbability::new(0.1).unwrap()).unwrap();
        reader.query(&[0.3, 0.2, -0.1]).unwrap().estimate().unwrap().value()[0]
    };
    let plain = read(options(SHAPE, 1.0, 1).with_landmarks(landmarks), &keys);
    let centred = options(SHAPE, 1.0, 1).with_landmarks(moved).with_key_center(vec![5.0; 3]);
    // differences of numbers near five lose four bits to those near zero
    assert!((read(centred, &shifted) - plain).abs() < 1e-4);
}

#[test]
fn a_better_polynomial_has_a_smaller_certified_error_with_as_many_features() {
    let range = LogitRange::symmetric(1.0).unwrap();
    let best = ExpPolynomial::best_relative(3, range).unwrap();
    let geometry = |options| MomentGeometry::new(options).unwrap();
    let (taylor, best) =
        (geometry(options(SHAPE, 1.0, 3)), geometry(options(SHAPE, 1.0, 3).with_polynomial(best)));
    assert!(best.kernel_error() < 0.1 * taylor.kernel_error());
    assert_eq!(best.feature_count(), taylor.feature_count());
}

#[test]
fn replacing_costs_twice_unless_rows_are_proven_acute() {
    let ratio = |options| {
        let geometry = MomentGeometry::new(options).unwrap();
        ReplaceRow.sensitivity(&geometry).unwrap().square()
            / AddRemoveRow.sensitivity(&geometry).unwrap().square()
    };
    let base = options(SHAPE, 1.0, 4);
    assert_eq!(ratio(base.clone()), 2);
    assert_eq!(ratio(base.clone().with_normaliser_weight(0.5)), 4);
    assert_eq!(ratio(base.clone().with_normaliser_weight(0.5).with_value_range(0.0, 1.0)), 2);
    assert_eq!(ratio(base.with_trigonometric_features(waves(10))), 4);
}

#[test]
fn a_lighter_normaliser_makes_less_noise() {
    let std = |weight: f64| {
        let moments = aggregate(
            options(SHAPE, 1.0, 3).with_normaliser_weight(weight),
            &Mat::zeros(0, 3),
            &Mat::zeros(0, 2),
        );
        let (epsilon, delta) = budget(1.0);
        moments.calibrate(epsilon, delta).unwrap().noise_std().get()
    };
    // √(1 + w²), up to the rounding of the normaliser to one of 2¹⁴ steps
    assert!((std(0.5) / std(1.0) - (1.25_f64 / 2.0).sqrt()).abs() < 1e-3);
}

#[test]
fn bad_weights_and_norms_are_refused() {
    for bad in [0.0, -1.0, 1e3, f64::NAN] {
        let refused = MomentGeometry::new(options(SHAPE, 1.0, 2).with_normaliser_weight(bad));
        assert!(matches!(refused, Err(Error::OutOfRange { parameter: Parameter::NormaliserWeight, .. })));
    }
    let refused = MomentGeometry::new(options(SHAPE, 1.0, 2).with_typical_query_norm(-1.0));
    assert!(matches!(refused, Err(Error::OutOfRange { parameter: Parameter::TypicalQueryNorm, .. })));
    let refused = MomentGeometry::new(options(SHAPE, 1.0, 2).with_document_weight(0));
    assert!(matches!(refused, Err(Error::OutOfRange { parameter: Parameter::DocumentWeight, .. })));
    let narrow = Mat::zeros(4, 2);
    assert!(MomentGeometry::new(options(SHAPE, 1.0, 2).with_landmarks(narrow)).is_err());
}

#[test]
fn features_are_saved_by_content_and_recorded_by_fingerprint() {
    let kinds = [
        KeyFeatures::Taylor { degree: 3 },
        KeyFeatures::Polynomial(fitted(2)),
        KeyFeatures::Trigonometric(waves(5)),
        KeyFeatures::Landmarks(uniform(4, SHAPE, 1.0, 3).0),
    ];
    for features in kinds {
        let options = options(SHAPE, 1.0, 1).with_features(features.clone());
        let text = serde_json::to_string(&options).unwrap();
        let read: MomentOptions = serde_json::from_str(&text).unwrap();
        assert_eq!(read.features(), &features);
        assert!(features.to_string().len() < 100);
    }
    assert!(serde_json::from_str::<KeyFeatures>(r#"{"polynomial":{"coefficients":[]}}"#).is_err());
    assert!(serde_json::from_str::<KeyFeatures>(r#"{"landmarks":{"dim":0,"rows":[1.0]}}"#).is_err());
}

#[test]
fn integers_of_rows_do_not_depend_on_chunks_for_any_features() {
    let (keys, values) = uniform(700, SHAPE, 0.5, 1);
    for options in [
        options(SHAPE, 1.0, 1).with_trigonometric_features(waves(13)),
        options(SHAPE, 1.0, 1).with_landmarks(uniform(9, SHAPE, 0.5, 2).0),
    ] {
        let whole = integers(aggregate(options.clone(), &keys, &values));
        let mut parts = aggregate(options, &Mat::zeros(0, 3), &Mat::zeros(0, 2));
        for cut in [0..1, 1..130, 130..700] {
            let part = |m: MatRef<'_>| m.subrows(cut.clone()).to_owned();
            let (keys, values) = (part(keys.as_ref()), part(values.as_ref()));
            let rows = attention_dp::Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).unwrap();
            parts.push(rows).unwrap();
        }
        assert_eq!(integers(parts), whole);
    }
}

fn planner(rows: u64) -> MomentPlanner {
    let bounds = Bounds::new(1.0, 2.0, 1.0).unwrap();
    let base = MomentOptions::new(Shape { key_dim: 8, value_dim: 4 }, bounds, 2).with_softmax_scale(1.0);
    MomentPlanner::new(base, rows).with_key_norms(vec![0.8, 1.0, 1.1, 1.2, 1.9])
}

#[test]
fn plans_balance_noise_against_features_and_clipping() {
    let (epsilon, delta) = budget(1.0);
    let plans = [1_000, 1_000_000].map(|rows| planner(rows).plan(AddRemoveRow, epsilon, delta).unwrap());
    let [few, many] = plans.map(|plan| plan.error());
    assert!(few.noise > 100.0 * many.noise && few.total() > many.total());
    let degrees = [1_000, 1_000_000].map(|rows| {
        let plan = planner(rows).plan(AddRemoveRow, epsilon, delta).unwrap();
        plan.options().features().degree().unwrap()
    });
    assert!(degrees[0] < degrees[1], "{degrees:?}");
}

#[test]
fn a_plan_is_the_noise_that_a_release_has() {
    let (epsilon, delta) = budget(0.7);
    let plan = planner(10_000).plan(ReplaceRow, epsilon, delta).unwrap();
    let moments = attention_dp::PrivateMoments::new(ReplaceRow, plan.options().clone()).unwrap();
    assert_eq!(moments.calibrate(epsilon, delta).unwrap().noise_std().get(), plan.noise_std());
    assert_eq!(moments.geometry().feature_count(), plan.feature_count());
    assert_eq!(plan.bytes(), plan.feature_count() * 5 * 8);
}

#[test]
fn a_target_is_met_with_as_few_features_as_can_be() {
    let (epsilon, delta) = budget(1.0);
    let planner = planner(1_000_000);
    let rough = planner.plan_for(0.05, AddRemoveRow, (epsilon, delta)).unwrap();
    let fine = planner.plan_for(0.004, AddRemoveRow, (epsilon, delta)).unwrap();
    assert!(rough.error().total() <= 0.05 && fine.error().total() <= 0.004);
    assert!(rough.feature_count() < fine.feature_count());
    let hopeless = planner.plan_for(0.0, AddRemoveRow, (epsilon, delta)).unwrap();
    let best = planner.plan(AddRemoveRow, epsilon, delta).unwrap();
    assert_eq!(hopeless.feature_count(), best.feature_count());
}

#[test]
fn what_cannot_be_planned_says_why() {
    let (epsilon, delta) = budget(1.0);
    let bounds = Bounds::new(1e3, 1e3, 1.0).unwrap();
    let base = MomentOptions::new(SHAPE, bounds, 2);
    let refused = MomentPlanner::new(base, 100).plan(AddRemoveRow, epsilon, delta);
    assert!(matches!(refused, Err(Error::DegreeTooSmall { .. })), "{refused:?}");
}
