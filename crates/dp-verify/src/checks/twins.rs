//! Several broken twins of one check, which must reject each of them.

use crate::{Outcome, Relation, Subject, Verdict};

/// Runs the check on the shipped thing, or on each of several broken twins: then the [`mildest`] outcome is returned, so that the
/// control is rejected only if every twin is, and the table shows the one that is nearest to passing.
pub(super) fn each_twin<T>(
    subject: Subject,
    shipped: T,
    twins: Vec<T>,
    run: impl Fn(T) -> Outcome,
) -> Outcome {
    match subject {
        Subject::AsShipped => run(shipped),
        Subject::Broken => mildest(twins.into_iter().map(run)),
    }
}

/// The parts of a claim, each of the same subject: all of them must hold of the shipped thing, and each must reject its own twin. (The
/// worst of the parts would be rejected if one of them is, and hide a part that cannot fail.)
pub(super) fn each_part(subject: Subject, parts: impl IntoIterator<Item = Outcome>) -> Outcome {
    match subject {
        Subject::AsShipped => Outcome::worst(parts),
        Subject::Broken => mildest(parts),
    }
}

/// The outcome that accuses least: one that accuses not at all, or else the one whose observation is nearest to its bound.
pub(super) fn mildest(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    let by_severity = |a: &Outcome, b: &Outcome| {
        let (a, b) = (severity(a), severity(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    outcomes.into_iter().min_by(by_severity).unwrap_or_else(|| Outcome::inconclusive("no twin"))
}

/// How many times the bound the observation is (or the other way round, where it must be above), and by how much it is beyond: of
/// bounds that are zero the first is infinite. Zero for what is not violated.
fn severity(outcome: &Outcome) -> (f64, f64) {
    let (larger, smaller) = match (outcome.verdict, outcome.relation) {
        (Verdict::Violated, Relation::AtMost) => (outcome.observed, outcome.bound),
        (Verdict::Violated, Relation::AtLeast) => (outcome.bound, outcome.observed),
        _ => return (0.0, 0.0),
    };
    (if smaller > 0.0 { larger / smaller } else { f64::INFINITY }, larger - smaller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_twin_that_passes_spoils_the_control() {
        let run = |x: u64| Outcome::all_equal(x, 1);
        assert_eq!(each_twin(Subject::AsShipped, 0, vec![1], run).verdict, Verdict::Holds);
        assert_eq!(each_twin(Subject::Broken, 0, vec![1, 2], run).verdict, Verdict::Violated);
        for twins in [vec![1, 0], vec![0, 1], vec![0]] {
            assert_eq!(each_twin(Subject::Broken, 0, twins, run).verdict, Verdict::Holds);
        }
        assert_eq!(each_twin(Subject::Broken, 0, vec![], run).verdict, Verdict::Inconclusive);
        assert_eq!(mildest([run(1), Outcome::inconclusive("")]).verdict, Verdict::Inconclusive);
        assert_eq!(each_part(Subject::AsShipped, [run(0), run(1)]).verdict, Verdict::Violated);
        assert_eq!(each_part(Subject::Broken, [run(0), run(1)]).verdict, Verdict::Holds);
    }

    #[test]
    fn the_twin_nearest_to_its_bound_speaks() {
        let seen = |outcomes: &[Outcome]| mildest(outcomes.iter().cloned()).observed;
        let most = |x| Outcome::at_most(x, 0.5, 1);
        assert_eq!(seen(&[most(7.0), most(0.6), most(f64::INFINITY)]), 0.6);
        // a p-value near its level is milder than one far below it
        let least = |x| Outcome::at_least(x, 1e-8, 1);
        assert_eq!(seen(&[least(1e-80), least(1e-9), least(0.0)]), 1e-9);
        // counts of mismatches, of which none is allowed, are compared as they are, and with nothing else
        assert_eq!(
            seen(&[Outcome::all_equal(9, 10), Outcome::all_equal(2, 10), Outcome::all_equal(3, 10)]),
            2.0
        );
        assert_eq!(seen(&[Outcome::all_equal(2, 10), most(50.0)]), 50.0);
    }
}
