//! The wrong amount or kind of noise.

use super::{Bench, Fault, Rows, gaussian_count, value};
use crate::Subject;
use crate::checks::audit::noise::{rounded_gaussian, two_sided};
use crate::checks::audit::trial::{approximate, gaussian, pure, trial};
use dp_audit::{CellRatio, Neighbours, from_fn};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, gaussian as calibration};
use rand::RngExt;

pub(super) fn faults() -> Vec<Fault> {
    vec![
        Fault { name: "noise halved", claim: "μ = 1/4", build: halved },
        Fault { name: "δ ignored: σ = Δ/ε", claim: "(1, 1e-3)", build: delta_ignored },
        Fault { name: "scale used as a variance", claim: "μ = 1/9", build: scale_as_variance },
        Fault { name: "optimistic rounding of the noise", claim: "μ = 1/1.9", build: rounded_down },
        Fault { name: "noise of one sign", claim: "ε = ln 3", build: one_sign },
        Fault { name: "noise scaled to the data's own maximum", claim: "μ = 1/4", build: own_maximum },
        Fault {
            name: "noise from a coarse uniform by a float logarithm",
            claim: "ε = 1",
            build: coarse_uniform,
        },
    ]
}

fn halved(subject: Subject) -> Bench {
    gaussian_count(subject.pick(4.0, 2.0), gaussian(0.25, AddRemoveRow))
}

fn delta_ignored(subject: Subject) -> Bench {
    let (epsilon, delta) = (Epsilon::new(1.0).expect("positive"), Delta::new(1e-3).expect("a probability"));
    let calibrated = calibration::noise_std(epsilon, delta, 1.0).expect("ordinary").get();
    gaussian_count(subject.pick(calibrated, 1.0), approximate(1_f64.exp(), 1e-3, AddRemoveRow))
}

fn scale_as_variance(subject: Subject) -> Bench {
    gaussian_count(subject.pick(9.0, 9_f64.sqrt()), gaussian((1.0_f64 / 9.0).next_up(), AddRemoveRow))
}

fn rounded_down(subject: Subject) -> Bench {
    let std: f64 = 1.9;
    gaussian_count(subject.pick(std, std.floor()), gaussian((1.0 / std).next_up(), AddRemoveRow))
}

fn one_sign(subject: Subject) -> Bench {
    let count = from_fn(move |rows: &Rows, rng| {
        let noise = two_sided(1, 3, rng);
        rows.len() as i64 + subject.pick(noise, noise.abs())
    });
    let pair = Neighbours::new(vec![7; 10], vec![7; 11], AddRemoveRow);
    Bench::new(trial(count, pair, value, &pure(3.0, AddRemoveRow)))
}

/// Rows are at most 10, so the sum needs noise of standard deviation 40; four times the largest row is another thing.
fn own_maximum(subject: Subject) -> Bench {
    let noises = [4.0, 40.0].map(rounded_gaussian);
    let sum = from_fn(move |rows: &Rows, rng| {
        let largest = rows.iter().copied().max().unwrap_or(10);
        let noise = &noises[subject.pick(1, usize::from(largest > 1))];
        rows.iter().sum::<i64>() + noise.sample(rng)
    });
    let pair = Neighbours::new(vec![1, 1], vec![1, 1, 10], AddRemoveRow);
    let magnitude = CellRatio::new(|output: &i64| output.unsigned_abs().ilog2_or_zero());
    Bench::new(trial(sum, pair, magnitude, &gaussian(0.25, AddRemoveRow)))
}

trait OrZero {
    fn ilog2_or_zero(self) -> u32;
}

impl OrZero for u64 {
    fn ilog2_or_zero(self) -> u32 {
        self.checked_ilog2().unwrap_or(0)
    }
}

/// Ten random bits make `±ln u`, and the sum is rounded to a float: other values can occur on either neighbour (Mironov
/// 2012).
fn coarse_uniform(subject: Subject) -> Bench {
    let count = from_fn(move |rows: &Rows, rng| {
        let exact = rows.len() as f32;
        match subject {
            // e^{−1/1} is above 4/11: a step costs ln 11/4 > 1; nine tenths of the noise's odds keep the claim
            Subject::AsShipped => exact + two_sided(2, 5, rng) as f32,
            Subject::Broken => {
                let uniform = (f32::from(rng.random_range(0..1024_u16)) + 0.5) / 1024.0;
                exact + if rng.random::<bool>() { uniform.ln() } else { -uniform.ln() }
            }
        }
    });
    let pair = Neighbours::new(vec![7; 10], vec![7; 11], AddRemoveRow);
    let values = CellRatio::new(|output: &f32| output.to_bits());
    Bench::new(trial(count, pair, values, &pure(2.71, AddRemoveRow)))
}
