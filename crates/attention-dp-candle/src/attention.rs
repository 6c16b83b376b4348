//! The call that takes the place of exact cross-attention.

use crate::error::Error;
use crate::tensors::{matrices, tensor};
use attention_dp::{Answer, AttentionMoments, ErrorBar, LocalTokens, Shape};
use candle_core::Tensor;
use dp_linalg::Mat;
use dp_mechanisms::FailureProbability;

/// Which local tokens a query sees.
///
/// ```
/// use attention_dp_candle::Mask;
///
/// let decoder = Mask::Causal { offset: 0 }; // as many queries as tokens
/// assert_ne!(decoder, Mask::None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mask {
    /// All of them.
    None,
    /// Query i sees the tokens `0 ..= offset + i`.
    Causal {
        /// Number of tokens before the first query's own.
        offset: usize,
    },
}

impl Mask {
    /// How many tokens the query of this number sees, of as many as there are.
    const fn visible(self, query: usize) -> usize {
        match self {
            Self::None => usize::MAX,
            Self::Causal { offset } => offset.saturating_add(query).saturating_add(1),
        }
    }
}

/// What values are possible, by column.
type Hull = Vec<(f64, f64)>;

/// Without an answer at this confidence, the middle of all that is possible.
fn append(answer: &Answer, hull: &Hull, (output, half_width): (&mut Vec<f64>, &mut Vec<f64>)) {
    if let Some(estimate) = answer.estimate() {
        output.extend(estimate.value());
        half_width.extend(estimate.bars().iter().map(ErrorBar::total));
    } else {
        output.extend(hull.iter().map(|(low, high)| low.midpoint(*high)));
        half_width.extend(hull.iter().map(|(low, high)| high / 2.0 - low / 2.0));
    }
}

/// Multi-head cross-attention over a released memory, in place of `softmax(s·Q Kᵀ) V`.
///
/// # Error bound
///
/// With probability `1 − γ`, over all heads and all queries that are ever asked, exact attention over the clipped memory is
/// within [`half_width`](Attended::half_width) of [`output`](Attended::output), up to the rounding of the tensors' type.
///
/// # Example
///
/// See the [crate](crate).
#[derive(Debug, Clone)]
pub struct PrivateCrossAttention {
    heads: Vec<AttentionMoments>,
    /// Of one head.
    failure_probability: FailureProbability,
}

impl PrivateCrossAttention {
    /// `failure_probability` is that of all heads together.
    ///
    /// # Errors
    ///
    /// [`Error::NoHeads`]; [`Error::Shape`] if heads have keys or values of different dimensions; [`Error::Mechanism`] if the probability, split over the heads, underflows.
    pub fn new(heads: Vec<AttentionMoments>, failure_probability: FailureProbability) -> Result<Self, Error> {
        if heads.is_empty() {
            return Err(Error::NoHeads);
        }
        let shape = |head: &AttentionMoments| head.geometry().options().shape();
        if let Some(other) = heads.iter().map(shape).find(|other| *other != shape(&heads[0])) {
            let found = vec![other.key_dim, other.value_dim];
            return Err(Error::Shape {
                what: "a head",
                found,
                expected: "(d, d_v) of the first head",
                heads: heads.len(),
            });
        }
        let one = failure_probability.get() / heads.len() as f64;
        Ok(Self { heads, failure_probability: FailureProbability::new(one)? })
    }

    /// Attention of queries `(batch, heads, m, d)` over the memory: `(batch, heads, m, d_v)`.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`], and [`Error::Attention`] for a query that is not finite or longer than the query radius.
    pub fn forward(&self, queries: &Tensor) -> Result<Attended, Error> {
        self.check("queries", queries)?;
        self.attend(queries, |head, _, queries| {
            let reader = self.heads[head].reader(self.failure_probability)?;
            let range = self.range(head);
            Ok((reader.query_batch(queries.as_ref())?, vec![range; queries.nrows()]))
        })
    }

    /// The same over the memory and public tokens behind it, keys `(batch, heads, l, d)` and values `(batch, heads, l, d_v)`, in
    /// one softmax.
    ///
    /// # Errors
    ///
    /// As [`forward`](Self::forward), for keys and values too.
    pub fn forward_with_local(
        &self,
        queries: &Tensor,
        (keys, values): (&Tensor, &Tensor),
        mask: Mask,
    ) -> Result<Attended, Error> {
        for (what, tensor) in [("queries", queries), ("keys", keys), ("values", values)] {
            self.check(what, tensor)?;
            if tensor.dims()[0] != queries.dims()[0] {
                return Err(self.wrong(what, tensor));
            }
        }
        let (keys, values) = (matrices(keys)?, matrices(values)?);
        self.attend(queries, |head, index, queries| {
            let reader = self.heads[head].reader(self.failure_probability)?;
            let tokens = LocalTokens::new(keys[index].as_ref(), values[index].as_ref())?;
            let tokens = match mask {
                Mask::None => tokens,
                Mask::Causal { offset } => tokens.with_causal_offset(offset),
            };
            let hulls = (0..queries.nrows()).map(|i| self.hull(head, &values[index], mask.visible(i)));
            Ok((reader.query_with_local(queries.as_ref(), tokens)?, hulls.collect()))
        })
    }

    /// Runs one head after another for each element of the batch.
    fn attend(
        &self,
        queries: &Tensor,
        one: impl Fn(usize, usize, &Mat) -> Result<(Vec<Answer>, Vec<Hull>), Error>,
    ) -> Result<Attended, Error> {
        let (mut output, mut half_width) = (Vec::new(), Vec::new());
        for (index, queries) in matrices(queries)?.iter().enumerate() {
            let head = index % self.heads.len();
            let (answers, hulls) = one(head, index, queries)?;
            for (answer, hull) in answers.iter().zip(&hulls) {
                append(answer, hull, (&mut output, &mut half_width));
            }
        }
        let mut shape = queries.dims().to_vec();
        shape[3] = self.shape().value_dim;
        Ok(Attended {
            output: tensor(output, &shape, queries)?,
            half_width: tensor(half_width, &shape, queries)?,
        })
    }

    /// The public range of values in every column.
    fn range(&self, head: usize) -> Hull {
        vec![self.heads[head].geometry().options().value_range(); self.shape().value_dim]
    }

    /// The same, widened to the values of the local tokens that one query sees.
    fn hull(&self, head: usize, values: &Mat, visible: usize) -> Hull {
        let mut hull = self.range(head);
        for row in values.rows().take(visible) {
            for ((low, high), &v) in hull.iter_mut().zip(row) {
                (*low, *high) = (low.min(v), high.max(v));
            }
        }
        hull
    }

    fn shape(&self) -> Shape {
        self.heads[0].geometry().options().shape()
    }

    fn check(&self, what: &'static str, tensor: &Tensor) -> Result<(), Error> {
        if tensor.rank() == 4 && tensor.dims()[1] == self.heads.len() {
            Ok(())
        } else {
            Err(self.wrong(what, tensor))
        }
    }

    fn wrong(&self, what: &'static str, tensor: &Tensor) -> Error {
        let (found, heads) = (tensor.dims().to_vec(), self.heads.len());
        Error::Shape { what, found, expected: "(batch, heads, rows, d)", heads }
    }
}

/// What attention over a private memory yields.
///
/// # Example
///
/// ```
/// use candle_core::Tensor;
///
/// /// Output, and whether each coordinate is known better than to a tenth.
/// fn known(attended: &attention_dp_candle::Attended) -> candle_core::Result<(Tensor, Tensor)> {
///     Ok((attended.output().clone(), attended.half_width().lt(0.1)?))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Attended {
    output: Tensor,
    half_width: Tensor,
}

impl Attended {
    /// `(batch, heads, m, d_v)`, with type and device of the queries. Where there is no answer at this confidence, the middle of the
    /// possible values.
    #[must_use]
    pub const fn output(&self) -> &Tensor {
        &self.output
    }

    /// Half-widths of the error bars, of the same shape. Where there is no answer, half of the range of possible values.
    #[must_use]
    pub const fn half_width(&self) -> &Tensor {
        &self.half_width
    }
}
