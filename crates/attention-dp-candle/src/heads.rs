//! The memory of all heads, from tensors.

use crate::error::Error;
use crate::tensors::matrices;
use attention_dp::{AttentionMoments, MomentOptions, PrivateHeads, RowAdjacency, Rows};
use candle_core::Tensor;
use core::fmt;
use dp_mechanisms::{Delta, Epsilon, PrivacyProfile, Release};
use rand::CryptoRng;

/// Keys and values of a private memory in several heads, not yet released: [`PrivateHeads`] that are filled from tensors.
///
/// A *token* of the memory is one row in every head, and is protected as a whole.
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private for all heads together under the adjacency `A`, on tokens, on the
/// machine as run. That the projections to keys and values do not depend on the memory is the caller's part.
///
/// # Example
///
/// See the [crate](crate).
pub struct PrivateMemory<A> {
    adjacency: A,
    heads: PrivateHeads<A>,
}

impl<A: RowAdjacency> PrivateMemory<A> {
    /// An empty memory with the same options in each head.
    ///
    /// # Errors
    ///
    /// Those of [`PrivateHeads::new`].
    pub fn new(adjacency: A, options: &MomentOptions, heads: usize) -> Result<Self, Error> {
        Ok(Self { adjacency, heads: PrivateHeads::new(adjacency, vec![options.clone(); heads])? })
    }

    /// Adds tokens: keys `(heads, n, d)` and values `(heads, n, d_v)`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] or [`Error::Attention`] for a wrong shape; never because of an entry.
    pub fn push(&mut self, keys: &Tensor, values: &Tensor) -> Result<(), Error> {
        let heads = self.heads.heads().len();
        for (what, tensor) in [("keys", keys), ("values", values)] {
            if tensor.rank() != 3 || tensor.dims()[0] != heads {
                let found = tensor.dims().to_vec();
                return Err(Error::Shape { what, found, expected: "(heads, n, d)", heads });
            }
        }
        let (keys, values) = (matrices(keys)?, matrices(values)?);
        let rows = keys.iter().zip(&values).map(|(k, v)| Rows::new(self.adjacency, k.as_ref(), v.as_ref()));
        Ok(self.heads.push(&rows.collect::<Result<Vec<_>, _>>()?)?)
    }

    /// Releases the moments of all heads with noise that gives all of them together (ε, δ)-differential privacy.
    ///
    /// # Errors
    ///
    /// [`Error::Attention`] if the target needs more noise than the lattice carries.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<Vec<AttentionMoments>, PrivacyProfile<A>>, Error> {
        Ok(self.heads.release(epsilon, delta, rng)?)
    }

    /// The moments without any noise: *not private*, for measuring what the features alone cost.
    ///
    /// # Errors
    ///
    /// None that [`new`](Self::new) has not already excluded.
    pub fn assume_public(self) -> Result<Vec<AttentionMoments>, Error> {
        Ok(self.heads.assume_public()?)
    }
}

impl<A: RowAdjacency> fmt::Debug for PrivateMemory<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateMemory")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("heads", &self.heads.heads().len())
            .finish_non_exhaustive()
    }
}
