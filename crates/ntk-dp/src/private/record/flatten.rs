//! Shrinking rows in strong directions, exactly.

use super::encode::RADIUS;
#[cfg(feature = "io")]
use super::encode::square;
#[cfg(feature = "io")]
use super::moments::FlatteningParts;
use super::moments::mirror;
use crate::Error;
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, SymmetricEigen, matmul, matmul_into};
use dp_mechanisms::SymmetricLatticeMatrix;
use dp_mechanisms::symmetric::packed_len;

/// Entries of directions are integers in units of `2⁻²⁰`.
const FRACTION: f64 = (1 << 20) as f64;
/// Coefficients are integers in units of `2⁻⁶` of a row's.
const FINE: f64 = 64.0;
/// Eigenvalues above this multiple of the noise's radius are brought down to it.
const LEVEL: f64 = 0.5;
/// Adding and subtracting it rounds to the nearest integer, below `2⁵¹`.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The map `x ↦ x − V diag(1 − g) Vᵀx` for public directions `V` and factors `0 ≤ g ≤ 1`, on integer rows, in integers.
///
/// `‖z‖ ≤ 2¹⁷` for an integer row, and rows and columns of `V`, in integers of `2⁻²⁰`, are no longer than `2²¹`. So, by Cauchy and Schwarz, sums of
/// absolute products are at most `2³⁸` in `Vᵀz`; coefficients, in units of `2⁻⁶`, are at most `2²⁴` each, and sums of absolute products at most
/// `2²⁴√r·2²¹ ≤ 2⁵²` in what is subtracted, for `r ≤ D ≤ 2¹⁴`. All products are exact, and what becomes of a row does not depend on the rows
/// beside it.
#[derive(Clone, PartialEq)]
pub(super) struct Flattening {
    /// `(D, r)`, integers.
    directions: Mat,
    /// `(r, D)`: the same.
    transposed: Mat,
    /// `−(1 − g)·2⁶/2²⁰`.
    factors: Vec<f64>,
}

impl core::fmt::Debug for Flattening {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Flattening").field("directions", &self.directions.shape()).finish_non_exhaustive()
    }
}

impl Flattening {
    /// What the length of an integer row is multiplied with.
    pub(super) const UNIT: f64 = FRACTION * FINE;

    /// From released second moments of integer rows, with noise of this standard deviation on the diagonal.
    pub(super) fn new(moments: &SymmetricLatticeMatrix, noise_std: f64) -> Result<Self, Error> {
        let dim = moments.order();
        let mut gram = Mat::zeros(dim, dim);
        for i in 0..dim {
            let row = &moments.packed()[packed_len(i)..=packed_len(i) + i];
            gram.row_mut(i)[..=i].iter_mut().zip(row).for_each(|(g, steps)| *g = *steps as f64);
        }
        mirror(&mut gram);
        let eigen = SymmetricEigen::new(gram.as_ref())?;
        let level = LEVEL * (2.0 * dim as f64).sqrt() * noise_std;
        let first = eigen.values().partition_point(|value| *value <= level);
        let factor = |value: &f64| ((level / value).sqrt() - 1.0) * FINE / FRACTION;
        let factors = eigen.values()[first..].iter().map(factor).collect();
        let vectors = eigen.vectors().subcols(first..dim);
        let directions = Mat::from_fn(dim, dim - first, |i, j| (vectors[(i, j)] * FRACTION).round());
        Ok(Self { transposed: directions.transpose(), directions, factors })
    }

    /// None if any sum could leave the integers below `2⁵³`: entries that are not integers, rows or columns longer than `2²¹`, factors beyond
    /// those of `0 ≤ g ≤ 1`.
    #[cfg(feature = "io")]
    pub(super) fn from_parts(parts: FlatteningParts) -> Option<Self> {
        let FlatteningParts { directions, factors } = parts;
        let made = Self { transposed: directions.transpose(), directions, factors };
        let short =
            |row: &[f64]| row.iter().all(|x| x.trunc() == *x) && square(row) <= 4.0 * FRACTION * FRACTION;
        let inside = |factor: &f64| *factor <= 0.0 && *factor >= -FINE / FRACTION;
        let sound = made.factors.len() == made.transposed.nrows()
            && made.directions.rows().chain(made.transposed.rows()).all(short)
            && made.factors.iter().all(inside);
        sound.then_some(made)
    }

    #[cfg(feature = "io")]
    pub(super) fn parts(&self) -> FlatteningParts {
        FlatteningParts { directions: self.directions.clone(), factors: self.factors.clone() }
    }

    pub(super) const fn directions(&self) -> &Mat {
        &self.directions
    }

    /// Integer rows `(m, D)`, in place; their lengths are [`UNIT`](Self::UNIT) times as large, less what was shrunk.
    pub(super) fn apply(&self, rows: &mut [f64]) -> Result<(), Error> {
        let dim = self.directions.nrows();
        let m = rows.len() / dim;
        let view = MatRef::new(rows, m, dim)?;
        let mut coefficients = matmul(view, self.directions.as_ref(), Parallelism::Sequential)?;
        for row in coefficients.as_mut_slice().chunks_mut(self.factors.len().max(1)) {
            row.iter_mut().zip(&self.factors).for_each(|(c, factor)| *c = (*c * factor + ROUNDER) - ROUNDER);
        }
        for z in &mut *rows {
            *z *= Self::UNIT;
        }
        let out = MatMut::new(rows, m, dim)?;
        let transposed = self.transposed.as_ref();
        Ok(matmul_into(out, Accumulate::Add, coefficients.as_ref(), transposed, Parallelism::Sequential)?)
    }
}

const _: () = assert!(RADIUS == 1 << 17, "the bounds above are for this radius");
