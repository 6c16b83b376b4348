//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

const HERE: &str = "provable-dp, docs/theorems.md";

/// Every claim of this crate, in the order in which reports print them.
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "audit.binomial.bounds",
        kind: ClaimKind::Numerical,
        statement: "tail_bounds encloses P(X ≥ k), and Clopper-Pearson bounds are wrong with probability at most α",
        hypotheses: &["independent runs", "n ≤ 2⁵³"],
        source: Source { work: "Clopper, Pearson 1934", result: "with certified tails" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "audit.exact.divergence",
        kind: ClaimKind::Numerical,
        statement: "delta_bounds and epsilon_bounds enclose the δ(ε) and ε(δ) of two discrete laws, in both orders",
        hypotheses: &["the bounds of the probabilities hold"],
        source: Source { work: HERE, result: "Auditing, exact" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "audit.threshold.validity",
        kind: ClaimKind::Utility,
        statement: "all bounds and refutations of one threshold report are right together, but for an event of probability α at most",
        hypotheses: &["independent runs"],
        source: Source { work: HERE, result: "Auditing, thresholds" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "audit.sequential.validity",
        kind: ClaimKind::Utility,
        statement: "a true (ε, δ) is ever refuted with probability at most α, whatever the rule by which one stops",
        hypotheses: &["independent runs", "the event is fixed before the first round"],
        source: Source { work: HERE, result: "Auditing, betting" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "audit.one_run.bound",
        kind: ClaimKind::Utility,
        statement: "v of r guesses on m canaries are right with probability β + mδ·β(1 − β)/(v·P(W = v)) at most, which is attained where it is at most one",
        hypotheses: &[
            "(ε, δ)-privacy in each canary",
            "fair independent coins",
            "at most r guesses, r fixed beforehand",
        ],
        source: Source { work: HERE, result: "Auditing, many canaries" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "audit.replay.distance",
        kind: ClaimKind::Sensitivity,
        statement: "under frozen words the distance of outputs is that of the statistics, and other use of words is reported",
        hypotheses: &["output = statistic + function of the words"],
        source: Source { work: HERE, result: "Auditing, replay" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "audit.no_false_alarm",
        kind: ClaimKind::Utility,
        statement: "correct mechanisms are refuted no more often than α",
        hypotheses: &["the mechanisms of the list"],
        source: Source { work: HERE, result: "Auditing" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "audit.power",
        kind: ClaimKind::Utility,
        statement: "every planted fault of the list is refuted within its budget of runs, and its correct twin is not",
        hypotheses: &["the faults of the list"],
        source: Source { work: "provable-dp, docs/auditing.md", result: "table" },
        status: ClaimStatus::Ours,
    },
];
