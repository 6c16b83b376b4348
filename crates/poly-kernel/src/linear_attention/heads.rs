//! Several heads side by side.

use super::LinearAttention;
use super::job::in_parallel;
use crate::{
    error::{Error, check_len},
    feature_map::FeatureMap,
    float::Float,
};
use core::ops::Range;
use dp_linalg::{Mat, MatRef, Parallelism};

/// How many heads stand side by side in the columns of queries, and of keys and values.
///
/// ```
/// use poly_kernel::Heads;
///
/// let grouped = Heads::new(8, 2)?; // four query heads read each key and value head
/// assert!(Heads::new(8, 3).is_err());
/// # let _ = grouped;
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Heads {
    query: usize,
    key_value: usize,
}

impl Heads {
    /// So many query heads, of which equally many consecutive ones share a key and value head (grouped-query attention; one each
    /// if the numbers are equal, multi-query attention for one key and value head).
    ///
    /// # Errors
    /// [`Error::HeadCount`] unless both are positive and the second divides the first.
    pub const fn new(query: usize, key_value: usize) -> Result<Self, Error> {
        if query > 0 && key_value > 0 && query.is_multiple_of(key_value) {
            Ok(Self { query, key_value })
        } else {
            Err(Error::HeadCount { query, key_value })
        }
    }

    /// Number of query heads.
    #[must_use]
    pub const fn query(self) -> usize {
        self.query
    }

    /// Number of key and value heads.
    #[must_use]
    pub const fn key_value(self) -> usize {
        self.key_value
    }
}

/// The columns of one of several heads.
fn head(columns: usize, heads: usize, i: usize) -> Range<usize> {
    let width = columns / heads;
    i * width..(i + 1) * width
}

impl LinearAttention {
    /// [`forward`](Self::forward) of each head, with one map for all: queries `(m, h·d)`, keys `(n, h_kv·d)`, values `(n, h_kv·c)`,
    /// result `(m, h·c)`. Heads are views of columns: nothing is copied but the result.
    ///
    /// # Errors
    /// [`Error::Length`] unless queries and keys have `d` columns for each head, and values a multiple of their heads; and as
    /// [`forward`](Self::forward).
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use poly_kernel::{Heads, LinearAttention, MonomialMap};
    ///
    /// let map = MonomialMap::exp_taylor(4, 2)?;
    /// let (queries, keys) = (Mat::zeros(3, 8 * 4), Mat::zeros(5, 2 * 4));
    /// let values = Mat::from_fn(5, 2 * 6, |i, _| i as f64);
    /// let output = LinearAttention::new(0.5)?.forward_heads(
    ///     &map,
    ///     queries.as_ref(),
    ///     keys.as_ref(),
    ///     values.as_ref(),
    ///     Heads::new(8, 2)?,
    /// )?;
    /// assert_eq!(output, Mat::filled(3, 8 * 6, 2.0));
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn forward_heads<T: Float, M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_, T>,
        keys: MatRef<'_, T>,
        values: MatRef<'_, T>,
        heads: Heads,
    ) -> Result<Mat<T>, Error> {
        let Heads { query, key_value } = heads;
        check_len(query * map.dim(), queries.ncols())?;
        check_len(key_value * map.dim(), keys.ncols())?;
        check_len(values.ncols() / key_value * key_value, values.ncols())?;
        let threads = self.parallelism.get();
        // threads share the heads, or each head if there are few
        let of_head = if query < threads { *self } else { self.with_parallelism(Parallelism::Sequential) };
        let outputs = in_parallel(if query < threads { 1 } else { threads }, (0..query).collect(), |i| {
            let shared = i / (query / key_value);
            let of = |matrix: MatRef<'_, T>| head(matrix.ncols(), key_value, shared);
            let (keys, values) = (keys.subcols(of(keys)), values.subcols(of(values)));
            of_head.forward(map, queries.subcols(head(queries.ncols(), query, i)), keys, values)
        })?;
        let width = values.ncols() / key_value;
        let mut out = Mat::filled(queries.nrows(), query * width, T::ZERO);
        for (i, output) in outputs.iter().enumerate() {
            for (row, found) in output.rows().enumerate() {
                out.row_mut(row)[head(query * width, query, i)].copy_from_slice(found);
            }
        }
        Ok(out)
    }
}
