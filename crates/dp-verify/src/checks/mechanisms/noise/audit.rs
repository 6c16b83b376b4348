//! Attacks on releases of two neighbours.

use super::{each_twin, epsilon, integers, l1, noise_scale};
use crate::checks::lower_bound::{Events, Stated};
use crate::checks::mechanisms::{delta, noise_std};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::noise::{LatticeNoise, shift_delta_bounds};
use dp_mechanisms::{
    AddRemoveRow, LatticeFrobeniusSensitivity, LatticeLaplace, LatticeStatistic, PrivacyProfile, Rho,
    SymmetricGaussian, TruncatedLaplace,
};
use rand_chacha::ChaCha20Rng;

/// All events of an audit together accuse a private mechanism with at most this probability.
const ALPHA: f64 = 1e-6;

/// The certified lower bound of ε, over events "beyond a threshold", is at most what is stated. `observe`
/// releases the first or second neighbour and tells where the release lies, from the first neighbour toward the second.
fn at_most_claimed(
    context: &Context,
    stated: &Stated<'_>,
    thresholds: &[f64],
    mut observe: impl FnMut(usize, &mut ChaCha20Rng) -> f64,
) -> Outcome {
    let n = context.scale(150_000, 5_000_000);
    let observations = [0, 1].map(|which| {
        let mut rng = context.rng(which as u64);
        (0..n).map(|_| observe(which, &mut rng)).collect::<Vec<_>>()
    });
    let [first, second] = &observations;
    stated.against(&Events::above(thresholds, [second, first], context.spend(ALPHA)), 0.0)
}

/// Two coordinates, of which the first moves by `Δ = 3`, at ε = 1. The twin adds half the noise.
pub(super) fn laplace(context: &mut Context, subject: Subject) -> Outcome {
    let shipped = LatticeLaplace::calibrate(epsilon(1.0), l1(3)).expect("little noise");
    let scale = shipped.noise_scale().get();
    let profile = |epsilon: f64| shipped.profile().delta(epsilon);
    let stated = Stated { of: "discrete Laplace noise", epsilon: 1.0, delta: 0.0, profile: &profile };
    let law = super::laplace(scale);
    let audited = each_twin(subject, scale, vec![scale / 2.0], |scale| {
        let mechanism = LatticeLaplace::with_noise_scale(noise_scale(scale), l1(3)).expect("little noise");
        at_most_claimed(context, &stated, &[-2.5, -0.5, 0.5, 1.5, 2.5, 5.5], |which, rng| {
            let steps = vec![40 + [0, 3][which], -7];
            let statistic = LatticeStatistic::new(steps, integers(), l1(3), 1 << 20);
            let released = mechanism.release(statistic, "audit", rng).expect("small entries fit");
            (released.value().steps()[0] - 40) as f64
        })
    });
    stated.with_law(audited, &|epsilon| shift_delta_bounds(&law, 3, epsilon).1)
}

/// The same of truncated noise at δ = 0.01. Twins: half the scale inside the same bound; half of both.
pub(super) fn truncated_laplace(context: &mut Context, subject: Subject) -> Outcome {
    let made = TruncatedLaplace::calibrate(epsilon(1.0), delta(0.01), l1(3)).expect("little noise");
    let (scale, bound) = (made.noise_scale().get(), made.bound());
    let profile = |epsilon: f64| made.profile().delta(epsilon);
    let stated = Stated { of: "truncated Laplace noise", epsilon: 1.0, delta: 0.01, profile: &profile };
    let law = super::truncated(super::laplace(scale), bound);
    let audited = each_twin(
        subject,
        (scale, bound),
        vec![(scale / 2.0, bound), (scale / 2.0, bound / 2)],
        |(scale, bound)| {
            let mechanism = TruncatedLaplace::with_noise_scale_and_bound(noise_scale(scale), bound, l1(3))
                .expect("little noise");
            let end = bound as f64 + 0.5;
            at_most_claimed(context, &stated, &[-0.5, 0.5, 1.5, 2.5, 5.5, end - 2.0, end], |which, rng| {
                let steps = vec![40 + [0, 3][which], -7];
                let statistic = LatticeStatistic::new(steps, integers(), l1(3), 1 << 20);
                let released = mechanism.release(statistic, "audit", rng).expect("small entries fit");
                (released.value().steps()[0] - 40) as f64
            })
        },
    );
    stated.with_law(audited, &|epsilon| shift_delta_bounds(&law, 3, epsilon).1)
}

/// Draws of parameter 3 on an integer that moves by 3: `ρ = 1/2`, at δ = 0.01. The twin draws with half the parameter.
pub(super) fn gaussian(context: &mut Context, subject: Subject) -> Outcome {
    let rho = Rho::new(0.5).expect("positive");
    let claimed = PrivacyProfile::zero_concentrated_from(rho, AddRemoveRow);
    let (epsilon, profile) = (claimed.epsilon(delta(0.01)), |epsilon: f64| claimed.delta(epsilon));
    let stated = Stated { of: "discrete Gaussian noise", epsilon, delta: 0.01, profile: &profile };
    let law = super::gaussian(3.0);
    let audited = each_twin(subject, 3.0, vec![1.5], |std| {
        let noise = super::gaussian(std);
        at_most_claimed(context, &stated, &[1.5, 3.5, 4.5, 5.5, 6.5, 7.5], |which, rng| {
            ([0, 3][which] + noise.sample(rng)) as f64
        })
    });
    stated.with_law(audited, &|epsilon| shift_delta_bounds(&law, 3, epsilon).1)
}

/// A symmetric matrix of order 2 that moves in all three entries, `Δ² = 1 + 2·4 + 4`, at (1, 0.01); told apart by the
/// projection on the difference in the Frobenius inner product. The twin adds half the noise.
pub(super) fn symmetric_gaussian(context: &mut Context, subject: Subject) -> Outcome {
    let sensitivity = LatticeFrobeniusSensitivity::from_square(13, AddRemoveRow).expect("positive");
    let claimed = SymmetricGaussian::calibrate(epsilon(1.0), delta(0.01), sensitivity).expect("little noise");
    let std = claimed.noise_std().get();
    let profile = |epsilon: f64| claimed.profile().delta(epsilon);
    let stated = Stated { of: "symmetric Gaussian noise", epsilon: 1.0, delta: 0.01, profile: &profile };
    let difference = [1_i64, -2, 2];
    each_twin(subject, std, vec![std / 2.0], |noise| {
        let mechanism =
            SymmetricGaussian::with_noise_std(noise_std(noise), sensitivity).expect("little noise");
        let thresholds = [0.5, 1.0, 1.5, 2.0, 2.25, 2.5].map(|multiple| multiple * std);
        at_most_claimed(context, &stated, &thresholds, |which, rng| {
            let steps = difference.map(|d| d * which as i64).to_vec();
            let statistic = LatticeStatistic::new(steps, integers(), sensitivity, 1 << 20);
            let released = mechanism.release(statistic, "audit", rng).expect("small entries fit");
            let entries = released.value().packed();
            let product =
                entries[0] * difference[0] + 2 * entries[1] * difference[1] + entries[2] * difference[2];
            product as f64 / 13_f64.sqrt()
        })
    })
}
