//! Products `Φ(points)·S` of features with a coefficient matrix, block by block.

use crate::{
    error::{Error, check_len},
    feature_map::{FeatureMap, Role},
    moments::{BLOCK_POINTS, blocks},
    monomial::FeatureBlock,
};
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_tn_into};

/// `Φ·S`, shape `(m, c)`: row `i` is `φ(pointsᵢ)ᵀ S`, for `points` `(m, d)` and `coefficients` `S` `(r, c)`.
///
/// Points are queries: where the map has signs, `φ` is what carries them. So with `S = Σₖ φ(xₖ)vₖᵀ` from
/// [`Moments`](crate::Moments), row `i` is `Σₖ f(xₖ·pointsᵢ) vₖᵀ` for every kernel `f`.
///
/// `Φ` is built in blocks and never held whole: memory is that of the result and one block a thread. Threads share
/// the rows; block borders do not depend on their number, so neither does the result.
///
/// # Errors
/// [`Error::Length`] if the points do not have the dimension of the map, or `S` not one row a feature.
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use poly_kernel::{MonomialMap, readout};
///
/// let map = MonomialMap::new(1, &[1.0, 1.0, 1.0])?; // features 1, x, x²
/// let coefficients = Mat::from_vec(3, 1, vec![5.0, 0.0, 2.0])?;
/// let points = Mat::from_vec(2, 1, vec![0.0, 3.0])?;
/// let values = readout(&map, points.as_ref(), coefficients.as_ref(), Parallelism::Sequential)?;
/// assert_eq!(values.as_slice(), [5.0, 23.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn readout<M: FeatureMap + ?Sized>(
    map: &M,
    points: MatRef<'_>,
    coefficients: MatRef<'_>,
    parallelism: Parallelism,
) -> Result<Mat, Error> {
    run(map, points, coefficients, None, parallelism)
}

/// [`readout`], and `‖φ(pointsᵢ)‖₁` of each point: how far an error of at most `h` in every coefficient can move row `i`
/// is `h` times that.
///
/// The norms are sums of `r` non-negative terms in floating point, each with the relative error of its feature:
/// for monomials of degree `g` a relative error of at most `(r + 6g + 1)·2⁻⁵³` to first order.
///
/// # Errors
/// As [`readout`].
pub fn readout_with_norms<M: FeatureMap + ?Sized>(
    map: &M,
    points: MatRef<'_>,
    coefficients: MatRef<'_>,
    parallelism: Parallelism,
) -> Result<(Mat, Vec<f64>), Error> {
    let mut norms = vec![0.0; points.nrows()];
    let out = run(map, points, coefficients, Some(&mut norms), parallelism)?;
    Ok((out, norms))
}

fn run<M: FeatureMap + ?Sized>(
    map: &M,
    points: MatRef<'_>,
    coefficients: MatRef<'_>,
    norms: Option<&mut [f64]>,
    parallelism: Parallelism,
) -> Result<Mat, Error> {
    check(map, points, coefficients)?;
    let mut out = Mat::zeros(points.nrows(), coefficients.ncols());
    // a thread without a block has nothing to do
    let threads = parallelism.get().min(points.nrows().div_ceil(BLOCK_POINTS)).max(1);
    Job { map, points, coefficients }.run(out.as_mut(), norms, threads)?;
    Ok(out)
}

fn check<M: FeatureMap + ?Sized>(map: &M, points: MatRef<'_>, coefficients: MatRef<'_>) -> Result<(), Error> {
    check_len(map.dim(), points.ncols())?;
    check_len(map.feature_count(), coefficients.nrows())
}

/// A range of points to evaluate.
struct Job<'a, M: ?Sized> {
    map: &'a M,
    points: MatRef<'a>,
    coefficients: MatRef<'a>,
}

impl<M: FeatureMap + ?Sized> Job<'_, M> {
    /// Halves the rows, at a border of blocks, until each thread has its part.
    fn run(self, out: MatMut<'_>, norms: Option<&mut [f64]>, threads: usize) -> Result<(), Error> {
        let size = BLOCK_POINTS;
        let rows = self.points.nrows();
        let here = threads / 2;
        let cut = (rows.div_ceil(size) * here / threads) * size;
        if cut == 0 {
            return self.run_one(out, norms, size);
        }
        let (first, second) = out.split_at_row(cut);
        let (first_norms, second_norms) = norms.map(|norms| norms.split_at_mut(cut)).unzip();
        let part = |range| Job { points: self.points.subrows(range), ..self };
        let (top, bottom) = (part(0..cut), part(cut..rows));
        std::thread::scope(|scope| {
            let other = scope.spawn(move || bottom.run(second, second_norms, threads - here));
            top.run(first, first_norms, here)?;
            other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn run_one(self, mut out: MatMut<'_>, mut norms: Option<&mut [f64]>, size: usize) -> Result<(), Error> {
        let mut block: FeatureBlock = self.map.feature_block(size.min(self.points.nrows()));
        for rows in blocks(self.points.nrows(), size) {
            self.map.apply_block(Role::Query, self.points.subrows(rows.clone()), &mut block)?;
            let part = out.reborrow().subrows(rows.clone());
            let features = block.as_ref();
            matmul_tn_into(part, Accumulate::Replace, features, self.coefficients, Parallelism::Sequential)?;
            if let Some(norms) = norms.as_deref_mut() {
                norms[rows].copy_from_slice(&block.absolute_sums());
            }
        }
        Ok(())
    }
}
