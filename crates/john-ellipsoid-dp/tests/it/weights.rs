//! Private weights: what they are, and that nothing about the rows decides whether they come.

use super::Uniform;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, FailureProbability, PerturbRow};
use john_ellipsoid_dp::private::{
    Floor, NoisyWeights, PrivateRows, WeightOptions, WeightParameter, noisy_weights, weight_statistic,
};
use john_ellipsoid_dp::{Design, Error, JohnOptions, john_ellipsoid, john_ellipsoid_from};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn options(epsilon: f64, radius: f64) -> WeightOptions {
    WeightOptions::new(Epsilon::new(epsilon).unwrap(), Delta::new(1e-6).unwrap(), radius).unwrap()
}

fn private(rows: &Mat, moves: f64) -> PrivateRows<PerturbRow, MatRef<'_>> {
    PrivateRows::new(PerturbRow::new(moves).unwrap(), rows.as_ref())
}

fn release(rows: &Mat, moves: f64, options: &WeightOptions, seed: u64) -> NoisyWeights {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    noisy_weights(private(rows, moves), options, &mut rng).unwrap().value().clone()
}

#[test]
fn the_certificate_states_what_was_asked_for_in_exact_arithmetic() {
    let rows = Uniform::new(1).rows(60, 3);
    for rounds in [1, 7, 100] {
        let options = options(0.7, 4.0).with_rounds(rounds).unwrap();
        let release =
            noisy_weights(private(&rows, 1e-3), &options, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let certificate = release.certificate();
        assert_eq!(certificate.arithmetic(), ArithmeticModel::ExactLattice);
        let delta = certificate.guarantee().delta(0.7);
        assert!(delta <= 1e-6 && delta > 0.99e-6, "{rounds}: {delta}");
        assert_eq!(release.value().noise_stds().len(), rounds as usize);
    }
}

#[test]
fn with_hardly_any_noise_the_last_weights_are_those_of_the_fixed_point_with_a_ridge() {
    let rows = Uniform::new(2).rows(40, 3);
    let options = options(1.0, 10.0).with_floor_level(1e-3).unwrap();
    let weights = release(&rows, 1e-11, &options, 1);
    // the naive rounds, by an inverse
    let mut expected = vec![3.0 / 40.0; 40];
    for _ in 0..options.rounds() {
        let ridge = options.ridge().sqrt();
        let stacked =
            Mat::from_fn(43, 3, |i, j| if i < 40 { rows[(i, j)] } else { ridge * f64::from(i - 40 == j) });
        let all = [expected.clone(), vec![1.0; 3]].concat();
        let scale = all.iter().sum::<f64>() / 3.0;
        let design = Design::new(stacked.as_ref(), all).unwrap();
        let forms = design.forms().iter().map(|g| g / scale);
        expected = expected.iter().zip(forms).map(|(w, g)| w * g).collect();
        let sum: f64 = expected.iter().sum();
        expected = expected.iter().map(|w| w * 3.0 / sum).collect();
    }
    // σ of each round is 1e-11·√(40·max w/(3e-3·λ))/μ₁ < 2e-8, at most some standard deviations of it in each of 20 rounds
    for (found, expected) in weights.last().iter().zip(&expected) {
        assert!((found - expected).abs() < 2e-6, "{found} {expected}");
    }
}

#[test]
fn no_rows_whatever_make_the_call_fail() {
    let mut random = Uniform::new(3);
    let mut wild = random.rows(20, 2);
    wild.row_mut(0).copy_from_slice(&[f64::NAN, 1.0]);
    wild.row_mut(1).copy_from_slice(&[f64::INFINITY, f64::NEG_INFINITY]);
    wild.row_mut(2).copy_from_slice(&[f64::MAX, f64::MAX]);
    wild.row_mut(3).copy_from_slice(&[5e-324, 0.0]);
    let flat = Mat::from_fn(20, 2, |i, j| if j == 0 { i as f64 } else { 0.0 });
    for rows in [wild, flat, Mat::zeros(20, 2)] {
        for floor in [Floor::Kept, Floor::Removed] {
            for moves in [1e-11, 0.1, 1e3] {
                let weights = release(&rows, moves, &options(0.1, 1.0).with_floor(floor), 1);
                for vector in [weights.average(), weights.last().to_vec()] {
                    assert!(vector.iter().all(|w| *w >= 0.0));
                    assert!((vector.iter().sum::<f64>() - 2.0).abs() < 1e-9);
                }
            }
        }
    }
}

#[test]
fn bad_parameters_are_refused_by_shapes_and_parameters_alone() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = WeightOptions::new(epsilon, delta, radius);
        assert!(matches!(refused, Err(Error::Weights { parameter: WeightParameter::Radius, .. })));
    }
    let sound = options(1.0, 1.0);
    assert!(matches!(sound.with_ridge(0.0), Err(Error::Weights { parameter: WeightParameter::Ridge, .. })));
    assert!(matches!(sound.with_rounds(0), Err(Error::Weights { parameter: WeightParameter::Rounds, .. })));
    assert!(matches!(
        sound.with_floor_level(f64::NAN),
        Err(Error::Weights { parameter: WeightParameter::FloorLevel, .. })
    ));
    let rows = Mat::zeros(1000, 3);
    let refused = noisy_weights(private(&rows, 1e-13), &sound, &mut rng);
    assert!(matches!(refused, Err(Error::Weights { parameter: WeightParameter::Displacement, .. })));
    let thin = WeightOptions::new(epsilon, delta, 1.0).unwrap().with_ridge(1e-12).unwrap();
    let refused = noisy_weights(private(&rows, 0.1), &thin, &mut rng);
    assert!(matches!(refused, Err(Error::WeightPrecision { rows: 1000, dim: 3, .. })));
    assert!(matches!(
        noisy_weights(private(&Mat::zeros(5, 0), 0.1), &sound, &mut rng),
        Err(Error::NoColumns)
    ));
    assert!(matches!(
        noisy_weights(private(&Mat::zeros(0, 3), 0.1), &sound, &mut rng),
        Err(Error::Length { expected: 1, found: 0 })
    ));
    let weights = |w: f64, n: usize| weight_statistic(private(&rows, 0.1), &vec![w; n], &sound).err();
    assert!(matches!(weights(0.003, 999), Some(Error::Length { expected: 1000, found: 999 })));
    assert!(matches!(weights(f64::NAN, 1000), Some(Error::Weight { row: 0 })));
    assert!(matches!(weights(0.0031, 1000), Some(Error::Weight { row: 1000 })));
}

#[test]
fn the_support_is_a_start_for_a_solver_on_rows_that_one_holds() {
    let rows = Uniform::new(4).rows(2000, 4);
    let weights = release(&rows, 1e-6, &options(1.0, 6.0), 1);
    let support = weights.support(0.05);
    assert!(support.len() < 200 && support.is_sorted_by(|a, b| a.weight >= b.weight));
    let from = |start: &[_]| john_ellipsoid_from(rows.as_ref(), start, &JohnOptions::default(), &mut |_| ());
    let (warm, cold) =
        (from(&support).unwrap(), john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap());
    assert!(warm.passes() <= cold.passes());
    assert!((warm.log_volume() - cold.log_volume()).abs() < 1e-5);
}

/// Entry of `Σ wᵢaᵢaᵢᵀ` over rows from this one on.
fn moment(rows: &Mat, weights: &[f64], first: usize, (j, k): (usize, usize)) -> f64 {
    (first..rows.nrows()).map(|i| weights[i] * rows[(i, j)] * rows[(i, k)]).sum()
}

#[test]
fn weights_with_their_matrix_give_a_row_away_and_weights_alone_do_not() {
    let mut rows = Uniform::new(6).rows(40, 2);
    rows.row_mut(0).copy_from_slice(&[2.5, 1.5]);
    let off = |row: &[f64]| {
        let to = |sign: f64| (row[0] - sign * 2.5).hypot(row[1] - sign * 1.5);
        to(1.0).min(to(-1.0))
    };
    let options = options(1.0, 5.0).with_rounds(1).unwrap().with_floor(Floor::Kept);
    let released = release(&rows, 0.1, &options, 1);
    // with the matrix, as published, of any weights whatever; the attacker knows rows from the second on
    let weights = released.last();
    let outer = |j: usize, k: usize| {
        (moment(&rows, weights, 0, (j, k)) - moment(&rows, weights, 1, (j, k))) / weights[0]
    };
    let root = outer(0, 0).sqrt();
    assert!(off(&[outer(0, 0) / root, outer(0, 1) / root]) < 1e-10);
    // without it: the row on a grid that explains the weights best, up to their common factor
    let scale = released.noise_stds()[0];
    let misfit = |guess: &[f64; 2]| {
        let mut changed = rows.clone();
        changed.row_mut(0).copy_from_slice(guess);
        let statistic = weight_statistic(private(&changed, 0.1), &[0.05; 40], &options).unwrap();
        let (l2, steps) = (statistic.sensitivity().l2(), statistic.assume_public());
        // noise has l2/μ steps, μ = 0.2367 at ε = 1 and δ = 1e-6
        let errors: Vec<f64> =
            steps.iter().zip(weights).map(|(&s, w)| s as f64 * scale * 0.2367 / l2 - w.ln()).collect();
        let mean = errors.iter().sum::<f64>() / 40.0;
        errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>()
    };
    let grid = (0..41 * 21).map(|cell| [f64::from(cell % 41) * 0.25 - 5.0, f64::from(cell / 41) * 0.25]);
    let best = grid.min_by(|a, b| misfit(a).total_cmp(&misfit(b))).unwrap();
    // moves of 0.1 are protected: what is found is not nearer than that
    assert!(off(&best) > 0.1, "{best:?}");
}

#[test]
fn a_gap_is_stated_only_where_one_is_proven() {
    let rows = Uniform::new(5).rows(200, 3);
    let failure = FailureProbability::new(0.01).unwrap();
    assert_eq!(release(&rows, 1e-5, &options(1.0, 5.0), 1).gap_bound(failure), None);
    let kept = options(1.0, 5.0).with_floor(Floor::Kept).with_rounds(60).unwrap();
    // ln(200/3)/60 + ln 1.25 and noise
    let gap = release(&rows, 1e-6, &kept, 1).gap_bound(failure).unwrap();
    assert!(gap > 0.05 && gap < 0.5, "{gap}");
}

proptest! {
    /// Any rows, weights and moves, also across the radius: integers move by no more than stated.
    #[test]
    fn integers_move_by_no_more_than_stated(
        entries in prop::collection::vec(-2.0..2.0_f64, 12),
        exponents in prop::collection::vec(-4.0..0.0_f64, 6),
        direction in prop::array::uniform2(-1.0..1.0_f64),
        row in 0_usize..6,
        ridge in -3.0..1.0_f64,
        level in -3.0..2.0_f64,
    ) {
        let rows = Mat::from_vec(6, 2, entries).unwrap();
        let weights: Vec<f64> = exponents.iter().map(|x| 10.0_f64.powf(*x)).collect();
        let sum: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|w| 2.0 * w / sum).collect();
        let options = options(1.0, 1.5).with_ridge(10.0_f64.powf(ridge)).unwrap();
        let options = options.with_floor_level(10.0_f64.powf(level)).unwrap();
        let norm = direction[0].hypot(direction[1]).max(1e-3);
        let mut moved = rows.clone();
        for (x, step) in moved.row_mut(row).iter_mut().zip(direction) {
            *x += 0.999 * 0.2 * step / norm;
        }
        let [from, to] = [&rows, &moved].map(|rows| {
            weight_statistic(private(rows, 0.2), &weights, &options).unwrap()
        });
        let stated = from.sensitivity().square();
        let (from, to) = (from.assume_public(), to.assume_public());
        let square: i128 = from.iter().zip(&to).map(|(a, b)| i128::from(a - b).pow(2)).sum();
        prop_assert!(square as u128 <= stated, "{} {}", square, stated);
    }
}
