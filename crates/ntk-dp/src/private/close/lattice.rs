//! Points as integers, and how far they move.

use super::floats::{OUTWARD, ceil_log2, clip_margin, power_of_two, to_ball};
use super::options::{CloseAdjacency, CloseOptions};
use crate::Error;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{Lattice, LatticeL1Sensitivity, LatticeL2Sensitivity};

/// Steps of a displacement for each `√d`, as a power of two: `2⁻²⁰` of the sensitivity is rounding.
const BITS: i32 = 20;
/// Largest radius in steps, as a power of two: points are `f64` of 53 bits.
const RADIUS_BITS: i32 = 48;
/// The same for points whose squared products with queries stay below 2¹²⁷ in sums.
const QUERY_BITS: i32 = 24;

/// Integer points `x̃ = ⌊2ᵉ·x⌉` of points in the ball, and what holds for them under an adjacency.
///
/// # Sensitivity
/// With the radius R, the displacement b, and `m` the relative error of clipping, rounding moves each of `d` coordinates by at most ½:
///
/// ```text
/// ‖x̃‖² ≤ A² = (2ᵉR(1 + m) + ½√d)²     ‖x̃ − x̃'‖² ≤ D² = (2ᵉ(b + 2Rm) + √d)²,   D ≤ 2A     ‖x̃ − x̃'‖₁ ≤ √(dD²)
/// ```
///
/// All are floors of these numbers, rounded up: what is bounded is an integer.
#[derive(Debug, Clone, Copy)]
pub(super) struct PointLattice<A> {
    adjacency: A,
    exponent: i32,
    dim: usize,
    radius: f64,
    squared_norm: u128,
    squared_displacement: u128,
}

impl<A: CloseAdjacency> PointLattice<A> {
    /// For noise on points, and for kernels of them.
    pub(super) fn new(options: &CloseOptions, adjacency: A) -> Self {
        Self::at_most(options, adjacency, RADIUS_BITS)
    }

    /// Coarser, for exact integer kernels.
    pub(super) fn of_queries(options: &CloseOptions, adjacency: A) -> Self {
        Self::at_most(options, adjacency, QUERY_BITS)
    }

    fn at_most(options: &CloseOptions, adjacency: A, radius_bits: i32) -> Self {
        let (dim, radius, root) = (options.dim(), options.radius(), (options.dim() as f64).sqrt());
        let displacement = adjacency.displacement(radius);
        let fine = BITS + ceil_log2((root / displacement).clamp(1e-300, 1e300));
        let exponent = fine.min(radius_bits - ceil_log2(radius));
        let margin = clip_margin(dim);
        let steps = |x: f64| x * power_of_two(exponent);
        let square = |x: f64| (x * OUTWARD * (x * OUTWARD)).floor() as u128;
        let squared_norm = square(steps(radius) * (1.0 + margin) + 0.5 * root);
        let moved = square(steps(displacement + 2.0 * radius * margin) + root);
        let squared_displacement = moved.min(4 * squared_norm);
        Self { adjacency, exponent, dim, radius, squared_norm, squared_displacement }
    }

    /// The integers of all points, one after another; each point by itself. Points that are not finite become zero.
    pub(super) fn encode(&self, points: MatRef<'_>) -> Vec<i64> {
        // in two steps, as the factor itself may be beyond the range of `f64`
        let (half, rest) = (power_of_two(self.exponent / 2), power_of_two(self.exponent - self.exponent / 2));
        let mut integers = Vec::with_capacity(points.nrows() * self.dim);
        for row in points.rows() {
            let (unit, factor) = to_ball(row, self.radius).unwrap_or((0.0, 0.0));
            let integer = |x: f64| {
                let value = x * unit * factor * half * rest;
                if value.is_finite() { value.round_ties_even() as i64 } else { 0 }
            };
            integers.extend(row.iter().copied().map(integer));
        }
        integers
    }

    /// The points on the lattice, in units of data.
    pub(super) fn rounded(&self, points: MatRef<'_>) -> Result<Mat, Error> {
        let values = self.encode(points).into_iter().map(|x| x as f64 * self.step()).collect();
        Ok(Mat::from_vec(points.nrows(), self.dim, values)?)
    }

    pub(super) fn lattice(&self) -> Result<Lattice, Error> {
        Ok(Lattice::new(-self.exponent)?)
    }

    pub(super) const fn exponent(&self) -> i32 {
        self.exponent
    }

    /// One step, in units of data.
    pub(super) fn step(&self) -> f64 {
        power_of_two(-self.exponent)
    }

    /// `A²`.
    pub(super) const fn squared_norm(&self) -> u128 {
        self.squared_norm
    }

    /// `D²`.
    pub(super) const fn squared_displacement(&self) -> u128 {
        self.squared_displacement
    }

    /// No integer is larger.
    pub(super) const fn largest(&self) -> u64 {
        self.squared_norm.isqrt() as u64
    }

    /// How far all points together move: one of them by D.
    pub(super) fn l2_sensitivity(&self) -> Result<LatticeL2Sensitivity<A>, Error> {
        Ok(LatticeL2Sensitivity::from_square(self.squared_displacement, self.adjacency)?)
    }

    /// The same in L1.
    pub(super) fn l1_sensitivity(&self) -> Result<LatticeL1Sensitivity<A>, Error> {
        let square = self.squared_displacement.saturating_mul(self.dim as u128);
        let steps = u64::try_from(square.isqrt()).unwrap_or(u64::MAX);
        Ok(LatticeL1Sensitivity::new(steps, self.adjacency)?)
    }

    /// A and D in units of data, rounded up: the radius and the displacement of points on the lattice.
    pub(super) fn reach(&self) -> (f64, f64) {
        let up = |square: u128| (square as f64).sqrt() * self.step() * OUTWARD;
        (up(self.squared_norm), up(self.squared_displacement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kernel;
    use dp_mechanisms::{PerturbRow, ReplaceRow};

    fn options(radius: f64) -> CloseOptions {
        CloseOptions::new(Kernel::quadratic(1.0).unwrap(), (10, 4), radius).unwrap()
    }

    #[test]
    fn small_displacements_cost_little_more_than_real_ones_and_whole_points_the_diameter() {
        for radius in [0.3, 0.01, 1e-4] {
            let lattice = PointLattice::new(&options(1.0), PerturbRow::new(radius).unwrap());
            // rounding is 2⁻²⁰ of the displacement
            let ratio = lattice.reach().1 / radius;
            assert!(ratio > 1.0 && ratio < 1.0 + 3e-6, "{radius}: {ratio}");
            let l1 = lattice.l1_sensitivity().unwrap().get() as f64 * lattice.step();
            assert!((l1 / (2.0 * radius) - 1.0).abs() < 3e-6);
        }
        let whole = PointLattice::new(&options(1.0), ReplaceRow);
        assert_eq!(whole.squared_displacement, 4 * whole.squared_norm);
    }

    #[test]
    fn radii_at_both_ends_of_the_range_have_a_lattice() {
        for radius in [1e-20, 1e20] {
            for close in [1e-300, 1e-3 * radius, 1e300] {
                let lattice = PointLattice::new(&options(radius), PerturbRow::new(close).unwrap());
                assert!(lattice.lattice().is_ok() && lattice.l2_sensitivity().is_ok());
                let long = lattice.encode(MatRef::new(&[1e120, 0.0, 0.0, 0.0], 1, 4).unwrap());
                assert!(long[0].unsigned_abs() <= lattice.largest() && long[0] > 1 << 18, "{radius} {close}");
            }
        }
    }

    #[test]
    fn points_that_are_not_finite_become_zero() {
        let lattice = PointLattice::new(&options(1.0), ReplaceRow);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(lattice.encode(MatRef::new(&[0.5, bad, 0.1, 0.0], 1, 4).unwrap()), [0; 4]);
        }
    }
}
