//! Parts that were built one by one, together: features, documents, tokens, extreme options.

use crate::data::{aggregate, budget, options, uniform};
use attention_dp::{
    Answer, AttentionMoments, Bounds, Documents, Error, Estimate, KeyFeatures, LocalTokens, MomentAdjacency,
    MomentGeometry, MomentOptions, PrivateMoments, PrivateTreeAttention, Rows, Shape, TreeAttentionOptions,
    TreeBudget,
};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{
    AddRemoveDocument, FailureProbability, LatticeL2Sensitivity, PerturbRow, Release, ReplaceRow,
};
use dp_testkit::oracle;
use poly_kernel::{ExpPolynomial, LogitRange, TrigonometricFeatures};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const PLANE: Shape = Shape { key_dim: 2, value_dim: 2 };
const LINE: Shape = Shape { key_dim: 1, value_dim: 1 };

fn one_percent() -> FailureProbability {
    FailureProbability::new(0.01).unwrap()
}

fn query(moments: &AttentionMoments, query: &[f64]) -> Estimate {
    moments.reader(one_percent()).unwrap().query(query).unwrap().estimate().unwrap().clone()
}

#[test]
fn queries_as_long_as_the_radius_have_the_certificate_of_their_polynomial() {
    let best = ExpPolynomial::best_relative(4, LogitRange::symmetric(1.0).unwrap()).unwrap();
    let (keys, values) = uniform(50, LINE, 0.9, 1);
    let options = options(LINE, 1.0, 1).with_polynomial(best);
    let moments = aggregate(options, &keys, &values).assume_public().unwrap();
    let error = moments.geometry().kernel_error();
    for end in [-1.0, 1.0, 1.0 + 9e-13] {
        let bar = query(&moments, &[end]).bars()[0];
        // half the kernel's error times the range, and a little more: never the range
        assert!(bar.approximation < 1.01 * error, "{bar:?}");
    }
}

#[test]
fn bars_without_a_certificate_span_the_range_and_not_more_however_large_logits_are() {
    for scale in [5.0, 800.0, 1e4, 3e9] {
        let (keys, values) = uniform(50, LINE, 0.9, 1);
        let options = options(LINE, 1.0, 2).with_softmax_scale(scale).with_uncertified_kernel();
        let moments = aggregate(options, &keys, &values).assume_public().unwrap();
        let bar = query(&moments, &[0.9]).bars()[0];
        assert!((2.0..2.01).contains(&bar.total()), "{scale}: {bar:?}");
    }
}

/// Finite numbers of all sizes, and some that are not.
fn any_number() -> impl Strategy<Value = f64> {
    let sized = (-1.0..1.0_f64, -320..308_i32).prop_map(|(x, exponent)| x * 10.0_f64.powi(exponent));
    let special = vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE];
    prop_oneof![4 => -3.0..3.0_f64, 4 => sized, 1 => prop::sample::select(special)]
}

/// Mostly ordinary, now and then of any size.
fn size() -> impl Strategy<Value = f64> {
    prop_oneof![6 => 0.1..3.0_f64, 1 => (-160..160_i32).prop_map(|e| 10.0_f64.powi(e))]
}

fn any_features() -> impl Strategy<Value = KeyFeatures> {
    let polynomial =
        prop::collection::vec(prop_oneof![-2.0..2.0_f64, Just(0.0), Just(1e-300), Just(1e100)], 1..5)
            .prop_filter_map("a polynomial", |coefficients| {
                ExpPolynomial::from_coefficients(&coefficients).ok()
            });
    prop_oneof![
        (0..9_usize).prop_map(|degree| KeyFeatures::Taylor { degree }),
        polynomial.prop_map(KeyFeatures::Polynomial),
        prop::collection::vec(-5.0..5.0_f64, 6).prop_map(|frequencies| {
            let frequencies = Mat::from_vec(3, 2, frequencies).unwrap();
            KeyFeatures::Trigonometric(TrigonometricFeatures::from_frequencies(frequencies.as_ref()).unwrap())
        }),
        prop::collection::vec(any_number(), 6)
            .prop_map(|keys| KeyFeatures::Landmarks(Mat::from_vec(3, 2, keys).unwrap())),
    ]
}

prop_compose! {
    fn any_options()(
        features in any_features(),
        radii in [size(), size(), size()],
        scale in size(),
        center in prop::option::of([any_number(), any_number()]),
        range in prop::option::of((-4.0..=0.0_f64, 0.0..=4.0_f64)),
        bits in (3..28_u32, 3..26_u32),
        max_rows in prop::sample::select(vec![0, 1, 5, 1 << 20, u64::MAX]),
        (weight, typical, document) in (size(), prop::option::of(size()), 0..4_u32),
        certified in any::<bool>(),
    ) -> Option<MomentOptions> {
        let bounds = Bounds::new(radii[0], radii[1], radii[2]).ok()?;
        let mut options = MomentOptions::new(PLANE, bounds, 1)
            .with_features(features)
            .with_softmax_scale(scale)
            .with_resolution(bits.0, bits.1)
            .with_max_rows(max_rows)
            .with_normaliser_weight(weight)
            .with_document_weight(document)
            .with_parallelism(Parallelism::Sequential);
        if let Some(center) = center {
            options = options.with_key_center(center.to_vec());
        }
        if let Some((low, high)) = range {
            options = options.with_value_range(low, high);
        }
        if let Some(typical) = typical {
            options = options.with_typical_query_norm(typical);
        }
        Some(if certified { options } else { options.with_uncertified_kernel() })
    }
}

fn matrix(numbers: &[f64], columns: usize) -> Mat {
    Mat::from_vec(numbers.len() / columns, columns, numbers.to_vec()).unwrap()
}

/// Answers with numbers in the hull and bars that are no less than nothing, or a refusal.
fn sound(answers: &Result<Vec<Answer>, Error>) -> Result<(), TestCaseError> {
    for estimate in answers.iter().flatten().filter_map(Answer::estimate) {
        prop_assert!(estimate.value().iter().all(|value| value.is_finite()), "{estimate:?}");
        prop_assert!(estimate.bars().iter().all(|bar| bar.total() >= 0.0), "{estimate:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_the_options_they_are_refused_or_every_input_is_answered(
        options in any_options(),
        numbers in prop::collection::vec(any_number(), 20),
        query in [any_number(), any_number()],
        ids in prop::collection::vec(0..3_u64, 5),
    ) {
        let Some(geometry) = options.and_then(|options| MomentGeometry::new(options).ok()) else { return Ok(()) };
        let options = geometry.options().clone();
        let (keys, values) = (matrix(&numbers[..10], 2), matrix(&numbers[10..], 2));
        let square = |stated: Result<LatticeL2Sensitivity<AddRemoveDocument>, Error>| stated.unwrap().square();
        let most = square(AddRemoveDocument.sensitivity(&geometry));
        let mut documents = PrivateMoments::new(AddRemoveDocument, options.clone()).unwrap();
        documents.push_documents(Documents::new(&ids, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
        let _ = PerturbRow::new(0.1).unwrap().sensitivity(&geometry);
        let one = Documents::new(&[7; 5], keys.as_ref(), values.as_ref()).unwrap();
        let mut single = PrivateMoments::new(AddRemoveDocument, options.clone()).unwrap();
        single.push_documents(one).unwrap();
        let integers = single.into_statistic().unwrap().assume_public();
        prop_assert!(integers.iter().map(|x| u128::from(x.unsigned_abs()).pow(2)).sum::<u128>() <= most);

        let queries = matrix(&query, 2);
        let radius = options.bounds().query_radius();
        let unit = Mat::from_vec(2, 2, vec![radius, 0.0, 0.0, -radius]).unwrap();
        let (epsilon, delta) = budget(1.0);
        let noisy = documents.release(epsilon, delta, &mut ChaCha8Rng::seed_from_u64(1)).ok();
        let public = aggregate(options.clone(), &keys, &values).assume_public().unwrap();
        for moments in noisy.iter().map(Release::value).chain([&public]) {
            for reader in [moments.reader(one_percent()), moments.fixed_query_reader(one_percent())] {
                let reader = reader.unwrap();
                let tokens = LocalTokens::new(keys.as_ref(), values.as_ref()).unwrap();
                for queries in [&queries, &unit] {
                    sound(&reader.query_batch(queries.as_ref()))?;
                    sound(&reader.query_with_local(queries.as_ref(), tokens))?;
                }
                prop_assert!(reader.query_batch(unit.as_ref()).is_ok());
            }
        }
    }
}

/// A vector scaled back to the radius, the naive way; none if it is not finite.
fn scaled_back(x: Vec<f64>, radius: f64) -> Option<Vec<f64>> {
    let largest = x.iter().fold(f64::MIN_POSITIVE, |largest, v| largest.max(v.abs()));
    let norm = largest * x.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt();
    let finite = x.iter().all(|v| v.is_finite());
    let long = |v: f64| if norm > radius { (v / largest) * (radius / (norm / largest)) } else { v };
    finite.then(|| x.into_iter().map(long).collect())
}

/// Attention over clipped rows and tokens, all keys less the centre.
fn target(options: &MomentOptions, query: &[f64], rows: (&Mat, &Mat), tokens: (&Mat, &Mat)) -> Vec<f64> {
    let center = options.key_center().unwrap_or(&[0.0, 0.0]);
    let centred = |key: &[f64]| key.iter().zip(center).map(|(k, c)| k - c).collect::<Vec<_>>();
    let (low, high) = options.value_range();
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (key, value) in rows.0.rows().zip(rows.1.rows()) {
        let key = scaled_back(centred(key), options.bounds().key_radius());
        let value = scaled_back(value.to_vec(), options.bounds().value_radius());
        if let (Some(key), Some(value)) = (key, value) {
            keys.extend(key);
            values.extend(value.into_iter().map(|v| v.clamp(low, high)));
        }
    }
    for (key, value) in tokens.0.rows().zip(tokens.1.rows()) {
        keys.extend(centred(key));
        values.extend(value);
    }
    oracle::softmax_attention(query, &keys, &values, options.softmax_scale())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn without_noise_no_error_exceeds_its_bar_whatever_the_options(
        options in any_options(),
        numbers in prop::collection::vec(prop_oneof![8 => -2.0..2.0_f64, 1 => any_number()], 20),
        local in prop::collection::vec(-5.0..5.0_f64, 20),
        angle in 0.0..6.3_f64,
        length in prop_oneof![0.0..1.0_f64, Just(1.0)],
        tokens in 0..4_usize,
        spread in prop_oneof![Just(1.0), Just(1e-3), Just(10.0)],
    ) {
        let Some(geometry) = options.and_then(|options| MomentGeometry::new(options).ok()) else { return Ok(()) };
        let options = geometry.options().clone();
        let (radii, center) = (options.bounds(), options.key_center().unwrap_or(&[0.0, 0.0]).to_vec());
        let key_at = |x: f64, j: usize| x * radii.key_radius() + center[j];
        let keys = Mat::from_fn(5, 2, |i, j| key_at(numbers[2 * i + j] * spread, j));
        let values = Mat::from_fn(5, 2, |i, j| numbers[10 + 2 * i + j] * spread * radii.value_radius());
        let local_keys = Mat::from_fn(tokens, 2, |i, j| key_at(local[2 * i + j], j));
        let local_values = Mat::from_fn(tokens, 2, |i, j| local[10 + 2 * i + j] * radii.value_radius());
        // short of the radius by the rounding of a sine
        let query = [angle.cos(), angle.sin()].map(|x| x * length * (1.0 - 1e-15) * radii.query_radius());
        let moments = aggregate(options.clone(), &keys, &values).assume_public().unwrap();
        let reader = moments.reader(one_percent()).unwrap();
        let tokens = LocalTokens::new(local_keys.as_ref(), local_values.as_ref()).unwrap();
        let Ok(answers) = reader.query_with_local(matrix(&query, 2).as_ref(), tokens) else { return Ok(()) };
        let Some(estimate) = answers[0].estimate() else { return Ok(()) };
        let exact = target(&options, &query, (&keys, &values), (&local_keys, &local_values));
        for ((exact, value), bar) in exact.iter().zip(estimate.value()).zip(estimate.bars()) {
            // the naive average of at most eight values has some 30 roundings, of no more than a bar that spans the hull
            prop_assert!((exact - value).abs() <= bar.total() * (1.0 + 1e-13), "{exact} {value} {bar:?}");
        }
    }
}

/// Five rows in units of the radii around the centre, as keys and values.
fn five_rows(options: &MomentOptions, numbers: &[f64]) -> (Mat, Mat) {
    let (radii, center) = (options.bounds(), options.key_center().unwrap_or(&[0.0, 0.0]));
    let keys = Mat::from_fn(5, 2, |i, j| numbers[4 * i + j] * radii.key_radius() + center[j]);
    let values = Mat::from_fn(5, 2, |i, j| numbers[4 * i + 2 + j] * radii.value_radius());
    (keys, values)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn trees_of_any_options_move_as_stated_and_answer_within_their_bars(
        options in any_options(),
        numbers in prop::collection::vec(prop_oneof![8 => -2.0..2.0_f64, 1 => any_number()], 24),
        bins in 1..9_usize,
        budget in prop::sample::select(vec![TreeBudget::EqualShares, TreeBudget::Accounted, TreeBudget::Joint]),
        angle in 0.0..6.3_f64,
    ) {
        let Some(options) = options else { return Ok(()) };
        let trees = TreeAttentionOptions::new(options.clone(), budget).with_bins(bins);
        if PrivateTreeAttention::new(ReplaceRow, trees.clone()).is_err() {
            return Ok(());
        }
        let build = |numbers: &[f64]| {
            let (keys, values) = five_rows(&options, numbers);
            let mut private = PrivateTreeAttention::new(ReplaceRow, trees.clone()).unwrap();
            private.push(Rows::new(ReplaceRow, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
            private
        };
        // the last row in place of the first
        let (rows, other) = (&numbers[..20], [&numbers[20..], &numbers[4..20]].concat());
        let (_, most) = build(rows).sensitivities().unwrap();
        let pairs = build(rows).assume_public_nodes().into_iter().zip(build(&other).assume_public_nodes());
        let moved: u128 = pairs.map(|(a, b)| u128::from(a.abs_diff(b)).pow(2)).sum();
        prop_assert!(moved <= most, "{moved} {most}");

        let query = [angle.cos(), angle.sin()].map(|x| x * (1.0 - 1e-15) * options.bounds().query_radius());
        let public = build(rows).assume_public();
        // a query may be too long for features that are balanced for far shorter ones
        let Ok(answer) = public.reader(one_percent()).unwrap().query(&query) else { return Ok(()) };
        let Some(estimate) = answer.estimate() else { return Ok(()) };
        let ((keys, values), nothing) = (five_rows(&options, rows), Mat::zeros(0, 2));
        let exact = target(&options, &query, (&keys, &values), (&nothing, &nothing));
        for ((exact, value), bar) in exact.iter().zip(estimate.value()).zip(estimate.bars()) {
            // not a number where no row is left to be right about
            prop_assert!(exact.is_nan() || (exact - value).abs() <= bar.total() * (1.0 + 1e-13), "{exact} {value} {bar:?}");
        }
    }
}
