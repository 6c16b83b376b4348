//! Output error of linear attention by every feature map, at one number of features, beside the mean of the values.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin kernel_accuracy [-- --seed 1] [--mnist FOLDER] [--export FOLDER]
//! ```
//!
//! Error: `‖Õ − O‖_F / ‖O‖_F`, `O` exact softmax attention. A row whose map gives a query no positive mass says `fails`.
//! "mean" answers every query by the mean of all values: a map that is no better tells nothing, and is marked by a star.
//!
//! MNIST is read from `t10k-images-idx3-ubyte.gz` and `t10k-labels-idx1-ubyte.gz`, as published, in a folder that is by
//! default `../shared/data` beside the project. `--export` writes each set as npy files, and all errors, also of monomials
//! of other degrees, as lines of JSON: our half of `peers/attention.py`.

mod export;
mod maps;
mod sets;

use attention_dp::exact_attention;
use dp_linalg::{Mat, Parallelism, frobenius_norm};
use export::Export;
use poly_kernel::{FeatureMap, LinearAttention};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sets::Data;
use std::error::Error;
use std::path::PathBuf;

const LOGITS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
const MNIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");

fn main() -> Result<(), Box<dyn Error>> {
    let option = |name: &str| std::env::args().skip_while(|argument| argument != name).nth(1);
    let seed = option("--seed").map_or(Ok(1), |seed| seed.parse())?;
    let mnist = PathBuf::from(option("--mnist").unwrap_or_else(|| MNIST.to_owned()));
    let mut export = option("--export").map(Export::new).transpose()?;
    for (stream, data) in sets::all(&mnist, seed)?.iter().enumerate() {
        // a stream for each set, so that one more set changes no other
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1000 + stream as u64);
        table(data, &mut rng, export.as_mut())?;
        if let Some(export) = &mut export {
            export.arrays(data)?;
            other_degrees(data, export)?;
        }
    }
    Ok(())
}

/// All maps with as many features as the monomials of the set's degree.
fn table(data: &Data, rng: &mut ChaCha8Rng, mut export: Option<&mut Export>) -> Result<(), Box<dyn Error>> {
    let count = maps::monomial_count(data, data.degree)?;
    println!("\n{}: {count} features, degree {}", data.title, data.degree);
    println!("| map | {} |", LOGITS.map(|b| format!("max logit {b}")).join(" | "));
    println!("|---|{}", "---|".repeat(LOGITS.len()));
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for max_logit in LOGITS {
        let reference = Reference::new(data, max_logit)?;
        let of_mean = reference.error(&mean(data));
        let mut column = vec![("mean of the values".to_owned(), Some(of_mean))];
        let mut all = maps::monomials(data, data.degree, max_logit)?;
        all.extend(maps::others(data, count, max_logit, rng)?);
        for (name, map) in all {
            column.push((name, reference.error_of(map.as_ref())));
        }
        for (row, (name, error)) in column.into_iter().enumerate() {
            if let Some(export) = export.as_deref_mut() {
                export.error(data, &name, max_logit, data.degree, count, error)?;
            }
            if rows.len() == row {
                rows.push((name, Vec::new()));
            }
            rows[row].1.push(cell(error, if row == 0 { f64::INFINITY } else { of_mean }));
        }
    }
    for (name, cells) in rows {
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

fn cell(error: Option<f64>, of_mean: f64) -> String {
    match error {
        None => "fails".to_owned(),
        Some(error) if error < of_mean => format!("{error:.2e}"),
        Some(error) => format!("{error:.2e}*"),
    }
}

/// What the curves of error against the number of features need.
fn other_degrees(data: &Data, export: &mut Export) -> Result<(), Box<dyn Error>> {
    for degree in data.curve.clone().filter(|&degree| degree != data.degree) {
        let count = maps::monomial_count(data, degree)?;
        for max_logit in LOGITS {
            let reference = Reference::new(data, max_logit)?;
            for (name, map) in maps::monomials(data, degree, max_logit)? {
                export.error(data, &name, max_logit, degree, count, reference.error_of(map.as_ref()))?;
            }
        }
    }
    Ok(())
}

/// Exact attention, which all are measured against.
struct Reference<'a> {
    data: &'a Data,
    max_logit: f64,
    exact: Mat,
}

impl<'a> Reference<'a> {
    fn new(data: &'a Data, max_logit: f64) -> Result<Self, Box<dyn Error>> {
        let [queries, keys, values] = data.views();
        let exact = exact_attention(queries, keys, values, max_logit, Parallelism::available())?;
        Ok(Self { data, max_logit, exact })
    }

    fn error(&self, output: &Mat) -> f64 {
        let exact = &self.exact;
        let difference = Mat::from_fn(exact.nrows(), exact.ncols(), |i, j| output[(i, j)] - exact[(i, j)]);
        frobenius_norm(difference.as_ref()) / frobenius_norm(exact.as_ref())
    }

    /// None where the map leaves a query without mass.
    fn error_of(&self, map: &dyn FeatureMap) -> Option<f64> {
        let [queries, keys, values] = self.data.views();
        // maps are of products of points of length √B
        let attention = LinearAttention::new(self.max_logit).ok()?.with_parallelism(Parallelism::available());
        Some(self.error(&attention.forward(map, queries, keys, values).ok()?))
    }
}

fn mean(data: &Data) -> Mat {
    let mean = |j: usize| data.values.rows().map(|row| row[j]).sum::<f64>() / data.values.nrows() as f64;
    let means: Vec<f64> = (0..data.values.ncols()).map(mean).collect();
    Mat::from_fn(data.queries.nrows(), means.len(), |_, j| means[j])
}
