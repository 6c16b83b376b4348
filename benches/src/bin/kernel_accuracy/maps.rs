//! The maps that are compared.

use crate::sets::Data;
use dp_linalg::Mat;
use poly_kernel::{
    ExpPolynomial, ExpTaylor, FeatureMap, LinearPlusRandom, LogitRange, MonomialMap, NystromMap,
    OptimalPositiveFeatures, PositiveFeatures, RandomMaclaurin, SketchTree, TensorSketch,
    TrigonometricFeatures,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::error::Error;

/// Logits that a polynomial is fitted to by least squares.
const FITTED: usize = 2000;

pub(crate) type Named = (String, Box<dyn FeatureMap>);

pub(crate) fn monomial_count(data: &Data, degree: usize) -> Result<usize, Box<dyn Error>> {
    Ok(MonomialMap::exp_taylor(data.dim(), degree)?.feature_count())
}

/// Explicit features.
pub(crate) fn monomials(data: &Data, degree: usize, max_logit: f64) -> Result<Vec<Named>, Box<dyn Error>> {
    let named = |name: &str, polynomial: ExpPolynomial| -> Result<Named, Box<dyn Error>> {
        Ok((name.to_owned(), Box::new(MonomialMap::new(data.dim(), polynomial.coefficients())?)))
    };
    let range = LogitRange::symmetric(max_logit)?;
    let fitted = ExpPolynomial::least_squares(degree, &some_logits(data, max_logit))?;
    Ok(vec![
        named("monomials, Taylor", ExpPolynomial::taylor(degree)?)?,
        named("monomials, best relative", ExpPolynomial::best_relative(degree, range)?)?,
        named("monomials, least squares of 2 000 logits", fitted)?,
    ])
}

fn some_logits(data: &Data, max_logit: f64) -> Vec<f64> {
    let logit = |i: usize| {
        let query = data.queries.row(i * 7 % data.queries.nrows());
        let key = data.keys.row(i * 13 % data.keys.nrows());
        max_logit * query.iter().zip(key).map(|(a, b)| a * b).sum::<f64>()
    };
    (0..FITTED).map(logit).collect()
}

const LANDMARK_SEED: u64 = 5;

/// Random features, and features from landmarks, for points of length `√max_logit`.
pub(crate) fn others(
    data: &Data,
    count: usize,
    max_logit: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Named>, Box<dyn Error>> {
    let (dim, degree) = (data.dim(), data.degree + 4);
    let named = |name: &str, map: Box<dyn FeatureMap>| (name.to_owned(), map);
    // of a finer polynomial than the monomials can afford, for those that sample it
    let fine = ExpTaylor::new(degree)?;
    let root = max_logit.sqrt();
    let scaled = |points: &Mat| Mat::from_fn(points.nrows(), dim, |i, j| root * points[(i, j)]);
    let (queries, keys) = (scaled(&data.queries), scaled(&data.keys));
    // with numbers of their own, so that the other maps do not depend on how many are drawn
    let own = &mut ChaCha8Rng::seed_from_u64(LANDMARK_SEED);
    let chosen = NystromMap::choose_landmarks(keys.as_ref(), count, own)?;
    let landmarks = Mat::from_fn(chosen.len(), dim, |i, j| keys[(chosen[i], j)]);
    let spread = OptimalPositiveFeatures::mean_squared_sum(queries.as_ref(), keys.as_ref())?;
    Ok(vec![
        named("trigonometric, orthogonal", Box::new(TrigonometricFeatures::new(dim, count / 2, rng)?)),
        named("positive (FAVOR+)", Box::new(PositiveFeatures::new(dim, count, rng)?)),
        named("positive, hyperbolic", Box::new(PositiveFeatures::hyperbolic(dim, count / 2, rng)?)),
        named("optimal positive", Box::new(OptimalPositiveFeatures::new(dim, count, spread, rng)?)),
        named("random Maclaurin", Box::new(RandomMaclaurin::new(dim, fine.coefficients(), count, rng)?)),
        named("tensor sketch", Box::new(TensorSketch::new(dim, fine.coefficients(), count, rng)?)),
        named("linear plus random", Box::new(LinearPlusRandom::new(dim, degree, count - dim - 1, rng)?)),
        named("sketch tree", Box::new(SketchTree::new(dim, fine.coefficients(), count, rng)?)),
        named(
            &format!("Nyström, {} keys as landmarks", chosen.len()),
            Box::new(NystromMap::new(landmarks.as_ref())?),
        ),
    ])
}
