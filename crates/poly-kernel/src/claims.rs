//! What this crate claims, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Every claim of this crate; each can be checked through its public API.
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "kernel.exp_taylor.relative_error",
        kind: ClaimKind::Numerical,
        statement: "sup |e^{-t} T_g(t) − 1| is P[Poisson(B) > g] over 0 ≤ t ≤ B and ∫₀ᴮ eᵘuᵍ/g! du over |t| ≤ B, and the returned numbers are upper bounds of these",
        hypotheses: &["g ≤ 30", "B ≥ 0", "T_g in real arithmetic"],
        source: Source { work: "poly-kernel, ExpTaylor", result: "Error: E'(t) = −e^{−t}tᵍ/g!" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.exp_taylor.positivity",
        kind: ClaimKind::Numerical,
        statement: "T_g(t) ≥ lower_bound(B) for |t| ≤ B, and lower_bound(B) > 0 if g is even",
        hypotheses: &["g ≤ 30", "B ≥ 0", "T_g in real arithmetic"],
        source: Source { work: "poly-kernel, ExpTaylor", result: "Sign" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.polynomial.certificate",
        kind: ClaimKind::Numerical,
        statement: "over its range a certificate bounds |f(t) − eᵗ|, f(t)/eᵗ from both sides and f(t) from below, and the first two exceed the true extrema by less than a factor of two",
        hypotheses: &[
            "coefficients as stored, f in real arithmetic",
            "the factor: relative errors above 1e-8 and a thousand times the rounding of f",
        ],
        source: Source { work: "poly-kernel, ExpPolynomial::certificate", result: "How" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.polynomial.best",
        kind: ClaimKind::Numerical,
        statement: "no polynomial of the degree has a relative error over the range smaller by 2 % than what is certified of best_relative, and best_relative_for finds the smallest degree",
        hypotheses: &[
            "relative errors above 1e-8",
            "for the degree: targets not within 2 % of the error of a best polynomial",
        ],
        source: Source {
            work: "de la Vallée-Poussin 1910; Remez 1934",
            result: "g + 2 errors of alternating sign bound the best error from below",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "kernel.polynomial.least_squares_normal",
        kind: ClaimKind::Numerical,
        statement: "E[(f(t) − eᵗ)²]/E[e^{2t}] = P[Poisson(s²) > g] for t ~ N(m, s²), the square of normal_error, and f − eᵗ is orthogonal to every polynomial of degree g",
        hypotheses: &["up to the rounding of the coefficients"],
        source: Source {
            work: "poly-kernel, ExpPolynomial::least_squares_normal",
            result: "generating function of the Hermite polynomials",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.output_error",
        kind: ClaimKind::Utility,
        statement: "weights multiplied by factors in [l, u] move attention's output by at most tanh(¼ ln(u/l)) of the range of a value column, and two keys attain it",
        hypotheses: &["0 < l ≤ u", "normalisation in real arithmetic"],
        source: Source { work: "poly-kernel, output_error", result: "Proof" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.monomial.identity",
        kind: ClaimKind::Numerical,
        statement: "Σ_a sign_a φ_a(x) φ_a(y) = Σⱼ cⱼ (x·y)ʲ with C(d + g, g) features, and ‖φ(x)‖ ≤ norm_bound(‖x‖)",
        hypotheses: &["up to the rounding of r products in f64"],
        source: Source { work: "multinomial theorem", result: "φ_a = √(cⱼ j!/∏aᵢ!) x^a" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "kernel.random.unbiased",
        kind: ClaimKind::Utility,
        statement: "trigonometric, positive (single, hyperbolic) and optimal positive features have E[φ(x)·φ(y)] = e^{x·y}, with a relative standard deviation of at most kernel_error, attained by one frequency",
        hypotheses: &["x and y do not depend on the draw", "‖x‖, ‖y‖ ≤ radius"],
        source: Source {
            work: "Rahimi, Recht 2007; Choromanski et al. 2021; Likhosherstov et al. 2022; poly-kernel",
            result: "Error, at each type",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.random.norm",
        kind: ClaimKind::Numerical,
        statement: "norms stated as deterministic hold for every draw: ‖φ(x)‖ = e^{‖x‖²/2} of trigonometric features, ‖φ(x)‖² ≤ f(d‖x‖²) of random Maclaurin features and tensor sketches",
        hypotheses: &["up to the rounding of the features"],
        source: Source { work: "poly-kernel", result: "Norm, at each type" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.random.polynomial",
        kind: ClaimKind::Utility,
        statement: "random Maclaurin features and tensor sketches have mean f(x·y) and variance at most Σ (cₙ²/mₙ) B²ⁿ((3 − 2/d)ⁿ − 1), which the former attain",
        hypotheses: &["x and y do not depend on the draw", "‖x‖², ‖y‖² ≤ B"],
        source: Source {
            work: "Kar, Karnick 2012; Pham, Pagh 2013; poly-kernel",
            result: "Error, at each type",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.nystrom.residual",
        kind: ClaimKind::Numerical,
        statement: "|e^{x·y} − φ(x)·φ(y)| ≤ √(ρ(x)ρ(y)) with the residuals as computed, and ‖φ(x)‖ ≤ e^{‖x‖²/2}",
        hypotheses: &[
            "library exp good to two units in the last place",
            "features within 1e-6 of their exact values, relative to e^{‖x‖²/2}",
        ],
        source: Source { work: "Williams, Seeger 2001; poly-kernel, NystromMap", result: "Norm; Error" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.fixed_point.rounding",
        kind: ClaimKind::Numerical,
        statement: "|2⁻ˢ φ̃_a(x) − φ_a(x)| ≤ entry_error() for every feature",
        hypotheses: &["‖x‖ ≤ radius"],
        source: Source { work: "poly-kernel, FixedPointFeatures", result: "Error bound" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.fixed_point.norm_bound",
        kind: ClaimKind::Numerical,
        statement: "Σ φ̃_a(x)² ≤ max_squared_norm() for every input whatsoever, and every x with ‖x‖ ≤ radius counts",
        hypotheses: &[],
        source: Source { work: "poly-kernel, FixedPointFeatures", result: "Absent points; Error bound" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.moments.fused",
        kind: ClaimKind::Numerical,
        statement: "the fused sums equal Σᵢ φ̃(xᵢ)ũᵢᵀ as integers modulo 2⁶⁴, in any order, partition and tree of merges",
        hypotheses: &[],
        source: Source { work: "poly-kernel, FixedPointMoments", result: "Guarantee" },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "kernel.moments.row_locality",
        kind: ClaimKind::Numerical,
        statement: "the integers of a point are a function of that point alone: not of its place in a block, of its neighbours, of padding or of the vector width",
        hypotheses: &["IEEE 754 + − × ÷ √ in round-to-nearest"],
        source: Source { work: "poly-kernel, FixedPointFeatures", result: "front page of the type" },
        status: ClaimStatus::Ours,
    },
];
