//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that a moment release is (ε, δ)-differentially private.
pub const RELEASE_PRIVACY: &str = "attention.moments.privacy";
/// Id of the claim on the integer sensitivity under `AddRemoveRow`.
pub const SENSITIVITY_ADD_REMOVE: &str = "attention.moments.sensitivity_add_remove";
/// Id of the claim on the integer sensitivity under `ReplaceRow`.
pub const SENSITIVITY_REPLACE: &str = "attention.moments.sensitivity_replace";
/// Id of the claim on the integer sensitivity of rows that attend to each other.
pub const SELF_ROWS_SENSITIVITY: &str = "attention.self.rows.sensitivity";
/// Id of the claim that a release of noised rows is (ε, δ)-differentially private.
pub const SELF_ROWS_PRIVACY: &str = "attention.self.rows.privacy";
/// Id of the claim on the integer sensitivity of the triangle of a Gram matrix.
pub const SELF_GRAM_SENSITIVITY: &str = "attention.self.gram.sensitivity";
/// Id of the claim that a release of a noised triangle is (ε, δ)-differentially private.
pub const SELF_GRAM_PRIVACY: &str = "attention.self.gram.privacy";
/// Id of the claim on the change of a ridged Gram matrix.
pub const SELF_CHANGE: &str = "attention.self.sampling.change";
/// Id of the claim that a release by Gaussian sampling is (ε, δ)-differentially private.
pub const SELF_SAMPLING_PRIVACY: &str = "attention.self.sampling.privacy";
/// Id of the claim that a token is purely ε-differentially private.
pub const SELF_TOKEN_PRIVACY: &str = "attention.self.token.privacy";

const HERE: &str = "provable-dp, docs/theorems.md";

const fn ours(
    id: &'static str,
    kind: ClaimKind,
    statement: &'static str,
    hypotheses: &'static [&'static str],
    result: &'static str,
) -> Claim {
    Claim {
        id,
        kind,
        statement,
        hypotheses,
        source: Source { work: HERE, result },
        status: ClaimStatus::Ours,
    }
}

/// Every claim of this crate, in the order in which reports print them.
pub const CLAIMS: &[Claim] = &[
    ours(
        SENSITIVITY_ADD_REMOVE,
        ClaimKind::Sensitivity,
        "one row more or less moves the integer moments by at most A√(V² + c̃²) in L2",
        &["AddRemoveRow", "any keys and values, also NaN and infinite ones"],
        "Moment release, sensitivity",
    ),
    ours(
        SENSITIVITY_REPLACE,
        ClaimKind::Sensitivity,
        "replacing a row moves the integer moments by at most √2·A√(V² + c̃²) where rows are proven acute, else 2A√(V² + c̃²)",
        &["ReplaceRow", "any keys and values, also NaN and infinite ones"],
        "Moment release, sensitivity",
    ),
    ours(
        RELEASE_PRIVACY,
        ClaimKind::Privacy,
        "the released moments, and so any number of adaptive queries of them, are (ε, δ)-differentially private on the machine as run",
        &["AddRemoveRow or ReplaceRow", "the generator is a source of uniform bits"],
        "Moment release, privacy",
    ),
    ours(
        "attention.moments.order_free",
        ClaimKind::Numerical,
        "the aggregate is bit-identical over row orders, chunkings, merges and thread counts",
        &[],
        "Moment release, exactness",
    ),
    ours(
        "attention.moments.row_local",
        ClaimKind::Numerical,
        "the integers that a row contributes are a function of that row alone, wherever it stands in a block",
        &[],
        "Moment release, exactness",
    ),
    ours(
        "attention.moments.failure",
        ClaimKind::Sensitivity,
        "whether a private call fails, and with which error, is the same for all data of equal dimensions",
        &["keys and values have equally many rows", "files are whole: their errors are for their owner"],
        "Moment release, failures",
    ),
    ours(
        "attention.query.fixed_coverage",
        ClaimKind::Utility,
        "P(answered and some coordinate missed) ≤ γ for a query chosen without sight of the release",
        &["attention over clipped rows is the target", "at most max_rows rows"],
        "Moment release, error bars",
    ),
    ours(
        "attention.query.simultaneous_coverage",
        ClaimKind::Utility,
        "P(some answered query is missed) ≤ γ over all queries, chosen by an adversary who sees the release",
        &["attention over clipped rows is the target", "at most max_rows rows"],
        "Moment release, error bars",
    ),
    ours(
        "attention.query.deterministic_error",
        ClaimKind::Utility,
        "without noise an answer misses exact attention by at most its approximation and quantisation parts and floating-point error",
        &["attention over clipped rows is the target"],
        "Moment release, error bars",
    ),
    ours(
        "attention.query.rank_free_noise",
        ClaimKind::Utility,
        "the noise of the unnormalised sums at a fixed query has standard deviation τ‖φ(q)‖, whatever the number of features",
        &["fixed sensitivity and budget"],
        "Moment release, error bars",
    ),
    ours(
        "attention.exact.softmax",
        ClaimKind::Numerical,
        "blocked exact attention equals the naive softmax average to rounding",
        &["finite logits"],
        "Exact attention",
    ),
    ours(
        "attention.io.integrity",
        ClaimKind::Numerical,
        "a saved release loads as it was, or not at all: truncated, altered and foreign files are refused",
        &["SHA-256 has no collision: damage, not forgery, is what is detected"],
        "Files",
    ),
    ours(
        SELF_ROWS_SENSITIVITY,
        ClaimKind::Sensitivity,
        "integer rows move by at most D in L2, and have norm at most A each",
        &["PerturbRow or ReplaceRow", "any rows, also NaN, infinite and overlong ones"],
        "Self-attention matrix, lattice",
    ),
    ours(
        SELF_ROWS_PRIVACY,
        ClaimKind::Privacy,
        "released rows, and any logits and attention computed from them, are (ε, δ)-differentially private on the machine as run",
        &["PerturbRow or ReplaceRow", "the generator is a source of uniform bits"],
        "Self-attention matrix, privacy",
    ),
    ours(
        SELF_GRAM_SENSITIVITY,
        ClaimKind::Sensitivity,
        "the triangle of the integer Gram matrix moves by at most √((n − 1)A²D² + D²(2A − D)²) in L2",
        &["PerturbRow or ReplaceRow", "any rows, also NaN, infinite and overlong ones"],
        "Self-attention matrix, Gram matrix",
    ),
    ours(
        SELF_GRAM_PRIVACY,
        ClaimKind::Privacy,
        "logits released with noise on the triangle are (ε, δ)-differentially private on the machine as run",
        &["PerturbRow or ReplaceRow", "the generator is a source of uniform bits"],
        "Self-attention matrix, privacy",
    ),
    ours(
        SELF_CHANGE,
        ClaimKind::Sensitivity,
        "between neighbours one eigenvalue of Σ^{1/2}Σ'⁻¹Σ^{1/2} rises by at most μ = r²/2 + r√(1 + r²/4), r = b/√λ, one falls by at most μ/(1 + μ)",
        &["Σ = s·XXᵀ + λI", "a row moves by b/√s after clipping", "real arithmetic"],
        "Self-attention matrix, sampling",
    ),
    ours(
        SELF_SAMPLING_PRIVACY,
        ClaimKind::Privacy,
        "logits released by Gaussian sampling are (ε, δ)-differentially private in real arithmetic",
        &["PerturbRow or ReplaceRow", "real arithmetic"],
        "Self-attention matrix, privacy",
    ),
    Claim {
        id: "attention.self.sampling.published",
        kind: ClaimKind::Sensitivity,
        statement: "‖Σ^{1/2}Σ'⁻¹Σ^{1/2} − I‖_F ≤ αβ√(2n + 2)/λ for Σ = XXᵀ + λI; more than the sharp bound unless λ > nα², by √(n + 1)·α/√λ",
        hypotheses: &[
            "‖xᵢ‖ ≤ α, one row moves by β",
            "a ridge λ in place of a least eigenvalue of XXᵀ, which is zero for n > d",
        ],
        source: Source {
            work: "Gao, Song, Yang 2023 (arXiv 2305.04701)",
            result: "Gaussian sampling, sensitivity",
        },
        status: ClaimStatus::Repaired,
    },
    ours(
        SELF_TOKEN_PRIVACY,
        ClaimKind::Privacy,
        "a token drawn from a row of attention is ε-differentially private with ε = s·D·max{2A, 3A − D}, on the machine as run",
        &["PerturbRow or ReplaceRow", "the generator is a source of uniform bits"],
        "Self-attention matrix, tokens",
    ),
    ours(
        "attention.self.coverage",
        ClaimKind::Utility,
        "P(some logit, entry of attention or row's total variation is missed) ≤ γ, for each way of release",
        &["attention over clipped rows is the target", "real arithmetic for sampling"],
        "Self-attention matrix, error bars",
    ),
    ours(
        "attention.self.plan",
        ClaimKind::Utility,
        "a forecast says whether a release meets its budget, with which noise, and no narrower bars than it then has",
        &[],
        "Self-attention matrix, plan",
    ),
    ours(
        "attention.self.failure",
        ClaimKind::Sensitivity,
        "whether a call fails, with which error, and the noise that is drawn are the same for all rows of equal shape",
        &[],
        "Self-attention matrix, failures",
    ),
];
