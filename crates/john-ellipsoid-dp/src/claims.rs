//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim on the integer sensitivity of close rows.
pub const CLOSE_ROWS_SENSITIVITY: &str = "john.close.rows.sensitivity";
/// Id of the claim that a release of noised rows is (ε, δ)-differentially private.
pub const CLOSE_ROWS_PRIVACY: &str = "john.close.rows.privacy";
/// Id of the claim on the change of a smoothed John ellipsoid between close rows.
pub const STABILITY_SMOOTHED: &str = "john.stability.smoothed";
/// Id of the claim that draws of a smoothed John ellipsoid are (ε, δ)-differentially private.
pub const STABILITY_PRIVACY: &str = "john.stability.privacy";
/// Id of the claim about the sensitivity of clipped second moments.
pub const RECORD_SENSITIVITY: &str = "john.record.sensitivity";
/// Id of the claim about the privacy of record-level ellipsoids.
pub const RECORD_PRIVACY: &str = "john.record.privacy";

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
        id: RECORD_SENSITIVITY,
        kind: ClaimKind::Sensitivity,
        statement: "integer rows z of a round have ‖z‖² ≤ R² whatever the row; ‖zzᵀ − z'z'ᵀ‖_F² is at most R⁴ for a row that comes or goes, \
            2R⁴ for one that is replaced",
        hypotheses: &["the root, clip and order of the round are public"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, record level: sensitivity" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: RECORD_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "a record-level ellipsoid has the composed profile of its histogram, its rounds and its quantile, which meets the (ε, δ) \
            asked for",
        hypotheses: &["AddRemoveRow or ReplaceRow", "the source gives the same rows in each pass"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, record level: privacy" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.record.accuracy",
        kind: ClaimKind::Utility,
        statement: "n = 100 000 rows of a cube, d = 10, condition number 1e3 in rotated axes, add/remove, ε = 0.5, δ = 1e-6: each axis within \
            3 % of the same rounds without noise",
        hypotheses: &["default options", "uniform rows in a rotated box"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, record level: accuracy" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "john.record.coverage",
        kind: ClaimKind::Utility,
        statement: "the number of rows outside differs from uncovered·n by more than (s/ε)·ln(N/γ), rows of the outermost cell aside, with \
            probability at most γ",
        hypotheses: &[
            "radii in whitened coordinates are within the range of the grid",
            "rows that are not finite are fewer than uncovered·n",
        ],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, record level: coverage" },
        status: ClaimStatus::Ours,
    },
    close(
        CLOSE_ROWS_SENSITIVITY,
        ClaimKind::Sensitivity,
        "integer rows move by at most D in L2 norm",
        &["PerturbRow or ReplaceRow", "any rows, also NaN, infinite and overlong ones"],
    ),
    close(
        CLOSE_ROWS_PRIVACY,
        ClaimKind::Privacy,
        "released rows, and every ellipsoid of them, are (ε, δ)-differentially private on the machine as run",
        &["PerturbRow or ReplaceRow", "the generator is a source of uniform bits"],
    ),
    close(
        "john.close.rows.containment",
        ClaimKind::Utility,
        "the enclosing ellipsoid of released rows holds all clipped rows, except with probability β",
        &["certificates hold"],
    ),
    close(
        "john.stability",
        ClaimKind::Sensitivity,
        "tr(MM'⁻¹) + tr(M'M⁻¹) − 2d ≤ w(2√(1 + ξ)ε₀(ρ + ρ') + ε₀²(ρ² + ρ'²)) + 2dξ, w = (1 + dξ)/(1 + ξ), for (1 + ξ)-approximate John ellipsoids",
        &[
            "one row moves by at most ε₀",
            "no semi-axis of {x : xᵀMx ≤ 1} is above ρ, none of the other above ρ'",
        ],
    ),
    close(
        "john.stability.rho",
        ClaimKind::Numerical,
        "semi-axes are at most √(1 + η)/f with the floor f, and at most ρ₀√(d(1 + ξ)) with public rows ±eᵢ/ρ₀",
        &["any rows"],
    ),
    close(
        STABILITY_SMOOTHED,
        ClaimKind::Sensitivity,
        "smoothed John ellipsoids of close rows keep smoothed_change: to first order √J ≤ r(√½ + √(½ + p/8))",
        &["one row moves by at most r floors", "residuals of both are at most η"],
    ),
    close(
        "john.stability.convergence",
        ClaimKind::Convergence,
        "a smoothed John ellipsoid is reached, up to its residual, within the stated number of steps, from any rows",
        &["rows within the radius", "real arithmetic"],
    ),
    close(
        STABILITY_PRIVACY,
        ClaimKind::Privacy,
        "the average of outer products of draws of N(0, M) is (ε, δ)-differentially private",
        &["PerturbRow", "real arithmetic", "the generator is a source of uniform bits"],
    ),
    close(
        "john.stability.containment",
        ClaimKind::Utility,
        "the scaled ellipsoid of the released matrix holds all clipped rows, except with probability β",
        &["real arithmetic"],
    ),
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
        source: Source { work: "arXiv 2408.06395, repaired", result: "docs/theorems.md, Noisy weights" },
        status: ClaimStatus::Repaired,
    },
    Claim {
        id: "john.weights.convergence",
        kind: ClaimKind::Convergence,
        statement: "with the floor kept, max aᵢᵀM⁻¹aᵢ of the average is at most 1 + gap_bound(γ), from released numbers alone, except with probability γ",
        hypotheses: &["rows within the radius", "M with the ridge"],
        source: Source { work: "arXiv 2408.06395, repaired", result: "docs/theorems.md, Noisy weights" },
        status: ClaimStatus::Repaired,
    },
    Claim {
        id: "john.published.leak",
        kind: ClaimKind::Sensitivity,
        statement: "V and AᵀVA may be returned, as AᵀVA is computed from the private V",
        hypotheses: &["the others' rows are known"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.support",
        kind: ClaimKind::Sensitivity,
        statement: "a moments accountant covers weights with truncated multiplicative noise",
        hypotheses: &["a truncation that does not depend on the rows"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.scale",
        kind: ClaimKind::Sensitivity,
        statement: "the loss of multiplicative noise is that of a shift at the scale of the noise",
        hypotheses: &["the noise is a factor of the data's weight"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.sampling",
        kind: ClaimKind::Sensitivity,
        statement: "the Lipschitz constant of exact leverages covers leverages from a sample drawn by private leverages",
        hypotheses: &["samples are drawn anew"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.lipschitz",
        kind: ClaimKind::Sensitivity,
        statement: "converged weights move by at most L times the distance of the rows, L free of the number of rounds",
        hypotheses: &["two rows that are nearly the same"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.record",
        kind: ClaimKind::Sensitivity,
        statement: "ε for ε₀-close polytopes bounds what is learned of a replaced record (the paper does not say so)",
        hypotheses: &["a record is replaced by any other"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
    },
    Claim {
        id: "john.published.convergence",
        kind: ClaimKind::Convergence,
        statement: "any gap ξ is reached after O(ξ⁻²(ln(n/δ₀) + (Lε₀)⁻²)) rounds at a fixed level of noise",
        hypotheses: &["noise drawn anew in each round"],
        source: Source { work: "arXiv 2408.06395", result: "as recorded from its abstract and our notes" },
        status: ClaimStatus::Refuted,
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
        hypotheses: &["the source gives the same rows in each pass", "no underflow"],
        source: Source { work: "docs/theorems.md", result: "John ellipsoids, between passes" },
        status: ClaimStatus::Ours,
    },
];

const fn close(
    id: &'static str,
    kind: ClaimKind,
    statement: &'static str,
    hypotheses: &'static [&'static str],
) -> Claim {
    let source = Source { work: "docs/theorems.md", result: "John ellipsoids of close rows" };
    Claim { id, kind, statement, hypotheses, source, status: ClaimStatus::Ours }
}
