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
        id: "john.leverage.change",
        kind: ClaimKind::Sensitivity,
        statement: "replacing row j by any other changes the leverages of fixed weights by at most 2·max(tⱼ, tⱼ') in sum and √2·max(tⱼ, tⱼ') in norm",
        hypotheses: &["weights are fixed", "with a ridge or without"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, noisy weights" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.weights.sensitivity",
        kind: ClaimKind::Sensitivity,
        statement: "integers of ln(wᵢ·aᵢᵀM⁻¹aᵢ + θ) move by at most the stated distance when a row moves, b·√(max w/(λθ)) beside rounding",
        hypotheses: &["weights are public", "M = λI + Σ wᵢaᵢaᵢᵀ with public λ", "IEEE 754 arithmetic"],
        source: Source {
            work: "docs/theorems.md",
            result: "John ellipsoids, noisy weights, with Higham 2002, Theorems 8.5 and 10.3",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.weights.privacy",
        kind: ClaimKind::Privacy,
        statement: "noisy_weights is (ε, δ)-DP for moves of one row up to the stated distance, all rounds together",
        hypotheses: &[
            "john.weights.sensitivity",
            "the number of rows is public",
            "weights alone are released",
        ],
        source: Source { work: "arXiv 2408.06395, repaired", result: "docs/theorems.md, noisy weights" },
        status: ClaimStatus::Repaired,
    },
    Claim {
        id: "john.weights.convergence",
        kind: ClaimKind::Convergence,
        statement: "with the floor kept, max aᵢᵀM⁻¹aᵢ of the average is at most 1 + gap_bound(γ), from released numbers alone, except with probability γ",
        hypotheses: &["rows within the radius", "M with the ridge"],
        source: Source { work: "arXiv 2408.06395, repaired", result: "docs/theorems.md, noisy weights" },
        status: ClaimStatus::Repaired,
    },
    Claim {
        id: "john.published.leak",
        kind: ClaimKind::Sensitivity,
        statement: "V and AᵀVA may be returned, as AᵀVA is computed from the private V",
        hypotheses: &["the others' rows are known"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.support",
        kind: ClaimKind::Sensitivity,
        statement: "a moments accountant covers weights with truncated multiplicative noise",
        hypotheses: &["a truncation that does not depend on the rows"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.scale",
        kind: ClaimKind::Sensitivity,
        statement: "the loss of multiplicative noise is that of a shift at the scale of the noise",
        hypotheses: &["the noise is a factor of the data's weight"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.sampling",
        kind: ClaimKind::Sensitivity,
        statement: "the Lipschitz constant of exact leverages covers leverages from a sample drawn by private leverages",
        hypotheses: &["samples are drawn anew"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.lipschitz",
        kind: ClaimKind::Sensitivity,
        statement: "converged weights move by at most L times the distance of the rows, L free of the number of rounds",
        hypotheses: &["two rows that are nearly the same"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.record",
        kind: ClaimKind::Sensitivity,
        statement: "ε for ε₀-close polytopes says something of a record",
        hypotheses: &["a record is replaced by any other"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.convergence",
        kind: ClaimKind::Convergence,
        statement: "any gap ξ is reached after O(ξ⁻²(ln(n/δ₀) + (Lε₀)⁻²)) rounds at a fixed level of noise",
        hypotheses: &["noise drawn anew in each round"],
        source: Source {
            work: "arXiv 2408.06395",
            result: "as recorded from its abstract and the project's plan",
        },
        status: ClaimStatus::Refuted,
    },
];
