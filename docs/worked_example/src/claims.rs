//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that released means are as private as their certificate says.
pub const PRIVACY: &str = "means.privacy";
/// Id of the claim on how far the integers move.
pub const SENSITIVITY: &str = "means.sensitivity";

/// Every claim of this crate, in the order in which reports print them.
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: SENSITIVITY,
        kind: ClaimKind::Sensitivity,
        statement: "the integers (Σ z, N·n) move by at most √2·N for a row added or removed, 2N for one replaced",
        hypotheses: &["any rows of one length, also with NaN, infinities and entries of any size"],
        source: Source { work: "provable-dp, docs/theorems.md", result: "Column means" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "released means are (ε, δ)-differentially private on the machine as run",
        hypotheses: &["radius and number of columns are public", "the generator gives uniform bits"],
        source: Source { work: "provable-dp, docs/theorems.md", result: "Column means" },
        status: ClaimStatus::Ours,
    },
];
