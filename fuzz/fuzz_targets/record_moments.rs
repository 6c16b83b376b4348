//! Any bytes as saved moments of records or a saved classifier, or any text as options of moments: an error, or options that are saved and loaded again unchanged, and
//! for which there is noise.
#![no_main]

use dp_mechanisms::{AddRemoveRow, Mu, ReplaceRow};
use libfuzzer_sys::fuzz_target;
use ntk_dp::io::{read_classifier, read_moments};
use ntk_dp::private::{RecordMechanism, RecordOptions};

fuzz_target!(|data: &[u8]| {
    let _ = (read_moments::<AddRemoveRow>(data), read_moments::<ReplaceRow>(data));
    let _ = (read_classifier::<AddRemoveRow>(data), read_classifier::<ReplaceRow>(data));
    let Ok(options) = serde_json::from_slice::<RecordOptions>(data) else { return };
    let saved = serde_json::to_string(&options).expect("what was loaded can be saved");
    let again: RecordOptions = serde_json::from_str(&saved).expect("what was saved can be loaded");
    // threads are not saved: both have one
    assert_eq!(again, options);
    let mu = Mu::new(1.0).expect("positive");
    let added = RecordMechanism::with_mu(&options, AddRemoveRow, mu).expect("moderate noise");
    let replaced = RecordMechanism::with_mu(&options, ReplaceRow, mu).expect("moderate noise");
    assert!(added.noise_multiplier() < replaced.noise_multiplier());
});
