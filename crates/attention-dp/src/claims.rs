//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that a moment release is (ε, δ)-differentially private.
pub const RELEASE_PRIVACY: &str = "attention.moments.privacy";
/// Id of the claim on the integer sensitivity under `AddRemoveRow`.
pub const SENSITIVITY_ADD_REMOVE: &str = "attention.moments.sensitivity_add_remove";
/// Id of the claim on the integer sensitivity under `ReplaceRow`.
pub const SENSITIVITY_REPLACE: &str = "attention.moments.sensitivity_replace";

/// Id of the claim that all releases of a growing store together are (ε, δ)-differentially private.
pub const STREAM_PRIVACY: &str = "attention.stream.privacy";

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
            "AddRemoveRow or ReplaceRow within one batch",
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
        &["AddRemoveRow or ReplaceRow within one batch", "any keys and values, also NaN and infinite ones"],
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
];
