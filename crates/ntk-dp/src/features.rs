//! Explicit features whose dot products are a kernel, or stand in for one.

use crate::Error;
use poly_kernel::{MonomialMap, TensorSketch};
use rand::Rng;

/// The features of `σ²⟨x, y⟩²` on points of dimension `dim`: [`Kernel::quadratic`](crate::Kernel::quadratic) exactly.
///
/// There are `C(d + 2, 2)`, of which the `d(d + 1)/2` of degree two are not zero.
///
/// # Errors
/// [`Error::Features`] for no dimension, a variance outside `1e-150 … 1e150`, or too many features.
///
/// ```
/// let map = ntk_dp::quadratic_features(2, 0.5)?;
/// let (mut fx, mut fy) = ([0.0; 6], [0.0; 6]);
/// map.apply(&[1.0, 2.0], &mut fx)?;
/// map.apply(&[3.0, -1.0], &mut fy)?;
/// let product: f64 = fx.iter().zip(&fy).map(|(a, b)| a * b).sum();
/// let kernel = ntk_dp::Kernel::quadratic(0.5)?;
/// assert!((product - kernel.value(&[1.0, 2.0], &[3.0, -1.0])?).abs() < 1e-14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn quadratic_features(dim: usize, weight_variance: f64) -> Result<MonomialMap, Error> {
    Ok(MonomialMap::new(dim, &[0.0, 0.0, weight_variance])?)
}

/// `feature_count` random features of `σ²⟨x, y⟩²`, for large `d`: unbiased, with a bounded
/// [variance](TensorSketch::variance_bound).
///
/// # Errors
/// [`Error::Features`] as for [`TensorSketch::new`].
///
/// ```
/// use rand::SeedableRng;
///
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let map = ntk_dp::quadratic_sketch(500, 1.0, 4096, rng)?;
/// assert!(map.variance_bound(1.0) < 2e-3); // (x·y)² for points of length up to 1
/// # Ok::<(), ntk_dp::Error>(())
/// ```
pub fn quadratic_sketch<R: Rng + ?Sized>(
    dim: usize,
    weight_variance: f64,
    feature_count: usize,
    rng: &mut R,
) -> Result<TensorSketch, Error> {
    Ok(TensorSketch::new(dim, &[0.0, 0.0, weight_variance], feature_count, rng)?)
}
