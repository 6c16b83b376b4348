//! Which experiments to run: a D-optimal design among 140 000 candidates, and what a whole number of runs costs.
//!
//! A chemist fits a polynomial of degree three in temperature and pressure, ten coefficients, to few runs. Every pair of settings
//! on a fine grid is a candidate, except that both high is not safe. The design that makes the volume of the confidence ellipsoid
//! smallest is the John ellipsoid of the candidates' regressors; its certificate says how far from the best it can be.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example experimental_design -- [PICTURE.svg] [--seed N]
//! ```
//!
//! Efficiency is `(det M / det M*)^{1/10}` with `M` the mean information of a run: a design of efficiency ½ needs twice the runs.
//! The seed is for designs drawn at random, which are there to compare.
//!
//! # Private candidates
//!
//! Candidates are public here: a grid. Where each candidate is a person's row, support and weights of this design are functions of
//! persons; take a record-level release of the module `private` instead, whose ellipsoid scores candidates without further cost.

mod design;
mod draw;
#[path = "../support/mod.rs"]
mod support;

use clap::Parser;
use design::{Candidates, TERMS, Weighted, log_det, merged, runs};
use dp_linalg::Parallelism;
use john_ellipsoid_dp::{JohnEllipsoid, JohnOptions, john_ellipsoid};
use rand::{Rng, RngExt};
use std::error::Error;
use std::path::PathBuf;
use support::{generator, median};

/// Numbers of runs that are tried.
const RUNS: [usize; 8] = [12, 16, 20, 24, 32, 48, 96, 192];
/// Designs drawn at random for each number of runs.
const DRAWS: usize = 101;

/// A D-optimal response-surface design: a report and a picture.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to draw the picture.
    #[arg(default_value = "target/experimental_design.svg")]
    picture: PathBuf,
    /// For the designs that are drawn at random.
    #[arg(long, default_value_t = 6)]
    seed: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let candidates = Candidates::new();
    let options = JohnOptions::default().with_gap(1e-8)?.with_parallelism(Parallelism::available());
    let optimum = john_ellipsoid(candidates.rows.as_ref(), &options)?;
    let design = merged(&candidates, &optimum)?;
    let best = best_log_det(&optimum);
    report(&candidates, &optimum, &design);
    let efficiencies = compare(&candidates, &design, best, &mut generator(Some(arguments.seed))?);
    draw::draw(&arguments.picture, &optimum, &design, &efficiencies)?;
    println!("\npicture: {}", arguments.picture.display());
    Ok(())
}

/// `ln det M*`, of the mean information: weights sum to [`TERMS`].
fn best_log_det(optimum: &JohnEllipsoid) -> f64 {
    optimum.log_det() - TERMS as f64 * (TERMS as f64).ln()
}

fn efficiency(log_det: f64, best: f64) -> f64 {
    ((log_det - best) / TERMS as f64).exp()
}

fn report(candidates: &Candidates, optimum: &JohnEllipsoid, design: &Weighted) {
    let certificate = optimum.certificate();
    println!(
        "{} candidates, {TERMS} coefficients; {} passes, {} settings with weight, certified gap {:.1e}",
        optimum.rows(),
        optimum.passes(),
        optimum.support().len(),
        certificate.gap()
    );
    let best = best_log_det(optimum);
    println!(
        "its efficiency is certainly above 1 − {:.1e}",
        2.0 * certificate.log_volume_excess() / TERMS as f64
    );
    println!(
        "neighbours merged: {} settings, efficiency {:.6}",
        design.settings.len(),
        efficiency(log_det(&design.settings, &design.weights), best)
    );
    let uniform = log_det(&candidates.settings, &vec![1.0; candidates.settings.len()]);
    println!("all candidates alike: efficiency {:.3}\n", efficiency(uniform, best));
    println!("{:>12}{:>12}{:>10}{:>10}", "temperature", "pressure", "share", "of 24");
    for ((setting, weight), runs) in design.settings.iter().zip(&design.weights).zip(runs(design, 24)) {
        println!("{:>12.3}{:>12.3}{:>10.4}{runs:>10}", setting.0, setting.1, weight / TERMS as f64);
    }
}

/// Efficiencies of one number of runs.
struct Efficiencies {
    runs: usize,
    rounded: f64,
    /// Least, median and largest of designs drawn at random.
    random: [f64; 3],
}

fn compare<R: Rng>(candidates: &Candidates, design: &Weighted, best: f64, rng: &mut R) -> Vec<Efficiencies> {
    println!("\n{:>6}{:>12}    drawn at random: least, median, best", "runs", "D-optimal");
    let one = |n: usize| {
        let rounded: Vec<f64> = runs(design, n).into_iter().map(|r| r as f64).collect();
        let rounded = efficiency(log_det(&design.settings, &rounded), best);
        let mut draw = || {
            let pick = |_| candidates.settings[rng.random_range(0..candidates.settings.len())];
            let settings: Vec<(f64, f64)> = (0..n).map(pick).collect();
            efficiency(log_det(&settings, &vec![1.0; n]), best)
        };
        let random: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        let least = random.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = random.iter().copied().fold(0.0, f64::max);
        let random = [least, median(random), largest];
        println!("{n:>6}{rounded:>12.4}{:>14.3}{:>10.3}{:>10.3}", random[0], random[1], random[2]);
        Efficiencies { runs: n, rounded, random }
    };
    RUNS.map(one).into()
}
