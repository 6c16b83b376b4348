//! The profile of one mechanism: its tails, without composition.

use super::loss::{Loss, Pair, Threshold, whole_tails};
use super::loss::{approximate_delta, pure_delta};
use crate::certified::ball::{self, Ball};
use crate::certified::ln_bounds;
use crate::gaussian;
use crate::params::Delta;

/// Lower and upper bound of `δ(ε)`, `ε ≥ 0`: attained, and for all mechanisms with this guarantee.
pub(super) fn delta_bounds(loss: &Loss, epsilon: f64) -> (f64, f64) {
    (lower(loss, epsilon), upper(loss, epsilon))
}

fn upper(loss: &Loss, epsilon: f64) -> f64 {
    match loss {
        Loss::Pure { epsilon: claimed } => pure_delta(claimed.get(), epsilon),
        Loss::Approximate { epsilon: claimed, delta } => {
            approximate_delta(pure_delta(claimed.get(), epsilon), delta.get())
        }
        Loss::Gaussian { mu } => gaussian::delta_bounds(epsilon, mu.get()).1,
        _ => match loss.pair() {
            Some(pair) => of_orders(&*pair, loss, epsilon).1,
            None => loss.point().filter(|point| point.0 <= epsilon).map_or(1.0, |point| point.1),
        },
    }
}

fn lower(loss: &Loss, epsilon: f64) -> f64 {
    match loss {
        Loss::Gaussian { mu } => gaussian::delta_bounds(epsilon, mu.get()).0,
        _ => loss.attained().map_or(0.0, |pair| of_orders(&*pair, loss, epsilon).0),
    }
}

/// The larger of both orders.
fn of_orders(pair: &dyn Pair, loss: &Loss, epsilon: f64) -> (f64, f64) {
    if epsilon > 1e6 {
        let singular = pair.singular();
        return (0.0, (singular.p.to_bounds().1 + f64::MIN_POSITIVE).min(1.0));
    }
    let forward = divergence(pair, epsilon);
    let backward = if loss.is_symmetric() { Ball::ZERO } else { reversed_divergence(pair, epsilon) };
    let (a, b) = (forward.to_bounds(), backward.to_bounds());
    (a.0.max(b.0).clamp(0.0, 1.0), a.1.max(b.1).clamp(0.0, 1.0))
}

/// `P(L > ε) − e^ε Q(L > ε)`, and what is infinite.
fn divergence(pair: &dyn Pair, epsilon: f64) -> Ball {
    let threshold = Threshold::at(Ball::from_f64(epsilon));
    let above = whole_tails(pair, &threshold);
    above.p - threshold.exp * above.q + pair.singular().p
}

/// The same for (Q, P): `Q(L < −ε) − e^ε P(L < −ε)`, where losses of exactly −ε add nothing.
fn reversed_divergence(pair: &dyn Pair, epsilon: f64) -> Ball {
    let threshold = Threshold::at(-Ball::from_f64(epsilon));
    let (above, one) = (whole_tails(pair, &threshold), Ball::integer(1));
    let (p, q) = (one - above.p - pair.singular().p, one - above.q);
    q - ball::exp(Ball::from_f64(epsilon)) * p
}

/// An ε that suffices for δ, if any is known to.
pub(super) fn sufficient(loss: &Loss, delta: Delta) -> f64 {
    match loss {
        Loss::Approximate { delta: claimed, .. } if claimed.get() > delta.get() => f64::INFINITY,
        // ρ + 2√(ρ ln 1/δ) (Bun, Steinke 2016, Proposition 1.3)
        Loss::ZeroConcentrated { rho } => {
            2.0 * (rho.get() + 2.0 * (rho.get() * -ln_bounds(delta.get()).0).sqrt())
        }
        _ => match loss.point() {
            Some((epsilon, _)) => epsilon,
            None => 1e6,
        },
    }
}
