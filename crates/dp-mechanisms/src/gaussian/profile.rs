//! Enclosures of `δ(ε)` at a given precision, and exact comparisons of `δ(ε)` with a number.

use crate::certified::{
    PRECISIONS,
    ball::{self, Ball},
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
    floats: [f64; 3],
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

/// What one evaluation by balls yields: as [`Answer`].
#[derive(Clone, Copy, Debug)]
pub(super) struct QuickAnswer {
    pub(super) delta: Ball,
    pub(super) density: Ball,
    pub(super) far_mills: Ball,
}

/// Balls take arguments of Φ below `2¹⁵`.
const QUICK_BITS: i64 = 15;

/// `|ε/μ − μ/2|` beyond this puts δ within `2^{−2³⁸}` of 0 or 1: the two tails there sum to less than `e^{−2³⁹}`.
const FAR_BITS: u64 = 20;

impl Question {
    /// `epsilon ≥ 0`, the others positive, all finite.
    pub(super) fn new(epsilon: f64, sensitivity: f64, noise_std: f64) -> Self {
        let floats = [epsilon, sensitivity, noise_std];
        let [epsilon, sensitivity, noise_std] = floats.map(Dyadic::from_f64);
        Self { floats, epsilon, sensitivity, noise_std }
    }

    /// The same by balls: `None` where `δ(ε)` is too near 0 or 1 for them.
    pub(super) fn quick(&self) -> Option<QuickAnswer> {
        let [epsilon, sensitivity, noise_std] = self.floats.map(Ball::from_f64);
        let (ratio, half_mu) = (epsilon * noise_std / sensitivity, (sensitivity / noise_std).doubled(-1));
        let (near, far) = (ratio - half_mu, ratio + half_mu);
        if near.magnitude().max(far.magnitude()) > QUICK_BITS {
            return None;
        }
        let (density, far_mills) = (ball::density(near), ball::mills(far));
        let delta = if near.is_negative() {
            Ball::integer(1) - density * (ball::mills(-near) + far_mills)
        } else {
            density * (ball::mills(near) - far_mills)
        };
        Some(QuickAnswer { delta, density, far_mills })
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
    pub(super) fn compare(&self, delta: f64) -> Option<Ordering> {
        let quick = self.quick().and_then(|answer| answer.delta.compare(Ball::from_f64(delta)));
        let delta = Dyadic::from_f64(delta);
        let long = || PRECISIONS.iter().find_map(|&precision| self.answer(precision).delta.compare(&delta));
        quick.or_else(long)
    }

    /// Whether `δ(ε) ≤ delta` is proven.
    pub(super) fn delta_is_at_most(&self, delta: f64) -> bool {
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
