//! `LinearAttention`: products with a kernel matrix that is never formed.

mod gradient;
mod heads;
mod job;
mod partial;

pub use heads::Heads;
pub use partial::PartialAttention;

use crate::{
    error::Error,
    feature_map::{DifferentiableMap, FeatureMap, KernelError},
    float::Float,
    outward::up,
};
use dp_linalg::{Mat, MatRef, Parallelism};
use job::Job;

/// Which keys a query sees.
///
/// ```
/// use poly_kernel::Mask;
/// assert_ne!(Mask::Full, Mask::Causal);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mask {
    /// All keys.
    Full,
    /// The keys up to its own position: query `i` sees keys `0 … i`. There are as many queries as keys.
    Causal,
}

/// Attention with a kernel of explicit features: `D⁻¹AV` and `AM` in time linear in the number of queries and keys.
///
/// `A` is `(m, n)` with entries `κ(s·qᵢ·kⱼ)`, or zero where the mask hides a key, `κ` the kernel of a [`FeatureMap`] (for
/// monomials `f`, near `exp`) and `s` the softmax scale, half of which (`√s`) goes to queries and half to keys; `D` holds
/// the row sums. With features `Φ_Q` `(m, r)`, `Φ_K` `(n, r)`, `A = Φ_Q Φ_Kᵀ` and `AM = Φ_Q(Φ_KᵀM)`.
///
/// # Cost
/// About `2r(c + 1)(m + n)` operations for `c` columns, and building the features; with a causal mask
/// `2r(2(c + 1) + 128)n`. Memory is the result, at most nine sums `(r, c + 1)` and two blocks of features a thread: nothing
/// grows with `n` but inputs and outputs. The order of all sums is fixed by the shapes, so that the number of threads does
/// not show in the result.
///
/// # Layout
/// Rows are positions: queries `(m, d)`, keys `(n, d)`, values `(n, c)`, all of one head; see
/// [`forward_heads`](Self::forward_heads) for several. All numbers are `f64` or all are `f32`, and so are all products and sums.
///
/// # Softcap
/// Logits that are capped, `c·tanh(t/c)` in place of `t`, are another kernel of the same dot products: take the polynomial of
/// [`ExpPolynomial::best_relative_softcapped`](crate::ExpPolynomial::best_relative_softcapped).
///
/// # Error
/// Where the kernel is certified to be within a factor `[l, u]` of the exponential, each output column is within
/// [`output_error(l, u)`](crate::output_error) of the range of its values.
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use poly_kernel::{LinearAttention, Mask, MonomialMap};
///
/// let queries = Mat::from_vec(2, 2, vec![0.3, -0.5, 0.8, 0.1])?;
/// let keys = Mat::from_vec(2, 2, vec![0.2, 0.4, -0.6, 0.7])?;
/// let values = Mat::from_vec(2, 1, vec![10.0, 20.0])?;
/// let attention = LinearAttention::new(0.5)?.with_mask(Mask::Causal);
/// let map = MonomialMap::exp_taylor(2, 6)?;
/// let output = attention.forward(&map, queries.as_ref(), keys.as_ref(), values.as_ref())?;
/// assert_eq!(output[(0, 0)], 10.0); // the first query sees the first key only
/// let weights = [0.5_f64 * 0.2, 0.5 * -0.41].map(f64::exp);
/// let exact = (10.0 * weights[0] + 20.0 * weights[1]) / (weights[0] + weights[1]);
/// assert!((output[(1, 0)] - exact).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Katharopoulos, Vyas, Pappas and Fleuret 2020 (linear attention, causal sums); Choromanski et al. 2021 (random features).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearAttention {
    softmax_scale: f64,
    mask: Mask,
    parallelism: Parallelism,
}

impl LinearAttention {
    /// Attention of all queries to all keys, on one thread.
    ///
    /// # Errors
    /// [`Error::SoftmaxScale`] unless positive and finite.
    pub fn new(softmax_scale: f64) -> Result<Self, Error> {
        if !(softmax_scale > 0.0 && softmax_scale.is_finite()) {
            return Err(Error::SoftmaxScale { value: softmax_scale });
        }
        Ok(Self { softmax_scale, mask: Mask::Full, parallelism: Parallelism::Sequential })
    }

    /// With another mask.
    #[must_use]
    pub const fn with_mask(self, mask: Mask) -> Self {
        Self { mask, ..self }
    }

    /// On so many threads.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// `D⁻¹AV`, shape `(m, c)`, for `queries` `(m, d)`, `keys` `(n, d)`, `values` `(n, c)`.
    ///
    /// # Errors
    /// [`Error::Length`] for points of another dimension than the map's; [`Error::RowCount`] unless there are as many
    /// values, and with a causal mask queries, as keys; [`Error::Mass`] for the first query whose weights do not have a
    /// positive, finite sum: there is no key, an entry is not finite, or the kernel is so far from the exponential that it
    /// is negative. No output is returned then.
    pub fn forward<T: Float, M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
        values: MatRef<'_, T>,
    ) -> Result<Mat<T>, Error> {
        Ok(Job::new(self, map, [queries, keys, values], true)?.run()?.0)
    }

    /// [`forward`](Self::forward) over some of the keys, to be merged with attention over others.
    ///
    /// # Errors
    /// As [`forward`](Self::forward), but without any key outputs are zero and masses nothing.
    pub fn forward_partial<T: Float, M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
        values: MatRef<'_, T>,
    ) -> Result<PartialAttention<T>, Error> {
        let job = Job::new(self, map, [queries, keys, values], true)?;
        if keys.nrows() == 0 {
            let nothing = vec![f64::NEG_INFINITY; queries.nrows()];
            return PartialAttention::new(Mat::filled(queries.nrows(), values.ncols(), T::ZERO), nothing);
        }
        let (output, masses) = job.run()?;
        PartialAttention::new(output, masses.into_iter().map(|mass| mass.to_f64().ln()).collect())
    }

    /// The gradients by queries, keys and values of a loss whose gradient by the output of [`forward`](Self::forward) is
    /// `output_gradients` `(m, c)`: those of the kernel as it is, not of the exponential that it stands for.
    ///
    /// About three times the operations of [`forward`](Self::forward), which it runs again; memory as there and `(m, c + 1)` numbers.
    ///
    /// # Errors
    /// As [`forward`](Self::forward), and for gradients of another shape than the output.
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use poly_kernel::{LinearAttention, MonomialMap};
    ///
    /// let map = MonomialMap::exp_taylor(1, 4)?;
    /// let [q, k, v] = [vec![0.5], vec![1.0, -1.0], vec![0.0, 1.0]]
    ///     .map(|column| Mat::from_fn(column.len(), 1, |i, _| column[i]));
    /// let attention = LinearAttention::new(1.0)?;
    /// let one = Mat::filled(1, 1, 1.0);
    /// let gradients = attention.backward(&map, q.as_ref(), k.as_ref(), v.as_ref(), one.as_ref())?;
    /// // the output is a mean of the values: its gradient by them is the weights
    /// assert!((gradients.values.as_slice().iter().sum::<f64>() - 1.0).abs() < 1e-15);
    /// // more of the first key, whose value is smaller
    /// assert!(gradients.queries[(0, 0)] < 0.0);
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn backward<T: Float, M: DifferentiableMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
        values: MatRef<'_, T>,
        output_gradients: MatRef<'_, T>,
    ) -> Result<AttentionGradients<T>, Error> {
        gradient::gradients(&Job::new(self, map, [queries, keys, values], true)?, output_gradients)
    }

    /// `AM`, shape `(m, c)`, for `matrix` `M` `(n, c)`; see [`transposed_product`](Self::transposed_product) for the other side.
    ///
    /// # Errors
    /// [`Error::Length`] and [`Error::RowCount`] as [`forward`](Self::forward).
    pub fn product<T: Float, M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
        matrix: MatRef<'_, T>,
    ) -> Result<Mat<T>, Error> {
        Ok(Job::new(self, map, [queries, keys, matrix], false)?.run()?.0)
    }

    /// `AᵀM`, shape `(n, c)`, for `matrix` `M` `(m, c)`: with a causal mask row j sums over the queries from j on.
    ///
    /// # Errors
    /// [`Error::Length`] for points of another dimension than the map's; [`Error::RowCount`] unless the matrix has a row for each
    /// query and, with a causal mask, there are as many queries as keys.
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use poly_kernel::{LinearAttention, Mask, MonomialMap};
    ///
    /// let map = MonomialMap::new(1, &[1.0])?; // every weight is one
    /// let (points, ones) = (Mat::zeros(3, 1), Mat::filled(3, 1, 1.0));
    /// let attention = LinearAttention::new(1.0)?.with_mask(Mask::Causal);
    /// let seen = attention.transposed_product(&map, points.as_ref(), points.as_ref(), ones.as_ref())?;
    /// assert_eq!(seen.as_slice(), [3.0, 2.0, 1.0]); // how many queries see each key
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn transposed_product<T: Float, M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
        matrix: MatRef<'_, T>,
    ) -> Result<Mat<T>, Error> {
        Job::transposed(self, map, [queries, keys, matrix])?.run_transposed()
    }

    /// What the map knows of its error for these queries and keys: over the smallest ball that has all of them, each times `√s`. One pass
    /// over the points, and no error where they are not finite: then nothing is known.
    ///
    /// [`forward`](Self::forward) computes with whatever map it is given. This tells afterwards whether that was wise, as
    /// [`Workload`](crate::Workload) does before.
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use poly_kernel::{KernelError, LinearAttention, MonomialMap};
    ///
    /// let map = MonomialMap::exp_taylor(2, 4)?;
    /// let attention = LinearAttention::new(0.5)?;
    /// let error = |length: f64| {
    ///     let points = Mat::filled(3, 2, length);
    ///     attention.kernel_error(&map, points.as_ref(), points.as_ref())
    /// };
    /// assert!(matches!(error(0.5), KernelError::Relative(error) if error < 1e-4));
    /// assert!(matches!(error(5.0), KernelError::Relative(error) if error > 1e6)); // logits down to −25
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn kernel_error<T: Float, M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
    ) -> KernelError {
        let square = |row: &[T]| row.iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>();
        let larger =
            |largest: f64, square: f64| if square > largest || square.is_nan() { square } else { largest };
        let largest = queries.rows().chain(keys.rows()).map(square).fold(0.0, larger);
        // each product and addition rounds, and the roots and the product of the scale, which a point is multiplied by in its precision
        let single = 4.0 * T::UNIT_ROUNDOFF;
        map.kernel_error(up((largest * self.softmax_scale).sqrt() * (1.0 + single), queries.ncols() + 6))
    }

    /// `√s`, the share of each side.
    fn root_scale<T: Float>(&self) -> T {
        T::from_f64(self.softmax_scale.sqrt())
    }
}

/// What [`LinearAttention::backward`] finds.
///
/// ```
/// use poly_kernel::AttentionGradients;
///
/// fn step(gradients: &AttentionGradients) -> f64 {
///     gradients.queries.as_slice().iter().map(|x| x * x).sum()
/// }
/// # let _ = step;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionGradients<T: Float = f64> {
    /// By the queries, `(m, d)`.
    pub queries: Mat<T>,
    /// By the keys, `(n, d)`.
    pub keys: Mat<T>,
    /// By the values, `(n, c)`.
    pub values: Mat<T>,
}
