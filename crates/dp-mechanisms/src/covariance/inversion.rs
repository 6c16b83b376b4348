//! `δ(ε)` as an integral over a vertical line, and as a sum whose error is known.
//!
//! With the moments `M(s) = E e^{sL}` of the loss under the first law and any `c > 0` at which M is finite,
//!
//! ```text
//! δ(ε) = E (1 − e^{ε−L})₊ = (1/2πi) ∫_{c−i∞}^{c+i∞} M(s) e^{−sε}/(s(s + 1)) ds.
//! ```
//!
//! The sum over `s = c + inh` in place of the integral is, by Poisson's formula, `Σ_m e^{2πmc/h} δ(ε + 2πm/h)`: too
//! large, and by no more than two geometric series. The sum is cut where a power law bounds the rest.

use super::change::{Fraction, sum};
use super::complex::{Ball, inverse, inverse_root};
use super::renyi::{Moments, exp_of, one_less};
use super::spectrum::Law;
use super::steer::minimum;
use crate::certified::{dyadic::Dyadic, elementary::pi, interval::Interval, scaled::Scaled};
use core::f64::consts::TAU;
use num_bigint::{BigInt, Sign};

const PRECISION: u64 = 160;

/// Relative error that step and number of terms are chosen for.
const GOAL: f64 = 1e-10;

/// Terms at most; the rest is charged.
const TERMS: i64 = 1 << 14;

/// One line of integration with its step, chosen in floating point; what comes of it is proven for any choice.
pub(super) struct Inversion<'a> {
    law: &'a Law,
    epsilon: f64,
    /// The line is `c + it`.
    tilt: Dyadic,
    /// A second, larger tilt at which moments are finite: it bounds the images from larger ε.
    beyond: Dyadic,
    step: Dyadic,
}

impl<'a> Inversion<'a> {
    /// `None` where no sensible line is found.
    pub(super) fn new(law: &'a Law, epsilon: f64) -> Option<Self> {
        let largest = law.largest_tilt().min(1e12) * (1.0 - 1e-9);
        let exponent = |c: f64| law.rough_ln_moment(c) - c * epsilon;
        let clipped = |log: f64| log.exp().min(largest);
        let range = (-25.0, largest.ln());
        let c =
            clipped(minimum(range, |log| exponent(clipped(log)) - clipped(log).ln() - clipped(log).ln_1p()));
        // curvature of the logarithm of the integrand: δ is about its value at c over √(2π·curvature)
        let curvature = 1.0 / (c * c) + 1.0 / ((c + 1.0) * (c + 1.0)) + law.rough_curvature(c);
        let ln_delta = exponent(c) - c.ln() - c.ln_1p() - 0.5 * (TAU * curvature).ln();
        let ln_goal = (GOAL / 8.0).ln() + ln_delta;
        let room = |distance: f64| {
            let beyond = (c + distance * (largest - c)).min(c * 1e3);
            (beyond, TAU * (beyond - c) / (exponent(beyond) - ln_goal).max(1.0))
        };
        let distance = minimum((-12.0, 0.0), |log| -room(log.exp()).1).exp();
        let (beyond, second) = room(distance);
        let step = (TAU * c / (-ln_goal).max(1.0)).min(second) * (1.0 - 1e-9);
        // what is far from one would be lost in fixed point
        let sensible = beyond > c && [c, beyond - c, step].iter().all(|x| (1e-15..1e15).contains(x));
        let [tilt, beyond, step] =
            [c, beyond, step].map(|x| Dyadic::from_f64(if sensible { x } else { 1.0 }));
        sensible.then_some(Self { law, epsilon, tilt, beyond, step })
    }

    pub(super) fn delta_bounds(&self) -> (f64, f64) {
        let Some(enclosure) = self.enclose() else { return (0.0, 1.0) };
        let (lower, upper) = enclosure.to_bounds();
        (lower.max(0.0), upper.min(1.0))
    }

    /// `h e^{−cε}M(c)/(2πc(c + 1))·Σ`, less the images and give or take the rest.
    fn enclose(&self) -> Option<Scaled> {
        let (sum, rest) = self.sum()?;
        let sum = sum.widened(Dyadic::from_f64(rest).at(PRECISION).hi());
        let tilt = self.tilt.at(PRECISION);
        let product = &tilt * &(&tilt + &Interval::integer(1, PRECISION));
        let factor = &(&sum * &self.step.at(PRECISION)) / &(&product * &pi(PRECISION).times(2));
        let height = exp_of(&self.exponent(&self.tilt)?)?;
        let up_to_two = Interval::new(BigInt::ZERO, BigInt::from(2) << PRECISION, PRECISION);
        let at_most = |half: &Interval| exp_of(half).map(|bound| bound.times(&up_to_two));
        let (first, second) = self.images()?;
        Some(height.times(&factor).minus(&at_most(&first)?).minus(&at_most(&second)?))
    }

    /// `ln M(s) − sε` for a real s.
    fn exponent(&self, tilt: &Dyadic) -> Option<Interval> {
        let loss = tilt.times(&Dyadic::from_f64(self.epsilon)).at(PRECISION);
        Some(&self.law.ln_moment(tilt, PRECISION)? - &loss)
    }

    /// Logarithms of half the bounds of both series of images. With `q = 2π/h`: `Σ_{m ≥ 1} e^{−cqm}·1 ≤ 2e^{−cq}`,
    /// and with `δ(u) ≤ M(c')e^{−c'u}`, `Σ_{m ≥ 1} e^{cqm}δ(ε + qm) ≤ 2M(c')e^{−c'ε}e^{−(c'−c)q}`; where the ratios
    /// are at most one half.
    fn images(&self) -> Option<(Interval, Interval)> {
        let turn = &pi(PRECISION).times(2) / &self.step.at(PRECISION);
        let near = &self.tilt.at(PRECISION) * &turn;
        let far = &(&self.beyond.at(PRECISION) - &self.tilt.at(PRECISION)) * &turn;
        let one = Interval::integer(1, PRECISION);
        let ratios_are_small = near.lo() >= one.hi() && far.lo() >= one.hi();
        ratios_are_small.then_some(())?;
        Some((-&near, &self.exponent(&self.beyond)? - &far))
    }

    /// `1 + 2 Σ_{n ≥ 1} Re G(nh)` and a bound of what follows the last term; G is the integrand over its value at
    /// `t = 0`.
    fn sum(&self) -> Option<(Interval, f64)> {
        let terms = Terms::new(self)?;
        let mut sum = Interval::integer(1, PRECISION);
        let mut phase = Ball::one(PRECISION);
        for n in 1..=TERMS {
            phase = phase.times(&terms.turn);
            let term = terms.at(n, &phase);
            sum = &sum + &term.re().times(2);
            if n % 8 == 0 || n == TERMS {
                let rest = terms.rest(n, term.modulus());
                let (so_far, _) = Scaled::new(sum.clone(), 0).to_bounds();
                if rest <= GOAL * so_far || n == TERMS {
                    return rest.is_finite().then_some((sum, rest));
                }
            }
        }
        None
    }
}

/// What does not change from term to term.
struct Terms {
    /// `hμ/(1 − cμ)` and the draws of each change.
    slopes: Vec<(Interval, u32)>,
    /// `h/c` and `h/(c + 1)`.
    poles: [Interval; 2],
    /// `e^{−ih(ε + Σ(k/2) ln(1 + μ))}`.
    turn: Ball,
}

impl Terms {
    fn new(inversion: &Inversion<'_>) -> Option<Self> {
        let Inversion { law, epsilon, tilt, step, .. } = inversion;
        let slope = |(change, draws): &(Fraction, u32)| {
            let rest = one_less(change, tilt);
            let positive = rest.numerator().sign() == Sign::Plus;
            positive.then(|| (step.times(&change.numerator).over(&rest, PRECISION), *draws))
        };
        let slopes = law.parts.iter().map(slope).collect::<Option<Vec<_>>>()?;
        let next = sum(tilt, &Dyadic::integer(1));
        let poles = [step.over(tilt, PRECISION), step.over(&next, PRECISION)];
        let angle = &step.at(PRECISION) * &law.shifted(*epsilon, PRECISION);
        Some(Self { slopes, poles, turn: Ball::rotation(&-&angle) })
    }

    /// `G(nh)`.
    fn at(&self, n: i64, phase: &Ball) -> Ball {
        let poles =
            self.poles.iter().fold(phase.clone(), |product, pole| product.times(&inverse(&pole.times(n))));
        self.slopes.iter().fold(poles, |product, (slope, draws)| {
            product.times(&inverse_root(&slope.times(n)).power(*draws))
        })
    }

    /// `2 Σ_{m > n} |G(mh)| ≤ (2/h) ∫_T^∞ |G| ≤ 2n|G(T)|/(ω − 1)` at `T = nh`, with `|G(t)| ≤ |G(T)|(T/t)^ω` for
    /// `t ≥ T`.
    ///
    /// `d ln(1 + a²t²)/d ln t = 2a²t²/(1 + a²t²)` rises, so that ω is its sum over the factors at T, times `k/4` or
    /// `½`.
    fn rest(&self, n: i64, modulus: f64) -> f64 {
        let share = |slope: &Interval| {
            let square = slope.times(n).square();
            let (low, _) = Scaled::new(square, 0).to_bounds();
            (low / (1.0 + low).next_up()).next_down()
        };
        let poles = self.poles.iter().map(share);
        let slopes =
            self.slopes.iter().map(|(slope, draws)| (f64::from(*draws) / 2.0 * share(slope)).next_down());
        let order = poles.chain(slopes).fold(0.0, |sum, part| (sum + part).next_down());
        let less_one = (order - 1.0).next_down();
        if less_one <= 0.0 {
            return f64::INFINITY;
        }
        ((2.0 * n as f64 * modulus).next_up() / less_one).next_up()
    }
}
