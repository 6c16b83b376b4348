//! Ways to add losses up.

use super::conversions::{delta_of_renyi, smallest, zero_concentrated_delta};
use super::loss::{LARGEST_LOSS, Loss};
use super::pld::{Component, Composition, Orders};
use super::profile::Part;
use crate::certified::ball::{self, Ball};
use crate::certified::ln_bounds;
use crate::gaussian;
use crate::params::{Delta, Mu, RenyiOrder};
use serde::{Deserialize, Serialize};

/// A way to add the losses of several mechanisms up.
///
/// | accountant | applies to | result |
/// |---|---|---|
/// | [`Basic`](Self::Basic) | (ε, δ) guarantees | sums: simple, and best for a handful |
/// | [`Advanced`](Self::Advanced) | (ε, δ) guarantees | grows like `√count`; closed form |
/// | [`ZeroConcentrated`](Self::ZeroConcentrated) | all but (ε, δ) guarantees and samples of these | sums of ρ; loses a few percent |
/// | [`Renyi`](Self::Renyi) | all but samples; of these Gaussian, rows added or removed | the best order; loses a few percent |
/// | [`Gaussian`](Self::Gaussian) | Gaussian | exact |
/// | [`LossDistribution`](Self::LossDistribution) | all but zero-concentrated | exact up to a stated width; optimal for (ε, δ) guarantees |
///
/// # Example
///
/// ```
/// use dp_mechanisms::{Accountant, AddRemoveRow, Delta, Mu, PrivacyProfile};
///
/// let total = PrivacyProfile::gaussian(Mu::new(0.05)?, AddRemoveRow).repeated(100);
/// let delta = Delta::new(1e-6)?;
/// let exact = total.epsilon_bounds_by(Accountant::Gaussian, delta).unwrap().1;
/// let loss_distribution = total.epsilon_bounds_by(Accountant::LossDistribution, delta).unwrap().1;
/// let zero_concentrated = total.epsilon_bounds_by(Accountant::ZeroConcentrated, delta).unwrap().1;
/// assert!(exact < loss_distribution && loss_distribution < exact * (1.0 + 1e-6) && zero_concentrated > 1.05 * exact);
/// assert!(total.epsilon_bounds_by(Accountant::Basic, delta).is_none()); // Gaussian noise has no ε of its own
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// Basic: Dwork, McSherry, Nissim, Smith 2006. Advanced: Kairouz, Oh, Viswanath 2015, Theorem 3.5. Zero-concentrated: Bun, Steinke
/// 2016. Rényi: Mironov 2017; conversion by Canonne, Kamath, Steinke 2020, Proposition 12. Gaussian: Dong, Roth, Su 2019. Loss
/// distributions: Koskela, Jälkö, Honkela 2020; Doroshenko, Ghazi, Kamath, Kumar, Manurangsi 2022; what is new here is in `docs/theorems.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Accountant {
    /// `Σε` and `Σδ`.
    Basic,
    /// Advanced composition.
    Advanced,
    /// `Σρ`.
    ZeroConcentrated,
    /// The best order of the sum of Rényi divergences.
    Renyi,
    /// `√Σμ²`.
    Gaussian,
    /// Privacy-loss distributions.
    LossDistribution,
}

impl Accountant {
    /// All, the cheapest first.
    pub const ALL: [Self; 6] = [
        Self::Basic,
        Self::Advanced,
        Self::ZeroConcentrated,
        Self::Renyi,
        Self::Gaussian,
        Self::LossDistribution,
    ];
}

/// Counts from here on are taken to lose everything.
pub(super) const LARGEST_COUNT: u64 = 1 << 40;

/// Whether a count is that large. It may then have been more than 64 bits hold.
fn is_countless(parts: &[Part]) -> bool {
    parts.iter().any(|part| part.count >= LARGEST_COUNT)
}

/// Upper bound of ε; `None` where the way does not apply.
pub(super) fn epsilon(parts: &[Part], way: Accountant, delta: Delta) -> Option<f64> {
    if parts.is_empty() {
        return Some(0.0);
    }
    if is_countless(parts) {
        return Some(f64::INFINITY);
    }
    match way {
        Accountant::Basic => {
            let (epsilon, total) = basic(parts)?;
            Some(if total <= delta.get() { epsilon } else { f64::INFINITY })
        }
        Accountant::Advanced => advanced(parts, delta),
        Accountant::ZeroConcentrated => {
            let rho = total_rho(parts)?;
            let start = 2.0 * (rho + 2.0 * (rho * -ln_bounds(delta.get()).0).sqrt());
            Some(smallest(start, |e| zero_concentrated_delta(rho, e) <= delta.get()))
        }
        Accountant::Renyi => {
            renyi(parts)?;
            let start = 1e6;
            Some(smallest(start, |e| renyi_delta(parts, e).is_some_and(|found| found <= delta.get())))
        }
        Accountant::Gaussian => Mu::new(total_mu(parts)?.1).ok().map(|mu| gaussian::epsilon_upper(delta, mu)),
        Accountant::LossDistribution => {
            Some(Composition::new(&components(parts)?, orders(parts)).epsilon_upper(delta.get()))
        }
    }
}

/// Upper bound of δ; `None` where the way does not apply.
pub(super) fn delta(parts: &[Part], way: Accountant, epsilon: f64) -> Option<f64> {
    if is_countless(parts) {
        return Some(1.0);
    }
    match way {
        Accountant::Basic => {
            let (total, delta) = basic(parts)?;
            Some(if total <= epsilon { delta } else { 1.0 })
        }
        // a formula for ε: the loss distribution of the same guarantees is optimal
        Accountant::Advanced => None,
        Accountant::ZeroConcentrated => Some(zero_concentrated_delta(total_rho(parts)?, epsilon)),
        Accountant::Renyi => renyi_delta(parts, epsilon),
        Accountant::Gaussian => Some(gaussian::delta_bounds(epsilon, total_mu(parts)?.1).1),
        Accountant::LossDistribution => {
            // beyond, δ is no larger
            Some(Composition::new(&components(parts)?, orders(parts)).delta_upper(epsilon.min(LARGEST_LOSS)))
        }
    }
}

/// Lower bound of δ, by mechanisms that have these guarantees.
pub(super) fn attained_delta(parts: &[Part], epsilon: f64) -> f64 {
    if epsilon > LARGEST_LOSS {
        return 0.0;
    }
    attained(parts)
        .map_or(0.0, |components| Composition::new(&components, orders(parts)).delta_lower(epsilon))
}

/// Lower bound of ε, by mechanisms that have these guarantees.
pub(super) fn attained_epsilon(parts: &[Part], delta: Delta) -> f64 {
    attained(parts)
        .map_or(0.0, |components| Composition::new(&components, orders(parts)).epsilon_lower(delta.get()))
}

/// Bounds of ε by loss distributions, up to a relative error of about this; `None` where they do not apply.
pub(super) fn epsilon_within(parts: &[Part], delta: Delta, accuracy: f64) -> Option<(f64, f64)> {
    if is_countless(parts) {
        return None;
    }
    let upper =
        Composition::new(&components(parts)?, orders(parts)).within(accuracy).epsilon_upper(delta.get());
    let lower = |components: Vec<Component>| {
        Composition::new(&components, orders(parts)).within(accuracy).epsilon_lower(delta.get())
    };
    Some((attained(parts).map_or(0.0, lower), upper))
}

/// Both orders of neighbours, unless all parts lose the same in both.
fn orders(parts: &[Part]) -> Orders {
    if parts.iter().all(|part| part.loss.is_symmetric()) { Orders::Same } else { Orders::Both }
}

/// `None` also where all counts together are more than the error bound of powers is proven for.
fn components(parts: &[Part]) -> Option<Vec<Component>> {
    let total = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.count));
    if total > LARGEST_COUNT {
        return None;
    }
    parts.iter().map(|part| Some(Component { pair: part.loss.pair()?, count: part.count })).collect()
}

/// Without the parts of which no attained pair is known, and without what is more than the largest count: leaving mechanisms out
/// is post-processing.
fn attained(parts: &[Part]) -> Option<Vec<Component>> {
    let mut left = LARGEST_COUNT;
    let component = |part: &Part| {
        let (pair, count) = (part.loss.attained()?, part.count.min(left));
        left -= count;
        (count > 0).then_some(Component { pair, count })
    };
    let components: Vec<Component> = parts.iter().filter_map(component).collect();
    (!components.is_empty()).then_some(components)
}

/// A number times a count.
fn times(x: f64, count: u64) -> Ball {
    Ball::from_f64(x) * Ball::dyadic(i128::from(count), 0)
}

fn total(terms: impl Iterator<Item = Ball>) -> Ball {
    terms.fold(Ball::ZERO, |sum, term| sum + term)
}

/// `Σε` and `Σδ`, rounded up; exact sums of one term are kept.
pub(super) fn basic(parts: &[Part]) -> Option<(f64, f64)> {
    let points: Option<Vec<(f64, f64)>> = parts.iter().map(|part| part.loss.point()).collect();
    let points = points?;
    let sum = |of: fn(&(f64, f64)) -> f64| {
        total(
            points
                .iter()
                .zip(parts)
                .filter(|(point, _)| of(point) > 0.0)
                .map(|(point, part)| times(of(point), part.count)),
        )
    };
    let upper = |ball: Ball| if ball == Ball::ZERO { 0.0 } else { ball.to_bounds().1 };
    Some((upper(sum(|point| point.0)), upper(sum(|point| point.1))))
}

/// With `a = Σ ε(e^ε − 1)/(e^ε + 1)`, `b = Σε²` and δ̃ from `1 − δ = (1 − δ̃)Π(1 − δᵢ)`: the least of `Σε`, `a + √(2b ln 1/δ̃)` and
/// `a + √(2b ln(e + √b/δ̃))`.
fn advanced(parts: &[Part], delta: Delta) -> Option<f64> {
    let (sum, _) = basic(parts)?;
    let one = Ball::integer(1);
    let points: Vec<(f64, f64, u64)> =
        parts.iter().filter_map(|part| part.loss.point().map(|(e, d)| (e, d, part.count))).collect();
    if points.iter().any(|point| point.0 > 700.0) {
        return None;
    }
    let kept = total(
        points.iter().map(|(_, d, count)| ball::ln(one - Ball::from_f64(*d)) * Ball::integer(*count as i64)),
    );
    if kept.magnitude() > 30 {
        return Some(f64::INFINITY); // next to nothing is kept
    }
    let slack = one - (one - Ball::from_f64(delta.get())) / ball::exp(kept);
    // less is on the safe side, and has a logarithm however little of it is known
    let slack = Ball::from_f64(slack.to_bounds().0.max(0.0));
    if !slack.is_positive() {
        return Some(f64::INFINITY);
    }
    let drift = total(points.iter().map(|(e, _, count)| {
        let growth = ball::exp(Ball::from_f64(*e));
        times(*e, *count) * (growth - one) / (growth + one)
    }));
    let squares = total(points.iter().map(|(e, _, count)| times(*e, *count) * Ball::from_f64(*e)));
    let spread = |log: Ball| drift + root(squares.doubled(1) * log);
    let moderate = ball::ln(ball::exp(one) + root(squares) / slack);
    let ways = [spread(-ball::ln(slack)), spread(moderate)].map(|way| way.to_bounds().1);
    Some(ways.into_iter().fold(sum, f64::min))
}

/// The square root of a number that is not negative, or of an upper bound of it where its sign is not certain.
fn root(x: Ball) -> Ball {
    if x.is_positive() {
        return x.sqrt();
    }
    let upper = Ball::from_f64(x.to_bounds().1.min(f64::MAX));
    if upper.is_positive() { upper.sqrt() } else { Ball::ZERO }
}

/// `Σρ`, rounded up; infinite where there are too many.
pub(super) fn total_rho(parts: &[Part]) -> Option<f64> {
    let terms: Option<Vec<Ball>> =
        parts.iter().map(|part| Some(times(part.loss.zero_concentrated()?.get(), part.count))).collect();
    let terms = terms?;
    Some(if is_countless(parts) { f64::INFINITY } else { total(terms.into_iter()).to_bounds().1 })
}

/// Sums of Rényi divergences of one order and of the probabilities with which they do not hold, rounded up; the first is infinite
/// where there are too many.
pub(super) fn total_renyi(parts: &[Part], order: RenyiOrder) -> Option<(f64, f64)> {
    let terms: Option<Vec<(f64, f64, u64)>> =
        parts.iter().map(|part| part.loss.renyi(order).map(|(d, slack)| (d, slack, part.count))).collect();
    let terms = terms?;
    if let [(divergence, slack, 1)] = terms[..] {
        return Some((divergence, slack));
    }
    let upper = |of: fn(&(f64, f64, u64)) -> f64| {
        let sum = total(terms.iter().filter(|term| of(term) > 0.0).map(|term| times(of(term), term.2)));
        if sum == Ball::ZERO { 0.0 } else { sum.to_bounds().1 }
    };
    let slack = upper(|term| term.1);
    let is_infinite = is_countless(parts) || terms.iter().any(|term| !term.0.is_finite());
    Some((if is_infinite { f64::INFINITY } else { upper(|term| term.0) }, slack))
}

/// Whether all parts have Rényi divergences.
fn renyi(parts: &[Part]) -> Option<()> {
    let two = RenyiOrder::new(2.0).ok()?;
    parts.iter().all(|part| part.loss.renyi(two).is_some()).then_some(())
}

fn renyi_delta(parts: &[Part], epsilon: f64) -> Option<f64> {
    renyi(parts)?;
    let (_, slack) = total_renyi(parts, RenyiOrder::new(2.0).ok()?)?;
    let divergence = |order: f64| {
        let order = RenyiOrder::new(order).ok();
        order.and_then(|order| total_renyi(parts, order)).map_or(f64::INFINITY, |(divergence, _)| divergence)
    };
    Some((delta_of_renyi(divergence, epsilon) + slack).next_up().min(1.0))
}

/// Bounds of `√Σμ²` if all parts are Gaussian: then the whole is, exactly.
pub(super) fn total_mu(parts: &[Part]) -> Option<(f64, f64)> {
    if let [Part { loss: Loss::Gaussian { mu }, count: 1 }] = parts {
        return Some((mu.get(), mu.get()));
    }
    let square = |part: &Part| match part.loss {
        Loss::Gaussian { mu } if part.count < LARGEST_COUNT => {
            Some(times(mu.get(), part.count) * Ball::from_f64(mu.get()))
        }
        _ => None,
    };
    let squares: Option<Vec<Ball>> = parts.iter().map(square).collect();
    let sum = total(squares?.into_iter());
    sum.is_positive().then(|| sum.sqrt().to_bounds())
}
