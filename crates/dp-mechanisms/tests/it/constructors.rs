//! Constructors refuse exactly what they say they refuse: any numbers, the awkward ones often.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dp_mechanisms::accounting::FixedSize;
use dp_mechanisms::continual::{BinaryTreeSum, SquareRootFactor, SquareRootSum, StreamOptions, TreeShape};
use dp_mechanisms::covariance::{Draws, EigenvalueChange, Neighbourhood};
use dp_mechanisms::noise::{FrobeniusGaussian, LatticeNoise, Truncated};
use dp_mechanisms::symmetric::{packed_len, packed_order};
use dp_mechanisms::{
    AddRemoveRow, Delta, DiscreteGaussian, DiscreteLaplace, Epsilon, Error, FailureProbability, Group,
    L1Sensitivity, L2Sensitivity, Lattice, LatticeFrobeniusSensitivity, LatticeGaussian,
    LatticeL1Sensitivity, LatticeL2Sensitivity, LatticeLaplace, Mu, NoiseScale, NoiseStd, Parameter,
    PerturbRow, PrivacyProfile, QuantileLevel, RenyiOrder, Rho, RoundedGaussian, SamplingRate,
    SymmetricGaussian, SymmetricLatticeMatrix, gaussian, normal,
};
use proptest::prelude::*;
use proptest::sample::select;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use serde::{Serialize, de::DeserializeOwned};

/// The ends of ranges, and what is next to them.
const AWKWARD: [f64; 26] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.0 - f64::EPSILON / 2.0,
    1.0 + f64::EPSILON,
    -1.0 + f64::EPSILON / 2.0,
    -1.0 - f64::EPSILON,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    -f64::MIN_POSITIVE,
    f64::from_bits(1),
    -f64::from_bits(1),
    f64::from_bits((1 << 52) - 1),
    (1_u64 << 50) as f64,
    ((1_u64 << 50) as f64).next_up(),
    (1_u64 << 53) as f64,
    1e100,
    1.000_000_000_000_001e100,
    15.999_999,
    16.0,
];

/// All bit patterns; sizes over the whole range; the ends of ranges.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        2 => any::<u64>().prop_map(f64::from_bits),
        2 => (-320.0..308.0).prop_map(|exponent: f64| 10_f64.powf(exponent)),
        1 => -2.0..2.0,
        3 => select(&AWKWARD[..]),
    ]
}

/// Integers of all sizes.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (any::<u64>(), 0_u32..64).prop_map(|(n, shift)| n >> shift),
        1 => select(&[0, 1, 2, 1 << 20, (1 << 20) + 1, 1 << 40, (1 << 40) + 1, 1 << 62, (1 << 62) + 1, u64::MAX][..]),
    ]
}

fn is_positive(x: f64) -> bool {
    x > 0.0 && x < f64::INFINITY
}

fn is_open_probability(x: f64) -> bool {
    x > 0.0 && x < 1.0
}

/// Whether a parameter was refused with its own name and the value as given.
fn refuses(error: Error, expected: Parameter, given: f64) -> bool {
    let Error::OutOfRange { parameter, value } = error else { return false };
    parameter == expected && value.to_bits() == given.to_bits()
}

fn needs_another_lattice(error: Error) -> bool {
    matches!(error, Error::NoiseUnsupported { .. } | Error::ScaleUnsupported { .. })
}

/// What `new` and reading from a file accept, and what becomes of it.
fn check_parameter<T: Copy + Into<f64> + Serialize + DeserializeOwned>(
    x: f64,
    made: Result<T, Error>,
    (parameter, inside): (Parameter, bool),
) -> Result<(), TestCaseError> {
    match made {
        Ok(made) => {
            prop_assert!(inside, "{parameter:?} accepts {x:e}");
            prop_assert_eq!(made.into().to_bits(), x.to_bits());
            let text = serde_json::to_string(&made).unwrap();
            prop_assert_eq!(serde_json::from_str::<T>(&text).unwrap().into().to_bits(), x.to_bits());
        }
        Err(error) => {
            prop_assert!(!inside && refuses(error, parameter, x), "{parameter:?} refuses {x:e}: {error:?}");
            prop_assert!(serde_json::from_value::<T>(serde_json::json!(x)).is_err());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn parameters_are_those_in_their_stated_ranges(x in number()) {
        check_parameter(x, Epsilon::new(x), (Parameter::Epsilon, is_positive(x)))?;
        check_parameter(x, Delta::new(x), (Parameter::Delta, is_open_probability(x)))?;
        check_parameter(x, Rho::new(x), (Parameter::Rho, is_positive(x)))?;
        check_parameter(x, Mu::new(x), (Parameter::Mu, is_positive(x)))?;
        check_parameter(x, RenyiOrder::new(x), (Parameter::RenyiOrder, x > 1.0 && x < f64::INFINITY))?;
        let failure = (Parameter::FailureProbability, is_open_probability(x));
        check_parameter(x, FailureProbability::new(x), failure)?;
        check_parameter(x, NoiseStd::new(x), (Parameter::NoiseStd, is_positive(x)))?;
        check_parameter(x, NoiseScale::new(x), (Parameter::NoiseScale, is_positive(x)))?;
        check_parameter(x, SamplingRate::new(x), (Parameter::SamplingRate, x > 0.0 && x <= 1.0))?;
        check_parameter(x, QuantileLevel::new(x), (Parameter::QuantileLevel, is_open_probability(x)))?;
        let change = (Parameter::EigenvalueChange, x > -1.0 && x < f64::INFINITY);
        check_parameter(x, EigenvalueChange::new(x), change)?;
    }

    #[test]
    fn real_sensitivities_and_radii_are_positive_and_finite(x in number()) {
        let [l1, l2] = [
            L1Sensitivity::new(x, AddRemoveRow).map(L1Sensitivity::get),
            L2Sensitivity::new(x, AddRemoveRow).map(L2Sensitivity::get),
        ];
        let radius = PerturbRow::new(x).map(PerturbRow::radius);
        for (made, parameter) in
            [(l1, Parameter::L1Sensitivity), (l2, Parameter::L2Sensitivity), (radius, Parameter::Radius)]
        {
            match made {
                Ok(value) => prop_assert!(is_positive(x) && value == x, "{parameter:?} {x:e}"),
                Err(error) => prop_assert!(!is_positive(x) && refuses(error, parameter, x), "{error:?}"),
            }
        }
    }

    #[test]
    fn lattice_sensitivities_are_any_integers_but_zero(left in any::<u128>(), right in count(), shift in 0_u32..128) {
        let left = left >> shift;
        let made = [
            LatticeL2Sensitivity::from_square(left, AddRemoveRow).map(LatticeL2Sensitivity::square),
            LatticeFrobeniusSensitivity::from_square(left, AddRemoveRow).map(LatticeFrobeniusSensitivity::square),
        ];
        for made in made {
            prop_assert_eq!(made.ok(), (left > 0).then_some(left));
        }
        prop_assert_eq!(LatticeL1Sensitivity::new(right, AddRemoveRow).is_ok(), right > 0);
        let product = LatticeL2Sensitivity::from_square_product(left, right.into(), AddRemoveRow);
        let overflow = Error::SensitivityOverflow { left, right: right.into() };
        let square = left.checked_mul(right.into()).ok_or(overflow);
        prop_assert_eq!(product.map(LatticeL2Sensitivity::square).ok(), square.ok().filter(|&square| square > 0));
        prop_assert_eq!(product == Err(overflow), square.is_err());
    }

    #[test]
    fn groups_draws_and_lattices_check_their_ranges(n in any::<u32>(), shift in 0_u32..33, exponent in -1100_i32..1000) {
        let n = n.checked_shr(shift).unwrap_or(0);
        prop_assert_eq!(Group::new(n, AddRemoveRow).is_ok(), n > 0);
        prop_assert_eq!(Draws::new(n).is_ok(), n > 0);
        let times = Draws::new(3).unwrap().times(n).map(Draws::get);
        prop_assert_eq!(times.ok(), n.checked_mul(3).filter(|&product| product > 0));
        prop_assert_eq!(Lattice::new(exponent).is_ok(), (-1000..=900).contains(&exponent));
        prop_assert_eq!(serde_json::from_str::<Lattice>(&exponent.to_string()).ok(), Lattice::new(exponent).ok());
    }

    #[test]
    fn neighbourhoods_check_their_change(x in number()) {
        let (bounded, below_one) = (x > 0.0 && x <= 1e100, x > 0.0 && x < 1.0);
        for (made, inside) in [
            (Neighbourhood::frobenius(x), bounded),
            (Neighbourhood::frobenius_in_one_order(x), below_one),
            (Neighbourhood::jeffreys(x), bounded),
        ] {
            prop_assert_eq!(made.is_ok(), inside);
            if let Ok(made) = made {
                prop_assert_eq!(made.change().to_bits(), x.to_bits());
                let text = serde_json::to_string(&made).unwrap();
                prop_assert_eq!(serde_json::from_str::<Neighbourhood>(&text).unwrap(), made);
            }
        }
    }

    #[test]
    fn samples_of_fixed_size_are_parts_of_the_population(sample in count(), population in count()) {
        prop_assert_eq!(FixedSize::new(sample, population).is_ok(), 0 < sample && sample <= population);
    }

    #[test]
    fn packed_triangles_have_triangular_lengths(entries in 0_usize..5000) {
        let order = (0..100).find(|&order| packed_len(order) == entries);
        prop_assert_eq!(packed_order(entries).ok(), order);
        let matrix = SymmetricLatticeMatrix::new(vec![0; entries], Lattice::new(0).unwrap());
        prop_assert_eq!(matrix.map(|matrix| matrix.order()).ok(), order);
    }

    #[test]
    fn horizons_check_their_range(horizon in count()) {
        match TreeShape::new(horizon) {
            Ok(shape) => {
                prop_assert!((1..=TreeShape::MAX_HORIZON).contains(&horizon));
                prop_assert_eq!(shape.horizon(), horizon);
                prop_assert!((1..=horizon.ilog2() + 1).contains(&shape.levels()));
            }
            Err(error) => {
                prop_assert!(!(1..=TreeShape::MAX_HORIZON).contains(&horizon));
                prop_assert!(refuses(error, Parameter::Horizon, horizon as f64));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn samplers_accept_every_parameter_up_to_the_largest_and_sample_it(x in number()) {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let (Ok(std), Ok(scale)) = (NoiseStd::new(x), NoiseScale::new(x)) else { return Ok(()) };
        let inside = x <= (1_u64 << 50) as f64;
        // 60 standard deviations or scales: further with probability below 1e-25 for each draw
        let near = |k: i64| (k.unsigned_abs() as f64) <= 60.0 * x + 1.0;
        match RoundedGaussian::new(std) {
            Ok(noise) => prop_assert!(inside && near(noise.sample(&mut rng))),
            Err(error) => prop_assert!(!inside && needs_another_lattice(error)),
        }
        match DiscreteGaussian::new(std) {
            Ok(noise) => prop_assert!(inside && near(noise.sample(&mut rng))),
            Err(error) => prop_assert!(!inside && needs_another_lattice(error)),
        }
        match DiscreteLaplace::new(scale) {
            Ok(noise) => prop_assert!(inside && near(noise.sample(&mut rng))),
            Err(error) => prop_assert!(!inside && needs_another_lattice(error)),
        }
        match FrobeniusGaussian::new(std) {
            Ok(noise) => {
                let (diagonal, off_diagonal) = (noise.diagonal().noise_std(), noise.off_diagonal().noise_std());
                prop_assert!(inside && diagonal == std && off_diagonal <= diagonal);
            }
            Err(error) => prop_assert!(!inside && needs_another_lattice(error)),
        }
    }

    #[test]
    fn truncated_noise_is_within_any_supported_bound(exponent in -3.0..15.0, bound in count()) {
        let scale = NoiseScale::new(10_f64.powf(exponent)).unwrap();
        let made = Truncated::new(DiscreteLaplace::new(scale).unwrap(), bound);
        prop_assert_eq!(made.is_ok(), bound <= Truncated::<DiscreteLaplace>::MAX_BOUND);
        if let Ok(noise) = made {
            prop_assert!(noise.sample(&mut ChaCha20Rng::seed_from_u64(3)).unsigned_abs() <= bound);
        }
    }

    /// Any noise for any sensitivity: made with a guarantee that is no better than the quotient, or refused for a stated reason.
    #[test]
    fn mechanisms_of_any_noise_state_at_least_the_quotient(x in number(), steps in count()) {
        let (Ok(std), Ok(scale), true) = (NoiseStd::new(x), NoiseScale::new(x), steps > 0) else { return Ok(()) };
        let square = u128::from(steps).pow(2);
        let (quotient, supported) = (steps as f64 / x, x <= (1_u64 << 50) as f64);
        let l2 = LatticeL2Sensitivity::from_square(square, AddRemoveRow).unwrap();
        let frobenius = LatticeFrobeniusSensitivity::from_square(square, AddRemoveRow).unwrap();
        let l1 = LatticeL1Sensitivity::new(steps, AddRemoveRow).unwrap();
        let mus = [
            LatticeGaussian::with_noise_std(std, l2).map(|made| made.profile().mu().unwrap().get()),
            SymmetricGaussian::with_noise_std(std, frobenius).map(|made| made.profile().mu().unwrap().get()),
        ];
        for mu in mus {
            match mu {
                Ok(mu) => prop_assert!(supported && mu >= quotient, "{mu:e} {quotient:e}"),
                Err(error) => prop_assert!(!supported || quotient > 1e308, "{error:?}"),
            }
        }
        match LatticeLaplace::with_noise_scale(scale, l1) {
            Ok(made) => {
                prop_assert!(supported);
                // at 0.999 of the quotient an honest guarantee has something left
                let below = 0.999 * quotient;
                prop_assert!(made.profile().delta(below) > 0.0 || !(1e-300..600.0).contains(&quotient));
            }
            Err(error) => prop_assert!(!supported || quotient > 1e308, "{error:?}"),
        }
    }

    #[test]
    fn quantiles_of_any_probability_are_covered(p in number()) {
        let Ok(probability) = FailureProbability::new(p) else { return Ok(()) };
        let quantile = normal::upper_quantile(probability);
        prop_assert!(normal::upper_tail_bounds(quantile).0 <= p);
    }

    #[test]
    fn streams_of_any_shape_are_made_or_refused_for_a_stated_reason(
        horizon in count(), width in 0_usize..5, std in number(), square in any::<u128>(), max_abs in count()
    ) {
        let (Ok(std), Ok(sensitivity)) =
            (NoiseStd::new(std), LatticeL2Sensitivity::from_square(square >> 100, AddRemoveRow)) else { return Ok(()) };
        let options = StreamOptions::new(horizon, width, sensitivity).with_max_abs(max_abs);
        let is_shape = |most: u64| width > 0 && (1..=most).contains(&horizon);
        let tree = BinaryTreeSum::with_noise_std(std, options);
        prop_assert!(tree.is_err() || is_shape(TreeShape::MAX_HORIZON));
        // a table for the square root takes time: short streams, and what is refused
        if horizon <= 1 << 10 || horizon > SquareRootFactor::MAX_HORIZON {
            let root = SquareRootSum::with_noise_std(std, options);
            prop_assert!(root.is_err() || is_shape(SquareRootFactor::MAX_HORIZON));
            let modest = (1e-3..1e9).contains(&std.get()) && max_abs < 1 << 40;
            prop_assert!(root.is_ok() || !modest || !is_shape(SquareRootFactor::MAX_HORIZON));
        }
        let modest = (1e-3..1e9).contains(&std.get()) && max_abs < 1 << 60;
        prop_assert!(tree.is_ok() || !modest || !is_shape(TreeShape::MAX_HORIZON));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn analytic_calibration_never_panics_and_meets_any_target(epsilon in number(), delta in number(), l2 in number()) {
        let (Ok(epsilon), Ok(delta)) = (Epsilon::new(epsilon), Delta::new(delta)) else { return Ok(()) };
        let mu = gaussian::mu_for(epsilon, delta);
        prop_assert!(gaussian::delta_bounds(epsilon.get(), mu.get()).1 <= delta.get());
        match gaussian::noise_std(epsilon, delta, l2) {
            Ok(std) => {
                // one float down in μ is more than one float up in σ
                let met = (l2 / std.get()).next_down();
                prop_assert!(is_positive(l2));
                prop_assert!(met <= 0.0 || gaussian::delta_bounds(epsilon.get(), met).0 <= delta.get());
            }
            Err(Error::CalibrationOverflow { .. }) => prop_assert!(l2 / mu.get() > 1e307),
            Err(error) => prop_assert!(!is_positive(l2) && refuses(error, Parameter::L2Sensitivity, l2)),
        }
    }

    #[test]
    fn guarantees_of_any_size_answer_questions_of_any_size(x in number(), at in number(), count in 1_u64..3) {
        let (Ok(epsilon), Ok(rho)) = (Epsilon::new(x), Rho::new(x)) else { return Ok(()) };
        for once in [
            PrivacyProfile::pure(epsilon, AddRemoveRow),
            PrivacyProfile::approximate(epsilon, Delta::new(1e-9).unwrap(), AddRemoveRow),
            PrivacyProfile::laplace(epsilon, AddRemoveRow),
            PrivacyProfile::zero_concentrated_from(rho, AddRemoveRow),
        ] {
            let (lower, upper) = once.repeated(count).delta_bounds(at);
            prop_assert!(0.0 <= lower && lower <= upper && upper <= 1.0, "{once:?}");
        }
    }
}

#[test]
fn the_awkward_numbers_are_all_met() {
    // so that an end of a range that the strategies miss is still tried
    for x in AWKWARD {
        assert_eq!(Epsilon::new(x).is_ok(), is_positive(x), "{x:e}");
        assert_eq!(Delta::new(x).is_ok(), is_open_probability(x), "{x:e}");
        assert_eq!(SamplingRate::new(x).is_ok(), x > 0.0 && x <= 1.0, "{x:e}");
        assert_eq!(RenyiOrder::new(x).is_ok(), x > 1.0 && x < f64::INFINITY, "{x:e}");
        let sampler = NoiseStd::new(x).and_then(RoundedGaussian::new);
        assert_eq!(sampler.is_ok(), x > 0.0 && x <= (1_u64 << 50) as f64, "{x:e}");
    }
}
