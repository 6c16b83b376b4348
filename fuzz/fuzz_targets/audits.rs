//! Any counts, claims and laws: refused, or judged, with bounds in order.
#![no_main]

use dp_audit::{
    EpsilonLadder, ExactDivergence, Guess, Guesses, Inclusion, Membership, OneRunAudit, PrivacyPoint, Round,
    SequentialAudit, SequentialTest, ThresholdAudit, binomial, guess_tail_bound,
};
use dp_mechanisms::{AddRemoveRow, FailureProbability};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (u64, u64, u64, [u64; 4], Vec<(u8, u8)>)| {
    let (hits, runs, most, bits, rows) = parts;
    let [x, y, z, w] = bits.map(f64::from_bits);
    let Ok(alpha) = FailureProbability::new(x) else { return };
    // time grows like the root of the number of runs
    let (hits, runs) = (hits >> 24, runs >> 24);
    if let Ok(proportion) = binomial::Proportion::new(hits, runs) {
        let (lower, upper) = (proportion.lower_bound(alpha), proportion.upper_bound(alpha));
        assert!(0.0 <= lower && upper <= 1.0 && (lower <= upper || x > 0.5));
    }
    if let Ok((lower, upper)) = binomial::tail_bounds(hits, runs, y) {
        assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
    }
    let _ =
        ThresholdAudit::new(runs as usize, alpha).and_then(|audit| audit.with_choosing_runs(hits as usize));
    let _ =
        SequentialAudit::new(runs as usize, alpha).and_then(|audit| audit.with_pilot_rounds(hits as usize));
    let laws: [Vec<(f64, f64)>; 2] = [0, 1].map(|side| {
        let entry = |row: &(u8, u8)| f64::from(if side == 0 { row.0 } else { row.1 }) / 64.0;
        rows.iter().map(|row| (entry(row), entry(row).max(z))).collect()
    });
    if let Ok(divergence) = ExactDivergence::with_outside(&laws[0], &laws[1], [w, z], AddRemoveRow) {
        let (lower, upper) = divergence.epsilon_bounds(0.1);
        assert!(0.0 <= lower && lower <= upper);
    }
    if let Ok(mut ladder) = EpsilonLadder::new(y, z, (most % 20) as u32, alpha) {
        rows.iter().for_each(|row| ladder.observe(Round { likelier: row.0 & 1 == 1, other: row.1 & 1 == 1 }));
        assert!(ladder.epsilon_lower_bound() >= 0.0);
    }
    let Ok(claim) = PrivacyPoint::new(y, z) else { return };
    let mut test = SequentialTest::new(claim, alpha).with_experience(w, x, y);
    rows.iter().for_each(|row| test.observe(Round { likelier: row.0 & 1 == 1, other: row.1 & 1 == 1 }));
    assert!((0.0..=1.0).contains(&test.p_value()));
    assert!((0.0..=1.0).contains(&guess_tail_bound(hits, runs, runs.max(hits), claim)));
    let membership = |bit: u8| if bit & 1 == 1 { Membership::Included } else { Membership::Excluded };
    let inclusion = Inclusion::assume_fair(rows.iter().map(|row| membership(row.0)).collect());
    let guesses =
        rows.iter().map(|row| if row.1 & 2 == 2 { Guess::Abstain } else { Guess::About(membership(row.1)) });
    let audit = OneRunAudit::new(most as usize, alpha, AddRemoveRow);
    if let Ok(report) = audit.judge(&inclusion, &Guesses::new(guesses.collect())) {
        assert!((0.0..=1.0).contains(&report.p_value(claim)) && report.epsilon_lower_bound(0.0) >= 0.0);
    }
});
