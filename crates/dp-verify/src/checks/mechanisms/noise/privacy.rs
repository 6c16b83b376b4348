//! Divergences summed from certified probabilities against what mechanisms claim.

use super::divergence::{Law, RESIDUE, SLACK};
use super::{each_twin, epsilon, l1, noise_scale, none_fails};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::{
    AddRemoveRow, Delta, DiscreteLaplace, LatticeLaplace, PrivacyProfile, RenyiOrder, Rho, TruncatedLaplace,
};
use rand::RngExt;

/// Shifts of L1 norm Δ in one and two dimensions, up to sign and order.
fn shifts(l1: i64) -> Vec<Vec<i64>> {
    let split = (1..=l1 / 2).map(|part| vec![l1 - part, part]);
    [vec![l1]].into_iter().chain(split).collect()
}

/// `observed ≤ claimed` up to what summation in `f64` may do.
fn within(observed: f64, claimed: f64) -> bool {
    observed <= claimed * (1.0 + SLACK) + RESIDUE
}

/// Targets ε and Δ of the Laplace mechanism.
const PURE: [(f64, u64); 5] = [(0.5, 1), (1.0, 2), (2.3, 3), (1.7, 5), (6.0, 4)];

/// No output beyond the claimed `e^ε`, in one and two dimensions, and less than claimed at smaller ε. Twins: half the
/// scale; made for a sensitivity that is one less. Then ε is Δ/b exactly where that is a float, and no float less.
pub(super) fn laplace(context: &mut Context, subject: Subject) -> Outcome {
    let shipped: fn(DiscreteLaplace, u64) -> DiscreteLaplace = |noise, _| noise;
    let half: fn(DiscreteLaplace, u64) -> DiscreteLaplace =
        |noise, _| super::laplace(noise.noise_scale().get() / 2.0);
    let one_less: fn(DiscreteLaplace, u64) -> DiscreteLaplace = |noise, delta| {
        let share = (delta.max(2) - 1) as f64 / delta.max(2) as f64;
        super::laplace(noise.noise_scale().get() * share)
    };
    let divergences = each_twin(subject, shipped, vec![half, one_less], |change| {
        none_fails(PURE, |(target, delta)| {
            let mechanism = LatticeLaplace::calibrate(epsilon(target), l1(delta)).expect("little noise");
            let noise = change(mechanism.noise().clone(), delta);
            let law = Law::new(&noise, (40.0 * noise.noise_scale().get()) as i64 + 1);
            shifts(delta as i64).into_iter().all(|shift| {
                let laws = vec![&law; shift.len()];
                [0.0, target / 2.0, target]
                    .into_iter()
                    .all(|e| within(Law::divergence(&laws, &shift, e), mechanism.profile().delta(e)))
            })
        })
    });
    Outcome::worst([divergences, exact_quotients(context)])
}

/// Where `Δ/b` is a float, the certificate's ε is that float.
fn exact_quotients(context: &Context) -> Outcome {
    let mut rng = context.rng(0);
    let cases = (0..context.scale(2_000, 200_000))
        .map(|_| (rng.random_range(1..1_u64 << 53) >> rng.random_range(0..53), rng.random_range(-20..=50)));
    none_fails(cases.filter(|(delta, _)| *delta > 0), |(delta, exponent)| {
        let scale = 2_f64.powi(exponent);
        let mechanism = LatticeLaplace::with_noise_scale(noise_scale(scale), l1(delta)).expect("b ≤ 2⁵⁰");
        let quotient = delta as f64 / scale;
        mechanism.profile().delta(quotient) == 0.0 && mechanism.profile().delta(quotient.next_down()) > 0.0
    })
}

/// σ and shifts.
const SHIFTED: [(f64, i64); 6] = [(0.4, 1), (1.0, 1), (1.0, 3), (2.5, 2), (8.0, 5), (20.0, 30)];
const ORDERS: [f64; 7] = [1.01, 1.5, 2.0, 3.0, 4.5, 8.0, 16.0];

/// Relative error of a Rényi sum: `α·2⁻⁵²` times the logarithm of a mass (at most 700) for each, 3·10³ additions, divided
/// by `α − 1`.
const RENYI_SLACK: f64 = 1e-9;

/// `D_α(K‖K + Δ) ≤ αΔ²/2σ²` at several orders (attained where αΔ is an integer), and with it `δ(ε)` of the
/// zero-concentrated profile. The twin's σ² is half as large.
pub(super) fn gaussian(_: &mut Context, subject: Subject) -> Outcome {
    let profile = |std: f64, shift: i64| {
        let rho = ((shift * shift) as f64 / (2.0 * std * std)).next_up().next_up();
        PrivacyProfile::zero_concentrated_from(Rho::new(rho).expect("shifts are positive"), AddRemoveRow)
    };
    each_twin(subject, 1.0, vec![0.5_f64.sqrt()], |change| {
        let renyi = none_fails(SHIFTED, |(std, shift)| {
            let law = Law::new(&super::gaussian(std * change), (36.0 * std) as i64 + shift);
            // further out, the sum would need masses below every float
            let reached = |order: &f64| (order - 1.0) * shift as f64 <= 25.0 * std;
            ORDERS.into_iter().filter(reached).all(|order| {
                let claimed = profile(std, shift).renyi(RenyiOrder::new(order).expect("above one"));
                claimed.is_some_and(|claimed| law.renyi(shift, order) <= claimed + RENYI_SLACK)
            })
        });
        let deltas = none_fails(SHIFTED, |(std, shift)| {
            let law = Law::new(&super::gaussian(std * change), (20.0 * std) as i64 + shift);
            [0.0, 0.1, 0.5, 1.0, 3.0, 8.0]
                .into_iter()
                .all(|e| within(Law::divergence(&[&law], &[shift], e), profile(std, shift).delta(e)))
        });
        Outcome::worst([renyi.with_note("Rényi divergences"), deltas.with_note("δ(ε)")])
    })
}

/// Targets ε, δ and Δ of the truncated Laplace mechanism.
const TRUNCATED: [(f64, f64, u64); 5] =
    [(1.0, 1e-3, 1), (0.7, 1e-2, 3), (2.0, 1e-6, 4), (0.3, 0.05, 2), (3.0, 1e-9, 5)];

/// A scale and a bound of the noise.
type Shape = (f64, u64);

/// The divergence at ε is at most δ in one and two dimensions, attained in one; and coordinates that *each* move by Δ
/// cost what is stated for that. Twins: half the scale; made for a sensitivity that is one less; a bound that is one
/// less, with the same δ.
pub(super) fn truncated_laplace(_: &mut Context, subject: Subject) -> Outcome {
    let shipped: fn(Shape, u64) -> Shape = |shape, _| shape;
    let half: fn(Shape, u64) -> Shape = |(scale, bound), _| (scale / 2.0, bound);
    let one_less: fn(Shape, u64) -> Shape = |(scale, bound), delta| {
        let share = (delta.max(2) - 1) as f64 / delta.max(2) as f64;
        (scale * share, (bound as f64 * share).ceil() as u64)
    };
    let narrower: fn(Shape, u64) -> Shape = |(scale, bound), _| (scale, bound - 1);
    each_twin(subject, shipped, vec![half, one_less, narrower], |change| {
        none_fails(TRUNCATED, |(target, delta, steps)| {
            let failure = Delta::new(delta).expect("a probability");
            let claimed =
                TruncatedLaplace::calibrate(epsilon(target), failure, l1(steps)).expect("little noise");
            let (scale, bound) = change((claimed.noise_scale().get(), claimed.bound()), steps);
            let law = Law::new(&super::truncated(super::laplace(scale), bound), bound as i64);
            let claimed = claimed.profile().delta(target);
            let all = shifts(steps as i64)
                .into_iter()
                .all(|shift| within(Law::divergence(&vec![&law; shift.len()], &shift, target), claimed));
            let one = Law::divergence(&[&law], &[steps as i64], target);
            let each = Law::divergence(&[&law, &law], &[steps as i64; 2], 2.0 * target);
            // the target may be a float above Δ/b
            let attained = one >= claimed * (1.0 - 1e-9);
            all && claimed <= delta && attained && within(each, 1.0 - (1.0 - claimed) * (1.0 - claimed))
        })
    })
}
