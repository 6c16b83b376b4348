//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

pub(crate) const RECORD_SENSITIVITY_ADD_REMOVE: &str = "ntk.record.sensitivity.add_remove";
pub(crate) const RECORD_SENSITIVITY_REPLACE: &str = "ntk.record.sensitivity.replace";
pub(crate) const RECORD_PRIVACY: &str = "ntk.record.privacy";
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
        statement: "|P(w) − asin(√w)/√w| ≤ 2⁻⁵⁶ for 0 ≤ w ≤ ½ + 2⁻⁴⁰ and the stored coefficients, in real arithmetic",
        hypotheses: &[],
        source: Source {
            work: "ntk-dp",
            result: "module `arcsine`: Chebyshev interpolation of degree 20, rounded",
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
        hypotheses: &["within 1e-11 of √(K(x, x)K(y, y))", "correlations of the points below 0.999 in size"],
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
        hypotheses: &["no bias", "K the NTK, u = 2⁻⁵³"],
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
        statement: "a record replaced by any other moves the integer moments by at most √2·(N + Y) for Y ≤ N, else √(8NY), and this is attained",
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
        statement: "the centre and the moments of private records together have the composed profile of both, which meets the (ε, δ) asked for",
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
        hypotheses: &["same centre, clipping and ridge", "projected or not"],
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
