//! Public parameters.

use crate::Error;
use core::fmt;
use dp_mechanisms::{Delta, Epsilon};

/// What becomes of the floor θ after a round, from released numbers `yᵢ ≈ ln(tᵢ + θ)` with noise of standard deviation σ.
///
/// ```
/// use john_ellipsoid_dp::private::Floor;
///
/// assert_ne!(Floor::Kept, Floor::Removed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// `wᵢ ∝ exp(yᵢ)`: no weight is ever zero, and the average of rounds has a [proven gap](super::NoisyWeights::gap_bound).
    Kept,
    /// `wᵢ ∝ max(0, exp(yᵢ) − θe^{2σ})`: rows that cannot be told from nothing lose their weight. Much the better weights in
    /// measurements; without a proof of how good.
    Removed,
}

/// Public parameters of [`noisy_weights`](super::noisy_weights).
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon};
/// use john_ellipsoid_dp::private::{Floor, WeightOptions};
///
/// let options = WeightOptions::new(Epsilon::new(1.0)?, Delta::new(1e-6)?, 4.0)?;
/// assert_eq!((options.radius(), options.ridge(), options.rounds()), (4.0, 0.5, 20));
/// let proven = options.with_floor(Floor::Kept).with_rounds(40)?;
/// assert_eq!(proven.floor(), Floor::Kept);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightOptions {
    epsilon: Epsilon,
    delta: Delta,
    radius: f64,
    ridge: f64,
    rounds: u32,
    floor: Floor,
    floor_level: f64,
}

/// A public parameter, by name.
///
/// ```
/// assert_eq!(john_ellipsoid_dp::private::WeightParameter::Ridge.to_string(), "ridge");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightParameter {
    /// Largest norm of a row.
    Radius,
    /// λ, in units of squared rows.
    Ridge,
    /// Rounds.
    Rounds,
    /// θ, in units of `d/n`.
    FloorLevel,
    /// Rows that move: largest distance.
    Displacement,
}

impl fmt::Display for WeightParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Radius => "radius",
            Self::Ridge => "ridge",
            Self::Rounds => "rounds",
            Self::FloorLevel => "floor_level",
            Self::Displacement => "displacement",
        })
    }
}

impl WeightParameter {
    pub(super) fn check(self, value: f64, low: f64, high: f64) -> Result<f64, Error> {
        if (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(Error::Weights { parameter: self, value, low, high })
        }
    }
}

impl WeightOptions {
    /// `radius`: longer rows are scaled back to it. Ridge `radius²/32`, 20 rounds, floor removed at level 10.
    ///
    /// # Errors
    /// [`Error::Weights`] unless `1e-100 ≤ radius ≤ 1e100`.
    pub fn new(epsilon: Epsilon, delta: Delta, radius: f64) -> Result<Self, Error> {
        let radius = WeightParameter::Radius.check(radius, 1e-100, 1e100)?;
        let ridge = radius * radius / 32.0;
        Ok(Self { epsilon, delta, radius, ridge, rounds: 20, floor: Floor::Removed, floor_level: 10.0 })
    }

    /// λ, in units of squared rows: less noise, and weights of a rounder ellipsoid. It acts as d public rows `√λ·eₖ` of weight one.
    ///
    /// # Errors
    /// [`Error::Weights`] unless it is between `1e-12` and `1e12` squared radii.
    pub fn with_ridge(self, ridge: f64) -> Result<Self, Error> {
        let square = self.radius * self.radius;
        let ridge = WeightParameter::Ridge.check(ridge, 1e-12 * square, 1e12 * square)?;
        Ok(Self { ridge, ..self })
    }

    /// T: noise grows like `√T`; without noise the gap falls like `ln(n/d)/T`.
    ///
    /// # Errors
    /// [`Error::Weights`] unless it is from 1 to 10 000.
    pub fn with_rounds(self, rounds: u32) -> Result<Self, Error> {
        WeightParameter::Rounds.check(f64::from(rounds), 1.0, 1e4)?;
        Ok(Self { rounds, ..self })
    }

    /// What becomes of the floor, at its usual level: 0.25 if kept, 10 if removed.
    #[must_use]
    pub const fn with_floor(self, floor: Floor) -> Self {
        let floor_level = match floor {
            Floor::Kept => 0.25,
            Floor::Removed => 10.0,
        };
        Self { floor, floor_level, ..self }
    }

    /// θ in units of `d/n`, the weight of a row when all are equal: noise falls like `1/√θ`, and a floor that is kept costs a gap
    /// of up to this level.
    ///
    /// # Errors
    /// [`Error::Weights`] unless it is between 1e-6 and 1e6.
    pub fn with_floor_level(self, floor_level: f64) -> Result<Self, Error> {
        let floor_level = WeightParameter::FloorLevel.check(floor_level, 1e-6, 1e6)?;
        Ok(Self { floor_level, ..self })
    }

    /// ε of the whole release.
    #[must_use]
    pub const fn epsilon(&self) -> Epsilon {
        self.epsilon
    }

    /// δ of the whole release.
    #[must_use]
    pub const fn delta(&self) -> Delta {
        self.delta
    }

    /// Largest norm of a row.
    #[must_use]
    pub const fn radius(&self) -> f64 {
        self.radius
    }

    /// λ.
    #[must_use]
    pub const fn ridge(&self) -> f64 {
        self.ridge
    }

    /// T.
    #[must_use]
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// What becomes of the floor.
    #[must_use]
    pub const fn floor(&self) -> Floor {
        self.floor
    }

    /// θ for `n` rows in `d` dimensions.
    #[must_use]
    pub fn theta(&self, rows: usize, dim: usize) -> f64 {
        self.floor_level * dim as f64 / rows as f64
    }
}
