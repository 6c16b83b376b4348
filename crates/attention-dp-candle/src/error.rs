//! What can go wrong.

/// Failures of this crate. As in attention-dp, none depends on what private tensors contain.
///
/// ```
/// use attention_dp_candle::{Error, PrivateCrossAttention};
/// use dp_mechanisms::FailureProbability;
///
/// let nothing = PrivateCrossAttention::new(Vec::new(), FailureProbability::new(0.1).unwrap());
/// assert!(matches!(nothing, Err(Error::NoHeads)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Attention without a head, or more heads than numbers can count.
    #[error("at least one head is needed, and at most 2³²")]
    NoHeads,
    /// A tensor has another shape.
    #[error("{what} have shape {found:?} where {expected} is needed, with {heads} heads")]
    Shape {
        /// Which tensor.
        what: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// What was expected.
        expected: &'static str,
        /// Number of heads.
        heads: usize,
    },
    /// Attention refuses.
    #[error(transparent)]
    Attention(#[from] attention_dp::Error),
    /// A mechanism refuses.
    #[error(transparent)]
    Mechanism(#[from] dp_mechanisms::Error),
    /// A matrix has an impossible shape.
    #[error(transparent)]
    Matrix(#[from] dp_linalg::Error),
    /// A tensor operation refuses.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}
