use crate::{ACTIVATIONS, dot, network, uniform};
use dp_linalg::{Mat, MatRef};
use ntk_dp::{
    Activation, FiniteNetwork, Kernel, Network, NystromFeatures, ReluFeatures, quadratic_features,
    quadratic_sketch,
};
use poly_kernel::{FeatureMap, KernelError, NormBound, Role};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn features(map: &dyn FeatureMap, points: MatRef<'_>) -> Mat {
    let mut block = map.feature_block(points.nrows());
    map.apply_block(Role::Key, points, &mut block).unwrap();
    block.as_ref().transpose()
}

#[test]
fn wide_networks_have_nearly_the_limit() {
    let points = uniform(3, 3, 5);
    for activation in ACTIVATIONS {
        let limit = Kernel::ntk(network(activation));
        let drawn =
            FiniteNetwork::draw(network(activation), 5, 2000, &mut ChaCha8Rng::seed_from_u64(4)).unwrap();
        let tangent = drawn.tangent_kernel(points.as_ref()).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let exact = limit.value(points.row(i), points.row(j)).unwrap();
                let scale = limit.diagonal(points.as_ref()).unwrap().into_iter().fold(0.0, f64::max);
                // deviations are a few times 1/√2000 = 0.022, of fourth powers for squares: one draw, fixed seed
                assert!((tangent[(i, j)] - exact).abs() < 0.25 * scale, "{activation:?} {tangent:?} {exact}");
            }
        }
        assert_eq!(drawn.outputs(points.as_ref()).unwrap().len(), 3);
    }
}

#[test]
fn quadratic_features_are_exact_and_their_sketch_is_close() {
    let points = uniform(5, 6, 8);
    let kernel = Kernel::quadratic(0.5).unwrap();
    let exact = features(&quadratic_features(8, 0.5).unwrap(), points.as_ref());
    let sketch = quadratic_sketch(8, 0.5, 4096, &mut ChaCha8Rng::seed_from_u64(6)).unwrap();
    let sketched = features(&sketch, points.as_ref());
    let radius = points.rows().map(|x| dot(x, x).sqrt()).fold(0.0, f64::max);
    for i in 0..6 {
        for j in 0..6 {
            let value = kernel.value(points.row(i), points.row(j)).unwrap();
            assert!((dot(exact.row(i), exact.row(j)) - value).abs() < 1e-13);
            // six standard deviations of the bound
            let off = (dot(sketched.row(i), sketched.row(j)) - value).abs();
            assert!(off < 6.0 * sketch.variance_bound(radius).sqrt(), "{off}");
        }
    }
}

#[test]
fn relu_features_have_their_number_and_their_norm_on_average() {
    let points = uniform(7, 4, 3);
    for depth in [0, 1, 3] {
        let network = Network::new(Activation::Relu, depth, 2.0).unwrap().with_bias_variance(0.1).unwrap();
        let map = ReluFeatures::draw(network, 3, 600, &mut ChaCha8Rng::seed_from_u64(8)).unwrap();
        assert_eq!((map.dim(), map.feature_count()), (3, if depth == 0 { 4 } else { 1201 }));
        let found = features(&map, points.as_ref());
        let kernel = Kernel::ntk(network);
        for i in 0..4 {
            for j in 0..=i {
                let exact = kernel.value(points.row(i), points.row(j)).unwrap();
                let scale = kernel.diagonal(points.as_ref()).unwrap().into_iter().fold(0.0, f64::max);
                // a few times √(3/600) = 0.07 a layer: one draw, fixed seed
                assert!((dot(found.row(i), found.row(j)) - exact).abs() < 0.4 * scale, "{depth} {i} {j}");
            }
        }
        let radius = dot(points.row(0), points.row(0)).sqrt();
        let NormBound::Random { mean_square } = map.norm_bound(radius) else { panic!("features are random") };
        let exact = kernel.diagonal(points.as_ref()).unwrap()[0];
        assert!(mean_square >= exact * (1.0 - 1e-14) && mean_square <= exact * (1.0 + 1e-12));
        assert_eq!(map.kernel_error(1.0), KernelError::RelativeRms(f64::INFINITY));
        assert_eq!(map.variance_bound(1.0).is_finite(), depth < 2);
    }
}

#[test]
fn without_biases_a_silent_layer_takes_the_tangent_with_it() {
    // ‖x‖² = 1 at d = 1, σ_w² = 2: Θ = 2(depth + 1); of two layers of one neuron, the second loses what it is with probability ½
    let point = Mat::filled(1, 1, 1.0);
    for (depth, bias, mean) in [(1, 0.0, 4.0), (2, 0.0, 5.0), (2, 1e-3, 6.0)] {
        let network = Network::new(Activation::Relu, depth, 2.0).unwrap().with_bias_variance(bias).unwrap();
        let rng = &mut ChaCha8Rng::seed_from_u64(12);
        let squares: Vec<f64> = (0..40_000)
            .map(|_| {
                let map = ReluFeatures::draw(network, 1, 1, rng).unwrap();
                let found = features(&map, point.as_ref());
                dot(found.row(0), found.row(0))
            })
            .collect();
        let n = squares.len() as f64;
        let found = squares.iter().sum::<f64>() / n;
        let deviation = (squares.iter().map(|x| (x - found).powi(2)).sum::<f64>() / n / n).sqrt();
        let exact = Kernel::ntk(network).value(&[1.0], &[1.0]).unwrap();
        // biases of 1e-3 add less than 0.01
        assert!(
            (found - mean).abs() < 5.0 * deviation + 0.01 && found < exact + 5.0 * deviation,
            "{found} {exact}"
        );
    }
}

#[test]
fn relu_features_refuse_points_and_blocks_of_another_shape() {
    let network = Network::new(Activation::Relu, 1, 2.0).unwrap();
    let map = ReluFeatures::draw(network, 3, 5, &mut ChaCha8Rng::seed_from_u64(9)).unwrap();
    let mut block = map.feature_block(2);
    assert!(map.apply_block(Role::Key, Mat::zeros(2, 4).as_ref(), &mut block).is_err());
    assert!(map.apply_block(Role::Key, Mat::zeros(3, 3).as_ref(), &mut block).is_err());
    let mut other = quadratic_features(3, 1.0).unwrap().feature_block(2);
    assert!(map.apply_block(Role::Key, Mat::zeros(2, 3).as_ref(), &mut other).is_err());
}

#[test]
fn landmarks_give_a_kernel_from_below() {
    let landmarks = uniform(10, 40, 2);
    let points = uniform(11, 12, 2);
    for activation in ACTIVATIONS {
        let kernel = Kernel::ntk(network(activation));
        let map = NystromFeatures::new(kernel.clone(), landmarks.as_ref()).unwrap();
        let found = features(&map, points.as_ref());
        let residuals = map.residuals(points.as_ref()).unwrap();
        for i in 0..12 {
            for j in 0..12 {
                let exact = kernel.value(points.row(i), points.row(j)).unwrap();
                let off = (dot(found.row(i), found.row(j)) - exact).abs();
                // jitter and rounding: 1e-16·40² times the kernel's values of about ten, and a point with itself at 1e-8
                assert!(off <= (residuals[i] * residuals[j]).sqrt() + 1e-6, "{activation:?} {off}");
            }
        }
        assert!(map.residuals(landmarks.as_ref()).unwrap().iter().all(|&residual| residual < 1e-6));
    }
}

#[test]
fn a_point_that_is_not_finite_has_no_features_and_leaves_the_others_alone() {
    let map =
        NystromFeatures::new(Kernel::ntk(network(Activation::Relu)), uniform(12, 5, 2).as_ref()).unwrap();
    let mut points = uniform(13, 4, 2);
    let before = features(&map, points.as_ref());
    points[(2, 1)] = f64::NAN;
    let after = features(&map, points.as_ref());
    assert_eq!(after.row(2), [0.0; 5]);
    assert_eq!([before.row(0), before.row(1), before.row(3)], [after.row(0), after.row(1), after.row(3)]);
}
