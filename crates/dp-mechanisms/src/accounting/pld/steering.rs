//! Which tilt makes the loss in question typical: in plain floating point, which decides nothing.

use crate::accounting::loss::{Moments, Pair};
use core::f64::consts::{FRAC_PI_2, TAU};

/// A pair of laws, and how often it is composed.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) pair: Box<dyn Pair>,
    pub(crate) count: u64,
}

/// The order of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Forward,
    /// The laws exchanged.
    Backward,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    Delta { epsilon: f64 },
    Epsilon { delta: f64 },
}

/// A tilt is found to a thousandth of itself plus one, or of what moves the centre by so many deviations.
const UNCERTAIN: f64 = 20.0;
/// How small the density at the question may be in the tilted law, against its bulk: `ln`.
const LN_FAR: f64 = 10.0;

/// A composition seen in one order.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) components: &'a [Component],
    pub(super) order: Order,
}

impl Order {
    /// The tilt of (P, Q) that is a tilt λ in this order.
    pub(super) fn forward(self, lambda: f64) -> f64 {
        match self {
            Self::Forward => lambda,
            Self::Backward => -1.0 - lambda,
        }
    }
}

impl View<'_> {
    /// Of the sum of all losses.
    fn moments(&self, lambda: f64) -> Moments {
        let (sign, lambda) =
            if self.order == Order::Forward { (1.0, lambda) } else { (-1.0, self.order.forward(lambda)) };
        self.components.iter().fold(Moments::default(), |sum, component| {
            let (own, count) = (component.pair.moments(lambda), component.count as f64);
            Moments {
                cumulant: sum.cumulant + count * own.cumulant,
                mean: sum.mean + sign * count * own.mean,
                variance: sum.variance + count * own.variance,
            }
        })
    }
}

/// The tilt for a question, and the tilted law's centre and deviation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steering {
    pub(super) lambda: f64,
    pub(super) cumulant: f64,
    pub(super) center: f64,
    pub(super) deviation: f64,
    /// About `ln δ` at the centre.
    pub(super) ln_delta: f64,
}

impl Steering {
    pub(super) fn new(view: &View<'_>, question: Question) -> Option<Self> {
        let at = |lambda: f64| Self::at(view, lambda);
        let miss = |s: Self| match question {
            Question::Delta { epsilon } => s.center - epsilon,
            Question::Epsilon { delta } => delta.ln() - s.ln_delta,
        };
        // where losses are bounded, further tilting leads nowhere in the end
        let mut lambda = Self::lambda_at(view, miss);
        while lambda > 8.0 && at(lambda).center <= at(lambda / 2.0).center * (1.0 + 1e-3) {
            lambda /= 2.0;
        }
        let found = at(lambda);
        let sound = found.center.is_finite()
            && found.deviation.is_finite()
            && found.deviation > 0.0
            && found.ln_delta.is_finite();
        sound.then_some(found)
    }

    /// Where an increasing function of the tilted law is zero.
    pub(super) fn lambda_at(view: &View<'_>, miss: impl Fn(Self) -> f64) -> f64 {
        let miss = |lambda: f64| miss(Self::at(view, lambda));
        let (mut low, mut high) = (-0.95, 1.0);
        while miss(high) < 0.0 && high < 1e9 {
            (low, high) = (high, 2.0 * high);
        }
        // three digits steer well enough
        while high - low > 1e-3 * (1.0 + low).min(UNCERTAIN / Self::at(view, high).deviation) {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            if miss(middle) < 0.0 { low = middle } else { high = middle }
        }
        high
    }

    pub(super) fn at(view: &View<'_>, lambda: f64) -> Self {
        let Moments { cumulant, mean: center, variance } = view.moments(lambda);
        let deviation = variance.max(0.0).sqrt();
        let at_center = cumulant - lambda * center;
        // exact for normal losses; from what is missing to one, where that is less
        let part = |first: f64, second: f64| at_center + ((first + second) / TAU.sqrt()).ln();
        let (near, far) = (lambda.abs() * deviation, (lambda + 1.0) * deviation);
        let ln_delta = if lambda < 0.0 {
            (-part(mills(near), mills(far)).exp()).max(-0.9).ln_1p()
        } else {
            part(mills(near), -mills(far))
        };
        Self { lambda, cumulant, center, deviation, ln_delta }
    }

    /// Whether the question is not too far out in another tilted law: rounding errors are relative to that law's bulk.
    pub(super) fn is_near(&self, other: &Self) -> bool {
        other.ln_chernoff(self.center) - self.ln_chernoff(self.center) <= LN_FAR
    }

    /// Chernoff's bound of `ln P(L ≥ loss)`, or of `ln P(L ≤ loss)`, at this tilt.
    pub(super) fn ln_chernoff(&self, loss: f64) -> f64 {
        self.cumulant - self.lambda * loss
    }
}

/// The Mills ratio of `z ≥ 0` to seven digits, for steering: `t·e^{p(t)}`, `t = 1/(1 + z/√8)` (Press, Teukolsky, Vetterling, Flannery 1992,
/// section 6.2).
fn mills(z: f64) -> f64 {
    const COEFFICIENTS: [f64; 10] = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    let t = 1.0 / (1.0 + z / 8.0_f64.sqrt());
    FRAC_PI_2.sqrt() * t * COEFFICIENTS.iter().fold(0.0, |sum, c| sum * t + c).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::ball::{self, Ball};

    #[test]
    fn mills_ratios_steer_well_enough() {
        for z in [0.0, 1e-3, 0.5, 3.0, 20.0, 1e6] {
            let exact = ball::mills(Ball::from_f64(z)).to_f64();
            assert!((mills(z) / exact - 1.0).abs() < 1e-6, "{z}");
        }
    }
}
