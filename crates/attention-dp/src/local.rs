//! Public tokens beside a private release: attention over them that can be merged.

use crate::error::{Error, Parameter};
use crate::exact::attend_with_mass;
use crate::options::positive;
use crate::private::norm;
use crate::rows::check_dimension;
use core::fmt;
use dp_linalg::{MatRef, Parallelism};
use poly_kernel::PartialAttention;

/// Largest absolute value of a coordinate of a visible token: sums of squares of it stay finite.
const LARGEST: f64 = 1e150;

/// Keys `(n, d)` and values `(n, d_v)` of *public* tokens, such as the user's own conversation, in the order of time.
///
/// They are attended to exactly, whatever their logits and values are, and without any privacy: who sees an answer may know
/// them. A query sees all of them, or with a [causal offset](Self::with_causal_offset) those up to its own position. What a
/// query does not see has no effect on its answer, whatever its logit would be.
///
/// # Example
///
/// ```
/// use attention_dp::LocalTokens;
/// use dp_linalg::Mat;
///
/// let keys = Mat::from_vec(2, 1, vec![0.0, 1e6])?;
/// let values = Mat::from_vec(2, 1, vec![10.0, 20.0])?;
/// let tokens = LocalTokens::new(keys.as_ref(), values.as_ref())?.with_causal_offset(0);
///
/// let queries = Mat::from_vec(2, 1, vec![1.0, 1.0])?;
/// let attention = tokens.attention(queries.as_ref(), 1.0)?;
/// // the first query does not see the second token
/// assert_eq!(attention.output().as_slice(), [10.0, 20.0]);
/// assert_eq!(attention.log_masses(), [0.0, 1e6]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct LocalTokens<'a> {
    keys: MatRef<'a>,
    values: MatRef<'a>,
    causal_offset: Option<usize>,
    parallelism: Parallelism,
}

/// Largest norms among the tokens up to one of them.
pub(crate) struct Extent {
    pub(crate) key_norm: f64,
    /// Largest absolute coordinate of a value.
    pub(crate) largest_value: f64,
}

impl<'a> LocalTokens<'a> {
    /// Tokens that every query sees.
    ///
    /// # Errors
    ///
    /// [`Error::RowCount`] unless there is a value for each key.
    pub fn new(keys: MatRef<'a>, values: MatRef<'a>) -> Result<Self, Error> {
        if keys.nrows() == values.nrows() {
            Ok(Self { keys, values, causal_offset: None, parallelism: Parallelism::available() })
        } else {
            Err(Error::RowCount)
        }
    }

    /// Query i sees the tokens `0 ..= offset + i` only: a decoder that hands over its last m of n tokens as queries sets
    /// `offset = n − m`.
    #[must_use]
    pub const fn with_causal_offset(self, offset: usize) -> Self {
        Self { causal_offset: Some(offset), ..self }
    }

    /// Threads to use. Default: what the machine has.
    #[must_use]
    pub const fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Number of leading tokens that query `i` sees.
    #[must_use]
    pub fn visible(&self, i: usize) -> usize {
        let all = self.keys.nrows();
        self.causal_offset.map_or(all, |offset| offset.saturating_add(i).saturating_add(1).min(all))
    }

    /// Exact attention of each query `(m, d)` over the tokens that it sees, with the logarithm of its mass
    /// `ln Σ e^{softmax_scale·q·k}`; `−∞` and zeros where it sees none. Ready to be
    /// [merged](PartialAttention::merge) with attention over other keys. *Not private.*
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for a bad scale, [`Error::Dimension`], [`Error::LocalNotFinite`] for a token that some query
    /// sees, [`Error::Kernel`] for a query with a logit beyond the range of `f64`.
    pub fn attention(&self, queries: MatRef<'_>, softmax_scale: f64) -> Result<PartialAttention, Error> {
        positive(Parameter::SoftmaxScale, softmax_scale)?;
        check_dimension(Parameter::Query, self.keys.ncols(), queries.ncols())?;
        let seen = self.seen(queries.nrows());
        self.check_tokens(seen)?;
        let (keys, values) = (self.keys.subrows(0..seen), self.values.subrows(0..seen));
        let visible = |i: usize| self.visible(i);
        let (mut output, log_masses) =
            attend_with_mass((queries, keys, values), softmax_scale, &visible, self.parallelism)?;
        for query in (0..queries.nrows()).filter(|&i| self.visible(i) == 0) {
            output.row_mut(query).fill(0.0);
        }
        Ok(PartialAttention::new(output, log_masses)?)
    }

    /// Number of leading tokens that any of so many queries sees.
    fn seen(&self, queries: usize) -> usize {
        queries.checked_sub(1).map_or(0, |last| self.visible(last))
    }

    fn check_tokens(&self, seen: usize) -> Result<(), Error> {
        let usable = |row: &[f64]| row.iter().all(|x| x.abs() <= LARGEST);
        let bad = |token: &usize| !usable(self.keys.row(*token)) || !usable(self.values.row(*token));
        (0..seen).find(bad).map_or(Ok(()), |token| Err(Error::LocalNotFinite { token }))
    }

    /// Running maxima over the tokens.
    pub(crate) fn extents(&self) -> Vec<Extent> {
        let (mut key_norm, mut largest_value) = (0.0_f64, 0.0_f64);
        let tokens = self.keys.rows().zip(self.values.rows());
        let extent = |(key, value): (&[f64], &[f64])| {
            key_norm = key_norm.max(norm(key));
            largest_value = value.iter().fold(largest_value, |largest, v| largest.max(v.abs()));
            Extent { key_norm, largest_value }
        };
        tokens.map(extent).collect()
    }

    pub(crate) const fn keys(&self) -> MatRef<'a> {
        self.keys
    }

    pub(crate) const fn values(&self) -> MatRef<'a> {
        self.values
    }
}

/// Shows no entry: a conversation is nobody else's business.
impl fmt::Debug for LocalTokens<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTokens")
            .field("tokens", &self.keys.nrows())
            .field("causal_offset", &self.causal_offset)
            .finish_non_exhaustive()
    }
}
