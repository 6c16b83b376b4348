//! Any target, sensitivity and statistic: refused, or released with a guarantee that meets the target.
#![no_main]

use dp_mechanisms::{
    AddRemoveRow, Delta, Epsilon, Lattice, LatticeFrobeniusSensitivity, LatticeGaussian,
    LatticeL1Sensitivity, LatticeL2Sensitivity, LatticeLaplace, LatticeStatistic, NoiseScale, NoiseStd,
    SymmetricGaussian, TruncatedLaplace,
};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fuzz_target!(|parts: (u64, u64, u64, u64, Vec<i64>, i16)| {
    let (epsilon, delta, steps, max_abs, statistic, exponent) = parts;
    let (x, y) = (f64::from_bits(epsilon), f64::from_bits(delta));
    let (Ok(lattice), Ok(l1)) =
        (Lattice::new(exponent.into()), LatticeL1Sensitivity::new(steps, AddRemoveRow))
    else {
        return;
    };
    let square = u128::from(steps).pow(2);
    let l2 = LatticeL2Sensitivity::from_square(square, AddRemoveRow).expect("positive");
    let frobenius = LatticeFrobeniusSensitivity::from_square(square, AddRemoveRow).expect("positive");
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    if let (Ok(std), Ok(scale)) = (NoiseStd::new(x), NoiseScale::new(x)) {
        let _ = LatticeGaussian::with_noise_std(std, l2);
        let _ = SymmetricGaussian::with_noise_std(std, frobenius);
        let _ = LatticeLaplace::with_noise_scale(scale, l1);
        let _ = TruncatedLaplace::with_noise_scale_and_bound(scale, max_abs, l1);
    }
    let (Ok(epsilon), Ok(delta)) = (Epsilon::new(x), Delta::new(y)) else { return };
    if let Ok(mechanism) = LatticeGaussian::calibrate(epsilon, delta, l2) {
        assert!(mechanism.profile().delta(x) <= y);
        let statistic = LatticeStatistic::new(statistic.clone(), lattice, l2, max_abs);
        let _ = mechanism.release(statistic, "fuzz", &mut rng);
    }
    if let Ok(mechanism) = SymmetricGaussian::calibrate(epsilon, delta, frobenius) {
        assert!(mechanism.profile().delta(x) <= y);
        let statistic = LatticeStatistic::new(statistic.clone(), lattice, frobenius, max_abs);
        let _ = mechanism.release(statistic, "fuzz", &mut rng);
    }
    if let Ok(mechanism) = LatticeLaplace::calibrate(epsilon, l1) {
        assert_eq!(mechanism.profile().delta(x), 0.0);
        let _ = mechanism.release(
            LatticeStatistic::new(statistic.clone(), lattice, l1, max_abs),
            "fuzz",
            &mut rng,
        );
    }
    if let Ok(mechanism) = TruncatedLaplace::calibrate(epsilon, delta, l1) {
        assert!(mechanism.profile().delta(x) <= y);
        let _ = mechanism.release(LatticeStatistic::new(statistic, lattice, l1, max_abs), "fuzz", &mut rng);
    }
});
