//! Certified bounds and calibration against references of 30 digits, and at the ends of the parameter range.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::noise_decimal::compare;
use dp_mechanisms::{
    Delta, Epsilon, Error, FailureProbability, Mu, NoiseStd, Parameter, gaussian,
    noise::{LatticeNoise, RoundedGaussian},
    normal,
};
use proptest::prelude::*;

/// Values by `noise_reference.py`.
const REFERENCE: &str = include_str!("noise_reference.txt");

/// Arguments and value of all lines of one kind.
fn references(kind: &str) -> Vec<(Vec<f64>, &'static str)> {
    let lines = REFERENCE.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let found: Vec<_> = lines
        .filter(|columns| columns[0] == kind)
        .map(|columns| {
            let (value, arguments) = columns[1..].split_last().unwrap();
            (arguments.iter().map(|a| a.parse().unwrap()).collect(), *value)
        })
        .collect();
    assert!(found.len() >= 6, "{kind}");
    found
}

fn assert_encloses(what: &str, arguments: &[f64], (lower, upper): (f64, f64), value: &str) {
    assert!(
        compare(lower, value).is_le() && compare(upper, value).is_ge(),
        "{what} {arguments:?}: {lower:e} {upper:e} {value}"
    );
    // two outward roundings to f64: at most one float strictly between
    assert!(upper <= lower.next_up().next_up(), "{what} {arguments:?}: {lower:e} {upper:e}");
}

#[test]
fn tails_enclose_their_references() {
    for (a, value) in references("tail") {
        assert_encloses("tail", &a, normal::upper_tail_bounds(a[0]), value);
        assert_encloses("cdf", &a, normal::cdf_bounds(-a[0]), value);
    }
}

#[test]
fn quantiles_enclose_their_references() {
    for (a, value) in references("quantile") {
        let p = FailureProbability::new(a[0]).unwrap();
        let (lower, upper) = (normal::upper_quantile_lower_bound(p), normal::upper_quantile(p));
        assert_encloses("quantile", &a, (lower, upper), value);
    }
}

#[test]
fn deltas_enclose_their_references() {
    let all = references("delta");
    assert!(all.len() >= 30, "{}", all.len());
    for (a, value) in all {
        assert_encloses("delta", &a, gaussian::delta_bounds(a[0], a[1]), value);
    }
}

#[test]
fn pmfs_enclose_their_references() {
    for (a, value) in references("pmf") {
        let law = RoundedGaussian::new(NoiseStd::new(a[0]).unwrap()).unwrap();
        assert_encloses("pmf", &a, law.pmf_bounds(a[1] as i64), value);
    }
}

/// The smallest float that is at least the exact value.
fn assert_best(sigma: f64, exact: &str) {
    assert!(compare(sigma, exact).is_ge(), "{sigma:e} is below {exact}");
    assert!(compare(sigma.next_down(), exact).is_lt(), "{sigma:e} is not the smallest float above {exact}");
}

#[test]
fn noise_is_the_smallest_float_above_its_reference() {
    for (a, value) in references("noise_std") {
        let (epsilon, delta) = (Epsilon::new(a[0]).unwrap(), Delta::new(a[1]).unwrap());
        assert_best(gaussian::noise_std(epsilon, delta, 1.0).unwrap().get(), value);
    }
}

#[test]
fn noise_is_the_smallest_float_above_independent_oracles() {
    // mpmath, 60 digits, bisection; the deltas are decimal powers rounded to floats, as here
    let oracles = [
        (0.1, 1e-6, 1.0, "36.30469042619578316016247"),
        (1.0, 1e-6, 1.0, "4.224678889326835292283418"),
        (1.0, 1e-10, 2.5, "14.66944437407631595804094"),
        (8.0, 1e-5, 1.0, "0.6002290721989515569456962"),
        (0.01, 1e-12, 1.0, "578.9978670614140850284678"),
        (1.0, 1e-300, 1.0, "36.86549789411109965286657"),
        (50.0, 1e-5, 1.0, "0.1497606075608360190997085"),
    ];
    for (epsilon, delta, sensitivity, exact) in oracles {
        let (epsilon, delta) = (Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
        assert_best(gaussian::noise_std(epsilon, delta, sensitivity).unwrap().get(), exact);
    }
}

#[test]
fn epsilons_bracket_the_exact_composition() {
    // peers that use FFT report less than these: mpmath, 60 digits
    let oracles = [(20.0, 100.0, 1e-6, 2.254_084_650_220), (20.0, 1000.0, 1e-6, 8.306_225_049_955)];
    for (sigma, steps, delta, exact) in oracles {
        let delta = Delta::new(delta).unwrap();
        // μ = √steps/σ, rounded to both sides: 1 ulp of the quotient and of the root
        let mu = f64::sqrt(steps) / sigma;
        let (below, above) = (Mu::new(mu * (1.0 - 4e-16)).unwrap(), Mu::new(mu * (1.0 + 4e-16)).unwrap());
        // the references have 13 digits
        assert!(gaussian::epsilon_lower(delta, below) <= exact + 1e-12);
        assert!(gaussian::epsilon_upper(delta, above) >= exact - 1e-12);
        assert!(gaussian::epsilon_upper(delta, above) - gaussian::epsilon_lower(delta, below) < 1e-12);
    }
}

#[test]
fn extreme_targets_are_met_and_the_next_float_fails() {
    let epsilons = [1e-300, 1e-6, 1.0, 100.0, 1e4, 1e100];
    let deltas = [5e-324, 1e-300, 1e-6, 0.5, 0.999_999, 1.0 - f64::EPSILON / 2.0];
    for epsilon in epsilons {
        for delta in deltas {
            let mu = gaussian::mu_for(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap()).get();
            assert!(gaussian::delta_bounds(epsilon, mu).1 <= delta, "({epsilon:e}, {delta:e}): {mu:e}");
            let worse = gaussian::delta_bounds(epsilon, mu.next_up()).1;
            assert!(worse > delta || delta == 5e-324, "({epsilon:e}, {delta:e}): {mu:e} {worse:e}");
        }
    }
}

#[test]
fn sensitivities_of_every_scale_are_calibrated_or_refused() {
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let unit = gaussian::noise_std(epsilon, delta, 1.0).unwrap().get();
    for exponent in [-1000, -30, 7, 1000] {
        // powers of two scale exactly
        let scale = 2.0_f64.powi(exponent);
        assert_eq!(gaussian::noise_std(epsilon, delta, scale).unwrap().get(), unit * scale);
    }
    for sensitivity in [1e-300, 1e300] {
        assert!(
            gaussian::noise_std(epsilon, delta, sensitivity).unwrap().get()
                >= unit * sensitivity * (1.0 - 4e-16)
        );
    }
    let overflow = Error::CalibrationOverflow { epsilon: 1.0, delta: 1e-6, sensitivity: f64::MAX };
    assert_eq!(gaussian::noise_std(epsilon, delta, f64::MAX), Err(overflow));
    for bad in [0.0, -1.0, f64::INFINITY] {
        let refused = Error::OutOfRange { parameter: Parameter::L2Sensitivity, value: bad };
        assert_eq!(gaussian::noise_std(epsilon, delta, bad), Err(refused));
    }
    assert!(gaussian::noise_std(epsilon, delta, f64::NAN).is_err());
}

#[test]
fn meaningless_questions_get_vacuous_answers() {
    for (epsilon, mu) in [(f64::NAN, 1.0), (1.0, f64::NAN), (-1.0, 1.0), (1.0, -1.0), (1.0, f64::INFINITY)] {
        assert_eq!(gaussian::delta_bounds(epsilon, mu), (0.0, 1.0));
    }
    assert_eq!(gaussian::delta_bounds(1.0, 0.0), (0.0, 0.0));
    assert_eq!(gaussian::delta_bounds(1e308, 1e-300), (0.0, 5e-324));
    assert_eq!(gaussian::delta_bounds(0.0, 1e300), (1.0_f64.next_down(), 1.0));
}

#[test]
fn certain_delta_costs_no_epsilon() {
    let mu = Mu::new(1e-3).unwrap();
    assert_eq!(gaussian::epsilon_upper(Delta::new(0.1).unwrap(), mu), 0.0);
    assert_eq!(gaussian::epsilon_lower(Delta::new(0.1).unwrap(), mu), 0.0);
    // an ε beyond the range of f64 is reported as infinite, not as the largest float
    assert_eq!(gaussian::epsilon_upper(Delta::new(0.1).unwrap(), Mu::new(1e200).unwrap()), f64::INFINITY);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn more_noise_never_costs_more(log_epsilon in -6.0..2.0_f64, log_delta in -60.0..-0.1_f64, factor in 1.0..3.0_f64) {
        let (epsilon, delta) = (10.0_f64.powf(log_epsilon), 10.0_f64.powf(log_delta));
        let mu = gaussian::mu_for(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap()).get();
        prop_assert!(gaussian::delta_bounds(epsilon, mu / factor).0 <= delta);
        prop_assert!(gaussian::delta_bounds(epsilon * factor, mu).0 <= delta);
        prop_assert!(gaussian::delta_bounds(epsilon, mu * factor * 1.000_001).1 >= delta);
    }

    #[test]
    fn epsilon_inverts_mu(log_epsilon in -3.0..3.0_f64, log_delta in -40.0..-2.0_f64) {
        let (epsilon, delta) = (10.0_f64.powf(log_epsilon), Delta::new(10.0_f64.powf(log_delta)).unwrap());
        let mu = gaussian::mu_for(Epsilon::new(epsilon).unwrap(), delta);
        // ε suffices at the calibrated μ, and no longer at the next one
        prop_assert!(gaussian::epsilon_upper(delta, mu) <= epsilon);
        let next = Mu::new(mu.get().next_up()).unwrap();
        prop_assert!(gaussian::epsilon_upper(delta, next) >= epsilon);
    }
}
