//! Properties of changed covariances that hold for all parameters.

use dp_mechanisms::covariance::{Draws, EigenvalueChange, Neighbourhood, Orders, RankOne, Spectrum, Target};
use dp_mechanisms::{Delta, Epsilon, RenyiOrder};
use proptest::prelude::*;

fn pair(change: f64, draws: u32) -> RankOne {
    let change = EigenvalueChange::new(change).expect("changes are above −1");
    RankOne::new(change, Draws::new(draws).expect("at least one draw"))
}

/// A change for which k draws are neither trivial nor hopeless.
fn change_and_draws() -> impl Strategy<Value = (f64, u32)> {
    (1_u32..2000, -1.5..1.5_f64).prop_map(|(k, size)| ((size / f64::from(k).sqrt()).max(-0.9), k))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn changes_are_accepted_in_range_only(value in any::<f64>()) {
        prop_assert_eq!(EigenvalueChange::new(value).is_ok(), value > -1.0 && value < f64::INFINITY);
        prop_assert_eq!(Neighbourhood::frobenius_in_one_order(value).is_ok(), value > 0.0 && value < 1.0);
        prop_assert_eq!(Neighbourhood::frobenius(value).is_ok(), value > 0.0 && value <= 1e100);
        prop_assert_eq!(Neighbourhood::jeffreys(value).is_ok(), value > 0.0 && value <= 1e100);
    }

    #[test]
    fn draws_multiply_without_wrapping(draws in any::<u32>(), releases in any::<u32>()) {
        let product = u64::from(draws) * u64::from(releases);
        let times = Draws::new(draws).and_then(|draws| draws.times(releases));
        let inside = Some(product).filter(|product| (1..1 << 32).contains(product));
        prop_assert_eq!(times.map(|draws| u64::from(draws.get())).ok(), inside);
    }

    #[test]
    fn both_orders_are_the_larger_of_the_two((change, draws) in change_and_draws(), epsilon in 0.0..5.0_f64) {
        let at = |orders| pair(change, draws).in_orders(orders).delta_bounds(epsilon);
        let (given, reversed, both) = (at(Orders::AsGiven), at(Orders::Reversed), at(Orders::Both));
        prop_assert_eq!(both, (given.0.max(reversed.0), given.1.max(reversed.1)));
        prop_assert!(0.0 <= both.0 && both.0 <= both.1 && both.1 <= 1.0);
    }

    #[test]
    fn more_draws_larger_changes_and_smaller_epsilons_lose_more(
        (change, draws) in change_and_draws(),
        epsilon in 0.0..3.0_f64,
        share in 0.1..0.9_f64,
    ) {
        let lower = |pair: RankOne, epsilon| pair.delta_bounds(epsilon).0;
        let (_, upper) = pair(change, draws).delta_bounds(epsilon);
        prop_assert!(lower(pair(change * share, draws), epsilon) <= upper);
        prop_assert!(lower(pair(change, draws.div_ceil(2)), epsilon) <= upper);
        prop_assert!(lower(pair(change, draws), epsilon + share) <= upper);
    }

    #[test]
    fn every_bound_is_above_what_it_bounds(
        (change, draws) in change_and_draws(),
        epsilon in 0.0..3.0_f64,
        order in 1.1..20.0_f64,
    ) {
        prop_assume!(change != 0.0);
        let pair = pair(change, draws);
        let size = change.abs().max((change / (1.0 + change)).abs()) * (1.0 + 1e-15);
        let nearby = Neighbourhood::frobenius(size).unwrap();
        let draws = pair.draws();
        prop_assert!(pair.delta_bounds(epsilon).0 <= nearby.delta_upper(epsilon, draws));
        prop_assert!(nearby.delta_upper(epsilon, draws) <= nearby.renyi_delta_upper(epsilon, draws));
        let order = RenyiOrder::new(order).unwrap();
        prop_assert!(pair.renyi_bounds(order).0 <= nearby.renyi_upper(order, draws));
    }

    #[test]
    fn an_interval_for_one_eigenvalue_holds_its_exact_value(
        (change, draws) in change_and_draws(),
        epsilon in 0.0..2.0_f64,
    ) {
        prop_assume!(draws >= 8);
        let exact = pair(change, draws).delta_bounds(epsilon);
        let spectrum = Spectrum::new(&[EigenvalueChange::new(change).unwrap()], Draws::new(draws).unwrap());
        let (lower, upper) = spectrum.delta_bounds(epsilon);
        prop_assert!(lower <= exact.1 && exact.0 <= upper);
    }

    #[test]
    fn targets_are_met(draws in 1_u32..500, epsilon in 0.01..8.0_f64, delta in -20.0..-1.0_f64) {
        let delta = 10_f64.powf(delta);
        let target = Target::new(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
        let k = Draws::new(draws).unwrap();
        for change in [target.largest_increase(k), target.largest_decrease(k)] {
            prop_assert!(RankOne::new(change, k).delta_bounds(epsilon).1 <= delta);
            prop_assert!(target.most_draws(change).unwrap() >= k);
        }
    }
}
