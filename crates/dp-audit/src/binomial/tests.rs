use super::*;
use core::cmp::Ordering;
use dp_mechanisms::FailureProbability;
use num_bigint::BigUint;
use proptest::prelude::*;

fn alpha(value: f64) -> FailureProbability {
    FailureProbability::new(value).unwrap()
}

/// `2^(bits·n)·P(X ≥ k)` for `p = numerator/2^bits`, exactly.
fn exact_tail(k: u64, n: u64, numerator: u64, bits: u32) -> BigUint {
    let (p, q) = (BigUint::from(numerator), BigUint::from((1_u64 << bits) - numerator));
    let mut choose = BigUint::from(1_u32);
    let mut sum = BigUint::ZERO;
    for i in 0..=n {
        if i >= k {
            sum += &choose * p.pow(i as u32) * q.pow((n - i) as u32);
        }
        choose = choose * (n - i) / (i + 1);
    }
    sum
}

/// Order of `x ≥ 0` and `fraction/2^shift`, exactly.
fn order(x: f64, fraction: &BigUint, shift: u64) -> Ordering {
    let (fraction_bits, exponent_bits) = (x.to_bits() & ((1 << 52) - 1), (x.to_bits() >> 52) as i64);
    let hidden = u64::from(exponent_bits > 0) << 52;
    let mantissa = BigUint::from(fraction_bits | hidden);
    let exponent = exponent_bits.max(1) - 1075 + shift as i64; // x·2^shift = mantissa·2^exponent
    if exponent >= 0 {
        (mantissa << exponent.unsigned_abs()).cmp(fraction)
    } else {
        mantissa.cmp(&(fraction << exponent.unsigned_abs()))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tails_hold_the_exact_sum(n in 1_u64..120, share in 0.0..=1.0_f64, bits in 1_u32..20, place in 0.0..1.0_f64) {
        let k = (share * n as f64).round() as u64;
        let numerator = (place * (1_u64 << bits) as f64) as u64;
        let exact = exact_tail(k, n, numerator, bits);
        let p = numerator as f64 / (1_u64 << bits) as f64;
        let (lower, upper) = tail_bounds(k, n, p).unwrap();
        let shift = u64::from(bits) * n;
        prop_assert!(order(lower, &exact, shift).is_le(), "{lower:e}");
        prop_assert!(order(upper, &exact, shift).is_ge(), "{upper:e}");
        prop_assert!(upper - lower < 1e-11 * upper.max(1e-3), "{lower:e} {upper:e}");
    }

    #[test]
    fn tails_agree_with_the_incomplete_beta_function(n in 1_u64..10_000, p in 1e-3..0.999_f64, z in -8.0..8.0_f64) {
        let mean = n as f64 * p;
        let k = (mean + z * (mean * (1.0 - p)).sqrt()).round().clamp(1.0, n as f64) as u64;
        let (lower, upper) = tail_bounds(k, n, p).unwrap();
        let beta = statrs::function::beta::beta_reg(k as f64, (n - k + 1) as f64, p);
        // the library states no bound, and its continued fraction is cut off: at n = 416 115 it is off by 1e-5
        prop_assert!(lower <= beta * (1.0 + 1e-9) && beta * (1.0 - 1e-9) <= upper, "{k} {n} {p}: {lower:e} {beta:e} {upper:e}");
        // n·10⁻¹⁵ of the exponent
        prop_assert!(upper - lower <= 1e-8 * upper, "{k} {n} {p}: {lower:e} {upper:e}");
    }

    #[test]
    fn bounds_have_exactly_the_tail_that_they_should(n in 1_u64..300, share in 0.0..=1.0_f64, exponent in -12.0..-0.31_f64) { // beyond ½ the two bounds may cross
        let k = (share * n as f64).round() as u64;
        let level = 10_f64.powf(exponent);
        let proportion = Proportion::new(k, n).unwrap();
        let (lower, upper) = (proportion.lower_bound(alpha(level)), proportion.upper_bound(alpha(level)));
        prop_assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
        if k > 0 {
            let tail = |p: f64| upper_tail(k, n, Chance::new(p));
            prop_assert!(tail(lower).hi <= level * (1.0 + 1e-11), "{lower}");
            prop_assert!(tail(lower * (1.0 + 1e-9)).lo > level || lower > 1.0 - 1e-9, "{lower}");
        }
        if k < n {
            let tail = |p: f64| upper_tail(n - k, n, Chance::new(p).swapped());
            prop_assert!(tail(upper).hi <= level * (1.0 + 1e-11), "{upper}");
            prop_assert!(tail(upper * (1.0 - 1e-9)).lo > level, "{upper}");
        }
    }
}

#[test]
fn a_tail_near_the_mean_holds_forty_digits() {
    // summed in decimal arithmetic of 50 digits: 0.50097936194381976497733126443500390453522466330182
    let (lower, upper) = tail_bounds(78_030, 710_321, 0.109_852_133_101_355_05).unwrap();
    assert!(lower < 0.500_979_361_943_819_7 && 0.500_979_361_943_819_9 < upper && upper - lower < 1e-9);
}

#[test]
fn bounds_of_all_or_nothing_are_the_closed_forms() {
    for (n, level) in [(1_u64, 0.5_f64), (10, 0.05), (1000, 1e-3), (100_000_000, 1e-6)] {
        // pⁿ = α and (1 − p)ⁿ = α
        let (all, none) = (Proportion::new(n, n).unwrap(), Proportion::new(0, n).unwrap());
        let root = (level.ln() / n as f64).exp();
        assert!((all.lower_bound(alpha(level)) / root - 1.0).abs() < 1e-12);
        let complement = -(level.ln() / n as f64).exp_m1();
        // the enclosure of 1 − p moves the exponent by n·10⁻¹⁶
        assert!((none.upper_bound(alpha(level)) / complement - 1.0).abs() < 1e-12 + 1e-16 * n as f64, "{n}");
        assert_eq!((all.upper_bound(alpha(level)), none.lower_bound(alpha(level))), (1.0, 0.0));
    }
}

#[test]
fn a_hundred_million_runs_are_bounded_tightly() {
    let proportion = Proportion::new(30_000_000, 100_000_000).unwrap();
    let (lower, upper) = (proportion.lower_bound(alpha(1e-3)), proportion.upper_bound(alpha(1e-3)));
    // Φ⁻¹(0.999) = 3.0902 standard deviations of 4.583e-5
    let width = 3.0902 * (0.3_f64 * 0.7 / 1e8).sqrt();
    assert!(((0.3 - lower) / width - 1.0).abs() < 1e-3 && ((upper - 0.3) / width - 1.0).abs() < 1e-3);
}

#[test]
fn tiny_levels_are_bounded() {
    let proportion = Proportion::new(10, 20).unwrap();
    // C(20, 10)·p¹⁰ ≈ 1e-300 at the bound
    let lower = proportion.lower_bound(alpha(1e-300));
    assert!((lower / (1e-300_f64 / 184_756.0).powf(0.1) - 1.0).abs() < 1e-6, "{lower:e}");
    // nearer to one than any float
    assert_eq!(proportion.upper_bound(alpha(1e-300)), 1.0);
}

#[test]
fn where_no_float_is_certified_the_bounds_are_those_of_any_probability() {
    // a miss in ten runs of probability 2⁻⁶⁰ each is likelier than α
    let smallest = alpha(f64::from_bits(1));
    assert_eq!(Proportion::new(9, 10).unwrap().upper_bound(smallest), 1.0);
    assert_eq!(Proportion::new(1, 1 << 53).unwrap().lower_bound(smallest), 0.0);
}

#[test]
fn refuses_counts_and_probabilities_that_cannot_be() {
    assert!(Proportion::new(0, 0).is_err() && Proportion::new(0, (1 << 53) + 1).is_err());
    assert!(
        tail_bounds(1, 2, f64::NAN).is_err()
            && tail_bounds(1, 2, 1.5).is_err()
            && tail_bounds(3, 2, 0.5).is_err()
    );
    assert!(serde_json::from_str::<Proportion>(r#"{"hits":3,"runs":2}"#).is_err());
}
