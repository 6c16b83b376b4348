//! The table of docs/auditing.md: planted faults, and what each auditor needed.

use super::faults::{Fault, all};
use super::power::{ALPHA, Cost, Needed, audit, budget};
use crate::{Context, Subject};
use core::fmt::Write;

const HEAD: &str = "\
| fault | claim | exact | replay | sequential | thresholds | canaries |
|---|---|---|---|---|---|---|
";

/// A Markdown table of all planted faults: which auditor finds them, and at what cost.
///
/// Each auditor works at level `1e-3`. *exact*: refuted from the probabilities alone. *replay*: pairs of neighbours.
/// *sequential* and *thresholds*: runs on both neighbours together, for thresholds the first of 128, 512, 2 048, … that
/// sufficed. *canaries*: in one run, the first of 64, 256, 1 024, … that sufficed. A dash: does not apply. A number
/// with `>`: found nothing within it.
///
/// ```no_run
/// use dp_verify::{Context, Evidence, Level, checks::audit_table};
///
/// print!("{}", audit_table(&mut Context::new(Level::Full, 1, "audit.power", Evidence::Audit)));
/// ```
#[must_use]
pub fn audit_table(context: &mut Context) -> String {
    let (faults, budget) = (all(), budget(context.level()));
    let mut table = format!("Level {ALPHA} each.\n\n{HEAD}");
    for (i, Fault { name, claim, build }) in faults.iter().enumerate() {
        let needed = audit(&build(Subject::Broken), budget, ALPHA, &mut context.rng(i as u64));
        let Needed { exact, replay, sequential, threshold, canaries } = needed;
        let exact = match exact {
            Cost::Inapplicable => "–",
            Cost::Nothing => "not refuted",
            Cost::Refuted(_) => "refuted",
        };
        let runs = 2 * budget.rounds as u64;
        let rest = [(replay, 1), (sequential, runs), (threshold, runs), (canaries, budget.canaries as u64)];
        let cells = rest.map(|(needed, most)| cell(needed, most)).join(" | ");
        writeln!(table, "| {name} | {claim} | {exact} | {cells} |").expect("a string takes everything");
        context.progress(i + 1, faults.len());
    }
    table
}

fn cell(cost: Cost, most: u64) -> String {
    match cost {
        Cost::Inapplicable => "–".to_owned(),
        Cost::Nothing => format!("> {}", grouped(most)),
        Cost::Refuted(cost) => grouped(cost),
    }
}

/// Digits in groups of three.
fn grouped(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{} {:03}", grouped(n / 1000), n % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_groups() {
        assert_eq!(["7", "1 024", "1 000 000"], [7, 1024, 1_000_000].map(grouped));
        assert_eq!([cell(Cost::Nothing, 1024), cell(Cost::Refuted(64), 5)], ["> 1 024", "64"]);
    }
}
