//! What certificates say, beside what the noise that they record loses.

use crate::{Outcome, larger};

/// The most that was lost of what was asked for, and how many certificates do not fit: two counts, so that neither hides the other.
#[derive(Default)]
pub(super) struct Found {
    excess: f64,
    dishonest: u64,
    n: u64,
}

impl Found {
    /// One more release: what it loses, over what was asked for, and whether its certificate says what it is about.
    pub(super) fn see(&mut self, excess: f64, is_honest: bool) {
        self.excess = larger(self.excess, excess);
        self.dishonest += u64::from(!is_honest);
        self.n += 1;
    }

    /// `name` is that of the excess, which may be as large as the bound.
    pub(super) fn outcome(&self, bound: f64, name: &str) -> Outcome {
        Outcome::worst([
            Outcome::at_most(self.excess, bound, self.n).with_note(name),
            Outcome::all_equal(self.dishonest, self.n).with_note("certificates that do not fit"),
        ])
    }
}

/// What can be wrong with a release of rows that move.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Less noise than the certificate is about.
    LessNoise,
    /// Released as if rows moved half as far: noise and certificate fit each other, and not the rows.
    HalfTheMove,
}

impl Fault {
    pub(super) const TWINS: [Self; 2] = [Self::LessNoise, Self::HalfTheMove];

    /// How far rows move, for the release.
    pub(super) fn radius(self, radius: f64) -> f64 {
        radius * if self == Self::HalfTheMove { 0.5 } else { 1.0 }
    }

    /// One of two, as [`crate::Subject::pick`].
    pub(super) fn pick<T>(self, right: T, less_noise: T) -> T {
        if self == Self::LessNoise { less_noise } else { right }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;

    #[test]
    fn one_certificate_that_does_not_fit_is_seen_wherever_it_stands() {
        for dishonest in 0..3 {
            let mut found = Found::default();
            (0..3).for_each(|i| found.see(0.9, i != dishonest));
            assert_eq!(found.outcome(1.0, "δ").verdict, Verdict::Violated);
        }
    }

    #[test]
    fn what_is_no_number_is_seen_wherever_it_stands() {
        for failed in 0..3 {
            let mut found = Found::default();
            (0..3).for_each(|i| found.see(if i == failed { f64::NAN } else { 0.9 }, true));
            assert_eq!(found.outcome(1.0, "δ").verdict, Verdict::Inconclusive);
        }
        assert_eq!(Found::default().outcome(1.0, "δ").verdict, Verdict::Inconclusive);
    }
}
