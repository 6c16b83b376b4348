//! The Gaussian sampling mechanism: what it allows, what it loses, what it draws.

use super::super::{delta, epsilon, none_fails};
use super::{change, draws};
use crate::checks::lower_bound::{Events, LowerBound, Stated};
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, exceeds, larger, smaller};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_nt};
use dp_mechanisms::covariance::{Neighbourhood, Target, chi_square};
use dp_mechanisms::{
    AddRemoveRow, ChangeBound, FailureProbability, GaussianSampling, PrivateCovariance, SamplingError,
};
use dp_testkit::statistics::{self, proportion_lower_bound};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use statrs::function::gamma::ln_gamma;

fn bound(size: f64) -> ChangeBound<AddRemoveRow> {
    ChangeBound::new(Neighbourhood::frobenius(size).expect("positive"), AddRemoveRow)
}

/// The published condition at equality, for spectra of any rank: its δ is met. The twin forgets δ.
pub(in super::super) fn published(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let cases: Vec<[f64; 3]> = (0..context.scale(60, 3_000))
        .map(|_| {
            let k = 10_f64.powf(rng.random_range(0.0..6.0)).round();
            [k, 10_f64.powf(rng.random_range(-2.0..0.9)), 10_f64.powf(rng.random_range(-15.0..-2.0))]
        })
        .collect();
    none_fails(cases, |[k, e, d]| {
        let size = published_change(k, e, subject.pick(-d.ln(), 1.0));
        Neighbourhood::frobenius(size).expect("positive").delta_upper(e, draws(k)) <= d
    })
}

fn published_change(k: f64, epsilon: f64, log: f64) -> f64 {
    smaller(epsilon / (8.0 * k * log).sqrt(), epsilon / (8.0 * log))
}

/// Least advantage and least share over the grid. The twin bounds moments and converts them as one used to, by
/// `e^{(α−1)(D − ε)}`.
pub(in super::super) fn advantage(context: &mut Context, subject: Subject) -> Outcome {
    let (mut advantage, mut share, mut n) = (f64::INFINITY, f64::INFINITY, 0);
    for k in [100.0, 1000.0, 10_000.0] {
        for d in [1e-5, 1e-6, 1e-10] {
            for e in [0.1, 1.0, 4.0] {
                let exact = Target::new(epsilon(e), delta(d)).largest_increase(draws(k)).get();
                let any_rank = || Neighbourhood::largest_frobenius(epsilon(e), delta(d), draws(k));
                let [one, any] = match subject {
                    Subject::AsShipped => [exact, any_rank().map_or(0.0, Neighbourhood::change)],
                    Subject::Broken => [classical(k, e, d); 2],
                };
                advantage = smaller(advantage, one / published_change(k, e, -d.ln()));
                share = smaller(share, any / exact);
                n += 1;
                context.progress(n, 27);
            }
        }
    }
    Outcome::worst([
        Outcome::at_least(advantage, 2.5, n as u64).with_note("over the published change"),
        Outcome::at_least(share, 0.98, n as u64).with_note("any rank over one"),
    ])
}

/// Largest change that `min_c e^{kℓ(c) − cε} ≤ δ` allows, `ℓ(c) = −(c/2) ln(1 + μ) − ½ ln(1 − cμ)`.
fn classical(k: f64, epsilon: f64, delta: f64) -> f64 {
    let exponent = |mu: f64| {
        let tilts = (1..2000).map(|i| f64::from(i) / 2000.0 / mu);
        let at = |c: f64| -0.5 * k * (c * mu.ln_1p() + (-c * mu).ln_1p()) - c * epsilon;
        tilts.map(at).fold(0.0, smaller)
    };
    let (mut low, mut high) = (1e-7, 1.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if exponent(middle) <= delta.ln() { low = middle } else { high = middle }
    }
    low
}

/// The stated profile against `∫ (p − e^ε q)₊` of the densities of the output, by quadrature: one changed eigenvalue,
/// where it is attained, and two, where it is not exceeded. The twin draws twice as often as its certificate says.
pub(in super::super) fn divergence(_: &mut Context, subject: Subject) -> Outcome {
    let mut one = Vec::new();
    for (k, size) in [(1.0, 0.4), (5.0, 0.3), (40.0, 0.1), (400.0, 0.05)] {
        one.extend([0.0, 0.2, 0.7].map(|e| (k, size, e)));
    }
    let drawn = |k: f64| subject.pick(k, 2.0 * k);
    // the trapezoid rule with a kink between two of 4000 nodes errs by less than 1e-5 of the largest values
    let attained = none_fails(one.iter(), |&(k, size, e)| {
        let claimed =
            GaussianSampling::with_draws(draws(k), bound(size).assume_rank_one()).profile().delta(e);
        let found = [size, -size / (1.0 + size)].map(|mu| output_divergence(&[mu], drawn(k), e));
        (larger(found[0], found[1]) / claimed - 1.0).abs() < 1e-4
    });
    let two = none_fails(one.iter(), |&(k, size, e)| {
        let claimed = GaussianSampling::with_draws(draws(k), bound(size)).profile().delta(e);
        let spread = [0.6, 0.8].map(|share| share * size);
        output_divergence(&spread, drawn(k), e) <= claimed * (1.0 + 1e-3)
    });
    // where one rises and one falls, two are attained as well, from eight draws on
    let pairs = none_fails(one.iter().filter(|case| case.0 >= 8.0), |&(k, size, e)| {
        let pair = ChangeBound::assume_opposite_pair(change(size), AddRemoveRow).expect("positive");
        let claimed = GaussianSampling::with_draws(draws(k), pair).profile().delta(e);
        let found = output_divergence(&[size, -size / (1.0 + size)], drawn(k), e);
        (found / claimed - 1.0).abs() < 1e-3
    });
    Outcome::worst([
        attained.with_note("one eigenvalue"),
        two.with_note("two eigenvalues"),
        pairs.with_note("an opposite pair"),
    ])
}

/// Hockey-stick divergence of sums of squares along the changed directions: gamma variables of shape k/2, those of
/// the second law smaller by `1 + μ`. One or two directions.
fn output_divergence(changes: &[f64], k: f64, epsilon: f64) -> f64 {
    let a = k / 2.0;
    let log_density = |x: f64| (a - 1.0) * x.ln() - x - ln_gamma(a);
    // in the variable √x the density is bounded at zero, also for one draw
    let nodes = if changes.len() == 1 { 4000 } else { 400 };
    let (low, high) = ((a.sqrt() - 6.0).max(0.0), a.sqrt() + 7.0);
    let step = (high - low) / f64::from(nodes);
    let axis: Vec<(f64, f64)> = (0..nodes)
        .map(|i| low + (f64::from(i) + 0.5) * step)
        .map(|root| (root * root, log_density(root * root) + (2.0 * root * step).ln()))
        .collect();
    let loss = |x: f64, mu: f64| mu * x - a * mu.ln_1p();
    let gain = |log_mass: f64, loss: f64| larger(log_mass.exp() * (1.0 - (epsilon - loss).exp()), 0.0);
    let first = |second_mass: f64, second_loss: f64| {
        axis.iter().map(|(x, mass)| gain(mass + second_mass, loss(*x, changes[0]) + second_loss)).sum::<f64>()
    };
    match changes.get(1) {
        None => first(0.0, 0.0),
        Some(mu) => axis.iter().map(|(x, mass)| first(*mass, loss(*x, *mu))).sum(),
    }
}

/// Confidence of the audit: all events of all twins together miss with at most this probability.
const ALPHA: f64 = 1e-6;
/// ε and δ that the audited mechanism is calibrated for: a large δ, because an audit sees no rarer event.
const TARGET: (f64, f64) = (1.0, 0.05);
const DRAWS: f64 = 6.0;
/// The direction in which neighbours differ.
const DIRECTION: [f64; 2] = [0.6, 0.8];

/// What can be wrong with a release.
#[derive(Clone, Copy)]
enum Fault {
    None,
    TwiceTheDraws,
    ScaleAsVariance,
}

/// Releases of the worst neighbours, `Σ' = 4I` and `Σ = 4(I + Δuuᵀ)`, told apart by their variance along u (the most
/// powerful test). Two twins are judged, one that draws twice as often and one that takes eigenvalues for their
/// roots; the milder finding counts. An audit that finds little is no evidence.
pub(in super::super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(20_000, 1_000_000);
    let size = Target::new(epsilon(TARGET.0), delta(TARGET.1)).largest_increase(draws(DRAWS)).get();
    let bound = bound(size).assume_rank_one();
    let profile = *GaussianSampling::with_draws(draws(DRAWS), bound).profile();
    let faults = subject.pick(&[Fault::None][..], &[Fault::TwiceTheDraws, Fault::ScaleAsVariance]);
    let stated = Stated {
        of: "draws from a private covariance",
        epsilon: profile.epsilon(delta(TARGET.1)),
        delta: TARGET.1,
        profile: &|epsilon| profile.delta(epsilon),
    };
    let found = faults.iter().map(|&fault| events(n, size, bound, fault, context));
    let milder = found.min_by(|a, b| a.epsilon(TARGET.1).total_cmp(&b.epsilon(TARGET.1)));
    stated.against(&milder.expect("a fault or none"), 0.5 * TARGET.0 / stated.epsilon)
}

/// How often the variance along u is large.
fn events(n: usize, size: f64, bound: ChangeBound<AddRemoveRow>, fault: Fault, context: &Context) -> Events {
    let k = if matches!(fault, Fault::TwiceTheDraws) { 2.0 * DRAWS } else { DRAWS };
    let mechanism = GaussianSampling::with_draws(draws(k), bound);
    let [first, second] = [size, 0.0].map(|size| {
        let mut rng = context.rng(u64::from(size > 0.0));
        let covariance = |scale: f64, size: f64| {
            Mat::from_fn(2, 2, |i, j| scale * (f64::from(i == j) + size * DIRECTION[i] * DIRECTION[j]))
        };
        // eigenvalues squared: 16 and 16(1 + Δ)²
        let (scale, size) = match fault {
            Fault::ScaleAsVariance => (16.0, (1.0 + size) * (1.0 + size) - 1.0),
            Fault::None | Fault::TwiceTheDraws => (4.0, size),
        };
        let one = |_| {
            let released = release(&mechanism, covariance(scale, size), bound, &mut rng);
            quadratic_form(released.as_ref(), &DIRECTION) / scale
        };
        (0..n).map(one).collect::<Vec<f64>>()
    });
    let thresholds = [1.0, 1.3, 1.6, 1.9, 2.2, 2.6];
    Events::above(&thresholds, [&first, &second], context.spend(ALPHA))
}

fn release(
    mechanism: &GaussianSampling<AddRemoveRow>,
    covariance: Mat,
    bound: ChangeBound<AddRemoveRow>,
    rng: &mut ChaCha20Rng,
) -> Mat {
    let covariance = PrivateCovariance::new(covariance, bound).expect("covariances are square");
    mechanism.release(&covariance, "check", rng).expect("the bound is the mechanism's").value().clone()
}

fn quadratic_form(matrix: MatRef<'_>, vector: &[f64]) -> f64 {
    let row = |i: usize| matrix.row(i).iter().zip(vector).map(|(a, x)| a * x).sum::<f64>();
    (0..vector.len()).map(|i| vector[i] * row(i)).sum()
}

/// Level of each of the two tests of the law.
const LAW_ALPHA: f64 = 1e-8;

/// A covariance whose eigenvectors are not the axes.
fn example() -> Mat {
    let entries = vec![4.0, 1.0, -0.5, 1.0, 2.0, 0.3, -0.5, 0.3, 0.25];
    Mat::from_vec(3, 3, entries).expect("nine entries")
}

/// Of a Wishart matrix W with k degrees of freedom in m dimensions, `aᵀWa/aᵀΣa` is chi-square with k degrees, and
/// `(Σ⁻¹)ₘₘ/(W⁻¹)ₘₘ` with `k − m + 1`; of a matrix and of a factor with a ridge. Near the end of f64 releases are those of
/// a smaller multiple. The twin averages `k − 1` draws over k.
pub(in super::super) fn law(context: &mut Context, subject: Subject) -> Outcome {
    let whole = || PrivateCovariance::new(example(), bound(0.1)).expect("square");
    let factored = || {
        let factor = Mat::from_vec(3, 2, vec![1.0, 0.5, -0.3, 2.0, 0.0, 0.7]).expect("six entries");
        PrivateCovariance::from_factor(factor, 0.4, bound(0.1)).expect("a positive ridge")
    };
    let laws = [law_of(context, subject, whole), law_of(context, subject, factored)];
    Outcome::worst([
        each_part(subject, laws),
        large(context).with_note("releases of large matrices that are no multiples"),
    ])
}

/// From one seed, a matrix and `2¹⁰²²` times it, whose larger eigenvalue is beyond f64.
fn large(context: &Context) -> Outcome {
    let mechanism = GaussianSampling::with_draws(draws(7.0), bound(0.1));
    let unit = f64::from_bits((1023 + 1022) << 52);
    none_fails([(3.8, 3.4), (3.82, 3.38), (3.9, -3.9)], |(diagonal, other)| {
        let at = |unit: f64| {
            let matrix = Mat::from_fn(2, 2, |i, j| unit * if i == j { diagonal } else { other });
            release(&mechanism, matrix, bound(0.1), &mut context.rng(2))
        };
        let (small, large) = (at(1.0), at(unit));
        let same = |(a, b): (&f64, &f64)| a * unit == *b || (a * unit / b - 1.0).abs() < 1e-12;
        small.as_slice().iter().zip(large.as_slice()).all(same)
    })
}

fn law_of(
    context: &mut Context,
    subject: Subject,
    covariance: impl Fn() -> PrivateCovariance<AddRemoveRow>,
) -> Outcome {
    let (n, k) = (context.scale(20_000, 1_000_000), 7.0);
    let drawn = k - subject.pick(0.0, 1.0);
    let mechanism = GaussianSampling::with_draws(draws(drawn), bound(0.1));
    let (sigma, along) = (covariance().assume_public(), [1.0, -2.0, 3.0]);
    let (variance, precision) = (quadratic_form(sigma.as_ref(), &along), last_of_inverse(sigma.as_ref()));
    let mut rng = context.rng(0);
    let (mut forms, mut complements) = (Vec::new(), Vec::new());
    for i in 0..n {
        let released =
            mechanism.release(&covariance(), "check", &mut rng).expect("the bound is the mechanism's");
        let released = released.value().clone();
        complements.push(drawn * precision / last_of_inverse(released.as_ref()));
        forms.push(drawn * quadratic_form(released.as_ref(), &along) / variance);
        context.progress(i + 1, n);
    }
    let p = [(forms, 7), (complements, 5)].map(|(values, degrees)| p_value(&values, degrees));
    context.spend(2.0 * LAW_ALPHA);
    Outcome::at_least(smaller(p[0], p[1]), LAW_ALPHA, n as u64).with_note(format!("p-values {p:.3?}"))
}

fn last_of_inverse(matrix: MatRef<'_>) -> f64 {
    let last = matrix.nrows() - 1;
    Cholesky::new(matrix)
        .and_then(|cholesky| cholesky.inverse())
        .map_or(f64::NAN, |inverse| inverse[(last, last)])
}

/// Pearson's test in cells of width one half, against certified probabilities.
fn p_value(values: &[f64], degrees: u32) -> f64 {
    let cells = 60;
    let mut counts = vec![0_u64; cells + 1];
    for value in values {
        counts[((2.0 * value) as usize).min(cells)] += 1;
    }
    let upto = |i: usize| chi_square::lower_tail_bounds(i as f64 / 2.0, degrees).0;
    let probabilities: Vec<f64> = (0..cells).map(|i| upto(i + 1) - upto(i)).collect();
    statistics::chi_square(&counts, &probabilities).p_value
}

/// Spectral and entrywise errors of many releases: each bound is missed no more often than γ. The twin takes leading
/// orders, `√(m/k)` and `√(2/k)`, for bounds.
pub(in super::super) fn utility(context: &mut Context, subject: Subject) -> Outcome {
    let (n, m, k, gamma) = (context.scale(2_000, 100_000), 3, 60.0, 0.2);
    let failure = FailureProbability::new(gamma).expect("a probability");
    let error = SamplingError::new(draws(k), m, failure);
    let spectral = subject.pick(error.spectral(), (m as f64 / k).sqrt());
    let entrywise = subject.pick(error.entrywise(), (2.0 / k).sqrt());
    let mechanism = GaussianSampling::with_draws(draws(k), bound(0.1));
    let sigma = example();
    let whiten = SymmetricEigen::new(sigma.as_ref()).expect("symmetric").map(|value| 1.0 / value.sqrt());
    let mut rng = context.rng(0);
    let mut misses = [0_u64; 2];
    for _ in 0..n {
        let released = release(&mechanism, sigma.clone(), bound(0.1), &mut rng);
        let half = matmul(whiten.as_ref(), released.as_ref(), Parallelism::Sequential).expect("square");
        let whole = matmul_nt(half.as_ref(), whiten.as_ref(), Parallelism::Sequential).expect("square");
        let values = SymmetricEigen::new(whole.as_ref()).expect("symmetric").values().to_vec();
        let far = |value: &f64| exceeds((value - 1.0).abs(), spectral);
        misses[0] += u64::from(values.iter().any(far));
        let off = |i: usize, j: usize| {
            let scale = (sigma[(i, i)] * sigma[(j, j)]).sqrt();
            exceeds((released[(i, j)] - sigma[(i, j)]).abs(), entrywise * scale)
        };
        misses[1] += u64::from((0..m).any(|i| (0..=i).any(|j| off(i, j))));
    }
    let rates = misses.map(|missed| proportion_lower_bound(missed, n as u64, context.spend(ALPHA)));
    let outcome = |rate: f64, note: &str| Outcome::at_most(rate, gamma, n as u64).with_note(note);
    Outcome::worst([outcome(rates[0], "spectral"), outcome(rates[1], "entrywise")])
}

/// Matrices that are no covariances at all are released like any other. The twin factors by Cholesky and passes its
/// error on.
pub(in super::super) fn failure(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut matrices: Vec<Mat> = [f64::NAN, f64::INFINITY, 1e308, -1e308, 5e-324, 0.0, -1.0]
        .into_iter()
        .flat_map(|entry| {
            [Mat::from_fn(3, 3, |_, _| entry), Mat::from_fn(3, 3, |i, j| if i == j { entry } else { 1.0 })]
        })
        .collect();
    matrices.extend(
        (0..context.scale(200, 10_000)).map(|_| Mat::from_fn(3, 3, |_, _| rng.random_range(-1.0..1.0))),
    );
    let mechanism = GaussianSampling::with_draws(draws(3.0), bound(0.1));
    let seed = context.rng(1);
    none_fails(matrices, |matrix| match subject {
        Subject::AsShipped => {
            let covariance = PrivateCovariance::new(matrix, bound(0.1)).expect("square");
            mechanism.release(&covariance, "check", &mut seed.clone()).is_ok()
        }
        Subject::Broken => Cholesky::new(matrix.as_ref()).is_ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::pair;
    use super::*;

    #[test]
    fn quadrature_agrees_with_chi_square_tails() {
        // an independent check of the oracle itself: four draws, both orders
        for mu in [0.5, -0.4] {
            let found = output_divergence(&[mu], 4.0, 0.3);
            let (lower, upper) =
                pair(mu, 4.0).in_orders(dp_mechanisms::covariance::Orders::AsGiven).delta_bounds(0.3);
            assert!((found / f64::midpoint(lower, upper) - 1.0).abs() < 1e-4, "{mu}: {found} {lower}");
        }
    }
}
