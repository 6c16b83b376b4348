//! What is guaranteed: one representation, with the usual notions as views of it.
//!
//! A guarantee is a curve `δ(ε)`, the *privacy profile* (Balle, Barthe, Gaboardi 2018): the mechanism is (ε, δ(ε))-DP for
//! every ε at once. All results here are upper bounds, computed in certified arithmetic and rounded toward more loss.

use crate::adjacency::Adjacency;
use crate::certified::{exp_bounds, ln_bounds};
use crate::gaussian;
use crate::params::{Delta, Epsilon, Mu, RenyiOrder, Rho};
use serde::{Deserialize, Serialize};

/// An upper bound on the privacy profile of a mechanism, for the adjacency `A`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Mu, PrivacyProfile};
///
/// let guarantee = PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow);
/// let delta = guarantee.delta(1.0);
/// assert!(delta > 2.92e-6 && delta < 2.93e-6);
/// let epsilon = guarantee.epsilon(Delta::new(1e-6)?);
/// assert!(epsilon > 1.060 && epsilon < 1.061);
/// assert_eq!(guarantee.zero_concentrated().unwrap().get(), 0.25 * 0.25 / 2.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency")]
#[must_use]
pub struct PrivacyProfile<A> {
    curve: Curve,
    adjacency: A,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Curve {
    Pure { epsilon: Epsilon },
    Approximate { epsilon: Epsilon, delta: Delta },
    ZeroConcentrated { rho: Rho },
    Gaussian { mu: Mu },
}

impl<A: Adjacency> PrivacyProfile<A> {
    /// ε-differential privacy.
    pub const fn pure(epsilon: Epsilon, adjacency: A) -> Self {
        Self { curve: Curve::Pure { epsilon }, adjacency }
    }

    /// (ε, δ)-differential privacy at one point.
    pub const fn approximate(epsilon: Epsilon, delta: Delta, adjacency: A) -> Self {
        Self { curve: Curve::Approximate { epsilon, delta }, adjacency }
    }

    /// ρ-zero-concentrated differential privacy (Bun, Steinke 2016).
    pub const fn zero_concentrated_from(rho: Rho, adjacency: A) -> Self {
        Self { curve: Curve::ZeroConcentrated { rho }, adjacency }
    }

    /// μ-Gaussian differential privacy (Dong, Roth, Su 2019): no more distinguishable than `N(0, 1)` from `N(μ, 1)`.
    pub const fn gaussian(mu: Mu, adjacency: A) -> Self {
        Self { curve: Curve::Gaussian { mu }, adjacency }
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Upper bound on δ at this ε ≥ 0; 1 for NaN and negative ε.
    ///
    /// Gaussian: Balle and Wang 2018, Theorem 8. Pure: `(1 − e^(ε − ε₀))/(1 + e^−ε₀)`, attained by randomised response
    /// (Kairouz, Oh, Viswanath 2015). Zero-concentrated: Canonne, Kamath, Steinke 2020, Proposition 12.
    #[must_use]
    pub fn delta(&self, epsilon: f64) -> f64 {
        if epsilon.is_nan() || epsilon < 0.0 {
            return 1.0;
        }
        match self.curve {
            Curve::Pure { epsilon: claimed } => pure_delta(claimed.get(), epsilon),
            Curve::Approximate { epsilon: claimed, delta } => {
                approximate_delta(pure_delta(claimed.get(), epsilon), delta.get())
            }
            Curve::ZeroConcentrated { rho } => zero_concentrated_delta(rho.get(), epsilon),
            Curve::Gaussian { mu } => gaussian::delta_bounds(epsilon, mu.get()).1,
        }
    }

    /// Upper bound on ε at this δ; infinite if no finite ε is known to suffice.
    #[must_use]
    pub fn epsilon(&self, delta: Delta) -> f64 {
        match self.curve {
            Curve::Pure { epsilon } => smallest(epsilon.get(), |e| self.delta(e) <= delta.get()),
            Curve::Approximate { delta: claimed, .. } if claimed.get() > delta.get() => f64::INFINITY,
            Curve::Approximate { epsilon, .. } => smallest(epsilon.get(), |e| self.delta(e) <= delta.get()),
            Curve::ZeroConcentrated { rho } => {
                // ε = ρ + 2√(ρ ln 1/δ) always suffices (Bun, Steinke 2016, Proposition 1.3)
                let start = 2.0 * (rho.get() + 2.0 * (rho.get() * -ln_bounds(delta.get()).0).sqrt());
                smallest(start, |e| self.delta(e) <= delta.get())
            }
            Curve::Gaussian { mu } => gaussian::epsilon_upper(delta, mu),
        }
    }

    /// The zero-concentrated view: `μ²/2` (Bun, Steinke 2016, Proposition 1.6) or `ε²/2` (ibid., Proposition 1.4).
    #[must_use]
    pub fn zero_concentrated(&self) -> Option<Rho> {
        let half_square = |x: f64| {
            let half = up_unless_exact(x * x, x, x) / 2.0;
            // halving is exact but for subnormal results
            Rho::new(if half < f64::MIN_POSITIVE { half.next_up() } else { half }).ok()
        };
        match self.curve {
            Curve::Pure { epsilon } => half_square(epsilon.get()),
            Curve::Approximate { .. } => None,
            Curve::ZeroConcentrated { rho } => Some(rho),
            Curve::Gaussian { mu } => half_square(mu.get()),
        }
    }

    /// The Rényi view: upper bound on the divergence of this order, `ρ·α` (and at most ε for a pure guarantee).
    #[must_use]
    pub fn renyi(&self, order: RenyiOrder) -> Option<f64> {
        let linear = (self.zero_concentrated()?.get() * order.get()).next_up();
        match self.curve {
            Curve::Pure { epsilon } => Some(linear.min(epsilon.get())),
            _ => Some(linear),
        }
    }

    /// The Gaussian view, if there is one.
    #[must_use]
    pub const fn mu(&self) -> Option<Mu> {
        match self.curve {
            Curve::Gaussian { mu } => Some(mu),
            _ => None,
        }
    }
}

/// `product`, or the next float if rounding may have lowered it.
fn up_unless_exact(product: f64, left: f64, right: f64) -> f64 {
    let (mantissa_bits, other_bits) = (significant_bits(left), significant_bits(right));
    let exact = mantissa_bits + other_bits <= 53 && product >= f64::MIN_POSITIVE;
    if exact { product } else { product.next_up() }
}

fn significant_bits(x: f64) -> u32 {
    53 - (x.to_bits() | 1 << 52).trailing_zeros().min(52)
}

/// `(1 − e^(ε − ε₀))/(1 + e^−ε₀)`, rounded up.
fn pure_delta(claimed: f64, epsilon: f64) -> f64 {
    if epsilon >= claimed {
        return 0.0;
    }
    let kept = exp_bounds((epsilon - claimed).next_down()).0;
    let other = exp_bounds(-claimed).0;
    ((1.0 - kept).next_up() / (1.0 + other).next_down()).next_up().min(1.0)
}

/// `inside + (1 − inside)·δ`, rounded up; exact where the pure part vanishes.
fn approximate_delta(inside: f64, delta: f64) -> f64 {
    if inside == 0.0 {
        return delta;
    }
    (inside + (delta * (1.0 - inside).next_up()).next_up()).next_up().min(1.0)
}

/// `min over α of e^((α−1)(αρ−ε)) (1 − 1/α)^α/(α−1)`, rounded up. Every α gives a valid bound; the best is searched.
fn zero_concentrated_delta(rho: f64, epsilon: f64) -> f64 {
    if epsilon == 0.0 {
        // δ(0) is the total variation distance, at most √(KL/2) ≤ √(ρ/2) (Pinsker)
        return (rho / 2.0).sqrt().next_up().min(1.0);
    }
    let exponent = |order_less_one: f64| {
        let order = 1.0 + order_less_one;
        order_less_one * (order * rho - epsilon) + order * (order_less_one / order).ln() - order_less_one.ln()
    };
    let (mut low, mut high) = (-60.0_f64, 60.0_f64); // log of α − 1; the exponent is unimodal in it
    for _ in 0..120 {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if exponent(left.exp()) < exponent(right.exp()) { high = right } else { low = left }
    }
    zero_concentrated_delta_at(rho, epsilon, f64::midpoint(low, high).exp()).min(1.0)
}

/// The bound at one order, every step rounded toward a larger result.
fn zero_concentrated_delta_at(rho: f64, epsilon: f64, order_less_one: f64) -> f64 {
    let order = (1.0 + order_less_one).next_up(); // the bound needs α − 1 and α to belong together: take α from the sum
    let order_less_one = order - 1.0; // exact for 1 ≤ α ≤ 2⁵³ (Sterbenz below 2, integral spacing above)
    if order_less_one <= 0.0 {
        return 1.0;
    }
    let gap = ((order * rho).next_up() - epsilon).next_up();
    let first = (order_less_one * gap).next_up();
    let shrink = ln_bounds((order_less_one / order).next_up()).1;
    let second = (order * shrink).next_up();
    let third = -ln_bounds(order_less_one).0;
    exp_bounds(((first + second).next_up() + third).next_up()).1
}

/// The smallest ε that bisection between 0 and a sufficient start finds to be enough; infinite if the start is not.
fn smallest(start: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if enough(0.0) {
        return 0.0;
    }
    if !enough(start) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, start);
    while f64::midpoint(low, high) > low && f64::midpoint(low, high) < high && high - low > 1e-14 * high {
        let middle = f64::midpoint(low, high);
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{AddRemoveRow, ReplaceRow};

    fn rho(value: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::zero_concentrated_from(Rho::new(value).unwrap(), AddRemoveRow)
    }

    #[test]
    fn a_gaussian_guarantee_is_never_worse_than_its_zero_concentrated_view() {
        for mu in [0.01, 0.3, 1.0, 5.0] {
            let gaussian = PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow);
            let view = rho(gaussian.zero_concentrated().unwrap().get());
            for epsilon in [0.0, 0.01, 0.5, 2.0, 20.0] {
                assert!(gaussian.delta(epsilon) <= view.delta(epsilon), "μ = {mu}, ε = {epsilon}");
            }
        }
    }

    #[test]
    fn the_zero_concentrated_bound_beats_the_classical_one_and_not_by_magic() {
        let delta = Delta::new(1e-6).unwrap();
        let classical = 0.05 + 2.0 * (0.05 * 1e6_f64.ln()).sqrt();
        let epsilon = rho(0.05).epsilon(delta);
        let gaussian =
            PrivacyProfile::gaussian(Mu::new(0.1_f64.sqrt()).unwrap(), AddRemoveRow).epsilon(delta);
        assert!(gaussian < epsilon && epsilon < classical, "{gaussian} {epsilon} {classical}");
    }

    #[test]
    fn epsilon_inverts_delta_from_the_safe_side() {
        let delta = Delta::new(1e-5).unwrap();
        let guarantees = [
            rho(0.1),
            PrivacyProfile::gaussian(Mu::new(0.7).unwrap(), AddRemoveRow),
            PrivacyProfile::pure(Epsilon::new(2.0).unwrap(), AddRemoveRow),
            PrivacyProfile::approximate(Epsilon::new(2.0).unwrap(), Delta::new(1e-6).unwrap(), AddRemoveRow),
        ];
        for guarantee in guarantees {
            let epsilon = guarantee.epsilon(delta);
            assert!(guarantee.delta(epsilon) <= delta.get(), "{guarantee:?}");
            assert!(guarantee.delta(epsilon * (1.0 - 1e-9)) > delta.get(), "{guarantee:?}");
        }
    }

    #[test]
    fn a_single_point_says_nothing_about_smaller_deltas() {
        let guarantee =
            PrivacyProfile::approximate(Epsilon::new(1.0).unwrap(), Delta::new(1e-3).unwrap(), ReplaceRow);
        assert_eq!(guarantee.epsilon(Delta::new(1e-4).unwrap()), f64::INFINITY);
        assert_eq!(guarantee.delta(100.0), 1e-3);
        assert!(guarantee.zero_concentrated().is_none());
    }

    #[test]
    fn a_saved_guarantee_loads_only_under_its_own_adjacency() {
        let text = serde_json::to_string(&rho(0.5)).unwrap();
        assert_eq!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&text).unwrap(), rho(0.5));
        assert!(serde_json::from_str::<PrivacyProfile<ReplaceRow>>(&text).is_err());
        assert!(serde_json::from_str::<PrivacyProfile<AddRemoveRow>>(&text.replace("0.5", "-0.5")).is_err());
    }
}
