use crate::{network, uniform};
use dp_linalg::{Mat, Parallelism, matmul};
use ntk_dp::{
    Activation, FeatureRidge, Kernel, KernelRidge, LeaveOneOut, Network, Stop, classify, one_hot,
    quadratic_features,
};

const SEQUENTIAL: Parallelism = Parallelism::Sequential;

fn kernel() -> Kernel {
    Kernel::ntk(network(Activation::Relu))
}

fn largest_difference(a: &Mat, b: &Mat) -> f64 {
    assert_eq!(a.shape(), b.shape());
    a.as_slice().iter().zip(b.as_slice()).fold(0.0, |largest, (a, b)| (a - b).abs().max(largest))
}

#[test]
fn a_fit_solves_its_equations() {
    let (points, targets) = (uniform(1, 50, 4), uniform(2, 50, 3));
    let ridge = 0.1;
    let model = KernelRidge::new(kernel(), ridge).unwrap().fit(points.as_ref(), targets.as_ref()).unwrap();
    let fitted = model.predict(points.as_ref()).unwrap();
    let mut sum = fitted;
    let coefficients = model.coefficients().to_owned();
    sum.as_mut_slice().iter_mut().zip(coefficients.as_slice()).for_each(|(sum, c)| *sum += ridge * c);
    // backward stable: about n²u times ‖K‖‖α‖, 2500·1e-16·500·50; a point with itself is off by 1e-8 in a prediction
    assert!(largest_difference(&sum, &targets) < 1e-6, "{}", largest_difference(&sum, &targets));
}

#[test]
fn predictions_are_kernel_rows_times_coefficients_in_any_blocks() {
    let (points, targets, new) = (uniform(3, 600, 3), uniform(4, 600, 2), uniform(5, 700, 3));
    let ridge = KernelRidge::new(kernel(), 1.0).unwrap();
    let model = ridge.fit(points.as_ref(), targets.as_ref()).unwrap();
    let cross = kernel().cross_gram(new.as_ref(), points.as_ref(), SEQUENTIAL).unwrap();
    let naive = matmul(cross.as_ref(), model.coefficients(), SEQUENTIAL).unwrap();
    assert!(largest_difference(&model.predict(new.as_ref()).unwrap(), &naive) < 1e-11);
    let threaded =
        ridge.with_parallelism(Parallelism::threads(3)).fit(points.as_ref(), targets.as_ref()).unwrap();
    // the same equations with condition 1 + ‖K‖/λ of about 1e3
    assert!(largest_difference(&threaded.predict(new.as_ref()).unwrap(), &naive) < 1e-9);
}

#[test]
fn conjugate_gradients_find_the_same_model_and_say_how_close() {
    let (points, mut targets) = (uniform(6, 530, 3), uniform(7, 530, 3));
    (0..530).for_each(|i| targets[(i, 1)] = 0.0);
    for threads in [1, 2] {
        let ridge = KernelRidge::new(kernel(), 0.5).unwrap().with_parallelism(Parallelism::threads(threads));
        let exact = ridge.fit(points.as_ref(), targets.as_ref()).unwrap();
        let found =
            ridge.fit_iteratively(points.as_ref(), targets.as_ref(), Stop::new(1e-8, 500).unwrap()).unwrap();
        assert!(found.converged() && found.residual() <= 1e-8 && found.iterations() < 500);
        let norm = targets.as_slice().iter().map(|y| y * y).sum::<f64>().sqrt();
        let off =
            largest_difference(&found.model().coefficients().to_owned(), &exact.coefficients().to_owned());
        // the tile of a point with itself has an error of 1e-8·K in the product, a thousandth of λ·1e-8·n
        assert!(off <= 2.0 * (found.residual() + 1e-7) * norm / 0.5, "{off}");
        assert!((0..530).all(|i| found.model().coefficients()[(i, 1)] == 0.0));
        let short =
            ridge.fit_iteratively(points.as_ref(), targets.as_ref(), Stop::new(1e-8, 2).unwrap()).unwrap();
        assert!(!short.converged() && short.iterations() == 2 && short.residual() > 1e-8);
    }
}

#[test]
fn residuals_of_targets_of_any_size_are_those_of_the_coefficients_that_are_returned() {
    let points = uniform(18, 40, 3);
    // eigenvalues of K + λI from 0.5 to some hundreds
    let ridge = KernelRidge::new(kernel(), 0.5).unwrap();
    let stop = Stop::new(1e-6, 500).unwrap();
    let column = uniform(19, 40, 1);
    for size in [1.0, 1e-150, 1e-200, 1e-305, 1e-310, 1e-320, 5e-324, 1e150, 1e300] {
        let targets = Mat::from_fn(40, 1, |i, _| size * column[(i, 0)]);
        let found = ridge.fit_iteratively(points.as_ref(), targets.as_ref(), stop).unwrap();
        // in units of the largest target, where nothing underflows
        let unit = targets.as_slice().iter().fold(0.0, |largest, y| y.abs().max(largest));
        let scaled = |m: Mat| Mat::from_fn(m.nrows(), 1, |i, _| m[(i, 0)] / unit);
        let (alpha, y) = (scaled(found.model().coefficients().to_owned()), scaled(targets));
        let gram = kernel().gram(points.as_ref(), SEQUENTIAL).unwrap();
        let images = matmul(gram.as_ref(), alpha.as_ref(), SEQUENTIAL).unwrap();
        let norm = |m: &Mat| m.as_slice().iter().map(|x| x * x).sum::<f64>().sqrt();
        let left = Mat::from_fn(40, 1, |i, _| images[(i, 0)] + 0.5 * alpha[(i, 0)] - y[(i, 0)]);
        let residual = norm(&left) / norm(&y);
        // a point with itself is off by 1e-8 of its kernel in a tile
        assert!((found.residual() - residual).abs() <= 1e-6 * (1.0 + residual), "{size} {residual}");
        assert_eq!(found.converged(), found.residual() <= 1e-6);
        assert_eq!(found.converged(), size > 1e-315, "{size} {residual}");
    }
}

#[test]
fn residuals_without_a_point_are_those_of_a_fit_without_it() {
    let (points, targets) = (uniform(8, 25, 3), uniform(9, 25, 2));
    let path = LeaveOneOut::new(kernel(), points.as_ref(), targets.as_ref(), SEQUENTIAL).unwrap();
    for ridge in [1e-2, 1.0] {
        let residuals = path.residuals(ridge).unwrap();
        for i in 0..25 {
            let without = |a: &Mat| Mat::from_fn(24, a.ncols(), |k, j| a[(k + usize::from(k >= i), j)]);
            let model = KernelRidge::new(kernel(), ridge)
                .unwrap()
                .fit(without(&points).as_ref(), without(&targets).as_ref())
                .unwrap();
            let found = model.predict(points.as_ref().subrows(i..i + 1)).unwrap();
            for j in 0..2 {
                // condition ‖K‖/λ ≤ 1e4, 25 points
                assert!((targets[(i, j)] - found[(0, j)] - residuals[(i, j)]).abs() < 1e-9, "{i} {j}");
            }
        }
        let direct =
            KernelRidge::new(kernel(), ridge).unwrap().fit(points.as_ref(), targets.as_ref()).unwrap();
        let off = largest_difference(
            &path.fit(ridge).unwrap().coefficients().to_owned(),
            &direct.coefficients().to_owned(),
        );
        assert!(off < 1e-9, "{off}");
    }
}

#[test]
fn the_best_ridge_has_the_least_error() {
    let points = uniform(10, 80, 2);
    let noise = uniform(11, 80, 1);
    let targets = Mat::from_fn(80, 1, |i, _| points[(i, 0)] + 0.3 * noise[(i, 0)]);
    let path = LeaveOneOut::new(kernel(), points.as_ref(), targets.as_ref(), SEQUENTIAL).unwrap();
    let ridges = [1e-6, 1e-3, 1e-1, 10.0, 1e6];
    let best = path.best_ridge(&ridges).unwrap();
    let errors = ridges.map(|ridge| path.mean_square(ridge).unwrap());
    assert!(errors.iter().all(|&error| error >= path.mean_square(best).unwrap()));
    assert!(best > 1e-6 && best < 1e6, "noise wants a ridge, signal wants it finite: {best} {errors:?}");
}

#[test]
fn features_of_a_kernel_give_its_predictions() {
    let (points, targets, new) = (uniform(12, 700, 4), uniform(13, 700, 2), uniform(14, 9, 4));
    let by_kernel = KernelRidge::new(Kernel::quadratic(0.5).unwrap(), 0.2)
        .unwrap()
        .fit(points.as_ref(), targets.as_ref())
        .unwrap();
    let mut sums = FeatureRidge::new(quadratic_features(4, 0.5).unwrap(), 2);
    for rows in [0..3, 3..520, 520..520, 520..700] {
        sums.add(points.as_ref().subrows(rows.clone()), targets.as_ref().subrows(rows)).unwrap();
    }
    assert_eq!(sums.points(), 700);
    let model = sums.fit(0.2).unwrap();
    let off =
        largest_difference(&model.predict(new.as_ref()).unwrap(), &by_kernel.predict(new.as_ref()).unwrap());
    // condition of K + λI about 1e3 on 700 points
    assert!(off < 1e-9, "{off}");
    let path =
        LeaveOneOut::new(Kernel::quadratic(0.5).unwrap(), points.as_ref(), targets.as_ref(), SEQUENTIAL)
            .unwrap();
    let residuals = model.leave_one_out(points.as_ref(), targets.as_ref()).unwrap();
    assert!(largest_difference(&residuals, &path.residuals(0.2).unwrap()) < 1e-9);
}

#[test]
fn threads_do_not_change_streamed_sums_but_in_last_bits() {
    let (points, targets) = (uniform(15, 600, 30), uniform(16, 600, 1));
    let fit = |threads| {
        let mut sums = FeatureRidge::new(quadratic_features(30, 1.0).unwrap(), 1)
            .with_parallelism(Parallelism::threads(threads));
        sums.add(points.as_ref(), targets.as_ref()).unwrap();
        sums.fit(10.0).unwrap().weights().to_owned()
    };
    // 496 features, more than one stripe
    assert!(largest_difference(&fit(1), &fit(3)) < 1e-11);
}

#[test]
fn classes_that_are_apart_are_told_apart() {
    let noise = uniform(17, 120, 2);
    let labels: Vec<usize> = (0..120).map(|i| i % 3).collect();
    let centers = [[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]];
    let points = Mat::from_fn(120, 2, |i, j| centers[i % 3][j] + 0.5 * noise[(i, j)]);
    let targets = one_hot(&labels, 3).unwrap();
    let network = Network::new(Activation::Gelu, 1, 2.0).unwrap().with_bias_variance(0.1).unwrap();
    let ridge = KernelRidge::new(Kernel::ntk(network), 0.01).unwrap();
    let model = ridge.fit(points.as_ref(), targets.as_ref()).unwrap();
    assert_eq!(classify(model.predict(points.as_ref()).unwrap().as_ref()), labels);
}

#[test]
fn what_is_printed_of_a_model_is_its_shape() {
    let (points, targets) = (uniform(18, 5, 2), uniform(19, 5, 1));
    let model = KernelRidge::new(kernel(), 1.0).unwrap().fit(points.as_ref(), targets.as_ref()).unwrap();
    let text = format!("{model:?}");
    assert!(text.contains("(5, 2)") && !text.contains(&points[(0, 0)].to_string()), "{text}");
}

#[test]
fn targets_of_any_size_are_fitted_and_none_is_called_solved_that_is_not() {
    let (points, targets) = (uniform(6, 60, 3), uniform(7, 60, 1));
    let ridge = KernelRidge::new(kernel(), 0.5).unwrap();
    let stop = Stop::new(1e-8, 200).unwrap();
    let fit = |unit: f64| {
        let scaled = Mat::from_fn(60, 1, |i, _| unit * targets[(i, 0)]);
        ridge.fit_iteratively(points.as_ref(), scaled.as_ref(), stop).unwrap()
    };
    let plain = fit(1.0);
    // powers of two change no bit
    for unit in [2.0_f64.powi(550), 2.0_f64.powi(-550)] {
        let found = fit(unit);
        assert!(found.converged());
        for i in 0..60 {
            assert_eq!(found.model().coefficients()[(i, 0)], unit * plain.model().coefficients()[(i, 0)]);
        }
    }
}
