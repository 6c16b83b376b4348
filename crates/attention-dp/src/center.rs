//! A private centre of the keys.

use crate::claims;
use crate::error::Error;
use crate::options::{Bounds, MomentOptions, Shape};
use crate::private::PrivateMoments;
use crate::rows::Rows;
use crate::sensitivity::RowAdjacency;
use core::fmt;
use dp_linalg::Mat;
use dp_mechanisms::{Delta, Epsilon, FailureProbability, PrivacyProfile, Release};
use rand::CryptoRng;

/// The mean of private keys, estimated under a budget of its own: a centre for
/// [`with_key_center`](MomentOptions::with_key_center).
///
/// Attention does not change under a shift of all keys, but the radius that keys need does: for keys that lie around a
/// vector far from zero a small part of the budget spent on it saves more noise than it costs. The mean is that of
/// keys scaled back to the radius given here; it is released as moments of degree zero, whose values are the keys.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, PrivateCenter, PrivateMoments, Rows, Shape};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
///
/// let keys = Mat::from_fn(20_000, 2, |i, j| 3.0 + ((i * (j + 1)) as f64).sin() / 4.0);
/// let values = Mat::from_fn(20_000, 1, |i, _| keys[(i, 0)] - 3.0);
/// let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?;
/// let rng = &mut secure_rng()?;
///
/// let mut center = PrivateCenter::new(AddRemoveRow, 2, 6.0)?;
/// center.push(rows)?;
/// let center = center.release(Epsilon::new(0.1)?, Delta::new(1e-7)?, rng)?;
/// assert!((center.value()[0] - 3.0).abs() < 0.1);
///
/// let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(2.0, 0.5, 0.5)?);
/// let options = MomentOptions::new(shape, bounds, 4)
///     .with_key_center(center.value().clone()); // the radius is 0.5, not 4.6
/// let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
/// moments.push(rows)?;
/// let both = center.and(moments.release(Epsilon::new(0.9)?, Delta::new(9e-7)?, rng)?)?;
/// assert!(both.certificate().guarantee().delta(1.0) <= 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateCenter<A> {
    moments: PrivateMoments<A>,
}

impl<A: RowAdjacency> PrivateCenter<A> {
    /// An empty mean of keys with `key_dim` coordinates, which are scaled back to norm `radius`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for the radius, [`Error::EmptyShape`] for dimension zero.
    pub fn new(adjacency: A, key_dim: usize, radius: f64) -> Result<Self, Error> {
        // one constant feature, at the only query there is
        let shape = Shape { key_dim: 1, value_dim: key_dim };
        let options = MomentOptions::new(shape, Bounds::new(1e-3, 1e-3, radius)?, 0).with_resolution(10, 22);
        Ok(Self { moments: PrivateMoments::new(adjacency, options)? })
    }

    /// Adds the keys of a chunk of rows.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] for rows of another adjacency, [`Error::Dimension`], before any row is looked at.
    pub fn push(&mut self, rows: Rows<'_, A>) -> Result<(), Error> {
        let zeros = Mat::zeros(rows.keys().nrows(), 1);
        self.moments.push(Rows::new(rows.adjacency(), zeros.as_ref(), rows.keys())?)
    }

    /// Releases the mean; zero where the number of keys does not rise above the noise.
    ///
    /// # Errors
    ///
    /// As [`PrivateMoments::release`], by dimensions and budget alone.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<Vec<f64>, PrivacyProfile<A>>, Error> {
        let key_dim = self.moments.geometry().options().shape().value_dim;
        let confidence = FailureProbability::new(1e-3)?;
        let released = self.moments.release(epsilon, delta, rng)?.with_claim(claims::CENTER_PRIVACY);
        let answer = released.value().fixed_query_reader(confidence)?.query(&[0.0])?;
        let center =
            answer.estimate().map_or_else(|| vec![0.0; key_dim], |estimate| estimate.value().to_vec());
        Ok(released.postprocess(|_| center))
    }
}

impl<A: RowAdjacency> fmt::Debug for PrivateCenter<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCenter").finish_non_exhaustive()
    }
}
