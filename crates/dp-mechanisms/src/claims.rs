//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Id of the claim that rounded Gaussian noise on an integer statistic has the Gaussian mechanism's profile.
pub const ROUNDED_GAUSSIAN_PRIVACY: &str = "mechanisms.rounded_gaussian.privacy";
/// Id of the claim that the sampler's law is exactly the rounded Gaussian.
pub const ROUNDED_GAUSSIAN_LAW: &str = "mechanisms.rounded_gaussian.law";
/// Id of the claim that a stream summed by a binary tree has the Gaussian mechanism's profile.
pub const TREE_PRIVACY: &str = "mechanisms.continual.tree.privacy";
/// Id of the claim on how far one step moves the nodes of a binary tree.
pub const TREE_SENSITIVITY: &str = "mechanisms.continual.tree.sensitivity";
/// Id of the claim that a stream summed by the square root has the Gaussian mechanism's profile.
pub const SQUARE_ROOT_PRIVACY: &str = "mechanisms.continual.square_root.privacy";
/// Id of the claim on how far one step moves the integers that the square root releases.
pub const SQUARE_ROOT_SENSITIVITY: &str = "mechanisms.continual.square_root.sensitivity";

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
    Claim {
        id: "mechanisms.discrete_laplace.table",
        kind: ClaimKind::Numerical,
        statement: "each cell and octave of the sampler's table is what certified arithmetic derives, and its error bound holds",
        hypotheses: &[],
        source: Source { work: HERE, result: "Discrete Laplace, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: DISCRETE_LAPLACE_LAW,
        kind: ClaimKind::Numerical,
        statement: "samples follow P(k) ∝ e^{−|k|/b} exactly, modulo 2⁶⁴",
        hypotheses: &["the generator is a source of uniform bits"],
        source: Source { work: HERE, result: "Discrete Laplace, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.discrete_laplace.refinement",
        kind: ClaimKind::Numerical,
        statement: "an undecided uniform is refined, never redrawn, and reads exactly the words that decide it",
        hypotheses: &[],
        source: Source { work: HERE, result: "Discrete Laplace, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.discrete_laplace.probabilities",
        kind: ClaimKind::Numerical,
        statement: "pmf_bounds and cdf_bounds enclose the law of the discrete Laplace, at most one float strictly between",
        hypotheses: &["0 < b ≤ 2⁵⁰"],
        source: Source { work: HERE, result: "Discrete Laplace, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: LAPLACE_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "s + K on integers, K discrete Laplace of scale b, is Δ/b-differentially private, in any dimension, modulo 2⁶⁴ too",
        hypotheses: &["s integral", "‖s − s'‖₁ ≤ Δ for neighbours"],
        source: Source { work: "Dwork, McSherry, Nissim, Smith 2006", result: "Proposition 1" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: DISCRETE_GAUSSIAN_LAW,
        kind: ClaimKind::Numerical,
        statement: "samples follow P(k) ∝ e^{−k²/2σ²} exactly",
        hypotheses: &[
            "the generator is a source of uniform bits",
            "|k| < 2⁶³: the tails beyond weigh below 10⁻¹⁴⁵⁶⁸⁰⁰⁰",
        ],
        source: Source { work: HERE, result: "Discrete Gaussian, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.discrete_gaussian.refinement",
        kind: ClaimKind::Numerical,
        statement: "an undecided uniform is refined, never redrawn, and reads exactly the words that decide it",
        hypotheses: &[],
        source: Source { work: HERE, result: "Discrete Gaussian, sampler" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.discrete_gaussian.probabilities",
        kind: ClaimKind::Numerical,
        statement: "pmf_bounds and cdf_bounds enclose the law of the discrete Gaussian, at most one float strictly between",
        hypotheses: &["0 < σ ≤ 2⁵⁰"],
        source: Source { work: HERE, result: "Discrete Gaussian, tails" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.discrete_gaussian.privacy",
        kind: ClaimKind::Privacy,
        statement: "s + K on integers, K discrete Gaussian of parameter σ, is Δ²/2σ²-zero-concentrated differentially private",
        hypotheses: &["s integral", "‖s − s'‖₂ ≤ Δ for neighbours"],
        source: Source { work: "Canonne, Kamath, Steinke 2020", result: "Theorem 4" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: TRUNCATED_LAW,
        kind: ClaimKind::Numerical,
        statement: "samples of truncated noise follow the base law conditioned on |k| ≤ bound exactly",
        hypotheses: &["the generator is a source of uniform bits", "as the base law beyond 2⁶³"],
        source: Source { work: HERE, result: "Truncated noise" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.truncated.refinement",
        kind: ClaimKind::Numerical,
        statement: "with uniform proposals, an undecided acceptance is refined, never redrawn",
        hypotheses: &[],
        source: Source { work: HERE, result: "Truncated noise" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.truncated.probabilities",
        kind: ClaimKind::Numerical,
        statement: "pmf_bounds, cdf_bounds and infinity_mass_bounds enclose the conditional law, at most one float strictly between",
        hypotheses: &[],
        source: Source { work: HERE, result: "Truncated noise" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: TRUNCATED_LAPLACE_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "s + K, K discrete Laplace truncated to |k| ≤ B, is (Δ/b, P(K > B − Δ))-differentially private, in any dimension",
        hypotheses: &["s integral", "‖s − s'‖₁ ≤ Δ for neighbours"],
        source: Source { work: HERE, result: "Truncated Laplace" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.noise.shift",
        kind: ClaimKind::Numerical,
        statement: "shift_delta_bounds encloses the hockey-stick divergence of a lattice law from its shift",
        hypotheses: &["the law is symmetric and log-concave"],
        source: Source { work: HERE, result: "Privacy of a shift" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: SYMMETRIC_GAUSSIAN_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "rounded Gaussian noise, σ on the diagonal and ≥ σ/√2 off it, has at most the Gaussian profile with μ = Δ/σ",
        hypotheses: &["S symmetric and integral", "‖S − S'‖_F ≤ Δ for neighbours"],
        source: Source { work: HERE, result: "Symmetric Gaussian" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.symmetric_gaussian.radius",
        kind: ClaimKind::Utility,
        statement: "the spectral norm of the noise exceeds spectral_radius with at most the stated probability",
        hypotheses: &["the generator is a source of uniform bits"],
        source: Source { work: HERE, result: "Symmetric Gaussian" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: TREE_SENSITIVITY,
        kind: ClaimKind::Sensitivity,
        statement: "one step moves the nodes of a tree by √(nodes that contain it) times its own norm; √levels is attained and never exceeded",
        hypotheses: &["neighbours differ in the vector of one step"],
        source: Source { work: HERE, result: "Continual release, tree" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: TREE_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "all nodes together have at most the profile of the Gaussian mechanism with μ = √levels·Δ/σ, for adaptive streams too",
        hypotheses: &[
            "neighbours differ in the vector of one step, by at most Δ",
            "at most as many steps as agreed",
        ],
        source: Source { work: HERE, result: "Continual release, adaptive streams" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.continual.tree.error",
        kind: ClaimKind::Utility,
        statement: "the expected squared error of every prefix and interval is the stated constant times the variance of the noise, and no linear unbiased estimate of a prefix from the nodes so far has less",
        hypotheses: &["no integer wraps"],
        source: Source { work: HERE, result: "Continual release, tree" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: SQUARE_ROOT_SENSITIVITY,
        kind: ClaimKind::Sensitivity,
        statement: "one step moves the integers of the square root by at most (Σ c_k²)^½ times its own norm, attained by the first",
        hypotheses: &["neighbours differ in the vector of one step"],
        source: Source { work: HERE, result: "Continual release, square root" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: SQUARE_ROOT_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "all integers together have at most the profile of the Gaussian mechanism with μ = (Σ c_k²)^½·Δ/σ, for adaptive streams too",
        hypotheses: &[
            "neighbours differ in the vector of one step, by at most Δ",
            "at most as many steps as agreed",
        ],
        source: Source { work: HERE, result: "Continual release, adaptive streams" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.continual.square_root.error",
        kind: ClaimKind::Utility,
        statement: "the expected squared error of every prefix and interval is the stated constant times the variance of the noise; integer coefficients move the largest by less than a thousandth from G_T²",
        hypotheses: &["no integer wraps", "the thousandth: computed for every horizon up to 2²⁰"],
        source: Source { work: HERE, result: "Continual release, square root" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.continual.lower_bound",
        kind: ClaimKind::Utility,
        statement: "no factorisation of the prefix sums has a mean squared error below (Σ singular values/T)², and it is what lower_bound computes",
        hypotheses: &["Gaussian noise of one variance, linear statistics, linear unbiased decoding"],
        source: Source { work: HERE, result: "Continual release, lower bound" },
        status: ClaimStatus::Ours,
    },
];
