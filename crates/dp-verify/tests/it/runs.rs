//! What a run makes of checks: colours of rows, order, independence of threads.

use crate::planted::{
    TWO, blind, check, draws, nan_on_broken, panics, panics_on_broken, registry, skipped, sound, tested,
    violated,
};
use dp_claims::{Claim, ClaimKind};
use dp_verify::{
    Check, Context, Control, Error, Evidence, Level, Outcome, Registry, Row, Selection, Settings, Subject,
    Verdict, family_alpha, run,
};
use std::num::NonZeroUsize;

fn rows_of(registry: &Registry, settings: &Settings) -> Vec<Row> {
    run(registry, &Selection::everything(), settings, |_| Ok(())).expect("nothing refuses rows")
}

fn only_row(run: fn(&mut Context, Subject) -> Outcome) -> Row {
    let registry = registry(&TWO[..1], vec![check("planted.a", Evidence::Exact, run)]);
    rows_of(&registry, &Settings::new(Level::Quick, 1)).remove(0)
}

#[test]
fn a_row_is_green_only_if_the_claim_holds_and_the_control_is_rejected() {
    let row = only_row(sound);
    assert!(row.is_green());
    assert_eq!(
        (row.shipped.verdict, row.control(), row.shipped.observed),
        (Verdict::Holds, Control::Rejected, 0.25)
    );
    for (red, verdict, control) in [
        (only_row(blind), Verdict::Holds, Control::Accepted),
        (only_row(violated), Verdict::Violated, Control::Rejected),
        (only_row(skipped), Verdict::Skipped, Control::Rejected),
        (only_row(nan_on_broken), Verdict::Holds, Control::Accepted),
    ] {
        assert!(!red.is_green());
        assert_eq!((red.shipped.verdict, red.control()), (verdict, control));
    }
}

#[test]
fn a_panic_is_a_red_row_and_the_others_go_on() {
    let checks =
        vec![check("planted.a", Evidence::Exact, panics), check("planted.b.c", Evidence::Exact, sound)];
    let rows = rows_of(&registry(TWO, checks), &Settings::new(Level::Quick, 1));
    assert_eq!(rows[0].shipped.verdict, Verdict::Inconclusive);
    assert_eq!(rows[0].shipped.note, "panicked: planted panic");
    assert!(rows[1].is_green());
}

#[test]
fn a_check_that_rests_on_chance_states_a_level_and_the_row_adds_levels_up() {
    let row = |evidence, run| {
        let registry = registry(&TWO[..1], vec![check("planted.a", evidence, run)]);
        rows_of(&registry, &Settings::new(Level::Quick, 1)).remove(0)
    };
    assert_eq!(row(Evidence::Statistical, sound).shipped.verdict, Verdict::Inconclusive);
    assert_eq!(row(Evidence::Audit, sound).shipped.verdict, Verdict::Inconclusive);
    assert!(row(Evidence::Audit, tested).is_green());
    let tested = row(Evidence::Statistical, tested);
    assert!(tested.is_green());
    // those of the run on the thing as shipped alone
    assert_eq!((tested.shipped.alpha, family_alpha(&[tested.clone(), tested])), (2e-6, 4e-6));
}

#[test]
fn a_panicking_twin_is_not_a_rejected_one() {
    let row = only_row(panics_on_broken);
    assert_eq!((row.shipped.verdict, row.control()), (Verdict::Holds, Control::Accepted));
}

const MANY: &[Claim] = &[
    claim_of("planted.m0"),
    claim_of("planted.m1"),
    claim_of("planted.m2"),
    claim_of("planted.m3"),
    claim_of("planted.m4"),
];

const fn claim_of(id: &'static str) -> Claim {
    crate::planted::claim(id, ClaimKind::Numerical)
}

fn drawing_checks() -> Vec<Check> {
    let kinds = [Evidence::Audit, Evidence::Exact, Evidence::Search];
    MANY.iter().rev().flat_map(|claim| kinds.map(|kind| check(claim.id, kind, draws))).collect()
}

#[test]
fn rows_come_in_claim_order_and_do_not_depend_on_threads() {
    let registry = registry(MANY, drawing_checks());
    let observe = |threads: usize, seed: u64| {
        let threads = NonZeroUsize::new(threads).unwrap();
        let settings = Settings { threads, ..Settings::new(Level::Quick, seed) };
        let mut handed_over = Vec::new();
        let selection = Selection::everything();
        run(&registry, &selection, &settings, |row| {
            handed_over.push((row.id, row.evidence, row.shipped.observed.to_bits()));
            Ok(())
        })
        .unwrap();
        handed_over
    };
    let sequential = observe(1, 5);
    let expected: Vec<_> = MANY
        .iter()
        .flat_map(|claim| [Evidence::Exact, Evidence::Search, Evidence::Audit].map(|kind| (claim.id, kind)))
        .collect();
    assert_eq!(sequential.iter().map(|row| (row.0, row.1)).collect::<Vec<_>>(), expected);
    assert_eq!(observe(2, 5), sequential);
    assert_eq!(observe(4, 5), sequential);
    assert_ne!(observe(2, 6), sequential);
}

#[test]
fn an_error_while_reporting_stops_the_run() {
    let registry = registry(MANY, drawing_checks());
    let mut seen = 0;
    let result = run(&registry, &Selection::everything(), &Settings::new(Level::Quick, 1), |_| {
        seen += 1;
        Err(Error::NoSeed)
    });
    assert!(matches!(result, Err(Error::NoSeed)));
    assert_eq!(seen, 1);
}

#[test]
fn only_selected_claims_run() {
    let registry = registry(MANY, drawing_checks());
    let selection = Selection::only(["planted.m3".to_owned()]);
    let rows = run(&registry, &selection, &Settings::new(Level::Quick, 1), |_| Ok(())).unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.id == "planted.m3"));
}
