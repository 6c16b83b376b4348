//! Gradients of attention, in time linear in the number of queries and keys.
//!
//! With `v̄ = (v, 1)`, `S = Σⱼ φ(kⱼ) v̄ⱼᵀ`, `(Nᵢ, Dᵢ) = φ(qᵢ)ᵀS`, `Oᵢ = Nᵢ/Dᵢ` and the gradient `Ōᵢ` of a loss,
//!
//! ```text
//! Gᵢ = (Ōᵢ, −Ōᵢ·Oᵢ)/Dᵢ                        the gradient by (Nᵢ, Dᵢ)
//! φ̄(qᵢ) = S Gᵢ        R = Σᵢ φ(qᵢ) Gᵢᵀ        φ̄(kⱼ) = R v̄ⱼ        V̄ⱼ = (Rᵀφ(kⱼ)) without its last entry
//! ```
//!
//! and from `φ̄(x)` to `x` through the derivative of the map. With a causal mask `S` runs over the keys up to i and `R` over the
//! queries from j on. Features are computed again, not kept.

use super::job::{Job, Start, add, blocks_of, causal_weights, checked_mass, hide_the_future, split_rows};
use super::{AttentionGradients, Mask};
use crate::{
    error::{Error, check_len},
    feature_map::{DifferentiableMap, Role},
    float::Float,
    monomial::FeatureBlock,
};
use core::ops::Range;
use dp_linalg::{
    Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_into, matmul_nt, matmul_nt_into, matmul_tn,
    matmul_tn_into,
};

const SEQUENTIAL: Parallelism = Parallelism::Sequential;

/// The gradients of a job, given that of its output.
pub(super) fn gradients<T: Float, M: DifferentiableMap + ?Sized>(
    job: &Job<'_, T, M>,
    output_gradients: MatRef<'_, T>,
) -> Result<AttentionGradients<T>, Error> {
    check_len(job.values.ncols(), output_gradients.ncols())?;
    if output_gradients.nrows() != job.queries.nrows() {
        return Err(Error::RowCount { points: job.queries.nrows(), values: output_gradients.nrows() });
    }
    let backward = Backward { job, output_gradients };
    let zeros = |of: MatRef<'_, T>| Mat::filled(of.nrows(), of.ncols(), T::ZERO);
    let (mut queries, mut keys, mut values) = (zeros(job.queries), zeros(job.keys), zeros(job.values));
    let mut weighted = Mat::filled(job.queries.nrows(), job.columns(), T::ZERO);
    let items = with_rows(job.starts()?, [&mut queries, &mut weighted]);
    job.in_parallel(items, |(start, out)| backward.queries(start, out))?;
    let ends = job.ends(weighted.as_ref())?;
    let items = with_rows(ends, [&mut keys, &mut values]);
    job.in_parallel(items, |(end, out)| backward.keys(end, &weighted, out))?;
    Ok(AttentionGradients { queries, keys, values })
}

/// Each range with its rows of two results.
fn with_rows<T: Float>(starts: Vec<Start<T>>, results: [&mut Mat<T>; 2]) -> Vec<(Start<T>, Rows<'_, T>)> {
    let lengths = || starts.iter().map(|(range, _)| range.len());
    let [first, second] = results.map(|result| split_rows(result.as_mut(), lengths()));
    starts.into_iter().zip(first.into_iter().zip(second)).collect()
}

/// Rows of two results.
type Rows<'a, T> = (MatMut<'a, T>, MatMut<'a, T>);

struct Backward<'a, T, M: ?Sized> {
    job: &'a Job<'a, T, M>,
    output_gradients: MatRef<'a, T>,
}

impl<T: Float, M: DifferentiableMap + ?Sized> Backward<'_, T, M> {
    fn is_causal(&self) -> bool {
        self.job.attention.mask == Mask::Causal
    }

    /// Gradients by some queries, and `G`, given the sums over the keys before them.
    fn queries(
        &self,
        (range, mut sums): Start<T>,
        (mut gradients, mut weighted): Rows<'_, T>,
    ) -> Result<(), Error> {
        let (job, first) = (self.job, range.start);
        let (mut queries, mut keys, mut adjoints) = (job.block(), job.block(), job.block());
        for rows in blocks_of(range) {
            let here = rows.start - first..rows.end - first;
            job.fill(Role::Query, rows.clone(), &mut queries)?;
            let mut read = matmul_tn(queries.as_ref(), sums.as_ref(), SEQUENTIAL)?;
            let values = job.values_of(if self.is_causal() { rows.clone() } else { 0..0 });
            if self.is_causal() {
                job.fill(Role::Key, rows.clone(), &mut keys)?;
                let weights = causal_weights(&queries, &keys)?;
                matmul_into(read.as_mut(), Accumulate::Add, weights.as_ref(), values.as_ref(), SEQUENTIAL)?;
            }
            let g = self.by_sums(rows.clone(), &read)?;
            adjoints.write(rows.len(), |mut out| {
                matmul_nt_into(out.reborrow(), Accumulate::Replace, sums.as_ref(), g.as_ref(), SEQUENTIAL)?;
                if self.is_causal() {
                    let mut by_weights = matmul_nt(g.as_ref(), values.as_ref(), SEQUENTIAL)?;
                    hide_the_future(&mut by_weights);
                    matmul_nt_into(out, Accumulate::Add, keys.as_ref(), by_weights.as_ref(), SEQUENTIAL)?;
                }
                Ok(())
            })?;
            self.pull_back(Role::Query, rows, &adjoints, gradients.reborrow().subrows(here.clone()))?;
            weighted.reborrow().subrows(here).copy_from(g.as_ref())?;
            if self.is_causal() {
                add(&mut sums, &keys, &values)?;
            }
        }
        Ok(())
    }

    /// `G` from `(N, D)`.
    fn by_sums(&self, rows: Range<usize>, read: &Mat<T>) -> Result<Mat<T>, Error> {
        let columns = self.job.values.ncols();
        let mut g = Mat::filled(read.nrows(), columns + 1, T::ZERO);
        for ((i, sums), query) in read.rows().enumerate().zip(rows) {
            let mass = checked_mass(query, sums[columns])?;
            let given = self.output_gradients.row(query);
            let (mut along, out) = (T::ZERO, g.row_mut(i));
            for ((out, given), sum) in out.iter_mut().zip(given).zip(sums) {
                *out = *given / mass;
                along += *out * (*sum / mass);
            }
            out[columns] = -along;
        }
        Ok(g)
    }

    /// Gradients by some keys and values, given the sums over the queries after them.
    fn keys(
        &self,
        (range, mut sums): Start<T>,
        weighted: &Mat<T>,
        (mut gradients, mut by_values): Rows<'_, T>,
    ) -> Result<(), Error> {
        let (job, first, columns) = (self.job, range.start, self.job.values.ncols());
        let (mut queries, mut keys, mut adjoints) = (job.block(), job.block(), job.block());
        for rows in blocks_of(range).rev() {
            let here = rows.start - first..rows.end - first;
            job.fill(Role::Key, rows.clone(), &mut keys)?;
            let values = job.values_of(rows.clone());
            let g = weighted.as_ref().subrows(if self.is_causal() { rows.clone() } else { 0..0 });
            let without_mass = sums.as_ref().subcols(0..columns);
            let mut out = by_values.reborrow().subrows(here.clone());
            matmul_tn_into(out.reborrow(), Accumulate::Replace, keys.as_ref(), without_mass, SEQUENTIAL)?;
            if self.is_causal() {
                job.fill(Role::Query, rows.clone(), &mut queries)?;
                let weights = causal_weights(&queries, &keys)?;
                matmul_tn_into(out, Accumulate::Add, weights.as_ref(), g.subcols(0..columns), SEQUENTIAL)?;
            }
            adjoints.write(rows.len(), |mut out| {
                matmul_nt_into(
                    out.reborrow(),
                    Accumulate::Replace,
                    sums.as_ref(),
                    values.as_ref(),
                    SEQUENTIAL,
                )?;
                if self.is_causal() {
                    let mut by_weights = matmul_nt(g, values.as_ref(), SEQUENTIAL)?;
                    hide_the_future(&mut by_weights);
                    matmul_into(out, Accumulate::Add, queries.as_ref(), by_weights.as_ref(), SEQUENTIAL)?;
                }
                Ok(())
            })?;
            self.pull_back(Role::Key, rows, &adjoints, gradients.reborrow().subrows(here))?;
            if self.is_causal() {
                add(&mut sums, &queries, &g.to_owned())?;
            }
        }
        Ok(())
    }

    /// From adjoints of features to gradients by points, `√s` on the way in and out.
    fn pull_back(
        &self,
        role: Role,
        rows: Range<usize>,
        adjoints: &FeatureBlock<T>,
        mut out: MatMut<'_, T>,
    ) -> Result<(), Error> {
        let (job, root) = (self.job, self.job.attention.root_scale::<T>());
        let points = job.scaled_points(role, rows);
        T::pullback_block(job.map, role, points.as_ref(), adjoints, out.reborrow())?;
        for i in 0..out.nrows() {
            out.row_mut(i).iter_mut().for_each(|x| *x *= root);
        }
        Ok(())
    }
}
