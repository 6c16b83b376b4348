//! What a check found: a verdict with the number behind it.

use crate::Figure;
use core::fmt;

/// How an observation was compared with its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `observed ≤ bound`.
    AtMost,
    /// `observed ≥ bound`.
    AtLeast,
    /// Nothing was compared.
    None,
}

impl Relation {
    /// `at_most`, `at_least` or `none`, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtMost => "at_most",
            Self::AtLeast => "at_least",
            Self::None => "none",
        }
    }

    /// The relation of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::AtMost, Self::AtLeast, Self::None].into_iter().find(|relation| relation.name() == name)
    }
}

/// What a check concludes about its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The statement survived.
    Holds,
    /// The statement is false of this subject.
    Violated,
    /// The check could not decide: no trial ran, or the observation is not a number.
    Inconclusive,
    /// The check did not run. Never green: a check that cannot run is no evidence.
    Skipped,
}

impl Verdict {
    /// Lower-case name, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
        }
    }

    /// The verdict of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Holds, Self::Violated, Self::Inconclusive, Self::Skipped]
            .into_iter()
            .find(|v| v.name() == name)
    }

    /// From best to worst when several parts make one outcome.
    const fn badness(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Skipped => 1,
            Self::Inconclusive => 2,
            Self::Violated => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A verdict, the observation and bound that led to it, and the number of trials.
///
/// Made by the constructors that compare; they are never satisfied by no trial at all or by NaN, which would let an
/// empty loop pass as evidence (and a broken twin that yields NaN pass as a rejected control).
///
/// ```
/// use dp_verify::{Outcome, Verdict};
/// assert_eq!(Outcome::at_most(0.3, 0.5, 100).verdict, Verdict::Holds);
/// assert_eq!(Outcome::at_most(0.7, 0.5, 100).verdict, Verdict::Violated);
/// assert_eq!(Outcome::at_most(f64::NAN, 0.5, 100).verdict, Verdict::Inconclusive);
/// assert_eq!(Outcome::at_most(0.0, 0.5, 0).verdict, Verdict::Inconclusive);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The conclusion.
    pub verdict: Verdict,
    /// The measured or computed quantity.
    pub observed: f64,
    /// What it was compared with.
    pub bound: f64,
    /// Trials, comparisons or searched points behind the observation.
    pub n: u64,
    /// How the two were compared.
    pub relation: Relation,
    /// Detail for people; may be empty.
    pub note: String,
    /// Levels of the tests behind it, added up: an honest library is accused with at most this probability. Set by the runner.
    pub alpha: f64,
    /// What was seen, as curves.
    pub figure: Option<Figure>,
}

impl Outcome {
    fn decide(holds: bool, relation: Relation, [observed, bound]: [f64; 2], n: u64) -> Self {
        let verdict = match holds {
            _ if n == 0 || observed.is_nan() || bound.is_nan() => Verdict::Inconclusive,
            true => Verdict::Holds,
            false => Verdict::Violated,
        };
        Self { verdict, observed, bound, n, relation, note: String::new(), alpha: 0.0, figure: None }
    }

    /// Holds if `observed ≤ bound`.
    #[must_use]
    pub fn at_most(observed: f64, bound: f64, n: u64) -> Self {
        Self::decide(observed <= bound, Relation::AtMost, [observed, bound], n)
    }

    /// Holds if `observed ≥ bound`; with a p-value and a level, the usual statistical test.
    #[must_use]
    pub fn at_least(observed: f64, bound: f64, n: u64) -> Self {
        Self::decide(observed >= bound, Relation::AtLeast, [observed, bound], n)
    }

    /// Holds if none of `n` comparisons was unequal.
    #[must_use]
    pub fn all_equal(mismatches: u64, n: u64) -> Self {
        Self::decide(mismatches == 0, Relation::AtMost, [mismatches as f64, 0.0], n)
    }

    /// The check could not decide.
    #[must_use]
    pub fn inconclusive(note: impl Into<String>) -> Self {
        Self::without_numbers(Verdict::Inconclusive, note.into())
    }

    /// The check did not run; the row is red.
    #[must_use]
    pub fn skipped(note: impl Into<String>) -> Self {
        Self::without_numbers(Verdict::Skipped, note.into())
    }

    fn without_numbers(verdict: Verdict, note: String) -> Self {
        Self { note, ..Self::decide(false, Relation::None, [f64::NAN; 2], 0) }.with_verdict(verdict)
    }

    fn with_verdict(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }

    /// The same outcome with a picture.
    #[must_use]
    pub fn with_figure(self, figure: Figure) -> Self {
        Self { figure: Some(figure), ..self }
    }

    /// The same outcome with a detail for people.
    #[must_use]
    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The part with the worst verdict, counting the trials of all parts: a claim of several sentences holds only if
    /// each does. Among equally bad parts the first speaks. The picture is that of the part that speaks, or the first there is. No part at all is inconclusive.
    ///
    /// ```
    /// use dp_verify::{Outcome, Verdict};
    /// let both = Outcome::worst([Outcome::at_most(1.0, 2.0, 10), Outcome::at_least(1.0, 2.0, 5)]);
    /// assert_eq!((both.verdict, both.n), (Verdict::Violated, 15));
    /// ```
    #[must_use]
    pub fn worst(parts: impl IntoIterator<Item = Self>) -> Self {
        parts
            .into_iter()
            .reduce(|worst, part| {
                let n = worst.n + part.n;
                let (mut speaker, silent) = if part.verdict.badness() > worst.verdict.badness() {
                    (part, worst)
                } else {
                    (worst, part)
                };
                speaker.figure = speaker.figure.or(silent.figure);
                Self { n, ..speaker }
            })
            .unwrap_or_else(|| Self::inconclusive("no part ran"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        assert_eq!(Outcome::at_most(2.0, 2.0, 1).verdict, Verdict::Holds);
        assert_eq!(Outcome::at_least(2.0, 2.0, 1).verdict, Verdict::Holds);
        assert_eq!(Outcome::at_least(1.9, 2.0, 1).verdict, Verdict::Violated);
    }

    #[test]
    fn neither_an_empty_run_nor_nan_decides() {
        for outcome in [
            Outcome::all_equal(0, 0),
            Outcome::all_equal(3, 0),
            Outcome::at_least(f64::NAN, 0.0, 9),
            Outcome::at_most(0.0, f64::NAN, 9),
            Outcome::worst([]),
        ] {
            assert_eq!(outcome.verdict, Verdict::Inconclusive, "{outcome:?}");
        }
    }

    #[test]
    fn one_bad_part_decides_and_the_first_of_equals_speaks() {
        let holds = |note: &str| Outcome::at_most(0.0, 1.0, 4).with_note(note);
        assert_eq!(Outcome::worst([holds("a"), holds("b")]).note, "a");
        let mixed = Outcome::worst([holds("a"), Outcome::inconclusive("b"), Outcome::all_equal(2, 3)]);
        assert_eq!((mixed.verdict, mixed.observed, mixed.n), (Verdict::Violated, 2.0, 7));
    }
}
