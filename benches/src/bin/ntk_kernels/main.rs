//! How fast are tangent kernels and regression with them?
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin ntk_kernels -- gram 5000 512
//! cargo run --release -p provable-dp-benches --bin ntk_kernels -- ridge 10000 128
//! cargo run --release -p provable-dp-benches --bin ntk_kernels -- features 50000 4096
//! cargo run --release -p provable-dp-benches --bin ntk_kernels -- width benches/plots
//! ```
//!
//! `gram` compares a Gram matrix of depth 3 with the bare product of the same points, `ridge` a fit with the products that it cannot
//! do without, `features` the streamed sums of feature ridge with theirs. `width` has the deviation of finite networks from the limit,
//! and writes a CSV and an SVG. `answer` is our half of `peers/ntk.py`: it reads questions, one a line. Making data is not timed.

mod answer;
mod features;
mod gram;
mod ridge;
mod width;

use dp_linalg::Mat;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["gram", n, d] => gram::print(n.parse()?, d.parse()?),
        ["ridge", n, d] => ridge::print(n.parse()?, d.parse()?),
        ["features", n, features] => features::print(n.parse()?, features.parse()?),
        ["width", folder] => width::write(Path::new(folder)),
        ["answer"] => answer::questions(),
        _ => Err("expected: gram ROWS COLUMNS, ridge ROWS COLUMNS, features ROWS FEATURES, width FOLDER, or answer".into()),
    }
}

/// Independent standard normal entries.
fn normal(rows: usize, columns: usize, seed: u64) -> Mat {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, _| StandardNormal.sample(&mut rng))
}
