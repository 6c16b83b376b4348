//! Answers questions about linear attention, one a line: our half of `peers/attention.py`.
//!
//! ```text
//! echo 'seconds f64 4096 64 64 2' | cargo run --release -p provable-dp-benches --bin attention_times
//! ```
//!
//! A question is what is asked, then `n` (queries and keys), `d`, columns of values, and the degree. All threads are used.
//!
//! | asked | answered |
//! |---|---|
//! | `seconds f64` | how long `LinearAttention::forward` took, features of queries and keys included |
//! | `error mean`, `error taylor`, `error best`, `error fitted` | `‖Õ − O‖_F/‖O‖_F` for the first 512 queries, and the largest of their logits |
//!
//! For errors, entries are normal, so that logits are nearly, and scaled to a largest of about 1.3; values are normal too, and tell
//! nothing about keys. `best` knows the largest logit, `fitted` the standard deviation of all logits.

use attention_dp::exact_attention;
use dp_linalg::{Mat, Parallelism, frobenius_norm};
use poly_kernel::{ExpPolynomial, LinearAttention, LogitRange, MonomialMap};
use provable_dp_benches::RowSource;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Standard deviation of a logit; the largest of 512·65 536 is almost 6 times as much.
const SPREAD: f64 = 0.225;
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
            "error" => error(what, shape)?,
            _ => return Err(format!("cannot answer {asked}").into()),
        };
        writeln!(out, "{first:?} {second:?}")?;
        out.flush()?;
    }
    Ok(())
}

/// Not a number for a precision that there is not.
fn seconds(precision: &str, shape: Shape) -> Result<f64, Box<dyn Error>> {
    let Shape { n, dim, columns, degree } = shape;
    let mut source = RowSource::new(5);
    let (queries, keys, values) = (source.rows(n, dim), source.rows(n, dim), source.rows(n, columns));
    // uniform entries have variance 1/3: logits of standard deviation 1/3
    let attention =
        LinearAttention::new(1.0 / (dim as f64).sqrt())?.with_parallelism(Parallelism::available());
    let map = MonomialMap::exp_taylor(dim, degree)?;
    match precision {
        "f64" => {
            let start = Instant::now();
            std::hint::black_box(attention.forward(
                &map,
                queries.as_ref(),
                keys.as_ref(),
                values.as_ref(),
            )?);
            Ok(start.elapsed().as_secs_f64())
        }
        _ => Ok(f64::NAN),
    }
}

/// Relative error of the output, and the largest logit.
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
    let (threads, [queries, keys, values]) =
        (Parallelism::available(), [&queries, &keys, &values].map(Mat::as_ref));
    let exact = exact_attention(queries, keys, values, scale, threads)?;
    let mut difference =
        LinearAttention::new(scale)?.with_parallelism(threads).forward(&map, queries, keys, values)?;
    difference.as_mut_slice().iter_mut().zip(exact.as_slice()).for_each(|(x, y)| *x -= y);
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
