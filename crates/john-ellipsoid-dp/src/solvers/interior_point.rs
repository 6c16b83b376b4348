//! Newton's method on the rows that matter.

use super::{Solver, Stop};
use crate::design::{dot, moment};
use crate::{Design, Error};
use dp_linalg::{Accumulate, Cholesky, Mat, Parallelism, matmul_tn_into};

/// A primal-dual interior-point method on the rows with weight and those near the boundary; some five to ten steps to any accuracy.
///
/// It maximises `ln det M(w) − Σwᵢ` over `w ≥ 0`, whose optimum has `Σwᵢ = d` by itself. With slacks `z` of `gᵢ + zᵢ = 1` and
/// `wᵢzᵢ = μ`, a Newton step solves
///
/// ```text
/// (G∘G + diag(z/w)) Δw = g − 1 + μ/w,      Gᵢⱼ = bᵢᵀM⁻¹bⱼ
/// ```
///
/// a dense system in as many unknowns as rows matter: meant for some thousands at most.
///
/// # References
/// - P. Sun, R. M. Freund, *Computation of minimum-volume covering ellipsoids*, 2004, Section 4; S. Mehrotra, *On the implementation
///   of a primal-dual interior point method*, 1992, for the choice of `μ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InteriorPoint;

/// Share of the way to the boundary.
const NEAR_BOUNDARY: f64 = 0.995;
/// Parts of the gap that duality gap, residual and dropped weights may use.
const DUALITY_SHARE: f64 = 0.4;
const RESIDUAL_SHARE: f64 = 0.3;
const DROPPED_SHARE: f64 = 0.05;
/// Rows are looked at that have weight or are within so many gaps of the boundary…
const NEARBY_GAPS: f64 = 4.0;
/// … but not farther away than this.
const NEARBY: f64 = 0.03;
/// Slacks, and weights relative to the mean weight, are at least this at first.
const START: f64 = 0.01;

impl Solver for InteriorPoint {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let mut spent = 0;
        while design.gap() > stop.gap && spent < stop.max_iterations {
            let before = (design.gap(), design.weights().to_vec());
            let rest = Stop { max_iterations: stop.max_iterations - spent, ..stop };
            spent += on_active_rows(design, rest)?.max(1);
            if design.gap() >= before.0 {
                design.set_weights(before.1)?;
                break;
            }
        }
        Ok(spent)
    }
}

fn on_active_rows(design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
    let least = 1.0 - NEARBY.min(NEARBY_GAPS * design.gap());
    let matters = |&i: &usize| design.weights()[i] > 0.0 || design.forms()[i] > least;
    let active: Vec<usize> = (0..design.forms().len()).filter(matters).collect();
    let rows = design.rows();
    let few = Mat::from_fn(active.len(), rows.ncols(), |i, j| rows[(active[i], j)]);
    let start: Vec<f64> = active.iter().map(|&i| design.weights()[i]).collect();
    let mut central = Central::start(few, &start)?;
    let iterations = central.run(stop)?;
    let mut weights = vec![0.0; rows.nrows()];
    let negligible = DROPPED_SHARE * stop.gap * rows.ncols() as f64 / active.len() as f64;
    for (&i, &w) in active.iter().zip(&central.w) {
        weights[i] = if w > negligible { w } else { 0.0 };
    }
    design.set_weights(weights)?;
    Ok(iterations)
}

/// A point near the central path.
struct Central {
    rows: Mat,
    w: Vec<f64>,
    z: Vec<f64>,
}

impl Central {
    fn start(rows: Mat, weights: &[f64]) -> Result<Self, Error> {
        let least = START * rows.ncols() as f64 / rows.nrows() as f64;
        let w: Vec<f64> = weights.iter().map(|w| w.max(least)).collect();
        let forms = Design::new(rows.as_ref(), w.clone())?;
        let z = forms.forms().iter().map(|g| (1.0 - g).max(START)).collect();
        Ok(Self { rows, w, z })
    }

    /// Predictor and corrector with one factor (Mehrotra 1992).
    fn run(&mut self, stop: Stop) -> Result<usize, Error> {
        let mut system = Mat::zeros(self.w.len(), self.w.len());
        for iteration in 0..stop.max_iterations {
            self.inner_products(&mut system)?;
            let excess: Vec<f64> = (0..self.w.len()).map(|i| system[(i, i)] - 1.0).collect();
            if self.is_done(&excess, stop.gap) {
                return Ok(iteration);
            }
            system.as_mut_slice().iter_mut().for_each(|x| *x *= *x);
            (0..self.w.len()).for_each(|i| system[(i, i)] += self.z[i] / self.w[i]);
            let Ok(factor) = Cholesky::factor(system, Parallelism::Sequential) else {
                return Ok(iteration); // as far as floating point goes
            };
            let predicted = self.step(&factor, &excess, &vec![0.0; self.w.len()])?;
            let centre = self.centre(&predicted);
            let products: Vec<f64> =
                predicted.w.iter().zip(&predicted.z).map(|(w, z)| centre - w * z).collect();
            let step = self.step(&factor, &excess, &products)?;
            let (primal, dual) = self.lengths(&step);
            self.w.iter_mut().zip(&step.w).for_each(|(w, dw)| *w += primal * dw);
            self.z.iter_mut().zip(&step.z).for_each(|(z, dz)| *z += dual * dz);
            system = factor.into_l();
        }
        Ok(stop.max_iterations)
    }

    /// Scaled to the sum `d`, weights have a gap of at most the residual plus `Σwᵢzᵢ/d`.
    fn is_done(&self, excess: &[f64], gap: f64) -> bool {
        let residual = excess.iter().zip(&self.z).map(|(excess, z)| excess + z).fold(0.0, f64::max);
        dot(&self.w, &self.z) <= DUALITY_SHARE * gap * self.rows.ncols() as f64
            && residual <= RESIDUAL_SHARE * gap
    }

    /// Towards `wᵢzᵢ + ΔwᵢΔzᵢ = μ`, where `products` are the parts of `μ` that are asked for now.
    fn step(&self, factor: &Cholesky, excess: &[f64], products: &[f64]) -> Result<Step, Error> {
        let right = Mat::from_fn(self.w.len(), 1, |i, _| excess[i] + products[i] / self.w[i]);
        let w = factor.solve(right.as_ref())?.as_slice().to_vec();
        let slack = |i: usize| (products[i] - self.z[i] * w[i]) / self.w[i] - self.z[i];
        let z = (0..w.len()).map(slack).collect();
        Ok(Step { w, z })
    }

    /// `μ` to aim at: the mean product now, times the cube of what the predicted step would leave of it.
    fn centre(&self, predicted: &Step) -> f64 {
        let (primal, dual) = self.lengths(predicted);
        let pairs = self.w.iter().zip(&predicted.w).zip(self.z.iter().zip(&predicted.z));
        let left: f64 = pairs.map(|((w, dw), (z, dz))| (w + primal * dw) * (z + dual * dz)).sum();
        let now = dot(&self.w, &self.z);
        (left / now).powi(3).min(1.0) * now / self.w.len() as f64
    }

    fn lengths(&self, step: &Step) -> (f64, f64) {
        (step_length(&self.w, &step.w), step_length(&self.z, &step.z))
    }

    /// `bᵢᵀM⁻¹bⱼ` for all pairs.
    fn inner_products(&self, out: &mut Mat) -> Result<(), Error> {
        let one = Parallelism::Sequential;
        let cholesky = Cholesky::factor(moment(self.rows.as_ref(), &self.w)?, one)?;
        let whitened = cholesky.solve_lower(self.rows.transpose().as_ref())?;
        let whitened = whitened.as_ref();
        Ok(matmul_tn_into(out.as_mut(), Accumulate::Replace, whitened, whitened, one)?)
    }
}

/// A change of weights and slacks.
struct Step {
    w: Vec<f64>,
    z: Vec<f64>,
}

/// The longest step in (0, 1] that keeps `x` positive, with some room.
fn step_length(x: &[f64], dx: &[f64]) -> f64 {
    let to_boundary = x.iter().zip(dx).filter(|(_, dx)| **dx < 0.0).map(|(x, dx)| -x / dx);
    (NEAR_BOUNDARY * to_boundary.fold(f64::INFINITY, f64::min)).min(1.0)
}
