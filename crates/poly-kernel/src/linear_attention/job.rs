//! One product with the kernel matrix: its shapes, its blocks, its threads.

use super::{LinearAttention, Mask};
use crate::{
    error::{Error, check_len},
    feature_map::{FeatureMap, Role},
    float::Float,
    moments::{BLOCK_POINTS, blocks},
    monomial::FeatureBlock,
};
use core::ops::Range;
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_into, matmul_tn, matmul_tn_into};

/// Most partial sums that are held at once, if they have at most `LARGE` entries; else two.
const CHUNKS: usize = 8;
const LARGE: usize = 1 << 22;

/// A range of points, and sums that all of it starts from.
pub(super) type Start<T> = (Range<usize>, Mat<T>);

/// One product.
pub(super) struct Job<'a, T, M: ?Sized> {
    pub(super) attention: LinearAttention,
    pub(super) map: &'a M,
    pub(super) queries: MatRef<'a, T>,
    pub(super) keys: MatRef<'a, T>,
    pub(super) values: MatRef<'a, T>,
    /// Whether a column of ones stands after the values.
    pub(super) with_mass: bool,
}

impl<'a, T: Float, M: FeatureMap + ?Sized> Job<'a, T, M> {
    pub(super) fn new(
        attention: &LinearAttention,
        map: &'a M,
        [queries, keys, values]: [MatRef<'a, T>; 3],
        with_mass: bool,
    ) -> Result<Self, Error> {
        check_len(map.dim(), queries.ncols())?;
        check_len(map.dim(), keys.ncols())?;
        check_rows(keys.nrows(), values.nrows())?;
        Self::checked(attention, map, [queries, keys, values], with_mass)
    }

    /// The job of `Aᵀ·M`: as many rows of the matrix as queries.
    pub(super) fn transposed(
        attention: &LinearAttention,
        map: &'a M,
        [queries, keys, matrix]: [MatRef<'a, T>; 3],
    ) -> Result<Self, Error> {
        check_len(map.dim(), queries.ncols())?;
        check_len(map.dim(), keys.ncols())?;
        check_rows(queries.nrows(), matrix.nrows())?;
        Self::checked(attention, map, [queries, keys, matrix], false)
    }

    fn checked(
        attention: &LinearAttention,
        map: &'a M,
        [queries, keys, values]: [MatRef<'a, T>; 3],
        with_mass: bool,
    ) -> Result<Self, Error> {
        if attention.mask == Mask::Causal {
            check_rows(queries.nrows(), keys.nrows())?;
        }
        Ok(Self { attention: *attention, map, queries, keys, values, with_mass })
    }

    pub(super) fn columns(&self) -> usize {
        self.values.ncols() + usize::from(self.with_mass)
    }

    /// Outputs `(m, c)`, divided by the masses if there are any, and these.
    pub(super) fn run(&self) -> Result<(Mat<T>, Vec<T>), Error> {
        let mut output = Mat::filled(self.queries.nrows(), self.values.ncols(), T::ZERO);
        let mut masses = vec![T::ZERO; self.queries.nrows()];
        let starts = self.starts()?;
        let ranges = || starts.iter().map(|(range, _)| range.len());
        let outputs = split_rows(output.as_mut(), ranges());
        let mut rest = &mut masses[..];
        let parts = ranges().map(|len| rest.split_off_mut(..len).unwrap_or_default()).collect::<Vec<_>>();
        let items = starts.into_iter().zip(outputs.into_iter().zip(parts)).collect();
        self.in_parallel(items, |(start, out)| self.read(start, out))?;
        Ok((output, masses))
    }

    /// Ranges of queries, each with the sums over the keys that all of it sees (causal: those before it).
    pub(super) fn starts(&self) -> Result<Vec<Start<T>>, Error> {
        let chunks = self.chunks(self.keys.nrows());
        let sums = |range| self.sums(Role::Key, range, |rows| self.values_of(rows));
        match self.attention.mask {
            Mask::Full => {
                let total = self.in_parallel(chunks, sums)?.iter().fold(self.zeros(), added);
                Ok(self
                    .chunks(self.queries.nrows())
                    .into_iter()
                    .map(|range| (range, total.clone()))
                    .collect())
            }
            Mask::Causal => {
                // nothing comes after the last chunk
                let earlier = chunks[..chunks.len().saturating_sub(1)].to_vec();
                let before = accumulated(self.zeros(), self.in_parallel(earlier, sums)?);
                Ok(chunks.into_iter().zip(before).collect())
            }
        }
    }

    /// Ranges of keys, each with the sums of `φ(q)·rowᵀ` over the queries that see all of it (causal: those after it).
    pub(super) fn ends(&self, rows: MatRef<'_, T>) -> Result<Vec<Start<T>>, Error> {
        let sums = |range| self.sums(Role::Query, range, |block| rows.subrows(block).to_owned());
        let chunks = self.chunks(self.queries.nrows());
        let ranges = self.chunks(self.keys.nrows()).into_iter();
        match self.attention.mask {
            Mask::Full => {
                let total = self.in_parallel(chunks, sums)?.iter().fold(self.zeros(), added);
                Ok(ranges.map(|range| (range, total.clone())).collect())
            }
            Mask::Causal => {
                // from the last range on; nobody sees less than the first
                let later = chunks.into_iter().skip(1).rev().collect();
                let mut after = accumulated(self.zeros(), self.in_parallel(later, sums)?);
                after.reverse();
                Ok(ranges.zip(after).collect())
            }
        }
    }

    /// `Aᵀ·M`, shape `(n, c)`, for the values as `M` `(m, c)`.
    pub(super) fn run_transposed(&self) -> Result<Mat<T>, Error> {
        let mut output = Mat::filled(self.keys.nrows(), self.values.ncols(), T::ZERO);
        let ends = self.ends(self.values)?;
        let outputs = split_rows(output.as_mut(), ends.iter().map(|(range, _)| range.len()));
        let items = ends.into_iter().zip(outputs).collect();
        self.in_parallel(items, |(end, out)| self.read_transposed(end, out))?;
        Ok(output)
    }

    fn read_transposed(&self, (range, mut sums): Start<T>, mut output: MatMut<'_, T>) -> Result<(), Error> {
        let first = range.start;
        let (mut queries, mut keys) = (self.block(), self.block());
        for rows in blocks_of(range).rev() {
            let mut out = output.reborrow().subrows(rows.start - first..rows.end - first);
            self.fill(Role::Key, rows.clone(), &mut keys)?;
            let (after, here) = (out.reborrow(), sums.as_ref());
            matmul_tn_into(after, Accumulate::Replace, keys.as_ref(), here, Parallelism::Sequential)?;
            if self.attention.mask == Mask::Causal {
                self.fill(Role::Query, rows.clone(), &mut queries)?;
                let weights = causal_weights(&queries, &keys)?;
                let matrix = self.values.subrows(rows);
                matmul_tn_into(out, Accumulate::Add, weights.as_ref(), matrix, Parallelism::Sequential)?;
                add(&mut sums, &queries, &matrix.to_owned())?;
            }
        }
        Ok(())
    }

    /// Whole blocks, in as many ranges as there may be sums: a function of shapes alone.
    pub(super) fn chunks(&self, rows: usize) -> Vec<Range<usize>> {
        let count = if self.map.feature_count() * self.columns() <= LARGE { CHUNKS } else { 2 };
        let size = rows.div_ceil(BLOCK_POINTS).div_ceil(count).max(1) * BLOCK_POINTS;
        blocks(rows, size).collect()
    }

    pub(super) fn zeros(&self) -> Mat<T> {
        Mat::filled(self.map.feature_count(), self.columns(), T::ZERO)
    }

    pub(super) fn block(&self) -> FeatureBlock<T> {
        T::feature_block(self.map, BLOCK_POINTS)
    }

    /// `Φᵀ·rows` of some points.
    pub(super) fn sums(
        &self,
        role: Role,
        range: Range<usize>,
        rows_of: impl Fn(Range<usize>) -> Mat<T>,
    ) -> Result<Mat<T>, Error> {
        let (mut sums, mut features) = (self.zeros(), self.block());
        for rows in blocks_of(range) {
            self.fill(role, rows.clone(), &mut features)?;
            add(&mut sums, &features, &rows_of(rows))?;
        }
        Ok(sums)
    }

    /// `A·M` of some queries, divided by their masses if there are any.
    fn read(
        &self,
        (range, mut sums): Start<T>,
        (mut output, masses): (MatMut<'_, T>, &mut [T]),
    ) -> Result<(), Error> {
        let first = range.start;
        let mut buffer = Mat::filled(BLOCK_POINTS, self.columns(), T::ZERO);
        let (mut queries, mut keys) = (self.block(), self.block());
        for rows in blocks_of(range) {
            let mut read = buffer.as_mut().subrows(0..rows.len());
            self.fill(Role::Query, rows.clone(), &mut queries)?;
            let (before, here) = (read.reborrow(), sums.as_ref());
            matmul_tn_into(before, Accumulate::Replace, queries.as_ref(), here, Parallelism::Sequential)?;
            if self.attention.mask == Mask::Causal {
                self.fill(Role::Key, rows.clone(), &mut keys)?;
                let values = self.values_of(rows.clone());
                let weights = causal_weights(&queries, &keys)?;
                let (read, weights) = (read.reborrow(), weights.as_ref());
                matmul_into(read, Accumulate::Add, weights, values.as_ref(), Parallelism::Sequential)?;
                add(&mut sums, &keys, &values)?;
            }
            for (row, query) in read.rows().zip(rows) {
                let out = output.row_mut(query - first);
                if self.with_mass {
                    let mass = checked_mass(query, row[out.len()])?;
                    masses[query - first] = mass;
                    out.iter_mut().zip(row).for_each(|(out, sum)| *out = *sum / mass);
                } else {
                    out.copy_from_slice(row);
                }
            }
        }
        Ok(())
    }

    /// Points of a role.
    pub(super) fn points(&self, role: Role, rows: Range<usize>) -> MatRef<'a, T> {
        let points = if role == Role::Query { self.queries } else { self.keys };
        points.subrows(rows)
    }

    /// Points of a role, each times `√s`.
    pub(super) fn scaled_points(&self, role: Role, rows: Range<usize>) -> Mat<T> {
        let root = self.attention.root_scale::<T>();
        let mut scaled = self.points(role, rows).to_owned();
        scaled.as_mut_slice().iter_mut().for_each(|x| *x *= root);
        scaled
    }

    /// Features of some points, each times `√s`.
    pub(super) fn fill(
        &self,
        role: Role,
        rows: Range<usize>,
        out: &mut FeatureBlock<T>,
    ) -> Result<(), Error> {
        if self.attention.softmax_scale == 1.0 {
            return T::apply_block(self.map, role, self.points(role, rows), out);
        }
        T::apply_block(self.map, role, self.scaled_points(role, rows).as_ref(), out)
    }

    pub(super) fn values_of(&self, rows: Range<usize>) -> Mat<T> {
        let values = self.values.subrows(rows);
        let mut block = Mat::filled(values.nrows(), self.columns(), T::ONE);
        for (i, row) in values.rows().enumerate() {
            block.row_mut(i)[..row.len()].copy_from_slice(row);
        }
        block
    }

    /// Results of a job for each item, in their order, on as many threads as allowed.
    pub(super) fn in_parallel<I: Send, R: Send>(
        &self,
        items: Vec<I>,
        job: impl Fn(I) -> Result<R, Error> + Sync,
    ) -> Result<Vec<R>, Error> {
        in_parallel(self.attention.parallelism.get(), items, job)
    }
}

fn check_rows(points: usize, values: usize) -> Result<(), Error> {
    if points == values { Ok(()) } else { Err(Error::RowCount { points, values }) }
}

/// Views of so many rows each, one below the other.
pub(super) fn split_rows<T: Float>(
    mut matrix: MatMut<'_, T>,
    lengths: impl Iterator<Item = usize>,
) -> Vec<MatMut<'_, T>> {
    let mut parts = Vec::new();
    for len in lengths {
        let (part, rest) = matrix.split_at_row(len);
        parts.push(part);
        matrix = rest;
    }
    parts
}

/// The sum of a query's weights, if it is one.
pub(super) fn checked_mass<T: Float>(query: usize, mass: T) -> Result<T, Error> {
    if mass > T::ZERO && mass.is_finite() {
        Ok(mass)
    } else {
        Err(Error::Mass { query, mass: mass.to_f64() })
    }
}

/// Results of a job for each item, in their order.
pub(super) fn in_parallel<I: Send, R: Send>(
    threads: usize,
    items: Vec<I>,
    job: impl Fn(I) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let share = items.len().div_ceil(threads).max(1);
    let mut items = items.into_iter();
    let groups = core::iter::from_fn(|| Some(items.by_ref().take(share).collect::<Vec<I>>()));
    let groups: Vec<Vec<I>> = groups.take_while(|group| !group.is_empty()).collect();
    let work = |group: Vec<I>| group.into_iter().map(&job).collect::<Result<Vec<R>, Error>>();
    let results: Vec<Result<Vec<R>, Error>> = if groups.len() <= 1 {
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

/// Adds what a block of points brings.
pub(super) fn add<T: Float>(
    sums: &mut Mat<T>,
    features: &FeatureBlock<T>,
    rows: &Mat<T>,
) -> Result<(), Error> {
    let (sums, sequential) = (sums.as_mut(), Parallelism::Sequential);
    Ok(matmul_into(sums, Accumulate::Add, features.as_ref(), rows.as_ref(), sequential)?)
}

/// The kernel matrix of a block of queries and the keys at the same places, without what is in the future.
pub(super) fn causal_weights<T: Float>(
    queries: &FeatureBlock<T>,
    keys: &FeatureBlock<T>,
) -> Result<Mat<T>, Error> {
    let mut weights = matmul_tn(queries.as_ref(), keys.as_ref(), Parallelism::Sequential)?;
    hide_the_future(&mut weights);
    Ok(weights)
}

pub(super) fn hide_the_future<T: Float>(weights: &mut Mat<T>) {
    for i in 0..weights.nrows() {
        weights.row_mut(i)[i + 1..].fill(T::ZERO);
    }
}

/// The blocks of a range that starts at one.
pub(super) fn blocks_of(range: Range<usize>) -> impl DoubleEndedIterator<Item = Range<usize>> {
    let (first, last) = (range.start, range.end);
    range
        .step_by(BLOCK_POINTS)
        .map(move |start| start..last.min(start + BLOCK_POINTS))
        .filter(move |_| first < last)
}

/// What stands before each part, and after all.
pub(super) fn accumulated<T: Float>(zeros: Mat<T>, parts: Vec<Mat<T>>) -> Vec<Mat<T>> {
    let mut before = vec![zeros];
    for part in parts {
        before.push(added(before[before.len() - 1].clone(), &part));
    }
    before
}

pub(super) fn added<T: Float>(mut total: Mat<T>, part: &Mat<T>) -> Mat<T> {
    for (sum, added) in total.as_mut_slice().iter_mut().zip(part.as_slice()) {
        *sum += *added;
    }
    total
}
