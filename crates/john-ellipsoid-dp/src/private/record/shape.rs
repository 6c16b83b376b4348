//! From released moments to the next root: post-processing, total on whatever noise makes of a matrix.

use super::encode::RADIUS;
use super::options::RecordOptions;
use crate::Error;
use crate::whitening::Whitening;
use dp_linalg::{Mat, MatRef, Parallelism, SymmetricEigen, matmul};
use dp_mechanisms::SymmetricLatticeMatrix;

/// No direction is stretched more than `2¹⁰` in one round.
const LEAST_EIGENVALUE: f64 = 1.0 / (1 << 20) as f64;

/// What a round released, and how to read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) moments: &'a SymmetricLatticeMatrix,
    /// Of the diagonal, in lattice steps.
    pub(super) noise_std: f64,
    /// Estimated number of rows.
    pub(super) rows: f64,
    /// `c`.
    pub(super) squared_clip: f64,
    /// `p`.
    pub(super) order: u32,
}

impl Reading<'_> {
    /// Lattice steps to multiples of the identity at the target.
    fn unit(&self) -> f64 {
        self.squared_clip / (self.rows * f64::from(RADIUS) * f64::from(RADIUS))
    }

    /// About the largest eigenvalue that noise alone has, `√(2d)·σ`, in multiples of the identity.
    fn noise_radius(&self) -> f64 {
        (2.0 * self.moments.order() as f64).sqrt() * self.noise_std * self.unit()
    }

    /// The root at which these moments would be the identity, or on the way there.
    ///
    /// Eigenvalues λ are drawn toward 1 by `1/(1 + f²)`, f the noise radius, and are at least `min(f, ½)`. Then `T ← T·V·Λ^{−η/2}`; the
    /// common factor s of eigenvalues responds to the scale of `T` with the power `p`, so that it is corrected by `s^{−1/p}`.
    pub(super) fn next_root(&self, root: MatRef<'_>) -> Result<Mat, Error> {
        let (d, unit, noise) = (root.nrows(), self.unit(), self.noise_radius());
        let scaled = Mat::from_fn(d, d, |i, j| self.moments.get(i, j) as f64 * unit);
        let Ok(eigen) = SymmetricEigen::new(scaled.as_ref()) else { return Ok(root.to_owned()) };
        let floor = noise.clamp(LEAST_EIGENVALUE, 0.5);
        let shrink = 1.0 / (1.0 + noise * noise);
        let logs: Vec<f64> =
            eigen.values().iter().map(|value| (1.0 + shrink * (value - 1.0)).max(floor).ln()).collect();
        let common = logs.iter().sum::<f64>() / d as f64;
        let (eta, order) = (step(d, self.order), f64::from(self.order));
        let factor = |j: usize| (-0.5 * eta * (logs[j] - common) - common / order).exp();
        let rotated = matmul(root, eigen.vectors(), Parallelism::Sequential)?;
        let next = Mat::from_fn(d, d, |i, j| rotated[(i, j)] * factor(j));
        Ok(Whitening::new(next).matrix().to_owned())
    }
}

/// The exponent η of the shape: `3/p` contracts for rows on a few lines, as all do below `4/p`; `(d + 2)/(d + p)` is Newton's for rows alike in
/// all directions.
fn step(d: usize, order: u32) -> f64 {
    let (d, p) = (d as f64, f64::from(order));
    ((d + 2.0) / (d + p)).min(3.0 / p)
}

/// From the scale of the covariance to that of order `p`, exact for normal rows that are not clipped: there
/// `E‖y‖^p = d(d + 2)⋯(d + p − 2)` has to become `d·c^{p/2−1}`.
pub(super) fn change_order(root: &mut Mat, options: &RecordOptions) {
    let (d, c, p) = (options.dim() as f64, options.squared_clip(), options.target().order());
    let logs: f64 = (0..p / 2).map(|k| ((d + 2.0 * f64::from(k)) / c).ln()).sum();
    let factor = (-(logs + options.clip().ln()) / f64::from(p)).exp();
    root.as_mut_slice().iter_mut().for_each(|entry| *entry *= factor);
}
