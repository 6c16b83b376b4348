//! Exact softmax attention, streamed in blocks: the non-private reference, and what a release is measured against.

use crate::error::{Error, Parameter};
use crate::options::positive;
use crate::rows::check_dimension;
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into, matmul_nt_into};

/// Queries and keys per block: their scores stay in the second-level cache.
const QUERY_BLOCK: usize = 64;
const KEY_BLOCK: usize = 512;

/// `softmax(softmax_scale·Q Kᵀ) V`, row by row: queries `(m, d)`, keys `(n, d)`, values `(n, d_v)`, result `(m, d_v)`.
///
/// One pass over the keys with a running maximum, so that no exponential overflows and no `(m, n)` matrix is formed
/// (Milakov, Gimelshein 2018). *Not private.*
///
/// # Errors
///
/// [`Error::Dimension`], [`Error::RowCount`], [`Error::OutOfRange`] for a bad scale. Without keys, or with logits that are not finite,
/// the result is NaN.
///
/// # Example
///
/// ```
/// use attention_dp::exact_attention;
/// use dp_linalg::{Mat, Parallelism};
///
/// let keys = Mat::from_vec(2, 1, vec![0.0, 1.0])?;
/// let values = Mat::from_vec(2, 1, vec![10.0, 20.0])?;
/// let query = Mat::from_vec(1, 1, vec![3.0_f64.ln()])?; // weights 1 and 3
/// let output = exact_attention(query.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential)?;
/// assert!((output[(0, 0)] - 17.5).abs() < 1e-12);
/// # Ok::<(), attention_dp::Error>(())
/// ```
pub fn exact_attention(
    queries: MatRef<'_>,
    keys: MatRef<'_>,
    values: MatRef<'_>,
    softmax_scale: f64,
    parallelism: Parallelism,
) -> Result<Mat, Error> {
    positive(Parameter::SoftmaxScale, softmax_scale)?;
    check_dimension(Parameter::Query, keys.ncols(), queries.ncols())?;
    if keys.nrows() != values.nrows() {
        return Err(Error::RowCount { keys: keys.nrows(), values: values.nrows() });
    }
    let share = queries.nrows().div_ceil(parallelism.get()).max(1);
    let mut output = Vec::with_capacity(queries.nrows() * values.ncols());
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..queries.nrows())
            .step_by(share)
            .map(|start| queries.subrows(start..queries.nrows().min(start + share)))
            .map(|part| scope.spawn(move || attend(part, keys, values, softmax_scale)))
            .collect();
        running.into_iter().try_for_each(|handle| {
            output.extend(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            Ok::<(), Error>(())
        })
    })?;
    Ok(Mat::from_vec(queries.nrows(), values.ncols(), output)?)
}

/// Row-major outputs of some queries.
fn attend(queries: MatRef<'_>, keys: MatRef<'_>, values: MatRef<'_>, scale: f64) -> Result<Vec<f64>, Error> {
    let mut output = Vec::with_capacity(queries.nrows() * values.ncols());
    for start in (0..queries.nrows()).step_by(QUERY_BLOCK) {
        let block = queries.subrows(start..queries.nrows().min(start + QUERY_BLOCK));
        let mut state = Softmax::new(block.nrows(), values.ncols());
        for first in (0..keys.nrows()).step_by(KEY_BLOCK) {
            let range = first..keys.nrows().min(first + KEY_BLOCK);
            state.absorb(block, keys.subrows(range.clone()), values.subrows(range), scale)?;
        }
        output.extend(state.into_output());
    }
    Ok(output)
}

/// Running maximum, mass and weighted sum of one block of queries.
struct Softmax {
    maximum: Vec<f64>,
    mass: Vec<f64>,
    sums: Mat,
}

impl Softmax {
    fn new(queries: usize, columns: usize) -> Self {
        Self {
            maximum: vec![f64::NEG_INFINITY; queries],
            mass: vec![0.0; queries],
            sums: Mat::zeros(queries, columns),
        }
    }

    fn absorb(
        &mut self,
        queries: MatRef<'_>,
        keys: MatRef<'_>,
        values: MatRef<'_>,
        scale: f64,
    ) -> Result<(), Error> {
        let mut weights = Mat::zeros(queries.nrows(), keys.nrows());
        matmul_nt_into(weights.as_mut(), Accumulate::Replace, queries, keys, Parallelism::Sequential)?;
        for i in 0..queries.nrows() {
            let row = weights.row_mut(i);
            let largest =
                row.iter().fold(f64::NEG_INFINITY, |m: f64, s| m.max(s * scale)).max(self.maximum[i]);
            let rescale = (self.maximum[i] - largest).exp();
            row.iter_mut().for_each(|s| *s = (*s * scale - largest).exp());
            self.mass[i] = self.mass[i] * rescale + row.iter().sum::<f64>();
            self.maximum[i] = largest;
            self.sums.row_mut(i).iter_mut().for_each(|s| *s *= rescale);
        }
        Ok(matmul_into(
            self.sums.as_mut(),
            Accumulate::Add,
            weights.as_ref(),
            values,
            Parallelism::Sequential,
        )?)
    }

    fn into_output(self) -> Vec<f64> {
        let columns = self.sums.ncols().max(1);
        let mass = self.mass;
        self.sums.into_vec().into_iter().enumerate().map(|(i, sum)| sum / mass[i / columns]).collect()
    }
}
