use crate::{ACTIVATIONS, network, uniform};
use dp_linalg::{Mat, Parallelism};
use ntk_dp::{
    Activation, Error, FeatureRidge, FiniteNetwork, Kernel, KernelRidge, LeaveOneOut, Network,
    NystromFeatures, ReluFeatures, Stop, one_hot, quadratic_features,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const SEQUENTIAL: Parallelism = Parallelism::Sequential;

#[test]
fn variances_slopes_and_ridges_must_be_numbers_in_range() {
    for value in [0.0, -1.0, f64::INFINITY] {
        assert_eq!(Network::new(Activation::Relu, 1, value), Err(Error::WeightVariance { value }));
        assert_eq!(Kernel::quadratic(value), Err(Error::WeightVariance { value }));
        let kernel = Kernel::ntk(network(Activation::Relu));
        assert_eq!(KernelRidge::new(kernel, value), Err(Error::Ridge { value }));
    }
    assert!(Network::new(Activation::Relu, 1, f64::NAN).is_err());
    let network = Network::new(Activation::Relu, 1, 1.0).unwrap();
    assert!(network.with_bias_variance(-0.1).is_err() && network.with_bias_variance(f64::NAN).is_err());
    let slope = f64::INFINITY;
    let refused = Network::new(Activation::LeakyRelu { slope }, 1, 1.0);
    assert_eq!(refused, Err(Error::Slope { value: slope }));
    for value in [0.0, 1.0, -1.0] {
        assert_eq!(Stop::new(value, 1), Err(Error::Tolerance { value }));
    }
}

#[test]
fn points_that_are_not_finite_are_named() {
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
        let mut points = uniform(1, 6, 3);
        points[(4, 1)] = poison;
        for activation in ACTIVATIONS {
            for kernel in [Kernel::ntk(network(activation)), Kernel::nngp(network(activation))] {
                let refused = Err(Error::Point { row: 4 });
                assert_eq!(kernel.gram(points.as_ref(), SEQUENTIAL), refused, "{activation:?} {poison}");
                let good = uniform(2, 2, 3);
                assert_eq!(kernel.cross_gram(good.as_ref(), points.as_ref(), SEQUENTIAL), refused);
                assert_eq!(kernel.diagonal(points.as_ref()), Err(Error::Point { row: 4 }));
            }
        }
        let kernel = Kernel::quadratic(1.0).unwrap();
        assert_eq!(kernel.gram(points.as_ref(), SEQUENTIAL), Err(Error::Point { row: 4 }));
    }
}

#[test]
fn what_overflows_is_a_matter_of_the_type_of_the_points() {
    let of = |size: f32| Mat::from_fn(3, 2, |i, _| if i == 1 { size } else { 1.0 });
    for kernel in [Kernel::ntk(network(Activation::Relu)), Kernel::nngp(network(Activation::Gelu))] {
        assert!(kernel.gram(of(1e18).as_ref(), SEQUENTIAL).unwrap().as_slice().iter().all(|x| x.is_finite()));
        // squares are 1e40, beyond f32 but not f64
        let (single, large) = (of(1e20), Mat::from_fn(3, 2, |i, _| if i == 1 { 1e20 } else { 1.0 }));
        assert_eq!(kernel.gram(single.as_ref(), SEQUENTIAL), Err(Error::Point { row: 1 }));
        assert_eq!(kernel.diagonal(single.as_ref()), Err(Error::Point { row: 1 }));
        assert!(kernel.gram(large.as_ref(), SEQUENTIAL).is_ok());
    }
    let quadratic = Kernel::quadratic(1.0).unwrap();
    assert_eq!(quadratic.gram(of(1e10).as_ref(), SEQUENTIAL), Err(Error::Point { row: 1 }));
}

#[test]
fn a_kernel_of_finite_points_is_finite_where_its_diagonal_is() {
    // variances up to 1e150, at which GELU multiplies two of them
    let points: Mat =
        Mat::from_fn(4, 2, |i, j| [1e75, -1e75, 1e-75, 1.0][i] * if j == 0 { 1.0 } else { -0.5 });
    for activation in
        [Activation::Relu, Activation::LeakyRelu { slope: -2.0 }, Activation::Erf, Activation::Gelu]
    {
        let network = Network::new(activation, 1, 1.0).unwrap();
        let gram = Kernel::ntk(network).gram(points.as_ref(), SEQUENTIAL).unwrap();
        assert!(gram.as_slice().iter().all(|value| value.is_finite()), "{activation:?} {gram:?}");
    }
}

#[test]
fn shapes_must_fit() {
    let kernel = Kernel::ntk(network(Activation::Relu));
    let (three, four, none) = (uniform(1, 5, 3), uniform(2, 5, 4), Mat::zeros(5, 0));
    let length = Error::Length { expected: 3, found: 4 };
    assert_eq!(kernel.cross_gram(three.as_ref(), four.as_ref(), SEQUENTIAL), Err(length));
    assert_eq!(kernel.gram(none.as_ref(), SEQUENTIAL), Err(Error::NoColumns));
    assert_eq!(kernel.value(&[1.0], &[1.0, 2.0]), Err(Error::Length { expected: 1, found: 2 }));
    let ridge = KernelRidge::new(kernel.clone(), 1.0).unwrap();
    let few = Mat::zeros(4, 1);
    let rows = Error::RowCount { expected: 5, found: 4 };
    assert_eq!(ridge.fit(three.as_ref(), few.as_ref()), Err(rows));
    assert_eq!(ridge.fit(Mat::zeros(0, 3).as_ref(), Mat::zeros(0, 1).as_ref()), Err(Error::NoRows));
    let refused = LeaveOneOut::new(kernel, three.as_ref(), few.as_ref(), SEQUENTIAL);
    assert_eq!(refused.unwrap_err(), rows);
    let model = ridge.fit(three.as_ref(), Mat::zeros(5, 1).as_ref()).unwrap();
    assert_eq!(model.predict(four.as_ref()), Err(length));
    let mut sums = FeatureRidge::new(quadratic_features(3, 1.0).unwrap(), 1);
    assert_eq!(sums.add(four.as_ref(), Mat::zeros(5, 1).as_ref()), Err(length));
    assert_eq!(sums.add(three.as_ref(), few.as_ref()), Err(rows));
    let outputs = Error::Length { expected: 1, found: 2 };
    assert_eq!(sums.add(three.as_ref(), Mat::zeros(5, 2).as_ref()), Err(outputs));
    assert_eq!(sums.points(), 0);
    assert_eq!(sums.fit(1.0).unwrap_err(), Error::NoRows);
}

#[test]
fn targets_and_points_of_sums_must_be_finite() {
    let points = uniform(3, 5, 2);
    let mut targets = Mat::zeros(5, 2);
    targets[(3, 1)] = f64::NAN;
    let ridge = KernelRidge::new(Kernel::ntk(network(Activation::Erf)), 1.0).unwrap();
    assert_eq!(ridge.fit(points.as_ref(), targets.as_ref()), Err(Error::Target { row: 3 }));
    let mut sums = FeatureRidge::new(quadratic_features(2, 1.0).unwrap(), 2);
    assert_eq!(sums.add(points.as_ref(), targets.as_ref()), Err(Error::Target { row: 3 }));
    let mut bad = points.clone();
    bad[(1, 0)] = f64::INFINITY;
    assert_eq!(sums.add(bad.as_ref(), Mat::zeros(5, 2).as_ref()), Err(Error::Point { row: 1 }));
    assert_eq!(sums.points(), 0);
}

#[test]
fn points_whose_features_overflow_change_no_sums() {
    let (points, targets) = (uniform(6, 1500, 2), uniform(7, 1500, 1));
    for threads in [1, 2] {
        let empty = || {
            FeatureRidge::new(quadratic_features(2, 1.0).unwrap(), 1)
                .with_parallelism(Parallelism::threads(threads))
        };
        let mut sums = empty();
        sums.add(points.as_ref(), targets.as_ref()).unwrap();
        let before = sums.fit(1.0).unwrap().weights().to_owned();
        // a kernel value with itself of 1e400; the last is in a group of its own
        for row in [0, 700, 1499] {
            let mut bad = points.clone();
            bad[(row, 1)] = 1e100;
            assert_eq!(sums.add(bad.as_ref(), targets.as_ref()), Err(Error::Point { row }), "{threads}");
            assert_eq!(empty().add(bad.as_ref(), targets.as_ref()), Err(Error::Point { row }));
            let model = sums.fit(1.0).unwrap();
            assert_eq!((sums.points(), model.weights()), (1500, before.as_ref()));
            assert_eq!(model.predict(bad.as_ref()), Err(Error::Point { row }));
            assert_eq!(model.leave_one_out(bad.as_ref(), targets.as_ref()), Err(Error::Point { row }));
        }
    }
}

#[test]
fn sums_that_would_overflow_by_many_points_or_by_their_targets_are_refused() {
    let mut sums = FeatureRidge::new(quadratic_features(1, 1.0).unwrap(), 1);
    let of = |size: f64| Mat::filled(1, 1, size);
    // squared features of 0.4e300: two fit
    let large = of(0.4_f64.powf(0.25) * 1e75);
    for _ in 0..2 {
        sums.add(large.as_ref(), of(1.0).as_ref()).unwrap();
    }
    assert_eq!(sums.add(large.as_ref(), of(1.0).as_ref()), Err(Error::Point { row: 0 }));
    // features of 1e100 times a target of 1e250
    assert_eq!(sums.add(of(1e50).as_ref(), of(1e250).as_ref()), Err(Error::Point { row: 0 }));
    sums.add(of(1e20).as_ref(), of(1e250).as_ref()).unwrap();
    assert_eq!(sums.points(), 3);
    assert!(sums.fit(1.0).unwrap().weights().first_non_finite().is_none());
}

#[test]
fn networks_of_finite_width_refuse_points_that_are_not_finite() {
    let drawn =
        FiniteNetwork::draw(network(Activation::Relu), 3, 5, &mut ChaCha8Rng::seed_from_u64(2)).unwrap();
    for poison in [f64::NAN, f64::INFINITY] {
        let mut points = uniform(8, 4, 3);
        points[(2, 0)] = poison;
        assert_eq!(drawn.outputs(points.as_ref()), Err(Error::Point { row: 2 }));
        assert_eq!(drawn.tangent_kernel(points.as_ref()), Err(Error::Point { row: 2 }));
    }
}

#[test]
fn labels_beyond_the_classes_and_empty_lists_are_refused() {
    assert_eq!(one_hot(&[0, 2, 3], 3), Err(Error::Label { row: 2, label: 3, classes: 3 }));
    assert_eq!(one_hot(&[], 0).unwrap().shape(), (0, 0));
    let (points, targets) = (uniform(4, 6, 2), uniform(5, 6, 1));
    let kernel = Kernel::ntk(network(Activation::Relu));
    let path = LeaveOneOut::new(kernel, points.as_ref(), targets.as_ref(), SEQUENTIAL).unwrap();
    assert_eq!(path.best_ridge(&[]), Err(Error::NoRidge));
    assert_eq!(path.best_ridge(&[1.0, -1.0]), Err(Error::Ridge { value: -1.0 }));
}

#[test]
fn networks_and_features_need_a_width_and_a_dimension() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let relu = Network::new(Activation::Relu, 1, 2.0).unwrap();
    assert_eq!(FiniteNetwork::draw(relu, 3, 0, &mut rng).unwrap_err(), Error::Width);
    assert_eq!(FiniteNetwork::draw(relu, 0, 3, &mut rng).unwrap_err(), Error::NoColumns);
    assert_eq!(ReluFeatures::draw(relu, 3, 0, &mut rng).unwrap_err(), Error::Width);
    assert_eq!(ReluFeatures::draw(relu, 0, 3, &mut rng).unwrap_err(), Error::NoColumns);
    let erf = Network::new(Activation::Erf, 1, 2.0).unwrap();
    assert_eq!(ReluFeatures::draw(erf, 3, 3, &mut rng).unwrap_err(), Error::Activation);
    let kernel = Kernel::ntk(relu);
    assert_eq!(NystromFeatures::new(kernel.clone(), Mat::zeros(0, 3).as_ref()), Err(Error::NoRows));
    assert_eq!(NystromFeatures::new(kernel, Mat::zeros(3, 0).as_ref()), Err(Error::NoColumns));
    assert!(matches!(quadratic_features(0, 1.0), Err(Error::Features(_))));
    assert!(matches!(quadratic_features(3, f64::NAN), Err(Error::Features(_))));
}
