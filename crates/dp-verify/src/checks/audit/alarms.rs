//! No false alarm: correct mechanisms, audited again and again.

use super::correct::{Correct, all};
use super::noise::two_sided;
use super::trial::{Heard, level, pure};
use crate::{Context, Outcome, Subject};
use dp_audit::binomial::tail_bounds;
use dp_audit::{Claimed, Guesses, Inclusion, Membership, OneRunAudit};
use dp_mechanisms::AddRemoveRow;
use rand_chacha::ChaCha20Rng;

/// Level of each audit.
const ALPHA: f64 = 1e-2;

/// Level of this check: the probability that some true row looks as if its alarms came too often.
const CHECK_LEVEL: f64 = 1e-6;

/// Every correct mechanism, a thousand seeds each, by thresholds and by betting; and a histogram with many canaries.
/// For each row the number of refutations must not be too large for a binomial of a thousand trials at α. The twin
/// takes what it sees at face value, without a level.
pub(super) fn no_false_alarm(context: &mut Context, subject: Subject) -> Outcome {
    let (seeds, scale) = (context.scale(1_000, 4_000) as u64, context.scale(1, 5));
    let mechanisms = all();
    let rows = 2 * mechanisms.len() as u64 + 1;
    let (mut smallest, mut alarms, mut worst) = (1.0_f64, 0, "none");
    let mut judge = |name: &'static str, count: u64| {
        let p_value = tail_bounds(count, seeds, ALPHA).expect("alarms are among seeds").1;
        alarms += count;
        if p_value < smallest {
            (smallest, worst) = (p_value, name);
        }
    };
    for (i, Correct { name, trial }) in mechanisms.iter().enumerate() {
        let count = |stream: u64, audit: &dyn Fn(&mut ChaCha20Rng) -> Heard| {
            (0..seeds).filter(|seed| is_alarm(subject, audit(&mut context.rng(stream << 32 | seed)))).count()
                as u64
        };
        judge(name, count(2 * i as u64, &|rng| trial.threshold(120 * scale, ALPHA, rng)));
        judge(name, count(2 * i as u64 + 1, &|rng| trial.sequential(64 * scale, ALPHA, rng)));
        context.progress(i + 1, mechanisms.len());
    }
    let claimed = Claimed::from(&pure(3.0, AddRemoveRow));
    let alarm = |seed: &u64| canary_alarm(subject, &claimed, &mut context.rng(u64::MAX << 32 | seed));
    let canaries = (0..seeds).filter(alarm);
    judge("histogram with canaries", canaries.count() as u64);
    let note =
        format!("{alarms} alarms in {} audits at α = {ALPHA}; least likely row: {worst}", rows * seeds);
    Outcome::at_least(smallest, context.spend(CHECK_LEVEL) / rows as f64, rows * seeds).with_note(note)
}

fn is_alarm(subject: Subject, heard: Heard) -> bool {
    subject.pick(heard.verdict.is_refuted(), heard.at_face_value)
}

/// A histogram with a cell for each canary, at ε = ln 3: guesses are right three times out of four.
fn canary_alarm(subject: Subject, claimed: &Claimed<AddRemoveRow>, rng: &mut ChaCha20Rng) -> bool {
    let inclusion = Inclusion::draw(60, rng);
    let mut cell = |canary| i64::from(canary == Membership::Included) + two_sided(1, 3, rng);
    let scores: Vec<f64> = inclusion.iter().map(|canary| cell(canary) as f64).collect();
    let audit = OneRunAudit::new(20, level(ALPHA), AddRemoveRow);
    let report = audit
        .judge(&inclusion, &Guesses::by_score(&scores, 20))
        .expect("twenty guesses about sixty canaries");
    let at_face_value = report.right() * 4 > 3 * report.guesses();
    subject.pick(report.refutes_claimed(claimed).is_refuted(), at_face_value)
}
