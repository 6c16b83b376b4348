//! Claims of differential-privacy libraries as inert data.
//!
//! A [`Claim`] is one guarantee, in one line, with its hypotheses, its source and its status. Library crates list
//! theirs in a constant; nothing in this crate runs, checks or registers anything. What pairs each claim with
//! evidence lives elsewhere (here: the unpublished `dp-verify`), so that a library can state what it promises without
//! depending on the machinery that attacks the promise.
//!
//! # Example
//!
//! ```
//! use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};
//!
//! const CLAIMS: &[Claim] = &[Claim {
//!     id: "example.laplace.privacy",
//!     kind: ClaimKind::Privacy,
//!     statement: "s + Lap(Δ₁/ε) is ε-differentially private",
//!     hypotheses: &["|s − s'|₁ ≤ Δ₁ for neighbours", "real arithmetic"],
//!     source: Source { work: "Dwork, McSherry, Nissim, Smith 2006", result: "Proposition 1" },
//!     status: ClaimStatus::Published,
//! }];
//! assert_eq!(dp_claims::find(CLAIMS, "example.laplace.privacy").map(|c| c.kind), Some(ClaimKind::Privacy));
//! assert_eq!(dp_claims::malformed_ids(CLAIMS), Vec::<&str>::new());
//! ```

use core::fmt;

/// One guarantee of a library, as data.
///
/// See the [crate front page](crate) for an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Permanent dotted name, lower case: `crate.object.property`. Never reused for another statement.
    pub id: &'static str,
    /// What sort of statement this is; it decides which evidence is acceptable.
    pub kind: ClaimKind,
    /// The statement in one line.
    pub statement: &'static str,
    /// Everything the statement needs in order to hold.
    pub hypotheses: &'static [&'static str],
    /// Where the statement comes from.
    pub source: Source,
    /// Whether it stands as published, was repaired, is ours, or is refuted.
    pub status: ClaimStatus,
}

/// The work that a claim comes from, and the result within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Authors and year, or the document of this project.
    pub work: &'static str,
    /// Theorem, section or file.
    pub result: &'static str,
}

/// What sort of statement a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimKind {
    /// A differential-privacy guarantee of a released value.
    Privacy,
    /// A bound on how far a statistic moves between neighbours.
    Sensitivity,
    /// A bound on the error of an answer, or the coverage of an error bar.
    Utility,
    /// A rate or an iteration bound.
    Convergence,
    /// A bound on time or memory, or its scaling.
    Complexity,
    /// Exactness or accuracy of arithmetic.
    Numerical,
}

/// How a claim relates to its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClaimStatus {
    /// Stands as published.
    Published,
    /// Published with a hole; restated here so that it holds.
    Repaired,
    /// First stated in this project.
    Ours,
    /// Published and false: the claim *holds* when its counterexample reproduces.
    Refuted,
}

impl ClaimKind {
    /// Lower-case name, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Privacy => "privacy",
            Self::Sensitivity => "sensitivity",
            Self::Utility => "utility",
            Self::Convergence => "convergence",
            Self::Complexity => "complexity",
            Self::Numerical => "numerical",
        }
    }
}

impl ClaimStatus {
    /// Lower-case name, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Repaired => "repaired",
            Self::Ours => "ours",
            Self::Refuted => "refuted",
        }
    }
}

impl fmt::Display for ClaimKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for ClaimStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The claim of this id, if the list has one.
#[must_use]
pub fn find<'a>(claims: &'a [Claim], id: &str) -> Option<&'a Claim> {
    claims.iter().find(|claim| claim.id == id)
}

/// Ids that are not permanent dotted names, or that occur twice; empty for a sound list.
#[must_use]
pub fn malformed_ids(claims: &[Claim]) -> Vec<&'static str> {
    let repeated = |id| claims.iter().filter(|claim| claim.id == id).count() > 1;
    claims.iter().map(|claim| claim.id).filter(|id| !is_dotted_name(id) || repeated(*id)).collect()
}

fn is_dotted_name(id: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    id.split('.').count() >= 2 && id.split('.').all(is_word)
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests {
    use super::*;

    const fn claim(id: &'static str) -> Claim {
        Claim {
            id,
            kind: ClaimKind::Numerical,
            statement: "",
            hypotheses: &[],
            source: Source { work: "", result: "" },
            status: ClaimStatus::Ours,
        }
    }

    #[test]
    fn names_ids_that_are_not_dotted_lower_case_words() {
        let claims =
            [claim("a.b_c.d2"), claim("single"), claim("Upper.case"), claim("empty..word"), claim("a b.c")];
        assert_eq!(malformed_ids(&claims), ["single", "Upper.case", "empty..word", "a b.c"]);
    }

    #[test]
    fn names_both_places_of_a_repeated_id() {
        assert_eq!(malformed_ids(&[claim("a.b"), claim("a.c"), claim("a.b")]), ["a.b", "a.b"]);
    }

    #[test]
    fn finds_by_exact_id_only() {
        let claims = [claim("a.b")];
        assert!(find(&claims, "a.b").is_some());
        assert!(find(&claims, "a").is_none());
    }
}
