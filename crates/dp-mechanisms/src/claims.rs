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

/// Id of the claim that Gaussian sampling is as private as its profile says.
pub const GAUSSIAN_SAMPLING_PRIVACY: &str = "mechanisms.gaussian_sampling.privacy";
/// Id of the claim that Gaussian sampling releases a Wishart matrix.
pub const GAUSSIAN_SAMPLING_LAW: &str = "mechanisms.gaussian_sampling.law";
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

/// Id of the claim that the exponential mechanism on integer scores is as private as its profiles say.
pub const EXPONENTIAL_PRIVACY: &str = "mechanisms.selection.exponential.privacy";
/// Id of the claim that permute and flip on integer scores gives pure differential privacy.
pub const PERMUTE_AND_FLIP_PRIVACY: &str = "mechanisms.selection.permute_and_flip.privacy";
/// Id of the claim that report noisy max with its gap gives pure differential privacy.
pub const NOISY_MAX_PRIVACY: &str = "mechanisms.selection.noisy_max.privacy";
/// Id of the claim that a stream of comparisons with a threshold gives pure differential privacy.
pub const ABOVE_THRESHOLD_PRIVACY: &str = "mechanisms.selection.above_threshold.privacy";
/// Id of the claim that private quantiles give pure differential privacy.
pub const QUANTILE_PRIVACY: &str = "mechanisms.selection.quantile.privacy";
/// Id of the claim that an answer released where it is stable gives (ε, δ)-differential privacy.
pub const STABILITY_PRIVACY: &str = "mechanisms.selection.stability.privacy";
/// Id of the claim that propose-test-release gives (ε, δ)-differential privacy.
pub const PROPOSE_TEST_RELEASE_PRIVACY: &str = "mechanisms.selection.propose_test_release.privacy";
/// Id of the claim that random decisions by exponential weights have exactly their probabilities.
pub const SELECTION_LAW: &str = "mechanisms.selection.law";

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
            "|k| < 2⁶³ and |k| < 2²⁰σ: the tails beyond weigh below 10⁻¹⁴⁵⁷²⁵⁰⁰",
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
        hypotheses: &[
            "s integral",
            "‖s − s'‖₂ ≤ Δ for neighbours",
            "up to (1 + e^ε)·D·10⁻¹⁴⁵⁷²⁵⁰⁰ in δ for D coordinates, as sampled",
        ],
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
            "|k| < 2⁶³ and |k| < 2²⁰σ: the tails beyond weigh below 10⁻¹⁴⁵⁷²⁵⁰⁰",
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
        hypotheses: &[
            "s integral",
            "‖s − s'‖₂ ≤ Δ for neighbours",
            "K of the law on ℤ, from which a sample is within 10⁻¹⁴⁵⁷²⁵⁰⁰ in total variation",
        ],
        source: Source { work: "Canonne, Kamath, Steinke 2020", result: "Theorem 4" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: TRUNCATED_LAW,
        kind: ClaimKind::Numerical,
        statement: "samples of truncated noise follow the base law conditioned on |k| ≤ bound exactly",
        hypotheses: &[
            "the generator is a source of uniform bits",
            "of a Gaussian base, |k| < 2²⁰σ: the tails beyond weigh below 2^{−2³⁸}",
        ],
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
        id: "mechanisms.rows.sensitivity",
        kind: ClaimKind::Sensitivity,
        statement: "integer rows have norm at most A, and between neighbours all of them move by at most D in L2 and √(dD²) in L1",
        hypotheses: &[
            "neighbours differ in one row, which moves by at most the radius of PerturbRow, or to anywhere",
            "rows are finite or have no neighbour but themselves",
        ],
        source: Source { work: HERE, result: "Rows on a lattice" },
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
    Claim {
        id: "mechanisms.chi_square.tails",
        kind: ClaimKind::Numerical,
        statement: "both tails of the chi-square law are enclosed, to 1e-13 relative, down to 1e-300",
        hypotheses: &["1 ≤ degrees < 2³²"],
        source: Source { work: HERE, result: "Changed covariances, chi-square tails" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.one_eigenvalue",
        kind: ClaimKind::Numerical,
        statement: "δ(ε) and Rényi divergences of k draws with one changed eigenvalue are enclosed to 1e-13, in either order",
        hypotheses: &["Σ^{1/2}Σ'⁻¹Σ^{1/2} has one eigenvalue other than one"],
        source: Source { work: HERE, result: "Changed covariances, one eigenvalue" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.calibration",
        kind: ClaimKind::Numerical,
        statement: "largest changes, most draws and ε meet their target, and the next float or integer is not proven to",
        hypotheses: &["one changed eigenvalue"],
        source: Source { work: HERE, result: "Changed covariances, dominance" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.several_eigenvalues",
        kind: ClaimKind::Numerical,
        statement: "δ(ε) of several changed eigenvalues lies in the interval, which is at most 1e-9 wide relatively",
        hypotheses: &[
            "for the width: δ ≥ 1e-250, at least 8 draws of eigenvalues whose changes are of a size comparable to the largest",
        ],
        source: Source { work: HERE, result: "Changed covariances, several eigenvalues" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.dominance",
        kind: ClaimKind::Numerical,
        statement: "a change that is smaller in each eigenvalue, with the same sign, loses no more at any ε",
        hypotheses: &[],
        source: Source { work: HERE, result: "Changed covariances, dominance" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.composition",
        kind: ClaimKind::Numerical,
        statement: "T releases of k draws of one pair of covariances lose what one release of Tk draws loses",
        hypotheses: &["releases independent given the data"],
        source: Source { work: HERE, result: "Changed covariances, composition" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.neighbourhood",
        kind: ClaimKind::Numerical,
        statement: "no pair of covariances in a neighbourhood, of any rank and in either order, exceeds its δ(ε) or Rényi bound",
        hypotheses: &["Frobenius change bounded in both orders or in one, or Jeffreys' divergence bounded"],
        source: Source { work: HERE, result: "Changed covariances, neighbourhoods" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.orientation",
        kind: ClaimKind::Numerical,
        statement: "a change bounded by Δ in one order only may reach Δ/(1 − Δ) in the other, and then exceeds the δ of one eigenvalue changed by Δ in both",
        hypotheses: &["Δ < 1"],
        source: Source { work: HERE, result: "Changed covariances, orientation" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.covariance.sketches",
        kind: ClaimKind::Numerical,
        statement: "least eigenvalue over squared row norm of a Gaussian sketch at (1, 1e-6): exact below Rényi below Sheffet, to the digit",
        hypotheses: &["the eigenvalue is that of the matrix with the row"],
        source: Source { work: HERE, result: "Changed covariances, sketches" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.gaussian_sampling.published",
        kind: ClaimKind::Numerical,
        statement: "a Frobenius change Δ ≤ min{ε/√(8k ln(1/δ)), ε/(8 ln(1/δ))} in both orders gives (ε, δ), for any rank",
        hypotheses: &["0.01 ≤ ε ≤ 8, 1e-15 ≤ δ ≤ 1e-2"],
        source: Source {
            work: "Alabi, Kothari, Tankala, Venkat, Zhang 2022",
            result: "Gaussian sampling mechanism",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.gaussian_sampling.advantage",
        kind: ClaimKind::Utility,
        statement: "the exact condition allows at least 2.5 times the published change, and the bound for any rank 98 % of the exact one",
        hypotheses: &["change bounded in both orders", "100 ≤ k ≤ 10 000, 1e-10 ≤ δ ≤ 1e-5, 0.1 ≤ ε ≤ 4"],
        source: Source { work: HERE, result: "Gaussian sampling, calibration" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: GAUSSIAN_SAMPLING_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "the average of k outer products of draws of N(0, Σ) has at most the profile on its certificate",
        hypotheses: &["real arithmetic", "covariances of neighbours keep the stated bound"],
        source: Source { work: HERE, result: "Gaussian sampling, privacy" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: GAUSSIAN_SAMPLING_LAW,
        kind: ClaimKind::Numerical,
        statement: "k times a release has the Wishart law of Σ with k degrees of freedom",
        hypotheses: &[
            "Σ positive definite, its least eigenvalue well above rounding beside the largest",
            "up to rounding: normals are multiples of 2⁻⁴⁰, Σ, its factor and products are f64",
        ],
        source: Source { work: HERE, result: "Gaussian sampling, law" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.gaussian_sampling.utility",
        kind: ClaimKind::Utility,
        statement: "(1 − ρ)Σ ⪯ Σ̂ ⪯ (1 + ρ)Σ with ρ = 2a + a², and all entries are within η√(ΣᵢᵢΣⱼⱼ), each except with probability γ",
        hypotheses: &["real arithmetic"],
        source: Source { work: HERE, result: "Gaussian sampling, utility" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.gaussian_sampling.failure",
        kind: ClaimKind::Numerical,
        statement: "whether a release fails is a function of shapes and public parameters",
        hypotheses: &[],
        source: Source { work: HERE, result: "Gaussian sampling, failures" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.accounting.gaussian",
        kind: ClaimKind::Numerical,
        statement: "intervals of compositions by loss distributions hold what the closed form of Gaussian mechanisms says",
        hypotheses: &["2 to 2000 mechanisms, 0.1 ≤ μ√T ≤ 6, 1e-20 ≤ δ"],
        source: Source { work: HERE, result: "Privacy-loss distributions" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.accounting.small_delta",
        kind: ClaimKind::Numerical,
        statement: "ε of up to a million Gaussian mechanisms is enclosed to 1e-4 relative, down to δ = 1e-20",
        hypotheses: &["each has μ ≥ 1/300"],
        source: Source { work: HERE, result: "Privacy-loss distributions, tilt" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.accounting.response",
        kind: ClaimKind::Numerical,
        statement: "compositions of (ε, δ) guarantees are bounded by sums of binomials, enclosed to 1e-5 relative",
        hypotheses: &["one kind of guarantee"],
        source: Source { work: "Kairouz, Oh, Viswanath 2015", result: "Theorem 3.1" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.accounting.convolution",
        kind: ClaimKind::Numerical,
        statement: "δ of Laplace and sampled mechanisms is enclosed, its upper bound within a thousandth of integrals over the losses",
        hypotheses: &["two or three mechanisms"],
        source: Source { work: HERE, result: "Privacy-loss distributions" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.accounting.accountants",
        kind: ClaimKind::Numerical,
        statement: "no accountant says less than the optimum",
        hypotheses: &["the guarantees that it applies to"],
        source: Source { work: HERE, result: "Accountants" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.accounting.groups",
        kind: ClaimKind::Numerical,
        statement: "a chain of k neighbours loses at most what grouped(k) says",
        hypotheses: &["pure, approximate and Gaussian guarantees"],
        source: Source { work: "Dwork, Roth 2014", result: "Theorem 2.2" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.accounting.target",
        kind: ClaimKind::Numerical,
        statement: "least_noise and most_repetitions meet their target, and a little less noise or one repetition more does not",
        hypotheses: &[],
        source: Source { work: HERE, result: "Targets" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.accounting.sampling",
        kind: ClaimKind::Privacy,
        statement: "a mechanism on a Poisson sample, or on one of fixed size, has the stated profile for rows added or removed, and replaced",
        hypotheses: &["the sample is secret and drawn anew"],
        source: Source { work: HERE, result: "Samples" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "mechanisms.accounting.filter",
        kind: ClaimKind::Privacy,
        statement: "everything that passes a filter has, together, the guarantee of its budget",
        hypotheses: &["guarantees chosen by what was released before"],
        source: Source { work: HERE, result: "Filters" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.accounting.odometer",
        kind: ClaimKind::Privacy,
        statement: "with probability 1 − δ the loss is at no time above what the odometer reads",
        hypotheses: &["guarantees chosen by what was released before"],
        source: Source { work: HERE, result: "Odometers" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.release.composition",
        kind: ClaimKind::Privacy,
        statement: "releases by mechanisms of different kinds, joined, have together at most the profile on their certificate, profiles that are added up are enclosed, and one that follows from another is no lower",
        hypotheses: &[
            "each may depend on what was released before, its guarantee was fixed beforehand",
            "noise is independent",
        ],
        source: Source { work: HERE, result: "Accountants, releases together" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: SELECTION_LAW,
        kind: ClaimKind::Numerical,
        statement: "a coin shows heads with probability e^{−εk/s}, an index is drawn in proportion to such weights, a quantile in proportion to its integers' weights, exactly: one uniform, refined while undecided, never redrawn",
        hypotheses: &["the generator is a source of uniform bits"],
        source: Source { work: HERE, result: "Selection, exact decisions" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: EXPONENTIAL_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "selection in proportion to e^{εu/s} is ε-differentially private, its privacy loss has range at most ε, and it is ε²/8-zero-concentrated; s is 2Δ, or Δ for monotone scores",
        hypotheses: &["scores move between neighbours as their type says"],
        source: Source { work: HERE, result: "Selection, exponential mechanism" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: PERMUTE_AND_FLIP_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "permute and flip with coins e^{−εg/s} is ε-differentially private; s is 2Δ, or Δ for monotone scores",
        hypotheses: &["scores move between neighbours as their type says"],
        source: Source { work: HERE, result: "Selection, permute and flip" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "mechanisms.selection.permute_and_flip.utility",
        kind: ClaimKind::Utility,
        statement: "the score that permute and flip selects is below any threshold with at most the probability of the exponential mechanism at the same ε, and its law is p_i·∫₀¹ ∏_{j≠i} (1 − t·p_j) dt",
        hypotheses: &[],
        source: Source { work: HERE, result: "Selection, permute and flip" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: NOISY_MAX_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "the index of the largest noisy score, with its gap, is s/b-differentially private, ties included; s is 2Δ, or Δ for monotone scores",
        hypotheses: &[
            "scores move between neighbours as their type says",
            "|noise| < 2⁶³: the tails beyond weigh below e^{−2²³}",
        ],
        source: Source { work: HERE, result: "Selection, noisy max" },
        status: ClaimStatus::Repaired,
    },
    Claim {
        id: ABOVE_THRESHOLD_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "all answers of a stream with at most c above, with their gaps, are (Δ/b₁ + c·s/b₂)-differentially private, for adaptive streams too",
        hypotheses: &[
            "scores move between neighbours as their type says",
            "|noise| < 2⁶³: the tails beyond weigh below e^{−2²³}",
        ],
        source: Source { work: HERE, result: "Selection, above threshold" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: QUANTILE_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "an integer drawn in proportion to e^{−εd/s}, d the distance of its ranks from q·n, is ε-differentially private with s = 2·max(q, 1 − q) where rows are added or removed, s = 2 where they are replaced",
        hypotheses: &["range and level are public"],
        source: Source { work: HERE, result: "Selection, quantiles" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: STABILITY_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "an answer released if distance plus noise of scale b exceeds a threshold is (1/b, P(noise > threshold))-differentially private",
        hypotheses: &[
            "distances of neighbours differ by at most one, and both are zero if their answers differ",
            "|noise| < 2⁶³: the tails beyond weigh below e^{−2²³}",
        ],
        source: Source { work: HERE, result: "Selection, stable answers" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: PROPOSE_TEST_RELEASE_PRIVACY,
        kind: ClaimKind::Privacy,
        statement: "a statistic released with noise for a proposed bound, if the noisy distance exceeds a threshold, is (ε₁ + ε₂, δ)-differentially private",
        hypotheses: &[
            "distances of neighbours differ by at most one, and both are zero if their statistics differ by more than the bound",
            "|noise| < 2⁶³: the tails beyond weigh below e^{−2²³}",
        ],
        source: Source { work: HERE, result: "Selection, stable answers" },
        status: ClaimStatus::Published,
    },
];
