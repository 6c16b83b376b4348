//! The worked example is held to what any crate is held to: a complete registry, green rows, twins that are rejected.

use dp_verify::{Level, Selection, Settings, run, run_mutants};

#[test]
fn the_worked_example_is_complete() {
    assert_eq!(provable_dp_book::worked_example().problems(), []);
}

#[test]
fn every_row_of_the_worked_example_is_green() {
    let registry = provable_dp_book::worked_example();
    let settings = Settings::new(Level::Quick, 20_260_101);
    let rows = run(&registry, &Selection::everything(), &settings, |_| Ok(())).unwrap();
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert!(row.is_green(), "{}: {:?}, twin {:?}", row.id, row.shipped, row.broken);
    }
}

#[test]
fn every_mutant_of_the_worked_example_is_killed() {
    let registry = provable_dp_book::worked_example();
    let settings = Settings::new(Level::Quick, 20_260_101);
    let fates = run_mutants(&registry, &Selection::everything(), &settings, |_| Ok(())).unwrap();
    assert_eq!(fates.len(), 2);
    assert!(fates.iter().all(dp_verify::Fate::is_killed));
}
