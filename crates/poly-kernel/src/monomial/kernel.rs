//! The hot loop: features of a group of points at a time, by whatever vector instructions the machine has.
//!
//! Each feature of each point is the result of the same scalar operations in the same order whatever the instruction
//! set, and each of `+ − ×` rounds correctly, so the bits of a point depend on that point alone. Nothing here may use a
//! fused multiply-add.

#![allow(
    clippy::inline_always,
    reason = "code outside the inlined body of `with_simd` would lose its instruction set"
)]

use super::plan::{Plan, Run};
use crate::float::{Float, Lanes};
use dp_linalg::MatRef;
use pulp::{Arch, Simd, WithSimd};

/// What is written for each monomial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Features {
    /// Its value.
    Real,
    /// Its value rounded to the nearest integer, ties to even.
    Integer,
}

/// The nearest integer, ties to even, for `|y| < 2⁵¹`. Never a negative zero.
pub(crate) fn round_to_integer(y: f64) -> f64 {
    (y + f64::MAGIC) - f64::MAGIC
}

/// Everything one block needs.
pub(crate) struct Build<'a, T> {
    pub(crate) plan: &'a Plan,
    /// `(b, d)`.
    pub(crate) points: MatRef<'a, T>,
    /// Value of the constant monomial.
    pub(crate) start: T,
    /// `(feature_count, stride)`.
    pub(crate) features: &'a mut [T],
    pub(crate) stride: usize,
    /// `(parent_count, WIDTH)`.
    pub(crate) parents: &'a mut [T],
    /// `(d, WIDTH)`.
    pub(crate) coordinates: &'a mut [T],
    /// `b` rounded up to `WIDTH`.
    pub(crate) squared_norms: &'a mut [T],
}

/// Runs on the best instruction set there is.
pub(crate) fn dispatch<T: Float>(build: Build<'_, T>, features: Features) {
    match features {
        Features::Real => Arch::new().dispatch(Kernel::<T, false>(build)),
        Features::Integer => Arch::new().dispatch(Kernel::<T, true>(build)),
    }
}

/// [`Build`] with the rounding chosen at compile time.
pub(crate) struct Kernel<'a, T, const INTEGER: bool>(pub(crate) Build<'a, T>);

impl<T: Float, const INTEGER: bool> WithSimd for Kernel<'_, T, INTEGER> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match T::WIDTH / T::lanes::<S>() {
            2 => block::<T, S, 2, INTEGER>(simd, self.0),
            4 => block::<T, S, 4, INTEGER>(simd, self.0),
            8 => block::<T, S, 8, INTEGER>(simd, self.0),
            16 => block::<T, S, 16, INTEGER>(simd, self.0),
            _ => block::<T, S, 32, INTEGER>(simd, self.0),
        }
    }
}

/// A group of points in `U` vectors.
pub(super) type Group<T, S, const U: usize> = [<T as Lanes>::Vector<S>; U];

#[inline(always)]
fn block<T: Float, S: Simd, const U: usize, const INTEGER: bool>(simd: S, build: Build<'_, T>) {
    let Build { plan, points, start, features, stride, parents, coordinates, squared_norms } = build;
    for first in (0..points.nrows()).step_by(T::WIDTH) {
        let group = points.subrows(first..points.nrows().min(first + T::WIDTH));
        transpose(group, coordinates);
        let mut job = Job::<T, S, U, INTEGER> {
            simd,
            plan,
            start: T::splat(simd, start),
            coordinates: T::vectors::<S>(coordinates).as_chunks().0,
            parents: T::vectors_mut::<S>(parents).as_chunks_mut().0,
            norm: [T::splat(simd, T::ZERO); U],
        };
        job.run(T::vectors_mut::<S>(features), stride / T::lanes::<S>(), first / T::lanes::<S>());
        let norms = T::vectors_mut::<S>(&mut squared_norms[first..first + T::WIDTH]);
        norms.copy_from_slice(&job.norm);
    }
}

/// Rows of a group of points to `(d, WIDTH)`; lanes without a point are zero.
#[inline(always)]
pub(super) fn transpose<T: Float>(group: MatRef<'_, T>, coordinates: &mut [T]) {
    if group.nrows() < T::WIDTH {
        coordinates.fill(T::ZERO);
    }
    for (lane, point) in group.rows().enumerate() {
        for (row, &value) in coordinates.chunks_exact_mut(T::WIDTH).zip(point) {
            row[lane] = value;
        }
    }
}

/// One group of points.
struct Job<'a, T: Float, S: Simd, const U: usize, const INTEGER: bool> {
    simd: S,
    plan: &'a Plan,
    start: T::Vector<S>,
    coordinates: &'a [Group<T, S, U>],
    parents: &'a mut [Group<T, S, U>],
    norm: Group<T, S, U>,
}

impl<T: Float, S: Simd, const U: usize, const INTEGER: bool> Job<'_, T, S, U, INTEGER> {
    /// Writes vector columns `column..column + U` of `features`.
    #[inline(always)]
    fn run(&mut self, features: &mut [T::Vector<S>], stride: usize, column: usize) {
        let mut rows = features.chunks_exact_mut(stride);
        let degrees = &self.plan.degrees;
        let constant = [self.start; U];
        if let Some(row) = rows.next() {
            self.norm = self.emit(degrees[0].kept, constant, self.norm, &mut row[column..column + U]);
        }
        if let Some(first) = self.parents.first_mut() {
            *first = constant;
        }
        for (before, degree) in degrees.iter().zip(&degrees[1..]) {
            let is_last = degree.first == self.plan.parent_count;
            let mut child = degree.first;
            for run in &degree.runs {
                let rows = rows.by_ref().take(run.len);
                if is_last {
                    self.last_run(before.first, run, rows, column);
                } else {
                    self.inner_run(before.first, child, degree.kept, run, rows, column);
                }
                child += run.len;
            }
        }
    }

    /// A run of the highest degree: nobody's parents.
    #[inline(always)]
    fn last_run<'f>(
        &mut self,
        first: usize,
        run: &Run,
        rows: impl Iterator<Item = &'f mut [T::Vector<S>]>,
        column: usize,
    ) where
        T::Vector<S>: 'f,
    {
        let factor = self.factor(run);
        let mut norm = self.norm;
        for (parent, row) in self.parents[first + run.parent..][..run.len].iter().zip(rows) {
            let value = self.multiply(parent, &factor);
            norm = self.emit(true, value, norm, &mut row[column..column + U]);
        }
        self.norm = norm;
    }

    /// A run whose values are kept for the next degree.
    #[inline(always)]
    fn inner_run<'f>(
        &mut self,
        first: usize,
        child: usize,
        kept: bool,
        run: &Run,
        rows: impl Iterator<Item = &'f mut [T::Vector<S>]>,
        column: usize,
    ) where
        T::Vector<S>: 'f,
    {
        let factor = self.factor(run);
        let mut norm = self.norm;
        for (k, row) in (0..run.len).zip(rows) {
            let value = self.multiply(&self.parents[first + run.parent + k], &factor);
            self.parents[child + k] = value;
            norm = self.emit(kept, value, norm, &mut row[column..column + U]);
        }
        self.norm = norm;
    }

    /// `xᵢ · √(…)` for each point.
    #[inline(always)]
    fn factor(&self, run: &Run) -> Group<T, S, U> {
        self.multiply(&self.coordinates[run.variable], &[T::splat(self.simd, T::from_f64(run.factor)); U])
    }

    #[inline(always)]
    fn multiply(&self, a: &Group<T, S, U>, b: &Group<T, S, U>) -> Group<T, S, U> {
        core::array::from_fn(
            #[inline(always)]
            |u| T::times(self.simd, a[u], b[u]),
        )
    }

    /// Writes one feature of the group and returns the squared norms with it.
    #[inline(always)]
    fn emit(
        &self,
        kept: bool,
        value: Group<T, S, U>,
        norm: Group<T, S, U>,
        out: &mut [T::Vector<S>],
    ) -> Group<T, S, U> {
        let (simd, magic) = (self.simd, T::splat(self.simd, T::MAGIC));
        core::array::from_fn(
            #[inline(always)]
            |u| {
                let rounded = if !kept {
                    T::splat(simd, T::ZERO)
                } else if INTEGER {
                    T::minus(simd, T::plus(simd, value[u], magic), magic)
                } else {
                    value[u]
                };
                out[u] = rounded;
                T::plus(simd, norm[u], T::times(simd, rounded, rounded))
            },
        )
    }
}
