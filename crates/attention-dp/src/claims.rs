//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that a moment release is (ε, δ)-differentially private.
pub const RELEASE_PRIVACY: &str = "attention.moments.privacy";
/// Id of the claim on the integer sensitivity under `AddRemoveRow`.
pub const SENSITIVITY_ADD_REMOVE: &str = "attention.moments.sensitivity_add_remove";
/// Id of the claim on the integer sensitivity under `ReplaceRow`.
pub const SENSITIVITY_REPLACE: &str = "attention.moments.sensitivity_replace";
/// Id of the claim on the integer sensitivity under `AddRemoveDocument`.
pub const SENSITIVITY_DOCUMENT: &str = "attention.moments.sensitivity_document";
/// Id of the claim on the integer sensitivity under `PerturbRow`.
pub const SENSITIVITY_PERTURB: &str = "attention.moments.sensitivity_perturb";
/// Id of the claim that heads under one joint budget are (ε, δ)-differentially private together.
pub const HEADS_PRIVACY: &str = "attention.heads.privacy";
/// Id of the claim that a released centre is (ε, δ)-differentially private.
pub const CENTER_PRIVACY: &str = "attention.center.privacy";

/// Id of the claim that released trees are (ε, δ)-differentially private.
pub const TREE_PRIVACY: &str = "attention.tree.privacy";
/// Id of the claim on how far nodes of trees move between neighbours.
pub const TREE_SENSITIVITY: &str = "attention.tree.sensitivity";

/// Id of the claim that all releases of a growing store together are (ε, δ)-differentially private.
pub const STREAM_PRIVACY: &str = "attention.stream.privacy";
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

/// The paper that trees come from: first and third version.
const CROSS_ATTENTION: &str =
    "Liang, Shi, Song, Zhou 2024 (arXiv 2407.14717); Ke, Liang, Shi, Song, Zhang 2026";

const fn repaired(
    id: &'static str,
    kind: ClaimKind,
    statement: &'static str,
    hypotheses: &'static [&'static str],
    result: &'static str,
) -> Claim {
    let source = Source { work: CROSS_ATTENTION, result };
    Claim { source, status: ClaimStatus::Repaired, ..ours(id, kind, statement, hypotheses, result) }
}

const fn refuted(
    id: &'static str,
    kind: ClaimKind,
    statement: &'static str,
    hypotheses: &'static [&'static str],
    result: &'static str,
) -> Claim {
    Claim { status: ClaimStatus::Refuted, ..repaired(id, kind, statement, hypotheses, result) }
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
        SENSITIVITY_DOCUMENT,
        ClaimKind::Sensitivity,
        "one document more or less moves the integer moments by at most w·A√(V² + c̃²) in L2, however many rows it has",
        &[
            "AddRemoveDocument",
            "where aggregates are merged, which one a row went to is a function of its own document alone",
            "any keys, values and ids",
        ],
        "Moment release, sensitivity",
    ),
    ours(
        SENSITIVITY_PERTURB,
        ClaimKind::Sensitivity,
        "moving a row (k, v) by at most β moves the integer moments by at most the bound of PerturbRow::sensitivity in L2",
        &["PerturbRow", "features of polynomials", "the row is finite before and after"],
        "Moment release, sensitivity",
    ),
    ours(
        RELEASE_PRIVACY,
        ClaimKind::Privacy,
        "the released moments, and so any number of adaptive queries of them, are (ε, δ)-differentially private on the machine as run",
        &["the adjacency has a sensitivity claim", "the generator is a source of uniform bits"],
        "Moment release, privacy",
    ),
    ours(
        HEADS_PRIVACY,
        ClaimKind::Privacy,
        "all heads released under one budget are (ε, δ)-differentially private together, on the machine as run",
        &["row i of every head is record i", "the generator is a source of uniform bits"],
        "Moment release, heads",
    ),
    ours(
        CENTER_PRIVACY,
        ClaimKind::Privacy,
        "a released centre of the keys is (ε, δ)-differentially private on the machine as run",
        &["the adjacency is one of rows", "the generator is a source of uniform bits"],
        "Moment release, centre",
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
        "P(some answered query is missed) ≤ γ over all queries and all local tokens beside them, chosen by an adversary who sees the release",
        &["attention over clipped rows (and visible tokens) is the target", "at most max_rows rows"],
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
        "attention.query.noise_by_degree",
        ClaimKind::Utility,
        "no noise that differs by degree has less variance at a query of norm ρ than equal noise balanced for ρ",
        &["features of polynomials", "Gaussian noise, scaled by degree"],
        "Moment release, noise by degree",
    ),
    ours(
        "attention.plan.expected_error",
        ClaimKind::Utility,
        "within its model a plan expects the noise that answers have, and no less error of features and clipping than they have",
        &["keys in random directions with the stated norms", "values that do not depend on keys"],
        "Moment release, plans",
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
    repaired(
        TREE_SENSITIVITY,
        ClaimKind::Sensitivity,
        "a row moves each level of each tree, and each plain sum, by at most Δ₁ in L1 and all of them together by at most Δ₂ in L2; replaced, by 2Δ₁ and √(2(Δ₂² + opposition))",
        &[
            "AddRemoveRow or ReplaceRow",
            "trees over bins; over positions ReplaceRow alone",
            "any rows, also NaN and infinite ones",
        ],
        "DPTree and what is built on it",
    ),
    repaired(
        TREE_PRIVACY,
        ClaimKind::Privacy,
        "released trees, all levels, coordinates, moments, columns, sums and the normaliser, are (ε, δ)-differentially private on the machine as run",
        &["AddRemoveRow or ReplaceRow", "the generator is a source of uniform bits"],
        "DPTree to DPTreeCrossAttention",
    ),
    ours(
        "attention.tree.failure",
        ClaimKind::Sensitivity,
        "whether a private call on trees fails, and with which error, is the same for all data of equal dimensions",
        &["points and weights, keys and values have equally many rows"],
        "Trees, failures",
    ),
    ours(
        "attention.tree.size",
        ClaimKind::Complexity,
        "trees over B bins store (d_v + 1)(3rN + 2) integers, r features, N < 2B nodes of one scalar tree, whatever the number of rows",
        &["B a power of two"],
        "Trees, size",
    ),
    ours(
        "attention.tree.range_bound",
        ClaimKind::Utility,
        "with truncated noise no entry of any range is off by more than its bound",
        &["sums below 2⁵³"],
        "Trees, error",
    ),
    ours(
        "attention.tree.range_coverage",
        ClaimKind::Utility,
        "P(an entry of a fixed range is off by more than its half-width) ≤ γ",
        &["at most max_rows rows"],
        "Trees, error",
    ),
    repaired(
        "attention.tree.distance_error",
        ClaimKind::Utility,
        "without noise Σ w|y − x|ᵖ over clipped rows is missed by at most per_row·n + relative·Σ|w||y − x|ᵖ, with moments and with rings",
        &["at most max_rows rows"],
        "DPTreeDistance, DPTreeHighDim",
    ),
    ours(
        "attention.tree.distance_coverage",
        ClaimKind::Utility,
        "P(some y is missed) ≤ γ over all y, chosen by an adversary who sees the release",
        &["at most max_rows rows"],
        "Trees, error",
    ),
    repaired(
        "attention.tree.deterministic_error",
        ClaimKind::Utility,
        "without noise an answer from trees misses exact attention by at most its approximation and quantisation parts",
        &["attention over clipped rows is the target"],
        "DPTreeSoftmax, DPTreeCrossAttention",
    ),
    repaired(
        "attention.tree.fixed_coverage",
        ClaimKind::Utility,
        "P(an answer from trees is given and missed) ≤ γ for a query chosen without sight of the release",
        &["attention over clipped rows is the target", "at most max_rows rows"],
        "DPTreeCrossAttention",
    ),
    ours(
        "attention.tree.simultaneous_coverage",
        ClaimKind::Utility,
        "P(some answered query of trees is missed) ≤ γ over all queries, chosen by an adversary who sees the release",
        &["attention over clipped rows is the target", "at most max_rows rows"],
        "Trees, error",
    ),
    refuted(
        "attention.tree.published.normaliser",
        ClaimKind::Privacy,
        "answers with noise in the weighted sums and none in the normaliser are private (false: fifteen answers tell exactly whether a row is there)",
        &["the adversary knows all other rows"],
        "DPTreeCrossAttention",
    ),
    refuted(
        "attention.tree.published.sums",
        ClaimKind::Privacy,
        "a softmax tree that stores Σ w‖φ‖² and Σ w without noise is private (false: either of them tells exactly whether a row is there)",
        &["the adversary knows all other rows and sees the structure"],
        "DPTreeSoftmax",
    ),
    refuted(
        "attention.tree.published.probability",
        ClaimKind::Privacy,
        "what is (ε, δ)-private with probability 1 − p is (ε, δ)-private (false: it is (ε, δ + p)-private, and no less)",
        &["the event is one of the mechanism's own randomness"],
        "all theorems",
    ),
    refuted(
        "attention.tree.published.insertion",
        ClaimKind::Sensitivity,
        "a row inserted into a tree over positions moves it by at most the number of levels (false: all later rows move)",
        &["adjacency by insertion, which the paper does not exclude"],
        "DPTree",
    ),
    refuted(
        "attention.tree.published.relative",
        ClaimKind::Utility,
        "rings of growth 1 + α approximate weighted distances to a relative error of α (false: weights of both signs cancel)",
        &["weights in [−R_w, R_w]"],
        "DPTreeDistance, first version",
    ),
    ours(
        "attention.local.merge",
        ClaimKind::Numerical,
        "without noise, one softmax over prefix and visible local tokens is answered within the deterministic parts of the bar, whatever the local logits, values, mask and key centre",
        &["finite logits", "attention over clipped rows and visible tokens is the target"],
        "Private prefix with local tokens",
    ),
    ours(
        "attention.local.coverage",
        ClaimKind::Utility,
        "P(answered and some coordinate missed) ≤ γ for attention over prefix and local tokens, at a query chosen without sight of the release",
        &["attention over clipped rows and visible tokens is the target", "at most max_rows rows"],
        "Private prefix with local tokens",
    ),
    ours(
        STREAM_PRIVACY,
        ClaimKind::Privacy,
        "all releases of a stream of batches together, and so any adaptive queries of any ranges, are (ε, δ)-differentially private on the machine as run",
        &[
            "the adjacency is one of rows, within one batch",
            "batches may depend on earlier releases",
            "number and times of batches are public",
            "the generator is a source of uniform bits",
        ],
        "Streaming store",
    ),
    ours(
        "attention.stream.sensitivity",
        ClaimKind::Sensitivity,
        "a row of one batch moves all released integers of the stream together by at most the stated sensitivity",
        &[
            "the adjacency is one of rows, within one batch",
            "any keys and values, also NaN and infinite ones (but for PerturbRow)",
        ],
        "Streaming store",
    ),
    ours(
        "attention.stream.decoding",
        ClaimKind::Numerical,
        "without noise the released moments of every prefix and range are those of its batches, within the stated arithmetic",
        &["at most max_rows rows in the stream"],
        "Streaming store",
    ),
    ours(
        "attention.stream.coverage",
        ClaimKind::Utility,
        "P(answered and some coordinate missed) ≤ γ for each prefix and each range of batches, at a query chosen without sight of the releases",
        &[
            "attention over clipped rows of these batches is the target",
            "at most max_rows rows in the stream",
            "range chosen without sight of the releases",
        ],
        "Streaming store",
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
        &[
            "Σ = s·XXᵀ + λI",
            "a row moves by b/√s after clipping and its rounding",
            "λ and β well above rounding: others are refused",
            "real arithmetic",
        ],
        "Self-attention matrix, sampling",
    ),
    ours(
        SELF_SAMPLING_PRIVACY,
        ClaimKind::Privacy,
        "logits released by Gaussian sampling are (ε, δ)-differentially private in real arithmetic",
        &["PerturbRow or ReplaceRow", "λ and β well above rounding: others are refused", "real arithmetic"],
        "Self-attention matrix, privacy",
    ),
    Claim {
        id: "attention.self.sampling.published",
        kind: ClaimKind::Sensitivity,
        statement: "‖Σ^{1/2}Σ'⁻¹Σ^{1/2} − I‖_F ≤ αβ√(2n + 2)/λ for Σ = XXᵀ + λI; more than the sharp bound unless λ > nα², by √(n + 1)·α/√λ",
        hypotheses: &[
            "‖xᵢ‖ ≤ α, one row moves by β",
            "a ridge λ in place of a least eigenvalue of XXᵀ, which is zero for n > d",
            "λ and β well above rounding: others are refused",
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
    ours(
        "attention.query.document_error",
        ClaimKind::Utility,
        "without noise, attention over documents misses that of rows which weigh the factors of their documents by at most the approximation and quantisation parts of the bar",
        &["AddRemoveDocument", "at most max_rows rows, weighed or not"],
        "Moment release, error bars",
    ),
];
