//! The memory of all heads: private, then released.

use crate::error::Error;
use crate::tensors::matrices;
use attention_dp::{AttentionMoments, RowAdjacency, MomentOptions, PrivateMoments, Rows};
use candle_core::Tensor;
use core::fmt;
use dp_mechanisms::{Delta, Epsilon, LatticeGaussian, LatticeL2Sensitivity, PrivacyProfile};
use rand::CryptoRng;

/// Keys and values of a private memory in several heads, not yet released.
///
/// A *token* of the memory is one row in every head, and is protected as a whole: adding, removing or replacing it moves the
/// moments of all `H` heads together by `√H` times what it moves one.
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private for all heads together under the adjacency `A`, on tokens, on the
/// machine as run. That the projections to keys and values do not depend on the memory is the caller's part.
///
/// # Example
///
/// See the [crate](crate).
pub struct PrivateHeads<A> {
    adjacency: A,
    heads: Vec<PrivateMoments<A>>,
}

impl<A: RowAdjacency> PrivateHeads<A> {
    /// An empty memory with the same options in each head.
    ///
    /// # Errors
    ///
    /// [`Error::NoHeads`], and those of [`PrivateMoments::new`].
    pub fn new(adjacency: A, options: &MomentOptions, heads: usize) -> Result<Self, Error> {
        if heads == 0 || heads > 1 << 32 {
            return Err(Error::NoHeads);
        }
        let head = |_| PrivateMoments::new(adjacency, options.clone());
        Ok(Self { adjacency, heads: (0..heads).map(head).collect::<Result<_, _>>()? })
    }

    /// Adds tokens: keys `(heads, n, d)` and values `(heads, n, d_v)`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] or [`Error::Attention`] for a wrong shape; never because of an entry.
    pub fn push(&mut self, keys: &Tensor, values: &Tensor) -> Result<(), Error> {
        let heads = self.heads.len();
        for (what, tensor) in [("keys", keys), ("values", values)] {
            if tensor.rank() != 3 || tensor.dims()[0] != heads {
                let found = tensor.dims().to_vec();
                return Err(Error::Shape { what, found, expected: "(heads, n, d)", heads });
            }
        }
        let (keys, values) = (matrices(keys)?, matrices(values)?);
        let rows = keys.iter().zip(&values).map(|(k, v)| Rows::new(self.adjacency, k.as_ref(), v.as_ref()));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        self.heads.iter_mut().zip(rows).try_for_each(|(head, rows)| head.push(rows))?;
        Ok(())
    }

    /// Releases the moments of all heads with noise that gives all of them together (ε, δ)-differential privacy.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] or [`Error::Attention`] if the target needs more noise than the lattice carries.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<ReleasedHeads<A>, Error> {
        let one = self.adjacency.sensitivity(self.heads[0].geometry())?;
        let all = LatticeL2Sensitivity::from_square_product(
            one.square(),
            self.heads.len() as u128,
            self.adjacency,
        )?;
        let mechanism = LatticeGaussian::calibrate(epsilon, delta, all)?;
        let release = |head: PrivateMoments<A>| {
            let release = head.release_with(&mechanism, rng)?;
            Ok(release.value().clone())
        };
        let heads = self.heads.into_iter().map(release).collect::<Result<_, Error>>()?;
        Ok(ReleasedHeads { heads, profile: mechanism.profile().clone() })
    }

    /// The moments without any noise: *not private*, for measuring what the features alone cost.
    ///
    /// # Errors
    ///
    /// None that [`new`](Self::new) has not already excluded.
    pub fn assume_public(self) -> Result<Vec<AttentionMoments>, Error> {
        self.heads.into_iter().map(|head| Ok(head.assume_public()?)).collect()
    }
}

impl<A: RowAdjacency> fmt::Debug for PrivateHeads<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateHeads")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("heads", &self.heads.len())
            .finish_non_exhaustive()
    }
}

/// Released moments of all heads, with the guarantee of all of them together.
///
/// # Example
///
/// ```
/// fn epsilon(released: &attention_dp_candle::ReleasedHeads<dp_mechanisms::AddRemoveRow>) -> f64 {
///     released.profile().epsilon(dp_mechanisms::Delta::new(1e-6).unwrap())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ReleasedHeads<A> {
    heads: Vec<AttentionMoments>,
    profile: PrivacyProfile<A>,
}

impl<A> ReleasedHeads<A> {
    /// The moments, head by head.
    #[must_use]
    pub fn heads(&self) -> &[AttentionMoments] {
        &self.heads
    }

    /// The moments, head by head.
    #[must_use]
    pub fn into_heads(self) -> Vec<AttentionMoments> {
        self.heads
    }

    /// What is guaranteed for all heads together.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        &self.profile
    }
}
