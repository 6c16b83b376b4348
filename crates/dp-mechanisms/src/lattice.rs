//! The integer lattice on which statistics are exact: step, statistics that are still private, vectors that are released.
//!
//! # Overflow
//!
//! All sums are taken modulo 2⁶⁴ (wrapping). Reduction modulo 2⁶⁴ commutes with addition, so `(s + z) mod 2⁶⁴` is a
//! function of `s + z` over ℤ: the *guarantee* never depends on whether anything wraps. Whether the released integer
//! *equals* `s + z` is a matter of accuracy, and that is what the public bound `max_abs` of a statistic is for: noise
//! is only ever added where `max_abs` and a bound on the noise fit together: 40 standard deviations of Gaussian noise, 64
//! scales of Laplace noise, or the bound itself of truncated noise.

use crate::error::{Error, Parameter};
use core::fmt;
use serde::{Deserialize, Serialize};

/// The lattice `2ᵉ·ℤ`. A power of two, so that scaling to and from it is exact.
///
/// # Example
///
/// ```
/// use dp_mechanisms::Lattice;
///
/// let lattice = Lattice::new(-10)?;
/// assert_eq!(lattice.step(), 1.0 / 1024.0);
/// assert_eq!(lattice.value(512), 0.5);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Lattice {
    exponent: i32,
}

impl Lattice {
    /// The lattice of step `2^exponent`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `-1000 ≤ exponent ≤ 900`, where every lattice value is a normal `f64`.
    pub fn new(exponent: i32) -> Result<Self, Error> {
        Parameter::LatticeExponent
            .check(f64::from(exponent), (-1000..=900).contains(&exponent))
            .map(|_| Self { exponent })
    }

    /// The exponent of the step.
    #[must_use]
    pub const fn exponent(self) -> i32 {
        self.exponent
    }

    /// The step `2^exponent`.
    #[must_use]
    pub fn step(self) -> f64 {
        f64::from_bits(((self.exponent + 1023) as u64) << 52)
    }

    /// The real number that an integer stands for; exact below 2⁵³ steps, else correctly rounded.
    #[must_use]
    pub fn value(self, steps: i64) -> f64 {
        steps as f64 * self.step()
    }
}

impl TryFrom<i32> for Lattice {
    type Error = Error;

    fn try_from(exponent: i32) -> Result<Self, Error> {
        Self::new(exponent)
    }
}

impl From<Lattice> for i32 {
    fn from(lattice: Lattice) -> Self {
        lattice.exponent
    }
}

/// A statistic of private data, computed exactly in integers, that has *not* been released.
///
/// Carries what a mechanism needs: the lattice, the integer sensitivity `S` ([`LatticeL1Sensitivity`] or
/// [`LatticeL2Sensitivity`]) with its adjacency, and a public bound on the entries. It is not `Serialize`, not `Clone`, and
/// its `Debug` shows no entry.
///
/// [`LatticeL1Sensitivity`]: crate::LatticeL1Sensitivity
/// [`LatticeL2Sensitivity`]: crate::LatticeL2Sensitivity
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Lattice, LatticeL2Sensitivity, LatticeStatistic};
///
/// let ages = [31_i64, 44, 27]; // each at most 120, in whole years
/// let total = LatticeStatistic::new(
///     vec![ages.iter().sum()],
///     Lattice::new(0)?,
///     LatticeL2Sensitivity::from_square(120 * 120, AddRemoveRow)?,
///     1 << 40, // public: no more than 2⁴⁰ years in all
/// );
/// assert_eq!(format!("{total:?}"), "LatticeStatistic { entries: 1, .. }");
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub struct LatticeStatistic<S> {
    pub(crate) steps: Vec<i64>,
    pub(crate) lattice: Lattice,
    pub(crate) sensitivity: S,
    pub(crate) max_abs: u64,
}

impl<S> LatticeStatistic<S> {
    /// States that `steps` moves by at most `sensitivity` between neighbours (as integers, or modulo 2⁶⁴).
    ///
    /// `max_abs` is a *public* bound on the entries; if it is wrong, released values may wrap, but the guarantee stands.
    #[must_use]
    pub const fn new(steps: Vec<i64>, lattice: Lattice, sensitivity: S, max_abs: u64) -> Self {
        Self { steps, lattice, sensitivity, max_abs }
    }

    /// How far the statistic moves between neighbours.
    #[must_use]
    pub const fn sensitivity(&self) -> &S {
        &self.sensitivity
    }

    /// Number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The private entries themselves, for verification. Whatever is computed from them is *not* private.
    #[must_use]
    pub fn assume_public(self) -> Vec<i64> {
        self.steps
    }
}

impl<S> fmt::Debug for LatticeStatistic<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LatticeStatistic").field("entries", &self.steps.len()).finish_non_exhaustive()
    }
}

/// A released vector of lattice points.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Lattice, LatticeVector};
///
/// let vector = LatticeVector::new(vec![3, -1], Lattice::new(-1)?);
/// assert_eq!(vector.to_f64(), [1.5, -0.5]);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatticeVector {
    steps: Vec<i64>,
    lattice: Lattice,
}

impl LatticeVector {
    /// A vector of `steps` on `lattice`.
    #[must_use]
    pub const fn new(steps: Vec<i64>, lattice: Lattice) -> Self {
        Self { steps, lattice }
    }

    /// The integers.
    #[must_use]
    pub fn steps(&self) -> &[i64] {
        &self.steps
    }

    /// The integers, owned.
    #[must_use]
    pub fn into_steps(self) -> Vec<i64> {
        self.steps
    }

    /// The lattice they live on.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// The real numbers they stand for.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        self.steps.iter().map(|&steps| self.lattice.value(steps)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_exact_powers_of_two_over_the_whole_range() {
        // `powi` promises no precision
        let power = |k: i64| f64::from_bits(((1023 + k) as u64) << 52);
        for exponent in [-1000, -52, 0, 17, 900] {
            assert_eq!(Lattice::new(exponent).unwrap().step(), power(exponent.into()));
        }
        assert!(Lattice::new(-1001).is_err() && Lattice::new(901).is_err());
    }

    #[test]
    fn a_lattice_loads_only_with_an_exponent_in_range() {
        assert_eq!(serde_json::from_str::<Lattice>("-20").unwrap().exponent(), -20);
        assert!(serde_json::from_str::<Lattice>("2000").is_err());
    }
}
