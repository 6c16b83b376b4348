//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Every claim of this crate.
///
/// ```
/// assert!(john_ellipsoid_dp::claims::CLAIMS.iter().all(|claim| claim.id.starts_with("john.")));
/// ```
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "john.certificate.gap",
        kind: ClaimKind::Numerical,
        statement: "‖Tᵀaᵢ‖² ≤ 1 + gap in real arithmetic for the stored T and every row that took part, whatever the solver did",
        hypotheses: &["rows are the same in each pass", "no underflow"],
        source: Source {
            work: "docs/theorems.md",
            result: "John ellipsoids, with Higham 2002 (3.13) and Ogita, Rump, Oishi 2005, Proposition 5.5",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.certificate.volume",
        kind: ClaimKind::Utility,
        statement: "the log-volume is within log_volume_excess (dξ/2 and rounding) of the optimum, symmetric or with a centre",
        hypotheses: &["those of john.certificate.gap"],
        source: Source {
            work: "Kiefer, Wolfowitz 1960; weak duality",
            result: "docs/theorems.md, John ellipsoids",
        },
        status: ClaimStatus::Repaired,
    },
    Claim {
        id: "john.containment",
        kind: ClaimKind::Utility,
        statement: "E/√(1 + ξ) ⊆ P ⊆ √(d/(1 − defect))·E",
        hypotheses: &["P = {x : |⟨aᵢ, x⟩| ≤ 1} of the rows that took part"],
        source: Source { work: "John 1948", result: "symmetric case; docs/theorems.md, John ellipsoids" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "john.solvers.agreement",
        kind: ClaimKind::Numerical,
        statement: "optima of the default and of each first-order solver differ in ln det M by at most twice the sum of both certificates",
        hypotheses: &["both ran on the same rows"],
        source: Source {
            work: "docs/theorems.md",
            result: "John ellipsoids: the optimum of ln det M is unique",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.fixed_point.rate",
        kind: ClaimKind::Convergence,
        statement: "the average of T iterates of w ← w∘g from uniform weights has max gᵢ ≤ (n/d)^{1/T}",
        hypotheses: &["rows span the space", "real arithmetic"],
        source: Source { work: "Cohen, Cousins, Lee, Yang 2019", result: "Theorem 1 and its proof" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "john.deletion.safe",
        kind: ClaimKind::Numerical,
        statement: "no row with gᵢ below deletion_threshold(d, ξ) has weight in an optimum, when max gᵢ ≤ 1 + ξ",
        hypotheses: &["real arithmetic"],
        source: Source { work: "Harman, Pronzato 2007", result: "Theorem 1" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "john.fixed_point.mean_of_designs",
        kind: ClaimKind::Convergence,
        statement: "the mean of designs M₁ … M_T has max gᵢ ≤ (maxᵢ Πₜ gᵢ(Mₜ))^{1/T}, however they were found: rounds on samples keep the rate",
        hypotheses: &["each design has weights of sum d", "real arithmetic"],
        source: Source {
            work: "Cohen, Cousins, Lee, Yang 2019; Woodruff, Yasuda 2024",
            result: "docs/theorems.md, John ellipsoids",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.certificate.sparse",
        kind: ClaimKind::Numerical,
        statement: "the certificate of sparse rows holds for the rows with zeros in the places that are not stored",
        hypotheses: &["those of john.certificate.gap"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, Rounding" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.certificate.between_passes",
        kind: ClaimKind::Numerical,
        statement: "rows that were left out since the last full pass are within the certified gap, too",
        hypotheses: &["the source gives the same rows in each pass"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, between passes" },
        status: ClaimStatus::Ours,
    },
];
