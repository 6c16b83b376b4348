//! Any composition: bounds that were found on different ways do not contradict each other.
#![no_main]

use dp_mechanisms::accounting::{FixedSize, Poisson};
use dp_mechanisms::{
    Accountant, AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, ReplaceRow, Rho, SamplingRate,
};
use libfuzzer_sys::fuzz_target;

type Profile = PrivacyProfile<AddRemoveRow>;

fn part((kind, bits, rate, sample): (u8, u64, u64, u8)) -> Option<Profile> {
    let x = f64::from_bits(bits);
    let rate = f64::from_bits(rate);
    let base = match kind % 5 {
        0 => PrivacyProfile::pure(Epsilon::new(x).ok()?, AddRemoveRow),
        1 => PrivacyProfile::approximate(Epsilon::new(x).ok()?, Delta::new(rate).ok()?, AddRemoveRow),
        2 => PrivacyProfile::zero_concentrated_from(Rho::new(x).ok()?, AddRemoveRow),
        3 => PrivacyProfile::gaussian(Mu::new(x).ok()?, AddRemoveRow),
        _ => PrivacyProfile::laplace(Epsilon::new(x).ok()?, AddRemoveRow),
    };
    match kind / 5 % 3 {
        0 => Some(base),
        1 => Poisson::new(SamplingRate::new(rate).ok()?).amplify(&base).ok(),
        _ => {
            let replaced = PrivacyProfile::gaussian(Mu::new(x).ok()?, ReplaceRow);
            FixedSize::new(sample.into(), 255).ok()?.amplify_add_remove(&replaced).ok()
        }
    }
}

fuzz_target!(|parts: (Vec<((u8, u64, u64, u8), u16)>, u64, u64)| {
    let (list, epsilon, delta) = parts;
    let mut total = PrivacyProfile::nothing(AddRemoveRow);
    for (description, count) in list.into_iter().take(3) {
        let Some(once) = part(description) else { return };
        total = total.and(&once.repeated(count.into())).expect("neighbours of one kind");
    }
    let epsilon = f64::from_bits(epsilon);
    let (lower, upper) = total.delta_bounds(epsilon);
    assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
    assert!(total.grouped(2).is_none_or(|group| lower <= group.delta(epsilon)));
    let Ok(delta) = Delta::new(f64::from_bits(delta)) else { return };
    let (lower, upper) = total.epsilon_bounds(delta);
    assert!(0.0 <= lower && lower <= upper);
    assert!(upper.is_infinite() || total.delta_bounds(upper).0 <= delta.get());
    assert!(lower == 0.0 || total.delta_bounds(lower.next_down()).1 >= delta.get());
    for accountant in Accountant::ALL {
        assert!(total.epsilon_bounds_by(accountant, delta).is_none_or(|bounds| lower <= bounds.1));
    }
});
