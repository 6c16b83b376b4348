use crate::{Uniform, dot};
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{
    Error, ExpPolynomial, FeatureMap, KernelError, LinearAttention, LogitRange, Mask, MonomialMap,
    PositiveFeatures, output_error,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

struct Case {
    queries: Mat,
    keys: Mat,
    values: Mat,
}

fn case(m: usize, n: usize, seed: u64) -> Case {
    let mut uniform = Uniform::new(seed);
    let (queries, keys) = (uniform.ball(m, 3, 2.0), uniform.ball(n, 3, 2.0));
    Case { queries, keys, values: Mat::from_fn(n, 2, |_, _| uniform.next()) }
}

/// `AM` and the row sums of `A`, entry by entry.
fn naive(case: &Case, mask: Mask, kernel: impl Fn(f64) -> f64) -> (Mat, Vec<f64>) {
    let (m, c) = (case.queries.nrows(), case.values.ncols());
    let (mut out, mut mass) = (Mat::zeros(m, c), vec![0.0; m]);
    for (i, query) in case.queries.rows().enumerate() {
        for (j, key) in case.keys.rows().enumerate() {
            if mask == Mask::Full || j <= i {
                let weight = kernel(0.5 * dot(query, key));
                mass[i] += weight;
                for (sum, value) in out.row_mut(i).iter_mut().zip(case.values.row(j)) {
                    *sum += weight * value;
                }
            }
        }
    }
    (out, mass)
}

fn attention(mask: Mask, threads: usize) -> LinearAttention {
    LinearAttention::new(0.5).unwrap().with_mask(mask).with_parallelism(Parallelism::threads(threads))
}

#[test]
fn outputs_are_those_of_the_kernel_matrix() {
    let best = ExpPolynomial::best_relative(4, LogitRange::symmetric(2.0).unwrap()).unwrap();
    for coefficients in [best.coefficients().to_vec(), vec![1.0, -0.5, 0.25]] {
        let map = MonomialMap::new(3, &coefficients).unwrap();
        for (m, n, mask) in [
            (5, 7, Mask::Full),
            (300, 1, Mask::Full),
            (1, 1300, Mask::Full),
            (2100, 2100, Mask::Causal),
            (1, 1, Mask::Causal),
            (129, 129, Mask::Causal),
        ] {
            let case = case(m, n, (m + n) as u64);
            let (sums, mass) = naive(&case, mask, |t| map.kernel(t));
            let [q, k, v] = [&case.queries, &case.keys, &case.values].map(Mat::as_ref);
            let product = attention(mask, 2).product(&map, q, k, v).unwrap();
            // n terms, each with the rounding of its features, the absolute kernel below 12
            let tolerance = 1e-15 * 12.0 * n as f64 * 35.0;
            for i in 0..m {
                for j in 0..2 {
                    assert!((product[(i, j)] - sums[(i, j)]).abs() < tolerance, "{m} {n} {mask:?}");
                }
            }
            let output = attention(mask, 2).forward(&map, q, k, v).unwrap();
            for i in 0..m {
                for j in 0..2 {
                    let error = (output[(i, j)] - sums[(i, j)] / mass[i]).abs();
                    assert!(error < 2.0 * tolerance / mass[i], "{m} {n} {mask:?}");
                }
            }
        }
    }
}

#[test]
fn transposed_products_are_those_of_the_formed_matrix() {
    for coefficients in [vec![1.0, 1.0, 0.5], vec![1.0, -0.5, 0.25]] {
        let map = MonomialMap::new(3, &coefficients).unwrap();
        for (m, n, mask) in [
            (5, 700, Mask::Full),
            (1300, 3, Mask::Full),
            (0, 4, Mask::Full),
            (1, 1, Mask::Causal),
            (129, 129, Mask::Causal),
            (1600, 1600, Mask::Causal),
        ] {
            let case = case(m, n, (m + n) as u64);
            let mut uniform = Uniform::new(8);
            let matrix = Mat::from_fn(m, 2, |_, _| uniform.next());
            let run = |threads| {
                let (q, k) = (case.queries.as_ref(), case.keys.as_ref());
                attention(mask, threads).transposed_product(&map, q, k, matrix.as_ref()).unwrap()
            };
            let found = run(2);
            assert_eq!(found, run(5));
            for (j, key) in case.keys.rows().enumerate() {
                for column in 0..2 {
                    let seen = |i: usize| mask == Mask::Full || j <= i;
                    let terms = case.queries.rows().enumerate().filter(|(i, _)| seen(*i));
                    let sum: f64 =
                        terms.map(|(i, query)| map.kernel(0.5 * dot(query, key)) * matrix[(i, column)]).sum();
                    assert!(
                        (found[(j, column)] - sum).abs() < 1e-15 * 12.0 * (m + 1) as f64 * 35.0,
                        "{m} {n} {j}"
                    );
                }
            }
        }
    }
    let map = MonomialMap::exp_taylor(3, 2).unwrap();
    let case = case(4, 5, 1);
    let run = |rows| {
        let (q, k) = (case.queries.as_ref(), case.keys.as_ref());
        attention(Mask::Full, 1).transposed_product(&map, q, k, Mat::zeros(rows, 2).as_ref())
    };
    assert_eq!(run(4).unwrap().shape(), (5, 2));
    assert_eq!(run(5), Err(Error::RowCount { points: 4, values: 5 }));
}

#[test]
fn outputs_are_within_their_certificate_of_exact_attention() {
    let range = LogitRange::symmetric(2.0).unwrap();
    let mut attained = 0.0_f64;
    for degree in [2, 3, 4] {
        let best = ExpPolynomial::best_relative(degree, range).unwrap();
        let certificate = best.certificate(range);
        let bound = output_error(certificate.ratio_lower(), certificate.ratio_upper()).unwrap();
        let map = MonomialMap::new(3, best.coefficients()).unwrap();
        for mask in [Mask::Full, Mask::Causal] {
            let case = case(400, 400, 5);
            let [q, k, v] = [&case.queries, &case.keys, &case.values].map(Mat::as_ref);
            let output = attention(mask, 2).forward(&map, q, k, v).unwrap();
            let (sums, mass) = naive(&case, mask, f64::exp);
            for j in 0..2 {
                let column = || case.values.rows().map(|row| row[j]);
                let spread = column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min);
                for i in 0..400 {
                    let error = (output[(i, j)] - sums[(i, j)] / mass[i]).abs() / spread;
                    attained = attained.max(error / bound);
                }
            }
        }
    }
    assert!(attained < 1.0 && attained > 0.1, "{attained}");
}

#[test]
fn the_number_of_threads_does_not_show_and_any_map_will_do() {
    let map: Box<dyn FeatureMap> =
        Box::new(PositiveFeatures::new(3, 40, &mut ChaCha8Rng::seed_from_u64(1)).unwrap());
    let case = case(1500, 1500, 9);
    let [q, k, v] = [&case.queries, &case.keys, &case.values].map(Mat::as_ref);
    for mask in [Mask::Full, Mask::Causal] {
        let one = attention(mask, 1).forward(map.as_ref(), q, k, v).unwrap();
        for threads in [2, 3, 64] {
            assert_eq!(attention(mask, threads).forward(map.as_ref(), q, k, v).unwrap(), one);
        }
        // weights are positive: outputs are means of values
        assert!(one.as_slice().iter().all(|x| x.abs() <= 1.0));
    }
}

#[test]
fn heads_are_columns_and_the_future_does_not_show() {
    let map = MonomialMap::exp_taylor(3, 4).unwrap();
    let (a, b) = (case(200, 200, 1), case(200, 200, 2));
    let side = |x: &Mat, y: &Mat| {
        Mat::from_fn(200, x.ncols() + y.ncols(), |i, j| {
            if j < x.ncols() { x[(i, j)] } else { y[(i, j - x.ncols())] }
        })
    };
    let (queries, keys) = (side(&a.queries, &b.queries), side(&a.keys, &b.keys));
    let run = |q, k, v| attention(Mask::Causal, 2).forward(&map, q, k, v).unwrap();
    let alone = run(b.queries.as_ref(), b.keys.as_ref(), b.values.as_ref());
    let (q, k) = (queries.as_ref().subcols(3..6), keys.as_ref().subcols(3..6));
    assert_eq!(run(q, k, b.values.as_ref()), alone);
    // other keys and values from 150 on
    let mut changed = case(200, 200, 2);
    for i in 150..200 {
        changed.keys.row_mut(i).copy_from_slice(a.keys.row(i));
        changed.values.row_mut(i).fill(1e6);
    }
    let other = run(changed.queries.as_ref(), changed.keys.as_ref(), changed.values.as_ref());
    for i in 0..200 {
        assert_eq!(other.row(i) == alone.row(i), i < 150, "{i}");
    }
}

#[test]
fn the_error_of_given_points_is_that_of_the_ball_around_them() {
    let map = MonomialMap::exp_taylor(3, 5).unwrap();
    let attention = attention(Mask::Full, 1);
    let points = Mat::from_fn(4, 3, |i, j| if i == 2 { 0.1 * j as f64 } else { 0.0 });
    let longest = Mat::from_vec(1, 3, vec![0.0, 0.6, 0.8]).unwrap();
    let error = |a: &Mat, b: &Mat| match attention.kernel_error(&map, a.as_ref(), b.as_ref()) {
        KernelError::Relative(error) => error,
        _ => panic!("monomials are certified"),
    };
    // scale one half, norm one: logits up to one half
    let range = LogitRange::symmetric(0.5).unwrap();
    let exact = ExpPolynomial::taylor(5).unwrap().certificate(range).relative_error();
    for found in [error(&points, &longest), error(&longest, &points)] {
        assert!(found >= exact && found < exact * (1.0 + 1e-12), "{found} {exact}");
    }
    assert!(error(&points, &points) < 1e-3 * exact);
    for bad in [f64::NAN, f64::INFINITY] {
        let bad = Mat::from_vec(2, 3, vec![0.0, bad, 0.0, 1.0, 1.0, 1.0]).unwrap();
        assert_eq!(error(&bad, &points), f64::INFINITY);
    }
    let single = Mat::filled(1, 3, 0.5_f32);
    let found = attention.kernel_error(&map, single.as_ref(), single.as_ref());
    assert!(matches!(found, KernelError::Relative(error) if error > 0.0));
}

#[test]
fn nothing_bad_is_returned_silently() {
    let map = MonomialMap::exp_taylor(3, 3).unwrap();
    let good = case(4, 4, 3);
    let run = |q: &Mat, k: &Mat, v: &Mat, mask| {
        attention(mask, 1).forward(&map, q.as_ref(), k.as_ref(), v.as_ref())
    };
    let none = (Mat::zeros(0, 3), Mat::zeros(0, 2));
    assert_eq!(run(&good.queries, &none.0, &none.1, Mask::Full), Err(Error::Mass { query: 0, mass: 0.0 }));
    assert_eq!(run(&none.0, &good.keys, &good.values, Mask::Full).unwrap().shape(), (0, 2));
    let mut nan = case(4, 4, 3);
    nan.keys.row_mut(2)[1] = f64::NAN;
    assert!(
        matches!(run(&good.queries, &nan.keys, &good.values, Mask::Causal), Err(Error::Mass { query, .. }) if query <= 2)
    );
    // an odd Taylor polynomial far below zero is negative
    let far = Mat::from_vec(1, 3, vec![-9.0, 0.0, 0.0]).unwrap();
    let key = Mat::from_vec(1, 3, vec![9.0, 0.0, 0.0]).unwrap();
    assert!(matches!(
        run(&far, &key, &Mat::zeros(1, 2), Mask::Full),
        Err(Error::Mass { query: 0, mass }) if mass < 0.0
    ));
    assert_eq!(
        run(&good.queries, &good.keys, &Mat::zeros(3, 2), Mask::Full),
        Err(Error::RowCount { points: 4, values: 3 })
    );
    assert_eq!(
        run(&Mat::zeros(3, 3), &good.keys, &good.values, Mask::Causal),
        Err(Error::RowCount { points: 3, values: 4 })
    );
    assert_eq!(
        run(&Mat::zeros(3, 2), &good.keys, &good.values, Mask::Full),
        Err(Error::Length { expected: 3, found: 2 })
    );
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(LinearAttention::new(scale), Err(Error::SoftmaxScale { .. })));
    }
}
