use crate::ACTIVATIONS;
use ntk_dp::{Kernel, Network};
use proptest::prelude::*;

fn pair() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1_usize..6).prop_flat_map(|d| {
        let entry = prop_oneof![4 => -2.0..2.0, 1 => Just(0.0), 1 => -1e-8..1e-8, 1 => -1e3..1e3];
        let point = prop::collection::vec(entry, d);
        (point.clone(), point)
    })
}

proptest! {
    #[test]
    fn a_kernel_is_symmetric_and_obeys_cauchy_and_schwarz(
        (x, y) in pair(), which in 0_usize..5, depth in 0_usize..4, bias in 0.0..1.0,
    ) {
        // powers of large numbers overflow with depth, which is refused: a shallow network of squares
        let depth = if which == 4 { depth.min(2) } else { depth };
        let network = Network::new(ACTIVATIONS[which], depth, 1.3).unwrap().with_bias_variance(bias).unwrap();
        for kernel in [Kernel::ntk(network), Kernel::nngp(network), Kernel::quadratic(0.7).unwrap()] {
            let value = |x: &[f64], y: &[f64]| kernel.value(x, y).unwrap();
            let diagonal = |x: &[f64]| kernel.diagonal(dp_linalg::MatRef::new(x, 1, x.len()).unwrap()).unwrap()[0];
            let (xy, bound) = (value(&x, &y), (diagonal(&x) * diagonal(&y)).sqrt());
            // near equal points are off by some 1e-8 of the bound a layer, erf and GELU by 1e-16 times variances of 1e6
            prop_assert!(xy.abs() <= bound * (1.0 + 1e-7), "{xy} {bound}");
            prop_assert!((xy - value(&y, &x)).abs() <= 1e-7 * bound);
        }
    }

    #[test]
    fn relu_kernels_are_homogeneous_without_biases((x, y) in pair(), depth in 0_usize..5, scale in 0.01..100.0_f64) {
        let kernel = Kernel::ntk(Network::new(ACTIVATIONS[0], depth, 2.0).unwrap());
        let scaled: Vec<f64> = x.iter().map(|x| scale * x).collect();
        let of = |x: &[f64]| kernel.diagonal(dp_linalg::MatRef::new(x, 1, x.len()).unwrap()).unwrap()[0];
        let bound = scale * (of(&x) * of(&y)).sqrt();
        let (left, right) = (kernel.value(&scaled, &y).unwrap(), kernel.value(&x, &y).unwrap());
        prop_assert!((left - scale * right).abs() <= 1e-7 * bound, "{left} {right}");
    }
}
