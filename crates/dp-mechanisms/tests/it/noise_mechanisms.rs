//! Constructors of the lattice mechanisms: any parameters are refused, or give what was asked for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dp_mechanisms::{
    AddRemoveRow, Delta, Epsilon, Error, Lattice, LatticeFrobeniusSensitivity, LatticeL1Sensitivity,
    LatticeLaplace, LatticeStatistic, NoiseScale, PerturbRow, SymmetricGaussian, SymmetricLatticeMatrix,
    TruncatedLaplace, symmetric,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn l1(steps: u64) -> LatticeL1Sensitivity<AddRemoveRow> {
    LatticeL1Sensitivity::new(steps, AddRemoveRow).unwrap()
}

fn frobenius(square: u128) -> LatticeFrobeniusSensitivity<AddRemoveRow> {
    LatticeFrobeniusSensitivity::from_square(square, AddRemoveRow).unwrap()
}

/// Whether a parameter, or the noise that it needs, is beyond what is supported.
fn out_of_reach(error: Error) -> bool {
    matches!(
        error,
        Error::ScaleUnsupported { .. } | Error::NoiseUnsupported { .. } | Error::OutOfRange { .. }
    )
}

/// Log-uniform between powers of ten.
fn between(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|exponent| 10_f64.powf(exponent))
}

/// Log-uniform integers.
fn steps() -> impl Strategy<Value = u64> {
    (1_u64.., 0_u32..64).prop_map(|(n, shift)| (n >> shift).max(1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn laplace_gives_at_most_the_epsilon_asked_for(epsilon in between(-300.0, 300.0), steps in steps()) {
        match LatticeLaplace::calibrate(Epsilon::new(epsilon).unwrap(), l1(steps)) {
            Ok(mechanism) => {
                prop_assert_eq!(mechanism.profile().delta(epsilon), 0.0);
                let statistic = LatticeStatistic::new(vec![1, 2, 3], Lattice::new(0).unwrap(), l1(steps), 3);
                prop_assert!(mechanism.release(statistic, "test", &mut rng()).is_ok());
            }
            Err(error) => prop_assert!(out_of_reach(error)),
        }
    }

    #[test]
    fn truncated_laplace_reaches_its_target_with_bounded_noise(
        epsilon in between(-8.0, 2.0), delta in between(-300.0, -0.1), steps in 1_u64..1 << 20
    ) {
        let (target, failure) = (Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
        let mechanism = TruncatedLaplace::calibrate(target, failure, l1(steps)).unwrap();
        prop_assert!(mechanism.profile().delta(epsilon) <= delta);
        let statistic = LatticeStatistic::new(vec![0; 50], Lattice::new(0).unwrap(), l1(steps), 1);
        let release = mechanism.release(statistic, "test", &mut rng()).unwrap();
        prop_assert!(release.value().steps().iter().all(|k| k.unsigned_abs() <= mechanism.bound()));
    }

    #[test]
    fn any_scale_and_bound_are_refused_or_honest(scale in between(-300.0, 16.0), bound in 0_u64.., steps in steps()) {
        let made = TruncatedLaplace::with_noise_scale_and_bound(NoiseScale::new(scale).unwrap(), bound, l1(steps));
        match made {
            Ok(mechanism) => {
                // in one dimension the divergence at ε is the infinity mass, never above what is certified
                let mass = mechanism.noise().infinity_mass_bounds(steps).0;
                prop_assert!(mass <= mechanism.profile().delta(f64::MAX));
            }
            Err(error) => prop_assert!(out_of_reach(error)),
        }
    }

    #[test]
    fn symmetric_gaussian_gives_at_most_the_delta_asked_for(
        epsilon in between(-6.0, 2.0), delta in between(-200.0, -0.1), square in 1_u128.., order in 0_usize..6
    ) {
        let (target, failure) = (Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
        match SymmetricGaussian::calibrate(target, failure, frobenius(square)) {
            Ok(mechanism) => {
                prop_assert!(mechanism.profile().delta(epsilon) <= delta);
                let packed = vec![0; symmetric::packed_len(order)];
                let statistic = LatticeStatistic::new(packed, Lattice::new(0).unwrap(), frobenius(square), 1);
                let release = mechanism.release(statistic, "test", &mut rng()).unwrap();
                prop_assert_eq!(release.value().order(), order);
            }
            Err(error) => prop_assert!(out_of_reach(error)),
        }
    }

    #[test]
    fn a_matrix_survives_packing_and_files(order in 0_usize..8, seed in any::<i64>()) {
        let entry = |i: usize, j: usize| seed.wrapping_mul((i + j) as i64 + 3) ^ (i * j) as i64;
        let packed = symmetric::pack(order, entry);
        let matrix = SymmetricLatticeMatrix::new(packed, Lattice::new(-3).unwrap()).unwrap();
        let read: SymmetricLatticeMatrix = serde_json::from_str(&serde_json::to_string(&matrix).unwrap()).unwrap();
        for i in 0..order {
            for j in 0..order {
                prop_assert_eq!(read.get(i, j), entry(i.max(j), i.min(j)));
                prop_assert_eq!(matrix.to_f64()[i * order + j], matrix.lattice().value(matrix.get(j, i)));
            }
        }
    }
}

#[test]
fn another_radius_of_a_perturbation_is_another_adjacency() {
    let near = |radius| LatticeL1Sensitivity::new(1, PerturbRow::new(radius).unwrap()).unwrap();
    let mechanism = LatticeLaplace::calibrate(Epsilon::new(1.0).unwrap(), near(0.5)).unwrap();
    let attempt = |radius| {
        let statistic = LatticeStatistic::new(vec![0], Lattice::new(0).unwrap(), near(radius), 1);
        mechanism.release(statistic, "test", &mut rng()).map(|_| ())
    };
    assert_eq!(attempt(0.5), Ok(()));
    assert!(matches!(attempt(0.25), Err(Error::SensitivityExceeded { .. })));
}

#[test]
fn certificates_say_what_was_added() {
    let sensitivity = l1(3);
    let failure = Delta::new(1e-6).unwrap();
    let mechanism = TruncatedLaplace::calibrate(Epsilon::new(0.5).unwrap(), failure, sensitivity).unwrap();
    let statistic = LatticeStatistic::new(vec![7, 8], Lattice::new(-2).unwrap(), sensitivity, 10);
    let release = mechanism.release(statistic, "two counts", &mut rng()).unwrap();
    let parameters = release.certificate().parameters();
    for (name, value) in [
        ("l1_sensitivity", "3".to_owned()),
        ("noise_scale", "6.0".to_owned()),
        ("noise_bound", mechanism.bound().to_string()),
        ("lattice_exponent", "-2".to_owned()),
        ("entries", "2".to_owned()),
    ] {
        assert_eq!(parameters[name], value);
    }
    assert!(release.certificate().claims().iter().any(|id| id == "mechanisms.truncated_laplace.privacy"));
}
