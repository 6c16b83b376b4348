//! How far a statistic moves between neighbours: L1 and L2 are different types, and both carry the adjacency.

use crate::adjacency::Adjacency;
use crate::error::{Error, Parameter};

macro_rules! real_sensitivity {
    ($name:ident, $norm:literal) => {
        #[doc = concat!("Upper bound on the ", $norm, " distance of a real-valued statistic between neighbours.")]
        ///
        /// # Example
        ///
        /// ```
        #[doc = concat!("use dp_mechanisms::{AddRemoveRow, ", stringify!($name), "};")]
        ///
        #[doc = concat!("let sensitivity = ", stringify!($name), "::new(2.0, AddRemoveRow)?;")]
        /// assert_eq!(sensitivity.get(), 2.0);
        #[doc = concat!("assert!(", stringify!($name), "::new(-2.0, AddRemoveRow).is_err());")]
        /// # Ok::<(), dp_mechanisms::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name<A> {
            value: f64,
            adjacency: A,
        }

        impl<A: Adjacency> $name<A> {
            #[doc = concat!("States a ", $norm, " sensitivity, in the units of the statistic.")]
            ///
            /// # Errors
            ///
            /// [`Error::OutOfRange`] unless positive and finite.
            pub fn new(value: f64, adjacency: A) -> Result<Self, Error> {
                Parameter::$name
                    .check(value, value > 0.0 && value.is_finite())
                    .map(|value| Self { value, adjacency })
            }

            /// The bound.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.value
            }

            /// The neighbour relation that it holds for.
            #[must_use]
            pub const fn adjacency(self) -> A {
                self.adjacency
            }
        }
    };
}

real_sensitivity!(L1Sensitivity, "L1");
real_sensitivity!(L2Sensitivity, "L2");

/// Upper bound on the L2 distance of an *integer* statistic between neighbours, kept as its exact square.
///
/// Nothing is rounded until the noise is calibrated, and then upward.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{LatticeL2Sensitivity, ReplaceRow};
///
/// // two rows whose integer images are orthogonal and of squared norm 9 and 16
/// let sensitivity = LatticeL2Sensitivity::from_square(9 + 16, ReplaceRow)?;
/// assert!(sensitivity.l2() >= 5.0 && sensitivity.l2() < 5.0 + 1e-14);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatticeL2Sensitivity<A> {
    square: u128,
    adjacency: A,
}

impl<A: Adjacency> LatticeL2Sensitivity<A> {
    /// From the exact square of the L2 bound, in squared lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero: a statistic that never moves needs no mechanism.
    pub fn from_square(square: u128, adjacency: A) -> Result<Self, Error> {
        Parameter::L2Sensitivity.check(square as f64, square > 0).map(|_| Self { square, adjacency })
    }

    /// From two factors of the square, as for rank-one contributions `u vᵀ` with `‖u vᵀ‖² = ‖u‖²‖v‖²`.
    ///
    /// # Errors
    ///
    /// [`Error::SensitivityOverflow`] if the product does not fit 128 bits, [`Error::OutOfRange`] if it is zero.
    pub fn from_square_product(left: u128, right: u128, adjacency: A) -> Result<Self, Error> {
        let square = left.checked_mul(right).ok_or(Error::SensitivityOverflow { left, right })?;
        Self::from_square(square, adjacency)
    }

    /// The exact square.
    #[must_use]
    pub const fn square(self) -> u128 {
        self.square
    }

    /// The bound itself, rounded up, in lattice steps.
    #[must_use]
    pub fn l2(self) -> f64 {
        root_above(self.square)
    }

    /// The neighbour relation that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> A {
        self.adjacency
    }
}

/// Upper bound on the Frobenius distance of a *symmetric integer matrix* between neighbours, kept as its exact square
/// `Σ_i s_ii² + 2 Σ_{i<j} s_ij²`.
///
/// Not the L2 norm of the packed triangle, in which off-diagonal entries count once: that may be smaller by a factor of √2.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, LatticeFrobeniusSensitivity, symmetric};
///
/// // a row v contributes vvᵀ, with ‖vvᵀ‖ = ‖v‖²; here ‖v‖² ≤ 10
/// let sensitivity = LatticeFrobeniusSensitivity::from_square(10 * 10, AddRemoveRow)?;
/// assert!(sensitivity.frobenius() >= 10.0);
/// let v = [3_i64, 1];
/// let contribution = symmetric::pack(2, |i, j| v[i] * v[j]);
/// assert_eq!(symmetric::squared_frobenius_norm(&contribution)?, sensitivity.square());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatticeFrobeniusSensitivity<A> {
    square: u128,
    adjacency: A,
}

impl<A: Adjacency> LatticeFrobeniusSensitivity<A> {
    /// From the exact square of the Frobenius bound, in squared lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero: a statistic that never moves needs no mechanism.
    pub fn from_square(square: u128, adjacency: A) -> Result<Self, Error> {
        Parameter::FrobeniusSensitivity.check(square as f64, square > 0).map(|_| Self { square, adjacency })
    }

    /// The exact square.
    #[must_use]
    pub const fn square(self) -> u128 {
        self.square
    }

    /// The bound itself, rounded up, in lattice steps.
    #[must_use]
    pub fn frobenius(self) -> f64 {
        root_above(self.square)
    }

    /// The neighbour relation that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> A {
        self.adjacency
    }
}

/// A float that is at least the square root.
fn root_above(square: u128) -> f64 {
    // u128 → f64 and sqrt are correctly rounded: one step up after each is at least the true value
    (square as f64).next_up().sqrt().next_up()
}

/// Upper bound on the L1 distance of an *integer* statistic between neighbours, in lattice steps.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, LatticeL1Sensitivity};
///
/// // one person is in at most three of the counted groups
/// let sensitivity = LatticeL1Sensitivity::new(3, AddRemoveRow)?;
/// assert_eq!(sensitivity.get(), 3);
/// assert!(LatticeL1Sensitivity::new(0, AddRemoveRow).is_err());
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatticeL1Sensitivity<A> {
    steps: u64,
    adjacency: A,
}

impl<A: Adjacency> LatticeL1Sensitivity<A> {
    /// States an L1 sensitivity in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for zero: a statistic that never moves needs no mechanism.
    pub fn new(steps: u64, adjacency: A) -> Result<Self, Error> {
        Parameter::L1Sensitivity.check(steps as f64, steps > 0).map(|_| Self { steps, adjacency })
    }

    /// The bound, in lattice steps.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.steps
    }

    /// The neighbour relation that it holds for.
    #[must_use]
    pub const fn adjacency(self) -> A {
        self.adjacency
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use num_bigint::BigUint;

    #[test]
    fn the_l2_bound_of_a_lattice_sensitivity_is_never_below_the_root_of_the_square() {
        for square in [1_u128, 2, 3, (1 << 53) + 1, (1 << 106) - 1, u128::MAX] {
            let l2 = LatticeL2Sensitivity::from_square(square, AddRemoveRow).unwrap().l2();
            // l2 = m·2ᵉ exactly, with a 53-bit m; compare m²·2²ᵉ⁺¹²⁸ with square·2¹²⁸ in integers (here e ≥ −52)
            let (mantissa, exponent) =
                ((l2.to_bits() & ((1 << 52) - 1)) | (1 << 52), (l2.to_bits() >> 52) as i64 - 1075);
            let left = BigUint::from(mantissa).pow(2) << (2 * exponent + 128) as u64;
            assert!(left >= BigUint::from(square) << 128_u32, "{square}: {l2}");
        }
    }

    #[test]
    fn refuses_a_square_that_overflows_or_vanishes() {
        assert!(matches!(
            LatticeL2Sensitivity::from_square_product(u128::MAX, 2, AddRemoveRow),
            Err(Error::SensitivityOverflow { .. })
        ));
        assert!(LatticeL2Sensitivity::from_square(0, AddRemoveRow).is_err());
    }
}
