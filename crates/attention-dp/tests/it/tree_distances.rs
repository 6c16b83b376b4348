//! Weighted distances from trees.

use attention_dp::{
    DistanceMethod, DistanceOptions, DpTreeHighDim, Error, Power, PrivateDistances, Rows, TreeBudget,
};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};

const INTERVALS: [(f64, f64); 2] = [(0.0, 3.0), (-0.5, 0.25)];

fn options(power: Power, method: DistanceMethod, budget: TreeBudget) -> DistanceOptions {
    DistanceOptions::new(INTERVALS.to_vec(), 2.0, budget).with_power(power).with_method(method).with_bins(64)
}

fn kinds() -> [(Power, DistanceMethod); 4] {
    let rings = DistanceMethod::Rings { alpha: 0.2 };
    [Power::One, Power::Two]
        .map(|power| [(power, DistanceMethod::Moments), (power, rings)])
        .concat()
        .try_into()
        .unwrap()
}

/// Points and weights, some beyond their bounds.
fn rows(n: usize, seed: u64) -> (Mat, Mat) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let points = Mat::from_fn(n, 2, |_, _| rng.random_range(-1.0..4.0));
    (points, Mat::from_fn(n, 1, |_, _| rng.random_range(-3.0..3.0)))
}

fn private(options: DistanceOptions, (points, weights): &(Mat, Mat)) -> PrivateDistances<AddRemoveRow> {
    let mut distances = PrivateDistances::new(AddRemoveRow, options).unwrap();
    distances.push(Rows::new(AddRemoveRow, points.as_ref(), weights.as_ref()).unwrap()).unwrap();
    distances
}

/// `Σ w‖y − x‖_p^p` over clipped rows, and with the sizes of the weights.
fn naive((points, weights): &(Mat, Mat), y: [f64; 2], power: Power) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for i in 0..points.nrows() {
        let weight = weights[(i, 0)].clamp(-2.0, 2.0);
        let distance = |a: usize| (points[(i, a)].clamp(INTERVALS[a].0, INTERVALS[a].1) - y[a]).abs();
        let raise = |x: f64| if power == Power::One { x } else { x * x };
        let total = raise(distance(0)) + raise(distance(1));
        sums = (sums.0 + weight * total, sums.1 + weight.abs() * total);
    }
    sums
}

fn queries() -> Vec<[f64; 2]> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut queries: Vec<[f64; 2]> =
        (0..40).map(|_| [rng.random_range(-1.0..4.0), rng.random_range(-1.0..1.0)]).collect();
    // ends, edges of bins, far away
    queries.extend([[0.0, 0.25], [3.0, -0.5], [1.5, -0.125], [-50.0, 80.0]]);
    queries
}

fn gamma(value: f64) -> FailureProbability {
    FailureProbability::new(value).unwrap()
}

#[test]
fn without_noise_errors_are_within_grid_and_rings() {
    for (power, method) in kinds() {
        for (n, seed) in [(1, 1), (2, 2), (300, 3)] {
            let rows = rows(n, seed);
            let trees = private(options(power, method, TreeBudget::Joint), &rows).assume_public();
            for y in queries() {
                let estimate = trees.query(&y, gamma(0.5)).unwrap();
                let (exact, sizes) = naive(&rows, y, power);
                let limit = estimate.half_width(n as u64) + estimate.relative * sizes;
                assert!(
                    (estimate.value - exact).abs() <= limit,
                    "{power:?} {method:?} {y:?}: {} {exact} {limit}",
                    estimate.value
                );
            }
        }
    }
}

#[test]
fn moments_are_exact_at_the_edges_of_bins_and_rings_are_not() {
    let rows = rows(500, 7);
    let y = [1.5, -0.125]; // the middle of both intervals
    let at = |method| {
        let trees = private(options(Power::One, method, TreeBudget::Joint), &rows).assume_public();
        (trees.query(&y, gamma(0.5)).unwrap().value - naive(&rows, y, Power::One).0).abs()
    };
    // half of 2⁻¹⁸ of each half-width and 2⁻¹⁴ of a weight of 2 times a distance of at most 2, a row
    assert!(at(DistanceMethod::Moments) <= 500.0 * (2.0 * 1.875 / 262_144.0 + 2.0 / 16_384.0));
    assert!(at(DistanceMethod::Rings { alpha: 0.2 }) > 0.1);
}

/// Error and limit of the sum of distances to y of ten equal rows of weight one.
fn ten_rows(options: DistanceOptions, x: f64, y: f64) -> (f64, f64) {
    let rows = (Mat::filled(10, 1, x), Mat::filled(10, 1, 1.0));
    let estimate = private(options, &rows).assume_public().query(&[y], gamma(0.5)).unwrap();
    let exact = 10.0 * (x - y).abs();
    ((estimate.value - exact).abs(), estimate.half_width(10) + estimate.relative * exact)
}

#[test]
fn rings_of_bins_narrower_than_a_unit_are_within_their_errors() {
    // a row at just over half a unit counts as one of a whole unit, in a ring that reaches to two
    let options = DistanceOptions::new(vec![(-16.0, 16.0)], 1.0, TreeBudget::Joint)
        .with_method(DistanceMethod::Rings { alpha: 1.0 })
        .with_resolution(4, 20);
    let (error, limit) = ten_rows(options, 0.500_000_1, 0.0);
    assert!(error > 9.9 && error <= limit, "{error} {limit}");
}

#[test]
fn intervals_whose_midpoint_is_no_float_are_within_their_errors() {
    let (low, high) = (1e12, 1e12 + 2.0 + 2_f64.powi(-13));
    let options = |power| DistanceOptions::new(vec![(low, high)], 1.0, TreeBudget::Joint).with_power(power);
    let (error, limit) = ten_rows(options(Power::One), high, low);
    assert!(error > 6e-4 && error <= limit, "{error} {limit}");
    let rows = (Mat::filled(1, 1, high), Mat::filled(1, 1, 1.0));
    let estimate = private(options(Power::Two), &rows).assume_public().query(&[low], gamma(0.5)).unwrap();
    let exact = (high - low) * (high - low);
    assert!((estimate.value - exact).abs() <= estimate.half_width(1));
}

#[test]
fn with_noise_answers_are_within_their_half_widths() {
    let rows = rows(200, 9);
    for (power, method) in kinds() {
        for budget in [TreeBudget::EqualShares, TreeBudget::Accounted, TreeBudget::Joint] {
            let mut rng = ChaCha20Rng::seed_from_u64(11);
            let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
            let released =
                private(options(power, method, budget), &rows).release(epsilon, delta, &mut rng).unwrap();
            assert!(released.certificate().guarantee().epsilon(delta) <= 1.0);
            for y in queries() {
                // 12 releases of 44 queries, each missed with probability 1e-6
                for estimate in [
                    released.value().query(&y, gamma(1e-6)).unwrap(),
                    released.value().fixed_query(&y, gamma(1e-6)).unwrap(),
                ] {
                    let (exact, sizes) = naive(&rows, y, power);
                    let limit = estimate.half_width(200) + estimate.relative * sizes;
                    assert!((estimate.value - exact).abs() <= limit, "{power:?} {method:?} {budget:?}");
                    assert!(estimate.noise > 0.0);
                }
            }
        }
    }
}

#[test]
fn half_widths_for_all_queries_are_wider_than_for_one() {
    let rows = rows(10, 13);
    let (epsilon, delta) = (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap());
    let options = options(Power::One, DistanceMethod::Moments, TreeBudget::Joint);
    let released =
        private(options, &rows).release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let (all, one) = (
        released.value().query(&[1.0, 0.0], gamma(0.05)),
        released.value().fixed_query(&[1.0, 0.0], gamma(0.05)),
    );
    assert!(all.unwrap().noise > 1.5 * one.unwrap().noise);
}

#[test]
fn rows_with_numbers_that_are_not_finite_contribute_nothing() {
    let (mut points, mut weights) = rows(30, 15);
    let good: Vec<usize> = (0..30).filter(|i| i % 3 == 0).collect();
    for i in (0..30).filter(|i| i % 3 != 0) {
        if i % 3 == 1 { points[(i, 1)] = f64::NAN } else { weights[(i, 0)] = f64::NEG_INFINITY }
    }
    let few =
        (Mat::from_fn(10, 2, |i, j| points[(good[i], j)]), Mat::from_fn(10, 1, |i, _| weights[(good[i], 0)]));
    let options = options(Power::Two, DistanceMethod::Moments, TreeBudget::Joint);
    assert_eq!(
        private(options.clone(), &(points, weights)).assume_public_nodes(),
        private(options, &few).assume_public_nodes()
    );
}

#[test]
fn huge_coordinates_count_as_if_at_the_end_of_their_interval() {
    let options = options(Power::One, DistanceMethod::Moments, TreeBudget::Joint);
    let at = |x: f64, y: f64, w: f64| {
        let rows = (Mat::from_vec(1, 2, vec![x, y]).unwrap(), Mat::from_vec(1, 1, vec![w]).unwrap());
        private(options.clone(), &rows).assume_public_nodes()
    };
    assert_eq!(at(f64::MAX, -f64::MAX, f64::MAX), at(3.0, -0.5, 2.0));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let new = |options| PrivateDistances::new(AddRemoveRow, options).map(|_| ());
    let intervals = |intervals: Vec<(f64, f64)>| DistanceOptions::new(intervals, 1.0, TreeBudget::Joint);
    assert!(matches!(new(intervals(vec![])), Err(Error::EmptyShape { .. })));
    for bad in [(1.0, 1.0), (2.0, 1.0), (0.0, f64::NAN), (f64::NEG_INFINITY, 0.0), (1.0, 1.0 + f64::EPSILON)]
    {
        assert!(
            matches!(new(intervals(vec![(0.0, 1.0), bad])), Err(Error::Interval { coordinate: 1, .. })),
            "{bad:?}"
        );
    }
    // their squares, times weights, would overflow or lose digits
    for bad in [(-1e148, 1e148), (-1e-148, 1e-148)] {
        assert!(matches!(new(intervals(vec![bad])), Err(Error::Interval { coordinate: 0, .. })));
    }
    let unit = || intervals(vec![(0.0, 1.0)]);
    for alpha in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(matches!(
            new(unit().with_method(DistanceMethod::Rings { alpha })),
            Err(Error::RingGrowth { .. })
        ));
    }
    assert!(matches!(new(unit().with_bins(0)), Err(Error::Mechanism(_))));
    assert!(matches!(new(unit().with_bins(1 << 40)), Err(Error::TreeSize { .. })));
    assert!(matches!(new(unit().with_resolution(25, 14)), Err(Error::Resolution { .. })));
    for bad in [0.0, 1e150, f64::NAN] {
        let options = DistanceOptions::new(vec![(0.0, 1.0)], bad, TreeBudget::Joint);
        assert!(matches!(new(options), Err(Error::OutOfRange { .. })), "{bad}");
    }
}

#[test]
fn the_widest_intervals_and_weights_answer_far_queries_in_numbers() {
    for (half, weight) in [(1e70, 1e100), (1e-70, 1e-100)] {
        let options =
            DistanceOptions::new(vec![(-half, half)], weight, TreeBudget::Joint).with_power(Power::Two);
        let rows = (Mat::filled(1, 1, half), Mat::filled(1, 1, weight));
        let trees = private(options, &rows).assume_public();
        for y in [0.0, 9e11 * half] {
            let estimate = trees.query(&[y], gamma(0.5)).unwrap();
            let exact = weight * (y - half) * (y - half);
            assert!(estimate.value.is_normal() && (estimate.value - exact).abs() <= estimate.half_width(1));
        }
    }
}

#[test]
fn queries_are_checked() {
    let trees: DpTreeHighDim =
        private(options(Power::One, DistanceMethod::Moments, TreeBudget::Joint), &rows(1, 1)).assume_public();
    assert!(matches!(trees.query(&[1.0], gamma(0.5)), Err(Error::Dimension { expected: 2, found: 1, .. })));
    assert!(matches!(
        trees.query(&[1.0, f64::NAN], gamma(0.5)),
        Err(Error::QueryNotFinite { coordinate: 1, .. })
    ));
    assert!(trees.coordinate(0).query(f64::INFINITY, gamma(0.5)).is_err());
    assert!(matches!(trees.query(&[f64::MAX, 0.0], gamma(0.5)), Err(Error::QueryTooLong { .. })));
}

proptest! {
    #[test]
    fn no_row_moves_the_nodes_further_than_its_bounds(
        point in prop::collection::vec(-5.0..5.0_f64, 2),
        weight in -5.0..5.0_f64,
        kind in 0_usize..4,
        bins in 1_usize..40,
    ) {
        let (power, method) = kinds()[kind];
        let options = options(power, method, TreeBudget::Joint).with_bins(bins);
        let rows = (Mat::from_vec(1, 2, point).unwrap(), Mat::from_vec(1, 1, vec![weight]).unwrap());
        let distances = private(options, &rows);
        let (l1, squared) = distances.sensitivities().unwrap();
        let nodes = distances.assume_public_nodes();
        prop_assert!(nodes.iter().all(|x| x.unsigned_abs() <= l1));
        prop_assert!(nodes.iter().map(|x| u128::from(x.unsigned_abs()).pow(2)).sum::<u128>() <= squared);
    }
}
