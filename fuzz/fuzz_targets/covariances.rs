//! Any change of a covariance: refused, or with bounds in order, and none better than what one eigenvalue attains.
#![no_main]

use dp_mechanisms::covariance::{Draws, EigenvalueChange, Neighbourhood, Spectrum};
use dp_mechanisms::{AddRemoveRow, ChangeBound, Delta, Epsilon, GaussianSampling};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (u64, u32, u64, u64, u8, [u64; 3])| {
    let (change, draws, epsilon, delta, kind, changes) = parts;
    let (x, Ok(draws)) = (f64::from_bits(change), Draws::new(draws)) else { return };
    let (Ok(epsilon), Ok(delta)) = (Epsilon::new(f64::from_bits(epsilon)), Delta::new(f64::from_bits(delta)))
    else {
        return;
    };
    let made = match kind % 3 {
        0 => Neighbourhood::frobenius(x),
        1 => Neighbourhood::frobenius_in_one_order(x),
        _ => Neighbourhood::jeffreys(x),
    };
    if let Ok(nearby) = made {
        let (attained, upper) = nearby.delta_bounds(epsilon.get(), draws);
        assert!(0.0 <= attained && attained <= upper && upper <= 1.0);
        let bound = ChangeBound::new(nearby, AddRemoveRow);
        for bound in [bound, bound.assume_rank_one()] {
            if let Ok(sampling) = GaussianSampling::calibrate(epsilon, delta, bound) {
                assert!(sampling.profile().delta(epsilon.get()) <= delta.get());
            }
        }
    }
    let changes: Result<Vec<_>, _> =
        changes.iter().map(|&x| EigenvalueChange::new(f64::from_bits(x))).collect();
    if let Ok(changes) = changes {
        let (lower, upper) = Spectrum::new(&changes, draws).delta_bounds(epsilon.get());
        assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
    }
});
