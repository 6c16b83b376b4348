use crate::Uniform;
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{Error, MonomialMap, readout, readout_with_norms};

#[test]
fn rows_are_products_of_features_and_coefficients() {
    let map = MonomialMap::exp_taylor(3, 3).unwrap();
    let r = map.feature_count();
    let mut uniform = Uniform::new(3);
    let coefficients = Mat::from_fn(r, 4, |_, _| uniform.next());
    for m in [0, 1, 127, 128, 129, 700] {
        let points = uniform.ball(m, 3, 1.0);
        let (values, norms) =
            readout_with_norms(&map, points.as_ref(), coefficients.as_ref(), Parallelism::Sequential)
                .unwrap();
        assert_eq!((values.shape(), norms.len()), ((m, 4), m));
        let mut features = vec![0.0; r];
        for (i, x) in points.rows().enumerate() {
            map.apply(x, &mut features).unwrap();
            let norm: f64 = features.iter().map(|v| v.abs()).sum();
            // r products and sums with |S| ≤ 1 on either side
            let tolerance = 2.0 * (r + 1) as f64 * f64::EPSILON * norm;
            assert!((norms[i] - norm).abs() <= tolerance);
            for j in 0..4 {
                let expected: f64 = features.iter().enumerate().map(|(a, v)| v * coefficients[(a, j)]).sum();
                assert!((values[(i, j)] - expected).abs() <= tolerance);
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let map = MonomialMap::exp_taylor(4, 3).unwrap();
    let mut uniform = Uniform::new(4);
    let coefficients = Mat::from_fn(map.feature_count(), 3, |_, _| uniform.next());
    let points = uniform.ball(1000, 4, 1.0);
    let run = |threads| {
        readout_with_norms(&map, points.as_ref(), coefficients.as_ref(), Parallelism::threads(threads))
            .unwrap()
    };
    let expected = run(1);
    for threads in [2, 3, 5, 64] {
        assert_eq!(run(threads), expected);
    }
    let plain = readout(&map, points.as_ref(), coefficients.as_ref(), Parallelism::threads(2)).unwrap();
    assert_eq!(plain, expected.0);
}

#[test]
fn refuses_shapes_that_do_not_fit_and_takes_no_columns() {
    let map = MonomialMap::exp_taylor(2, 1).unwrap();
    let run =
        |d, r| readout(&map, Mat::zeros(4, d).as_ref(), Mat::zeros(r, 1).as_ref(), Parallelism::Sequential);
    assert_eq!(run(3, 3), Err(Error::Length { expected: 2, found: 3 }));
    assert_eq!(run(2, 4), Err(Error::Length { expected: 3, found: 4 }));
    let (points, none) = (Mat::zeros(4, 2), Mat::zeros(3, 0));
    let (values, norms) =
        readout_with_norms(&map, points.as_ref(), none.as_ref(), Parallelism::threads(2)).unwrap();
    assert_eq!((values.shape(), norms), ((4, 0), vec![1.0; 4]));
}
