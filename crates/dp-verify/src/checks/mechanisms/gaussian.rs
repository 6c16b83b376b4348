//! The analytic Gaussian mechanism: profile, calibration, quantiles, against 60 digits.

use super::reference::{self, compare};
use super::{delta, epsilon, none_fails};
use crate::{Context, Outcome, Subject, largest};
use dp_mechanisms::{
    AddRemoveRow, FailureProbability, LatticeGaussian, LatticeL2Sensitivity, gaussian, normal,
};
use rand::{Rng, RngExt};

/// Enclosures hold 60-digit references, exactly compared, and are narrow. The twin rounds both ends to nearest.
pub(super) fn profile(_: &mut Context, subject: Subject) -> Outcome {
    let enclose = |&([epsilon, mu], value): &([f64; 2], &'static str)| {
        let (lower, upper) = gaussian::delta_bounds(epsilon, mu);
        let nearest: f64 = reference::number(value);
        let (lower, upper) = subject.pick((lower, upper), (nearest, nearest));
        (lower, upper, value)
    };
    let all: Vec<_> = reference::values("delta").iter().map(enclose).collect();
    let n = all.len() as u64;
    // the claim of tightness ends at 1e-300, before the floats themselves become coarse
    let tight = all.iter().filter(|(lower, ..)| *lower >= 1e-300);
    let widest = largest(tight.map(|(lower, upper, _)| (upper - lower) / lower));
    let holds = |(lower, upper, value): (f64, f64, &str)| {
        compare(lower, value).is_le() && compare(upper, value).is_ge()
    };
    Outcome::worst([Outcome::at_most(widest, 1e-13, n).with_note("relative width"), none_fails(all, holds)])
}

/// References for the least noise; a sweep in which certified δ meets the target and `1e-14` less noise does not. The
/// twin is one float below: what rounding to nearest does to every other target.
pub(super) fn calibration(context: &mut Context, subject: Subject) -> Outcome {
    let calibrated = |(e, d): (f64, f64)| {
        let std =
            gaussian::noise_std(epsilon(e), delta(d), 1.0).expect("the target is inside the claim").get();
        subject.pick(std, std.next_down())
    };
    let references = none_fails(reference::values("noise"), |([e, d], exact)| {
        let std = calibrated((e, d));
        compare(std, exact).is_ge() && compare(std * (1.0 - 1e-14), exact).is_lt()
    });
    let mut rng = context.rng(0);
    let targets: Vec<_> = (0..context.scale(300, 20_000)).map(|_| target(&mut rng)).collect();
    let sweep = none_fails(targets.iter().copied(), |(e, d)| is_least(e, d, calibrated((e, d))));
    let lattice = none_fails(targets.into_iter().take(100), lattice_agrees);
    Outcome::worst([references.with_note("reference values outside"), sweep, lattice])
}

/// ε from 1e-6 to 100 and δ from 1e-300 to 1/2, log-uniform: there `∂ ln δ/∂ ln μ ≥ 0.8`, so that δ shows `1e-14` of σ.
fn target<R: Rng>(rng: &mut R) -> (f64, f64) {
    (10_f64.powf(rng.random_range(-6.0..2.0)), 10_f64.powf(rng.random_range(-300.0..-0.302)))
}

/// `μ = 1/σ` is rounded toward the answer that is granted: one float, `1.1e-16` relative.
fn is_least(epsilon: f64, delta: f64, std: f64) -> bool {
    let less = 1.0 / (std * (1.0 - 1e-14));
    gaussian::delta_bounds(epsilon, (1.0 / std).next_down()).0 <= delta
        && gaussian::delta_bounds(epsilon, less.next_up()).1 > delta
}

/// The lattice mechanism at `Δ = 3` has at least the least noise, and at most `1e-14` more.
fn lattice_agrees((e, d): (f64, f64)) -> bool {
    let least = gaussian::noise_std(epsilon(e), delta(d), 3.0).expect("the target is inside the claim").get();
    let sensitivity = LatticeL2Sensitivity::from_square(9, AddRemoveRow).expect("nine is positive");
    let std = LatticeGaussian::calibrate(epsilon(e), delta(d), sensitivity).map(|m| m.noise_std().get());
    std.is_ok_and(|std| least <= std && std <= least * (1.0 + 1e-14))
}

/// References in 60 digits and a sweep over `p`. The twin is one float below.
pub(super) fn quantile(context: &mut Context, subject: Subject) -> Outcome {
    let threshold = |p: f64| {
        let x = normal::upper_quantile(FailureProbability::new(p).expect("0 < p < 1"));
        subject.pick(x, x.next_down())
    };
    let references = none_fails(reference::values("quantile"), |([p], exact)| {
        let x = threshold(p);
        compare(x, exact).is_ge() && compare(x.next_down(), exact).is_lt()
    });
    let mut rng = context.rng(0);
    let probabilities = (0..context.scale(1_000, 50_000)).map(|i| {
        if i % 2 == 0 { 10_f64.powf(rng.random_range(-300.0..0.0)) } else { rng.random_range(0.001..0.999) }
    });
    let sweep = none_fails(probabilities, |p| {
        let x = threshold(p);
        normal::upper_tail_bounds(x).0 <= p && normal::upper_tail_bounds(x.next_down()).1 >= p
    });
    Outcome::worst([references.with_note("reference values outside"), sweep])
}
