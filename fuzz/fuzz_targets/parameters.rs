//! Any numbers as parameters: refused, or kept bit by bit and read back from a file.
#![no_main]

use dp_mechanisms::covariance::{Draws, EigenvalueChange, Neighbourhood};
use dp_mechanisms::{
    AddRemoveRow, Delta, Epsilon, FailureProbability, Group, L1Sensitivity, L2Sensitivity, Lattice,
    LatticeFrobeniusSensitivity, LatticeL1Sensitivity, LatticeL2Sensitivity, Mu, NoiseScale, NoiseStd,
    PerturbRow, QuantileLevel, RenyiOrder, Rho, SamplingRate,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fn kept<T: Copy + Into<f64> + Serialize + DeserializeOwned, E>(x: f64, made: Result<T, E>) {
    let Ok(made) = made else { return };
    assert_eq!(made.into().to_bits(), x.to_bits());
    let text = serde_json::to_string(&made).expect("a number can be written");
    let again: T = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(again.into().to_bits(), x.to_bits());
}

fuzz_target!(|parts: (u64, u64, u128, u128, u32, i32)| {
    let (bits, steps, left, right, small, exponent) = parts;
    let x = f64::from_bits(bits);
    kept(x, Epsilon::new(x));
    kept(x, Delta::new(x));
    kept(x, Rho::new(x));
    kept(x, Mu::new(x));
    kept(x, RenyiOrder::new(x));
    kept(x, FailureProbability::new(x));
    kept(x, NoiseStd::new(x));
    kept(x, NoiseScale::new(x));
    kept(x, SamplingRate::new(x));
    kept(x, QuantileLevel::new(x));
    kept(x, EigenvalueChange::new(x));
    let positive = x > 0.0 && x.is_finite();
    assert_eq!(L1Sensitivity::new(x, AddRemoveRow).is_ok(), positive);
    assert_eq!(L2Sensitivity::new(x, AddRemoveRow).is_ok(), positive);
    assert_eq!(PerturbRow::new(x).is_ok(), positive);
    for made in
        [Neighbourhood::frobenius(x), Neighbourhood::frobenius_in_one_order(x), Neighbourhood::jeffreys(x)]
    {
        assert!(made.is_err() || positive && x <= 1e100);
    }
    assert_eq!(LatticeL1Sensitivity::new(steps, AddRemoveRow).is_ok(), steps > 0);
    assert_eq!(LatticeFrobeniusSensitivity::from_square(left, AddRemoveRow).is_ok(), left > 0);
    if let Ok(sensitivity) = LatticeL2Sensitivity::from_square_product(left, right, AddRemoveRow) {
        assert_eq!(Some(sensitivity.square()), left.checked_mul(right));
        assert!(sensitivity.l2() > 0.0 && sensitivity.l2().is_finite());
    }
    assert_eq!(Group::new(small, AddRemoveRow).is_ok(), small > 0);
    if let Ok(draws) = Draws::new(small) {
        assert_eq!(draws.times(3).ok().map(Draws::get), small.checked_mul(3));
    }
    if let Ok(lattice) = Lattice::new(exponent) {
        assert!(lattice.step().is_normal() && lattice.value(1) == lattice.step());
    }
});
