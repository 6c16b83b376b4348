//! Private classifiers of images, record by record: accuracy against ε on CIFAR-10, MNIST and digits.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin ntk_record -- --choose --mnist FOLDER [--out FOLDER]
//! cargo run --release -p provable-dp-benches --bin ntk_record -- --cifar FOLDER --mnist FOLDER [--out FOLDER] [--runs N] [--method NAME]
//! ```
//!
//! The first searches the shape of the features and constants of all private methods on drawn pictures and on a part of MNIST that is not tested on, and writes every trial to
//! `ntk_record_choice.csv`; `settings.rs` holds what it found. The second writes `ntk_record.csv`, prints a table of it and draws a picture
//! (both alone: `--draw`). With `--method NAME`, which may be repeated, only these methods are measured, and take the place of what the file has of them. Folders hold the binary batches of CIFAR-10, and the test part of MNIST
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
    /// All if none is named.
    methods: Vec<Method>,
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
    let mut all = if arguments.methods.is_empty() { Vec::new() } else { table::read(written)? };
    for split in splits {
        measure(&split, (arguments, written), &mut all)?;
    }
    Ok(())
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut parsed = Arguments {
        cifar: None,
        mnist: None,
        folder: "benches/plots".into(),
        runs: 5,
        methods: Vec::new(),
        task: Task::Measure,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or("a value is missing");
        match word.as_str() {
            "--cifar" => parsed.cifar = Some(value()?.into()),
            "--mnist" => parsed.mnist = Some(value()?.into()),
            "--out" => parsed.folder = value()?.into(),
            "--runs" => parsed.runs = value()?.parse()?,
            "--method" => {
                let name = value()?;
                let known = Method::ALL.into_iter().find(|method| method.name() == name);
                parsed.methods.push(known.ok_or(format!("no method is called {name}"))?);
            }
            "--draw" => parsed.task = Task::Draw,
            "--choose" => parsed.task = Task::Choose,
            _ => return Err(format!("unknown: {word}").into()),
        }
    }
    Ok(parsed)
}

/// Puts what was measured into `all`, in place of older rows of the same set and method, and writes all of it after each method.
fn measure(
    split: &Split,
    (arguments, written): (&Arguments, &Path),
    all: &mut Vec<Row>,
) -> Result<(), Box<dyn Error>> {
    let mut progress = std::io::stderr();
    let start = Instant::now();
    let case = Case::new(split, &Settings::chosen(Method::Descent))?;
    writeln!(progress, "{}: features after {:.0} s", case.name, start.elapsed().as_secs_f64())?;
    let is_asked = |method: &Method| arguments.methods.is_empty() || arguments.methods.contains(method);
    for method in Method::ALL.into_iter().filter(is_asked) {
        let settings = Settings::chosen(method);
        let epsilons = if method == Method::Exact { &[f64::INFINITY][..] } else { &EPSILONS[..] };
        let mut rows = Vec::new();
        for &epsilon in epsilons {
            let start = Instant::now();
            let dim = case.dim(&settings, epsilon.min(1e3))?;
            let accuracies =
                case.accuracies(&settings, (epsilon.min(1e3), arguments.runs), &mut secure_rng()?)?;
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
            let set = case.name.replace(',', "");
            rows.push(Row { set, n: case.rows(), method, dim, epsilon, accuracy, seconds });
        }
        table::replace(all, rows);
        table::write(written, all)?;
    }
    Ok(())
}
