//! The catalogue of mutants: every planted fault with the checks that must catch it.
//!
//! A check runs on the thing as shipped and on a broken twin ([`crate::Subject::Broken`]). Here each twin has a name, a sentence
//! that says what is wrong with it, and, where other libraries had the same fault, the name of that bug. Checks whose twins are the
//! same fault of the same thing share a mutant; a check that judges several twins, and rejects only if it rejects each of them, is in
//! several. `cargo xtask verify --mutants` runs the broken variants alone and says who kills whom.
//!
//! A new check needs one line in the file of its crate; [`crate::Registry::problems`] names a check that has none.

mod attention;
mod audit;
mod fate;
mod john;
mod kernel;
mod linalg;
mod mechanisms;
mod ntk;

pub use fate::{Fate, Trial};

use crate::Evidence;
use core::fmt;

/// A claim's id and a kind of evidence: what names a check.
pub type CheckName = (&'static str, Evidence);

/// One broken variant, and the checks that look at it.
///
/// ```
/// use dp_verify::{Evidence, KnownBug, Mutant};
/// const HALVED: Mutant = Mutant::new("example.noise.halved", "adds half the noise", &[("example.privacy", Evidence::Audit)])
///     .reproduces(KnownBug::NoiseHalved);
/// assert_eq!(HALVED.known.map(KnownBug::name), Some("noise halved"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutant {
    /// A dotted lower-case name that begins with that of the crate's claims; stable across versions.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub fault: &'static str,
    /// The bug of other libraries that it reproduces.
    pub known: Option<KnownBug>,
    /// The checks that must reject it, all of one crate.
    pub checks: &'static [CheckName],
    /// Where the broken variant is.
    pub variant: Variant,
}

/// Where a broken variant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variant {
    /// It is the twin of its checks.
    Twin,
    /// It is the fault of this name on the bench of the auditors, which must refute it by runs.
    Planted(&'static str),
}

impl Mutant {
    /// The twin of these checks.
    #[must_use]
    pub const fn new(name: &'static str, fault: &'static str, checks: &'static [CheckName]) -> Self {
        Self { name, fault, known: None, checks, variant: Variant::Twin }
    }

    /// The fault of this name on the auditors' bench.
    const fn planted(name: &'static str, fault: &'static str, planted: &'static str) -> Self {
        let twin = Self::new(name, fault, &[("audit.power", Evidence::Audit)]);
        Self { variant: Variant::Planted(planted), ..twin }
    }

    /// The same, of a bug that other libraries had.
    #[must_use]
    pub const fn reproduces(self, bug: KnownBug) -> Self {
        Self { known: Some(bug), ..self }
    }

    /// Whether it is the twin of this check.
    #[must_use]
    pub fn is_twin_of(&self, check: CheckName) -> bool {
        self.variant == Variant::Twin && self.checks.contains(&check)
    }
}

/// A bug that was found in a published library, paper or program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KnownBug {
    /// Half of the noise that was accounted for.
    NoiseHalved,
    /// The noise of a guarantee with δ does not depend on δ.
    DeltaIgnored,
    /// A scale or standard deviation where a variance is meant, or the other way round.
    ScaleAsVariance,
    /// A sensitivity that is one less, or rounded down.
    SensitivityTooSmall,
    /// A comparison with a threshold lets equality pass, and nobody pays for it.
    EqualityNotCharged,
    /// Neighbours that replace a row are charged as if a row came or went.
    ReplaceChargedAsAddRemove,
    /// Ties, or a row without a partner, are dropped by what other rows are.
    TiesDropRows,
    /// Integers that do not fit.
    Overflow,
    /// A sum whose rounding depends on the order of rows.
    OrderDependentSum,
    /// NaN is not clipped.
    NanPassesClip,
    /// The clip is computed, and the raw value is used.
    ClipUnused,
    /// A number of a guarantee or of noise is rounded in the direction that promises more.
    OptimisticRounding,
    /// Whether or how a call fails depends on private data.
    FailureDependsOnData,
    /// The normaliser is released without noise.
    BareNormaliser,
    /// One of several sums that depend on data has no noise.
    BareSum,
    /// One draw of noise serves several outputs.
    NoiseReused,
    /// The seed is fixed outside of tests.
    SeedFixed,
    /// The cryptographic generator was replaced by a weaker one.
    GeneratorReplaced,
    /// Composition forgets a level, a step or a release.
    CompositionForgets,
    /// Each coordinate or part has a budget that was accounted once.
    BudgetPerCoordinate,
    /// The maximum is taken over what the mask then hides.
    MaximumBeforeMask,
}

impl KnownBug {
    /// Each of them, in the order of the declaration.
    pub const ALL: [Self; 21] = [
        Self::NoiseHalved,
        Self::DeltaIgnored,
        Self::ScaleAsVariance,
        Self::SensitivityTooSmall,
        Self::EqualityNotCharged,
        Self::ReplaceChargedAsAddRemove,
        Self::TiesDropRows,
        Self::Overflow,
        Self::OrderDependentSum,
        Self::NanPassesClip,
        Self::ClipUnused,
        Self::OptimisticRounding,
        Self::FailureDependsOnData,
        Self::BareNormaliser,
        Self::BareSum,
        Self::NoiseReused,
        Self::SeedFixed,
        Self::GeneratorReplaced,
        Self::CompositionForgets,
        Self::BudgetPerCoordinate,
        Self::MaximumBeforeMask,
    ];

    /// A few words, stable across versions (written to reports).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoiseHalved => "noise halved",
            Self::DeltaIgnored => "δ ignored",
            Self::ScaleAsVariance => "scale used as variance",
            Self::SensitivityTooSmall => "sensitivity off by one or rounded down",
            Self::EqualityNotCharged => "threshold at equality not charged",
            Self::ReplaceChargedAsAddRemove => "replace-one charged as add/remove",
            Self::TiesDropRows => "ties or odd rows dropped",
            Self::Overflow => "integer overflow",
            Self::OrderDependentSum => "sum depends on order",
            Self::NanPassesClip => "NaN passes a clip",
            Self::ClipUnused => "clip computed, raw value used",
            Self::OptimisticRounding => "optimistic rounding",
            Self::FailureDependsOnData => "failure depends on data",
            Self::BareNormaliser => "normaliser without noise",
            Self::BareSum => "one of two sums without noise",
            Self::NoiseReused => "same noise reused",
            Self::SeedFixed => "seed fixed in production",
            Self::GeneratorReplaced => "generator silently replaced",
            Self::CompositionForgets => "composition forgets a part",
            Self::BudgetPerCoordinate => "budget of each coordinate, accounted once",
            Self::MaximumBeforeMask => "maximum taken before the mask",
        }
    }
}

impl fmt::Display for KnownBug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// All mutants of the workspace, by crate.
///
/// ```
/// use dp_verify::{KnownBug, mutants};
/// let all = mutants::all();
/// assert!(KnownBug::ALL.iter().all(|bug| all.iter().any(|mutant| mutant.known == Some(*bug))));
/// ```
#[must_use]
pub fn all() -> Vec<Mutant> {
    [linalg::ALL, mechanisms::ALL, audit::ALL, kernel::ALL, attention::ALL, john::ALL, ntk::ALL].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::planted_faults;

    #[test]
    fn every_fault_on_the_bench_is_a_mutant() {
        let planted: Vec<&str> = all()
            .iter()
            .filter_map(|mutant| match mutant.variant {
                Variant::Planted(name) => Some(name),
                Variant::Twin => None,
            })
            .collect();
        assert_eq!(planted, planted_faults());
    }
}
