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
        id: "kernel.monomial.identity",
        kind: ClaimKind::Numerical,
        statement: "φ(x)·φ(y) = Σⱼ cⱼ (x·y)ʲ with C(d + g, g) features, and ‖φ(x)‖ ≤ norm_bound(‖x‖)",
        hypotheses: &["cⱼ ≥ 0", "up to the rounding of r products in f64"],
        source: Source { work: "multinomial theorem", result: "φ_a = √(cⱼ j!/∏aᵢ!) x^a" },
        status: ClaimStatus::Published,
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
