//! Laws that every guarantee obeys, whatever it is made of.
//!
//! `delta_bounds` and `epsilon_bounds` keep their own two ends in order, so that comparing these would show nothing. Compared are
//! bounds that were found on different ways: lower bounds at one point with upper bounds at another, of another order of the parts,
//! of another accountant, of more mechanisms.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dp_mechanisms::accounting::{Filter, FixedSize, Odometer, Poisson};
use dp_mechanisms::{
    Accountant, AddRemoveRow, ArithmeticModel, Certificate, Delta, Epsilon, Error, Group, Mu, PrivacyProfile,
    RenyiOrder, ReplaceRow, Rho, SamplingRate,
};
use proptest::prelude::*;
use proptest::sample::select;

type Profile = PrivacyProfile<AddRemoveRow>;

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

fn delta(value: f64) -> Delta {
    Delta::new(value).unwrap()
}

fn gaussian(mu: f64) -> Profile {
    PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow)
}

fn poisson(rate: f64) -> Poisson {
    Poisson::new(SamplingRate::new(rate).unwrap())
}

/// Log-uniform between powers of ten.
fn between(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|exponent| 10_f64.powf(exponent))
}

/// Values of ε at which δ may be next to one, next to nothing, or in between.
fn question() -> impl Strategy<Value = f64> {
    prop_oneof![1 => Just(0.0), 4 => between(-3.0, 0.9), 1 => between(0.9, 2.5)]
}

/// One mechanism that has a guarantee in one of the five notions.
fn mechanism() -> impl Strategy<Value = Profile> {
    prop_oneof![
        between(-2.0, 1.3).prop_map(|e| PrivacyProfile::pure(epsilon(e), AddRemoveRow)),
        (between(-2.0, 1.3), between(-9.0, -4.0)).prop_map(|(e, d)| PrivacyProfile::approximate(
            epsilon(e),
            delta(d),
            AddRemoveRow
        )),
        between(-2.0, 1.3).prop_map(gaussian),
        between(-2.0, 1.3).prop_map(|e| PrivacyProfile::laplace(epsilon(e), AddRemoveRow)),
    ]
}

/// The same, or with a zero-concentrated guarantee, of which loss distributions know nothing from above.
fn any_mechanism() -> impl Strategy<Value = Profile> {
    let concentrated = between(-4.0, 0.0)
        .prop_map(|rho| PrivacyProfile::zero_concentrated_from(Rho::new(rho).unwrap(), AddRemoveRow));
    prop_oneof![4 => mechanism(), 1 => concentrated]
}

fn sum<'a>(parts: impl IntoIterator<Item = &'a Profile>) -> Profile {
    let nothing = PrivacyProfile::nothing(AddRemoveRow);
    parts.into_iter().fold(nothing, |total, part| total.and(part).unwrap())
}

/// A few mechanisms, each a few times.
fn composition() -> impl Strategy<Value = Profile> {
    prop::collection::vec((any_mechanism(), 1_u64..12), 1..4)
        .prop_map(|parts| sum(&parts.iter().map(|(part, count)| part.repeated(*count)).collect::<Vec<_>>()))
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig::with_cases(cases)
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn delta_falls_with_epsilon(total in composition(), at in question(), further in between(-3.0, 0.5)) {
        let (lower, upper) = (total.delta_bounds(at + further).0, total.delta_bounds(at).1);
        prop_assert!(lower <= upper, "{lower:e} {upper:e}");
        prop_assert!((0.0..=1.0).contains(&lower) && (0.0..=1.0).contains(&upper));
    }

    #[test]
    fn epsilon_falls_with_delta(total in composition(), at in between(-10.0, -2.0), factor in between(0.0, 3.0)) {
        let larger = delta((at * factor).min(0.5));
        let (lower, upper) = (total.epsilon_bounds(larger).0, total.epsilon_bounds(delta(at)).1);
        prop_assert!(0.0 <= lower && lower <= upper, "{lower} {upper}");
    }

    /// At the upper bound of ε no more than δ is left; before the lower bound there is more.
    #[test]
    fn epsilon_and_delta_are_inverse_to_each_other(total in composition(), at in between(-10.0, -2.0)) {
        let (lower, upper) = total.epsilon_bounds(delta(at));
        prop_assert!(upper.is_infinite() || total.delta_bounds(upper).0 <= at);
        prop_assert!(lower == 0.0 || total.delta_bounds(lower.next_down()).1 >= at);
    }

    #[test]
    fn bounds_are_close_where_one_known_loss_is_repeated(part in mechanism(), count in 1_u64..12) {
        let (lower, upper) = part.repeated(count).epsilon_bounds(delta(1e-3));
        // a grid adds 3e-7 of ε or of its deviation; where ε is nearly zero, what the slope of δ makes of that
        // more than δ may be infinite
        prop_assert!(lower == upper || upper - lower <= 1e-4 * (upper + 1.0), "{lower} {upper}");
    }

    #[test]
    fn nothing_adds_nothing_and_no_repetition_is_nothing(total in composition()) {
        let nothing = PrivacyProfile::nothing(AddRemoveRow);
        prop_assert_eq!(&nothing.and(&total).unwrap(), &total);
        prop_assert_eq!(&total.and(&nothing).unwrap(), &total);
        prop_assert_eq!(total.repeated(0), nothing);
        prop_assert_eq!(&total.repeated(1), &total);
    }

    #[test]
    fn repetitions_are_the_sum_of_as_many(total in composition(), count in 1_u64..6) {
        let one_by_one = (1..count).fold(total.clone(), |sum, _| sum.and(&total).unwrap());
        prop_assert_eq!(&total.repeated(count), &one_by_one);
        prop_assert_eq!(total.repeated(count).repeated(3), total.repeated(3 * count));
    }

    #[test]
    fn views_are_no_better_than_what_they_are_views_of(total in composition(), at in question(), order in 1.1..20.0) {
        let lost = total.delta_bounds(at).0;
        if let Some(rho) = total.zero_concentrated() {
            let view = PrivacyProfile::zero_concentrated_from(rho, AddRemoveRow);
            prop_assert!(lost <= view.delta(at));
            // the divergence of order α is at most ρα, and is so for Gaussian noise
            let divergence = total.renyi(RenyiOrder::new(order).unwrap()).unwrap();
            prop_assert!(divergence <= rho.get() * order * (1.0 + 1e-9), "{divergence} {}", rho.get() * order);
        }
        if let Some(mu) = total.mu() {
            prop_assert!(lost <= PrivacyProfile::gaussian(mu, AddRemoveRow).delta(at));
        }
    }

    #[test]
    fn guarantees_are_read_as_they_were_written(total in composition()) {
        let text = serde_json::to_string(&total).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Profile>(&text).unwrap(), &total);
        prop_assert!(serde_json::from_str::<PrivacyProfile<ReplaceRow>>(&text).is_err());
        if let Some(group) = total.grouped(3) {
            let text = serde_json::to_string(&group).unwrap();
            prop_assert_eq!(serde_json::from_str::<PrivacyProfile<Group<AddRemoveRow>>>(&text).unwrap(), group);
        }
        let certificate = Certificate::new("a test", "several", total, ArithmeticModel::RealModel).with_parameter("ends", 0.1);
        let text = serde_json::to_string(&certificate).unwrap();
        prop_assert_eq!(serde_json::from_str::<Certificate<Profile>>(&text).unwrap(), certificate);
    }

    /// In 1024ths, where floats add up exactly.
    #[test]
    fn filters_let_through_exactly_what_is_within_the_budget(
        budget in 1_u32..4096, costs in prop::collection::vec(1_u32..1024, 1..12)
    ) {
        let part = |n: u32| f64::from(n) / 1024.0;
        let mut pure = Filter::pure(epsilon(part(budget)), AddRemoveRow);
        let mut concentrated = Filter::zero_concentrated(Rho::new(part(budget)).unwrap(), AddRemoveRow);
        let mut normal = Filter::gaussian(Mu::new(part(budget)).unwrap(), AddRemoveRow);
        let (mut spent, mut squares) = (0, 0_u64);
        for cost in costs {
            let fits = spent + cost <= budget;
            let cost_squared = u64::from(cost).pow(2);
            let square_fits = squares + cost_squared <= u64::from(budget).pow(2);
            let verdict = |fits: bool| if fits { Ok(()) } else { Err(Error::BudgetExceeded) };
            let x = part(cost);
            prop_assert_eq!(pure.spend(&PrivacyProfile::pure(epsilon(x), AddRemoveRow)), verdict(fits));
            let rho = PrivacyProfile::zero_concentrated_from(Rho::new(x).unwrap(), AddRemoveRow);
            prop_assert_eq!(concentrated.spend(&rho), verdict(fits));
            prop_assert_eq!(normal.spend(&gaussian(x)), verdict(square_fits));
            spent += if fits { cost } else { 0 };
            squares += if square_fits { cost_squared } else { 0 };
        }
    }

    #[test]
    fn odometers_charge_more_than_a_budget_that_is_fixed_beforehand(mu in between(-2.0, 0.3), count in 1_u64..20) {
        let mut odometer = Odometer::new(delta(1e-6), AddRemoveRow);
        let mut before = 0.0;
        for spent in 1..=count {
            odometer.spend(&gaussian(mu)).unwrap();
            let now = odometer.epsilon();
            prop_assert!(now >= before && now >= gaussian(mu).repeated(spent).epsilon(delta(1e-6)));
            before = now;
        }
    }
}

proptest! {
    #![proptest_config(config(10))]

    #[test]
    fn the_order_of_parts_does_not_matter(a in composition(), b in composition(), at in question()) {
        let (one, other) = (a.and(&b).unwrap(), b.and(&a).unwrap());
        let (first, second) = (one.delta_bounds(at), other.delta_bounds(at));
        prop_assert!(first.0 <= second.1 && second.0 <= first.1, "{first:?} {second:?}");
    }

    #[test]
    fn more_mechanisms_lose_no_less(a in composition(), b in composition(), at in question()) {
        let both = a.and(&b).unwrap().delta_bounds(at).1;
        prop_assert!(a.delta_bounds(at).0 <= both && b.delta_bounds(at).0 <= both);
        prop_assert!(a.delta_bounds(at).0 <= a.repeated(2).delta_bounds(at).1);
    }

    /// What two mechanisms lose at most: ε and δ add up.
    #[test]
    fn together_they_lose_no_more_than_the_sum(a in composition(), b in composition(), at in between(-6.0, -3.0)) {
        let separately = a.epsilon_bounds(delta(at)).1 + b.epsilon_bounds(delta(at)).1;
        let together = a.and(&b).unwrap().epsilon_bounds(delta(2.0 * at)).0;
        prop_assert!(together <= separately * (1.0 + 1e-15), "{together} {separately}");
    }

    #[test]
    fn no_accountant_claims_less_than_is_lost(total in composition(), at in between(-9.0, -2.0)) {
        let lost = total.epsilon_bounds(delta(at)).0;
        for accountant in Accountant::ALL {
            let claimed = total.epsilon_bounds_by(accountant, delta(at)).map_or(f64::INFINITY, |bounds| bounds.1);
            prop_assert!(lost <= claimed, "{accountant:?}: {claimed} where {lost} is lost");
        }
    }

    #[test]
    fn groups_lose_more_the_larger_they_are(total in composition(), size in 1_u32..5, at in question()) {
        // none is known where the δ of an (ε, δ) guarantee grows beyond one
        let [Some(group), Some(larger)] = [size, size + 1].map(|size| total.grouped(size)) else { return Ok(()) };
        prop_assert_eq!(group.adjacency(), Group::new(size, AddRemoveRow).unwrap());
        prop_assert!(group.delta_bounds(at).0 <= larger.delta_bounds(at).1);
        prop_assert!(total.delta_bounds(at).0 <= group.delta_bounds(at).1);
        prop_assert!(total.grouped(0).is_none());
    }
}

proptest! {
    #![proptest_config(config(10))]

    #[test]
    fn a_sample_loses_more_the_more_rows_it_has_and_never_more_than_all(
        base in mechanism(), rate in between(-2.0, -0.1), count in select(&[1_u64, 3, 30][..]), at in 0.0..2.0
    ) {
        let amplified = |rate: f64| poisson(rate).amplify(&base).unwrap().repeated(count);
        let (small, large, all) = (amplified(rate), amplified(rate.sqrt()), base.repeated(count));
        prop_assert!(small.delta_bounds(at).0 <= large.delta_bounds(at).1);
        prop_assert!(large.delta_bounds(at).0 <= all.delta_bounds(at).1);
        prop_assert_eq!(poisson(1.0).amplify(&base).unwrap(), base);
        // nothing is known of groups
        prop_assert!(small.grouped(2).is_none() && small.for_replaced_rows().is_none());
        let text = serde_json::to_string(&small).unwrap();
        prop_assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), small);
    }

    /// The sample keeps its size, so that a row is replaced where one is added: never better than a Poisson sample of the same rate.
    #[test]
    fn a_sample_of_fixed_size_loses_no_less_than_a_poisson_sample(
        mu in between(-1.5, 0.3), sample in 1_u64..50, count in 1_u64..5, at in 0.0..2.0
    ) {
        let (population, twice) = (50, Mu::new(2.0 * mu).unwrap());
        let replaced = PrivacyProfile::gaussian(twice, ReplaceRow);
        let fixed = FixedSize::new(sample, population).unwrap().amplify_add_remove(&replaced).unwrap().repeated(count);
        let rate = sample as f64 / population as f64;
        let random = poisson(rate * (1.0 - 1e-15)).amplify(&gaussian(mu)).unwrap().repeated(count);
        prop_assert!(random.delta_bounds(at).0 <= fixed.delta_bounds(at).1);
    }
}

#[test]
fn counts_saturate_instead_of_wrapping_whatever_the_mechanism() {
    let concentrated = PrivacyProfile::zero_concentrated_from(Rho::new(1e-3).unwrap(), AddRemoveRow);
    let sampled = poisson(0.1).amplify(&gaussian(1.0)).unwrap();
    for once in [gaussian(0.1), concentrated, sampled] {
        let absurd = once.repeated(u64::MAX).repeated(u64::MAX);
        assert_eq!((absurd.epsilon(delta(0.5)), absurd.delta(1e3)), (f64::INFINITY, 1.0), "{once:?}");
        assert_eq!(absurd.and(&once).unwrap(), absurd);
    }
}
