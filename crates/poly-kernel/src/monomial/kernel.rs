//! The hot loop: features of sixteen points at a time, by whatever vector instructions the machine has.
//!
//! Each feature of each point is the result of the same scalar operations in the same order whatever the instruction
//! set, and each of `+ − ×` rounds correctly, so the bits of a point depend on that point alone. Nothing here may use a
//! fused multiply-add.

#![allow(
    clippy::inline_always,
    reason = "code outside the inlined body of `with_simd` would lose its instruction set"
)]

use super::plan::{Plan, Run};
use dp_linalg::MatRef;
use pulp::{Arch, Simd, WithSimd};

/// Points in a group: two AVX-512 vectors, four of AVX2, eight of NEON, sixteen scalars.
pub(crate) const WIDTH: usize = 16;

/// `1.5·2⁵²`: adding it to `|y| < 2⁵¹` leaves a number in `[2⁵², 2⁵³)`, where `f64` has the integers only.
const MAGIC: f64 = 6_755_399_441_055_744.0;

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
    (y + MAGIC) - MAGIC
}

/// Everything one block needs.
pub(crate) struct Build<'a> {
    pub(crate) plan: &'a Plan,
    /// `(b, d)`.
    pub(crate) points: MatRef<'a>,
    /// Value of the constant monomial.
    pub(crate) start: f64,
    /// `(feature_count, stride)`.
    pub(crate) features: &'a mut [f64],
    pub(crate) stride: usize,
    /// `(parent_count, WIDTH)`.
    pub(crate) parents: &'a mut [f64],
    /// `(d, WIDTH)`.
    pub(crate) coordinates: &'a mut [f64],
    /// `b` rounded up to `WIDTH`.
    pub(crate) squared_norms: &'a mut [f64],
}

/// Runs on the best instruction set there is.
pub(crate) fn dispatch(build: Build<'_>, features: Features) {
    match features {
        Features::Real => Arch::new().dispatch(Kernel::<false>(build)),
        Features::Integer => Arch::new().dispatch(Kernel::<true>(build)),
    }
}

/// [`Build`] with the rounding chosen at compile time.
pub(crate) struct Kernel<'a, const INTEGER: bool>(pub(crate) Build<'a>);

impl<const INTEGER: bool> WithSimd for Kernel<'_, INTEGER> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F64_LANES {
            8 => block::<S, 2, INTEGER>(simd, self.0),
            4 => block::<S, 4, INTEGER>(simd, self.0),
            2 => block::<S, 8, INTEGER>(simd, self.0),
            _ => block::<S, 16, INTEGER>(simd, self.0),
        }
    }
}

/// A group of points in `U` vectors.
type Group<S, const U: usize> = [<S as Simd>::f64s; U];

#[inline(always)]
fn block<S: Simd, const U: usize, const INTEGER: bool>(simd: S, build: Build<'_>) {
    let Build { plan, points, start, features, stride, parents, coordinates, squared_norms } = build;
    for first in (0..points.nrows()).step_by(WIDTH) {
        let group = points.subrows(first..points.nrows().min(first + WIDTH));
        transpose(group, coordinates);
        let mut job = Job::<S, U, INTEGER> {
            simd,
            plan,
            start: simd.splat_f64s(start),
            coordinates: S::as_simd_f64s(coordinates).0.as_chunks().0,
            parents: S::as_mut_simd_f64s(parents).0.as_chunks_mut().0,
            norm: [simd.splat_f64s(0.0); U],
        };
        job.run(S::as_mut_simd_f64s(features).0, stride / S::F64_LANES, first / S::F64_LANES);
        let norms = S::as_mut_simd_f64s(&mut squared_norms[first..first + WIDTH]).0;
        norms.copy_from_slice(&job.norm);
    }
}

/// Rows of a group of points to `(d, WIDTH)`; lanes without a point are zero.
#[inline(always)]
fn transpose(group: MatRef<'_>, coordinates: &mut [f64]) {
    if group.nrows() < WIDTH {
        coordinates.fill(0.0);
    }
    for (lane, point) in group.rows().enumerate() {
        for (row, &value) in coordinates.chunks_exact_mut(WIDTH).zip(point) {
            row[lane] = value;
        }
    }
}

/// One group of points.
struct Job<'a, S: Simd, const U: usize, const INTEGER: bool> {
    simd: S,
    plan: &'a Plan,
    start: S::f64s,
    coordinates: &'a [Group<S, U>],
    parents: &'a mut [Group<S, U>],
    norm: Group<S, U>,
}

impl<S: Simd, const U: usize, const INTEGER: bool> Job<'_, S, U, INTEGER> {
    /// Writes vector columns `column..column + U` of `features`.
    #[inline(always)]
    fn run(&mut self, features: &mut [S::f64s], stride: usize, column: usize) {
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
        rows: impl Iterator<Item = &'f mut [S::f64s]>,
        column: usize,
    ) where
        S: 'f,
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
        rows: impl Iterator<Item = &'f mut [S::f64s]>,
        column: usize,
    ) where
        S: 'f,
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
    fn factor(&self, run: &Run) -> Group<S, U> {
        self.multiply(&self.coordinates[run.variable], &[self.simd.splat_f64s(run.factor); U])
    }

    #[inline(always)]
    fn multiply(&self, a: &Group<S, U>, b: &Group<S, U>) -> Group<S, U> {
        core::array::from_fn(
            #[inline(always)]
            |u| self.simd.mul_f64s(a[u], b[u]),
        )
    }

    /// Writes one feature of the group and returns the squared norms with it.
    #[inline(always)]
    fn emit(&self, kept: bool, value: Group<S, U>, norm: Group<S, U>, out: &mut [S::f64s]) -> Group<S, U> {
        let (simd, magic) = (self.simd, self.simd.splat_f64s(MAGIC));
        core::array::from_fn(
            #[inline(always)]
            |u| {
                let rounded = if !kept {
                    simd.splat_f64s(0.0)
                } else if INTEGER {
                    simd.sub_f64s(simd.add_f64s(value[u], magic), magic)
                } else {
                    value[u]
                };
                out[u] = rounded;
                simd.add_f64s(norm[u], simd.mul_f64s(rounded, rounded))
            },
        )
    }
}
