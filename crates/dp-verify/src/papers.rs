//! What the abstracts of the four papers promise, and what became of each promise.

use dp_claims::ClaimStatus;
use std::fmt;

/// A paper whose mechanism is built here.
///
/// ```
/// use dp_verify::{Registry, papers};
/// let registry = Registry::shipped();
/// let known = |id: &&str| registry.claims().any(|(_, claim)| claim.id == *id);
/// assert!(papers().iter().flat_map(|paper| paper.promises).all(|promise| promise.claims.iter().all(known)));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Paper {
    /// Authors, year, subject.
    pub name: &'static str,
    /// Its number on arXiv, by which claims name it.
    pub arxiv: &'static str,
    /// What it promises, in the order of its abstract.
    pub promises: &'static [Promise],
}

/// A guarantee that an abstract states.
#[derive(Debug, Clone, Copy)]
pub struct Promise {
    /// What is promised, in our words.
    pub statement: &'static str,
    /// What became of it.
    pub verdict: Standing,
    /// Why, for people who know the paper.
    pub reason: &'static str,
    /// Claims whose checks show it.
    pub claims: &'static [&'static str],
}

/// What became of a published guarantee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It holds as it is published.
    Stands,
    /// It holds after a change that the reason names.
    Repaired,
    /// It is false, and no change within the method makes it true; the reason says what holds instead.
    Refuted,
    /// Nothing here decides it; the reason says what is known, and the claims show that much.
    Open,
}

impl Standing {
    /// Every verdict, in the order in which reports count them.
    pub const ALL: [Self; 4] = [Self::Stands, Self::Repaired, Self::Refuted, Self::Open];

    /// A claim of one of these statuses is among those that show it, unless nothing does.
    #[must_use]
    pub const fn shown_by(self) -> &'static [ClaimStatus] {
        match self {
            Self::Open => &[],
            Self::Stands => &[ClaimStatus::Published, ClaimStatus::Ours],
            Self::Repaired => &[ClaimStatus::Repaired],
            Self::Refuted => &[ClaimStatus::Refuted],
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stands => "stands",
            Self::Repaired => "repaired",
            Self::Refuted => "refuted",
            Self::Open => "open",
        })
    }
}

/// The four papers.
#[must_use]
pub const fn papers() -> &'static [Paper] {
    &[ATTENTION_MATRIX, CROSS_ATTENTION, JOHN_ELLIPSOID, TANGENT_KERNEL]
}

const ATTENTION_MATRIX: Paper = Paper {
    name: "Gao, Song, Yang 2023, the attention matrix",
    arxiv: "2305.04701",
    promises: &[
        Promise {
            statement: "the attention matrix of rows that move by at most β is computed with (ε, δ)-differential privacy",
            verdict: Standing::Repaired,
            reason: "the condition on the least eigenvalue of XXᵀ cannot hold for n > d and is one on private data; a public ridge λ takes its place. \
                     The bound on the change is then true, and loose by √(n + 1)·α/√λ; it is proven for both orders of a pair. Real arithmetic; \
                     two ways that are exact on the machine stand beside it",
            claims: &[
                "attention.self.sampling.published",
                "attention.self.sampling.change",
                "attention.self.sampling.privacy",
                "attention.self.rows.privacy",
                "attention.self.gram.privacy",
            ],
        },
        Promise {
            statement: "what is released approximates the attention matrix",
            verdict: Standing::Repaired,
            reason: "by entries, with bars that hold for all of them at once, and without more draws than rows: spectral closeness is not needed for that. \
                     Whether an approximation is worth having is forecast before anything is released",
            claims: &["attention.self.coverage", "attention.self.plan", "attention.self.sampling.published"],
        },
    ],
};

const CROSS_ATTENTION: Paper = Paper {
    name: "Liang, Shi, Song, Zhou 2024, cross-attention",
    arxiv: "2407.14717",
    promises: &[
        Promise {
            statement: "a structure over n tokens takes Õ(ndr²) memory",
            verdict: Standing::Stands,
            reason: "with r for r²: it is counted, and does not grow with the number of rows where bins are public. A moment release is r(d_v + 1) numbers",
            claims: &["attention.tree.size"],
        },
        Promise {
            statement: "it takes Õ(nr²) time to build, a query Õ(α⁻¹r²), later Õ(dr²)",
            verdict: Standing::Open,
            reason: "these follow from how many nodes there are and how many a query reads; nothing here counts steps, and times are measured in benches alone",
            claims: &["attention.tree.size"],
        },
        Promise {
            statement: "answers to queries satisfy (ε, δ)-differential privacy",
            verdict: Standing::Repaired,
            reason: "not as described: without noise in the normaliser, or in the two sums of the softmax tree, answers or the structure tell for certain whether a \
                     row is there; a tree over positions knows replacing alone; \"with probability 1 − p\" belongs into δ. With noise on all that depends on \
                     rows, clipping, and every level and coordinate in the budget it holds, on the machine as run",
            claims: &[
                "attention.tree.privacy",
                "attention.tree.sensitivity",
                "attention.tree.published.normaliser",
                "attention.tree.published.sums",
                "attention.tree.published.insertion",
                "attention.tree.published.probability",
            ],
        },
        Promise {
            statement: "additive error Õ(n⁻¹ε⁻¹α^{−1/2}R^{2s}R_w r²) and relative error n⁻¹(α + ε_s), later 2ε_s/(1 − ε_s)",
            verdict: Standing::Repaired,
            reason: "the relative error of rings is one of Σ|w||y − x|ᵖ: weights of both signs cancel. With bars from released numbers the error is stated and met; \
                     a joint budget makes r² at most √r, and the moment release does without r at all",
            claims: &[
                "attention.tree.published.relative",
                "attention.tree.distance_error",
                "attention.tree.deterministic_error",
                "attention.tree.fixed_coverage",
                "attention.query.rank_free_noise",
            ],
        },
        Promise {
            statement: "the result is robust to adaptive queries",
            verdict: Standing::Repaired,
            reason: "privacy is, because everything is released once. Accuracy is not, with bars for a fixed query: who sees the release finds queries beyond them. \
                     Bars that hold for all queries at once are the default",
            claims: &[
                "attention.tree.privacy",
                "attention.tree.simultaneous_coverage",
                "attention.query.simultaneous_coverage",
            ],
        },
    ],
};

const JOHN_ELLIPSOID: Paper = Paper {
    name: "Li, Liang, Shi, Song, Yu 2024, John ellipsoids",
    arxiv: "2408.06395",
    promises: &[
        Promise {
            statement: "the algorithm is (ε, δ)-differentially private",
            verdict: Standing::Repaired,
            reason: "not as recorded: a matrix AᵀVA computed from the rows again gives one away; truncated factors have supports that differ, so that no moment is finite; their \
                     scale tells the weight; the sample by leverage is drawn by private rows; and no Lipschitz constant is free of the number of rounds. What holds: noise on \
                     logarithms of weights with a public constant a round, and weights alone returned (`john.weights.privacy`)",
            claims: &[
                "john.published.leak",
                "john.published.support",
                "john.published.scale",
                "john.published.sampling",
                "john.published.lipschitz",
                "john.weights.privacy",
                "john.weights.sensitivity",
            ],
        },
        Promise {
            statement: "the guarantee is one for ε₀-close polytopes",
            verdict: Standing::Repaired,
            reason: "for rows that move it can be had, in three ways of which noise on the rows is the best. Of a record it says nothing, nor does the paper claim that; there are releases \
                     of their own for it",
            claims: &[
                "john.published.record",
                "john.weights.privacy",
                "john.stability.privacy",
                "john.close.rows.privacy",
                "john.record.privacy",
            ],
        },
        Promise {
            statement: "a (1 + ξ)-approximation after O(ξ⁻²(ln(n/δ₀) + (Lε₀)⁻²)) rounds",
            verdict: Standing::Refuted,
            reason: "as reconstructed: the average does not come nearer than its noise lets it, however many rounds, and at a fixed budget more rounds are more noise. What holds is a bound on the \
                     gap from released numbers (`john.weights.convergence`)",
            claims: &["john.published.convergence", "john.weights.convergence"],
        },
        Promise {
            statement: "sketching and leverage-score sampling make it fast",
            verdict: Standing::Open,
            reason: "what is checked is the rate, not the speed: without privacy the mean of designs keeps the rate of the fixed point however they were found, on samples too. With the published constants \
                     a sample has more rows than most data, and where we measured, sketched rounds need more iterations (benches/README.md). With privacy see above",
            claims: &["john.fixed_point.rate", "john.fixed_point.mean_of_designs"],
        },
    ],
};

const TANGENT_KERNEL: Paper = Paper {
    name: "Gu, Liang, Sha, Shi, Song 2024, regression with a tangent kernel",
    arxiv: "2407.13621",
    promises: &[
        Promise {
            statement: "regression with a tangent kernel is differentially private",
            verdict: Standing::Repaired,
            reason: "of points that move by at most β, with a public ridge (a Gram matrix alone is singular), labels that are public by type or released, answers that are \
                     counted, and nothing else in the predictor. Without these: labels are read off, draws of neighbours are told apart with certainty, a point is read off the \
                     predictor, and a ridge chosen on the points is an answer about them. A record needs a release of its own",
            claims: &[
                "ntk.close.gram.change",
                "ntk.close.gram.privacy",
                "ntk.close.queries.privacy",
                "ntk.close.queries.sensitivity",
                "ntk.published.labels",
                "ntk.published.singular",
                "ntk.published.predictor",
                "ntk.published.selection",
                "ntk.published.record",
                "ntk.close.points.privacy",
                "ntk.record.privacy",
                "ntk.descent.privacy",
            ],
        },
        Promise {
            statement: "its test accuracy is provable",
            verdict: Standing::Repaired,
            reason: "what is bounded is the distance from predictions without noise, with ((1 − ρ)η_min + λ) for one of the factors; on measured data the bound is vacuous. One without \
                     eigenvalues is proven beside it, and still far above the error",
            claims: &["ntk.published.utility", "ntk.close.utility"],
        },
        Promise {
            statement: "on CIFAR-10 accuracy stays good at a modest budget",
            verdict: Standing::Repaired,
            reason: "not by the published account, whose condition, at the ridge of our defaults, allows no draw at ε = 1 for moves of a ten thousandth of the radius (larger ridges allow some, at less accuracy). With an exact account, or noise on the points, it is \
                     good for close points at a β that stands beside the figure (benches/README.md; measured, not a claim). For a replaced point δ is above 0.99 at ε = 100",
            claims: &["ntk.published.record", "ntk.close.gram.privacy"],
        },
    ],
};
