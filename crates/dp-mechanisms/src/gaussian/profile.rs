//! Enclosures of `δ(ε)` at a given precision, and exact comparisons of `δ(ε)` with a number.

use crate::certified::{
    PRECISIONS,
    dyadic::Dyadic,
    interval::Interval,
    mills::{density, mills},
    scaled::Scaled,
};
use core::cmp::Ordering;
use num_bigint::BigInt;

/// The Gaussian mechanism with noise `N(0, noise_std²)` on a statistic of L2 sensitivity `sensitivity`, asked at `epsilon ≥ 0`.
///
/// All three are taken as the exact rational values of the floats, so `μ = sensitivity/noise_std` is never rounded.
#[derive(Clone, Debug)]
pub(super) struct Question {
    epsilon: Dyadic,
    sensitivity: Dyadic,
    noise_std: Dyadic,
}

/// What one evaluation yields.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// `δ(ε)`.
    pub(super) delta: Scaled,
    /// `∂δ/∂μ = φ(ε/μ − μ/2)`, and `m(ε/μ + μ/2)`; absent where δ is within `2^{−2³⁸}` of 0 or 1.
    pub(super) slopes: Option<(Scaled, Interval)>,
}

/// `|ε/μ − μ/2|` beyond this puts δ within `2^{−2³⁸}` of 0 or 1: the two tails there sum to less than `e^{−2³⁹}`.
const FAR_BITS: u64 = 20;

impl Question {
    /// `epsilon ≥ 0`, the others positive, all finite.
    pub(super) fn new(epsilon: f64, sensitivity: f64, noise_std: f64) -> Self {
        let [epsilon, sensitivity, noise_std] = [epsilon, sensitivity, noise_std].map(Dyadic::from_f64);
        Self { epsilon, sensitivity, noise_std }
    }

    /// `ε/μ = ε σ/Δ` and `μ/2 = Δ/(2σ)`.
    fn arguments(&self, precision: u64) -> (Interval, Interval) {
        let ratio = self.epsilon.times(&self.noise_std).over(&self.sensitivity, precision);
        (ratio, self.sensitivity.doubled(-1).over(&self.noise_std, precision))
    }

    /// Encloses `δ(ε)` with about `precision` bits in the Mills ratios.
    pub(super) fn answer(&self, precision: u64) -> Answer {
        let (ratio, half_mu) = self.arguments(precision);
        let near = &ratio - &half_mu;
        if near.lo().bits().max(near.hi().bits()) > precision + FAR_BITS {
            return far_answer(near.is_positive(), precision);
        }
        let density = density(&near);
        let far_mills = mills(&(&ratio + &half_mu));
        let delta = if near.is_negative() {
            density.times(&(&mills(&-&near) + &far_mills)).complement()
        } else {
            density.times(&(&mills(&near) - &far_mills))
        };
        Answer { delta, slopes: Some((density, far_mills)) }
    }

    /// Order of `δ(ε)` against `delta`; `None` if the highest precision leaves it open.
    pub(super) fn compare(&self, delta: &Dyadic) -> Option<Ordering> {
        PRECISIONS.iter().find_map(|&precision| self.answer(precision).delta.compare(delta))
    }

    /// Whether `δ(ε) ≤ delta` is proven.
    pub(super) fn delta_is_at_most(&self, delta: &Dyadic) -> bool {
        self.compare(delta).is_some_and(Ordering::is_le)
    }
}

fn far_answer(vanishes: bool, precision: u64) -> Answer {
    let delta = if vanishes {
        Scaled::new(Interval::new(BigInt::ZERO, BigInt::from(1), 0), -(1 << 38))
    } else {
        let one = BigInt::from(1) << precision;
        Scaled::new(Interval::new(&one - 1, one, precision), 0)
    };
    Answer { delta, slopes: None }
}
