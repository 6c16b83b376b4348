use crate::Uniform;
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{Error, ExpPolynomial, LogitRange, Moments, MonomialMap, readout, readout_with_norms};

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
    for threads in [2, 3, 5, 64, usize::MAX] {
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

#[test]
fn sums_of_any_kernel_come_back_with_its_signs() {
    let range = LogitRange::symmetric(3.0).unwrap();
    let mut uniform = Uniform::new(7);
    let (keys, queries) = (uniform.ball(300, 3, 1.7), uniform.ball(20, 3, 1.7));
    let values = Mat::from_fn(300, 2, |_, _| uniform.next());
    for coefficients in [
        ExpPolynomial::best_relative(4, range).unwrap().coefficients().to_vec(),
        ExpPolynomial::least_squares_normal(5, 0.0, 1.5).unwrap().coefficients().to_vec(),
        vec![-1.0, 0.0, 0.7, -0.3],
    ] {
        let map = MonomialMap::new(3, &coefficients).unwrap();
        let mut moments = Moments::new(map.clone(), 2);
        moments.add_block(keys.as_ref(), values.as_ref()).unwrap();
        let sums = moments.into_matrix();
        let found = readout(&map, queries.as_ref(), sums.as_ref(), Parallelism::threads(2)).unwrap();
        for (i, query) in queries.rows().enumerate() {
            for j in 0..2 {
                let terms = keys
                    .rows()
                    .enumerate()
                    .map(|(k, key)| map.kernel(crate::dot(key, query)) * values[(k, j)]);
                let size: f64 = coefficients.iter().map(|c| c.abs() * 2.9_f64.powi(6)).sum();
                let expected: f64 = terms.sum();
                assert!((found[(i, j)] - expected).abs() < 1e-13 * 300.0 * size, "{coefficients:?}");
            }
        }
    }
    assert!(!MonomialMap::new(3, &[-1.0, 0.0, 0.7, -0.3]).unwrap().is_positive_definite());
}
