//! Private rows as integers: scaled back to a ball, rounded, and how far they move between neighbours.
//!
//! For releases that keep one place for each row (noised rows, Gram matrices, kernels of points), under neighbours that keep the number of
//! rows. The integers of a row are a bit-exact function of that row alone: `+ − × ÷ √` in one order.

use crate::adjacency::{Adjacency, PerturbRow, ReplaceRow};
use crate::certified::power_of_two;
use crate::error::{Error, Parameter};
use crate::lattice::Lattice;
use crate::sensitivity::{LatticeL1Sensitivity, LatticeL2Sensitivity};
use core::fmt;

/// Adjacencies that keep the number of rows, which a release with a place for each row shows.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{PerturbRow, ReplaceRow, rows::FixedSizeAdjacency};
///
/// assert_eq!(PerturbRow::new(0.1)?.displacement(1.0), 0.1);
/// assert_eq!(PerturbRow::new(9.0)?.displacement(1.0), 2.0); // no farther than from end to end
/// assert_eq!(ReplaceRow.displacement(1.0), 2.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// Where rows have places none can be added or removed unseen:
///
/// ```compile_fail,E0599
/// use dp_mechanisms::{AddRemoveRow, rows::FixedSizeAdjacency};
///
/// AddRemoveRow.displacement(1.0);
/// ```
pub trait FixedSizeAdjacency: Adjacency {
    /// How far a row moves between neighbours after it was scaled back to the radius, in data units.
    fn displacement(self, radius: f64) -> f64;
}

impl FixedSizeAdjacency for PerturbRow {
    /// Scaling back is the projection onto a ball, which brings no two points farther apart.
    fn displacement(self, radius: f64) -> f64 {
        self.radius().min(2.0 * radius)
    }
}

impl FixedSizeAdjacency for ReplaceRow {
    fn displacement(self, radius: f64) -> f64 {
        2.0 * radius
    }
}

/// Covers the roundings of the few operations before it, with room to spare.
const OUTWARD: f64 = 1.0 + 1e-12;

/// Relative error of a row of `dim` entries that was scaled back: fewer than `dim + 16` roundings, each of `2⁻⁵³`, are in its norm, the factor
/// and a product.
#[must_use]
pub fn clip_margin(dim: usize) -> f64 {
    (dim as f64 + 16.0) * f64::EPSILON
}

/// What scales a row back to a ball: each entry times a power of two, times a factor.
///
/// However long a finite row is, it is scaled and not dropped: under [`PerturbRow`] a rule that drops beyond some length moves a row by the radius
/// between close neighbours. A row that is not finite has no neighbour at a finite distance.
///
/// # Example
///
/// ```
/// use dp_mechanisms::rows::BallClip;
///
/// let long = [3e200, -4e200];
/// let clip = BallClip::new(&long, 5.0).expect("finite");
/// let [x, y] = long.map(|x| clip.apply(x));
/// assert!((x - 3.0).abs() < 1e-14 && (y + 4.0).abs() < 1e-14);
/// assert!(BallClip::new(&[1.0, f64::NAN], 5.0).is_none());
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct BallClip {
    unit: f64,
    factor: f64,
}

/// The factor tells the length of a private row.
impl fmt::Debug for BallClip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BallClip").finish_non_exhaustive()
    }
}

impl BallClip {
    /// Small enough that finite entries have squares.
    const TINY: f64 = power_of_two(-600);

    /// For one row and the radius of a ball around zero; none for a row that is not finite.
    ///
    /// What is scaled is within `radius·clip_margin(d)` of the nearest point of the ball.
    #[must_use]
    pub fn new(row: &[f64], radius: f64) -> Option<Self> {
        let square = |unit: f64| row.iter().map(|x| (x * unit) * (x * unit)).sum::<f64>();
        let unit = if square(1.0).is_finite() { 1.0 } else { Self::TINY };
        let norm = square(unit).sqrt();
        // at unit TINY a row is far outside of any radius
        let factor = if norm > radius * unit { radius / norm } else { 1.0 };
        norm.is_finite().then_some(Self { unit, factor })
    }

    /// One entry of the row, scaled.
    #[must_use]
    pub fn apply(self, entry: f64) -> f64 {
        entry * self.unit * self.factor
    }
}

/// The ball around zero that rows `(n, d)` are scaled back to: public.
///
/// # Example
///
/// ```
/// use dp_mechanisms::rows::RowBall;
///
/// let ball = RowBall::new(3, 1.5)?;
/// assert_eq!((ball.dim(), ball.radius()), (3, 1.5));
/// assert!(RowBall::new(3, f64::NAN).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowBall {
    dim: usize,
    radius: f64,
}

impl RowBall {
    /// Rows of `dim` entries, of norm at most `radius` (data units).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless the radius is between 1e-150 and 1e150.
    pub fn new(dim: usize, radius: f64) -> Result<Self, Error> {
        let radius = Parameter::Radius.check(radius, (1e-150..=1e150).contains(&radius))?;
        Ok(Self { dim, radius })
    }

    /// Entries of a row.
    #[must_use]
    pub const fn dim(self) -> usize {
        self.dim
    }

    /// Largest norm, in data units.
    #[must_use]
    pub const fn radius(self) -> f64 {
        self.radius
    }

    /// The exponent at which the radius has at most so many bits.
    fn finest(self, radius_bits: u8) -> i32 {
        i32::from(radius_bits.min(52)) - ceil_log2(self.radius)
    }
}

/// Integer rows `x̃ = ⌊2ᵉ·x⌉` of rows `(n, d)` that were scaled back to a ball, and what holds for them under an adjacency.
///
/// # Sensitivity
///
/// With the radius R, the displacement b, and `m` the relative error of clipping, rounding moves each of `d` entries by at most ½:
///
/// ```text
/// ‖x̃‖² ≤ A² = (2ᵉR(1 + m) + ½√d)²     ‖x̃ − x̃'‖² ≤ D² = (2ᵉ(b + 2Rm) + √d)²,   D ≤ 2A     ‖x̃ − x̃'‖₁ ≤ √(dD²)
/// ```
///
/// All are floors of these numbers, rounded up: what is bounded is an integer. The √d does not vanish with b: that is why the lattice is finer than
/// b by a factor. Proof: docs/theorems.md, *Rows on a lattice*; claim `mechanisms.rows.sensitivity`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{PerturbRow, rows::{RowBall, RowLattice}};
///
/// let lattice = RowLattice::fitting(PerturbRow::new(0.01)?, RowBall::new(2, 1.0)?, (20, 48));
/// let integers = lattice.encode(&[30.0, 40.0])?; // scaled back to (0.6, 0.8)
/// assert!((integers[0] as f64 * lattice.step() - 0.6).abs() <= lattice.rounding());
/// // 2⁻²⁰ of the sensitivity is rounding
/// assert!(lattice.displacement() > 0.01 && lattice.displacement() < 0.01 * (1.0 + 3e-6));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RowLattice<A> {
    adjacency: A,
    exponent: i32,
    ball: RowBall,
    squared_norm: u128,
    squared_displacement: u128,
}

impl<A: FixedSizeAdjacency> RowLattice<A> {
    /// So fine that a displacement has `2^bits` steps for each `√d`, but the radius at most `2^radius_bits` steps (52 at most).
    #[must_use]
    pub fn fitting(adjacency: A, ball: RowBall, (bits, radius_bits): (u8, u8)) -> Self {
        let displacement = adjacency.displacement(ball.radius);
        let fine = i32::from(bits)
            + ceil_log2(((ball.dim.max(1) as f64).sqrt() / displacement).clamp(1e-300, 1e300));
        Self::at(adjacency, ball, fine.min(ball.finest(radius_bits)))
    }

    /// With `2^radius_bits` steps in the radius (`2⁵²` at most), or down to half as many.
    #[must_use]
    pub fn finest(adjacency: A, ball: RowBall, radius_bits: u8) -> Self {
        Self::at(adjacency, ball, ball.finest(radius_bits))
    }

    fn at(adjacency: A, ball: RowBall, exponent: i32) -> Self {
        let RowBall { dim, radius } = ball;
        let (margin, root) = (clip_margin(dim), (dim as f64).sqrt());
        let steps = |x: f64| x * power_of_two(exponent);
        let square = |x: f64| (x * OUTWARD * (x * OUTWARD)).floor() as u128;
        let squared_norm = square(steps(radius) * (1.0 + margin) + 0.5 * root);
        let moved = square(steps(adjacency.displacement(radius) + 2.0 * radius * margin) + root);
        let squared_displacement = moved.min(4 * squared_norm);
        Self { adjacency, exponent, ball, squared_norm, squared_displacement }
    }

    /// The integers of one row `(d)`; zeros for a row that is not finite.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`] for a row of another length, for which the sensitivity would not hold: by shape alone.
    pub fn encode(&self, row: &[f64]) -> Result<Vec<i64>, Error> {
        if row.len() != self.ball.dim {
            return Err(Error::Dimension { expected: self.ball.dim, found: row.len() });
        }
        // in two steps, as the factor itself may be beyond the range of `f64`
        let (half, rest) = (power_of_two(self.exponent / 2), power_of_two(self.exponent - self.exponent / 2));
        let Some(clip) = BallClip::new(row, self.ball.radius) else { return Ok(vec![0; row.len()]) };
        Ok(row.iter().map(|x| (clip.apply(*x) * half * rest).round_ties_even() as i64).collect())
    }

    /// Rows are multiplied by 2 to this power.
    #[must_use]
    pub const fn exponent(&self) -> i32 {
        self.exponent
    }

    /// One step, in data units.
    #[must_use]
    pub fn step(&self) -> f64 {
        power_of_two(-self.exponent)
    }

    /// The lattice of rows.
    ///
    /// # Errors
    ///
    /// None in practice: the constructors have seen this lattice.
    pub fn lattice(&self) -> Result<Lattice, Error> {
        Lattice::new(-self.exponent)
    }

    /// `A²`, in steps.
    #[must_use]
    pub const fn squared_norm(&self) -> u128 {
        self.squared_norm
    }

    /// `D²`, in steps.
    #[must_use]
    pub const fn squared_displacement(&self) -> u128 {
        self.squared_displacement
    }

    /// No integer of a row is larger.
    #[must_use]
    pub const fn largest(&self) -> u64 {
        self.squared_norm.isqrt() as u64
    }

    /// How far all rows together move in L2: one of them by D.
    ///
    /// # Errors
    ///
    /// None in practice: D is positive.
    pub fn l2_sensitivity(&self) -> Result<LatticeL2Sensitivity<A>, Error> {
        LatticeL2Sensitivity::from_square(self.squared_displacement, self.adjacency)
    }

    /// The same in L1: `⌊√(dD²)⌋`, as what it bounds is an integer.
    ///
    /// # Errors
    ///
    /// [`Error::SensitivityOverflow`] if `dD²` does not fit 128 bits: only with millions of entries at more than 40 bits of radius.
    pub fn l1_sensitivity(&self) -> Result<LatticeL1Sensitivity<A>, Error> {
        let (left, right) = (self.squared_displacement, self.ball.dim as u128);
        let square = left.checked_mul(right).ok_or(Error::SensitivityOverflow { left, right })?;
        // the root of 128 bits has 64
        LatticeL1Sensitivity::new(square.isqrt() as u64, self.adjacency)
    }

    /// A in data units, rounded up: the radius of rows on the lattice.
    #[must_use]
    pub fn norm(&self) -> f64 {
        (self.squared_norm as f64).sqrt() * self.step() * OUTWARD
    }

    /// D in data units, rounded up.
    #[must_use]
    pub fn displacement(&self) -> f64 {
        (self.squared_displacement as f64).sqrt() * self.step() * OUTWARD
    }

    /// Largest distance of a row on the lattice to the nearest point of the ball to its row, in data units: half a step an entry, and clipping.
    #[must_use]
    pub fn rounding(&self) -> f64 {
        self.half_steps() + self.ball.radius * clip_margin(self.ball.dim) * OUTWARD
    }

    /// Half a step in each entry: the norm by which rounding alone moves a row, in data units.
    #[must_use]
    pub fn half_steps(&self) -> f64 {
        0.5 * (self.ball.dim as f64).sqrt() * self.step() * OUTWARD
    }

    /// How far a row moves, of which kind neighbours are.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
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

    fn lattice<A: FixedSizeAdjacency>(adjacency: A, dim: usize, radius: f64) -> RowLattice<A> {
        RowLattice::fitting(
            adjacency,
            RowBall::new(dim, radius).expect("radii of tests are in range"),
            (20, 48),
        )
    }

    fn clip(row: &[f64], radius: f64) -> Option<Vec<f64>> {
        BallClip::new(row, radius).map(|clip| row.iter().map(|x| clip.apply(*x)).collect())
    }

    #[test]
    fn powers_of_two_saturate_and_logarithms_round_up() {
        assert_eq!([power_of_two(-1023), power_of_two(0), power_of_two(1024)], [0.0, 1.0, f64::INFINITY]);
        assert_eq!(power_of_two(-1022), f64::MIN_POSITIVE);
        assert_eq!([0.25, 0.26, 1.0, 3.0].map(ceil_log2), [-2, -1, 0, 2]);
    }

    #[test]
    fn long_rows_of_any_length_land_on_the_sphere_in_their_own_direction() {
        for length in [1.5, 3.0, 1e30, 1e200, 1e308] {
            let clipped = clip(&[0.6 * length, -0.8 * length], 1.25).unwrap();
            assert!((clipped[0] - 0.75).hypot(clipped[1] + 1.0) <= 1.25 * clip_margin(2), "{length}");
        }
        let longest = clip(&[f64::MAX; 8], 1.0).unwrap();
        let norm = longest.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((norm - 1.0).abs() <= clip_margin(8));
    }

    #[test]
    fn short_rows_stay_and_rows_that_are_not_finite_are_none_and_become_zero() {
        assert_eq!(clip(&[0.3, -0.4], 0.5).unwrap(), [0.3, -0.4]);
        assert_eq!(clip(&[5e-324, 0.0], 0.5).unwrap(), [5e-324, 0.0]);
        assert!(clip(&[f64::NAN, 0.1], 0.5).is_none() && clip(&[1e300, f64::NEG_INFINITY], 0.5).is_none());
        let lattice = lattice(ReplaceRow, 2, 1.0);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(lattice.encode(&[0.5, bad]).unwrap(), [0, 0]);
        }
    }

    #[test]
    fn rows_of_another_length_are_refused_and_rows_of_none_have_a_lattice() {
        let lattice = lattice(ReplaceRow, 2, 1.0);
        for row in [&[0.5][..], &[0.5, 0.5, 0.5], &[f64::NAN; 3]] {
            let error = Error::Dimension { expected: 2, found: row.len() };
            assert_eq!(lattice.encode(row), Err(error));
        }
        let empty = RowLattice::fitting(ReplaceRow, RowBall::new(0, 1.0).unwrap(), (20, 48));
        assert!(empty.lattice().is_ok() && empty.encode(&[]).unwrap().is_empty());
    }

    #[test]
    fn small_displacements_cost_little_more_than_real_ones_and_whole_rows_the_diameter() {
        for radius in [0.3, 0.01, 1e-4] {
            let lattice = lattice(PerturbRow::new(radius).unwrap(), 4, 1.0);
            // rounding is 2⁻²⁰ of the displacement
            let ratio = lattice.displacement() / radius;
            assert!(ratio > 1.0 && ratio < 1.0 + 3e-6, "{radius}: {ratio}");
            let l1 = lattice.l1_sensitivity().unwrap().get() as f64 * lattice.step();
            assert!((l1 / (2.0 * radius) - 1.0).abs() < 3e-6);
        }
        let whole = lattice(ReplaceRow, 4, 1.0);
        assert_eq!(whole.squared_displacement, 4 * whole.squared_norm);
    }

    #[test]
    fn an_l1_sensitivity_beyond_64_bits_is_an_error() {
        let lattice = |dim| RowLattice::finest(ReplaceRow, RowBall::new(dim, 1.0).unwrap(), 52);
        // 2·2⁵²·√d is 2⁶⁴ at d = 2²²
        let below = lattice(1 << 20).l1_sensitivity().unwrap().get();
        assert!((below as f64 / 2_f64.powi(63) - 1.0).abs() < 1e-6);
        for dim in [1 << 22, 1 << 23] {
            let error = lattice(dim).l1_sensitivity();
            assert!(matches!(error, Err(Error::SensitivityOverflow { .. })), "{dim}");
        }
    }

    #[test]
    fn radii_at_both_ends_of_the_range_have_a_lattice_and_others_none() {
        for radius in [1e-150, 1e-20, 1e100, 1e150] {
            for close in [1e-300, 1e-3 * radius, 1e300] {
                let close = PerturbRow::new(close).unwrap();
                let lattice = lattice(close, 4, radius);
                assert!(lattice.lattice().is_ok() && lattice.l2_sensitivity().is_ok());
                assert!(lattice.l1_sensitivity().is_ok());
                let long = lattice.encode(&[1e300, 0.0, 0.0, 0.0]).unwrap();
                assert!(long[0].unsigned_abs() <= lattice.largest() && long[0] > 1 << 18, "{radius} {close}");
            }
        }
        for radius in [0.0, -1.0, 1e-151, 1e151, f64::NAN, f64::INFINITY] {
            assert!(RowBall::new(4, radius).is_err());
        }
    }
}
