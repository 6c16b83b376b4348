//! What is claimed, as a finite list of (ε, δ).

use crate::error::Error;
use dp_mechanisms::{Adjacency, Delta, PrivacyProfile};
use serde::{Deserialize, Serialize};

/// One point of a guarantee: (ε, δ)-differential privacy with `0 ≤ ε < ∞`, `0 ≤ δ ≤ 1`.
///
/// # Example
///
/// ```
/// let point = dp_audit::PrivacyPoint::new(1.0, 0.0)?;
/// assert_eq!((point.epsilon(), point.delta()), (1.0, 0.0));
/// assert!(dp_audit::PrivacyPoint::new(-1.0, 0.0).is_err());
/// # Ok::<(), dp_audit::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct PrivacyPoint {
    epsilon: f64,
    delta: f64,
}

impl PrivacyPoint {
    /// (ε, δ).
    ///
    /// # Errors
    ///
    /// [`Error::PrivacyPoint`] outside the ranges above, and for NaN.
    pub fn new(epsilon: f64, delta: f64) -> Result<Self, Error> {
        let inside = epsilon >= 0.0 && epsilon.is_finite() && (0.0..=1.0).contains(&delta);
        if inside { Ok(Self { epsilon, delta }) } else { Err(Error::PrivacyPoint { epsilon, delta }) }
    }

    /// ε.
    #[must_use]
    pub const fn epsilon(self) -> f64 {
        self.epsilon
    }

    /// δ.
    #[must_use]
    pub const fn delta(self) -> f64 {
        self.delta
    }
}

impl TryFrom<(f64, f64)> for PrivacyPoint {
    type Error = Error;

    fn try_from((epsilon, delta): (f64, f64)) -> Result<Self, Error> {
        Self::new(epsilon, delta)
    }
}

impl From<PrivacyPoint> for (f64, f64) {
    fn from(point: PrivacyPoint) -> Self {
        (point.epsilon, point.delta)
    }
}

/// A guarantee to be attacked, as a list of points that it implies, for the adjacency `A`.
///
/// Whoever refutes one point refutes the guarantee. A [`PrivacyProfile`] implies a point at every ε; the list takes
/// those at which an audit can hope to see something: up to the ε at which δ falls to `1e-9`. Making it costs some
/// milliseconds, so it is a value of its own that many audits share.
///
/// # Example
///
/// ```
/// use dp_audit::Claimed;
/// use dp_mechanisms::{AddRemoveRow, Mu, PrivacyProfile};
///
/// let claimed = Claimed::from(&PrivacyProfile::gaussian(Mu::new(1.0)?, AddRemoveRow));
/// assert!(claimed.points().len() > 20);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed<A> {
    points: Vec<PrivacyPoint>,
    adjacency: A,
}

impl<A: Adjacency> Claimed<A> {
    /// (ε, δ) and nothing else.
    ///
    /// # Errors
    ///
    /// As [`PrivacyPoint::new`].
    pub fn point(epsilon: f64, delta: f64, adjacency: A) -> Result<Self, Error> {
        Ok(Self { points: vec![PrivacyPoint::new(epsilon, delta)?], adjacency })
    }

    /// What the guarantee implies; at least one point.
    #[must_use]
    pub fn points(&self) -> &[PrivacyPoint] {
        &self.points
    }

    /// For which neighbours.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }
}

/// Values of δ whose ε ends up in the list.
const DELTAS: [f64; 8] = [0.3, 0.1, 0.03, 0.01, 1e-3, 1e-5, 1e-7, 1e-9];
/// Points that divide the range of ε evenly.
const EVEN_POINTS: u32 = 24;

impl<A: Adjacency> From<&PrivacyProfile<A>> for Claimed<A> {
    fn from(profile: &PrivacyProfile<A>) -> Self {
        // δ(ε) of an (ε, δ) guarantee does not fall below its δ; there the list ends
        let floor = profile.delta(FAR);
        let deltas = DELTAS.into_iter().filter(|delta| *delta > floor).chain([floor]);
        let solved = deltas.filter_map(|delta| Delta::new(delta).ok()).map(|delta| profile.epsilon(delta));
        let mut epsilons: Vec<f64> = solved.filter(|epsilon| epsilon.is_finite()).collect();
        let largest = epsilons.iter().copied().fold(0.0, f64::max);
        epsilons.extend((0..EVEN_POINTS).map(|i| largest * f64::from(i) / f64::from(EVEN_POINTS)));
        epsilons.sort_by(f64::total_cmp);
        epsilons.dedup();
        let points =
            epsilons.into_iter().map(|epsilon| PrivacyPoint { epsilon, delta: profile.delta(epsilon) });
        Self { points: points.collect(), adjacency: profile.adjacency() }
    }
}

/// An ε that no audit can see beyond.
const FAR: f64 = 1e4;

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::{AddRemoveRow, Epsilon, Mu, ReplaceRow, Rho};

    fn epsilon(value: f64) -> Epsilon {
        Epsilon::new(value).unwrap()
    }

    #[test]
    fn every_point_is_implied_by_the_profile() {
        let delta = Delta::new(1e-2).unwrap();
        for profile in [
            PrivacyProfile::pure(epsilon(1.0), AddRemoveRow),
            PrivacyProfile::approximate(epsilon(2.0), delta, AddRemoveRow),
            PrivacyProfile::gaussian(Mu::new(0.7).unwrap(), AddRemoveRow),
            PrivacyProfile::zero_concentrated_from(Rho::new(0.1).unwrap(), AddRemoveRow),
        ] {
            let claimed = Claimed::from(&profile);
            assert!(claimed.points().len() >= EVEN_POINTS as usize, "{profile:?}");
            for point in claimed.points() {
                assert!(point.delta() >= profile.delta(point.epsilon()), "{profile:?} {point:?}");
            }
        }
    }

    #[test]
    fn the_corner_of_a_pure_and_of_an_approximate_guarantee_is_a_point() {
        let corner = |profile: &PrivacyProfile<ReplaceRow>| *Claimed::from(profile).points().last().unwrap();
        let pure = corner(&PrivacyProfile::pure(epsilon(1.5), ReplaceRow));
        // δ falls to 1e-9 within 1e-9 of ε
        assert!((pure.epsilon() - 1.5).abs() < 1e-8 && pure.delta() <= 1e-9);
        let delta = Delta::new(1e-2).unwrap();
        let approximate = corner(&PrivacyProfile::approximate(epsilon(1.5), delta, ReplaceRow));
        assert!((approximate.epsilon() - 1.5).abs() < 1e-13 && approximate.delta() == 1e-2);
    }

    #[test]
    fn points_outside_the_range_are_refused() {
        for (epsilon, delta) in
            [(-0.1, 0.0), (f64::NAN, 0.0), (f64::INFINITY, 0.0), (1.0, -0.1), (1.0, 1.1), (1.0, f64::NAN)]
        {
            assert!(PrivacyPoint::new(epsilon, delta).is_err());
            assert!(Claimed::point(epsilon, delta, AddRemoveRow).is_err());
        }
        assert!(serde_json::from_str::<PrivacyPoint>("[-1.0, 0.5]").is_err());
    }
}
