//! What every feature map keeps, through the trait object.

use crate::{Uniform, dot};
use dp_linalg::Mat;
use poly_kernel::{
    Error, ExpTaylor, FeatureBlock, FeatureMap, KernelError, LinearPlusRandom, MonomialMap, NormBound,
    NystromMap, OptimalPositiveFeatures, PositiveFeatures, RandomMaclaurin, Role, SketchTree, TensorSketch,
    TrigonometricFeatures,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const ROLES: [Role; 2] = [Role::Query, Role::Key];

/// One of each, on points of dimension 3.
fn maps(seed: u64) -> Vec<(&'static str, Box<dyn FeatureMap>)> {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let taylor = ExpTaylor::new(6).unwrap();
    let landmarks = Uniform::new(seed).ball(12, 3, 1.0);
    vec![
        ("nystrom", Box::new(NystromMap::new(landmarks.as_ref()).unwrap())),
        ("monomials", Box::new(MonomialMap::exp_taylor(3, 6).unwrap())),
        ("trigonometric", Box::new(TrigonometricFeatures::new(3, 21, rng).unwrap())),
        ("positive", Box::new(PositiveFeatures::new(3, 21, rng).unwrap())),
        ("hyperbolic", Box::new(PositiveFeatures::hyperbolic(3, 21, rng).unwrap())),
        ("optimal", Box::new(OptimalPositiveFeatures::new(3, 21, 1.0, rng).unwrap())),
        ("maclaurin", Box::new(RandomMaclaurin::new(3, taylor.coefficients(), 40, rng).unwrap())),
        ("sketch", Box::new(TensorSketch::new(3, taylor.coefficients(), 40, rng).unwrap())),
        ("tree", Box::new(SketchTree::new(3, taylor.coefficients(), 40, rng).unwrap())),
        ("linear", Box::new(LinearPlusRandom::new(3, 6, 40, rng).unwrap())),
    ]
}

/// Features of points, one row a point.
fn features(map: &dyn FeatureMap, role: Role, points: &Mat) -> Mat {
    let mut block = map.feature_block(points.nrows());
    map.apply_block(role, points.as_ref(), &mut block).unwrap();
    block.as_ref().transpose()
}

#[test]
fn blocks_hold_the_features_of_their_points_and_the_norms_of_these() {
    let points = Uniform::new(1).ball(37, 3, 0.8);
    for (name, map) in maps(1) {
        for role in ROLES {
            let mut block = map.feature_block(40);
            map.apply_block(role, Mat::zeros(40, 3).as_ref(), &mut block).unwrap();
            map.apply_block(role, points.as_ref(), &mut block).unwrap();
            assert_eq!(block.as_ref().shape(), (map.feature_count(), 37), "{name}");
            for (i, row) in block.as_ref().transpose().rows().enumerate() {
                let square = block.squared_norms()[i];
                // r roundings of positive terms on either side
                let tolerance = 2.0 * map.feature_count() as f64 * f64::EPSILON * square;
                assert!((dot(row, row) - square).abs() <= tolerance, "{name}");
                let alone = features(&*map, role, &Mat::from_fn(1, 3, |_, k| points[(i, k)]));
                // sums of three products in another order, exponents and angles below 10; a solve with landmarks amplifies
                // this to 2η < 1e-6
                let rounding = if name == "nystrom" { 1e-6 } else { 1e-13 };
                for (a, b) in alone.row(0).iter().zip(row) {
                    assert!((a - b).abs() <= rounding * square.sqrt(), "{name}: {a} {b}");
                }
            }
        }
    }
}

#[test]
fn no_points_are_no_error() {
    for (name, map) in maps(1) {
        let mut block = map.feature_block(0);
        map.apply_block(Role::Key, Mat::zeros(0, 3).as_ref(), &mut block).unwrap();
        assert_eq!(block.as_ref().shape(), (map.feature_count(), 0), "{name}");
    }
}

#[test]
fn points_and_buffers_of_other_shapes_are_refused() {
    for (name, map) in maps(1) {
        let mut block = map.feature_block(4);
        let refused = map.apply_block(Role::Key, Mat::zeros(1, 2).as_ref(), &mut block);
        assert_eq!(refused, Err(Error::Length { expected: 3, found: 2 }), "{name}");
        let refused = map.apply_block(Role::Key, Mat::zeros(5, 3).as_ref(), &mut block);
        assert_eq!(refused, Err(Error::BlockCapacity { points: 5, capacity: 4 }), "{name}");
        // one feature more, or the right number with scratch space for nobody
        for (features, scratch) in [(map.feature_count() + 1, 0), (map.feature_count(), 1000)] {
            let mut other = FeatureBlock::with_scratch(features, scratch, 4);
            let refused = map.apply_block(Role::Key, Mat::zeros(1, 3).as_ref(), &mut other);
            assert!(matches!(refused, Err(Error::Length { .. })), "{name}: {refused:?}");
        }
    }
}

#[test]
fn a_block_that_could_not_be_filled_holds_no_points() {
    let mut block = FeatureBlock::<f64>::with_scratch(2, 0, 2);
    block.fill(0, 2, |_, _| Ok(())).unwrap();
    assert_eq!(block.fill(0, 1, |_, _| Err(Error::NoCoefficients)), Err(Error::NoCoefficients));
    assert_eq!((block.as_ref().ncols(), block.squared_norms().len()), (0, 0));
}

#[test]
fn deterministic_norms_hold_for_every_draw_and_are_not_idle() {
    let radius = 0.8;
    let sphere = Mat::from_fn(8, 3, |i, k| radius * [1.0, -1.0][i >> k & 1] / 3.0_f64.sqrt());
    for seed in 0..50 {
        for (name, map) in maps(seed) {
            if let NormBound::Deterministic(bound) = map.norm_bound(radius) {
                for row in features(&*map, Role::Key, &sphere).rows() {
                    let norm = dot(row, row).sqrt();
                    // features in floating point, the bound in real arithmetic
                    assert!(norm <= bound * (1.0 + 1e-13), "{name} {norm} {bound}");
                    if matches!(name, "monomials" | "trigonometric") {
                        assert!(norm >= bound * (1.0 - 1e-13), "{name} {norm} {bound}");
                    }
                }
            }
        }
    }
    // the largest norm of random signs: d = 1, where |ω·x| = √d‖x‖
    let map = RandomMaclaurin::new(1, &[1.0, 1.0, 0.5], 9, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let row = features(&map, Role::Key, &Mat::from_fn(1, 1, |_, _| 2.0));
    let NormBound::Deterministic(bound) = FeatureMap::norm_bound(&map, 2.0) else { panic!("deterministic") };
    assert!((dot(row.row(0), row.row(0)).sqrt() / bound - 1.0).abs() < 1e-13);
}

#[test]
fn nothing_is_known_of_points_without_a_radius() {
    for (name, map) in maps(1) {
        for radius in [f64::NAN, -1.0, f64::INFINITY] {
            let (NormBound::Deterministic(norm) | NormBound::Random { mean_square: norm }) =
                map.norm_bound(radius);
            assert_eq!(norm, f64::INFINITY, "{name}");
            let error = match map.kernel_error(radius) {
                KernelError::Relative(e) | KernelError::RelativeStd(e) | KernelError::RelativeRms(e) => e,
                KernelError::PerPoint => f64::INFINITY,
                other => panic!("{other:?}"),
            };
            assert_eq!(error, f64::INFINITY, "{name}");
        }
    }
}

/// Mean, mean square and mean fourth power of `φ·φ/e^{x·y} − 1`, and the mean of `‖φ(x)‖²/e^{‖x‖²}`.
fn moments(draws: u64, x: &[f64], y: &[f64], name: &str) -> (f64, f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0, 0.0);
    for seed in 0..draws {
        let maps = maps(1000 + seed);
        let map = &maps.iter().find(|(of, _)| *of == name).unwrap().1;
        let (query, key) = (Mat::from_fn(1, 3, |_, k| x[k]), Mat::from_fn(1, 3, |_, k| y[k]));
        let (fx, fy) = (features(&**map, Role::Query, &query), features(&**map, Role::Key, &key));
        let error = dot(fx.row(0), fy.row(0)) / dot(x, y).exp() - 1.0;
        sums.0 += error;
        sums.1 += error.powi(2);
        sums.2 += error.powi(4);
        sums.3 += dot(fx.row(0), fx.row(0)) / dot(x, x).exp();
    }
    let n = draws as f64;
    (sums.0 / n, sums.1 / n, sums.2 / n, sums.3 / n)
}

#[test]
fn random_maps_are_unbiased_and_no_pair_varies_more_than_they_say() {
    let draws = 2000;
    let (x, y) = ([0.5, -0.3, 0.2], [-0.4, 0.35, 0.3]);
    for (name, map) in maps(0).into_iter().skip(2) {
        let (mean, square, fourth, norm) = moments(draws, &x, &y, name);
        // the truncation at degree 6 for |x·y| ≤ 0.4 is below 1e-6, a thousandth of a standard error
        let standard_error = (square / draws as f64).sqrt();
        assert!(mean.abs() < 5.0 * standard_error + 1e-6, "{name}: {mean} {standard_error}");
        let (KernelError::RelativeStd(bound) | KernelError::RelativeRms(bound)) = map.kernel_error(0.62)
        else {
            panic!("{name} is random");
        };
        let slack = 5.0 * ((fourth - square * square) / draws as f64).sqrt();
        assert!(square <= bound * bound + slack, "{name}: {square} {bound}");
        // the mean square of norms: 20 draws of standard deviation below one in each map
        assert!((norm - 1.0).abs() < 0.1, "{name}: {norm}");
    }
}

type Draw = fn(&mut ChaCha8Rng) -> Box<dyn FeatureMap>;

/// The worst pair on the ball has the stated variance, as long as frequencies are independent: one a map.
#[test]
fn stated_deviations_are_attained() {
    let draws = 40_000_u32;
    let (x, radius) = ([0.25, 0.0, 0.0], 0.25);
    let opposite = [-0.25, 0.0, 0.0];
    let cases: [(&str, Draw, [f64; 3]); 4] = [
        ("trigonometric", |rng| Box::new(TrigonometricFeatures::new(3, 1, rng).unwrap()), opposite),
        ("positive", |rng| Box::new(PositiveFeatures::new(3, 1, rng).unwrap()), x),
        ("hyperbolic", |rng| Box::new(PositiveFeatures::hyperbolic(3, 1, rng).unwrap()), x),
        ("optimal", |rng| Box::new(OptimalPositiveFeatures::new(3, 1, 0.25, rng).unwrap()), x),
    ];
    for (name, draw, y) in cases {
        let rng = &mut ChaCha8Rng::seed_from_u64(3);
        let (mut square, mut fourth, mut bound) = (0.0, 0.0, 0.0);
        let pair = Mat::from_fn(2, 3, |i, k| if i == 0 { x[k] } else { y[k] });
        for _ in 0..draws {
            let map = draw(rng);
            let both = features(&*map, Role::Key, &pair);
            let error = dot(both.row(0), both.row(1)) / dot(&x, &y).exp() - 1.0;
            square += error.powi(2) / f64::from(draws);
            fourth += error.powi(4) / f64::from(draws);
            let KernelError::RelativeStd(std) = map.kernel_error(radius) else {
                panic!("{name} is unbiased")
            };
            bound = std;
        }
        let slack = 5.0 * ((fourth - square * square) / f64::from(draws)).sqrt();
        assert!((square - bound * bound).abs() < slack, "{name}: {square} {} {slack}", bound * bound);
        // the test tells a variance from its half
        assert!(slack < 0.25 * bound * bound, "{name}: {slack} {bound}");
    }
}

#[test]
fn the_variance_of_random_maclaurin_is_attained_by_spread_out_points() {
    // all coordinates equal: Σ xₖ²yₖ² = (x·y)²/d, and x = y: the bound's every step is an equality
    let (dim, coefficients) = (4, [0.5, 1.0, 2.0]);
    let (x, draws) = (Mat::from_fn(1, dim, |_, _| 0.5), 40_000_u32);
    let (mut square, mut fourth, mut bound) = (0.0, 0.0, 0.0);
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    for _ in 0..draws {
        let map = RandomMaclaurin::new(dim, &coefficients, 7, rng).unwrap();
        let row = features(&map, Role::Key, &x);
        let error = dot(row.row(0), row.row(0)) - 3.5;
        square += error.powi(2) / f64::from(draws);
        fourth += error.powi(4) / f64::from(draws);
        bound = map.variance_bound(1.0);
    }
    let slack = 5.0 * ((fourth - square * square) / f64::from(draws)).sqrt();
    assert!((square - bound).abs() < slack && slack < 0.1 * bound, "{square} {bound} {slack}");
}

#[test]
fn the_variance_of_a_sketch_is_attained_in_degree_one_and_near_in_degree_two() {
    let (dim, draws) = (4, 40_000_u32);
    let x = Mat::from_fn(1, dim, |_, _| 0.5);
    for (coefficients, least) in [(&[0.0, 2.0][..], 1.0), (&[0.0, 0.0, 2.0], 0.75)] {
        let (mut square, mut fourth, mut bound) = (0.0, 0.0, 0.0);
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        for _ in 0..draws {
            let map = TensorSketch::new(dim, coefficients, 7, rng).unwrap();
            let row = features(&map, Role::Key, &x);
            let error = dot(row.row(0), row.row(0)) - 2.0;
            square += error.powi(2) / f64::from(draws);
            fourth += error.powi(4) / f64::from(draws);
            bound = map.variance_bound(1.0);
        }
        let slack = 5.0 * ((fourth - square * square) / f64::from(draws)).sqrt();
        assert!(square < bound + slack && square > least * bound - slack, "{square} {bound} {slack}");
        assert!(slack < 0.15 * bound, "{slack} {bound}");
    }
}

/// `t^degree`.
fn power(degree: usize) -> Vec<f64> {
    (0..=degree).map(|j| if j == degree { 1.0 } else { 0.0 }).collect()
}

/// Mean, variance and standard error of the variance of `φ(x)·φ(y)` over draws.
fn sample(
    draw: &mut dyn FnMut() -> Box<dyn FeatureMap>,
    x: &[f64],
    y: &[f64],
    draws: u32,
) -> (f64, f64, f64) {
    let pair = Mat::from_fn(2, x.len(), |i, k| [x, y][i][k]);
    let mut products = Vec::new();
    for _ in 0..draws {
        let both = features(&*draw(), Role::Key, &pair);
        products.push(dot(both.row(0), both.row(1)));
    }
    let average = |all: &[f64]| all.iter().sum::<f64>() / f64::from(draws);
    let mean = average(&products);
    let squares: Vec<f64> = products.iter().map(|v| (v - mean).powi(2)).collect();
    let fourth = average(&squares.iter().map(|v| v * v).collect::<Vec<_>>());
    let variance = average(&squares);
    (mean, variance, ((fourth - variance * variance) / f64::from(draws)).sqrt())
}

#[test]
fn sketch_trees_have_the_stated_variance_at_every_pair() {
    let (flat, turned, single) = ([0.5; 4], [0.5, -0.5, 0.5, -0.5], [1.0, 0.0, 0.0, 0.0]);
    let any = ([0.3, -0.7, 0.2, 0.4], [0.1, -0.5, -0.6, 0.3]);
    let pairs = [(flat, flat), (flat, turned), (flat, single), any];
    for (degree, count) in [(3, 20), (5, 101), (8, 200)] {
        for (x, y) in pairs {
            let rng = &mut ChaCha8Rng::seed_from_u64(5);
            let map = SketchTree::new(4, &power(degree), count, rng).unwrap();
            let exact = map.variance(&x, &y).unwrap();
            let mut draw = || -> Box<dyn FeatureMap> {
                Box::new(SketchTree::new(4, &power(degree), count, rng).unwrap())
            };
            let (mean, variance, error) = sample(&mut draw, &x, &y, 10_000);
            let miss = (mean - dot(&x, &y).powi(degree as i32)).abs();
            assert!(miss < 5.0 * (variance / 1e4).sqrt(), "{degree} {x:?} {y:?} {mean}");
            assert!(
                (variance - exact).abs() < 5.0 * error,
                "{degree} {x:?} {y:?} {variance} {exact} {error}"
            );
            // the test tells a variance from its half
            assert!(error < 0.1 * exact && exact <= map.variance_bound(1.0), "{degree} {error} {exact}");
        }
    }
}

#[test]
fn a_single_coordinate_has_no_variance_in_a_tree() {
    let (rng, single) = (&mut ChaCha8Rng::seed_from_u64(5), [1.0, 0.0, 0.0]);
    for degree in [1, 3, 8, 16] {
        let map = SketchTree::new(3, &power(degree), 7, rng).unwrap();
        let row = features(&map, Role::Key, &Mat::from_fn(1, 3, |_, k| single[k]));
        // one entry of size one through four levels of transforms
        assert!((dot(row.row(0), row.row(0)) - 1.0).abs() < 1e-13, "{degree}");
        assert_eq!(map.variance(&single, &single), Ok(0.0));
    }
    let map = SketchTree::new(3, &[1.0, 1.0], 7, rng).unwrap();
    assert_eq!(map.variance(&single, &[0.0; 2]), Err(Error::Length { expected: 3, found: 2 }));
}

#[test]
fn trees_vary_less_than_sketches_from_degree_three_on_and_the_more_the_higher() {
    let (dim, x) = (16, [0.25; 16]);
    let rng = &mut ChaCha8Rng::seed_from_u64(6);
    // of rare draws, the variance of a sketch of a high degree is mostly more than a sample of it
    for (degree, least, draws) in [(4, 1.3, 4_000), (8, 8.0, 4_000), (12, 20.0, 1_000), (16, 20.0, 1_000)] {
        let coefficients = power(degree);
        let mut tree =
            || -> Box<dyn FeatureMap> { Box::new(SketchTree::new(dim, &coefficients, 64, rng).unwrap()) };
        let trees = sample(&mut tree, &x, &x, draws).1;
        let mut flat =
            || -> Box<dyn FeatureMap> { Box::new(TensorSketch::new(dim, &coefficients, 64, rng).unwrap()) };
        let sketches = sample(&mut flat, &x, &x, draws).1;
        assert!(sketches > least * trees, "{degree}: {sketches} {trees}");
    }
}

#[test]
fn points_that_are_not_finite_are_no_error() {
    let points = Mat::from_vec(2, 3, vec![f64::NAN, 0.0, 0.0, 1.0, f64::INFINITY, 0.0]).unwrap();
    for (name, map) in maps(1) {
        let mut block = map.feature_block(2);
        assert_eq!(map.apply_block(Role::Key, points.as_ref(), &mut block), Ok(()), "{name}");
    }
}

#[test]
fn linear_maps_are_exact_to_first_order() {
    let map = LinearPlusRandom::new(3, 4, 9, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let x = Mat::from_vec(1, 3, vec![0.1, -0.2, 0.3]).unwrap();
    let row = features(&map, Role::Key, &x);
    assert_eq!(row.row(0)[..4], [1.0, 0.1, -0.2, 0.3]);
    assert_eq!(
        (map.degree(), map.residual().features_of_degree(1), map.residual().feature_count()),
        (4, 0, 9)
    );
}

#[test]
fn impossible_parameters_are_refused() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let max = 1 << 20;
    let count = |count, min, max| Error::RandomFeatureCount { count, min, max };
    assert_eq!(TrigonometricFeatures::new(0, 1, rng).unwrap_err(), Error::ZeroDimension);
    assert_eq!(TrigonometricFeatures::new(1, 0, rng).unwrap_err(), count(0, 1, max / 2));
    assert_eq!(TrigonometricFeatures::new(usize::MAX, 1, rng).unwrap_err(), count(1, 1, 0));
    assert_eq!(TensorSketch::new(usize::MAX, &[0.0, 1.0], 1, rng).unwrap_err(), count(1, 1, 0));
    assert_eq!(TensorSketch::new(2, &[1.0, 1.0], 1, rng).unwrap_err(), count(1, 2, max));
    assert_eq!(TensorSketch::new(0, &[1.0], 1, rng).unwrap_err(), Error::ZeroDimension);
    assert_eq!(SketchTree::new(usize::MAX, &[0.0, 1.0], 1, rng).unwrap_err(), count(1, 1, 0));
    assert_eq!(SketchTree::new(2, &[1.0, 1.0], 1, rng).unwrap_err(), count(1, 2, max));
    assert_eq!(SketchTree::new(2, &[1.0, 1.0], max + 1, rng).unwrap_err(), count(max + 1, 2, max));
    assert_eq!(SketchTree::new(0, &[1.0], 1, rng).unwrap_err(), Error::ZeroDimension);
    assert_eq!(SketchTree::new(2, &[], 1, rng).unwrap_err(), Error::NoCoefficients);
    assert_eq!(RandomMaclaurin::new(usize::MAX, &[0.0, 1.0], 1, rng).unwrap_err(), count(1, 1, 0));
    assert_eq!(PositiveFeatures::new(1 << 10, max, rng).unwrap_err(), count(max, 1, 1 << 18));
    assert_eq!(PositiveFeatures::new(2, max + 1, rng).unwrap_err(), count(max + 1, 1, max));
    assert_eq!(PositiveFeatures::hyperbolic(2, max, rng).unwrap_err(), count(max, 1, max / 2));
    assert_eq!(PositiveFeatures::hyperbolic(0, 1, rng).unwrap_err(), Error::ZeroDimension);
    for value in [-1.0, f64::INFINITY, 1e101] {
        let refused = OptimalPositiveFeatures::new(2, 4, value, rng).unwrap_err();
        assert_eq!(refused, Error::MeanSquaredSum { value });
    }
    assert!(OptimalPositiveFeatures::new(2, 4, f64::NAN, rng).is_err());
    assert_eq!(OptimalPositiveFeatures::new(2, 0, 1.0, rng).unwrap_err(), count(0, 1, max));
    assert_eq!(RandomMaclaurin::new(0, &[1.0], 1, rng).unwrap_err(), Error::ZeroDimension);
    assert_eq!(RandomMaclaurin::new(2, &[], 1, rng).unwrap_err(), Error::NoCoefficients);
    assert_eq!(RandomMaclaurin::new(2, &[1.0, 1.0], 1, rng).unwrap_err(), count(1, 2, max));
    assert_eq!(
        RandomMaclaurin::new(2, &[1.0, -1.0], 9, rng).unwrap_err(),
        Error::CoefficientOutOfRange { degree: 1, value: -1.0 }
    );
    assert_eq!(
        RandomMaclaurin::new(2, &[1.0, 0.0], 9, rng).unwrap_err(),
        Error::ZeroLeadingCoefficient { degree: 1 }
    );
    assert_eq!(
        RandomMaclaurin::new(2, &[1.0; 66], 99, rng).unwrap_err(),
        Error::DegreeTooLarge { degree: 65, max: 64 }
    );
    assert_eq!(LinearPlusRandom::new(2, 1, 9, rng).unwrap_err(), Error::DegreeTooSmall { degree: 1, min: 2 });
    assert_eq!(LinearPlusRandom::new(0, 4, 9, rng).unwrap_err(), Error::ZeroDimension);
    assert_eq!(LinearPlusRandom::new(2, 4, 2, rng).unwrap_err(), count(2, 3, max - 3));
    assert_eq!(
        LinearPlusRandom::new(2, 31, 99, rng).unwrap_err(),
        Error::DegreeTooLarge { degree: 31, max: 30 }
    );
}

#[test]
fn the_mean_squared_sum_is_the_mean_over_pairs() {
    let mut uniform = Uniform::new(3);
    let (queries, keys) = (uniform.ball(5, 4, 1.0), uniform.ball(7, 4, 2.0));
    let mut sum = 0.0;
    for x in queries.rows() {
        for y in keys.rows() {
            sum += x.iter().zip(y).map(|(a, b)| (a + b) * (a + b)).sum::<f64>();
        }
    }
    let mean = OptimalPositiveFeatures::mean_squared_sum(queries.as_ref(), keys.as_ref()).unwrap();
    // some fifty roundings of sums below 10
    assert!((mean - sum / 35.0).abs() < 1e-13);
    let nothing = OptimalPositiveFeatures::mean_squared_sum(queries.as_ref(), Mat::zeros(0, 4).as_ref());
    assert_eq!(nothing, Err(Error::Length { expected: 1, found: 0 }));
    let other = OptimalPositiveFeatures::mean_squared_sum(queries.as_ref(), Mat::zeros(1, 3).as_ref());
    assert_eq!(other, Err(Error::Length { expected: 4, found: 3 }));
}
