//! Answers questions about linear attention, one a line: our half of `peers/attention.py`.
//!
//! ```text
//! echo 'seconds f64 4096 64 64 2' | cargo run --release -p provable-dp-benches --bin attention_times
//! ```
//!
//! A question is what is asked, then `n` (queries and keys), `d`, columns of values, and the degree. All threads
//! are used.
//!
//! | asked | answered |
//! |---|---|
//! | `seconds f32`, `seconds f64` | how long `LinearAttention::forward` took, features of queries and keys included |
//! | `features f32`, `features f64` | how long the features of `n` keys took on one thread, in blocks of 128 |
//! | `error mean`, `error taylor`, `error best`, `error fitted` | `‖Õ − O‖_F/‖O‖_F` of 512 queries in `f32`, and the largest of their logits |
//!
//! For errors, entries are normal, so that logits are nearly, and scaled to a largest of about 1.3; values are normal
//! too, and tell nothing about keys. `best` knows the largest logit, `fitted` the standard deviation of all logits.

use attention_dp::exact_attention;
use dp_linalg::{Mat, Parallelism, frobenius_norm};
use poly_kernel::{ExpPolynomial, Float, LinearAttention, LogitRange, MonomialMap};
use provable_dp_benches::RowSource;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Standard deviation of a logit; the largest of 512·65 536 is almost 6 times as much.
const SPREAD: f64 = 0.225;
/// Points whose features are held at once, as in attention.
const BLOCK: usize = 128;
/// Queries that exact attention is computed for.
const CHECKED: usize = 512;

#[derive(Clone, Copy)]
struct Shape {
    n: usize,
    dim: usize,
    columns: usize,
    degree: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[asked, what, n, dim, columns, degree] = words.as_slice() else {
            return Err(format!("six words expected: {line}").into());
        };
        let shape =
            Shape { n: n.parse()?, dim: dim.parse()?, columns: columns.parse()?, degree: degree.parse()? };
        let (first, second) = match asked {
            "seconds" => (seconds(what, shape)?, 0.0),
            "features" if what == "f32" => (feature_seconds::<f32>(shape)?, 0.0),
            "features" => (feature_seconds::<f64>(shape)?, 0.0),
            "error" => error(what, shape)?,
            _ => return Err(format!("cannot answer {asked}").into()),
        };
        writeln!(out, "{first:?} {second:?}")?;
        out.flush()?;
    }
    Ok(())
}

fn seconds(precision: &str, shape: Shape) -> Result<f64, Box<dyn Error>> {
    match precision {
        "f32" => seconds_in::<f32>(shape),
        "f64" => seconds_in::<f64>(shape),
        _ => Err(format!("no precision {precision}").into()),
    }
}

fn seconds_in<T: Float>(shape: Shape) -> Result<f64, Box<dyn Error>> {
    let Shape { n, dim, columns, degree } = shape;
    let mut source = RowSource::new(5);
    let [queries, keys, values] = [dim, dim, columns].map(|width| rounded::<T>(&source.rows(n, width)));
    // uniform entries have variance 1/3: logits of standard deviation 1/3
    let attention =
        LinearAttention::new(1.0 / (dim as f64).sqrt())?.with_parallelism(Parallelism::available());
    let map = MonomialMap::exp_taylor(dim, degree)?;
    let start = Instant::now();
    black_box(attention.forward(&map, queries.as_ref(), keys.as_ref(), values.as_ref())?);
    Ok(start.elapsed().as_secs_f64())
}

fn feature_seconds<T: Float>(shape: Shape) -> Result<f64, Box<dyn Error>> {
    let keys = rounded::<T>(&RowSource::new(5).rows(shape.n, shape.dim));
    let map = MonomialMap::exp_taylor(shape.dim, shape.degree)?;
    let mut block = map.feature_block(BLOCK);
    let start = Instant::now();
    for first in (0..shape.n).step_by(BLOCK) {
        let rows = first..shape.n.min(first + BLOCK);
        map.apply_block(keys.as_ref().subrows(rows), &mut block)?;
        black_box(block.as_ref());
    }
    Ok(start.elapsed().as_secs_f64())
}

fn rounded<T: Float>(matrix: &Mat) -> Mat<T> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| T::from_f64(matrix[(i, j)]))
}

/// Relative error of the output in `f32` against exact attention in `f64`, and the largest logit.
fn error(polynomial: &str, shape: Shape) -> Result<(f64, f64), Box<dyn Error>> {
    let Shape { n, dim, columns, degree } = shape;
    let mut source = RowSource::new(6);
    let (keys, values) = (normal(&mut source, n, dim), normal(&mut source, n, columns));
    let queries = normal(&mut source, CHECKED.min(n), dim);
    let scale = SPREAD / (dim as f64).sqrt();
    let largest = largest_product(&queries, &keys) * scale;
    let polynomial = match polynomial {
        "mean" => ExpPolynomial::taylor(0)?,
        "taylor" => ExpPolynomial::taylor(degree)?,
        "best" => ExpPolynomial::best_relative(degree, LogitRange::symmetric(largest)?)?,
        "fitted" => ExpPolynomial::least_squares_normal(degree, 0.0, SPREAD)?,
        _ => return Err(format!("no polynomial {polynomial}").into()),
    };
    let map = MonomialMap::new(dim, polynomial.coefficients())?;
    let threads = Parallelism::available();
    let exact = exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), scale, threads)?;
    let [q, k, v] = [&queries, &keys, &values].map(rounded::<f32>);
    let attention = LinearAttention::new(scale)?.with_parallelism(threads);
    let output = attention.forward(&map, q.as_ref(), k.as_ref(), v.as_ref())?;
    let difference = Mat::from_fn(exact.nrows(), columns, |i, j| f64::from(output[(i, j)]) - exact[(i, j)]);
    Ok((frobenius_norm(difference.as_ref()) / frobenius_norm(exact.as_ref()), largest))
}

/// Sums of twelve uniform numbers of variance 1/12.
fn normal(source: &mut RowSource, n: usize, columns: usize) -> Mat {
    let terms = source.rows(n * columns, 12);
    Mat::from_fn(n, columns, |i, j| 0.5 * terms.row(i * columns + j).iter().sum::<f64>())
}

fn largest_product(queries: &Mat, keys: &Mat) -> f64 {
    let product = |q: &[f64], k: &[f64]| q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>().abs();
    queries.rows().flat_map(|q| keys.rows().map(move |k| product(q, k))).fold(0.0, f64::max)
}
