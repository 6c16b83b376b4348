//! How fast is a John ellipsoid, and what does accuracy cost?
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- table 30000 30
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- table 1000000 50
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- scaling benches/plots
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- iterations benches/plots
//! ```
//!
//! `table` compares the default with one bare product of all rows, on four kinds of data. `scaling` has time against rows,
//! `iterations` what each solver needs for a gap: both write a CSV and an SVG. `answer` is our half of `peers/john.py`: it reads
//! questions, one a line. Making data is not timed.

mod answer;
mod data;
mod iterations;
mod scaling;
mod table;

use std::error::Error;
use std::path::Path;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["table", n, d] => table::print(n.parse()?, d.parse()?),
        ["scaling", folder] => scaling::write(Path::new(folder)),
        ["iterations", folder] => iterations::write(Path::new(folder)),
        ["answer"] => answer::questions(),
        _ => Err("expected: table ROWS COLUMNS, scaling FOLDER, iterations FOLDER, or answer".into()),
    }
}
