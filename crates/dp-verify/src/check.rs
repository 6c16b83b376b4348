//! What a check is: a claim's name, a kind of evidence, and one function for the shipped thing and its broken twin.

use crate::{Context, Outcome};
use core::fmt;

/// One piece of evidence for one claim.
///
/// See the [crate front page](crate#writing-a-check) for an example.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Id of the claim that this evidence is about.
    pub claim: &'static str,
    /// What kind of evidence it is.
    pub evidence: Evidence,
    /// Runs on what [`Subject`] names. Both subjects see the same random numbers, so that only the subject differs.
    pub run: fn(&mut Context, Subject) -> Outcome,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The thing that users get.
    AsShipped,
    /// A twin with one planted fault (half the noise, one neighbour too many…), which the check must reject.
    Broken,
}

impl Subject {
    /// `shipped` or `broken`, whichever this subject is: the usual first line of a check.
    ///
    /// ```
    /// use dp_verify::Subject;
    /// let noise_std = Subject::Broken.pick(1.0, 0.5);
    /// assert_eq!(noise_std, 0.5);
    /// ```
    #[must_use]
    pub fn pick<T>(self, shipped: T, broken: T) -> T {
        match self {
            Self::AsShipped => shipped,
            Self::Broken => broken,
        }
    }
}

/// How a check argues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    /// A closed form, or interval or integer arithmetic: no tolerance at all.
    Exact,
    /// Quadrature or optimisation with a derived tolerance.
    Numeric,
    /// An adversarial search over inputs or neighbours.
    Search,
    /// A test at a stated level over a stated number of trials.
    Statistical,
    /// A lower bound on the privacy loss from many runs; it can refute, never prove.
    Audit,
}

impl Evidence {
    /// Lower-case name, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Numeric => "numeric",
            Self::Search => "search",
            Self::Statistical => "statistical",
            Self::Audit => "audit",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
