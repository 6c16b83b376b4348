//! What is released: noisy moments, and their units.

use super::encode::{RowEncoder, TargetCode, row_unit};
use super::flatten::Flattening;
use super::mechanism::RecordMechanism;
use super::options::RecordOptions;
use super::ridge::{PrivateRidge, Solver, check_multiple};
use super::sensitivity::RecordAdjacency;
use super::spectrum::NoisySpectrum;
use crate::Error;
use dp_linalg::{Cholesky, Mat};
use dp_mechanisms::noise::FrobeniusGaussian;
use dp_mechanisms::symmetric::packed_len;
use dp_mechanisms::{FailureProbability, NoiseStd, SymmetricLatticeMatrix};

/// One round of a flattening as it is written to a file.
#[cfg(feature = "io")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlatteningParts {
    /// `(D, r)`, integers.
    pub(crate) directions: Mat,
    /// As applied.
    pub(crate) factors: Vec<f64>,
}

/// What was released before the moments.
#[cfg(feature = "io")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReleasedParts {
    pub(crate) centre: Option<Vec<f64>>,
    pub(crate) flattenings: Vec<FlatteningParts>,
}

/// Released `ΦᵀΦ` and `ΦᵀY` with Gaussian noise: everything computed from them is post-processing.
///
/// Rows `φ` have a length of at most one, after centring if there was one, and end with the intercept if there is one; `D` counts it. Targets
/// are centred one-hot vectors, or the numbers themselves.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
/// use ntk_dp::private::{PrivateRecords, RecordOptions, private_moments};
///
/// // two classes on a circle: right and left
/// let features = Mat::from_fn(4000, 2, |i, j| if j == 0 { (0.7 * i as f64).cos() } else { (0.7 * i as f64).sin() });
/// let labels: Vec<usize> = features.rows().map(|x| usize::from(x[0] < 0.0)).collect();
///
/// let options = RecordOptions::classes(2, 2)?;
/// let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), &labels[..]));
/// let release = private_moments(records, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// let model = release.value().ridge(2.0)?; // unlimited predictions, at no further cost
/// let found = model.classify(features.as_ref())?;
/// assert!(found.iter().zip(&labels).filter(|(a, b)| a == b).count() > 3800);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyMoments {
    options: RecordOptions,
    encoder: RowEncoder,
    code: TargetCode,
    /// Of order `D + k`; the block of targets is noise alone.
    moments: SymmetricLatticeMatrix,
    noise_std: NoiseStd,
}

impl NoisyMoments {
    pub(super) fn new<A: RecordAdjacency>(
        mechanism: &RecordMechanism<A>,
        encoder: RowEncoder,
        moments: SymmetricLatticeMatrix,
    ) -> Self {
        let options = *mechanism.options();
        let noise_std = mechanism.moments().noise_std();
        Self { options, encoder, code: TargetCode::new(&options), moments, noise_std }
    }

    /// What a file holds beside the integers.
    #[cfg(feature = "io")]
    pub(crate) fn parts(&self) -> ReleasedParts {
        let flattenings = self.encoder.flattenings().iter().map(Flattening::parts).collect();
        ReleasedParts { centre: self.encoder.centre().map(<[f64]>::to_vec), flattenings }
    }

    /// None if the parts do not belong to the mechanism, or are out of bounds.
    #[cfg(feature = "io")]
    pub(crate) fn from_parts<A: RecordAdjacency>(
        mechanism: &RecordMechanism<A>,
        parts: ReleasedParts,
        moments: SymmetricLatticeMatrix,
    ) -> Option<Self> {
        let options = mechanism.options();
        let mut encoder = RowEncoder::new(options).with_centre(parts.centre);
        for part in parts.flattenings {
            encoder = encoder.with_flattening(Flattening::from_parts(part)?);
        }
        let centre_fits = match encoder.centre() {
            None => options.centre().is_none(),
            Some(centre) => {
                let square: f64 = centre.iter().map(|x| x * x).sum();
                options.centre().is_some() && centre.len() == options.dim() && square <= 1.0 + 1e-9
            }
        };
        let directions_fit = encoder.flattenings().len() == options.flattening_rounds() as usize
            && encoder.flattenings().iter().all(|round| round.directions().nrows() == options.dim());
        let fits = centre_fits
            && directions_fit
            && moments.order() == encoder.encoded_dim() + options.columns()
            && moments.lattice().exponent() == 0;
        fits.then(|| Self::new(mechanism, encoder, moments))
    }

    /// The options.
    #[must_use]
    pub const fn options(&self) -> &RecordOptions {
        &self.options
    }

    /// The released centre of rows, at a length of at most one, if there is one.
    #[must_use]
    pub fn centre(&self) -> Option<&[f64]> {
        self.encoder.centre()
    }

    /// Released directions `(D, r)` in which rows are shrunk, in units of `2⁻²⁰`, for each round of the flattening.
    pub fn flattened_directions(&self) -> impl Iterator<Item = &Mat> {
        self.encoder.flattenings().iter().map(Flattening::directions)
    }

    /// The released integers, of order `D + k`: rows of length one have `R − ½√D − ¼` steps, and the block of targets is noise alone.
    #[must_use]
    pub const fn lattice(&self) -> &SymmetricLatticeMatrix {
        &self.moments
    }

    /// `D`, with the intercept.
    #[must_use]
    pub fn order(&self) -> usize {
        self.encoder.encoded_dim()
    }

    /// Steps in a row of length one, as rows were multiplied.
    fn row_unit(&self) -> f64 {
        row_unit(self.order())
    }

    /// What one step of `ΦᵀΦ` is worth.
    fn gram_unit(&self) -> f64 {
        1.0 / (self.row_unit() * self.row_unit())
    }

    /// Noisy `ΦᵀΦ`, shape `(D, D)`.
    #[must_use]
    pub fn gram(&self) -> Mat {
        let (dim, packed, unit) = (self.order(), self.moments.packed(), self.gram_unit());
        let mut gram = Mat::zeros(dim, dim);
        for i in 0..dim {
            let row = &packed[packed_len(i)..=packed_len(i) + i];
            gram.row_mut(i)[..=i].iter_mut().zip(row).for_each(|(g, steps)| *g = *steps as f64 * unit);
        }
        mirror(&mut gram);
        gram
    }

    /// Noisy `ΦᵀY`, shape `(D, k)`.
    #[must_use]
    pub fn cross(&self) -> Mat {
        let unit = self.cross_unit();
        let dim = self.order();
        Mat::from_fn(dim, self.options.columns(), |i, j| self.moments.get(dim + j, i) as f64 * unit)
    }

    /// What one step of `ΦᵀY` is worth.
    fn cross_unit(&self) -> f64 {
        self.code.step() / self.row_unit()
    }

    /// Standard deviation of the noise on the diagonal of [`gram`](Self::gram); `1/√2` of it off the diagonal.
    #[must_use]
    pub fn gram_noise_std(&self) -> f64 {
        self.noise_std.get() * self.gram_unit()
    }

    /// Standard deviation of the noise on each entry of [`cross`](Self::cross).
    #[must_use]
    pub fn cross_noise_std(&self) -> f64 {
        self.noise_std.get() / 2.0_f64.sqrt() * self.cross_unit()
    }

    /// About the spectral norm of the noise on [`gram`](Self::gram), `σ√(2D)`: the natural unit of a ridge.
    #[must_use]
    pub fn noise_radius(&self) -> f64 {
        (2.0 * self.order() as f64).sqrt() * self.gram_noise_std()
    }

    /// Bound on the spectral norm of the noise on [`gram`](Self::gram), but for this probability.
    ///
    /// # Errors
    /// [`Error::Mechanism`] for noise beyond what the sampler supports: never for a release.
    pub fn spectral_bound(&self, failure: FailureProbability) -> Result<f64, Error> {
        Ok(FrobeniusGaussian::new(self.noise_std)?.spectral_radius(self.order(), failure) * self.gram_unit())
    }

    /// Bound on the Euclidean norm of the noise on each column of [`cross`](Self::cross), on all at once, but for this probability.
    ///
    /// `τ(√D + √(2 ln(k/γ))) + ½√D`, in steps, τ the standard deviation off the diagonal: concentration of the norm of a normal vector, a
    /// Lipschitz function, about its mean (Boucheron, Lugosi, Massart 2013, Theorem 5.6), and rounding.
    #[must_use]
    pub fn column_bound(&self, failure: FailureProbability) -> f64 {
        let (root, k) = ((self.order() as f64).sqrt(), self.options.columns() as f64);
        let spread = root + (2.0 * (k / failure.get()).ln()).sqrt();
        (self.noise_std.get() / 2.0_f64.sqrt() * spread + 0.5 * root) * self.cross_unit() * (1.0 + 1e-12)
    }

    pub(super) const fn encoder(&self) -> &RowEncoder {
        &self.encoder
    }

    /// Ridge regression with a ridge of `multiple` noise radii on the noisy sums as they are.
    ///
    /// From 1 on, all but a few eigenvalues are positive; much below, noise has eigenvalues near the negative ridge, and the fit is of no use.
    /// [`spectrum`](Self::spectrum) allows less.
    ///
    /// # Errors
    /// [`Error::RecordParameter`] unless positive and finite; [`Error::Linalg`] if the matrix is not positive definite.
    pub fn ridge(&self, multiple: f64) -> Result<PrivateRidge, Error> {
        check_multiple(multiple)?;
        let ridge = multiple * self.noise_radius();
        let mut matrix = self.gram();
        (0..matrix.nrows()).for_each(|i| matrix[(i, i)] += ridge);
        let cholesky = Cholesky::new(matrix.as_ref())?;
        let cross = self.cross();
        let weights = cholesky.solve(cross.as_ref())?;
        Ok(PrivateRidge::new(self.clone(), (weights, cross), (ridge, 0.0), Solver::Cholesky(cholesky)))
    }

    /// Decomposes the noisy `ΦᵀΦ`, once, for any number of fits.
    ///
    /// # Errors
    /// [`Error::Linalg`] if the decomposition does not converge.
    pub fn spectrum(&self) -> Result<NoisySpectrum, Error> {
        NoisySpectrum::new(self)
    }
}

/// Copies the lower triangle to the upper one, in tiles.
pub(super) fn mirror(matrix: &mut Mat) {
    const SIDE: usize = 32;
    let n = matrix.nrows();
    for rows in (0..n).step_by(SIDE) {
        for columns in (0..=rows).step_by(SIDE) {
            for i in rows..n.min(rows + SIDE) {
                for j in columns..i.min(columns + SIDE) {
                    matrix[(j, i)] = matrix[(i, j)];
                }
            }
        }
    }
}
