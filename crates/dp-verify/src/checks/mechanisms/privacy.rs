//! Privacy of the rounded Gaussian: divergences summed from certified probabilities, and an audit of releases.

use super::noise::each_part;
use super::{delta, epsilon, noise, noise_std, none_fails};
use crate::checks::lower_bound::{Events, LowerBound};
use crate::checks::picture::AgainstBounds;
use crate::{Axis, Context, Figure, Outcome, Role, Subject, exceeds, larger};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{
    AddRemoveRow, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, Mu, certified, gaussian,
    normal,
};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha20Rng;

/// Standard deviations that a sum covers on each side; the rest is added as a whole, `Q(13) = 6e-39`.
const REACH: f64 = 13.0;

/// Outward rounding: at most 12 321 additions of `2⁻⁵²` relative each, and six roundings a term, of terms that sum to at most
/// ten times the divergence (`μ ≥ ¼`): `2.8e-12`. Some cases leave no other room: where the best event ends at a
/// half-integer, rounding the Gaussian loses nothing.
const SLACK: f64 = 1e-11;

/// Shifts, σ and the margins `x − μ/2` of ε, where `δ(ε)` is about `Q(x − μ/2)`.
const SHIFTS: [&[i64]; 7] = [&[1], &[2], &[3], &[7], &[1, 1], &[1, 2], &[3, -1]];
const STDS: [f64; 6] = [0.3, 0.5, 1.0, 1.7, 4.0, 12.0];
const MARGINS: [f64; 4] = [-1.0, 0.5, 2.0, 5.0];

/// `Σ max(0, P(k) − e^ε P(k − shift))` against `δ(ε)` of the Gaussian mechanism, in one and two dimensions. The sum is
/// rounded up and the bound down, so that each case is a proof. The twin adds half the noise. Then μ on certificates; the twin
/// rounds it to nearest.
pub(super) fn divergence(context: &mut Context, subject: Subject) -> Outcome {
    let profiles = profiles(context, subject.pick(1.0, 0.5));
    let certificates = certificates_round_up(context, subject.pick(certified_mu as MuOf, nearest_mu));
    each_part(subject, [profiles, certificates])
}

fn profiles(context: &mut Context, share: f64) -> Outcome {
    let (mut largest, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for (i, &std) in STDS.iter().enumerate() {
        for shift in SHIFTS {
            let norm = shift.iter().map(|s| (s * s) as f64).sum::<f64>().sqrt();
            // below the exact quotient whichever way the root and the division rounded
            let mu = (norm / std).next_down().next_down();
            if !(0.25..=8.0).contains(&mu) || (shift.len() == 2 && std > 4.0) {
                continue;
            }
            let law = Law::new(std * share, shift.iter().map(|s| s.abs()).max().unwrap_or(0));
            for epsilon in epsilons(mu, std, norm) {
                let claimed = gaussian::delta_bounds(epsilon, mu).0;
                let divergence = law.divergence(shift, epsilon);
                largest = larger(largest, divergence / claimed);
                pairs.push(claimed, divergence);
                n += 1;
            }
        }
        context.progress(i + 1, STDS.len());
    }
    Outcome::at_most(largest, 1.0 + SLACK, n).with_note("divergence over δ(ε)").with_figure(
        pairs.picture("δ of rounded Gaussian noise, summed from its law, against what is certified"),
    )
}

/// A mechanism's μ.
type MuOf = fn(&LatticeGaussian<AddRemoveRow>) -> f64;

fn certified_mu(mechanism: &LatticeGaussian<AddRemoveRow>) -> f64 {
    mechanism.profile().mu().map_or(f64::NAN, Mu::get)
}

fn nearest_mu(mechanism: &LatticeGaussian<AddRemoveRow>) -> f64 {
    (mechanism.sensitivity().square() as f64).sqrt() / mechanism.noise_std().get()
}

/// The μ of a mechanism is at least `Δ/σ`, compared as integers: σ is a power of two, so that `μσ = m·2ᵉ` is exact.
fn certificates_round_up(context: &Context, mu_of: MuOf) -> Outcome {
    let mut rng = context.rng(0);
    let squares = (0..context.scale(20_000, 1_000_000)).map(|_| {
        let square = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
        (square >> rng.random_range(0..128), rng.random_range(-20..=50))
    });
    none_fails(squares.filter(|(square, _)| *square > 0), |(square, exponent)| {
        let sensitivity = LatticeL2Sensitivity::from_square(square, AddRemoveRow).expect("filtered");
        let std = noise_std(2_f64.powi(exponent));
        let mechanism = LatticeGaussian::with_noise_std(std, sensitivity).expect("at most 2⁵⁰");
        let mu = mu_of(&mechanism);
        !mu.is_nan() && square_is_at_least(mu * std.get(), square)
    })
    .with_note("μ on certificates")
}

/// Whether `x² ≥ square`, for a normal `x > 0`.
fn square_is_at_least(x: f64, square: u128) -> bool {
    let mantissa = u128::from(x.to_bits() & ((1 << 52) - 1) | 1 << 52);
    let exponent = 2 * ((x.to_bits() >> 52) as i32 - 1075);
    if exponent >= 0 {
        mantissa * mantissa >= square.div_ceil(1 << exponent)
    } else {
        // x² below 2¹²⁸ and square far above it would overflow the shift: then x² is the smaller
        square.leading_zeros() as i32 >= -exponent && mantissa * mantissa >= square << -exponent
    }
}

/// ε = 0, the given margins, and those at which the best event of one dimension ends at a half-integer.
fn epsilons(mu: f64, std: f64, norm: f64) -> Vec<f64> {
    let margins = MARGINS.iter().map(|margin| mu * (margin + mu / 2.0));
    let edges = [0.5, 1.5, 2.5].map(|edge| (edge - norm / 2.0) * norm / (std * std));
    let small = |epsilon: &f64| *epsilon >= 0.0 && epsilon / mu - mu / 2.0 <= 6.0;
    margins.chain(edges).chain([0.0]).filter(small).collect()
}

/// Certified probabilities of `−radius ..= radius`.
struct Law {
    radius: i64,
    pmf: Vec<(f64, f64)>,
    /// Bound of the probability beyond the radius, both sides.
    beyond: f64,
}

impl Law {
    fn new(std: f64, largest_shift: i64) -> Self {
        let radius = (REACH * std).ceil() as i64 + largest_shift;
        let law = noise(std);
        let half: Vec<_> = (0..=radius).map(|k| law.pmf_bounds(k)).collect();
        let pmf = half[1..].iter().rev().chain(&half).copied().collect();
        let beyond = 2.0 * normal::upper_tail_bounds((radius as f64 / std).next_down()).1;
        Self { radius, pmf, beyond }
    }

    fn bounds(&self, k: i64) -> (f64, f64) {
        let outside = (0.0, self.beyond);
        usize::try_from(k + self.radius).ok().and_then(|i| self.pmf.get(i)).copied().unwrap_or(outside)
    }

    /// Upper bound of the probability of a point, and lower bound of that of the point less the shift.
    fn pair(&self, point: &[i64], shift: &[i64]) -> (f64, f64) {
        let product = |product: (f64, f64), (&k, &s): (&i64, &i64)| {
            let (here, there) = (self.bounds(k).1, self.bounds(k - s).0);
            ((product.0 * here).next_up(), larger((product.1 * there).next_down(), 0.0))
        };
        point.iter().zip(shift).fold((1.0, 1.0), product)
    }

    /// Upper bound of the hockey-stick divergence between the law shifted by nothing and by `shift`.
    fn divergence(&self, shift: &[i64], epsilon: f64) -> f64 {
        let factor = certified::exp_bounds(epsilon).0;
        let mut total = shift.len() as f64 * self.beyond;
        let axis = || -self.radius..=self.radius;
        let points: Vec<Vec<i64>> = match shift.len() {
            1 => axis().map(|k| vec![k]).collect(),
            _ => axis().flat_map(|k| axis().map(move |l| vec![k, l])).collect(),
        };
        for point in points {
            let (here, there) = self.pair(&point, shift);
            let gain = here - (factor * there).next_down();
            if exceeds(gain, 0.0) {
                total = (total + gain.next_up()).next_up();
            }
        }
        total
    }
}

/// All events of the audit together accuse a private mechanism with at most this probability.
const ALPHA: f64 = 1e-6;

/// ε and δ that the audited mechanism is calibrated for.
const TARGET: (f64, f64) = (1.0, 1e-2);

/// Neighbouring statistics at distance `Δ = 5`.
const NEIGHBOURS: [[i64; 2]; 2] = [[40, -7], [43, -3]];

/// Releases of two neighbours, told apart by their projection on the difference (the most powerful test), at thresholds
/// fixed beforehand: the certified lower bound of ε is at most the ε of the certificate. The twin adds half the noise.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(250_000, 5_000_000);
    let sensitivity = LatticeL2Sensitivity::from_square(25, AddRemoveRow).expect("25 is positive");
    let claimed = LatticeGaussian::calibrate(epsilon(TARGET.0), delta(TARGET.1), sensitivity)
        .expect("little noise is supported");
    let std = claimed.noise_std().get();
    let mechanism = LatticeGaussian::with_noise_std(noise_std(subject.pick(std, std / 2.0)), sensitivity)
        .expect("little noise is supported");
    let mut rngs = [context.rng(0), context.rng(1)];
    let [first, second] = [0, 1].map(|i| projections(&mechanism, NEIGHBOURS[i], n, &mut rngs[i]));
    // in units of σ, from the first neighbour on, on the side of the second
    let thresholds = [0.5, 1.0, 1.5, 2.0, 2.25, 2.5];
    let thresholds = thresholds.map(|multiple| multiple * std);
    let events = Events::above(&thresholds, [&second, &first], context.spend(ALPHA));
    let audited = events.epsilon(TARGET.1);
    let figure = picture(&claimed, |epsilon| events.delta(epsilon));
    let certified = claimed.profile().epsilon(delta(TARGET.1));
    let honest = none_fails([certified], |certified| certified <= TARGET.0 * (1.0 + 1e-14));
    let audited = Outcome::at_most(audited, certified, 2 * n as u64).with_note("audited ε");
    Outcome::worst([audited.with_figure(figure), honest])
}

/// δ against ε: what the certificate grants, what the law on the integers needs, what the audit is sure of.
fn picture(claimed: &LatticeGaussian<AddRemoveRow>, least_delta: impl Fn(f64) -> f64) -> Figure {
    let grid: Vec<f64> = (0..=20).map(|i| 0.1 * f64::from(i)).collect();
    let shift = [NEIGHBOURS[1][0] - NEIGHBOURS[0][0], NEIGHBOURS[1][1] - NEIGHBOURS[0][1]];
    let law = Law::new(claimed.noise_std().get(), 5);
    let over = |delta: &dyn Fn(f64) -> f64| {
        grid.iter().map(|&epsilon| (epsilon, delta(epsilon))).collect::<Vec<_>>()
    };
    let title = "Privacy profile of Gaussian noise on the integers: certificate, exact divergence, audit";
    Figure::new(title, Axis::linear("ε"), Axis::logarithmic("δ"))
        .with_curve(Role::Bound, "certificate", over(&|epsilon| claimed.profile().delta(epsilon)))
        .with_curve(Role::Exact, "divergence of the law", over(&|epsilon| law.divergence(&shift, epsilon)))
        .with_curve(Role::Observed, "lower bound of the audit", over(&least_delta))
}

/// Where releases of a statistic lie from the first neighbour toward the second, in lattice steps.
fn projections(
    mechanism: &LatticeGaussian<AddRemoveRow>,
    steps: [i64; 2],
    n: usize,
    rng: &mut ChaCha20Rng,
) -> Vec<f64> {
    let lattice = Lattice::new(0).expect("integers are a lattice");
    let [from, to] = NEIGHBOURS;
    let one = |_| {
        let statistic = LatticeStatistic::new(steps.to_vec(), lattice, mechanism.sensitivity(), 1 << 20);
        let released = mechanism.release(statistic, "audit", rng).expect("small entries fit");
        let along =
            released.value().steps().iter().enumerate().map(|(j, r)| (r - from[j]) * (to[j] - from[j]));
        along.sum::<i64>() as f64 / 5.0
    };
    (0..n).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_compared_exactly() {
        for root in [1_u64, 3, (1 << 53) - 1, 1 << 60] {
            let square = u128::from(root).pow(2);
            assert!(square_is_at_least(root as f64, square), "{root}");
            assert!(!square_is_at_least(root as f64, square + 1), "{root}");
            assert!(!square_is_at_least((root as f64).next_down(), square), "{root}");
        }
        assert!(!square_is_at_least(1e-9, 1 << 100));
    }
}
