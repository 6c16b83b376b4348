//! Releases of self-attention matrices: what they say, and how right they are.

use crate::data::budget;
use attention_dp::{AttentionLogits, PrivateSelfAttention, Route, SelfAttentionOptions, plan_self_attention};
use dp_linalg::Mat;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::selection::{AboveThreshold, ScoreMovement};
use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, FailureProbability, PerturbRow, ReplaceRow};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

const ROWS: usize = 30;
const DIM: usize = 5;

fn options() -> SelfAttentionOptions {
    SelfAttentionOptions::new(ROWS, DIM, 1.0).unwrap().with_softmax_scale(1.5)
}

fn rows(seed: u64) -> Mat {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    Mat::from_fn(ROWS, DIM, |_, _| rng.random_range(-0.7..0.7))
}

/// Logits over rows scaled back to length one, the naive way.
fn exact_logits(rows: &Mat) -> Mat {
    let norm = |i: usize| rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt().max(1.0);
    let dot = |i: usize, j: usize| rows.row(i).iter().zip(rows.row(j)).map(|(a, b)| a * b).sum::<f64>();
    Mat::from_fn(ROWS, ROWS, |i, j| 1.5 * dot(i, j) / norm(i) / norm(j))
}

fn naive_softmax(logits: &Mat) -> Mat {
    let sum = |i: usize| logits.row(i).iter().map(|x| x.exp()).sum::<f64>();
    Mat::from_fn(ROWS, ROWS, |i, j| logits[(i, j)].exp() / sum(i))
}

fn close(beta: f64) -> PerturbRow {
    PerturbRow::new(beta).unwrap()
}

fn private<A: FixedSizeAdjacency>(adjacency: A) -> PrivateSelfAttention<A> {
    PrivateSelfAttention::new(adjacency, options(), rows(1).as_ref()).unwrap()
}

fn released(route: Route, beta: f64, seed: u64) -> AttentionLogits {
    let (epsilon, delta) = budget(1.0);
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let private = private(close(beta));
    match route {
        Route::Rows => private.release_rows(epsilon, delta, &mut rng).unwrap().value().clone(),
        Route::Gram => private.release_gram(epsilon, delta, &mut rng).unwrap().value().clone(),
        Route::Sampling => private.release_sampling(epsilon, delta, &mut rng).unwrap().value().clone(),
    }
}

const ROUTES: [Route; 3] = [Route::Rows, Route::Gram, Route::Sampling];

#[test]
fn with_hardly_any_noise_each_route_is_exact_attention() {
    let exact = naive_softmax(&exact_logits(&rows(1)));
    for route in [Route::Rows, Route::Gram] {
        let attention = released(route, 1e-7, 2).attention();
        for (found, exact) in attention.as_slice().iter().zip(exact.as_slice()) {
            // logits off by 6 standard deviations of 1.5·4.3e-7·√30, and by the rounding of rows to 2⁻²³
            assert!((found / exact - 1.0).abs() < 1e-4, "{route:?}: {found} {exact}");
        }
    }
}

#[test]
fn every_row_of_attention_is_a_distribution_however_much_noise_there_is() {
    for route in ROUTES {
        for beta in [0.001, 0.03] {
            let attention = released(route, beta, 3).attention();
            for row in attention.rows() {
                // 30 additions and divisions
                assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-14 && row.iter().all(|a| *a > 0.0));
            }
        }
    }
}

#[test]
fn bounds_hold_the_exact_matrix_and_narrow_with_the_noise() {
    let (logits, exact) = (exact_logits(&rows(1)), naive_softmax(&exact_logits(&rows(1))));
    let failure = FailureProbability::new(1e-6).unwrap();
    for route in ROUTES {
        let mut widths = Vec::new();
        for beta in [0.02, 0.001] {
            let release = released(route, beta, 4);
            let bounds = release.bounds(failure).unwrap();
            let attention = release.attention();
            for i in 0..ROWS {
                let distance: f64 = (0..ROWS).map(|j| (attention[(i, j)] - exact[(i, j)]).abs()).sum();
                assert!(0.5 * distance <= bounds.total_variation()[i], "{route:?} {beta}");
                for j in 0..ROWS {
                    let inside = |low: &Mat, x: &Mat, high: &Mat| {
                        low[(i, j)] <= x[(i, j)] && x[(i, j)] <= high[(i, j)]
                    };
                    assert!(inside(bounds.lower(), &exact, bounds.upper()), "{route:?} {beta} {i} {j}");
                    assert!(inside(bounds.logit_lower(), &logits, bounds.logit_upper()), "{route:?} {beta}");
                }
            }
            widths.push(bounds.total_variation().iter().sum::<f64>());
        }
        assert!(widths[1] < 0.5 * widths[0], "{route:?}: {widths:?}");
    }
}

#[test]
fn intervals_of_sampling_hold_where_the_ridge_swallows_the_logits() {
    let rows = Mat::from_fn(4, 2, |i, j| if j == 0 { [1.0, -1.0][i % 2] } else { 0.0 });
    let (epsilon, delta) = budget(1.0);
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    for ridge in [1e6, 1e16, 1e17, 1e20] {
        let options = SelfAttentionOptions::new(4, 2, 1.0)
            .unwrap()
            .with_ridge(ridge)
            .with_max_draws(Draws::new(1000).unwrap());
        let private = PrivateSelfAttention::new(ReplaceRow, options, rows.as_ref()).unwrap();
        let release = private.release_sampling(epsilon, delta, &mut rng).unwrap();
        let bounds = release.value().bounds(FailureProbability::new(0.01).unwrap()).unwrap();
        for i in 0..4 {
            for j in 0..4 {
                let exact = options.softmax_scale() * rows[(i, 0)] * rows[(j, 0)];
                let (low, high) = (bounds.logit_lower()[(i, j)], bounds.logit_upper()[(i, j)]);
                assert!(low <= exact && exact <= high, "{ridge} {i} {j}: {low} {exact} {high}");
            }
        }
    }
}

#[test]
fn a_low_rank_estimate_takes_noise_off_logits_and_leaves_bars() {
    // more rows than the others use, so that the rank says something
    let n = 150;
    let options = SelfAttentionOptions::new(n, 3, 1.0).unwrap().with_softmax_scale(1.0);
    let rows = Mat::from_fn(n, 3, |i, j| ((i * (2 * j + 3)) as f64).sin() * 0.5);
    let (epsilon, delta) = budget(1.0);
    let private = PrivateSelfAttention::new(close(0.002), options, rows.as_ref()).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let raw = private.release_gram(epsilon, delta, &mut rng).unwrap().value().clone();
    let low_rank = raw.clone().with_low_rank();
    let error = |logits: &Mat| {
        let dot = |i: usize, j: usize| rows.row(i).iter().zip(rows.row(j)).map(|(a, b)| a * b).sum::<f64>();
        let squares = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
        let sum: f64 = squares.map(|(i, j)| (logits[(i, j)] - dot(i, j)).powi(2)).sum();
        (sum / (n * n) as f64).sqrt()
    };
    // √(2·3/150) = 0.2 in the limit of little noise
    let ratio = error(low_rank.logits()) / error(raw.logits());
    assert!(ratio < 0.4, "{ratio}");
    let failure = FailureProbability::new(0.01).unwrap();
    let [a, b] = [&raw, &low_rank].map(|logits| logits.bounds(failure).unwrap());
    assert_eq!(a.lower(), b.lower());
}

#[test]
fn certificates_say_which_arithmetic_and_which_claims() {
    let (epsilon, delta) = budget(1.0);
    let mut rng = ChaCha20Rng::seed_from_u64(6);
    let rows = private(close(0.01)).release_rows(epsilon, delta, &mut rng).unwrap();
    let gram = private(ReplaceRow).release_gram(epsilon, delta, &mut rng).unwrap();
    let sampling = private(close(0.01)).release_sampling(epsilon, delta, &mut rng).unwrap();
    assert_eq!(rows.certificate().arithmetic(), ArithmeticModel::ExactLattice);
    assert_eq!(gram.certificate().arithmetic(), ArithmeticModel::ExactLattice);
    assert_eq!(sampling.certificate().arithmetic(), ArithmeticModel::RealModel);
    assert!(rows.certificate().guarantee().delta(1.0) <= 1e-6);
    assert!(gram.certificate().guarantee().delta(1.0) <= 1e-6);
    assert!(sampling.certificate().guarantee().delta(1.0) <= 1e-6);
    assert_eq!(rows.certificate().parameters()["route"], "rows");
    assert_eq!(sampling.certificate().parameters()["ridge"], "1.5");
    assert_eq!(sampling.certificate().parameters()["assumed_opposite_pair"], "true");
    let known: Vec<&str> = attention_dp::claims::CLAIMS.iter().map(|claim| claim.id).collect();
    for claim in [rows.certificate().claims(), gram.certificate().claims(), sampling.certificate().claims()] {
        assert!(
            claim.iter().filter(|id| id.starts_with("attention.")).all(|id| known.contains(&id.as_str()))
        );
        assert!(claim.iter().any(|id| id.starts_with("attention.self.")));
    }
}

#[test]
fn the_same_rows_give_the_same_integers_wherever_they_stand() {
    let integers = |rows: &Mat| {
        let private = PrivateSelfAttention::new(close(0.01), options(), rows.as_ref()).unwrap();
        private.into_row_statistic().unwrap().assume_public()
    };
    let rows = rows(7);
    let reversed = Mat::from_fn(ROWS, DIM, |i, j| rows[(ROWS - 1 - i, j)]);
    let back: Vec<i64> = integers(&reversed).chunks(DIM).rev().flatten().copied().collect();
    assert_eq!(integers(&rows), back);
}

#[test]
fn the_triangle_is_the_product_of_the_integer_rows() {
    let rows = rows(8);
    let build = || PrivateSelfAttention::new(ReplaceRow, options(), rows.as_ref()).unwrap();
    let triangle = build().into_gram_statistic().unwrap().assume_public();
    // the lattice of the triangle is coarser than that of rows: 2⁻¹⁰ against 2⁻²⁰ of √d
    let exact = exact_logits(&rows);
    let largest = triangle.iter().copied().max().unwrap() as f64;
    let scale = (0..ROWS).map(|i| exact[(i, i)]).fold(0.0, f64::max) / largest;
    for i in 0..ROWS {
        for j in 0..=i {
            let found = triangle[dp_mechanisms::symmetric::packed_index(i, j)] as f64 * scale;
            assert!((found - exact[(i, j)]).abs() < 1.5 * 3e-3, "{i} {j}");
        }
    }
}

#[test]
fn tokens_follow_softmax_of_the_query_row() {
    let options = SelfAttentionOptions::new(3, 2, 1.0).unwrap().with_softmax_scale(2.0);
    let rows = Mat::from_vec(3, 2, vec![1.0, 0.0, 0.6, 0.8, -1.0, 0.0]).unwrap();
    let private = PrivateSelfAttention::new(ReplaceRow, options, rows.as_ref()).unwrap();
    let weights = [2.0_f64, 1.2, -2.0].map(f64::exp);
    let total: f64 = weights.iter().sum();
    let (mut counts, n) = ([0_u32; 3], 20_000);
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    for _ in 0..n {
        counts[*private.sample_token(0, &mut rng).unwrap().value()] += 1;
    }
    for (count, weight) in counts.into_iter().zip(weights) {
        let p = weight / total;
        // five standard deviations
        let deviation = (f64::from(count) / f64::from(n) - p).abs();
        assert!(deviation < 5.0 * (p * (1.0 - p) / f64::from(n)).sqrt(), "{counts:?}");
    }
    // 4·s·α², and the rounding of integers
    let epsilon = private.token_mechanism().unwrap().profile().epsilon(Delta::new(1e-300).unwrap());
    assert!((8.0..8.0 + 1e-5).contains(&epsilon), "{epsilon}");
}

#[test]
fn scores_state_how_far_each_moves_and_two_against_each_other() {
    // the query leaves 0.7 for 1 along its own direction, and another row stands against it
    let options = SelfAttentionOptions::new(3, 1, 1.0).unwrap().with_softmax_scale(1.0);
    let private = |first: f64| {
        let rows = Mat::from_vec(3, 1, vec![first, 1.0, -1.0]).unwrap();
        PrivateSelfAttention::new(close(0.3), options, rows.as_ref()).unwrap()
    };
    let scores = private(1.0).scores(0).unwrap();
    let sensitivity = scores.sensitivity();
    let (before, after) = (private(0.7).scores(0).unwrap().assume_public(), scores.assume_public());
    let moves: Vec<f64> = after.iter().zip(&before).map(|(a, b)| (a - b) as f64).collect();
    let (each, spread) = (moves[0], moves[0] - moves[2]);
    assert!(each > 0.6 * spread); // of 0.51 and 0.81
    for (moved, stated) in [(each, sensitivity.get()), (spread, sensitivity.spread())] {
        // integers of 2²³ steps a radius
        assert!(moved <= stated as f64 && moved >= stated as f64 * (1.0 - 2e-6), "{moved} {stated}");
    }
    // scores are so fine that less ε needs more noise than is supported
    let mechanism = AboveThreshold::calibrate(budget(1000.0).0, sensitivity, 1).unwrap();
    let (first, second) = (mechanism.threshold_noise_scale().get(), mechanism.score_noise_scale().get());
    let cost = (each / first + spread / second) / 1000.0;
    assert!(cost <= 1.0 && cost > 1.0 - 1e-5, "{cost}");

    let token = private(1.0).sample_token(0, &mut ChaCha20Rng::seed_from_u64(14)).unwrap();
    for (name, value) in [("score_sensitivity", sensitivity.get()), ("score_spread", sensitivity.spread())] {
        assert_eq!(token.certificate().parameters()[name], value.to_string());
    }
}

#[test]
fn plans_tell_what_releases_then_do() {
    let (epsilon, delta) = budget(1.0);
    let failure = FailureProbability::new(0.01).unwrap();
    let plan = plan_self_attention(&options(), close(0.01), (epsilon, delta), failure).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(10);
    let sampling = private(close(0.01)).release_sampling(epsilon, delta, &mut rng).unwrap();
    let draws = plan.sampling().unwrap().draws().unwrap();
    assert_eq!(sampling.certificate().parameters()["draws"], draws.get().to_string());
    for route in ROUTES {
        let forecast = [plan.rows(), plan.gram(), plan.sampling()].into_iter().flatten();
        let forecast = forecast.copied().find(|forecast| forecast.route() == route).unwrap();
        let bounds = released(route, 0.01, 11).bounds(failure).unwrap();
        let widest = bounds.logit_upper().as_slice().iter().zip(bounds.logit_lower().as_slice());
        let widest = widest.map(|(high, low)| 0.5 * (high - low)).fold(0.0, f64::max);
        assert!(widest <= forecast.logit_bar() * (1.0 + 1e-9), "{route:?}");
        let distance = bounds.total_variation().iter().copied().fold(0.0, f64::max);
        assert!(distance <= forecast.total_variation() * (1.0 + 1e-9), "{route:?}");
    }
}

#[test]
fn which_way_is_best_depends_on_dimension_and_adjacency() {
    let failure = FailureProbability::new(0.05).unwrap();
    let best = |dim: usize, beta: Option<f64>| {
        let options = SelfAttentionOptions::new(1000, dim, 1.0).unwrap().with_softmax_scale(1.0);
        let plan = match beta {
            Some(beta) => plan_self_attention(&options, close(beta), budget(1.0), failure),
            None => plan_self_attention(&options, ReplaceRow, budget(1.0), failure),
        };
        plan.unwrap().recommended().unwrap().route()
    };
    assert_eq!(best(64, Some(0.01)), Route::Rows);
    // the noise of 4096 coordinates adds up to 2.7 times the length of a row
    assert_eq!(best(4096, Some(0.01)), Route::Sampling);
    assert_eq!(best(64, None), Route::Gram);
}

#[test]
fn more_draws_than_asked_for_are_not_taken() {
    let few = options().with_max_draws(Draws::new(7).unwrap());
    let private = PrivateSelfAttention::new(close(0.001), few, rows(1).as_ref()).unwrap();
    let (epsilon, delta) = budget(1.0);
    let release = private.release_sampling(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(12)).unwrap();
    assert_eq!(release.certificate().parameters()["draws"], "7");
    assert!(release.certificate().guarantee().delta(0.1) < 1e-6);
}

#[test]
fn the_published_condition_releases_where_it_can() {
    let private = PrivateSelfAttention::new(close(1e-5), options(), rows(1).as_ref()).unwrap();
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let mut rng = ChaCha20Rng::seed_from_u64(13);
    let mechanism = private.published_sampling_mechanism(epsilon, delta).unwrap();
    let release = private.release_sampling_with(&mechanism, &mut rng).unwrap();
    assert_eq!(release.certificate().parameters()["assumed_opposite_pair"], "false");
    assert!(release.certificate().guarantee().delta(1.0) < 1e-20);
}
