//! Rows as integers, and how far they move.

use super::options::{CloseAdjacency, CloseOptions};
use crate::Error;
use crate::private::floats::{clip_margin, clipped, power_of_two};
use dp_linalg::MatRef;
use dp_mechanisms::{Lattice, LatticeL2Sensitivity};

/// Covers the roundings of the few operations before it, with room to spare.
pub(super) const OUTWARD: f64 = 1.0 + 1e-12;
/// Steps of a displacement for each `√d`, as a power of two: `2⁻²⁰` of the sensitivity is rounding.
const BITS: i32 = 20;
/// Largest radius in steps, as a power of two: rows are `f64` of 53 bits.
const RADIUS_BITS: i32 = 48;

/// Integer rows `ã = ⌊2ᵉ·a⌉` of clipped rows, and what holds for them under an adjacency.
///
/// # Sensitivity
/// With the radius R, the displacement b, and `m` the relative error of clipping, rounding moves each of `d` coordinates by at most ½:
///
/// ```text
/// ‖ã‖² ≤ A² = (2ᵉR(1 + m) + ½√d)²          ‖ã − ã'‖² ≤ D² = (2ᵉ(b + 2Rm) + √d)²,   D ≤ 2A
/// ```
///
/// Both are floors of these numbers, rounded up: what is bounded is an integer.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLattice<A> {
    adjacency: A,
    exponent: i32,
    radius: f64,
    squared_norm: u128,
    squared_displacement: u128,
    /// Largest distance of integers, in units of rows, to the exact projection.
    rounding: f64,
}

impl<A: CloseAdjacency> RowLattice<A> {
    pub(super) fn new(options: &CloseOptions, adjacency: A) -> Self {
        let (radius, root) = (options.radius(), (options.dim() as f64).sqrt());
        let displacement = adjacency.displacement(radius);
        let fine = BITS + ceil_log2((root / displacement).clamp(1e-300, 1e300));
        let exponent = fine.min(RADIUS_BITS - ceil_log2(radius));
        let margin = clip_margin(options.dim());
        let steps = |x: f64| x * power_of_two(exponent);
        let square = |x: f64| (x * OUTWARD * (x * OUTWARD)).floor() as u128;
        let squared_norm = square(steps(radius) * (1.0 + margin) + 0.5 * root);
        let moved = square(steps(displacement + 2.0 * radius * margin) + root);
        let rounding = (0.5 * root * power_of_two(-exponent) + radius * margin) * OUTWARD;
        let squared_displacement = moved.min(4 * squared_norm);
        Self { adjacency, exponent, radius, squared_norm, squared_displacement, rounding }
    }

    /// The integers of all rows, one after another; each row by itself.
    pub(super) fn encode(&self, rows: MatRef<'_>) -> Vec<i64> {
        // in two steps, as the factor itself may be beyond the range of `f64`
        let (half, rest) = (power_of_two(self.exponent / 2), power_of_two(self.exponent - self.exponent / 2));
        let integer = |x: f64| (x * half * rest).round_ties_even() as i64;
        clipped(rows, self.radius).as_slice().iter().copied().map(integer).collect()
    }

    pub(super) fn lattice(&self) -> Result<Lattice, Error> {
        Ok(Lattice::new(-self.exponent)?)
    }

    /// One step, in units of rows.
    pub(super) fn step(&self) -> f64 {
        power_of_two(-self.exponent)
    }

    /// No integer is larger.
    pub(super) const fn largest(&self) -> u64 {
        self.squared_norm.isqrt() as u64
    }

    /// How far all rows together move: one of them by D.
    pub(super) fn sensitivity(&self) -> Result<LatticeL2Sensitivity<A>, Error> {
        Ok(LatticeL2Sensitivity::from_square(self.squared_displacement, self.adjacency)?)
    }

    /// D in units of rows, rounded up.
    pub(super) fn displacement(&self) -> f64 {
        (self.squared_displacement as f64).sqrt() * self.step() * OUTWARD
    }

    /// Distance of a row on the lattice to the row it stands for, at most.
    pub(super) const fn rounding(&self) -> f64 {
        self.rounding
    }
}

/// `⌈log₂ x⌉` of a positive normal number.
const fn ceil_log2(x: f64) -> i32 {
    let bits = x.to_bits();
    (bits >> 52) as i32 - 1023 + (bits << 12 != 0) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::{PerturbRow, ReplaceRow};

    #[test]
    fn small_displacements_cost_little_more_than_real_ones_and_whole_rows_the_diameter() {
        let options = CloseOptions::new(10, 4, 1.0).unwrap();
        for radius in [0.3, 0.01, 1e-4] {
            let lattice = RowLattice::new(&options, PerturbRow::new(radius).unwrap());
            // rounding is 2⁻²⁰ of the displacement
            let ratio = lattice.displacement() / radius;
            assert!(ratio > 1.0 && ratio < 1.0 + 3e-6, "{radius}: {ratio}");
        }
        let whole = RowLattice::new(&options, ReplaceRow);
        assert_eq!(whole.squared_displacement, 4 * whole.squared_norm);
    }

    #[test]
    fn radii_at_both_ends_of_the_range_have_a_lattice() {
        for radius in [1e-100, 1e100] {
            let options = CloseOptions::new(10, 4, radius).unwrap();
            for close in [1e-300, 1e-3 * radius, 1e300] {
                let lattice = RowLattice::new(&options, PerturbRow::new(close).unwrap());
                assert!(lattice.lattice().is_ok() && lattice.sensitivity().is_ok());
                let long = lattice.encode(MatRef::new(&[1e120, 0.0, 0.0, 0.0], 1, 4).unwrap());
                assert!(long[0].unsigned_abs() <= lattice.largest() && long[0] > 1 << 18, "{radius} {close}");
            }
        }
    }
}
