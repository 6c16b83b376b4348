//! `LinearAttention`: products with a kernel matrix that is never formed.

use crate::{
    error::{Error, check_len},
    feature_map::{FeatureMap, Role},
    moments::{BLOCK_POINTS, blocks},
    monomial::FeatureBlock,
};
use core::ops::Range;
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into, matmul_tn, matmul_tn_into};

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
/// Rows are positions: queries `(m, d)`, keys `(n, d)`, values `(n, c)`, all of one head. Heads that stand side by side in
/// the columns of one matrix are [`subcols`](MatRef::subcols) of it: views, not copies.
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
    pub fn forward<M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_>,
        keys: MatRef<'_>,
        values: MatRef<'_>,
    ) -> Result<Mat, Error> {
        let columns = values.ncols();
        let sums = Job::new(self, map, [queries, keys, values], true)?.run()?;
        let mut output = Mat::zeros(queries.nrows(), columns);
        for (query, row) in sums.rows().enumerate() {
            let mass = row[columns];
            if !(mass > 0.0 && mass.is_finite()) {
                return Err(Error::Mass { query, mass });
            }
            for (out, sum) in output.row_mut(query).iter_mut().zip(row) {
                *out = sum / mass;
            }
        }
        Ok(output)
    }

    /// `AM`, shape `(m, c)`, for `matrix` `M` `(n, c)`; the product with `Aᵀ`, for a full mask, has queries and keys exchanged
    /// (and is that of another kernel only where a map is not symmetric).
    ///
    /// # Errors
    /// [`Error::Length`] and [`Error::RowCount`] as [`forward`](Self::forward).
    pub fn product<M: FeatureMap + ?Sized>(
        &self,
        map: &M,
        queries: MatRef<'_>,
        keys: MatRef<'_>,
        matrix: MatRef<'_>,
    ) -> Result<Mat, Error> {
        Job::new(self, map, [queries, keys, matrix], false)?.run()
    }
}

/// Most partial sums that are held at once, if they have at most `LARGE` entries; else two.
const CHUNKS: usize = 8;
const LARGE: usize = 1 << 22;

/// One product.
struct Job<'a, M: ?Sized> {
    attention: LinearAttention,
    map: &'a M,
    queries: MatRef<'a>,
    keys: MatRef<'a>,
    values: MatRef<'a>,
    /// Whether a column of ones stands after the values.
    with_mass: bool,
}

impl<'a, M: FeatureMap + ?Sized> Job<'a, M> {
    fn new(
        attention: &LinearAttention,
        map: &'a M,
        [queries, keys, values]: [MatRef<'a>; 3],
        with_mass: bool,
    ) -> Result<Self, Error> {
        check_len(map.dim(), queries.ncols())?;
        check_len(map.dim(), keys.ncols())?;
        if keys.nrows() != values.nrows() {
            return Err(Error::RowCount { points: keys.nrows(), values: values.nrows() });
        }
        if attention.mask == Mask::Causal && queries.nrows() != keys.nrows() {
            return Err(Error::RowCount { points: queries.nrows(), values: keys.nrows() });
        }
        Ok(Self { attention: *attention, map, queries, keys, values, with_mass })
    }

    fn columns(&self) -> usize {
        self.values.ncols() + usize::from(self.with_mass)
    }

    fn run(&self) -> Result<Mat, Error> {
        let chunks = self.chunks(self.keys.nrows());
        let parts = match self.attention.mask {
            Mask::Full => {
                let sums = self.in_parallel(chunks, |range| self.sums(range))?;
                let total = sums.iter().fold(self.zeros(), added);
                self.in_parallel(self.chunks(self.queries.nrows()), |range| self.read(range, &total))?
            }
            Mask::Causal => {
                // nothing comes after the last chunk
                let earlier = chunks[..chunks.len().saturating_sub(1)].to_vec();
                let mut before = vec![self.zeros()];
                for part in self.in_parallel(earlier, |range| self.sums(range))? {
                    before.push(added(before[before.len() - 1].clone(), &part));
                }
                let starts: Vec<_> = chunks.into_iter().zip(before).collect();
                self.in_parallel(starts, |(range, before)| self.read_causally(range, before))?
            }
        };
        let output: Vec<f64> = parts.into_iter().flat_map(Mat::into_vec).collect();
        Ok(Mat::from_vec(self.queries.nrows(), self.columns(), output)?)
    }

    /// Whole blocks, in as many ranges as there may be sums: a function of shapes alone.
    fn chunks(&self, rows: usize) -> Vec<Range<usize>> {
        let count = if self.map.feature_count() * self.columns() <= LARGE { CHUNKS } else { 2 };
        let size = rows.div_ceil(BLOCK_POINTS).div_ceil(count).max(1) * BLOCK_POINTS;
        blocks(rows, size).collect()
    }

    fn zeros(&self) -> Mat {
        Mat::zeros(self.map.feature_count(), self.columns())
    }

    fn block(&self) -> FeatureBlock {
        self.map.feature_block(BLOCK_POINTS)
    }

    /// `Φ_KᵀM` of some keys.
    fn sums(&self, range: Range<usize>) -> Result<Mat, Error> {
        let (mut sums, mut features) = (self.zeros(), self.block());
        for rows in blocks_of(range) {
            self.fill(Role::Key, rows.clone(), &mut features)?;
            add(&mut sums, &features, &self.values_of(rows))?;
        }
        Ok(sums)
    }

    /// `Φ_Q S` of some queries.
    fn read(&self, range: Range<usize>, sums: &Mat) -> Result<Mat, Error> {
        let first = range.start;
        let (mut out, mut features) = (Mat::zeros(range.len(), self.columns()), self.block());
        for rows in blocks_of(range) {
            self.fill(Role::Query, rows.clone(), &mut features)?;
            let out = out.as_mut().subrows(rows.start - first..rows.end - first);
            matmul_tn_into(
                out,
                Accumulate::Replace,
                features.as_ref(),
                sums.as_ref(),
                Parallelism::Sequential,
            )?;
        }
        Ok(out)
    }

    /// The same with what stands before each query: the sums before its block, and the keys of its block up to it.
    fn read_causally(&self, range: Range<usize>, mut sums: Mat) -> Result<Mat, Error> {
        let first = range.start;
        let mut out = Mat::zeros(range.len(), self.columns());
        let (mut queries, mut keys) = (self.block(), self.block());
        for rows in blocks_of(range) {
            self.fill(Role::Query, rows.clone(), &mut queries)?;
            self.fill(Role::Key, rows.clone(), &mut keys)?;
            let values = self.values_of(rows.clone());
            let mut weights = matmul_tn(queries.as_ref(), keys.as_ref(), Parallelism::Sequential)?;
            for i in 0..rows.len() {
                weights.row_mut(i)[i + 1..].fill(0.0);
            }
            let mut out = out.as_mut().subrows(rows.start - first..rows.end - first);
            let (before, here, sequential) = (out.reborrow(), sums.as_ref(), Parallelism::Sequential);
            matmul_tn_into(before, Accumulate::Replace, queries.as_ref(), here, sequential)?;
            matmul_into(out, Accumulate::Add, weights.as_ref(), values.as_ref(), sequential)?;
            add(&mut sums, &keys, &values)?;
        }
        Ok(out)
    }

    /// Features of some points, each times `√s`.
    fn fill(&self, role: Role, rows: Range<usize>, out: &mut FeatureBlock) -> Result<(), Error> {
        let points = if role == Role::Query { self.queries } else { self.keys };
        let points = points.subrows(rows);
        if self.attention.softmax_scale == 1.0 {
            return self.map.apply_block(role, points, out);
        }
        let root = self.attention.softmax_scale.sqrt();
        let mut scaled = points.to_owned();
        scaled.as_mut_slice().iter_mut().for_each(|x| *x *= root);
        self.map.apply_block(role, scaled.as_ref(), out)
    }

    fn values_of(&self, rows: Range<usize>) -> Mat {
        let values = self.values.subrows(rows);
        let mut block = Mat::zeros(values.nrows(), self.columns());
        for (i, row) in values.rows().enumerate() {
            let out = block.row_mut(i);
            out[..row.len()].copy_from_slice(row);
            out[row.len()..].fill(1.0);
        }
        block
    }

    /// Results of a job for each item, in their order, on as many threads as allowed.
    fn in_parallel<I: Send, T: Send>(
        &self,
        items: Vec<I>,
        job: impl Fn(I) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let share = items.len().div_ceil(self.attention.parallelism.get()).max(1);
        let mut items = items.into_iter();
        let groups = core::iter::from_fn(|| Some(items.by_ref().take(share).collect::<Vec<I>>()));
        let groups: Vec<Vec<I>> = groups.take_while(|group| !group.is_empty()).collect();
        let work = |group: Vec<I>| group.into_iter().map(&job).collect::<Result<Vec<T>, Error>>();
        let results: Vec<Result<Vec<T>, Error>> = if groups.len() <= 1 {
            groups.into_iter().map(work).collect()
        } else {
            std::thread::scope(|scope| {
                let running: Vec<_> = groups.into_iter().map(|group| scope.spawn(|| work(group))).collect();
                let join = |handle: std::thread::ScopedJoinHandle<'_, _>| {
                    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                running.into_iter().map(join).collect()
            })
        };
        Ok(results.into_iter().collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect())
    }
}

/// Adds what a block of keys brings.
fn add(sums: &mut Mat, features: &FeatureBlock, values: &Mat) -> Result<(), Error> {
    let (sums, sequential) = (sums.as_mut(), Parallelism::Sequential);
    Ok(matmul_into(sums, Accumulate::Add, features.as_ref(), values.as_ref(), sequential)?)
}

/// The blocks of a range that starts at one.
fn blocks_of(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let first = range.start;
    blocks(range.len(), BLOCK_POINTS).map(move |rows| rows.start + first..rows.end + first)
}

fn added(mut total: Mat, part: &Mat) -> Mat {
    for (sum, added) in total.as_mut_slice().iter_mut().zip(part.as_slice()) {
        *sum += added;
    }
    total
}
