//! What was learned: public.

use super::super::encode::RowEncoder;
#[cfg(feature = "io")]
use super::super::mechanism::COUNT;
#[cfg(feature = "io")]
use super::mechanism::DescentMechanism;
use super::options::DescentOptions;
#[cfg(feature = "io")]
use super::sensitivity::DescentAdjacency;
use crate::{Error, classify};
use dp_linalg::{Mat, MatRef, matmul};

/// Rows whose scores are computed together.
const BLOCK: usize = 1024;

/// What a file holds beside the options.
#[cfg(feature = "io")]
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassifierParts {
    pub(crate) weights: Mat,
    pub(crate) centre: Vec<f64>,
    pub(crate) rows: f64,
}

/// A linear classifier that was learned from private records, in as many released gradients as there were steps. All of it is public.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
/// use ntk_dp::private::{DescentOptions, PrivateRecords, private_descent};
///
/// // 4000 records of 4 features, in 2 classes that differ in the first
/// let features = Mat::from_fn(4000, 4, |i, j| ((i * (j + 3)) as f64 * 0.37).sin());
/// let labels: Vec<usize> = features.rows().map(|row| usize::from(row[0] > 0.0)).collect();
/// let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), &labels[..]));
///
/// let options = DescentOptions::new(4, 2)?;
/// let release = private_descent(records, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// assert!(release.certificate().guarantee().epsilon(Delta::new(1e-6)?) <= 1.0);
///
/// let found = release.value().classify(features.as_ref())?;
/// assert!(found.iter().zip(&labels).filter(|(a, b)| a == b).count() > 3600);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PrivateClassifier {
    options: DescentOptions,
    encoder: RowEncoder,
    weights: Mat,
    rows: f64,
}

impl PrivateClassifier {
    pub(super) const fn new(options: DescentOptions, encoder: RowEncoder, weights: Mat, rows: f64) -> Self {
        Self { options, encoder, weights, rows }
    }

    /// What a file holds beside the options.
    #[cfg(feature = "io")]
    pub(crate) fn parts(&self) -> ClassifierParts {
        ClassifierParts { weights: self.weights.clone(), centre: self.centre().to_vec(), rows: self.rows }
    }

    /// None if the parts are not what this mechanism can release.
    #[cfg(feature = "io")]
    pub(crate) fn from_parts<A: DescentAdjacency>(
        mechanism: &DescentMechanism<A>,
        parts: ClassifierParts,
    ) -> Option<Self> {
        let options = *mechanism.options();
        let record = options.record();
        let ClassifierParts { weights, centre, rows } = parts;
        let square: f64 = centre.iter().map(|x| x * x).sum();
        // a released number of rows is no less than its noise
        let least = mechanism.centre().noise_std().get() / f64::from(COUNT);
        let fits = weights.shape() == (record.encoded_dim(), record.columns())
            && weights.as_slice().iter().all(|w| w.is_finite())
            && centre.len() == record.dim()
            && square <= 1.0 + 1e-9
            && rows >= least
            && rows.is_finite();
        let encoder = RowEncoder::new(record).with_centre(Some(centre));
        fits.then(|| Self::new(options, encoder, weights, rows))
    }

    /// `(D, k)`, for encoded rows; with an intercept `(D + 1, k)`.
    #[must_use]
    pub fn weights(&self) -> MatRef<'_> {
        self.weights.as_ref()
    }

    /// The released mean of scaled rows.
    #[must_use]
    pub fn centre(&self) -> &[f64] {
        self.encoder.centre().unwrap_or(&[])
    }

    /// The released number of rows.
    #[must_use]
    pub const fn rows(&self) -> f64 {
        self.rows
    }

    /// What it was learned with.
    #[must_use]
    pub const fn options(&self) -> &DescentOptions {
        &self.options
    }

    pub(super) const fn encoder(&self) -> &RowEncoder {
        &self.encoder
    }

    /// Scores `(m, k)` for features `(m, D)`, which are scaled and centred as the private rows were: logarithms of odds, up to one number a row.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Point`] for a row that is not finite.
    pub fn scores(&self, features: MatRef<'_>) -> Result<Mat, Error> {
        crate::error::check_len(self.options.record().dim(), features.ncols())?;
        let mut out = Vec::with_capacity(features.nrows() * self.weights.ncols());
        for start in (0..features.nrows()).step_by(BLOCK) {
            let block = features.subrows(start..features.nrows().min(start + BLOCK));
            let mut rows = Mat::zeros(block.nrows(), self.weights.nrows());
            if let Some(row) = self.encoder.queries(block, rows.as_mut())? {
                return Err(Error::Point { row: start + row });
            }
            let threads = self.options.record().parallelism();
            out.extend(matmul(rows.as_ref(), self.weights.as_ref(), threads)?.into_vec());
        }
        Ok(Mat::from_vec(features.nrows(), self.weights.ncols(), out)?)
    }

    /// The class with the largest score, for each row of `(m, D)`.
    ///
    /// # Errors
    /// Those of [`scores`](Self::scores).
    pub fn classify(&self, features: MatRef<'_>) -> Result<Vec<usize>, Error> {
        Ok(classify(self.scores(features)?.as_ref()))
    }
}
