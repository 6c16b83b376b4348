//! Readouts from one decomposition of the noisy `ΦᵀΦ`.

use super::moments::NoisyMoments;
use super::ridge::{PrivateRidge, Solver, check_multiple};
use crate::Error;
use dp_linalg::{Mat, SymmetricEigen, matmul, matmul_tn};
use std::sync::Arc;

/// The eigenvalues and eigenvectors of noisy moments, from which any number of fits is made.
///
/// # The choice of a ridge
/// No data are needed, and no budget: [`risk`](Self::risk) estimates from the release alone how well each fit does on the private rows.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
/// use ntk_dp::private::{PrivateRecords, RecordOptions, private_moments};
///
/// let features = Mat::from_fn(5000, 30, |i, j| ((i * (j + 3)) as f64 * 0.1).sin());
/// let targets = Mat::from_fn(5000, 1, |i, _| features[(i, 0)] - features[(i, 7)]);
/// let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), targets.as_ref()));
/// let options = RecordOptions::values(30, 1, 2.0)?;
/// let release = private_moments(records, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let spectrum = release.value().spectrum()?;
/// let model = spectrum.least_risk()?;
/// // no fit of the list is estimated to do better
/// assert!(spectrum.risk(model.ridge() / release.value().noise_radius())? <= spectrum.risk(4.0)?);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
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
    /// Multiples from 0.1 to 0.5 are usual.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless positive and finite.
    pub fn projected_ridge(&self, multiple: f64) -> Result<PrivateRidge, Error> {
        let ridge = check_multiple(multiple)? * self.moments.noise_radius();
        let filter: Vec<f64> = self.values.iter().map(|value| 1.0 / (value.max(0.0) + ridge)).collect();
        let scaled =
            Mat::from_fn(self.rotated.nrows(), self.rotated.ncols(), |i, j| filter[i] * self.rotated[(i, j)]);
        let threads = self.moments.options().parallelism();
        let weights = matmul(self.vectors.as_ref().as_ref(), scaled.as_ref(), threads)?;
        let projected = self.values.first().map_or(0.0, |least| (-least).max(0.0));
        let solver = Solver::Spectral { vectors: Arc::clone(&self.vectors), filter };
        let fitted = (weights, self.cross.clone());
        Ok(PrivateRidge::new(self.moments.clone(), fitted, (ridge, projected), solver))
    }

    /// An unbiased estimate, from the release alone, of the squared loss of [`projected_ridge`](Self::projected_ridge) on the private rows,
    /// `‖Φŵ − Y‖² − ‖Y‖²`: negative, and the less the better.
    ///
    /// The loss is `tr ŵᵀGŵ − 2tr ŵᵀC`; with the noisy `Ĝ` and `Ĉ` in place of `G` and `C` it is too small, as `ŵ` follows the noise. By
    /// Stein's lemma (Stein 1981) the difference has the mean of a divergence that is known: with eigenvalues `λ`, `f = 1/(max(λ, 0) + ρ)`,
    /// divided differences `f[λᵢ, λⱼ]`, and `c² = ‖vᵀĈ‖²` for each eigenvector,
    ///
    /// ```text
    /// Σᵢ (λᵢfᵢ² − 2fᵢ) cᵢ²  +  2τ²k Σᵢ fᵢ  −  σ² ( Σᵢⱼ f[λᵢ, λⱼ] fⱼcⱼ²  +  Σᵢ f[λᵢ, λᵢ] fᵢcᵢ² )
    /// ```
    ///
    /// (docs/theorems.md, Private regression). The number of right classes is best at somewhat smaller ridges than the squared loss.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless `multiple` is positive and finite.
    pub fn risk(&self, multiple: f64) -> Result<f64, Error> {
        let ridge = check_multiple(multiple)? * self.moments.noise_radius();
        let squares: Vec<f64> =
            self.rotated.rows().map(|row| row.iter().map(|c| c * c).sum::<f64>()).collect();
        let (sigma, tau) = (self.moments.gram_noise_std(), self.moments.cross_noise_std());
        let filter = |value: f64| 1.0 / (value.max(0.0) + ridge);
        let (mut fitted, mut trace, mut divergence) = (0.0, 0.0, 0.0);
        for (&value, &square) in self.values.iter().zip(&squares) {
            let f = filter(value);
            fitted += (value * f - 2.0) * f * square;
            trace += f;
            let differences: f64 =
                self.values.iter().map(|&other| divided_difference(other, value, ridge)).sum();
            divergence += (differences + divided_difference(value, value, ridge)) * f * square;
        }
        let columns = self.rotated.ncols() as f64;
        Ok(fitted + 2.0 * tau * tau * columns * trace - sigma * sigma * divergence)
    }

    /// [`projected_ridge`](Self::projected_ridge) with the least estimated [`risk`](Self::risk) of multiples `2^{k/2}`, from 1/32 to 4.
    ///
    /// # Errors
    /// [`Error::Linalg`].
    pub fn least_risk(&self) -> Result<PrivateRidge, Error> {
        let (mut best, mut least) = (1.0, f64::INFINITY);
        for k in -10..=4 {
            let multiple = 2.0_f64.powf(0.5 * f64::from(k));
            let risk = self.risk(multiple)?;
            if risk < least {
                (best, least) = (multiple, risk);
            }
        }
        self.projected_ridge(best)
    }
}

/// `(f(a) − f(b))/(a − b)` of `f(λ) = 1/(max(λ, 0) + ρ)`, without cancellation; the derivative where both are equal.
fn divided_difference(a: f64, b: f64, ridge: f64) -> f64 {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    if high <= 0.0 {
        0.0
    } else if low >= 0.0 {
        -1.0 / ((low + ridge) * (high + ridge))
    } else {
        -high / (ridge * (high + ridge) * (high - low))
    }
}
