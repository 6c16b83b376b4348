use crate::{ACTIVATIONS, dot, network, uniform};
use dp_linalg::{Mat, Parallelism, is_positive_semidefinite};
use ntk_dp::{Activation, Kernel, Network};

/// Covariance and tangent kernel pair by pair, straight from the recursion.
fn naive(network: &Network, x: &[f64], y: &[f64]) -> (f64, f64) {
    let first = |x, y| network.weight_variance() * dot(x, y) / x.len() as f64 + network.bias_variance();
    let (mut a, mut b, mut c) = (first(x, x), first(y, y), first(x, y));
    let mut tangent = c;
    for _ in 0..network.depth() {
        let of = |a, b, c| network.activation().expectations(a, b, c);
        let value = |a, b, c| network.weight_variance() * of(a, b, c).value + network.bias_variance();
        tangent = tangent * network.weight_variance() * of(a, b, c).derivative + value(a, b, c);
        (a, b, c) = (value(a, a, a), value(b, b, b), value(a, b, c));
    }
    (c, tangent)
}

/// 25 digits by an independent program: weight variance 2 and no bias, first layer without the variance, which is a factor of 2.
#[test]
fn relu_kernels_have_the_reference_values() {
    for (dim, depth, sigma, theta) in [
        (3, 1, 0.426_619_412_700_811_7, 0.801_681_303_571_115_4),
        (8, 3, 0.425_095_396_315_781, 1.192_433_695_226_405_5),
        (16, 5, 0.375_301_048_861_560_6, 0.929_653_553_355_922_1),
    ] {
        let x: Vec<f64> = (1..=dim).map(|i| f64::from(i).sin()).collect();
        let y: Vec<f64> = (1..=dim).map(|i| (f64::from(2 * i - 1) / 3.0).cos()).collect();
        let network = Network::new(Activation::Relu, depth, 2.0).unwrap();
        let covariance = Kernel::nngp(network).value(&x, &y).unwrap();
        let tangent = Kernel::ntk(network).value(&x, &y).unwrap();
        // some twenty roundings a layer on numbers up to one, and the sines
        assert!((covariance / 2.0 - sigma).abs() < 1e-14, "{dim} {covariance}");
        assert!((tangent / 2.0 - theta).abs() < 2e-14, "{dim} {tangent}");
    }
}

#[test]
fn blocks_and_threads_give_what_pairs_give() {
    // more than a block of rows and of columns, and no multiple of a vector
    let (left, right) = (uniform(1, 270, 7), uniform(2, 531, 7));
    for activation in ACTIVATIONS {
        let network = network(activation);
        for threads in [1, 3] {
            let parallelism = Parallelism::threads(threads);
            let tangent =
                Kernel::ntk(network).cross_gram(left.as_ref(), right.as_ref(), parallelism).unwrap();
            let covariance =
                Kernel::nngp(network).cross_gram(left.as_ref(), right.as_ref(), parallelism).unwrap();
            for (i, x) in left.rows().enumerate().step_by(13) {
                for (j, y) in right.rows().enumerate() {
                    let (c, t) = naive(&network, x, y);
                    // roundings of dot products of size one, times slopes of the recursion that are below 50 here
                    assert!(
                        (covariance[(i, j)] - c).abs() < 1e-13 * (1.0 + c.abs()),
                        "{activation:?} {i} {j}"
                    );
                    assert!((tangent[(i, j)] - t).abs() < 1e-13 * (1.0 + t.abs()), "{activation:?} {i} {j}");
                }
            }
        }
    }
}

#[test]
fn a_gram_matrix_is_symmetric_and_agrees_with_the_cross_gram_matrix() {
    for n in [1, 5, 256, 300] {
        let points = uniform(3, n, 4);
        for activation in ACTIVATIONS {
            for kernel in [Kernel::ntk(network(activation)), Kernel::nngp(network(activation))] {
                let gram = kernel.gram(points.as_ref(), Parallelism::threads(2)).unwrap();
                let cross =
                    kernel.cross_gram(points.as_ref(), points.as_ref(), Parallelism::Sequential).unwrap();
                let diagonal = kernel.diagonal(points.as_ref()).unwrap();
                for i in 0..n {
                    assert_eq!(gram[(i, i)], diagonal[i]);
                    for j in 0..i {
                        assert_eq!(gram[(i, j)], gram[(j, i)]);
                        assert!((gram[(i, j)] - cross[(i, j)]).abs() < 1e-13 * (1.0 + gram[(i, j)].abs()));
                    }
                }
            }
        }
    }
}

#[test]
fn single_precision_costs_the_rounding_of_dot_products_alone() {
    let (n, d) = (300, 24);
    let points = uniform(7, n, d);
    let single = Mat::from_fn(n, d, |i, j| points[(i, j)] as f32);
    let double = Mat::from_fn(n, d, |i, j| f64::from(single[(i, j)]));
    for activation in ACTIVATIONS {
        for kernel in [Kernel::ntk(network(activation)), Kernel::nngp(network(activation))] {
            let found = kernel.gram(single.as_ref(), Parallelism::threads(2)).unwrap();
            let exact = kernel.gram(double.as_ref(), Parallelism::threads(2)).unwrap();
            let cross = kernel.cross_gram(single.as_ref(), single.as_ref(), Parallelism::Sequential).unwrap();
            for i in 0..n {
                // rounded once
                assert_eq!(found[(i, i)], exact[(i, i)] as f32, "{activation:?}");
                for j in 0..i {
                    let size = (exact[(i, i)] * exact[(j, j)]).sqrt();
                    // products are off by 2du‖x‖‖y‖ at most, correlations here are below 0.9, where each of three layers magnifies
                    // by less than 3
                    let bound = 2.0 * d as f64 * f64::from(f32::EPSILON / 2.0) * 27.0 * size;
                    for value in [found[(i, j)], found[(j, i)], cross[(i, j)]] {
                        assert!((f64::from(value) - exact[(i, j)]).abs() <= bound, "{activation:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn gram_matrices_are_positive_semidefinite() {
    let points = uniform(4, 60, 3);
    for activation in ACTIVATIONS {
        let gram = Kernel::ntk(network(activation)).gram(points.as_ref(), Parallelism::Sequential).unwrap();
        assert!(is_positive_semidefinite(gram.as_ref()).unwrap(), "{activation:?}");
    }
}

#[test]
fn without_hidden_layers_both_kernels_are_linear() {
    let network = Network::new(Activation::Erf, 0, 3.0).unwrap().with_bias_variance(0.5).unwrap();
    let (x, y) = ([1.0, -2.0], [0.5, 4.0]);
    for kernel in [Kernel::ntk(network), Kernel::nngp(network)] {
        assert_eq!(kernel.value(&x, &y).unwrap(), 1.5 * -7.5 + 0.5);
    }
}

#[test]
fn equal_and_opposite_points_are_no_corner() {
    let x = uniform(5, 1, 40);
    let opposite = Mat::from_fn(1, 40, |_, j| -x[(0, j)]);
    for depth in [1, 4] {
        let network = Network::new(Activation::Relu, depth, 2.0).unwrap();
        let variance = 2.0 * dot(x.row(0), x.row(0)) / 40.0;
        let equal = Kernel::ntk(network).value(x.row(0), x.row(0)).unwrap();
        // the derivative at a correlation that is off by 40u: √(2·40u)/2π = 1.5e-8 of each of `depth` terms
        assert!(
            (equal - variance * (depth + 1) as f64).abs() < 1.5e-8 * (depth * (depth + 1)) as f64 * variance
        );
        let known = naive(&network, x.row(0), opposite.row(0)).1;
        let against = Kernel::ntk(network).value(x.row(0), opposite.row(0)).unwrap();
        assert!((against - known).abs() < 1e-7 * variance, "{against} {known}");
        if depth == 1 {
            // half of the neurons see each of them, none both
            assert!(against.abs() < 1.5e-8 * variance);
        }
    }
    for activation in [Activation::Erf, Activation::Gelu, Activation::Quadratic] {
        let kernel = Kernel::ntk(network(activation));
        let (equal, diagonal) = (kernel.value(x.row(0), x.row(0)), kernel.diagonal(x.as_ref()));
        assert!((equal.unwrap() / diagonal.unwrap()[0] - 1.0).abs() < 1e-13, "{activation:?}");
    }
}

#[test]
fn a_point_of_zeros_is_an_ordinary_point() {
    let points: Mat = Mat::from_vec(3, 2, vec![0.0, 0.0, 1.0, 2.0, 0.0, 0.0]).unwrap();
    for activation in ACTIVATIONS {
        let with_bias =
            Kernel::ntk(network(activation)).gram(points.as_ref(), Parallelism::Sequential).unwrap();
        assert!(with_bias.as_slice().iter().all(|value| value.is_finite() && *value > 0.0));
        // without biases the network is linear in a zero: all that is left is what φ(0) adds, which is nothing
        let bare = Network::new(activation, 3, 2.0).unwrap();
        let gram = Kernel::ntk(bare).gram(points.as_ref(), Parallelism::Sequential).unwrap();
        for i in 0..3 {
            assert_eq!([gram[(0, i)], gram[(i, 2)]], [0.0; 2], "{activation:?}");
        }
    }
}

#[test]
fn nearly_equal_points_change_the_kernel_by_little() {
    let x = uniform(6, 1, 20);
    for exponent in 2..=12 {
        let shift = 10.0_f64.powi(-exponent);
        let y = Mat::from_fn(1, 20, |_, j| x[(0, j)] * (1.0 + if j % 2 == 0 { shift } else { -shift }));
        let network = Network::new(Activation::Relu, 3, 2.0).unwrap();
        let value = Kernel::ntk(network).value(x.row(0), y.row(0)).unwrap();
        let variance = 2.0 * dot(x.row(0), x.row(0)) / 20.0;
        // each of three layers loses the angle, at most the shift, over π, of terms that sum to 4; and √(40u)/π for rounding
        assert!((value / variance - 4.0).abs() <= 3.0 * 4.0 * (shift + 2e-8), "{exponent} {value}");
    }
}

#[test]
fn huge_and_tiny_points_keep_their_scale() {
    let points = uniform(7, 2, 5);
    let network = Network::new(Activation::Relu, 3, 2.0).unwrap();
    let kernel = Kernel::ntk(network);
    let reference = kernel.value(points.row(0), points.row(1)).unwrap();
    for exponent in [-300, -100, 100, 480] {
        let unit = 2.0_f64.powi(exponent);
        let scaled = Mat::from_fn(2, 5, |i, j| unit * points[(i, j)]);
        let value = kernel.value(scaled.row(0), scaled.row(1)).unwrap();
        assert!((value / (unit * unit) / reference - 1.0).abs() < 1e-12, "{exponent}");
    }
}

#[test]
fn no_points_make_empty_matrices() {
    let kernel = Kernel::ntk(network(Activation::Relu));
    let none = Mat::zeros(0, 3);
    assert_eq!(kernel.gram(none.as_ref(), Parallelism::threads(2)).unwrap().shape(), (0, 0));
    let some = uniform(8, 2, 3);
    assert_eq!(
        kernel.cross_gram(none.as_ref(), some.as_ref(), Parallelism::Sequential).unwrap().shape(),
        (0, 2)
    );
    assert_eq!(
        kernel.cross_gram(some.as_ref(), none.as_ref(), Parallelism::Sequential).unwrap().shape(),
        (2, 0)
    );
}
