//! Ellipsoids in the plane: exact, approximate, and private at three budgets under two adjacencies.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example ellipses -- [PICTURE.svg] [--seed N]
//! ```
//!
//! Three panels of the same 4000 points, some of which are far out:
//!
//! 1. without privacy: the smallest ellipse around all points and their mirror images, certified to 1e-9, and what the fixed point of Cohen,
//!    Cousins, Lee, Yang reaches at gap 0.3;
//! 2. *a point moves* by up to 0.005: noise on all points, then an ellipse that is around all true ones but with probability 1e-6;
//! 3. *a point is added or removed*, wherever it is: a robust ellipse around 95 % of the points, beside the same without noise.
//!
//! The far points decide the first ellipse, as they must: no release that protects whole points can show it. Areas are printed
//! relative to the ellipse without noise, which only an experiment on public data can do.

mod draw;
#[path = "../support/mod.rs"]
mod support;

use clap::Parser;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, PerturbRow};
use john_ellipsoid_dp::private::close::{CloseOptions, release_rows};
use john_ellipsoid_dp::private::{PrivateRows, RecordOptions, ReleasedEllipsoid, private_ellipsoid};
use john_ellipsoid_dp::{
    FixedPoint, Iterate, JohnEllipsoid, JohnOptions, Stop, john_ellipsoid, john_ellipsoid_with,
};
use rand::{CryptoRng, Rng};
use std::error::Error;
use std::path::PathBuf;
use support::{generator, normal};

const POINTS: usize = 4000;
/// Points that are far out.
const FAR: usize = 6;
const EPSILONS: [f64; 3] = [0.3, 1.0, 3.0];
const DELTA: f64 = 1e-6;
/// How far a point moves under the first adjacency.
const MOVE: f64 = 0.005;
/// Public bound on the length of points.
const RADIUS: f64 = 5.0;
/// Share of points that the robust ellipse leaves outside.
const UNCOVERED: f64 = 0.05;
/// Gap of the approximate ellipse.
const GAP: f64 = 0.3;

/// Exact, approximate and private ellipses: a report and a picture.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to draw the picture.
    #[arg(default_value = "target/ellipses.svg")]
    picture: PathBuf,
    /// Repeatable noise, for demonstrations only: whoever knows the seed can subtract it.
    #[arg(long)]
    seed: Option<u64>,
}

/// An ellipse without noise and private ones at [`EPSILONS`].
struct Family {
    plain: ReleasedEllipsoid,
    private: Vec<ReleasedEllipsoid>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let rng = &mut generator(arguments.seed)?;
    let points = points(&mut generator(Some(6))?);
    let exact = john_ellipsoid(points.as_ref(), &JohnOptions::default().with_gap(1e-9)?)?;
    let stop = Stop { gap: GAP, max_iterations: 1000 };
    let fixed_point = FixedPoint { iterate: Iterate::Average };
    let approximate = john_ellipsoid_with(&fixed_point, points.as_ref(), stop, &JohnOptions::default())?;
    let (exact, approximate) = (covering(&exact)?, covering(&approximate)?);
    let close = Family { plain: exact.clone(), private: close(&points, rng)? };
    let record = Family { plain: robust(&points, 50.0, rng)?, private: records(&points, rng)? };
    println!("{POINTS} points, δ = {DELTA:e}; area over that without noise, and share of points inside\n");
    print("gap 0.3", &points, (&exact, &approximate))?;
    for (name, family) in [("a point moves", &close), ("a point is added or removed", &record)] {
        for (epsilon, private) in EPSILONS.iter().zip(&family.private) {
            print(&format!("{name}, ε = {epsilon}"), &points, (&family.plain, private))?;
        }
    }
    draw::draw(&arguments.picture, &points, &approximate, [&close, &record])?;
    println!("\npicture: {}", arguments.picture.display());
    Ok(())
}

/// Normal points, three times as long as wide and turned, and a few some three units out, across the short axis.
fn points<R: Rng>(rng: &mut R) -> Mat {
    let (sin, cos) = 0.5_f64.sin_cos();
    let one = |i: usize, rng: &mut R| {
        let (x, y) = (1.1 * normal(rng), 0.4 * normal(rng));
        if i < FAR { (1.6 + 0.3 * x, -2.6 - 0.3 * y) } else { (cos * x - sin * y, sin * x + cos * y) }
    };
    let entries: Vec<(f64, f64)> = (0..POINTS).map(|i| one(i, rng)).collect();
    Mat::from_fn(POINTS, 2, |i, j| if j == 0 { entries[i].0 } else { entries[i].1 })
}

/// Around all points, at the level of the certificate.
fn covering(john: &JohnEllipsoid) -> Result<ReleasedEllipsoid, john_ellipsoid_dp::Error> {
    let scale = (1.0 + john.certificate().gap()).sqrt();
    ReleasedEllipsoid::from_root(Mat::from_fn(2, 2, |i, j| john.root()[(i, j)] / scale))
}

fn close<R: CryptoRng>(points: &Mat, rng: &mut R) -> Result<Vec<ReleasedEllipsoid>, Box<dyn Error>> {
    let options = CloseOptions::new(POINTS, 2, RADIUS)?;
    let mut one = |epsilon: f64| {
        let rows = PrivateRows::new(PerturbRow::new(MOVE)?, points.as_ref());
        let release = release_rows(rows, &options, Epsilon::new(epsilon)?, Delta::new(DELTA)?, rng)?;
        Ok(release.value().enclosing_ellipsoid(&JohnOptions::default(), FailureProbability::new(1e-6)?)?)
    };
    EPSILONS.into_iter().map(&mut one).collect()
}

fn records<R: CryptoRng>(points: &Mat, rng: &mut R) -> Result<Vec<ReleasedEllipsoid>, Box<dyn Error>> {
    EPSILONS.into_iter().map(|epsilon| robust(points, epsilon, rng)).collect()
}

/// A budget of 50 has next to no noise.
fn robust<R: CryptoRng>(
    points: &Mat,
    epsilon: f64,
    rng: &mut R,
) -> Result<ReleasedEllipsoid, Box<dyn Error>> {
    let options = RecordOptions::new(2)?.with_uncovered(UNCOVERED)?;
    let rows = PrivateRows::new(AddRemoveRow, points.as_ref());
    let release = private_ellipsoid(rows, &options, Epsilon::new(epsilon)?, Delta::new(DELTA)?, rng)?;
    Ok(release.value().ellipsoid().clone())
}

fn print(
    name: &str,
    points: &Mat,
    (plain, private): (&ReleasedEllipsoid, &ReleasedEllipsoid),
) -> Result<(), Box<dyn Error>> {
    let area = (private.log_volume() - plain.log_volume()).exp();
    println!("{name:38}{area:>9.3}{:>9.2} %", 100.0 * inside(private, points.as_ref())?);
    Ok(())
}

fn inside(ellipsoid: &ReleasedEllipsoid, points: MatRef<'_>) -> Result<f64, john_ellipsoid_dp::Error> {
    let scores = points.rows().map(|point| ellipsoid.score(point)).collect::<Result<Vec<f64>, _>>()?;
    Ok(scores.iter().filter(|score| **score <= 1.0).count() as f64 / scores.len() as f64)
}
