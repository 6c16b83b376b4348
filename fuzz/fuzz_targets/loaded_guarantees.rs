//! Any text as a saved guarantee: an error, or one that is saved and loaded again unchanged, and answers every question.
#![no_main]

use dp_mechanisms::{
    AddRemoveRow, Adjacency, Certificate, Delta, GaussianSamplingProfile, Group, PerturbRow, PrivacyProfile,
    RenyiOrder, ReplaceRow,
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fn again<T: Serialize + DeserializeOwned + PartialEq>(text: &str) -> Option<T> {
    let loaded: T = serde_json::from_str(text).ok()?;
    let saved = serde_json::to_string(&loaded).expect("what was loaded can be saved");
    assert!(serde_json::from_str::<T>(&saved).expect("what was saved can be loaded") == loaded);
    Some(loaded)
}

fn guarantee<A: Adjacency>(text: &str) {
    let Some(profile) = again::<PrivacyProfile<A>>(text) else { return };
    for (lower, upper) in [0.0, 0.7, 30.0].map(|epsilon| profile.delta_bounds(epsilon)) {
        assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
    }
    let (lower, upper) = profile.epsilon_bounds(Delta::new(1e-7).expect("a probability"));
    assert!(0.0 <= lower && lower <= upper);
    let order = RenyiOrder::new(3.0).expect("above one");
    assert!(profile.renyi(order).is_none_or(|divergence| divergence >= 0.0));
    let _ = (profile.zero_concentrated(), profile.mu(), profile.grouped(2));
}

fuzz_target!(|text: &str| {
    guarantee::<AddRemoveRow>(text);
    guarantee::<ReplaceRow>(text);
    guarantee::<PerturbRow>(text);
    guarantee::<Group<AddRemoveRow>>(text);
    again::<Certificate<PrivacyProfile<AddRemoveRow>>>(text);
    if let Some(profile) = again::<GaussianSamplingProfile<AddRemoveRow>>(text) {
        assert!((0.0..=1.0).contains(&profile.delta(1.0)));
    }
});
