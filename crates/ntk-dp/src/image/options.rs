//! Which coordinates features have, and how long these are.

use crate::Error;

/// Coordinates in which the cells of a map are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CellBasis {
    /// One cell after another.
    Cells,
    /// Frequencies of the discrete cosine transform: low ones, which say what is where in rough terms, come first.
    Frequencies,
}

/// How [`ImageFeatures`](super::ImageFeatures) are made from scattering coefficients.
///
/// Nothing here touches a guarantee: features stay functions of one image each. The defaults are those that a search on drawn pictures and on MNIST found
/// (benches/README.md).
///
/// ```
/// use ntk_dp::image::{CellBasis, FeatureOptions};
///
/// let options = FeatureOptions::new(256).with_basis(CellBasis::Cells).with_whitening(0.5)?;
/// assert_eq!((options.dim(), options.whitening()), (256, 0.5));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct FeatureOptions {
    dim: usize,
    basis: CellBasis,
    whitening: f64,
}

impl FeatureOptions {
    /// `dim` numbers an image, over frequencies, whitened.
    #[must_use]
    pub const fn new(dim: usize) -> Self {
        Self { dim, basis: CellBasis::Frequencies, whitening: 1.0 }
    }

    /// Coordinates in which cells are looked at; [`CellBasis::Frequencies`] unless said otherwise.
    #[must_use]
    pub const fn with_basis(self, basis: CellBasis) -> Self {
        Self { basis, ..self }
    }

    /// The power of its standard deviation, among public images, that a coordinate is divided by: 1, unless said otherwise, makes all coordinates equally
    /// long, and 0 leaves them as they are. Whatever it is, the variances of all coordinates among public images sum to their number.
    ///
    /// # Errors
    /// [`Error::Whitening`] unless it is from 0 to 1.
    pub fn with_whitening(self, whitening: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&whitening) {
            Ok(Self { whitening, ..self })
        } else {
            Err(Error::Whitening { value: whitening })
        }
    }

    /// Numbers an image.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.dim
    }

    /// Coordinates in which cells are looked at.
    #[must_use]
    pub const fn basis(&self) -> CellBasis {
        self.basis
    }

    /// Power of the standard deviation that coordinates are divided by.
    #[must_use]
    pub const fn whitening(&self) -> f64 {
        self.whitening
    }
}
