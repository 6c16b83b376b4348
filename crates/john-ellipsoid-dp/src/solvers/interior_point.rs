//! Newton's method on the rows that matter.

use super::{Solver, Stop};
use crate::design::moment;
use crate::{Design, Error};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, matmul_tn};

/// A primal-dual interior-point method on the rows with weight and those near the boundary; some ten steps to any accuracy.
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
/// - P. Sun, R. M. Freund, *Computation of minimum-volume covering ellipsoids*, 2004, Section 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InteriorPoint;

/// How much smaller the next `μ` is than the present mean of `wᵢzᵢ`.
const CENTERING: f64 = 0.1;
/// Share of the way to the boundary.
const NEAR_BOUNDARY: f64 = 0.995;
/// Parts of the gap that duality gap, residual and dropped weights may use.
const SHARE: f64 = 0.05;
/// Rows that the first round looks at beyond those with weight are within this of the boundary.
const NEARBY: f64 = 0.05;

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
    let matters = |&i: &usize| design.weights()[i] > 0.0 || design.forms()[i] > 1.0 - NEARBY;
    let active: Vec<usize> = (0..design.forms().len()).filter(matters).collect();
    let rows = design.rows();
    let few = Mat::from_fn(active.len(), rows.ncols(), |i, j| rows[(active[i], j)]);
    let start: Vec<f64> = active.iter().map(|&i| design.weights()[i]).collect();
    let (solution, iterations) = Central::start(few.as_ref(), &start)?.run(stop)?;
    let mut weights = vec![0.0; rows.nrows()];
    let negligible = SHARE * stop.gap * rows.ncols() as f64 / active.len() as f64;
    for (&i, &w) in active.iter().zip(&solution) {
        weights[i] = if w > negligible { w } else { 0.0 };
    }
    design.set_weights(weights)?;
    Ok(iterations)
}

/// A point near the central path.
struct Central<'a> {
    rows: MatRef<'a>,
    w: Vec<f64>,
    z: Vec<f64>,
}

impl<'a> Central<'a> {
    fn start(rows: MatRef<'a>, weights: &[f64]) -> Result<Self, Error> {
        let least = 1e-2 * rows.ncols() as f64 / rows.nrows() as f64;
        let w: Vec<f64> = weights.iter().map(|w| w.max(least)).collect();
        let forms = Design::new(rows, w.clone())?;
        let z = forms.forms().iter().map(|g| (1.0 - g).max(1e-2)).collect();
        Ok(Self { rows, w, z })
    }

    fn run(mut self, stop: Stop) -> Result<(Vec<f64>, usize), Error> {
        let (m, d) = (self.rows.nrows() as f64, self.rows.ncols() as f64);
        for iteration in 0..stop.max_iterations {
            let mut system = self.inner_products()?;
            let forms: Vec<f64> = (0..self.w.len()).map(|i| system[(i, i)]).collect();
            let duality: f64 = self.w.iter().zip(&self.z).map(|(w, z)| w * z).sum();
            let residual = forms.iter().zip(&self.z).map(|(g, z)| g - 1.0 + z).fold(0.0, f64::max);
            if duality <= SHARE * stop.gap * d && residual <= SHARE * stop.gap {
                return Ok((self.w, iteration));
            }
            let mu = CENTERING * duality / m;
            system.as_mut_slice().iter_mut().for_each(|x| *x *= *x);
            (0..self.w.len()).for_each(|i| system[(i, i)] += self.z[i] / self.w[i]);
            let right = Mat::from_fn(self.w.len(), 1, |i, _| forms[i] - 1.0 + mu / self.w[i]);
            let Ok(step) = Cholesky::new(system.as_ref()).and_then(|factor| factor.solve(right.as_ref()))
            else {
                return Ok((self.w, iteration)); // as far as floating point goes
            };
            self.advance(step.as_slice(), mu);
        }
        Ok((self.w, stop.max_iterations))
    }

    /// `bᵢᵀM⁻¹bⱼ` for all pairs.
    fn inner_products(&self) -> Result<Mat, Error> {
        let cholesky = Cholesky::new(moment(self.rows, &self.w)?.as_ref())?;
        let whitened = cholesky.solve_lower(self.rows.transpose().as_ref())?;
        Ok(matmul_tn(whitened.as_ref(), whitened.as_ref(), Parallelism::Sequential)?)
    }

    fn advance(&mut self, dw: &[f64], mu: f64) {
        let dz: Vec<f64> =
            (0..dw.len()).map(|i| mu / self.w[i] - self.z[i] - self.z[i] * dw[i] / self.w[i]).collect();
        let (primal, dual) = (step_length(&self.w, dw), step_length(&self.z, &dz));
        self.w.iter_mut().zip(dw).for_each(|(w, dw)| *w += primal * dw);
        self.z.iter_mut().zip(&dz).for_each(|(z, dz)| *z += dual * dz);
    }
}

/// The longest step in (0, 1] that keeps `x` positive, with some room.
fn step_length(x: &[f64], dx: &[f64]) -> f64 {
    let to_boundary = x.iter().zip(dx).filter(|(_, dx)| **dx < 0.0).map(|(x, dx)| -x / dx);
    (NEAR_BOUNDARY * to_boundary.fold(f64::INFINITY, f64::min)).min(1.0)
}
