use crate::{Uniform, dot};
use dp_linalg::{Mat, Parallelism, matmul_tn};
use poly_kernel::{Error, FeatureMap, NystromMap, Role};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// `φ(x)·φ(y)` for each pair.
fn products(map: &NystromMap, points: &Mat) -> Mat {
    let mut block = map.feature_block(points.nrows());
    map.apply_block(Role::Key, points.as_ref(), &mut block).unwrap();
    matmul_tn(block.as_ref(), block.as_ref(), Parallelism::Sequential).unwrap()
}

#[test]
fn products_with_a_landmark_are_exact() {
    let mut uniform = Uniform::new(1);
    let (landmarks, others) = (uniform.ball(10, 3, 1.5), uniform.ball(20, 3, 1.5));
    let map = NystromMap::new(landmarks.as_ref()).unwrap();
    let points = Mat::from_fn(30, 3, |i, k| if i < 10 { landmarks[(i, k)] } else { others[(i - 10, k)] });
    let values = products(&map, &points);
    let residuals = map.residuals(points.as_ref()).unwrap();
    for (i, z) in landmarks.rows().enumerate() {
        // λ = 2⁻⁵²·10·29 = 6.4e-14, and three times η ≤ √(2/λ)·2⁻⁵²·(√10·67 + 50) = 3.3e-7
        assert!(residuals[i] < 1e-6 * dot(z, z).exp(), "{}", residuals[i]);
        for (j, x) in points.rows().enumerate() {
            let scale = (0.5 * (dot(z, z) + dot(x, x))).exp();
            // √(λ·1) = 2.5e-7 in real arithmetic, and the rounding η twice
            assert!((values[(i, j)] - dot(z, x).exp()).abs() < 1e-6 * scale);
        }
    }
}

#[test]
fn the_error_of_a_pair_is_at_most_the_geometric_mean_of_its_residuals() {
    let mut uniform = Uniform::new(2);
    for (count, dim) in [(1, 1), (5, 2), (40, 4), (300, 3)] {
        let map = NystromMap::new(uniform.ball(count, dim, 1.5).as_ref()).unwrap();
        let points = uniform.ball(50, dim, 2.0);
        let (values, residuals) = (products(&map, &points), map.residuals(points.as_ref()).unwrap());
        for (i, x) in points.rows().enumerate() {
            for (j, y) in points.rows().enumerate() {
                let error = (values[(i, j)] - dot(x, y).exp()).abs();
                assert!(error <= (residuals[i] * residuals[j]).sqrt(), "{count} {error}");
            }
            // on the diagonal it is an equality, up to 6η, which is largest for 300: √(2/λ)·2⁻⁵²·(√300·90 + 301·√600) = 6e-7
            let own = dot(x, x).exp() - values[(i, i)];
            let slack = 1e-5 * dot(x, x).exp();
            assert!(residuals[i] - own < slack, "{count} {} {own}", residuals[i]);
        }
    }
}

#[test]
fn more_landmarks_leave_less() {
    let mut uniform = Uniform::new(3);
    let (all, points) = (uniform.ball(64, 2, 1.0), uniform.ball(20, 2, 1.0));
    let residuals = |count| {
        let map = NystromMap::new(all.as_ref().subrows(0..count)).unwrap();
        map.residuals(points.as_ref()).unwrap().iter().sum::<f64>()
    };
    let sums = [2, 4, 8, 16].map(residuals);
    assert!(sums.is_sorted_by(|a, b| a > b), "{sums:?}");
    assert!(sums[3] < 1e-2 * sums[0], "{sums:?}");
}

#[test]
fn coinciding_landmarks_are_harmless_and_norms_stay_bounded() {
    let mut uniform = Uniform::new(4);
    let few = uniform.ball(3, 2, 1.0);
    let repeated = Mat::from_fn(120, 2, |i, k| few[(i % 3, k)]);
    let map = NystromMap::new(repeated.as_ref()).unwrap();
    let points = Mat::from_fn(50, 2, |i, k| few[(i % 3, k)] + 1e-9 * uniform.ball(1, 2, 1.0)[(0, k)]);
    let mut block = map.feature_block(50);
    map.apply_block(Role::Key, points.as_ref(), &mut block).unwrap();
    for (square, x) in block.squared_norms().iter().zip(points.rows()) {
        // the norm is scaled back in floating point: two sums of 120 squares and a few roundings
        let relative = square / dot(x, x).exp();
        assert!(relative <= 1.0 + 300.0 * f64::EPSILON && relative > 1.0 - 1e-5, "{relative}");
    }
}

#[test]
fn points_that_are_not_finite_are_no_error_and_leave_the_others_alone() {
    let map = NystromMap::new(Mat::from_fn(4, 2, |i, k| (i + k) as f64 / 4.0).as_ref()).unwrap();
    let points = Mat::from_vec(3, 2, vec![0.5, 0.5, f64::NAN, 0.0, f64::INFINITY, 1.0]).unwrap();
    let mut block = map.feature_block(3);
    map.apply_block(Role::Key, points.as_ref(), &mut block).unwrap();
    let norms = block.squared_norms();
    assert!(norms[0].is_finite() && !norms[1].is_finite() && !norms[2].is_finite(), "{norms:?}");
}

#[test]
fn landmarks_without_a_kernel_are_refused() {
    assert_eq!(NystromMap::new(Mat::zeros(0, 2).as_ref()), Err(Error::NoLandmarks));
    assert_eq!(NystromMap::new(Mat::zeros(2, 0).as_ref()), Err(Error::ZeroDimension));
    for value in [f64::NAN, f64::INFINITY, 1e200] {
        let landmarks = Mat::from_vec(2, 1, vec![0.0, value]).unwrap();
        assert_eq!(NystromMap::new(landmarks.as_ref()), Err(Error::Landmark { index: 1 }));
    }
    let map = NystromMap::new(Mat::zeros(1, 2).as_ref()).unwrap();
    assert_eq!(map.residuals(Mat::zeros(1, 3).as_ref()), Err(Error::Length { expected: 2, found: 3 }));
}

#[test]
fn chosen_landmarks_are_better_than_as_many_of_the_first_points() {
    // most points in a small ball, some in a large one
    let mut uniform = Uniform::new(12);
    let (near, far) = (uniform.ball(360, 3, 0.3), uniform.ball(40, 3, 2.5));
    let points = Mat::from_fn(400, 3, |i, j| if i < 360 { near[(i, j)] } else { far[(i - 360, j)] });
    let rows = |chosen: &[usize]| Mat::from_fn(chosen.len(), 3, |i, j| points[(chosen[i], j)]);
    let left = |chosen: &[usize]| {
        let map = NystromMap::new(rows(chosen).as_ref()).unwrap();
        map.residuals(points.as_ref()).unwrap().iter().sum::<f64>()
    };
    let all: Vec<usize> = (0..40).map(|i| 10 * i).collect();
    for seed in 0..5 {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let chosen = NystromMap::choose_landmarks(points.as_ref(), 40, rng).unwrap();
        let mut distinct = chosen.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 40);
        assert!(left(&chosen) < 0.2 * left(&all), "{} {}", left(&chosen), left(&all));
    }
}

#[test]
fn landmarks_are_only_chosen_where_something_is_left() {
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let bad = Mat::from_vec(3, 1, vec![f64::NAN, f64::INFINITY, 1e200]).unwrap();
    assert_eq!(NystromMap::choose_landmarks(bad.as_ref(), 2, rng), Err(Error::NoLandmarks));
    let one = Mat::from_vec(3, 1, vec![f64::NAN, 1.0, 1.0]).unwrap();
    assert_eq!(NystromMap::choose_landmarks(one.as_ref(), 9, rng).unwrap().len(), 1);
    assert_eq!(NystromMap::choose_landmarks(one.as_ref(), 0, rng), Err(Error::NoLandmarks));
    assert_eq!(NystromMap::choose_landmarks(Mat::zeros(0, 2).as_ref(), 3, rng), Err(Error::NoLandmarks));
}
