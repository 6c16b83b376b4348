//! Any text as a saved report of an audit: an error, or one that is saved and loaded again unchanged, and can be read.
#![no_main]

use dp_audit::binomial::Proportion;
use dp_audit::replay::ReplayReport;
use dp_audit::{
    EpsilonLadder, OneRunReport, PrivacyPoint, Round, SequentialReport, SequentialTest, ThresholdReport,
};
use dp_mechanisms::{AddRemoveRow, FailureProbability};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fn again<T: Serialize + DeserializeOwned + PartialEq>(text: &str) -> Option<T> {
    let loaded: T = serde_json::from_str(text).ok()?;
    let saved = serde_json::to_string(&loaded).expect("what was loaded can be saved");
    assert!(serde_json::from_str::<T>(&saved).expect("what was saved can be loaded") == loaded);
    Some(loaded)
}

fuzz_target!(|text: &str| {
    let claim = PrivacyPoint::new(1.0, 1e-6).expect("a point");
    again::<PrivacyPoint>(text);
    again::<ReplayReport<AddRemoveRow, f64>>(text);
    again::<ReplayReport<AddRemoveRow, u128>>(text);
    if let Some(proportion) = again::<Proportion>(text) {
        let alpha = FailureProbability::new(1e-3).expect("a probability");
        assert!(proportion.lower_bound(alpha) <= proportion.upper_bound(alpha));
    }
    if let Some(report) = again::<ThresholdReport<AddRemoveRow>>(text) {
        let _ = (report.total_runs(), report.delta_lower_bound(0.5), report.epsilon_lower_bound(1e-6));
    }
    if let Some(report) = again::<OneRunReport<AddRemoveRow>>(text) {
        let _ = (report.p_value(claim), report.epsilon_lower_bound(1e-6));
    }
    if let Some(report) = again::<SequentialReport<AddRemoveRow>>(text) {
        let _ = (report.verdict(), report.total_runs(), report.epsilon_lower_bound());
    }
    if let Some(mut test) = again::<SequentialTest>(text) {
        test.observe(Round { likelier: true, other: false });
        let _ = (test.verdict(), test.p_value());
    }
    if let Some(mut ladder) = again::<EpsilonLadder>(text) {
        ladder.observe(Round { likelier: true, other: false });
        assert!(ladder.epsilon_lower_bound() >= 0.0);
    }
});
