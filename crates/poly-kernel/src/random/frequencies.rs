//! `Frequencies`: Gaussian vectors in orthogonal blocks.

use super::check_dim;
use crate::{
    error::Error,
    feature_map::{dot, project},
};
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_tn_into};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// Frequencies `ωᵢ`, the rows of an `(m, d)` matrix: each is `N(0, I_d)`, those of one block are orthogonal.
///
/// A block is drawn in the even dimension `D ∈ {d, d + 1}`: `D` orthonormal directions by the Haar measure, each times
/// the length of an independent `N(0, I_D)` (Yu et al. 2016). For odd `d` the last coordinate is dropped, which is as if
/// every point had a zero there: each frequency is still `N(0, I_d)`, and what is proven for even dimensions holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frequencies {
    matrix: Mat,
}

impl Frequencies {
    pub(super) fn orthogonal<R: Rng + ?Sized>(dim: usize, count: usize, rng: &mut R) -> Result<Self, Error> {
        check_dim(dim)?;
        let size = block_size(dim);
        let mut matrix = Mat::zeros(count, dim);
        let mut row = 0;
        while row < count {
            for frequency in draw_block(size, (count - row).min(size), rng).rows() {
                matrix.row_mut(row).copy_from_slice(&frequency[..dim]);
                row += 1;
            }
        }
        Ok(Self { matrix })
    }

    pub(super) fn known(matrix: MatRef<'_>) -> Result<Self, Error> {
        check_dim(matrix.ncols())?;
        if let Some(index) = matrix.rows().position(|row| row.iter().any(|entry| !entry.is_finite())) {
            return Err(Error::Frequency { index });
        }
        Ok(Self { matrix: matrix.to_owned() })
    }

    pub(super) const fn dim(&self) -> usize {
        self.matrix.ncols()
    }

    pub(super) const fn count(&self) -> usize {
        self.matrix.nrows()
    }

    /// Multiplies every frequency.
    pub(super) fn scale(&mut self, factor: f64) {
        self.matrix.as_mut_slice().iter_mut().for_each(|entry| *entry *= factor);
    }

    pub(super) fn as_ref(&self) -> MatRef<'_> {
        self.matrix.as_ref()
    }

    /// [`project`] on the frequencies.
    pub(super) fn project<'a>(
        &self,
        points: MatRef<'_>,
        scratch: MatMut<'a>,
    ) -> Result<(MatMut<'a>, MatMut<'a>), Error> {
        project(self.as_ref(), points, scratch)
    }

    /// `Σₖ weights[(k, i)]·ωₖ + lengths[i]·xᵢ` in row i of `out`: what derivatives of functions of `ω·x` and `‖x‖²` are made of.
    pub(super) fn combine(
        &self,
        weights: &Mat,
        lengths: &[f64],
        points: MatRef<'_>,
        mut out: MatMut<'_>,
    ) -> Result<(), Error> {
        let (sums, frequencies) = (out.reborrow(), self.as_ref());
        matmul_tn_into(sums, Accumulate::Replace, weights.as_ref(), frequencies, Parallelism::Sequential)?;
        for (i, (point, length)) in points.rows().zip(lengths).enumerate() {
            out.row_mut(i).iter_mut().zip(point).for_each(|(out, x)| *out += length * x);
        }
        Ok(())
    }
}

/// Frequencies of a block, `d` rounded up to an even number.
pub(super) const fn block_size(dim: usize) -> usize {
    dim.saturating_add(dim % 2)
}

/// The first `count ≤ dim` rows of a random orthogonal matrix, with the lengths of Gaussian vectors.
fn draw_block<R: Rng + ?Sized>(dim: usize, count: usize, rng: &mut R) -> Mat {
    let mut block = Mat::from_fn(count, dim, |_, _| StandardNormal.sample(rng));
    orthonormalize(&mut block);
    let mut length = || (0..dim).map(|_| square(StandardNormal.sample(rng))).sum::<f64>().sqrt();
    for i in 0..count {
        let length = length();
        block.row_mut(i).iter_mut().for_each(|entry| *entry *= length);
    }
    block
}

/// Gram-Schmidt on the rows, each twice, after which they are orthogonal to working accuracy (Giraud, Langou and
/// Rozložník 2005). Applied to a Gaussian matrix the directions have the Haar measure.
fn orthonormalize(rows: &mut Mat) {
    let dim = rows.ncols();
    for i in 0..rows.nrows() {
        let (before, rest) = rows.as_mut_slice().split_at_mut(i * dim);
        let row = &mut rest[..dim];
        for _ in 0..2 {
            for other in before.chunks_exact(dim) {
                let along = dot(row, other);
                row.iter_mut().zip(other).for_each(|(entry, other)| *entry -= along * other);
            }
            let norm = dot(row, row).sqrt();
            for entry in row.iter_mut() {
                *entry /= norm;
            }
        }
    }
}

fn square(value: f64) -> f64 {
    value * value
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn frequencies_of_one_block_are_orthogonal_and_others_are_not() {
        let frequencies = Frequencies::orthogonal(32, 40, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let rows: Vec<_> = frequencies.as_ref().rows().collect();
        for (i, a) in rows.iter().enumerate() {
            for (j, b) in rows.iter().enumerate().skip(i + 1) {
                let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                // a few roundings for each of 32 coordinates; between blocks the cosine has standard deviation 0.18
                assert_eq!(cosine.abs() < 64.0 * f64::EPSILON, i / 32 == j / 32, "{i} {j} {cosine}");
            }
        }
    }

    #[test]
    fn coordinates_have_the_moments_of_gaussians_in_odd_dimensions_too() {
        for dim in [1, 3, 4] {
            let mut rng = ChaCha8Rng::seed_from_u64(dim as u64);
            let n = 20_000;
            let frequencies = Frequencies::orthogonal(dim, n, &mut rng).unwrap();
            let moment =
                |k: i32| frequencies.as_ref().rows().map(|row| row[dim - 1].powi(k)).sum::<f64>() / n as f64;
            // five standard errors √(Var/n), Var = 1, 2, 96 (orthogonality only makes squares vary less)
            assert!(moment(1).abs() < 5.0 * (1.0 / n as f64).sqrt());
            assert!((moment(2) - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt());
            assert!((moment(4) - 3.0).abs() < 5.0 * (96.0 / n as f64).sqrt());
        }
    }
}
