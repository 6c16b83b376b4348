//! How often a bound that may fail does so.

use crate::{Context, Outcome};
use dp_mechanisms::FailureProbability;
use dp_testkit::statistics::{binomial_tail, proportion_lower_bound};

/// Level of each test.
const ALPHA: f64 = 1e-6;

/// Trials, each of which may miss with the stated probability.
pub(super) struct Misses {
    pub(super) missed: u64,
    pub(super) trials: usize,
    pub(super) stated: f64,
}

impl Misses {
    /// The share of misses that is certain is at most the stated one; the note says from which share on the test sees that it is not.
    pub(super) fn outcome(&self, context: &Context, what: &str) -> Outcome {
        let (missed, n) = (self.missed, self.trials as u64);
        let bound = proportion_lower_bound(missed, n, context.spend(ALPHA));
        let note = format!(
            "{what} in {missed} of {n} trials, {} stated; {:.3} or more would be refuted",
            self.stated,
            least_refuted(n, self.stated)
        );
        Outcome::at_most(bound, self.stated, n).with_note(note)
    }
}

/// The least share of misses that the test refutes; one for trials that are too few to refute any.
fn least_refuted(n: u64, stated: f64) -> f64 {
    let (mut passes, mut fails) = (0, n);
    while fails - passes > 1 {
        let middle = u64::midpoint(passes, fails);
        if binomial_tail(middle, n, stated) > ALPHA { passes = middle } else { fails = middle }
    }
    fails as f64 / n as f64
}

/// Under which a bound has no term for its failure left: the fault of forgetting it.
pub(super) fn forgotten() -> FailureProbability {
    FailureProbability::new(1.0_f64.next_down()).expect("below one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Level, Verdict};

    #[test]
    fn the_least_share_that_is_refuted_is_and_one_miss_less_is_not() {
        let context = Context::new(Level::Quick, 1, "example.coverage", Evidence::Statistical);
        for (trials, stated) in [(1000, 0.2), (3000, 0.05), (400, 0.1), (60, 0.05)] {
            let least = (least_refuted(trials as u64, stated) * trials as f64).round() as u64;
            let verdict = |missed| Misses { missed, trials, stated }.outcome(&context, "misses").verdict;
            assert_eq!((verdict(least), verdict(least - 1)), (Verdict::Violated, Verdict::Holds), "{trials}");
        }
    }

    #[test]
    fn too_few_trials_refute_nothing() {
        assert_eq!(least_refuted(3, 0.2), 1.0);
    }
}
