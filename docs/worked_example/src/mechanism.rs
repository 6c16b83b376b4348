//! From rows to a release.

use crate::claims;
use crate::encode::{MeanOptions, RADIUS_STEPS};
use crate::error::Error;
use crate::sensitivity::MeanAdjacency;
use dp_linalg::MatRef;
use dp_mechanisms::{
    Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, PrivacyProfile, Release,
};
use rand::CryptoRng;

/// Rows up to which released integers cannot wrap. More are as private, and of no use.
const MAX_ROWS: u64 = 1 << 40;

/// Released sums of the columns and number of rows, with noise.
///
/// # Example
///
/// ```
/// // twice the row (1, 0), without noise
/// let sums = column_means_dp::NoisyMeans::assume_steps(vec![2 << 20, 0, 2 << 20], 1.0);
/// assert_eq!(sums.means(), Some(vec![1.0, 0.0]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyMeans {
    steps: Vec<i64>,
    radius: f64,
}

impl NoisyMeans {
    /// From integers that were released elsewhere: `d` sums, and `N` times the number of rows.
    #[must_use]
    pub const fn assume_steps(steps: Vec<i64>, radius: f64) -> Self {
        Self { steps, radius }
    }

    /// The released integers: `d` sums, and `N` times the number of rows.
    #[must_use]
    pub fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// Estimated number of rows.
    #[must_use]
    pub fn rows(&self) -> f64 {
        self.steps.last().map_or(0.0, |count| *count as f64 / RADIUS_STEPS as f64)
    }

    /// Estimated means `(d)`, in data units; none if no row shows above the noise.
    #[must_use]
    pub fn means(&self) -> Option<Vec<f64>> {
        let (count, sums) = self.steps.split_last()?;
        let mean = |sum: &i64| self.radius * (*sum as f64 / *count as f64);
        (*count > 0).then(|| sums.iter().map(mean).collect())
    }
}

/// The private integers `(Σ z, N·n)` of rows `(n, d)`, in which neighbours differ by at most their sensitivity.
///
/// # Errors
///
/// [`Error::Width`] for rows of another length.
pub fn means_statistic<A: MeanAdjacency>(
    (rows, adjacency): (MatRef<'_>, A),
    options: &MeanOptions,
) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
    if rows.ncols() != options.columns() {
        return Err(Error::Width { expected: options.columns(), found: rows.ncols() });
    }
    let mut sums = vec![0_i64; options.columns() + 1];
    for row in rows.rows() {
        let contribution = options.encode(row).into_iter().chain([RADIUS_STEPS]);
        sums.iter_mut().zip(contribution).for_each(|(sum, z)| *sum = sum.wrapping_add(z));
    }
    let max_abs = MAX_ROWS * RADIUS_STEPS.unsigned_abs();
    Ok(LatticeStatistic::new(sums, Lattice::new(0)?, adjacency.sensitivity()?, max_abs))
}

/// Releases the means of the columns of private rows `(n, d)` once; what is computed from them costs nothing more.
///
/// # Guarantee
///
/// (ε, δ)-differential privacy for one row, added or removed ([`AddRemoveRow`](dp_mechanisms::AddRemoveRow)) or replaced
/// ([`ReplaceRow`](dp_mechanisms::ReplaceRow)), exact on the machine.
///
/// # Errors
///
/// By shapes and parameters alone: [`Error::Width`], and [`Error::Mechanism`] for noise beyond what is supported.
pub fn private_means<A: MeanAdjacency, R: CryptoRng + ?Sized>(
    private: (MatRef<'_>, A),
    options: &MeanOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<NoisyMeans, PrivacyProfile<A>>, Error> {
    let statistic = means_statistic(private, options)?;
    let mechanism = LatticeGaussian::calibrate(epsilon, delta, *statistic.sensitivity())?;
    let radius = options.radius();
    let release = mechanism.release(statistic, "means of columns", rng)?;
    Ok(release
        .with_claim(claims::PRIVACY)
        .with_claim(claims::SENSITIVITY)
        .with_parameter("radius", radius)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .postprocess(|sums| NoisyMeans::assume_steps(sums.into_steps(), radius)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_linalg::Mat;
    use dp_mechanisms::{AddRemoveRow, secure_rng};

    #[test]
    fn rows_of_another_length_are_refused() {
        let (rows, options) = (Mat::zeros(3, 2), MeanOptions::new(3, 1.0).unwrap());
        let found = means_statistic((rows.as_ref(), AddRemoveRow), &options);
        assert_eq!(found.err(), Some(Error::Width { expected: 3, found: 2 }));
    }

    #[test]
    fn a_certificate_names_its_claims_and_keeps_its_budget() {
        let rows = Mat::zeros(10, 1);
        let (epsilon, delta) = (Epsilon::new(0.5).unwrap(), Delta::new(1e-9).unwrap());
        let options = MeanOptions::new(1, 2.0).unwrap();
        let private = (rows.as_ref(), AddRemoveRow);
        let release = private_means(private, &options, epsilon, delta, &mut secure_rng().unwrap()).unwrap();
        assert!(release.certificate().guarantee().delta(0.5) <= 1e-9);
        assert!(release.certificate().claims().iter().any(|id| id == claims::PRIVACY));
    }
}
