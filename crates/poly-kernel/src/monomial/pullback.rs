//! The derivatives of the features, backwards through the recurrence.
//!
//! A child is `φ_c = φ_p·xᵢ·w`. From the highest degree down, its adjoint adds `φ̄_c·xᵢ·w` to that of its parent and
//! `φ̄_c·φ_p·w` to that of `xᵢ`: four operations a feature, about as many as the features themselves.

#![allow(
    clippy::inline_always,
    reason = "code outside the inlined body of `with_simd` would lose its instruction set"
)]

use super::kernel::{Group, transpose};
use super::plan::{Degree, Plan, Run};
use crate::float::Float;
use dp_linalg::{MatMut, MatRef};
use pulp::{Arch, Simd, WithSimd};

/// Everything one block needs.
pub(crate) struct Pullback<'a, T> {
    pub(crate) plan: &'a Plan,
    /// `(b, d)`.
    pub(crate) points: MatRef<'a, T>,
    /// `(feature_count, stride)`.
    pub(crate) adjoints: &'a [T],
    pub(crate) stride: usize,
    /// What the features of each degree are multiplied with: 1, −1, or 0 for a degree that has none.
    pub(crate) signs: &'a [f64],
    /// `(b, d)`.
    pub(crate) gradients: MatMut<'a, T>,
}

/// Runs on the best instruction set there is.
pub(crate) fn dispatch<T: Float>(pullback: Pullback<'_, T>) {
    Arch::new().dispatch(pullback);
}

impl<T: Float> WithSimd for Pullback<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match T::WIDTH / T::lanes::<S>() {
            2 => block::<T, S, 2>(simd, self),
            4 => block::<T, S, 4>(simd, self),
            8 => block::<T, S, 8>(simd, self),
            16 => block::<T, S, 16>(simd, self),
            _ => block::<T, S, 32>(simd, self),
        }
    }
}

#[inline(always)]
fn block<T: Float, S: Simd, const U: usize>(simd: S, pullback: Pullback<'_, T>) {
    let Pullback { plan, points, adjoints, stride, signs, mut gradients } = pullback;
    let (lanes, adjoints) = (T::lanes::<S>(), T::vectors::<S>(adjoints));
    let zero = [T::splat(simd, T::ZERO); U];
    let mut coordinates = vec![T::ZERO; plan.dim * T::WIDTH];
    let mut job = Job::<T, S, U> {
        simd,
        coordinates: vec![zero; plan.dim],
        values: vec![zero; plan.parent_count],
        adjoints: vec![zero; plan.parent_count],
        gradient: vec![zero; plan.dim],
    };
    for first in (0..points.nrows()).step_by(T::WIDTH) {
        let rows = first..points.nrows().min(first + T::WIDTH);
        transpose(points.subrows(rows.clone()), &mut coordinates);
        job.coordinates.copy_from_slice(T::vectors::<S>(&coordinates).as_chunks().0);
        job.forward(plan);
        let columns = (first / lanes, stride / lanes);
        job.backward(plan, signs, |feature| {
            let start = feature * columns.1 + columns.0;
            core::array::from_fn(
                #[inline(always)]
                |u| adjoints[start + u],
            )
        });
        let found = T::vectors_mut::<S>(&mut coordinates).as_chunks_mut::<U>().0;
        found.copy_from_slice(&job.gradient);
        for (lane, row) in rows.enumerate() {
            let found = coordinates.chunks_exact(T::WIDTH);
            gradients.row_mut(row).iter_mut().zip(found).for_each(|(out, values)| *out = values[lane]);
        }
    }
}

/// One group of points.
struct Job<T: Float, S: Simd, const U: usize> {
    simd: S,
    coordinates: Vec<Group<T, S, U>>,
    /// Monomials below the highest degree, and their adjoints.
    values: Vec<Group<T, S, U>>,
    adjoints: Vec<Group<T, S, U>>,
    gradient: Vec<Group<T, S, U>>,
}

impl<T: Float, S: Simd, const U: usize> Job<T, S, U> {
    /// The values of the parents.
    #[inline(always)]
    fn forward(&mut self, plan: &Plan) {
        if let Some(constant) = self.values.first_mut() {
            *constant = [T::splat(self.simd, T::from_f64(plan.start)); U];
        }
        for (before, degree) in plan.degrees.iter().zip(&plan.degrees[1..]) {
            if degree.first == plan.parent_count {
                break;
            }
            let mut child = degree.first;
            for run in &degree.runs {
                let factor = self.factor(run);
                for parent in before.first + run.parent..before.first + run.parent + run.len {
                    self.values[child] = self.times(self.values[parent], factor);
                    child += 1;
                }
            }
        }
    }

    /// The gradient, given the adjoint of each feature.
    #[inline(always)]
    fn backward(&mut self, plan: &Plan, signs: &[f64], adjoint: impl Fn(usize) -> Group<T, S, U>) {
        let zero = [T::splat(self.simd, T::ZERO); U];
        self.gradient.fill(zero);
        for (degree, &sign) in plan.degrees.iter().zip(signs) {
            for feature in degree.first..(degree.first + degree.len).min(plan.parent_count) {
                self.adjoints[feature] = self.signed(sign, feature, &adjoint);
            }
        }
        let degrees = plan.degrees.iter().zip(&plan.degrees[1..]).zip(&signs[1..]);
        for ((before, degree), &sign) in degrees.rev() {
            if degree.first == plan.parent_count {
                self.degree(
                    before,
                    degree,
                    #[inline(always)]
                    |job, feature| job.signed(sign, feature, &adjoint),
                );
            } else {
                self.degree(
                    before,
                    degree,
                    #[inline(always)]
                    |job, feature| job.adjoints[feature],
                );
            }
        }
    }

    #[inline(always)]
    fn signed(
        &self,
        sign: f64,
        feature: usize,
        adjoint: &impl Fn(usize) -> Group<T, S, U>,
    ) -> Group<T, S, U> {
        let sign_of = T::splat(self.simd, T::from_f64(sign));
        if sign == 0.0 { [sign_of; U] } else { self.times(adjoint(feature), [sign_of; U]) }
    }

    /// From the adjoints of a degree to those of the degree before.
    #[inline(always)]
    fn degree(&mut self, before: &Degree, degree: &Degree, adjoint: impl Fn(&Self, usize) -> Group<T, S, U>) {
        let mut child = degree.first;
        for run in &degree.runs {
            let factor = self.factor(run);
            let mut sum = [T::splat(self.simd, T::ZERO); U];
            for parent in before.first + run.parent..before.first + run.parent + run.len {
                let of_child = adjoint(self, child);
                sum = self.plus(sum, self.times(of_child, self.values[parent]));
                self.adjoints[parent] = self.plus(self.adjoints[parent], self.times(of_child, factor));
                child += 1;
            }
            let weight = [T::splat(self.simd, T::from_f64(run.factor)); U];
            let gradient = &self.gradient[run.variable];
            self.gradient[run.variable] = self.plus(*gradient, self.times(sum, weight));
        }
    }

    /// `xᵢ · √(…)` for each point.
    #[inline(always)]
    fn factor(&self, run: &Run) -> Group<T, S, U> {
        let weight = T::splat(self.simd, T::from_f64(run.factor));
        self.times(self.coordinates[run.variable], [weight; U])
    }

    #[inline(always)]
    fn times(&self, a: Group<T, S, U>, b: Group<T, S, U>) -> Group<T, S, U> {
        core::array::from_fn(
            #[inline(always)]
            |u| T::times(self.simd, a[u], b[u]),
        )
    }

    #[inline(always)]
    fn plus(&self, a: Group<T, S, U>, b: Group<T, S, U>) -> Group<T, S, U> {
        core::array::from_fn(
            #[inline(always)]
            |u| T::plus(self.simd, a[u], b[u]),
        )
    }
}
