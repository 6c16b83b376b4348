//! Readouts from one decomposition of the noisy `ΦᵀΦ`.

use super::moments::NoisyMoments;
use super::ridge::{PrivateRidge, Solver, check_multiple};
use crate::Error;
use dp_linalg::{Mat, Parallelism, SymmetricEigen, matmul, matmul_tn};
use std::sync::Arc;

/// The eigenvalues and eigenvectors of noisy moments.
#[derive(Debug, Clone)]
pub struct NoisySpectrum {
    moments: NoisyMoments,
    values: Vec<f64>,
    vectors: Arc<Mat>,
    cross: Mat,
    /// `VᵀĈ`.
    rotated: Mat,
}

impl NoisySpectrum {
    pub(super) fn new(moments: &NoisyMoments) -> Result<Self, Error> {
        let eigen = SymmetricEigen::new(moments.gram().as_ref())?;
        let cross = moments.cross();
        let rotated = matmul_tn(eigen.vectors(), cross.as_ref(), moments.options().parallelism())?;
        Ok(Self {
            moments: moments.clone(),
            values: eigen.values().to_vec(),
            vectors: Arc::new(eigen.vectors().to_owned()),
            cross,
            rotated,
        })
    }

    /// Eigenvalues, increasing.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Ridge regression with a ridge of `multiple` noise radii on the positive semidefinite matrix nearest to the noisy `ΦᵀΦ`.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless positive and finite.
    pub fn projected_ridge(&self, multiple: f64) -> Result<PrivateRidge, Error> {
        check_multiple(multiple)?;
        let ridge = multiple * self.moments.noise_radius();
        let filter: Vec<f64> = self.values.iter().map(|value| 1.0 / (value.max(0.0) + ridge)).collect();
        let threads: Parallelism = self.moments.options().parallelism();
        let scaled =
            Mat::from_fn(self.rotated.nrows(), self.rotated.ncols(), |i, j| filter[i] * self.rotated[(i, j)]);
        let weights = matmul(self.vectors.as_ref().as_ref(), scaled.as_ref(), threads)?;
        let projected = self.values.first().map_or(0.0, |least| (-least).max(0.0));
        let solver = Solver::Spectral { vectors: Arc::clone(&self.vectors), filter };
        Ok(PrivateRidge::new(self.moments.clone(), (weights, self.cross.clone()), (ridge, projected), solver))
    }
}
