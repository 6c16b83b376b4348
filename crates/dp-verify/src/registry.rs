//! The pairing of claims with checks, and everything that makes it incomplete.

use crate::mutants::CheckName;
use crate::{Check, Error, Evidence, Mutant};
use core::fmt;
use dp_claims::{Claim, ClaimKind};

/// A library crate and what it promises.
#[derive(Debug, Clone, Copy)]
pub struct Library {
    /// The package name, as in its manifest.
    pub name: &'static str,
    /// Its claims, in the order in which reports print them.
    pub claims: &'static [Claim],
}

/// All claims and all checks of a run.
///
/// ```
/// use dp_verify::Registry;
/// let shipped = Registry::shipped();
/// assert!(shipped.libraries().iter().any(|library| library.name == "dp-linalg"));
/// ```
#[derive(Debug, Clone)]
pub struct Registry {
    libraries: Vec<Library>,
    checks: Vec<Check>,
    mutants: Option<Vec<Mutant>>,
}

/// Why claims and checks do not pair up; each is red.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A claim that nothing looks at.
    Unchecked(&'static str),
    /// A check of a claim that no crate makes.
    Unclaimed(&'static str),
    /// An id that is not a dotted lower-case name.
    MalformedId(&'static str),
    /// An id that two claims share.
    RepeatedId(&'static str),
    /// Two checks of one claim by one kind of evidence: their report rows could not be told apart.
    RepeatedCheck(&'static str, Evidence),
    /// A privacy claim without a proof-like check (exact or numeric).
    PrivacyWithoutProof(&'static str),
    /// A privacy claim that nobody attacks.
    PrivacyWithoutAudit(&'static str),
    /// A check whose broken twin is not in the catalogue of mutants.
    WithoutMutant(&'static str, Evidence),
    /// A mutant that names no check, or one that does not exist.
    MutantWithoutCheck(&'static str),
    /// A name that two mutants share.
    RepeatedMutant(&'static str),
}

impl Problem {
    /// The id of the claim, or the name of the mutant, that the problem is about.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match *self {
            Self::Unchecked(id)
            | Self::Unclaimed(id)
            | Self::MalformedId(id)
            | Self::RepeatedId(id)
            | Self::RepeatedCheck(id, _)
            | Self::PrivacyWithoutProof(id)
            | Self::PrivacyWithoutAudit(id)
            | Self::WithoutMutant(id, _)
            | Self::MutantWithoutCheck(id)
            | Self::RepeatedMutant(id) => id,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchecked(id) => write!(f, "{id}: the claim has no check"),
            Self::Unclaimed(id) => write!(f, "{id}: the check names no claim of any crate"),
            Self::MalformedId(id) => write!(f, "{id}: the id is not a dotted lower-case name"),
            Self::RepeatedId(id) => write!(f, "{id}: two claims share the id"),
            Self::RepeatedCheck(id, evidence) => write!(f, "{id}: two checks by {evidence} evidence"),
            Self::PrivacyWithoutProof(id) => write!(f, "{id}: privacy needs exact or numeric evidence"),
            Self::PrivacyWithoutAudit(id) => write!(f, "{id}: privacy needs an audit"),
            Self::WithoutMutant(id, evidence) => write!(f, "{id}: no mutant names the {evidence} check"),
            Self::MutantWithoutCheck(name) => write!(f, "{name}: the mutant names no check that exists"),
            Self::RepeatedMutant(name) => write!(f, "{name}: two mutants share the name"),
        }
    }
}

impl Registry {
    /// Pairs the claims of these libraries with these checks; [`Registry::problems`] says what does not fit.
    #[must_use]
    pub fn new(libraries: Vec<Library>, checks: Vec<Check>) -> Self {
        Self { libraries, checks, mutants: None }
    }

    /// The same with a catalogue of mutants, in which every check must be then.
    #[must_use]
    pub fn with_mutants(self, mutants: Vec<Mutant>) -> Self {
        Self { mutants: Some(mutants), ..self }
    }

    /// The claims, checks and mutants of this workspace.
    #[must_use]
    pub fn shipped() -> Self {
        let libraries = vec![
            Library { name: "dp-linalg", claims: dp_linalg::claims::CLAIMS },
            Library { name: "dp-mechanisms", claims: dp_mechanisms::claims::CLAIMS },
            Library { name: "dp-audit", claims: dp_audit::claims::CLAIMS },
            Library { name: "poly-kernel", claims: poly_kernel::claims::CLAIMS },
            Library { name: "attention-dp", claims: attention_dp::claims::CLAIMS },
            Library { name: "john-ellipsoid-dp", claims: john_ellipsoid_dp::claims::CLAIMS },
            Library { name: "ntk-dp", claims: ntk_dp::claims::CLAIMS },
        ];
        Self::new(libraries, crate::checks::all()).with_mutants(crate::mutants::all())
    }

    /// The claims of these crates alone, with their checks; everything if the list is empty.
    ///
    /// # Errors
    /// [`Error::UnknownCrate`] for the first that makes no claims.
    pub fn of_crates(self, names: &[String]) -> Result<Self, Error> {
        if names.is_empty() {
            return Ok(self);
        }
        let known = |name: &&String| self.libraries.iter().any(|library| library.name == **name);
        if let Some(name) = names.iter().find(|name| !known(name)) {
            return Err(Error::UnknownCrate { name: name.clone() });
        }
        let is_asked = |library: &Library| names.iter().any(|name| name == library.name);
        let libraries: Vec<Library> = self.libraries.into_iter().filter(is_asked).collect();
        let is_claimed =
            |id: &str| libraries.iter().any(|library| dp_claims::find(library.claims, id).is_some());
        let checks = self.checks.into_iter().filter(|check| is_claimed(check.claim)).collect();
        let is_about = |mutant: &Mutant| mutant.checks.iter().any(|(claim, _)| is_claimed(claim));
        let mutants = self.mutants.map(|mutants| mutants.into_iter().filter(is_about).collect());
        Ok(Self { libraries, checks, mutants })
    }

    /// The library crates, in the order of reports.
    #[must_use]
    pub fn libraries(&self) -> &[Library] {
        &self.libraries
    }

    /// Every claim with its crate's name, in the order of reports.
    pub fn claims(&self) -> impl Iterator<Item = (&'static str, &'static Claim)> {
        self.libraries
            .iter()
            .flat_map(|library| library.claims.iter().map(move |claim| (library.name, claim)))
    }

    /// The checks of one claim, strongest kind of evidence first.
    #[must_use]
    pub fn checks_of(&self, id: &str) -> Vec<Check> {
        let mut checks: Vec<_> = self.checks.iter().copied().filter(|check| check.claim == id).collect();
        checks.sort_by_key(|check| check.evidence);
        checks
    }

    /// The catalogue of mutants, by crate; empty if there is none.
    #[must_use]
    pub fn mutants(&self) -> &[Mutant] {
        self.mutants.as_deref().unwrap_or_default()
    }

    /// What is wrong with the broken twins of a check, in a sentence for each.
    pub fn faults_of(&self, claim: &'static str, evidence: Evidence) -> impl Iterator<Item = &'static str> {
        let twins = self.mutants().iter().filter(move |mutant| mutant.is_twin_of((claim, evidence)));
        twins.map(|mutant| mutant.fault)
    }

    /// Everything that is incomplete or ambiguous; empty for a sound registry.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems_of_ids();
        for (_, claim) in self.claims() {
            problems.extend(self.problems_of_claim(claim));
        }
        problems.extend(self.problems_of_checks());
        problems
            .extend(self.mutants.as_ref().map_or_else(Vec::new, |mutants| self.problems_of_mutants(mutants)));
        problems
    }

    fn problems_of_ids(&self) -> Vec<Problem> {
        let all: Vec<Claim> = self.claims().map(|(_, claim)| *claim).collect();
        let repeated = |id| all.iter().filter(|claim| claim.id == id).count() > 1;
        let describe = |id| if repeated(id) { Problem::RepeatedId(id) } else { Problem::MalformedId(id) };
        dp_claims::malformed_ids(&all).into_iter().map(describe).collect()
    }

    fn problems_of_claim(&self, claim: &Claim) -> Vec<Problem> {
        let checks = self.checks_of(claim.id);
        if checks.is_empty() {
            return vec![Problem::Unchecked(claim.id)];
        }
        let has = |evidence| checks.iter().any(|check| check.evidence == evidence);
        let mut problems = Vec::new();
        if claim.kind == ClaimKind::Privacy && !has(Evidence::Exact) && !has(Evidence::Numeric) {
            problems.push(Problem::PrivacyWithoutProof(claim.id));
        }
        if claim.kind == ClaimKind::Privacy && !has(Evidence::Audit) {
            problems.push(Problem::PrivacyWithoutAudit(claim.id));
        }
        problems
    }

    fn problems_of_checks(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (i, check) in self.checks.iter().enumerate() {
            let same = |other: &Check| other.claim == check.claim && other.evidence == check.evidence;
            if !self.claims().any(|(_, claim)| claim.id == check.claim) {
                problems.push(Problem::Unclaimed(check.claim));
            }
            if self.checks[..i].iter().any(same) {
                problems.push(Problem::RepeatedCheck(check.claim, check.evidence));
            }
        }
        problems
    }

    fn problems_of_mutants(&self, mutants: &[Mutant]) -> Vec<Problem> {
        let exists =
            |name: &CheckName| self.checks.iter().any(|check| (check.claim, check.evidence) == *name);
        let mut problems = Vec::new();
        for check in &self.checks {
            if !mutants.iter().any(|mutant| mutant.is_twin_of((check.claim, check.evidence))) {
                problems.push(Problem::WithoutMutant(check.claim, check.evidence));
            }
        }
        for (i, mutant) in mutants.iter().enumerate() {
            if mutant.checks.is_empty() || !mutant.checks.iter().all(exists) {
                problems.push(Problem::MutantWithoutCheck(mutant.name));
            }
            if mutants[..i].iter().any(|other| other.name == mutant.name) {
                problems.push(Problem::RepeatedMutant(mutant.name));
            }
        }
        problems
    }
}

/// Which claims a run looks at.
///
/// ```
/// use dp_verify::Selection;
/// let selection = Selection::only(["linalg.product".to_owned()]);
/// assert!(selection.contains("linalg.product"));
/// assert!(selection.contains("linalg.product.exact"));
/// assert!(!selection.contains("linalg.products"));
/// assert!(Selection::everything().contains("linalg.products"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Selection {
    ids: Vec<String>,
}

impl Selection {
    /// Every claim.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Claims whose id is one of these, or starts with one of these and a dot; every claim if the list is empty.
    pub fn only(ids: impl IntoIterator<Item = String>) -> Self {
        Self { ids: ids.into_iter().collect() }
    }

    /// Whether a claim is selected.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|asked| matches(asked, id))
    }

    /// Checks that each asked id names something.
    ///
    /// # Errors
    /// [`Error::UnknownId`] for the first that names no claim and no check: a misspelt id must not pass as green.
    pub fn validate(&self, registry: &Registry) -> Result<(), Error> {
        let known = |asked: &str| {
            registry.claims().any(|(_, claim)| matches(asked, claim.id))
                || registry.checks.iter().any(|check| matches(asked, check.claim))
        };
        match self.ids.iter().find(|asked| !known(asked)) {
            Some(id) => Err(Error::UnknownId { id: id.clone() }),
            None => Ok(()),
        }
    }
}

fn matches(asked: &str, id: &str) -> bool {
    id.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
