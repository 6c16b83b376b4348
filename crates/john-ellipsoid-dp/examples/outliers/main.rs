//! Finds torn images among handwritten digits: by an exact ellipsoid, a robust one, and private ones at three budgets.
//!
//! 1797 digits through a projection that was never fitted to them; 54 of them, drawn at random, are torn: cut in the middle, with the
//! halves exchanged. An ellipsoid scores every image by how far out it is.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example outliers -- [PICTURE.svg] [--seed N] [--releases N]
//! ```
//!
//! prints, and draws, how well scores tell the torn images from the others. The exact ellipsoid around all images is shaped by outliers
//! themselves; peeling (leaving out the outermost rows and solving again) takes that away, and so does the private release, which is
//! robust because no row may count for much: it is also run with hardly any noise, to tell what is lost to
//! noise. Which rows are torn is used for judging alone.
//!
//! # Who may see what
//!
//! One image is added or removed; the released ellipsoid is private. A *score* is a function of the ellipsoid and of the image that is
//! scored: it may be shown to who holds that image. The list of all scores is not private, and no curve here is.

mod data;
mod draw;
mod score;
#[path = "../support/mod.rs"]
mod support;

use clap::Parser;
use data::{DIM, Images};
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
use john_ellipsoid_dp::private::{PrivateRows, RecordOptions, private_ellipsoid};
use john_ellipsoid_dp::{JohnOptions, john_ellipsoid};
use rand::CryptoRng;
use score::{area, precision, roc};
use std::error::Error;
use std::path::PathBuf;
use support::generator;

const OUTLIERS: usize = 54;
const EPSILONS: [f64; 3] = [0.3, 1.0, 3.0];
const DELTA: f64 = 1e-6;
/// A budget with next to no noise, and no privacy to speak of.
const NO_NOISE: f64 = 50.0;
/// Share of rows that is peeled off.
const PEELED: f64 = 0.1;

/// Outlier detection on handwritten digits: a table and a picture.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to draw the picture.
    #[arg(default_value = "target/outliers.svg")]
    picture: PathBuf,
    /// Repeatable noise, for demonstrations only: whoever knows the seed can subtract it.
    #[arg(long)]
    seed: Option<u64>,
    /// Independent releases for each ε.
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..))]
    releases: u32,
}

/// One way to score, with the curve of its median release.
struct Detector {
    name: String,
    roc: Vec<(f64, f64)>,
    /// Median, least and largest area under the curve.
    areas: [f64; 3],
    precision: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let rng = &mut generator(arguments.seed)?;
    let images = data::images(OUTLIERS, &mut generator(Some(6))?)?;
    let mut detectors = vec![
        detector("exact, around all", &images, vec![exact(&images.rows)?]),
        detector("peeled, not private", &images, vec![peeled(&images.rows)?]),
        detector("robust, hardly any noise", &images, vec![private(&images.rows, NO_NOISE, rng)?]),
    ];
    for epsilon in EPSILONS {
        let scores = (0..arguments.releases).map(|_| private(&images.rows, epsilon, rng));
        let scores = scores.collect::<Result<Vec<_>, _>>()?;
        detectors.push(detector(&format!("private, ε = {epsilon}"), &images, scores));
    }
    println!(
        "{} images of {} coordinates and a 1, {OUTLIERS} torn; one image is added or removed, δ = {DELTA:e}, {} releases\n",
        images.rows.nrows(),
        DIM - 1,
        arguments.releases
    );
    println!("{:26}{:>26}{:>24}", "", "area under the curve", "torn among the top 54");
    for Detector { name, areas: [median, least, largest], precision, .. } in &detectors {
        let range = if least < largest { format!("({least:.3} … {largest:.3})") } else { String::new() };
        println!("{name:26}{median:>8.3}{range:>18}{:>22.0} %", 100.0 * precision);
    }
    draw::draw(&arguments.picture, &images, &detectors)?;
    println!("\npicture: {}", arguments.picture.display());
    Ok(())
}

/// Scores of all rows by the smallest ellipsoid around them.
fn exact(rows: &Mat) -> Result<Vec<f64>, john_ellipsoid_dp::Error> {
    scores_by(rows.as_ref(), rows)
}

/// The same after the outermost rows were left out, layer by layer (Titterington 1978).
fn peeled(rows: &Mat) -> Result<Vec<f64>, john_ellipsoid_dp::Error> {
    let mut kept: Vec<usize> = (0..rows.nrows()).collect();
    while kept.len() as f64 > (1.0 - PEELED) * rows.nrows() as f64 {
        let part = Mat::from_fn(kept.len(), rows.ncols(), |i, j| rows[(kept[i], j)]);
        let weights = john_ellipsoid(part.as_ref(), &JohnOptions::default())?.weights();
        let mut inner = weights.iter().map(|weight| *weight == 0.0);
        kept.retain(|_| inner.next().unwrap_or(true));
    }
    let part = Mat::from_fn(kept.len(), rows.ncols(), |i, j| rows[(kept[i], j)]);
    scores_by(part.as_ref(), rows)
}

fn scores_by(shape: MatRef<'_>, rows: &Mat) -> Result<Vec<f64>, john_ellipsoid_dp::Error> {
    let john = john_ellipsoid(shape, &JohnOptions::default())?;
    rows.rows().map(|row| john.leverage(row)).collect()
}

fn private<R: CryptoRng>(rows: &Mat, epsilon: f64, rng: &mut R) -> Result<Vec<f64>, Box<dyn Error>> {
    let private = PrivateRows::new(AddRemoveRow, rows.as_ref());
    let options = RecordOptions::new(DIM)?;
    let release = private_ellipsoid(private, &options, Epsilon::new(epsilon)?, Delta::new(DELTA)?, rng)?;
    Ok(rows.rows().map(|row| release.value().score(row)).collect::<Result<_, _>>()?)
}

/// Judges releases, and keeps the curve of the one in the middle.
fn detector(name: &str, images: &Images, scores: Vec<Vec<f64>>) -> Detector {
    let judged = |scores: Vec<f64>| (roc(&scores, &images.torn), precision(&scores, &images.torn));
    let mut all: Vec<_> = scores.into_iter().map(judged).collect();
    all.sort_by(|a, b| area(&a.0).total_cmp(&area(&b.0)));
    let areas = [all.len() / 2, 0, all.len() - 1].map(|k| area(&all[k].0));
    let (roc, precision) = all.swap_remove(all.len() / 2);
    Detector { name: name.to_owned(), roc, areas, precision }
}
