//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

pub(crate) const RECORD_SENSITIVITY_ADD_REMOVE: &str = "ntk.record.sensitivity.add_remove";
pub(crate) const RECORD_SENSITIVITY_REPLACE: &str = "ntk.record.sensitivity.replace";
pub(crate) const RECORD_PRIVACY: &str = "ntk.record.privacy";
/// Id of the claim on how far features of close points move.
pub const CLOSE_FEATURE_MOVE: &str = "ntk.close.feature_move";
/// Id of the claim on how far integers of close points move.
pub const CLOSE_POINTS_SENSITIVITY: &str = "ntk.close.points.sensitivity";
/// Id of the claim that points with noise are differentially private.
pub const CLOSE_POINTS_PRIVACY: &str = "ntk.close.points.privacy";
/// Id of the claim that labels with noise are differentially private.
pub const CLOSE_LABELS_PRIVACY: &str = "ntk.close.labels.privacy";
/// Id of the claim on how far a ridged Gram matrix changes.
pub const CLOSE_GRAM_CHANGE: &str = "ntk.close.gram.change";
/// Id of the claim that draws of a ridged Gram matrix are differentially private.
pub const CLOSE_GRAM_PRIVACY: &str = "ntk.close.gram.privacy";
/// Id of the claim on how far integer kernel values and predictions move.
pub const CLOSE_QUERIES_SENSITIVITY: &str = "ntk.close.queries.sensitivity";
/// Id of the claim that answers to queries are differentially private.
pub const CLOSE_QUERIES_PRIVACY: &str = "ntk.close.queries.privacy";
pub(crate) const DESCENT_SENSITIVITY: &str = "ntk.descent.sensitivity";
pub(crate) const DESCENT_PRIVACY: &str = "ntk.descent.privacy";

/// Every claim of this crate.
///
/// ```
/// assert!(ntk_dp::claims::CLAIMS.iter().all(|claim| claim.id.starts_with("ntk.")));
/// ```
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "ntk.arcsine.polynomial",
        kind: ClaimKind::Numerical,
        statement: "|P(w) − asin(√w)/√w| ≤ 2⁻⁵⁸ for 0 ≤ w ≤ 0.15 and the stored coefficients, in real arithmetic",
        hypotheses: &[],
        source: Source {
            work: "ntk-dp",
            result: "module `arcsine`: Chebyshev interpolation of degree 11, rounded",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.dual.closed_forms",
        kind: ClaimKind::Numerical,
        statement: "the expectations of each activation are E[φ(u)φ(v)] and E[φ′(u)φ′(v)] over the normal law",
        hypotheses: &["c² ≤ ab", "ReLU, leaky ReLU of any slope, erf, GELU with Φ, x²"],
        source: Source {
            work: "Cho, Saul 2009; Williams 1997; the others derived here",
            result: "docs/theorems.md, Neural tangent kernels",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "ntk.kernel.recursion",
        kind: ClaimKind::Numerical,
        statement: "values of NTK and NNGP, in tiles of any shape, are those of the recursion done pair by pair",
        hypotheses: &[
            "within 1e-11 of √(K(x, x)K(y, y)), for points in f64",
            "correlations of the points below 0.999 in size",
        ],
        source: Source {
            work: "Jacot, Gabriel, Hongler 2018",
            result: "Theorem 1, with the variances of Lee et al. 2019",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "ntk.kernel.near_equal",
        kind: ClaimKind::Numerical,
        statement: "ReLU kernels of equal, opposite and nearly equal points are within depth·√(2(d + 8)u)·√(K(x, x)K(y, y)) of exact",
        hypotheses: &["no bias", "K the NTK, u = 2⁻⁵³ for points in f64, 2⁻²⁴ in f32"],
        source: Source { work: "docs/theorems.md", result: "Neural tangent kernels, rounding" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.gram.semidefinite",
        kind: ClaimKind::Numerical,
        statement: "Gram matrices have no eigenvalue below −32nε‖K‖_F",
        hypotheses: &["points in general position: no two nearly equal or opposite"],
        source: Source {
            work: "Jacot, Gabriel, Hongler 2018",
            result: "Section 4; closure of kernels under sums and products",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "ntk.finite_width.rate",
        kind: ClaimKind::Convergence,
        statement: "the tangent kernel of a network of width m deviates from the NTK by C/√m in root mean square",
        hypotheses: &["independent standard normal weights", "C depends on the network and the points"],
        source: Source {
            work: "Jacot, Gabriel, Hongler 2018; Arora et al. 2019",
            result: "Theorem 1; Theorem 3.1",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "ntk.features.variance",
        kind: ClaimKind::Utility,
        statement: "ReLU features of one hidden layer are unbiased, with variance at most 3σ_w⁴Σ⁰(x, x)Σ⁰(y, y)/m",
        hypotheses: &["points that do not depend on the draw"],
        source: Source { work: "docs/theorems.md", result: "Neural tangent kernels, random features" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.quadratic.features",
        kind: ClaimKind::Numerical,
        statement: "quadratic features have σ²⟨x, y⟩² as their dot products",
        hypotheses: &["within 1e-14 of σ²‖x‖²‖y‖²"],
        source: Source { work: "multinomial theorem", result: "poly-kernel, MonomialMap" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "ntk.ridge.leave_one_out",
        kind: ClaimKind::Numerical,
        statement: "leave-one-out residuals, of kernels and of features, are those of fits without the point",
        hypotheses: &["within 1e-7 of the targets at condition numbers up to 1e6"],
        source: Source { work: "Wahba 1990", result: "Section 4.2" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "ntk.ridge.residual",
        kind: ClaimKind::Numerical,
        statement: "an iterative fit solves (K + λI)α = y up to its residual, and ‖α − α*‖ ≤ residual·‖y‖/λ",
        hypotheses: &["up to the rounding of the kernel, 1e-7·tr K·‖α‖"],
        source: Source { work: "docs/theorems.md", result: "Neural tangent kernels, regression" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: RECORD_SENSITIVITY_ADD_REMOVE,
        kind: ClaimKind::Sensitivity,
        statement: "a record added or removed moves the integer moments by at most √(N² + 2NY) in Frobenius norm, whatever it holds",
        hypotheses: &[
            "N = R², Y the largest square of an integer target",
            "products of targets are not released",
        ],
        source: Source { work: "docs/theorems.md", result: "Private regression, sensitivity" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: RECORD_SENSITIVITY_REPLACE,
        kind: ClaimKind::Sensitivity,
        statement: "a record replaced by any other moves the integer moments by at most √2·(N + Y) for Y ≤ N, else √(8NY); attained, in real numbers, for D ≥ 2 or Y ≥ N",
        hypotheses: &[
            "N = R², Y the largest square of an integer target",
            "products of targets are not released",
        ],
        source: Source { work: "docs/theorems.md", result: "Private regression, sensitivity" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: RECORD_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "all stages of a release of private records (centre, rounds of the flattening, moments) together have the composed profile, which meets the (ε, δ) asked for",
        hypotheses: &[
            "independent uniform words from the generator",
            "features computed from each record alone",
        ],
        source: Source { work: "docs/theorems.md", result: "Private regression, privacy" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.record.sums",
        kind: ClaimKind::Numerical,
        statement: "integer moments are those of each record encoded by itself and added in integers, whatever the blocks, the order and the threads",
        hypotheses: &["sums below 2⁶³"],
        source: Source { work: "docs/theorems.md", result: "Private regression, arithmetic" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.record.error_bound",
        kind: ClaimKind::Utility,
        statement: "predictions are within their error bounds of the fit without noise, all at once, but for the stated probability",
        hypotheses: &[
            "same centre, clipping and ridge",
            "projected or not",
            "fewer than 2²⁶ rows, so that sums do not wrap",
            "up to rounding of the solve",
        ],
        source: Source { work: "docs/theorems.md", result: "Private regression, error bars" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.record.standard_error",
        kind: ClaimKind::Utility,
        statement: "95 % intervals of 1.96 standard errors around predictions cover the fit without noise in 90 to 98 % of cases",
        hypotheses: &[
            "a ridge of at least two noise radii, no projection",
            "measured, of first order in the noise",
        ],
        source: Source { work: "docs/theorems.md", result: "Private regression, error bars" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.record.risk",
        kind: ClaimKind::Utility,
        statement: "the estimated risk of a projected ridge, from the release alone, has the mean of its true loss on the private rows",
        hypotheses: &["a ridge that was chosen before", "rounding of the noise neglected"],
        source: Source { work: "Stein 1981", result: "docs/theorems.md, Private regression, risk" },
        status: ClaimStatus::Ours,
    },
    // close points: the published regression, repaired
    close(
        CLOSE_FEATURE_MOVE,
        (ClaimKind::Sensitivity, ClaimStatus::Ours),
        "features of two points of the ball are at most feature_move apart, and for the quadratic kernel some are so far apart, in any dimension",
        &["every kernel of this crate", "for the NTK of a ReLU proportional to the root of the step"],
    ),
    close(
        CLOSE_POINTS_SENSITIVITY,
        (ClaimKind::Sensitivity, ClaimStatus::Ours),
        "integer points move by at most D in L2 and √d·D in L1 norm",
        &["PerturbRow or ReplaceRow", "any points, also NaN, infinite and overlong ones"],
    ),
    close(
        CLOSE_POINTS_PRIVACY,
        (ClaimKind::Privacy, ClaimStatus::Ours),
        "released points, and every kernel, fit and prediction of them, are (ε, δ)-differentially private on the machine as run",
        &[
            "PerturbRow or ReplaceRow",
            "labels are public, or released beside them",
            "the generator is a source of uniform bits",
        ],
    ),
    close(
        CLOSE_LABELS_PRIVACY,
        (ClaimKind::Privacy, ClaimStatus::Ours),
        "released labels are ε-differentially private on the machine as run, whatever becomes of one row's label",
        &["the generator is a source of uniform bits"],
    ),
    close(
        CLOSE_GRAM_CHANGE,
        (ClaimKind::Sensitivity, ClaimStatus::Repaired),
        "two eigenvalues of Σ'^{−1/2}ΣΣ'^{−1/2}, Σ = K + λI, differ from 1: by at most μ = r²/2 + r√(1 + r²/4) upwards and μ/(1 + μ) downwards",
        &[
            "PerturbRow",
            "r = β_φ/√λ",
            "any points and number of them",
            "λ well above the rounding of K: smaller ridges are refused",
        ],
    ),
    close(
        CLOSE_GRAM_PRIVACY,
        (ClaimKind::Privacy, ClaimStatus::Repaired),
        "the average of outer products of draws of N(0, K + λI) is (ε, δ)-differentially private",
        &[
            "PerturbRow",
            "a public λ, well above the rounding of K: smaller ridges are refused",
            "real arithmetic",
            "the generator is a source of uniform bits",
        ],
    ),
    close(
        CLOSE_QUERIES_SENSITIVITY,
        (ClaimKind::Sensitivity, ClaimStatus::Repaired),
        "integer kernel values of a query move by at most the stated number of steps in L1 norm, predictions by that times the largest L1 norm of a row of integer coefficients",
        &["the quadratic kernel", "coefficients that are released"],
    ),
    close(
        CLOSE_QUERIES_PRIVACY,
        (ClaimKind::Privacy, ClaimStatus::Repaired),
        "each answer is (ε, δ)-differentially private on the machine as run, and all that are allowed are, together, by composition",
        &["the quadratic kernel", "the generator is a source of uniform bits"],
    ),
    close(
        "ntk.close.failure",
        (ClaimKind::Sensitivity, ClaimStatus::Ours),
        "whether and how a release of close points or labels fails, and its certificate, are the same for all data of one shape",
        &[],
    ),
    close(
        "ntk.close.utility",
        (ClaimKind::Utility, ClaimStatus::Ours),
        "if (1 − s)Σ ⪯ Σ̂ ⪯ (1 + s)Σ, predictions k(x)ᵀΣ̂⁻¹Y are within s/(1 − s)·√(K(x, x))·√(YᵀΣ⁻¹Y) of those of Σ",
        &["exact kernel values k(x)", "s < 1", "every x, also one chosen after Σ̂"],
    ),
    published(
        "ntk.published.utility",
        (ClaimKind::Utility, ClaimStatus::Repaired),
        "predictions are within ρη_maxω/((η_min + λ)((1 − ρ)η_min + λ)) of exact ones",
        &["(1 − ρ)K ⪯ K̂ ⪯ (1 + ρ)K", "ω is ‖k(x)‖‖Y‖, not a bound of one kernel value"],
    ),
    published(
        "ntk.published.labels",
        (ClaimKind::Sensitivity, ClaimStatus::Refuted),
        "a regression that covers the points covers the labels",
        &["labels enter the fit as they are"],
    ),
    published(
        "ntk.published.record",
        (ClaimKind::Sensitivity, ClaimStatus::Refuted),
        "ε for moves by β bounds what is learned of a replaced point (the paper does not say so)",
        &["a point is replaced by another"],
    ),
    published(
        "ntk.published.singular",
        (ClaimKind::Sensitivity, ClaimStatus::Refuted),
        "draws of N(0, K) without a ridge have a finite ε",
        &["the quadratic kernel", "more points than d(d + 1)/2"],
    ),
    published(
        "ntk.published.predictor",
        (ClaimKind::Sensitivity, ClaimStatus::Refuted),
        "a predictor made of private coefficients and the points themselves is private, as the coefficients are",
        &["the other points are known"],
    ),
    published(
        "ntk.published.selection",
        (ClaimKind::Sensitivity, ClaimStatus::Refuted),
        "a ridge, or features, chosen as the best on the private points are parameters that cost nothing",
        &["the choice is shown, as by every certificate"],
    ),
    // descent on private records, features of images
    Claim {
        id: DESCENT_SENSITIVITY,
        kind: ClaimKind::Sensitivity,
        statement: "at given weights a record added or removed moves the integer gradient by at most √(NM), one replaced by at most 2√(NM)",
        hypotheses: &[
            "N = M = R², largest squares of integer rows and residuals",
            "whatever the record holds",
        ],
        source: Source { work: "docs/theorems.md", result: "Private descent, sensitivity" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: DESCENT_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "the centre and all gradients of a private descent together have the composed profile, which meets the (ε, δ) asked for",
        hypotheses: &[
            "independent uniform words from the generator",
            "features computed from each record alone",
        ],
        source: Source { work: "docs/theorems.md", result: "Private descent, privacy" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.descent.sums",
        kind: ClaimKind::Numerical,
        statement: "the integer gradient is the sum over records of what each adds by itself, whatever the blocks, the order and the threads",
        hypotheses: &["sums below 2⁶³"],
        source: Source { work: "docs/theorems.md", result: "Private descent, arithmetic" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "ntk.image.row_local",
        kind: ClaimKind::Numerical,
        statement: "features of an image are the same to the last bit, whatever other images and however many threads are beside it",
        hypotheses: &["one machine"],
        source: Source { work: "docs/theorems.md", result: "Private descent, features" },
        status: ClaimStatus::Ours,
    },
];

const fn close(
    id: &'static str,
    (kind, status): (ClaimKind, ClaimStatus),
    statement: &'static str,
    hypotheses: &'static [&'static str],
) -> Claim {
    let source = Source { work: "docs/theorems.md", result: "Close points" };
    Claim { id, kind, statement, hypotheses, source, status }
}

const fn published(
    id: &'static str,
    (kind, status): (ClaimKind, ClaimStatus),
    statement: &'static str,
    hypotheses: &'static [&'static str],
) -> Claim {
    let source = Source { work: "arXiv 2407.13621", result: "as recorded from its abstract and our notes" };
    Claim { id, kind, statement, hypotheses, source, status }
}
