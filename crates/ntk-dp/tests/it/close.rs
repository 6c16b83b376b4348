//! Releases of points that move.

use dp_linalg::Mat;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{Delta, Epsilon, GaussianSampling, PerturbRow, ReplaceRow};
use ntk_dp::private::close::{
    CloseOptions, Labels, PrivateLabels, PrivatePoints, PrivateQueries, PublicLabels, QueryBudget,
    feasibility, feature_move, gram_bound, gram_epsilon, gram_mechanism, label_statistic,
    published_gram_bound, published_gram_mechanism, release_gram, release_gram_with, release_labels,
    release_points, release_points_as_published,
};
use ntk_dp::{Activation, CloseParameter, Error, Kernel, Network};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn quadratic() -> Kernel {
    Kernel::quadratic(1.0).unwrap()
}

fn options(rows: usize, dim: usize) -> CloseOptions {
    CloseOptions::new(quadratic(), (rows, dim), 1.0).unwrap()
}

fn close(radius: f64) -> PerturbRow {
    PerturbRow::new(radius).unwrap()
}

fn budget() -> (Epsilon, Delta) {
    (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap())
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn points(rows: usize, dim: usize) -> Mat {
    Mat::from_fn(rows, dim, |i, j| ((1 + 3 * i + 7 * i * j) as f64).sin() / (dim as f64).sqrt())
}

#[test]
fn options_are_checked_before_anything_else() {
    let of = |shape, radius| CloseOptions::new(quadratic(), shape, radius);
    assert_eq!(of((0, 3), 1.0), Err(Error::NoRows));
    assert_eq!(of((3, 0), 1.0), Err(Error::NoColumns));
    for radius in [0.0, -1.0, 1e70, f64::INFINITY] {
        assert_eq!(
            of((3, 3), radius),
            Err(Error::CloseParameter { parameter: CloseParameter::Radius, value: radius })
        );
    }
    // the fourth power of a radius that is allowed by itself
    assert!(matches!(
        of((3, 3), 1e40),
        Err(Error::CloseParameter { parameter: CloseParameter::KernelValue, .. })
    ));
    for ridge in [0.0, -1.0, f64::INFINITY] {
        let refused = options(3, 3).with_ridge(ridge);
        assert_eq!(refused, Err(Error::CloseParameter { parameter: CloseParameter::Ridge, value: ridge }));
    }
}

#[test]
fn variances_of_every_layer_are_bounded_by_public_numbers() {
    // the first layer is beyond 1e90, what comes out of it is of the size of the weights
    let network = Network::new(Activation::Erf, 1, 1e80).unwrap();
    let refused = CloseOptions::new(Kernel::nngp(network), (3, 1), 1e10);
    assert!(matches!(
        refused,
        Err(Error::CloseParameter { parameter: CloseParameter::KernelValue, value }) if value > 1e99
    ));
}

#[test]
fn a_tangent_kernel_that_overflows_is_no_matter_where_it_is_not_used() {
    let kernel = Kernel::nngp(Network::new(Activation::Erf, 80, 1e8).unwrap());
    let options = CloseOptions::new(kernel, (3, 1), 1.0).unwrap().with_ridge(1e30).unwrap();
    let bound = gram_bound(close(0.5), &options).unwrap();
    let mechanism = GaussianSampling::with_draws(Draws::new(4).unwrap(), bound);
    let certificate = |point: f64| {
        let points = Mat::from_vec(3, 1, vec![point, 0.1, 0.0]).unwrap();
        let private = PrivatePoints::new(close(0.5), points.as_ref());
        let release = release_gram_with(private, &options, &mechanism, &mut rng());
        release.map(|release| format!("{:?}", release.certificate()))
    };
    let expected = certificate(0.0);
    assert!(expected.is_ok(), "{expected:?}");
    for point in [1.0, -1.0, 1e-3, 1e300, f64::NAN] {
        assert_eq!(certificate(point), expected);
    }
}

#[test]
fn ridges_that_rounding_hides_are_refused_by_every_release_of_the_gram_matrix() {
    let (epsilon, delta) = budget();
    let relu = Kernel::ntk(Network::new(Activation::Relu, 1, 2.0).unwrap());
    let many = relu.clone();
    for (kernel, rows, beta, ridge, refused) in [
        // clamped null spaces tell neighbours apart
        (quadratic(), 60, 1e-12, 1e-17, true),
        (quadratic(), 60, 1e-3, 1e-13, true),
        (quadratic(), 60, 1e-3, 1e-6, false),
        (quadratic(), 1000, 1e-4, 1.0, false),
        // a move is lost in the rounding of the ridge
        (quadratic(), 60, 1e-3, 1e60, true),
        // values near each other are good to half of the digits
        (relu, 60, 1e-3, 1e-6, true),
        (many, 1000, 1e-3, 1.0, false),
    ] {
        let options = CloseOptions::new(kernel, (rows, 1), 1.0).unwrap().with_ridge(ridge).unwrap();
        let of_ridge = Error::CloseParameter { parameter: CloseParameter::Ridge, value: ridge };
        let found = [gram_bound(close(beta), &options), published_gram_bound(close(beta), &options)];
        for bound in found {
            assert_eq!(bound.err() == Some(of_ridge), refused, "{rows} {beta} {ridge} {bound:?}");
        }
        if refused {
            let points = points(rows, 1);
            let private = PrivatePoints::new(close(beta), points.as_ref());
            let release = release_gram(private, &options, epsilon, delta, &mut rng()).map(|_| ());
            assert_eq!(release, Err(of_ridge));
            assert!(feasibility(close(beta), &options, epsilon, delta).draws().is_none());
        }
    }
}

#[test]
fn other_shapes_than_announced_are_refused_by_every_release() {
    let (epsilon, delta) = budget();
    for (found, expected) in [
        (points(4, 2), Error::RowCount { expected: 5, found: 4 }),
        (points(5, 3), Error::Length { expected: 2, found: 3 }),
    ] {
        let (options, private) = (options(5, 2), PrivatePoints::new(close(0.01), found.as_ref()));
        let queries = PrivateQueries::new(private, &options, QueryBudget::new(1, epsilon, delta));
        for refused in [
            release_points(private, &options, epsilon, delta, &mut rng()).map(|_| ()),
            release_points_as_published(private, &options, epsilon, delta, &mut rng()).map(|_| ()),
            release_gram(private, &options, epsilon, delta, &mut rng()).map(|_| ()),
            queries.map(|_| ()),
        ] {
            assert_eq!(refused, Err(expected));
        }
    }
}

#[test]
fn labels_need_rows_columns_and_a_bound() {
    let (none, flat, some) = (Mat::zeros(0, 1), Mat::zeros(3, 0), Mat::zeros(3, 1));
    let of = |labels: &Mat, bound| {
        label_statistic(PrivateLabels::new(ReplaceRow, labels.as_ref()), bound)
            .map(|statistic| statistic.len())
    };
    assert_eq!(
        (of(&none, 1.0), of(&flat, 1.0), of(&some, 1.0)),
        (Err(Error::NoRows), Err(Error::NoColumns), Ok(3))
    );
    for bound in [0.0, -1.0, f64::INFINITY] {
        let refused = Err(Error::CloseParameter { parameter: CloseParameter::LabelBound, value: bound });
        assert_eq!(of(&some, bound), refused);
    }
    let bad = Mat::from_vec(2, 1, vec![0.0, f64::NAN]).unwrap();
    assert_eq!(PublicLabels::assume_public(bad), Err(Error::Target { row: 1 }));
}

#[test]
fn a_fit_takes_as_many_labels_as_points_and_says_which_they_are() {
    let (epsilon, delta) = budget();
    let points = points(6, 2);
    let private = PrivatePoints::new(close(0.001), points.as_ref());
    let gram = release_gram(private, &options(6, 2), epsilon, delta, &mut rng()).unwrap();
    let noised = release_points(private, &options(6, 2), epsilon, delta, &mut rng()).unwrap();
    let few = PublicLabels::assume_public(Mat::zeros(5, 1)).unwrap();
    let refused = Err(Error::RowCount { expected: 6, found: 5 });
    assert_eq!(gram.value().coefficients(0.1, &few).map(|_| ()), refused);
    assert_eq!(noised.value().fit(&quadratic(), 0.1, &few).map(|_| ()), refused);
    for ridge in [-1.0, f64::INFINITY] {
        let refused = gram.value().coefficients(ridge, &few);
        assert_eq!(refused, Err(Error::Ridge { value: ridge }));
    }
    let labels = Mat::filled(6, 1, 1.0);
    let released =
        release_labels(PrivateLabels::new(close(0.001), labels.as_ref()), 1.0, epsilon, &mut rng()).unwrap();
    let model = noised.value().fit(&quadratic(), 0.1, released.value()).unwrap();
    assert_eq!((model.labels(), model.kernel_model().coefficients().nrows()), ("released", 6));
    assert_eq!(<PublicLabels as Labels>::NAME, "public");
    let clipped = released.value().clipped();
    for (before, after) in released.value().targets().rows().zip(clipped.targets().rows()) {
        assert_eq!(after[0], before[0].clamp(-1.0, 1.0));
    }
}

#[test]
fn queries_are_of_the_quadratic_kernel_and_of_the_dimension_of_points() {
    let (epsilon, delta) = budget();
    let points = points(4, 2);
    let private = PrivatePoints::new(close(0.01), points.as_ref());
    let budget = QueryBudget::new(3, epsilon, delta);
    let relu = Kernel::ntk(Network::new(Activation::Relu, 1, 2.0).unwrap());
    let other = CloseOptions::new(relu, (4, 2), 1.0).unwrap();
    assert_eq!(PrivateQueries::new(private, &other, budget).map(|_| ()), Err(Error::QueryKernel));
    let mut queries = PrivateQueries::new(private, &options(4, 2), budget).unwrap();
    let long = queries.kernel_row(&[0.1, 0.2, 0.3], &mut rng()).map(|_| ());
    assert_eq!(long, Err(Error::Length { expected: 2, found: 3 }));
    let bad = queries.kernel_row(&[0.1, f64::NAN], &mut rng()).map(|_| ());
    assert_eq!(bad, Err(Error::Point { row: 0 }));
    // what was refused cost nothing
    assert_eq!(queries.left(), 3);
}

#[test]
fn predictions_of_coefficients_are_those_of_the_kernel_within_their_noise() {
    let points = points(30, 3);
    let (epsilon, delta) = (Epsilon::new(50.0).unwrap(), Delta::new(1e-6).unwrap());
    let options = options(30, 3);
    let private = PrivatePoints::new(close(1e-4), points.as_ref());
    let gram = release_gram(private, &options, epsilon, delta, &mut rng()).unwrap();
    let labels = PublicLabels::assume_public(Mat::from_fn(30, 2, |i, j| [1.0, -0.5][(i + j) % 2])).unwrap();
    let coefficients = gram.value().coefficients(0.2, &labels).unwrap();
    let mut queries = PrivateQueries::new(private, &options, QueryBudget::new(2, epsilon, delta)).unwrap();
    let query = [0.3, -0.5, 0.2];
    let found = queries.predict(&query, &coefficients, &mut rng()).unwrap();
    let value = |i: usize| points.row(i).iter().zip(&query).map(|(x, q)| x * q).sum::<f64>().powi(2);
    for j in 0..2 {
        let exact: f64 = (0..30).map(|i| coefficients.matrix()[(i, j)] * value(i)).sum();
        // noise is bounded by 2e-4·‖α‖₁/50·64; coefficients have 20 bits of their largest
        assert!((found.value()[j] - exact).abs() < 1e-3, "{} {exact}", found.value()[j]);
    }
    assert_eq!(queries.left(), 1);
}

#[test]
fn predictions_of_many_columns_at_a_small_budget_have_supported_noise() {
    let (epsilon, delta) = budget();
    let point = Mat::filled(1, 1, 1.0);
    let small = options(1, 1);
    let gram =
        release_gram(PrivatePoints::new(close(0.001), point.as_ref()), &small, epsilon, delta, &mut rng());
    let gram = gram.unwrap();
    // one value moves by 2³¹ or more: with 20 bits a coefficient, noise would have scales of 2⁵¹ to 2⁷⁵
    for (columns, epsilon) in [(1, 1.0), (7, 0.05), (64, 1e-3), (1 << 17, 0.05)] {
        let labels = PublicLabels::assume_public(Mat::filled(1, columns, 1.0)).unwrap();
        let coefficients = gram.value().coefficients(0.2, &labels).unwrap();
        let (replaced, each) =
            (PrivatePoints::new(ReplaceRow, point.as_ref()), Epsilon::new(epsilon).unwrap());
        let mut queries = PrivateQueries::new(replaced, &small, QueryBudget::new(1, each, delta)).unwrap();
        let statistic = queries.prediction_statistic(&[1.0], &coefficients).unwrap();
        // rounding of a weight moves a sum by half of a value at most, noise by more than ten times that
        let scale = statistic.sensitivity().get() as f64 / epsilon;
        assert!(scale > 10.0 * 2_f64.powi(31), "{columns} {epsilon}: {scale}");
        let found = queries.predict(&[1.0], &coefficients, &mut rng()).unwrap();
        assert_eq!(found.value().len(), columns);
    }
}

/// Each layer of squares doubles the relative error: at thirty layers kernel values of one are off by `2·10⁻⁷`.
#[test]
fn a_ridge_that_is_lost_in_the_rounding_of_deep_squares_is_refused() {
    let network = Network::new(Activation::Quadratic, 30, 1.0 / 3.0).unwrap();
    let of = |ridge: f64| {
        let options = CloseOptions::new(Kernel::nngp(network), (2, 1), 3.0_f64.sqrt()).unwrap();
        gram_bound(close(1e-9), &options.with_ridge(ridge).unwrap())
    };
    assert!(of(100.0).is_ok());
    let refused = Error::CloseParameter { parameter: CloseParameter::Ridge, value: 1e-4 };
    assert_eq!(of(1e-4), Err(refused));
}

#[test]
fn the_published_condition_allows_fewer_draws_and_is_a_larger_bound() {
    let (epsilon, delta) = budget();
    let options = options(50, 3);
    for beta in [1e-5, 1e-4] {
        let exact = gram_mechanism(close(beta), &options, epsilon, delta).unwrap().draws();
        let most = published_gram_mechanism(close(beta), &options, epsilon, delta).map(|m| m.draws());
        assert!(most.is_err() || most.unwrap() <= exact);
        let change = |bound: dp_mechanisms::ChangeBound<_>| bound.neighbourhood().change();
        let published = published_gram_bound(close(beta), &options).unwrap();
        assert!(change(published) > change(gram_bound(close(beta), &options).unwrap()));
    }
}

#[test]
fn a_mechanism_for_smaller_moves_is_refused() {
    let (epsilon, delta) = budget();
    let (points, options) = (points(5, 2), options(5, 2));
    let small = gram_mechanism(close(1e-4), &options, epsilon, delta).unwrap();
    let private = PrivatePoints::new(close(1e-3), points.as_ref());
    let refused = release_gram_with(private, &options, &small, &mut rng());
    assert!(matches!(refused, Err(Error::Mechanism(dp_mechanisms::Error::ChangeExceeded { .. }))));
    // the published bound is one that it knows, too
    let published = published_gram_bound(close(1e-3), &options).unwrap();
    let mechanism = GaussianSampling::with_draws(Draws::new(3).unwrap(), published);
    assert!(release_gram_with(private, &options, &mechanism, &mut rng()).is_ok());
}

#[test]
fn costs_grow_with_moves_and_are_told_without_points() {
    let (epsilon, delta) = budget();
    let options = options(100, 4);
    let of = |beta| feasibility(close(beta), &options, epsilon, delta);
    let (near, far) = (of(1e-4), of(1e-2));
    assert!(near.draws() > far.draws() && near.noise_std() < far.noise_std());
    assert!(near.feature_move() < far.feature_move());
    assert!(of(1.5).draws().is_none() && of(1.5).noise_std().is_some());
    let epsilons = [1e-4, 1e-3, 1e-2].map(|beta| gram_epsilon(close(beta), &options, 100, delta).unwrap());
    assert!(epsilons[0] < epsilons[1] && epsilons[1] < epsilons[2]);
    assert!(gram_epsilon(close(1e-3), &options, 0, delta).is_err());
}

#[test]
fn moves_of_features_grow_with_the_step_and_the_radius() {
    let network = |activation| Network::new(activation, 2, 1.5).unwrap().with_bias_variance(0.1).unwrap();
    for kernel in [
        quadratic(),
        Kernel::nngp(network(Activation::Gelu)),
        Kernel::ntk(network(Activation::Relu)),
        Kernel::ntk(network(Activation::Erf)),
        Kernel::ntk(network(Activation::Quadratic)),
    ] {
        let of = |radius, step| feature_move(&kernel, 3, (radius, step));
        for step in [1e-6, 1e-3, 0.1, 1.0, 1.9] {
            assert!(of(1.0, step) <= of(1.0, step * 1.01) && of(1.0, step) <= of(1.1, step), "{kernel:?}");
        }
    }
}
