//! Private classifiers of images, record by record: accuracy against ε on CIFAR-10, MNIST and digits.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin ntk_record -- --choose --mnist FOLDER [--out FOLDER]
//! cargo run --release -p provable-dp-benches --bin ntk_record -- --cifar FOLDER --mnist FOLDER [--out FOLDER] [--runs N]
//! ```
//!
//! The first searches constants of all private methods on drawn pictures and on a part of MNIST that is not tested on, and writes every trial to
//! `ntk_record_choice.csv`; `settings.rs` holds what it found. The second writes `ntk_record.csv`, prints a table of it and draws a picture
//! (both alone: `--draw`). Folders hold the binary batches of CIFAR-10, and the test part of MNIST
//! as idx files. All rows of a set are private: images and classes, one added or removed; δ = 1e-5. Features come from a seed, never from images that are
//! learned from; how many there are is a rule of the announced number of rows and the budget.

mod baseline;
mod choose;
mod data;
mod drawn;
mod methods;
mod picture;
mod settings;
mod table;

use data::Split;
use dp_mechanisms::secure_rng;
use methods::{Case, Method};
use settings::Settings;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub(crate) const EPSILONS: [f64; 3] = [1.0, 3.0, 8.0];

/// All runs of one kind.
pub(crate) struct Row {
    pub(crate) set: String,
    pub(crate) n: usize,
    pub(crate) method: Method,
    pub(crate) dim: usize,
    pub(crate) epsilon: f64,
    pub(crate) accuracy: table::Summary,
    pub(crate) seconds: f64,
}

struct Arguments {
    cifar: Option<PathBuf>,
    mnist: Option<PathBuf>,
    folder: PathBuf,
    runs: usize,
    task: Task,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Search constants.
    Choose,
    Measure,
    /// From a written file.
    Draw,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let written = arguments.folder.join("ntk_record.csv");
    match arguments.task {
        Task::Choose => {
            let mnist = arguments.mnist.ok_or("constants are chosen with --mnist FOLDER")?;
            return choose::run(&mnist, &arguments.folder);
        }
        Task::Measure => measure_all(&arguments, &written)?,
        Task::Draw => {}
    }
    let all = table::read(&written)?;
    table::print(&all)?;
    picture::draw(&arguments.folder.join("ntk_record.svg"), &all)
}

fn measure_all(arguments: &Arguments, written: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(&arguments.folder)?;
    let mut splits = Vec::new();
    if let Some(folder) = &arguments.cifar {
        splits.push(data::cifar(folder)?);
    }
    if let Some(folder) = &arguments.mnist {
        splits.push(data::mnist(folder)?);
    }
    splits.push(data::digits()?);
    let mut all = Vec::new();
    for split in splits {
        measure(split, (arguments.runs, written), &mut all)?;
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parsed =
        Arguments { cifar: None, mnist: None, folder: "benches/plots".into(), runs: 5, task: Task::Measure };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or("a value is missing");
        match word.as_str() {
            "--cifar" => parsed.cifar = Some(value()?.into()),
            "--mnist" => parsed.mnist = Some(value()?.into()),
            "--out" => parsed.folder = value()?.into(),
            "--runs" => parsed.runs = value()?.parse()?,
            "--draw" => parsed.task = Task::Draw,
            "--choose" => parsed.task = Task::Choose,
            _ => return Err(format!("unknown: {word}").into()),
        }
    }
    Ok(parsed)
}

/// Adds what was measured to `all`, and writes all of it after each method.
fn measure(split: Split, (runs, written): (usize, &Path), all: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let mut progress = std::io::stderr();
    let start = Instant::now();
    let case = Case::new(split)?;
    writeln!(progress, "{}: features after {:.0} s", case.name, start.elapsed().as_secs_f64())?;
    for method in Method::ALL {
        let settings = Settings::chosen(method);
        let epsilons = if method == Method::Exact { &[f64::INFINITY][..] } else { &EPSILONS[..] };
        for &epsilon in epsilons {
            let start = Instant::now();
            let dim = case.dim(&settings, epsilon.min(1e3))?;
            let accuracies = case.accuracies(&settings, (epsilon.min(1e3), runs), &mut secure_rng()?)?;
            let seconds = start.elapsed().as_secs_f64() / accuracies.len() as f64;
            let accuracy = table::Summary::of(&accuracies);
            writeln!(
                progress,
                "{}: {}, ε = {epsilon}, {dim} features: {:.4} ± {:.4}, {seconds:.1} s a run",
                case.name,
                method.name(),
                accuracy.mean,
                accuracy.sd
            )?;
            let set = case.name.to_owned();
            all.push(Row { set, n: case.rows(), method, dim, epsilon, accuracy, seconds });
        }
        table::write(written, all)?;
    }
    Ok(())
}
