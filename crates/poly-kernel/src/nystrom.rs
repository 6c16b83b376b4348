//! `NystromMap`: the kernel's projection onto the functions of a few landmarks.

mod landmarks;

use crate::{
    error::{Error, check_len},
    feature_map::{FeatureMap, KernelError, NormBound, Role, dot, fill_block, half_exponential, project},
    moments::{BLOCK_POINTS, blocks},
    monomial::FeatureBlock,
    outward::up,
};
use dp_linalg::{Cholesky, Mat, MatMut, MatRef};

/// Features of `e^{x·y}` from landmarks `z₁ … z_m`: the Nyström approximation.
///
/// With the Gaussian kernel `g(x, y) = e^{−‖x−y‖²/2}`, `G = (g(zᵢ, zⱼ))ᵢⱼ` and `g_x = (g(zᵢ, x))ᵢ`,
///
/// ```text
/// φ(x) = e^{‖x‖²/2} · L⁻¹ g_x,      LLᵀ = G + λI,      r = m
/// φ(x)·φ(y) = e^{(‖x‖² + ‖y‖²)/2} · g_xᵀ (G + λI)⁻¹ g_y
/// ```
///
/// Since `e^{x·y} = e^{‖x‖²/2} g(x, y) e^{‖y‖²/2}`, at `λ = 0` this is the Nyström approximation of `e^{x·y}` itself,
/// exact at the landmarks; `G` has ones on its diagonal and nothing overflows.
///
/// # Jitter
/// `λ = 2⁻⁵² m (m + d + 16)`. This is twice what rounding can take from the smallest eigenvalue of `G`: `m·u·(m + 6)` by
/// the factorisation (its backward error is at most `γ_{m+6} |L||Lᵀ|`, of spectral norm at most `γ_{m+6} tr(LLᵀ)`), and
/// `m` times the error of an entry, at most `(d + 8)u` where the library's `exp` is good to two units in the last place.
/// So the computed `L` has `LLᵀ ⪰ G`, landmarks may coincide, and `‖L⁻¹‖² ≤ 2/λ`.
///
/// # Norm
/// `‖φ(x)‖ ≤ e^{‖x‖²/2}` for every point: `LLᵀ ⪰ G` gives `g_xᵀ(LLᵀ)⁻¹g_x ≤ g(x, x) = 1`. Rounding could exceed this by
/// the `η` below, so a point whose computed `‖L⁻¹g_x‖` is above one is scaled back to one; in real arithmetic there is
/// none.
///
/// # Error
/// `e^{x·y} − φ(x)·φ(y)` is positive semidefinite, as the Schur complement of `LLᵀ ⪰ G` in the joint kernel matrix. By
/// Cauchy and Schwarz
///
/// ```text
/// |e^{x·y} − φ(x)·φ(y)| ≤ √(ρ(x) ρ(y)),      ρ(x) = e^{‖x‖²} − ‖φ(x)‖² ≥ 0,
/// ```
///
/// and [`residuals`](Self::residuals) bounds `ρ`. At a landmark, `ρ(z) ≤ λ e^{‖z‖²}` in real arithmetic.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FeatureMap, NystromMap, Role};
///
/// let landmarks = Mat::from_vec(3, 1, vec![-1.0, 0.0, 1.0])?;
/// let map = NystromMap::new(landmarks.as_ref())?;
/// let points = Mat::from_vec(2, 1, vec![0.5, -1.0])?; // the second is a landmark
/// let mut block = map.feature_block(2);
/// map.apply_block(Role::Key, points.as_ref(), &mut block)?;
/// let product: f64 = block.as_ref().rows().map(|feature| feature[0] * feature[1]).sum();
/// assert!((product - (-0.5_f64).exp()).abs() < 1e-7);
///
/// let residuals = map.residuals(points.as_ref())?;
/// assert!(residuals[0] < 0.03 && residuals[1] < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Williams and Seeger 2001 (Nyström). Rounding: Higham 2002, Theorems 8.5 and 10.3. The rest is derived here.
#[derive(Debug, Clone, PartialEq)]
pub struct NystromMap {
    /// `(m, d)`.
    landmarks: Mat,
    /// `‖zᵢ‖²/2`.
    halves: Vec<f64>,
    jitter: f64,
    cholesky: Cholesky,
}

impl NystromMap {
    /// The map of `landmarks` `(m, d)`, which costs `m²(d + m/3)` operations; [`choose_landmarks`](Self::choose_landmarks) finds good
    /// ones among points.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::NoLandmarks`], [`Error::Landmark`] if a squared norm is not finite.
    pub fn new(landmarks: MatRef<'_>) -> Result<Self, Error> {
        let (count, dim) = landmarks.shape();
        if dim == 0 {
            return Err(Error::ZeroDimension);
        }
        if count == 0 {
            return Err(Error::NoLandmarks);
        }
        let halves: Vec<f64> = landmarks.rows().map(|z| 0.5 * dot(z, z)).collect();
        if let Some(index) = halves.iter().position(|half| !half.is_finite()) {
            return Err(Error::Landmark { index });
        }
        let jitter = f64::EPSILON * count as f64 * (count + dim + 16) as f64;
        let cholesky = Cholesky::new(gaussian_matrix(landmarks, jitter).as_ref())?;
        Ok(Self { landmarks: landmarks.to_owned(), halves, jitter, cholesky })
    }

    /// The landmarks, rows of an `(m, d)` matrix.
    #[must_use]
    pub fn landmarks(&self) -> MatRef<'_> {
        self.landmarks.as_ref()
    }

    /// `λ`, what is added to the unit diagonal of `G`.
    #[must_use]
    pub const fn jitter(&self) -> f64 {
        self.jitter
    }

    /// Upper bounds of `ρ(x) = e^{‖x‖²} − ‖φ(x)‖²` for `points` `(n, d)`, at most `6η e^{‖x‖²}` too large.
    ///
    /// The computed `L⁻¹g_x` solves a system with `L + ΔL`, `|ΔL| ≤ γ_{m+1}|L|`, and a right side whose entries are off
    /// by at most `δ = u(½(d + 4)(maxᵢ‖zᵢ‖ + ‖x‖)² + 4)`. Its error is at most
    ///
    /// ```text
    /// η = √(2/λ) · (√m δ + (m + 1)u √(2m)),
    /// ```
    ///
    /// about `10⁻⁸√m`, and `3η` is added to `1 − ‖L⁻¹g_x‖²`.
    ///
    /// # Errors
    /// [`Error::Length`] if the points have another dimension.
    pub fn residuals(&self, points: MatRef<'_>) -> Result<Vec<f64>, Error> {
        check_len(self.dim(), points.ncols())?;
        let mut residuals = Vec::with_capacity(points.nrows());
        for rows in blocks(points.nrows(), BLOCK_POINTS) {
            let mut scratch = Mat::zeros(self.feature_count() + 1, rows.len());
            let (whitened, halves) = self.whiten(points.subrows(rows), scratch.as_mut())?;
            for (norm, half) in column_squares(whitened.as_ref()).iter().zip(halves.row(0)) {
                let relative = (1.0 - norm).max(0.0) + 3.0 * self.rounding(*half);
                // the library's exp, and the few roundings of its argument
                residuals.push(up((2.0 * half).exp() * relative, 8 + 2 * self.dim()));
            }
        }
        Ok(residuals)
    }

    /// `‖zᵢ‖²/2`.
    pub(crate) fn halves(&self) -> &[f64] {
        &self.halves
    }

    /// `L`.
    pub(crate) fn lower_factor(&self) -> MatRef<'_> {
        self.cholesky.l()
    }

    /// `η` for a point with `‖x‖²/2 = half`; `2u` is charged for each `u`.
    pub(crate) fn rounding(&self, half: f64) -> f64 {
        let (m, d) = (self.feature_count() as f64, self.dim() as f64);
        let reach = self.halves.iter().fold(0.0_f64, |largest, &half| largest.max(half)).sqrt() + half.sqrt();
        let entry = (d + 4.0) * reach * reach + 4.0;
        f64::EPSILON * (2.0 / self.jitter).sqrt() * (m.sqrt() * entry + (m + 1.0) * (2.0 * m).sqrt())
    }

    /// `L⁻¹g_x` `(m, b)` and `‖x‖²/2` `(1, b)`, with scratch space `(m + 1, b)`.
    fn whiten<'a>(&self, points: MatRef<'_>, scratch: MatMut<'a>) -> Result<(Mat, MatMut<'a>), Error> {
        let (mut products, point_halves) = project(self.landmarks(), points, scratch)?;
        for (i, landmark_half) in self.halves.iter().enumerate() {
            for (value, half) in products.row_mut(i).iter_mut().zip(point_halves.row(0)) {
                // min also makes a NaN zero: whether a solve is refused must not depend on a point
                *value = (*value - landmark_half - half).min(0.0).exp();
            }
        }
        Ok((self.cholesky.solve_lower(products.as_ref())?, point_halves))
    }
}

impl FeatureMap for NystromMap {
    fn dim(&self) -> usize {
        self.landmarks.ncols()
    }

    fn feature_count(&self) -> usize {
        self.landmarks.nrows()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        NormBound::Deterministic(half_exponential(radius))
    }

    /// [`KernelError::PerPoint`]: see [`residuals`](NystromMap::residuals).
    fn kernel_error(&self, _: f64) -> KernelError {
        KernelError::PerPoint
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), self.feature_count() + 1, max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        fill_block(self, self.feature_count() + 1, points, out, |mut features, scratch| {
            let (whitened, mut halves) = self.whiten(points, scratch)?;
            for (factor, norm) in halves.row_mut(0).iter_mut().zip(column_squares(whitened.as_ref())) {
                *factor = factor.exp() / norm.max(1.0).sqrt();
            }
            for (i, row) in whitened.rows().enumerate() {
                for ((feature, value), factor) in features.row_mut(i).iter_mut().zip(row).zip(halves.row(0)) {
                    *feature = value * factor;
                }
            }
            Ok(())
        })
    }
}

/// `G + λI`; differences first, so that an entry is off by a few roundings however far the landmarks are from zero.
fn gaussian_matrix(landmarks: MatRef<'_>, jitter: f64) -> Mat {
    Mat::from_fn(landmarks.nrows(), landmarks.nrows(), |i, j| {
        let differences = landmarks.row(i).iter().zip(landmarks.row(j)).map(|(a, b)| (a - b) * (a - b));
        let kernel = (-0.5 * differences.sum::<f64>()).exp();
        if i == j { kernel + jitter } else { kernel }
    })
}

/// The squared norm of each column.
fn column_squares(matrix: MatRef<'_>) -> Vec<f64> {
    let mut sums = vec![0.0; matrix.ncols()];
    for row in matrix.rows() {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value * value);
    }
    sums
}
