//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that a moment release is (ε, δ)-differentially private.
pub const RELEASE_PRIVACY: &str = "attention.moments.privacy";
/// Id of the claim on the integer sensitivity under `AddRemoveRow`.
pub const SENSITIVITY_ADD_REMOVE: &str = "attention.moments.sensitivity_add_remove";
/// Id of the claim on the integer sensitivity under `ReplaceRow`.
pub const SENSITIVITY_REPLACE: &str = "attention.moments.sensitivity_replace";

/// Id of the claim that released trees are (ε, δ)-differentially private.
pub const TREE_PRIVACY: &str = "attention.tree.privacy";
/// Id of the claim on how far nodes of trees move between neighbours.
pub const TREE_SENSITIVITY: &str = "attention.tree.sensitivity";

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
];
