//! The release itself: a factor of the covariance, standard normals on a fine lattice, and one product.

use super::{ChangeBound, GaussianSampling, GaussianSamplingProfile};
use crate::adjacency::Adjacency;
use crate::claims;
use crate::covariance::Draws;
use crate::error::{Error, Parameter};
use crate::noise::{LatticeNoise, RoundedGaussian};
use crate::params::NoiseStd;
use crate::release::{ArithmeticModel, Certificate, Release};
use core::fmt;
use dp_linalg::{
    Accumulate, Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_nt, matmul_nt_into, matmul_tn_into,
    max_abs,
};
use rand::CryptoRng;

/// A covariance computed from private data that has *not* been released. Neither `Clone` nor `Serialize`; `Debug`
/// shows no entry.
///
/// Either a matrix ([`new`](Self::new), of which the lower triangle counts) or a Gram matrix with a ridge, given by its
/// factor ([`from_factor`](Self::from_factor)). Of a matrix add a public ridge before: without one the change of a covariance has no finite bound.
///
/// # Every input has an output
///
/// Whether a covariance is one at all depends on the data, so it must not be an error:
///
/// * negative eigenvalues, as rounding makes them, count as zero: the nearest positive semidefinite matrix is sampled;
/// * a matrix with an entry that is not finite, or that the decomposition refuses because it does not converge, is
///   replaced by the identity, a constant; a factor with an entry that is not finite by zero.
///
/// In real arithmetic neither happens to a positive definite matrix. On the machine the first can where the least
/// eigenvalue is within rounding of zero beside the largest, and products with a factor whose entries are near the end
/// of `f64` overflow: there the release is *not* private. A public ridge well above rounding keeps away from that; see
/// [`RealModel`](crate::ArithmeticModel::RealModel).
///
/// # Example
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, ChangeBound, PrivateCovariance, covariance::Neighbourhood};
///
/// let bound = ChangeBound::new(Neighbourhood::frobenius(0.01)?, AddRemoveRow);
/// let covariance = PrivateCovariance::new(Mat::identity(3), bound)?;
/// assert_eq!(format!("{covariance:?}"), "PrivateCovariance { dimension: 3, .. }");
/// assert!(PrivateCovariance::new(Mat::zeros(3, 2), bound).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub struct PrivateCovariance<A> {
    source: Source,
    bound: ChangeBound<A>,
}

/// How a covariance is given.
enum Source {
    Matrix(Mat),
    /// `FFᵀ + λI`.
    Factored {
        factor: Mat,
        ridge: f64,
    },
}

impl<A: Adjacency> PrivateCovariance<A> {
    /// States that this matrix, of shape `(m, m)`, keeps the bound between neighbours.
    ///
    /// # Errors
    ///
    /// [`Error::NotSquare`]; nothing else, whatever the entries.
    pub fn new(matrix: Mat, bound: ChangeBound<A>) -> Result<Self, Error> {
        let (rows, columns) = (matrix.nrows(), matrix.ncols());
        if rows == columns {
            Ok(Self { source: Source::Matrix(matrix), bound })
        } else {
            Err(Error::NotSquare { rows, columns })
        }
    }

    /// States that `FFᵀ + λI` keeps the bound between neighbours, for the factor F of shape `(m, r)` and the public
    /// ridge λ.
    ///
    /// A draw is `Fz + √λ·w` with standard normal z and w: no matrix of order m is factored, and where `r` is small a
    /// draw costs little more than its outer product. A factor with an entry that is not finite counts as zero.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless the ridge is positive and finite; nothing else, whatever the entries.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use dp_mechanisms::{ChangeBound, PerturbRow, PrivateCovariance, covariance::Neighbourhood};
    ///
    /// let bound = ChangeBound::new(Neighbourhood::frobenius(0.01)?, PerturbRow::new(0.1)?);
    /// let covariance = PrivateCovariance::from_factor(Mat::filled(4, 1, 1.0), 2.0, bound)?;
    /// assert_eq!(covariance.dimension(), 4);
    /// assert_eq!(covariance.assume_public().row(0), [3.0, 1.0, 1.0, 1.0]);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn from_factor(factor: Mat, ridge: f64, bound: ChangeBound<A>) -> Result<Self, Error> {
        Parameter::Ridge.check(ridge, ridge > 0.0 && ridge.is_finite())?;
        Ok(Self { source: Source::Factored { factor, ridge }, bound })
    }

    /// Number of rows, which is public.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.source.dimension()
    }

    /// How far it moves between neighbours.
    #[must_use]
    pub const fn bound(&self) -> ChangeBound<A> {
        self.bound
    }

    /// The private matrix itself, for verification. Whatever is computed from it is *not* private.
    ///
    /// # Panics
    ///
    /// Never: shapes agree.
    #[must_use]
    pub fn assume_public(self) -> Mat {
        match self.source {
            Source::Matrix(matrix) => matrix,
            Source::Factored { factor, ridge } => {
                let rows = factor.as_ref();
                let mut whole = matmul_nt(rows, rows, Parallelism::Sequential).expect("equally many columns");
                (0..rows.nrows()).for_each(|i| whole[(i, i)] += ridge);
                whole
            }
        }
    }
}

impl<A> fmt::Debug for PrivateCovariance<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateCovariance")
            .field("dimension", &self.source.dimension())
            .finish_non_exhaustive()
    }
}

impl Source {
    fn dimension(&self) -> usize {
        match self {
            Self::Matrix(matrix) => matrix.nrows(),
            Self::Factored { factor, .. } => factor.nrows(),
        }
    }
}

impl<A: Adjacency> GaussianSampling<A> {
    /// Threads that products may use; sequential otherwise. Last bits of a release may differ between settings, its
    /// law does not.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Draws, and lets the average of the outer products go with its certificate: a symmetric matrix of shape
    /// `(m, m)`. `what` names it for people. Each call draws anew and is charged anew: see
    /// [`GaussianSamplingProfile::times`].
    ///
    /// Memory is `O(m²)` and a block of draws; time `O(km² + m³)` for a matrix, `O(km² + kmr)` for a factor of r columns.
    ///
    /// # Errors
    ///
    /// [`Error::ChangeExceeded`] if the covariance changes more, or is bounded in another way, than this mechanism
    /// was made for.
    ///
    /// # Panics
    ///
    /// Never: shapes agree, and normals of this size are supported.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use dp_mechanisms::{
    ///     AddRemoveRow, ArithmeticModel, ChangeBound, Delta, Epsilon, GaussianSampling, PrivateCovariance,
    ///     covariance::Neighbourhood, secure_rng,
    /// };
    ///
    /// // a Gram matrix of private rows of norm at most one, plus a public ridge of 100: with and without a row x,
    /// // Σ = Σ' + xxᵀ, so that one eigenvalue changes, by xᵀΣ'⁻¹x ≤ 1/100; in the other order by less
    /// let gram = Mat::from_vec(2, 2, vec![140.0, 25.0, 25.0, 131.0]).expect("four entries");
    /// let bound = ChangeBound::new(Neighbourhood::frobenius(0.01)?, AddRemoveRow).assume_rank_one();
    /// let mechanism = GaussianSampling::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, bound)?;
    /// let released = mechanism.release(&PrivateCovariance::new(gram, bound)?, "ridged Gram matrix", &mut secure_rng()?)?;
    /// assert_eq!(released.certificate().arithmetic(), ArithmeticModel::RealModel);
    /// assert_eq!(released.value()[(0, 1)], released.value()[(1, 0)]);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn release<R: CryptoRng + ?Sized>(
        &self,
        covariance: &PrivateCovariance<A>,
        what: &str,
        rng: &mut R,
    ) -> Result<Release<Mat, GaussianSamplingProfile<A>>, Error> {
        let (bound, made_for) = (covariance.bound, self.profile.bound());
        if !made_for.covers(bound) {
            let (statistic, mechanism) = (bound.neighbourhood().change(), made_for.neighbourhood().change());
            return Err(Error::ChangeExceeded { statistic, mechanism });
        }
        let average = match &covariance.source {
            Source::Matrix(matrix) => {
                let (factor, unit) = factor(matrix);
                scaled(sample(&factor, self.draws(), self.parallelism, rng), unit)
            }
            Source::Factored { factor, ridge } => {
                sample_factored((factor, *ridge), self.draws(), self.parallelism, rng)
            }
        };
        let certificate = self.certificate(what, covariance.dimension());
        Ok(Release::mint(average, certificate))
    }

    fn certificate(&self, what: &str, dimension: usize) -> Certificate<GaussianSamplingProfile<A>> {
        let bound = self.profile.bound();
        Certificate::new(what, MECHANISM, self.profile, ArithmeticModel::RealModel)
            .with_parameter("draws", self.draws().get())
            .with_parameter("dimension", dimension)
            .with_parameter("change", bound.neighbourhood().change())
            .with_text_parameter("change_measure", bound.neighbourhood().measure().to_owned())
            .with_parameter("assumed_rank_one", bound.is_rank_one())
            .with_parameter("assumed_opposite_pair", bound.is_opposite_pair())
            .with_text_parameter("real_model_gap", GAP.to_owned())
            .with_version("dp-linalg", dp_linalg::VERSION)
            .with_claim(claims::GAUSSIAN_SAMPLING_PRIVACY)
            .with_claim(claims::GAUSSIAN_SAMPLING_LAW)
    }
}

/// As written to certificates.
const MECHANISM: &str = "average of outer products of Gaussian draws";
const GAP: &str = "normals are exact on multiples of 2^-40; \
    entries of the covariance, its factor and products are rounded to f64";

/// Normals are integers of this standard deviation, exactly distributed, in units of its inverse.
const LATTICE_BITS: u64 = 40;
/// Entries of a block of normals: 2 MiB as integers and as many as floats.
const BLOCK_ENTRIES: usize = 1 << 18;

/// Entries from here on are divided by as much first, so that eigenvalues and products stay in range: `2⁶⁰⁰`.
const LARGE: f64 = f64::from_bits((1023 + 600) << 52);

/// F and a power of two s with `sFFᵀ = Σ₊`, the covariance with negative eigenvalues set to zero; the identity where
/// Σ is not finite. Of the matrix the lower triangle counts, and nothing above it is looked at.
fn factor(matrix: &Mat) -> (Mat, f64) {
    let order = matrix.nrows();
    let mut whole = matrix.clone();
    mirror_lower(&mut whole);
    let unit = if max_abs(whole.as_ref()) < LARGE { 1.0 } else { LARGE };
    let divided = if unit > 1.0 { scaled(whole, 1.0 / unit) } else { whole };
    let Ok(eigen) = SymmetricEigen::new(divided.as_ref()) else {
        return (Mat::identity(order), 1.0);
    };
    let vectors = eigen.vectors();
    let entry = |i, j| vectors[(i, j)] * eigen.values()[j].max(0.0).sqrt();
    (Mat::from_fn(order, order, entry), unit)
}

/// Every entry times a power of two.
fn scaled(mut matrix: Mat, unit: f64) -> Mat {
    matrix.as_mut_slice().iter_mut().for_each(|entry| *entry *= unit);
    matrix
}

/// `F(k⁻¹ Σ zzᵀ)Fᵀ = k⁻¹ Σ (Fz)(Fz)ᵀ` for standard normal z: one product per block, and two of order m at the end.
fn sample<R: CryptoRng + ?Sized>(factor: &Mat, draws: Draws, parallelism: Parallelism, rng: &mut R) -> Mat {
    let mut average = outer_products(factor.nrows(), draws, parallelism, rng);
    let count = f64::from(draws.get());
    average.as_mut_slice().iter_mut().for_each(|entry| *entry /= count);
    let half = matmul(factor.as_ref(), average.as_ref(), parallelism).expect("both are square of order m");
    let mut whole =
        matmul_nt(half.as_ref(), factor.as_ref(), parallelism).expect("both are square of order m");
    mirror_lower(&mut whole);
    whole
}

/// `k⁻¹ Σ (Fz + √λ·w)(Fz + √λ·w)ᵀ`, block by block, for standard normal z and w.
fn sample_factored<R: CryptoRng + ?Sized>(
    (factor, ridge): (&Mat, f64),
    draws: Draws,
    parallelism: Parallelism,
    rng: &mut R,
) -> Mat {
    let (m, r) = factor.shape();
    let root = ridge.sqrt();
    let zeros = factor.as_ref().first_non_finite().map(|_| Mat::zeros(m, r));
    let factor = zeros.as_ref().unwrap_or(factor).as_ref();
    let mut sum = Mat::zeros(m, m);
    for_each_block(m + r, draws, rng, |normals| {
        let (z, w) = (normals.subcols(0..r), normals.subcols(r..r + m));
        let mut drawn = Mat::from_fn(normals.nrows(), m, |i, j| root * w.row(i)[j]);
        matmul_nt_into(drawn.as_mut(), Accumulate::Add, z, factor, parallelism).expect("both have r columns");
        let drawn = drawn.as_ref();
        matmul_tn_into(sum.as_mut(), Accumulate::Add, drawn, drawn, parallelism)
            .expect("both have m columns");
    });
    let count = f64::from(draws.get());
    sum.as_mut_slice().iter_mut().for_each(|entry| *entry /= count);
    mirror_lower(&mut sum);
    sum
}

fn mirror_lower(matrix: &mut Mat) {
    for i in 0..matrix.nrows() {
        for j in 0..i {
            matrix[(j, i)] = matrix[(i, j)];
        }
    }
}

/// `Σ zzᵀ` over the draws, block by block.
fn outer_products<R: CryptoRng + ?Sized>(
    m: usize,
    draws: Draws,
    parallelism: Parallelism,
    rng: &mut R,
) -> Mat {
    let mut sum = Mat::zeros(m, m);
    for_each_block(m, draws, rng, |normals| {
        matmul_tn_into(sum.as_mut(), Accumulate::Add, normals, normals, parallelism)
            .expect("both have m columns");
    });
    sum
}

/// Standard normals, so many a draw and as many rows as there are draws, in blocks of whole rows.
fn for_each_block<R: CryptoRng + ?Sized>(
    columns: usize,
    draws: Draws,
    rng: &mut R,
    mut visit: impl FnMut(MatRef<'_>),
) {
    let std = NoiseStd::new((1_u64 << LATTICE_BITS) as f64).expect("a positive number");
    let normal = RoundedGaussian::new(std).expect("below the largest supported noise");
    let unit = 1.0 / std.get();
    let mut left = draws.get() as usize;
    let block = (BLOCK_ENTRIES / columns.max(1)).clamp(1, left);
    let mut integers = vec![0_i64; block * columns];
    let mut normals = Mat::zeros(block, columns);
    while left > 0 && columns > 0 {
        let rows = block.min(left);
        let drawn = &mut integers[..rows * columns];
        normal.fill(drawn, rng);
        // below 2⁵³, so that the quotients are exact
        for (entry, &integer) in normals.as_mut_slice().iter_mut().zip(&*drawn) {
            *entry = integer as f64 * unit;
        }
        visit(normals.as_ref().subrows(0..rows));
        left -= rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use crate::covariance::Neighbourhood;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn bound(change: f64) -> ChangeBound<AddRemoveRow> {
        ChangeBound::new(Neighbourhood::frobenius(change).unwrap(), AddRemoveRow)
    }

    fn released(matrix: Mat, draws: u32) -> Mat {
        let mechanism = GaussianSampling::with_draws(Draws::new(draws).unwrap(), bound(0.1));
        let covariance = PrivateCovariance::new(matrix, bound(0.1)).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        mechanism.release(&covariance, "test", &mut rng).unwrap().value().clone()
    }

    #[test]
    fn a_release_is_near_its_covariance_and_symmetric() {
        let exact = Mat::from_vec(3, 3, vec![4.0, 1.0, 0.0, 1.0, 3.0, -1.0, 0.0, -1.0, 2.0]).unwrap();
        let draws = 1_000_000;
        let found = released(exact.clone(), draws);
        for i in 0..3 {
            for j in 0..3 {
                // 6 standard deviations: √(ΣᵢᵢΣⱼⱼ + Σᵢⱼ²)/√k ≤ 4√2/1000
                assert!((found[(i, j)] - exact[(i, j)]).abs() < 6.0 * 4.0 * 2.0_f64.sqrt() / 1000.0);
                assert_eq!(found[(i, j)], found[(j, i)]);
            }
        }
    }

    #[test]
    fn the_factor_scales_the_same_normals() {
        // one dimension: Σ̂ = Σ·(mean of squares)
        let one = released(Mat::from_vec(1, 1, vec![1.0]).unwrap(), 50)[(0, 0)];
        let nine = released(Mat::from_vec(1, 1, vec![9.0]).unwrap(), 50)[(0, 0)];
        // a root and two products of relative error 2⁻⁵³ each
        assert!((nine / one - 9.0).abs() < 1e-14);
    }

    #[test]
    fn no_matrix_makes_a_release_fail() {
        let bad = |entry: f64| Mat::from_vec(2, 2, vec![1.0, entry, entry, 1.0]).unwrap();
        let identity = released(Mat::identity(2), 5);
        for entry in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(released(bad(entry), 5), identity);
        }
        // eigenvalues 3 and −1: the negative one counts as zero, so that both entries of the output agree
        let clamped = released(bad(2.0), 5);
        assert!((clamped[(0, 0)] - clamped[(0, 1)]).abs() < 1e-14 * clamped[(0, 0)] && clamped[(0, 0)] > 0.0);
        assert_eq!(released(Mat::zeros(2, 2), 5), Mat::zeros(2, 2));
        assert_eq!(released(Mat::zeros(0, 0), 5), Mat::zeros(0, 0));
        assert!(released(bad(1e308), 5).as_slice().iter().all(|entry| !entry.is_nan()));
    }

    #[test]
    fn nothing_above_the_diagonal_counts() {
        let exact = released(Mat::from_vec(2, 2, vec![2.0, 1.0, 1.0, 3.0]).unwrap(), 5);
        for above in [0.0, -7.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(
                released(Mat::from_vec(2, 2, vec![2.0, above, 1.0, 3.0]).unwrap(), 5),
                exact,
                "{above}"
            );
        }
    }

    #[test]
    fn eigenvalues_beyond_the_range_of_floats_are_sampled_too() {
        // the larger eigenvalue is just below the largest float, then just above: it changes by 0.56 percent
        let near = |a: f64, b: f64| released(Mat::from_vec(2, 2, vec![a, b, b, a]).unwrap(), 5);
        let (below, above) = (near(0.95e308, 0.84e308), near(0.955e308, 0.845e308));
        let scaled = near(0.955, 0.845);
        for i in 0..2 {
            for j in 0..2 {
                assert!((above[(i, j)] / below[(i, j)] - 1.0).abs() < 0.02, "the same normals");
                // but for the rounding of 0.955e308 and of the products
                assert!((above[(i, j)] / 1e308 / scaled[(i, j)] - 1.0).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn a_factor_draws_what_its_matrix_would() {
        let factor = Mat::from_vec(3, 1, vec![1.0, -2.0, 0.5]).unwrap();
        let mechanism = GaussianSampling::with_draws(Draws::new(1_000_000).unwrap(), bound(0.1));
        let covariance = || PrivateCovariance::from_factor(factor.clone(), 0.5, bound(0.1)).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let found = mechanism.release(&covariance(), "test", &mut rng).unwrap().value().clone();
        let exact = covariance().assume_public();
        for i in 0..3 {
            for j in 0..3 {
                // 6 standard deviations: √(ΣᵢᵢΣⱼⱼ + Σᵢⱼ²)/√k, at most 4.5√2/1000
                assert!((found[(i, j)] - exact[(i, j)]).abs() < 6.0 * 4.5 * 2.0_f64.sqrt() / 1000.0);
                assert_eq!(found[(i, j)], found[(j, i)]);
            }
        }
    }

    #[test]
    fn no_factor_makes_a_release_fail_and_only_a_public_ridge_is_refused() {
        let mechanism = GaussianSampling::with_draws(Draws::new(5).unwrap(), bound(0.1));
        let of = |entry: f64| {
            let factor = Mat::filled(2, 1, entry);
            let covariance = PrivateCovariance::from_factor(factor, 1.0, bound(0.1)).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            mechanism.release(&covariance, "test", &mut rng).unwrap().value().clone()
        };
        assert_eq!(of(f64::NAN), of(0.0));
        assert_eq!(of(f64::INFINITY), of(0.0));
        for ridge in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(PrivateCovariance::from_factor(Mat::zeros(2, 1), ridge, bound(0.1)).is_err());
        }
    }

    #[test]
    fn blocks_do_not_change_the_draws() {
        // more rows than one block of 2¹⁸/100 holds; the sum of all squares is exact enough to compare
        let (m, draws) = (100, 6000);
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let blocked = outer_products(m, Draws::new(draws).unwrap(), Parallelism::Sequential, &mut rng);
        let normal = RoundedGaussian::new(NoiseStd::new(2.0_f64.powi(40)).unwrap()).unwrap();
        let mut all = vec![0; m * draws as usize];
        normal.fill(&mut all, &mut ChaCha8Rng::seed_from_u64(9));
        let squares: f64 = all.iter().map(|z| (*z as f64 / 2.0_f64.powi(40)).powi(2)).sum();
        let trace: f64 = (0..m).map(|i| blocked[(i, i)]).sum();
        // 600 000 additions of relative error 2⁻⁵³
        assert!((trace / squares - 1.0).abs() < 1e-10);
    }

    #[test]
    fn refuses_a_covariance_that_changes_more_or_otherwise() {
        let mechanism = GaussianSampling::with_draws(Draws::new(5).unwrap(), bound(0.1).assume_rank_one());
        let jeffreys = ChangeBound::new(Neighbourhood::jeffreys(1e-9).unwrap(), AddRemoveRow);
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for other in [bound(0.1), bound(0.2).assume_rank_one(), jeffreys.assume_rank_one()] {
            let covariance = PrivateCovariance::new(Mat::identity(2), other).unwrap();
            let refused = mechanism.release(&covariance, "test", &mut rng).unwrap_err();
            assert!(matches!(refused, Error::ChangeExceeded { .. }));
        }
        let covered = PrivateCovariance::new(Mat::identity(2), bound(0.05).assume_rank_one()).unwrap();
        assert!(mechanism.release(&covered, "test", &mut rng).is_ok());
    }

    #[test]
    fn the_certificate_states_model_gap_and_bound() {
        let mechanism = GaussianSampling::with_draws(Draws::new(5).unwrap(), bound(0.1));
        let covariance = PrivateCovariance::new(Mat::identity(2), bound(0.1)).unwrap();
        let release = mechanism.release(&covariance, "test", &mut ChaCha8Rng::seed_from_u64(3)).unwrap();
        let certificate = release.certificate();
        assert_eq!(certificate.arithmetic(), ArithmeticModel::RealModel);
        assert_eq!(certificate.parameters()["draws"], "5");
        assert_eq!(certificate.parameters()["change_measure"], "frobenius");
        assert!(certificate.parameters().contains_key("real_model_gap"));
        assert_eq!(certificate.guarantee(), mechanism.profile());
    }
}
