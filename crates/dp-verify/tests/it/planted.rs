//! Claims and checks with known outcomes.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};
use dp_verify::{Check, Context, Evidence, Library, Outcome, Registry, Subject};

pub(crate) const fn claim(id: &'static str, kind: ClaimKind) -> Claim {
    let source = Source { work: "Nobody 1900", result: "Theorem 0" };
    Claim { id, kind, statement: "a planted statement", hypotheses: &[], source, status: ClaimStatus::Ours }
}

pub(crate) fn check(
    claim: &'static str,
    evidence: Evidence,
    run: fn(&mut Context, Subject) -> Outcome,
) -> Check {
    Check { claim, evidence, run }
}

pub(crate) fn registry(claims: &'static [Claim], checks: Vec<Check>) -> Registry {
    Registry::new(vec![Library { name: "planted", claims }], checks)
}

/// Holds as shipped, violated when broken.
pub(crate) fn sound(_: &mut Context, subject: Subject) -> Outcome {
    Outcome::at_most(subject.pick(0.25, 3.0), 1.0, 10)
}

/// The same by two tests at a level of 1e-6 each.
pub(crate) fn tested(context: &mut Context, subject: Subject) -> Outcome {
    context.spend(2e-6);
    sound(context, subject)
}

/// Holds whatever it is shown.
pub(crate) fn blind(_: &mut Context, _: Subject) -> Outcome {
    Outcome::at_most(0.25, 1.0, 10)
}

/// Violated whatever it is shown.
pub(crate) fn violated(_: &mut Context, _: Subject) -> Outcome {
    Outcome::at_most(2.0, 1.0, 10)
}

/// Did not run as shipped.
pub(crate) fn skipped(_: &mut Context, subject: Subject) -> Outcome {
    subject.pick(Outcome::skipped("no time"), Outcome::all_equal(1, 1))
}

/// Panics as shipped.
pub(crate) fn panics(_: &mut Context, subject: Subject) -> Outcome {
    assert!(subject == Subject::Broken, "planted panic");
    Outcome::all_equal(1, 1)
}

/// Panics on the broken twin, which is not the same as rejecting it.
pub(crate) fn panics_on_broken(_: &mut Context, subject: Subject) -> Outcome {
    assert!(subject == Subject::AsShipped, "planted panic");
    Outcome::all_equal(0, 1)
}

/// NaN on the broken twin, which is not the same as rejecting it.
pub(crate) fn nan_on_broken(_: &mut Context, subject: Subject) -> Outcome {
    Outcome::at_most(subject.pick(0.0, f64::NAN), 1.0, 1)
}

/// Observes the first random number; slow enough that threads overtake each other.
pub(crate) fn draws(context: &mut Context, subject: Subject) -> Outcome {
    use rand::RngExt;
    let x: f64 = context.rng(0).random();
    std::thread::sleep(std::time::Duration::from_micros((x * 2e3) as u64));
    Outcome::at_most(x, subject.pick(1.0, -1.0), 1)
}

pub(crate) const TWO: &[Claim] =
    &[claim("planted.a", ClaimKind::Numerical), claim("planted.b.c", ClaimKind::Utility)];
