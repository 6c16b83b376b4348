//! What this crate promises, as data.

use dp_claims::{Claim, ClaimKind, ClaimStatus, Source};

/// Every claim of this crate; `u = 2⁻⁵³`, `ε = 2u`, `γ_k = ku/(1 − ku)`.
///
/// ```
/// assert!(dp_linalg::claims::CLAIMS.iter().all(|claim| claim.id.starts_with("linalg.")));
/// ```
pub const CLAIMS: &[Claim] = &[
    Claim {
        id: "linalg.exact_product.integers",
        kind: ClaimKind::Numerical,
        statement: "ExactProductSum returns Σ leftᵀ·right exactly, for every order, partition and merge tree of the rows",
        hypotheses: &[
            "entries are integers within the stated bounds A and B",
            "AB < 2⁵³ (checked)",
            "rows·AB < 2⁶³; beyond, exact modulo 2⁶⁴",
        ],
        source: Source {
            work: "dp-linalg",
            result: "module `exact`: partial sums below 2⁵³ are integers of binary64",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "linalg.product.forward_error",
        kind: ClaimKind::Numerical,
        statement: "|C − AB| ≤ γ_k |A||B| entrywise for inner dimension k, for every thread count, with u = 2⁻⁵³ in f64 and 2⁻²⁴ in f32",
        hypotheses: &["no overflow and no underflow", "k·u < 1"],
        source: Source { work: "Higham 2002", result: "Section 3.5, equation (3.13)" },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "linalg.cholesky.backward_error",
        kind: ClaimKind::Numerical,
        statement: "|A − LLᵀ| ≤ γ_{n+6} |L||Lᵀ| entrywise whenever the factorisation succeeds",
        hypotheses: &["A symmetric of order n", "no overflow and no underflow"],
        source: Source {
            work: "Higham 2002",
            result: "Theorem 10.3, with the roundings of a reciprocal square root",
        },
        status: ClaimStatus::Published,
    },
    Claim {
        id: "linalg.eigen.backward_error",
        kind: ClaimKind::Numerical,
        statement: "‖A − VΛVᵀ‖_F ≤ 8nε‖A‖_F and ‖VᵀV − I‖_F ≤ 8nε",
        hypotheses: &["A symmetric of order n", "no underflow after scaling"],
        source: Source {
            work: "Golub and Van Loan 2013, constant fixed and checked in dp-linalg",
            result: "Section 8.3: backward stability of tridiagonal QR",
        },
        status: ClaimStatus::Ours,
    },
    Claim {
        id: "linalg.leverage.trace",
        kind: ClaimKind::Numerical,
        statement: "leverage scores of an (n, d) matrix sum to its rank within 8·max(n, d)·d·ε",
        hypotheses: &["numerical rank at threshold max(n, d)·ε·|R₁₁| is the rank"],
        source: Source {
            work: "Higham 2002, constant fixed and checked in dp-linalg",
            result: "Theorem 19.4: orthogonality of a Householder Q; trace of a projection is its rank",
        },
        status: ClaimStatus::Ours,
    },
];

#[cfg(test)]
mod tests {
    use super::CLAIMS;

    #[test]
    fn claim_ids_are_dotted_names_and_unique() {
        assert_eq!(dp_claims::malformed_ids(CLAIMS), Vec::<&str>::new());
    }
}
