//! Output error of linear attention by every feature map, at one number of features, beside the mean of the values.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin kernel_accuracy [-- --seed 1]
//! ```
//!
//! Error: `‖Õ − O‖_F / ‖O‖_F`, `O` exact softmax attention. A row whose map gives a query no positive mass says `fails`.
//! "mean" answers every query by the mean of all values: a map that is no better tells nothing.

use attention_dp::exact_attention;
use dp_linalg::{Mat, Parallelism, frobenius_norm};
use dp_testkit::digits::digits;
use poly_kernel::{
    ExpPolynomial, ExpTaylor, FeatureMap, LinearAttention, LinearPlusRandom, LogitRange, MonomialMap,
    NystromMap, OptimalPositiveFeatures, PositiveFeatures, RandomMaclaurin, TensorSketch,
    TrigonometricFeatures,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;

const LOGITS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// Rows of unit length, and values.
struct Data {
    name: String,
    queries: Mat,
    keys: Mat,
    values: Mat,
    /// Degree of the polynomials; all maps have as many features as its monomials.
    degree: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().skip_while(|a| a != "--seed").nth(1).map_or(Ok(1), |s| s.parse())?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut sets = vec![handwriting()?];
    for (dim, degree) in [(8, 4), (16, 3), (64, 2)] {
        sets.push(synthetic(4096, dim, degree, &mut rng));
    }
    for data in &sets {
        table(data, &mut rng)?;
    }
    Ok(())
}

/// 1 500 digits as keys, 297 as queries, scaled to unit length; values are labels, one column a class.
fn handwriting() -> Result<Data, Box<dyn Error>> {
    let digits = digits();
    let pixels: Vec<f64> = digits.pixels.iter().map(|&pixel| f64::from(pixel)).collect();
    let all = unit_rows(Mat::from_vec(pixels.len() / 64, 64, pixels)?);
    let (keys, queries) = (all.as_ref().subrows(0..1500), all.as_ref().subrows(1500..all.nrows()));
    let values = Mat::from_fn(1500, 10, |i, j| f64::from(u8::from(usize::from(digits.labels[i]) == j)));
    let (keys, queries) = (keys.to_owned(), queries.to_owned());
    Ok(Data { name: "digits, n = 1500, d = 64".into(), queries, keys, values, degree: 2 })
}

/// Uniform directions; values that depend on the keys' first coordinate, so that attention has something to find.
fn synthetic(n: usize, dim: usize, degree: usize, rng: &mut ChaCha8Rng) -> Data {
    let mut sphere = |n| {
        // sums of twelve uniform numbers are normal enough for directions
        unit_rows(Mat::from_fn(n, dim, |_, _| (0..12).map(|_| rng.random_range(-0.5..0.5)).sum()))
    };
    let (queries, keys) = (sphere(512), sphere(n));
    let values = Mat::from_fn(n, 8, |i, j| (keys[(i, j % dim)] * 3.0).tanh() + 0.1 * (i % 7) as f64);
    Data { name: format!("uniform directions, n = {n}, d = {dim}"), queries, keys, values, degree }
}

fn unit_rows(mut rows: Mat) -> Mat {
    for i in 0..rows.nrows() {
        let norm = rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        rows.row_mut(i).iter_mut().for_each(|x| *x /= norm);
    }
    rows
}

fn table(data: &Data, rng: &mut ChaCha8Rng) -> Result<(), Box<dyn Error>> {
    let dim = data.keys.ncols();
    let count = MonomialMap::exp_taylor(dim, data.degree)?.feature_count();
    println!("\n{}: {count} features, degree {}", data.name, data.degree);
    println!("| map | {} |", LOGITS.map(|b| format!("max logit {b}")).join(" | "));
    println!("|---|{}", "---|".repeat(LOGITS.len()));
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for max_logit in LOGITS {
        let exact = exact_attention(
            data.queries.as_ref(),
            data.keys.as_ref(),
            data.values.as_ref(),
            max_logit,
            Parallelism::available(),
        )?;
        let norm = frobenius_norm(exact.as_ref());
        let difference =
            |output: &Mat| Mat::from_fn(exact.nrows(), exact.ncols(), |i, j| output[(i, j)] - exact[(i, j)]);
        let error = |output: &Mat| format!("{:.2e}", frobenius_norm(difference(output).as_ref()) / norm);
        let mut column = vec![("mean of the values".to_owned(), error(&mean(data)))];
        for (name, map) in maps(data, count, max_logit, rng)? {
            // maps are of products of points of length √B
            let attention = LinearAttention::new(max_logit)?.with_parallelism(Parallelism::available());
            let output = attention.forward(
                map.as_ref(),
                data.queries.as_ref(),
                data.keys.as_ref(),
                data.values.as_ref(),
            );
            column.push((name, output.map_or_else(|_| "fails".to_owned(), |output| error(&output))));
        }
        if rows.is_empty() {
            rows = column.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
        }
        for (row, (_, cell)) in rows.iter_mut().zip(column) {
            row.1.push(cell);
        }
    }
    for (name, cells) in rows {
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

fn mean(data: &Data) -> Mat {
    let mean = |j: usize| data.values.rows().map(|row| row[j]).sum::<f64>() / data.values.nrows() as f64;
    let means: Vec<f64> = (0..data.values.ncols()).map(mean).collect();
    Mat::from_fn(data.queries.nrows(), means.len(), |_, j| means[j])
}

type Named = (String, Box<dyn FeatureMap>);

fn maps(
    data: &Data,
    count: usize,
    max_logit: f64,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Named>, Box<dyn Error>> {
    let (dim, degree) = (data.keys.ncols(), data.degree);
    let named = |name: &str, map: Box<dyn FeatureMap>| (name.to_owned(), map);
    let monomials = |polynomial: ExpPolynomial| -> Result<Box<dyn FeatureMap>, Box<dyn Error>> {
        Ok(Box::new(MonomialMap::new(dim, polynomial.coefficients())?))
    };
    let logits: Vec<f64> = (0..2000)
        .map(|i| {
            let (q, k) =
                (data.queries.row(i * 7 % data.queries.nrows()), data.keys.row(i * 13 % data.keys.nrows()));
            max_logit * q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>()
        })
        .collect();
    // of a finer polynomial than the monomials can afford, for those that sample it
    let fine = ExpTaylor::new(degree + 4)?;
    let landmarks = count.min(512).min(data.keys.nrows());
    let root = max_logit.sqrt();
    let scaled_landmarks = Mat::from_fn(landmarks, dim, |i, j| root * data.keys[(i, j)]);
    let scaled = |points: &Mat| Mat::from_fn(points.nrows(), dim, |i, j| root * points[(i, j)]);
    let spread = OptimalPositiveFeatures::mean_squared_sum(
        scaled(&data.queries).as_ref(),
        scaled(&data.keys).as_ref(),
    )?;
    Ok(vec![
        named("monomials, Taylor", monomials(ExpPolynomial::taylor(degree)?)?),
        named(
            "monomials, best relative",
            monomials(ExpPolynomial::best_relative(degree, LogitRange::symmetric(max_logit)?)?)?,
        ),
        named(
            "monomials, least squares of 2 000 logits",
            monomials(ExpPolynomial::least_squares(degree, &logits)?)?,
        ),
        named("trigonometric, orthogonal", Box::new(TrigonometricFeatures::new(dim, count / 2, rng)?)),
        named("positive (FAVOR+)", Box::new(PositiveFeatures::new(dim, count, rng)?)),
        named("positive, hyperbolic", Box::new(PositiveFeatures::hyperbolic(dim, count / 2, rng)?)),
        named("optimal positive", Box::new(OptimalPositiveFeatures::new(dim, count, spread, rng)?)),
        named("random Maclaurin", Box::new(RandomMaclaurin::new(dim, fine.coefficients(), count, rng)?)),
        named("tensor sketch", Box::new(TensorSketch::new(dim, fine.coefficients(), count, rng)?)),
        named("linear plus random", Box::new(LinearPlusRandom::new(dim, degree + 4, count - dim - 1, rng)?)),
        named(
            &format!("Nyström, {landmarks} keys as landmarks"),
            Box::new(NystromMap::new(scaled_landmarks.as_ref())?),
        ),
    ])
}
