//! The worst neighbours that are known for a sampled Gaussian mechanism when a row is replaced.

use super::pair::{CERTAIN, Mass, Moments, Outline, Pair, Threshold};
use crate::certified::ball::{self, Ball};
use crate::normal;
use std::sync::OnceLock;

/// `(1 − q)N(0, 1) + qN(a, 1)` against `(1 − q)N(0, 1) + qN(−a, 1)`: all other rows contribute nothing, and the row is replaced by its
/// opposite. These are neighbours; that none are worse is not proven, so they give a lower bound.
#[derive(Debug)]
pub(crate) struct Mixture {
    rate: Ball,
    shift: Ball,
    outline: OnceLock<Outline>,
}

impl Mixture {
    pub(crate) fn new(rate: f64, shift: f64) -> Self {
        Self { rate: Ball::from_f64(rate), shift: Ball::from_f64(shift), outline: OnceLock::new() }
    }

    fn nodes(&self) -> Outline {
        let (q, a) = (self.rate.to_f64(), self.shift.to_f64());
        let density =
            |x: f64, a: f64| (1.0 - q) * (-x * x / 2.0).exp() + q * (-(x - a) * (x - a) / 2.0).exp();
        let step = (24.0 + a) / 800.0;
        let node = |i: i32| {
            let x = f64::from(i) * step - 12.0;
            ((density(x, a) / density(x, -a)).ln(), density(x, a) * step * 0.398_942_280_401_432_7)
        };
        (0..=800).map(node).collect()
    }

    /// Where the loss is ℓ ≥ 0: with `y = e^{ax}`, `c = e^{−a²/2}` and `t = e^ℓ`, `qc·y² + (1 − q)(1 − t)·y − tqc = 0`.
    ///
    /// Losses rise with x, from zero at zero: where ℓ cannot be told from zero, x is between zero and where the largest ℓ is. None
    /// where not even that can be told.
    fn place(&self, t: Ball) -> Option<Ball> {
        self.certain_place(t).or_else(|| {
            let half = self.certain_place(t.upper_end()?)?.doubled(-1);
            Some(half.widened(half))
        })
    }

    /// None where ℓ is too small beside its error.
    fn certain_place(&self, t: Ball) -> Option<Ball> {
        let one = Ball::integer(1);
        let c = self.rate * ball::exp(-(self.shift * self.shift).doubled(-1));
        let b = (one - self.rate) * (t - one);
        let square = b * b + (t * c * c).doubled(2);
        let sum = b + square.is_positive().then(|| square.sqrt())?;
        (sum.is_positive() && sum.is_tight(CERTAIN)).then(|| ball::ln(sum / c.doubled(1)) / self.shift)
    }
}

impl Pair for Mixture {
    fn moments(&self, lambda: f64) -> Moments {
        self.outline.get_or_init(|| self.nodes()).moments(lambda)
    }

    fn range(&self, mass: f64) -> (f64, f64) {
        let (q, a) = (self.rate.to_f64(), self.shift.to_f64());
        let x = normal::guess(mass) + a;
        let density = |a: f64| (1.0 - q) + q * (a * x - a * a / 2.0).exp();
        let high = (density(a) / density(-a)).ln();
        (-high, high)
    }

    fn tails(&self, threshold: &Threshold) -> Mass {
        // the loss at −x is minus that at x
        let place = if threshold.loss.is_negative() {
            self.place(Ball::integer(1) / threshold.exp).map(|x| -x)
        } else if threshold.loss == Ball::ZERO {
            Some(Ball::ZERO)
        } else {
            self.place(threshold.exp)
        };
        let Some(x) = place else { return Mass::UNKNOWN };
        let tail = |shift: Ball| {
            let outer = ball::upper_tail(x);
            outer + self.rate * (ball::upper_tail(x - shift) - outer)
        };
        Mass { p: tail(self.shift), q: tail(-self.shift) }
    }
}
