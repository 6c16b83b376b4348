//! Whether and how calls fail, against what points and labels contain.

use super::{budget, close, unit};
use crate::{Context, Outcome, Subject};
use core::fmt::Debug;
use dp_linalg::Mat;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{Delta, Epsilon, GaussianSampling, GaussianSamplingProfile, PerturbRow, Release};
use dp_testkit::neighbours::extreme_rows;
use ntk_dp::private::close::{
    CloseOptions, PrivateLabels, PrivatePoints, PrivateQueries, QueryBudget, SampledGram, gram_bound,
    release_gram, release_gram_with, release_labels, release_points, release_points_as_published,
};
use ntk_dp::{Activation, Error, Kernel, Network};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// For points and labels of all kinds every call ends in the same way, with the same certificate. The twin complains about points that
/// are not finite.
pub(in super::super) fn failure(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (shape, extremes) = ((3, 2), extreme_rows(2, 1.0));
    let mut data: Vec<Mat> = (0..context.scale(8, 2_000))
        .map(|_| {
            let chosen: Vec<usize> = (0..shape.0).map(|_| rng.random_range(0..extremes.len())).collect();
            Mat::from_fn(shape.0, shape.1, |i, j| extremes[chosen[i]][j])
        })
        .collect();
    data.extend(extremes.iter().map(|row| Mat::from_fn(shape.0, shape.1, |_, j| row[j])));
    let (mut differences, mut n, mut refused) = (0, 0, 0_u64);
    // a budget that all releases keep, and one that not all do
    for (beta, target) in [(0.01, budget(1.0, 1e-6)), (0.5, budget(1e-14, 1e-14))] {
        let expected = endings((beta, target), &Mat::zeros(shape.0, shape.1), Subject::AsShipped);
        refused += u64::from(expected.iter().any(|text| text.starts_with("Err")));
        for points in &data {
            differences += u64::from(endings((beta, target), points, subject) != expected);
            n += 1;
        }
    }
    Outcome::worst([
        Outcome::all_equal(differences, n).with_note("data sets that ended otherwise"),
        // both kinds of ending were seen
        Outcome::all_equal(refused.abs_diff(1), n),
    ])
}

/// Draws for the covariance of many layers, whose tangent kernel, which nobody asks for, overflows at some points.
fn deep(
    points: PrivatePoints<'_, PerturbRow>,
    shape: (usize, usize),
) -> Result<Release<SampledGram, GaussianSamplingProfile<PerturbRow>>, Error> {
    let kernel = Kernel::nngp(Network::new(Activation::Erf, 80, 1e8)?);
    let options = CloseOptions::new(kernel, shape, 1.0)?.with_ridge(1e30)?;
    let mechanism = GaussianSampling::with_draws(Draws::new(4)?, gram_bound(points.adjacency(), &options)?);
    release_gram_with(points, &options, &mechanism, &mut ChaCha20Rng::seed_from_u64(1))
}

/// What someone without sight of the data can see of each release.
fn endings((beta, (epsilon, delta)): (f64, (Epsilon, Delta)), points: &Mat, subject: Subject) -> Vec<String> {
    let options = unit(points.nrows(), points.ncols());
    let private = || PrivatePoints::new(close(beta), points.as_ref());
    let rng = || ChaCha20Rng::seed_from_u64(1);
    let labels = PrivateLabels::new(close(beta), points.as_ref());
    let budget = QueryBudget::new(1, epsilon, delta);
    let answer = PrivateQueries::new(private(), &options, budget)
        .and_then(|mut queries| queries.kernel_row(&[0.3, 0.4], &mut rng()));
    let mut seen = vec![
        ending(release_points(private(), &options, epsilon, delta, &mut rng())),
        ending(release_points_as_published(private(), &options, epsilon, delta, &mut rng())),
        ending(release_gram(private(), &options, epsilon, delta, &mut rng())),
        ending(deep(private(), (points.nrows(), points.ncols()))),
        ending(release_labels(labels, 1.0, epsilon, &mut rng())),
        ending(answer),
    ];
    if subject == Subject::Broken && points.as_slice().iter().any(|x| !x.is_finite()) {
        seen.push("a point is not finite".to_owned());
    }
    seen
}

fn ending<T, G: Debug>(release: Result<Release<T, G>, Error>) -> String {
    format!("{:?}", release.map(|release| format!("{:?}", release.certificate())))
}
