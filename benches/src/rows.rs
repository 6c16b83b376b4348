//! Rows that are made on the fly, and the case that most benchmarks use.

use attention_dp::{Bounds, Error, MomentOptions, PrivateMoments, Rows, Shape};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::AddRemoveRow;

/// Rows in a chunk of a stream.
const CHUNK: usize = 8192;

/// Uniform rows from a counter: fast, repeatable, never stored.
///
/// ```
/// let mut source = provable_dp_benches::RowSource::new(1);
/// let rows = source.rows(3, 2);
/// assert!(rows.as_slice().iter().all(|x| (-1.0..1.0).contains(x)));
/// assert_ne!(rows, source.rows(3, 2));
/// ```
#[derive(Debug, Clone)]
pub struct RowSource {
    state: u64,
}

impl RowSource {
    /// A source; equal seeds give equal rows.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next rows, `(n, d)`, entries uniform on [−1, 1).
    #[must_use]
    pub fn rows(&mut self, n: usize, d: usize) -> Mat {
        Mat::from_fn(n, d, |_, _| self.entry())
    }

    /// `SplitMix64` (Steele, Lea, Flood 2014).
    fn entry(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        (word >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A release in low dimension: the options that a benchmark names by `d`, degree and `d_v`.
///
/// Radii are those of the unit cube's typical rows: some rows are clipped, as in use.
///
/// ```
/// use dp_linalg::Parallelism;
///
/// let case = provable_dp_benches::MomentCase { key_dim: 3, degree: 2, value_dim: 2 };
/// let moments = case.streamed(1000, Parallelism::Sequential)?;
/// assert_eq!(moments.geometry().feature_count(), 10);
/// # Ok::<(), attention_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MomentCase {
    /// `d`.
    pub key_dim: usize,
    /// Taylor degree.
    pub degree: usize,
    /// `d_v`.
    pub value_dim: usize,
}

impl MomentCase {
    /// The case that the project states its speed for: `d = 8`, degree 4, `d_v = 64`, so `r = 495`.
    pub const STATED: Self = Self { key_dim: 8, degree: 4, value_dim: 64 };

    /// `d` = 16, degree 3, `d_v` = 64, so `r = 969`.
    pub const WIDE: Self = Self { key_dim: 16, degree: 3, value_dim: 64 };

    /// No rows yet. Keys have radius 1.5 and queries 1; values √(`d_v`/2); logits are within ±1.5/√d.
    ///
    /// # Errors
    ///
    /// Those of [`PrivateMoments::new`].
    pub fn empty(self, parallelism: Parallelism) -> Result<PrivateMoments<AddRemoveRow>, Error> {
        let shape = Shape { key_dim: self.key_dim, value_dim: self.value_dim };
        let bounds = Bounds::new(1.0, 1.5, (self.value_dim as f64 / 2.0).sqrt())?;
        let options = MomentOptions::new(shape, bounds, self.degree).with_parallelism(parallelism);
        PrivateMoments::new(AddRemoveRow, options)
    }

    /// The moments of `n` rows that are streamed and never stored.
    ///
    /// # Errors
    ///
    /// Those of [`PrivateMoments::push`].
    pub fn streamed(self, n: usize, parallelism: Parallelism) -> Result<PrivateMoments<AddRemoveRow>, Error> {
        let mut moments = self.empty(parallelism)?;
        let mut source = RowSource::new(7);
        for start in (0..n).step_by(CHUNK) {
            let rows = CHUNK.min(n - start);
            let (keys, values) = (source.rows(rows, self.key_dim), source.rows(rows, self.value_dim));
            moments.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?)?;
        }
        Ok(moments)
    }

    /// Queries `(m, d)` of norm ½.
    #[must_use]
    pub fn queries(self, m: usize) -> Mat {
        let directions = RowSource::new(11).rows(m, self.key_dim);
        let norms: Vec<f64> =
            directions.rows().map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
        Mat::from_fn(m, self.key_dim, |i, j| 0.5 * directions[(i, j)] / norms[i])
    }
}
