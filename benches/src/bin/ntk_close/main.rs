//! The published private kernel regression beside noise on the points: accuracy against ε for moves of one training image.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin ntk_close -- CIFAR_FOLDER [--out FOLDER]
//! ```
//!
//! reads `data_batch_1.bin` and `test_batch.bin`, prints tables, and writes `ntk_close.csv` and `ntk_close.svg`. Airplanes and cats: the first 1000
//! of the batch train, the first 1000 of the test batch are predicted. Points are the 4 × 4 lowest frequencies of each colour, d = 48, over a public
//! radius; the kernel is `(⟨x, y⟩ + ½)²`. Labels are public, as in the publication, but for the last
//! method. δ = 1e-5.

mod data;
mod errors;
mod methods;
mod picture;

use data::{RADIUS, Set, airplanes_and_cats};
use dp_mechanisms::{Delta, Epsilon, PerturbRow, secure_rng};
use methods::{DELTA, Method, accuracy, bare_options, options, without_privacy};
use ntk_dp::private::close::{feasibility, gram_epsilon};
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Moves in units of the radius of points.
pub(crate) const BETAS: [f64; 4] = [0.0001, 0.001, 0.01, 0.1];
pub(crate) const EPSILONS: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
const RELEASES: usize = 5;
const IMAGES: usize = 1000;

/// All releases of one kind.
pub(crate) struct Row {
    pub(crate) method: Method,
    pub(crate) beta: f64,
    pub(crate) epsilon: f64,
    /// Median, least and largest; none when public parameters do not allow a release.
    pub(crate) accuracy: Option<[f64; 3]>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (cifar, folder) = arguments()?;
    std::fs::create_dir_all(&folder)?;
    let train = airplanes_and_cats(&cifar.join("data_batch_1.bin"), IMAGES)?;
    let test = airplanes_and_cats(&cifar.join("test_batch.bin"), IMAGES)?;
    print_feasibility(&train)?;
    print_errors(&train, &test)?;
    let ridged = options(&train)?.ridge();
    let plain = [0.3, ridged].map(|ridge| without_privacy(&train, &test, ridge));
    let [plain, ridged] =
        [plain[0].as_ref(), plain[1].as_ref()].map(|found| found.copied().unwrap_or(f64::NAN));
    let rows = every_method(&train, &test)?;
    print_accuracy(&rows, (plain, ridged))?;
    write_csv(&folder.join("ntk_close.csv"), &rows, plain)?;
    picture::draw(&folder.join("ntk_close.svg"), &rows, plain)
}

fn arguments() -> Result<(PathBuf, PathBuf), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let cifar = words.next().ok_or("a folder with CIFAR-10 batches is needed")?;
    let folder = match (words.next().as_deref(), words.next()) {
        (Some("--out"), Some(folder)) => folder.into(),
        (None, None) => PathBuf::from("benches/plots"),
        _ => return Err("only --out FOLDER may follow".into()),
    };
    Ok((cifar.into(), folder))
}

fn every_method(train: &Set, test: &Set) -> Result<Vec<Row>, Box<dyn Error>> {
    let (mut rows, rng) = (Vec::new(), &mut secure_rng()?);
    for beta in BETAS {
        for method in Method::ALL {
            for epsilon in EPSILONS {
                let mut found = Vec::new();
                for _ in 0..RELEASES {
                    found.extend(accuracy((train, test), (method, beta, epsilon), rng)?);
                }
                found.sort_unstable_by(f64::total_cmp);
                let accuracy =
                    found.first().map(|least| [found[found.len() / 2], *least, found[found.len() - 1]]);
                rows.push(Row { method, beta, epsilon, accuracy });
            }
            writeln!(std::io::stderr(), "moves by {beta}, {}: done", method.name())?;
        }
    }
    Ok(rows)
}

/// What budgets allow, before any image is looked at.
fn print_feasibility(train: &Set) -> Result<(), Box<dyn Error>> {
    let (options, bare) = (options(train)?, bare_options(train)?);
    let delta = Delta::new(DELTA)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nn = {}, λ = {:.3}; all of ε for one release\n", options.rows(), options.ridge())?;
    writeln!(
        out,
        "| move | in pixels | features move by | ε | draws, published | draws, exact | noise on a coordinate | as a norm |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for beta in BETAS {
        for epsilon in EPSILONS {
            let close = PerturbRow::new(beta)?;
            let draws = feasibility(close, &options, Epsilon::new(epsilon)?, delta);
            let noise =
                feasibility(close, &bare, Epsilon::new(epsilon)?, delta).noise_std().unwrap_or(f64::NAN);
            let text = |draws: Option<dp_mechanisms::covariance::Draws>| {
                draws.map_or_else(|| "none".to_owned(), |draws| draws.get().to_string())
            };
            writeln!(
                out,
                "| {beta} | {:.4} | {:.5} | {epsilon} | {} | {} | {noise:.5} | {:.3} |",
                beta * RADIUS,
                draws.feature_move(),
                text(draws.published_draws()),
                text(draws.draws()),
                noise * (data::DIM as f64).sqrt()
            )?;
        }
    }
    writeln!(out, "\nε of as many draws as there are points, at δ = {DELTA:e}:\n")?;
    for moved in [1e-4, 1e-3, 1e-2, 0.1, 2.0] {
        let epsilon = gram_epsilon(PerturbRow::new(moved)?, &options, options.rows() as u32, delta)?;
        writeln!(out, "a move by {moved}: {epsilon:.3}")?;
    }
    Ok(())
}

/// How far sampling moves predictions, and bounds of it.
fn print_errors(train: &Set, test: &Set) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\n| draws | error of a prediction | first order | bound | published bound |\n|---|---|---|---|---|"
    )?;
    for draws in [8192, 32_768, 131_072] {
        let found = errors::measure(train, test, draws)?;
        writeln!(
            out,
            "| {} | {:.3} | {:.3} | {:.1} | {:.0} |",
            found.draws, found.error, found.first_order, found.bound, found.published
        )?;
    }
    Ok(())
}

fn print_accuracy(rows: &[Row], (plain, ridged): (f64, f64)) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nwithout privacy: {plain:.3}; with the ridge of draws: {ridged:.3}\n")?;
    write!(out, "| move | release |")?;
    EPSILONS.iter().try_for_each(|epsilon| write!(out, " ε = {epsilon} |"))?;
    writeln!(out, "\n|---|---|{}", "---|".repeat(EPSILONS.len()))?;
    for beta in BETAS {
        for method in Method::ALL {
            write!(out, "| {beta} | {} |", method.name())?;
            for row in rows.iter().filter(|row| row.method == method && row.beta == beta) {
                match row.accuracy {
                    Some([median, least, most]) => write!(out, " {median:.3} ({least:.3} to {most:.3}) |")?,
                    None => write!(out, " no draw |")?,
                }
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_csv(path: &Path, rows: &[Row], plain: f64) -> Result<(), Box<dyn Error>> {
    let mut text = "method,move,epsilon,delta,releases,median,least,largest,without_privacy\n".to_owned();
    for row in rows {
        write!(
            text,
            "{},{},{},{DELTA},{RELEASES}",
            row.method.name().replace(',', ""),
            row.beta,
            row.epsilon
        )?;
        match row.accuracy {
            Some(found) => found.iter().try_for_each(|x| write!(text, ",{x}"))?,
            None => text.push_str(",none,none,none"),
        }
        writeln!(text, ",{plain}")?;
    }
    Ok(std::fs::write(path, text)?)
}
