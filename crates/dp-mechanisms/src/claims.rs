//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that rounded Gaussian noise on an integer statistic has the Gaussian mechanism's profile.
pub const ROUNDED_GAUSSIAN_PRIVACY: &str = "mechanisms.rounded_gaussian.privacy";
/// Id of the claim that the sampler's law is exactly the rounded Gaussian.
pub const ROUNDED_GAUSSIAN_LAW: &str = "mechanisms.rounded_gaussian.law";

/// Id of the claim that the sampler's law is exactly the discrete Laplace.
pub const DISCRETE_LAPLACE_LAW: &str = "mechanisms.discrete_laplace.law";
/// Id of the claim that the sampler's law is exactly the discrete Gaussian.
pub const DISCRETE_GAUSSIAN_LAW: &str = "mechanisms.discrete_gaussian.law";
/// Id of the claim that truncated noise has exactly the conditional law.
pub const TRUNCATED_LAW: &str = "mechanisms.truncated.law";
/// Id of the claim that discrete Laplace noise on an integer statistic gives pure differential privacy.
pub const LAPLACE_PRIVACY: &str = "mechanisms.discrete_laplace.privacy";
/// Id of the claim that truncated Laplace noise on an integer statistic gives (ε, δ)-differential privacy.
pub const TRUNCATED_LAPLACE_PRIVACY: &str = "mechanisms.truncated_laplace.privacy";
/// Id of the claim that Frobenius-isotropic noise on a symmetric integer matrix has the Gaussian mechanism's profile.
pub const SYMMETRIC_GAUSSIAN_PRIVACY: &str = "mechanisms.symmetric_gaussian.privacy";

const HERE: &str = "provable-dp, docs/theorems.md";

/// Every claim of this crate, in the order in which reports print them.
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "mechanisms.gaussian.profile",
        kind: ClaimKind::Numerical,
        statement: "delta_bounds encloses δ(ε) = Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ), to 1e-13 relative, down to δ = 1e-300",
        hypotheses: &["ε ≥ 0, μ ≥ 0"],
        source: Source { work: "Balle, Wang 2018", result: "Theorem 8" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.gaussian.calibration",
        kind: ClaimKind::Numerical,
        statement: "calibrated noise is never below the least that gives (ε, δ), and at most 1e-14 above it, relatively",
        hypotheses: &["1e-6 ≤ ε ≤ 100, 1e-300 ≤ δ < 1"],
        source: Source { work: HERE, result: "Analytic Gaussian, calibration" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.normal.quantile",
        kind: ClaimKind::Numerical,
        statement: "upper_quantile(p) is at least Φ⁻¹(1 − p), and the next float below is not certified to be",
        hypotheses: &["0 < p < 1"],
        source: Source { work: HERE, result: "Analytic Gaussian, quantile" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.conversions.sound",
        kind: ClaimKind::Numerical,
        statement: "no view of a guarantee (ε at δ, ρ, Rényi) is below the guarantee it is taken from",
        hypotheses: &["Gaussian, pure and zero-concentrated guarantees"],
        source: Source { work: "Canonne, Kamath, Steinke 2020", result: "Proposition 12" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.rounded_gaussian.table",
        kind: ClaimKind::Numerical,
        statement: "each cell of the sampler's table is what certified arithmetic derives, and its error bound holds over the cell",
        hypotheses: &[],
        source: Source { work: HERE, result: "Rounded Gaussian, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: ROUNDED_GAUSSIAN_LAW,
        kind: ClaimKind::Numerical,
        statement: "samples follow P(k) = Φ((k + ½)/σ) − Φ((k − ½)/σ) exactly",
        hypotheses: &[
            "the generator is a source of uniform bits",
            "|k| < 2⁶³: the tails beyond weigh below 10⁻¹⁴⁵⁶⁸⁰⁰⁰",
        ],
        source: Source { work: HERE, result: "Rounded Gaussian, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.rounded_gaussian.refinement",
        kind: ClaimKind::Numerical,
        statement: "an undecided uniform is refined, never redrawn, and whether it is refined does not depend on the statistic",
        hypotheses: &[],
        source: Source { work: HERE, result: "Rounded Gaussian, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: ROUNDED_GAUSSIAN_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "s + ⌊σN⌉ on integers has at most the profile of the Gaussian mechanism with μ = Δ/σ, in any dimension",
        hypotheses: &["s integral", "‖s − s'‖₂ ≤ Δ for neighbours"],
        source: Source { work: HERE, result: "Rounded Gaussian, privacy" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.lattice.release",
        kind: ClaimKind::Numerical,
        statement: "the released integers are exactly statistic plus noise modulo 2⁶⁴, and a statistic of larger sensitivity is refused",
        hypotheses: &[],
        source: Source { work: HERE, result: "Rounded Gaussian, privacy" },
        status: ClaimStatus::Ours,
    },
];
