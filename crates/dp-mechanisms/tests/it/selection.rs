//! Selection by score: any parameters are refused or honest, error bounds hold, certificates say what was done.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dp_mechanisms::noise::{ExponentialWeights, LogConcaveNoise};
use dp_mechanisms::selection::{
    AboveThreshold, Answer, DistanceToInstability, ExponentialMechanism, MonotoneScoreSensitivity,
    PermuteAndFlip, PrivateQuantile, ProposeTestRelease, QuantileRange, ReportNoisyMax, ScoreMovement,
    ScoreSensitivity, Scores, StabilityTest, ThresholdAnswers, Winner,
};
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Delta, DiscreteLaplace, Epsilon, Error, Lattice, LatticeL1Sensitivity,
    LatticeStatistic, NoiseScale, QuantileLevel, ReplaceRow,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

fn delta(value: f64) -> Delta {
    Delta::new(value).unwrap()
}

fn any_way(steps: u64) -> ScoreSensitivity<AddRemoveRow> {
    ScoreSensitivity::new(steps, AddRemoveRow).unwrap()
}

fn one_way(steps: u64) -> MonotoneScoreSensitivity<AddRemoveRow> {
    MonotoneScoreSensitivity::new(steps, AddRemoveRow).unwrap()
}

/// Whether a parameter, or the noise that it needs, is beyond what is supported.
fn out_of_reach(error: Error) -> bool {
    matches!(error, Error::ScaleUnsupported { .. } | Error::OutOfRange { .. })
}

/// Log-uniform between powers of ten.
fn between(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|exponent| 10_f64.powf(exponent))
}

/// Log-uniform movements of a score.
fn steps() -> impl Strategy<Value = u64> {
    (1_u64..=1 << 61, 0_u32..61).prop_map(|(n, shift)| (n >> shift).max(1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn movements_are_refused_or_have_the_spread_of_their_type(steps in any::<u64>(), shift in 0_u32..64) {
        let steps = steps >> shift;
        match (ScoreSensitivity::new(steps, ReplaceRow), MonotoneScoreSensitivity::new(steps, ReplaceRow)) {
            (Ok(any_way), Ok(one_way)) => {
                prop_assert_eq!((any_way.spread(), one_way.spread()), (2 * steps, steps));
                prop_assert!((1..=1 << 61).contains(&steps));
            }
            (Err(first), Err(second)) => {
                prop_assert_eq!(first, second);
                prop_assert!(steps == 0 || steps > 1 << 61);
            }
            _ => prop_assert!(false, "one of them was refused"),
        }
    }

    #[test]
    fn any_scores_have_an_index(
        scores in proptest::collection::vec(any::<i64>(), 1..6), value in between(-300.0, 300.0), steps in steps()
    ) {
        let (n, movement) = (scores.len(), any_way(steps));
        let scores = Scores::new(scores, movement).unwrap();
        let by_weight = ExponentialMechanism::new(epsilon(value), movement).release(&scores, "test", &mut rng()).unwrap();
        let by_coins = PermuteAndFlip::new(epsilon(value), movement).release(&scores, "test", &mut rng()).unwrap();
        prop_assert!(*by_weight.value() < n && *by_coins.value() < n);
        prop_assert_eq!(by_weight.certificate().guarantee().delta(value), 0.0);
    }

    #[test]
    fn noise_for_a_maximum_is_refused_or_the_least_that_suffices(value in between(-300.0, 300.0), steps in steps()) {
        match ReportNoisyMax::calibrate(epsilon(value), one_way(steps)) {
            Ok(mechanism) => {
                let scale = mechanism.noise_scale().get();
                prop_assert!(scale >= steps as f64 / value * (1.0 - 1e-15) && scale <= steps as f64 / value * (1.0 + 1e-15));
                let again = ReportNoisyMax::with_noise_scale(mechanism.noise_scale(), one_way(steps));
                prop_assert!(again.is_ok_and(|made| made.profile().delta(value) == 0.0));
            }
            Err(error) => prop_assert!(out_of_reach(error)),
        }
    }

    #[test]
    fn noise_for_a_threshold_is_refused_or_pays_for_all_answers(
        value in between(-30.0, 30.0), steps in steps(), positives in any::<u32>(), shift in 0_u32..32
    ) {
        let positives = positives >> shift;
        match AboveThreshold::calibrate(epsilon(value), any_way(steps), positives) {
            Ok(mechanism) => {
                let [first, second] = [mechanism.threshold_noise_scale(), mechanism.score_noise_scale()].map(NoiseScale::get);
                let cost = steps as f64 / first + 2.0 * steps as f64 * f64::from(positives) / second;
                // five roundings
                prop_assert!((cost / value - 1.0).abs() < 2e-15);
                prop_assert!(positives > 0 && mechanism.profile().delta(value) == 0.0);
            }
            Err(error) => prop_assert!(positives == 0 || out_of_reach(error)),
        }
    }

    #[test]
    fn a_stability_test_is_refused_or_fails_seldom_enough(value in between(-15.0, 15.0), failure in between(-300.0, -0.01)) {
        match StabilityTest::calibrate(epsilon(value), delta(failure), AddRemoveRow) {
            Ok(test) => {
                let noise = DiscreteLaplace::new(test.noise_scale()).unwrap();
                let threshold = test.threshold() as i64;
                prop_assert!(noise.tail_bounds(threshold).1 <= failure);
                prop_assert!(threshold == 0 || noise.tail_bounds(threshold - 1).1 > failure);
                prop_assert!(test.profile().delta(value) <= failure);
            }
            Err(error) => prop_assert!(out_of_reach(error)),
        }
    }

    #[test]
    fn ranges_are_refused_or_not_empty(low in any::<i64>(), high in any::<i64>()) {
        match QuantileRange::new(low, high) {
            Ok(range) => prop_assert!(range.low() <= range.high()),
            Err(error) => prop_assert_eq!(error, Error::EmptyRange { low, high }),
        }
    }

    #[test]
    fn the_exponential_mechanism_keeps_its_error_bound(
        scores in proptest::collection::vec(-30_i64..30, 1..8), value in between(-1.0, 1.0), gamma in between(-4.0, -0.1)
    ) {
        let law = ExponentialMechanism::new(epsilon(value), any_way(1)).probability_bounds(&scores).unwrap();
        let best = *scores.iter().max().unwrap();
        let reach = 2.0 / value * (scores.len() as f64 / gamma).ln();
        let beyond: f64 = scores.iter().zip(&law).filter(|(u, _)| (best - **u) as f64 > reach).map(|(_, p)| p.0).sum();
        prop_assert!(beyond <= gamma);
    }
}

#[test]
fn a_median_keeps_its_error_bound_in_rank() {
    let values: Vec<i64> = (0..40).map(|i| i * i).collect();
    let range = QuantileRange::new(0, 1600).unwrap();
    let median = PrivateQuantile::new(epsilon(1.0), QuantileLevel::new(0.5).unwrap(), range, AddRemoveRow);
    let gamma = 0.2_f64;
    let reach = (1601.0 / gamma).ln();
    let distance = |x: i64| {
        let below = values.iter().filter(|v| **v < x).count() as f64;
        let upto = values.iter().filter(|v| **v <= x).count() as f64;
        (below - 20.0).max(20.0 - upto).max(0.0)
    };
    let beyond = (0..=1600).filter(|x| distance(*x) > reach).map(|x| median.probability_bounds(&values, x).0);
    let beyond: f64 = beyond.sum();
    assert!(beyond <= gamma && beyond > 0.0, "{beyond}");
}

#[test]
fn a_stable_answer_is_seldom_withheld() {
    let test = StabilityTest::calibrate(epsilon(0.5), delta(1e-6), AddRemoveRow).unwrap();
    let noise = DiscreteLaplace::new(test.noise_scale()).unwrap();
    for gamma in [0.3_f64, 1e-2, 1e-9] {
        let distance = test.threshold() as f64 + 2.0 * -gamma.ln() + 1.0;
        // withheld if K ≤ threshold − distance
        let withheld = noise.tail_bounds(distance.ceil() as i64 - test.threshold() as i64 - 1).1;
        assert!(withheld <= gamma, "{gamma}: {withheld}");
    }
}

#[test]
fn certificates_say_what_was_done() {
    let scores = Scores::new(vec![7, 8], one_way(3)).unwrap();
    let winner = ReportNoisyMax::calibrate(epsilon(0.5), one_way(3)).unwrap();
    let released = winner.release(&scores, "the better one", &mut rng()).unwrap();
    let certificate = released.certificate();
    for (name, value) in [
        ("noise_scale", "6.0"),
        ("score_sensitivity", "3"),
        ("score_spread", "3"),
        ("score_movement", "all scores move in one direction"),
        ("candidates", "2"),
    ] {
        assert_eq!(certificate.parameters()[name], value);
    }
    assert_eq!(certificate.arithmetic(), ArithmeticModel::ExactLattice);
    assert!(certificate.claims().iter().any(|id| id == "mechanisms.selection.noisy_max.privacy"));

    // nothing in the certificate of a median under add/remove tells how many values there are
    let range = QuantileRange::new(0, 9).unwrap();
    let median = PrivateQuantile::new(epsilon(1.0), QuantileLevel::new(0.5).unwrap(), range, AddRemoveRow);
    let certificate = |n| median.release(&vec![4; n], "median", &mut rng()).certificate().clone();
    assert_eq!(certificate(0), certificate(1000));

    let bound = LatticeL1Sensitivity::new(4, AddRemoveRow).unwrap();
    let proposal = ProposeTestRelease::calibrate((epsilon(0.5), delta(1e-6)), epsilon(0.25), bound).unwrap();
    let distance = DistanceToInstability::new(500, AddRemoveRow);
    let statistic = LatticeStatistic::new(vec![9], Lattice::new(0).unwrap(), bound, 100);
    let released = proposal.release(statistic, &distance, "median", &mut rng()).unwrap();
    assert_eq!(released.certificate().parameters()["proposed_l1_sensitivity"], "4");
    assert!(released.value().is_some() && released.certificate().guarantee().delta(0.75) <= 1e-6);
}

#[test]
fn what_is_released_survives_files() {
    let scores = Scores::new(vec![70, 8, 60], any_way(1)).unwrap();
    let winner = ReportNoisyMax::calibrate(epsilon(1.0), any_way(1)).unwrap();
    let released = winner.release_with_gap(&scores, "test", &mut rng()).unwrap();
    let text = serde_json::to_string(released.value()).unwrap();
    assert_eq!(serde_json::from_str::<Winner>(&text).unwrap(), *released.value());
    let saved = r#"{"queries":9,"above":[[3,17],[8,0]]}"#;
    let answers: ThresholdAnswers = serde_json::from_str(saved).unwrap();
    assert_eq!(serde_json::to_string(&answers).unwrap(), saved);
    // a position beyond the stream, and two that are not in order
    for (from, to) in [("[8,0]", "[9,0]"), ("[8,0]", "[3,0]")] {
        assert!(serde_json::from_str::<ThresholdAnswers>(&saved.replace(from, to)).is_err());
    }
    for answer in [Answer::Below, Answer::Above { gap: 3 }] {
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
    }
}

#[test]
fn no_debug_output_shows_private_numbers() {
    let scores = Scores::new(vec![424_242, 171_717], any_way(1)).unwrap();
    let distance = DistanceToInstability::new(424_242, AddRemoveRow);
    let text = format!("{scores:?} {distance:?}");
    assert!(!text.contains("4242") && !text.contains("1717"), "{text}");
}

#[test]
fn weights_are_multiplicative() {
    let weights = ExponentialWeights::new(epsilon(0.3), 5).unwrap();
    let product = |a: u64, b: u64| weights.weight_bounds(a).0 * weights.weight_bounds(b).0;
    for (a, b) in [(1, 2), (10, 77), (0, 9)] {
        let (lower, upper) = weights.weight_bounds(a + b);
        // two floats of width and one rounding on the left
        assert!((product(a, b) / lower - 1.0).abs() < 1e-15 && (product(a, b) / upper - 1.0).abs() < 1e-15);
    }
}
