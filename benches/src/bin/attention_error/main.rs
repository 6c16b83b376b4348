//! How far private attention is from exact attention, by mechanism: trees as published and repaired, moments, and what bounds them.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin attention_error -- [--data FOLDER] [--out FOLDER]
//! ```
//!
//! prints a table, and writes `attention_error.csv` and pictures. FOLDER holds the MNIST test files and the retrieval store; what is not there
//! is skipped, and the output says so. All mechanisms protect the replacement of one row, δ = 1e-6. Keys and queries are unit vectors after
//! a public projection, logits are within ±1, values are one number in ±1. More rows than a set has are drawn from it again with jitter.
//!
//! Noise does not depend on the data, so it is measured on releases of no rows and added to the sums of the features without noise; a line
//! below the table checks that against whole releases. Errors of *sums* are in rows (of n); errors of *answers* are root mean squares over
//! queries and releases, where an answer whose normaliser is not positive counts as the middle of the range.

mod data;
mod laws;
mod methods;
mod picture;
mod table;

use data::Set;
use methods::{Case, Method};
use std::error::Error;
use std::path::PathBuf;

pub(crate) const EPSILONS: [f64; 4] = [0.1, 0.5, 1.0, 3.0];
pub(crate) const DELTA: f64 = 1e-6;
pub(crate) const ROWS: [usize; 4] = [1 << 12, 1 << 14, 1 << 16, 1 << 20];
/// Dimension and Taylor degree: 70, 165, 495 and 969 features.
pub(crate) const SHAPES: [(usize, usize); 4] = [(4, 4), (8, 3), (8, 4), (16, 3)];

/// One measurement.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) set: String,
    pub(crate) resampled: bool,
    pub(crate) dim: usize,
    pub(crate) degree: usize,
    pub(crate) features: usize,
    pub(crate) rows: usize,
    pub(crate) epsilon: f64,
    pub(crate) method: Method,
    /// Error of the weighted sum, in rows; NaN where there is none.
    pub(crate) sum: f64,
    /// Error of the answer.
    pub(crate) answer: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (data, out) = arguments();
    let sets = data::all(&data)?;
    let mut rows = Vec::new();
    for set in &sets {
        for (dim, degree) in SHAPES {
            eprintln!("{}: d = {dim}, degree {degree}", set.name);
            rows.extend(measure(set, dim, degree)?);
        }
    }
    std::fs::create_dir_all(&out)?;
    table::write(&out.join("attention_error.csv"), &rows)?;
    table::print(&rows);
    laws::print(&sets, &rows)?;
    picture::draw(&out, &rows)?;
    Ok(())
}

fn measure(set: &Set, dim: usize, degree: usize) -> Result<Vec<Row>, Box<dyn Error>> {
    let projected = set.projected(dim)?;
    let mut found = Vec::new();
    let noise = EPSILONS.map(|epsilon| methods::noises(&projected.queries, (dim, degree), epsilon));
    for n in ROWS {
        let case = Case::new(&projected, (dim, degree), n)?;
        let resampled = n > projected.available();
        let mut row = |epsilon, method, (sum, answer)| {
            found.push(Row {
                set: set.name.clone(),
                resampled,
                dim,
                degree,
                features: case.features,
                rows: n,
                epsilon,
                method,
                sum,
                answer,
            });
        };
        for (epsilon, noise) in EPSILONS.into_iter().zip(&noise) {
            let noise = noise.as_ref().map_err(ToString::to_string)?;
            for (method, draws) in noise {
                row(epsilon, *method, case.private(draws));
                if *method == Method::TreesEqual {
                    row(epsilon, Method::TreesPublished, case.bare_normaliser(draws));
                }
            }
            row(epsilon, Method::Formula, (f64::NAN, case.published_formula(degree, epsilon)));
            row(epsilon, Method::Features, (0.0, case.features_alone()));
            row(epsilon, Method::Mean, (f64::NAN, case.uniform()));
            row(epsilon, Method::Floor, case.floor(epsilon)?);
        }
    }
    Ok(found)
}

fn arguments() -> (PathBuf, PathBuf) {
    let given: Vec<String> = std::env::args().collect();
    let after = |name: &str| {
        let place = given.iter().position(|argument| argument == name)?;
        given.get(place + 1).map(PathBuf::from)
    };
    (
        after("--data").unwrap_or_else(|| "../shared/data".into()),
        after("--out").unwrap_or_else(|| "target/attention_error".into()),
    )
}
