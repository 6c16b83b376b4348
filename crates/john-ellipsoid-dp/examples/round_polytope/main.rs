//! Rounding before sampling: hit-and-run in a polytope as it comes, and in the coordinates of its John ellipsoid.
//!
//! Hit-and-run reaches all of a long and thin polytope only after some `d²κ²` steps, with κ the ratio of its widths. With
//! `E = {x : ‖T⁻¹x‖ ≤ 1}` the John ellipsoid of `P = {x : |⟨aᵢ, x⟩| ≤ 1}`, the polytope of `z = T⁻¹x` has rows `Tᵀaᵢ` and lies between
//! the unit ball and the ball of radius `√d`: κ is at most `√d`, whatever it was. Uniform points stay uniform under linear maps.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example round_polytope -- [PICTURE.svg] [--seed N]
//! ```
//!
//! prints how many independent points 100 000 steps are worth, for the coordinate of `z` that mixes worst, and draws the polytope
//! of κ about 100. Both chains take steps of the same cost and start at 0.
//!
//! # Private constraints
//!
//! The ellipsoid is a function of all rows. Where rows are persons, round by a released ellipsoid: it is as good if it is close,
//! and sampling then needs the rows themselves only where they are.

mod chain;
mod draw;
#[path = "../support/mod.rs"]
mod support;

use chain::{autocorrelations, effective_size, hit_and_run};
use clap::Parser;
use dp_linalg::{Mat, Parallelism, Qr, matmul, matmul_nt, solve_lower_triangular};
use john_ellipsoid_dp::{JohnEllipsoid, JohnOptions, john_ellipsoid};
use rand::Rng;
use std::error::Error;
use std::path::PathBuf;
use support::{generator, normal};

const DIM: usize = 10;
/// Pairs of half-spaces.
const CONSTRAINTS: usize = 100;
/// Ratios of widths before rounding.
const CONDITIONS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
/// The one that is drawn.
const DRAWN: usize = 2;
/// Points that are kept, and steps for each.
const CHAIN: (usize, usize) = (20_000, 5);

/// Hit-and-run before and after rounding by the John ellipsoid: a table and a picture.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to draw the picture.
    #[arg(default_value = "target/round_polytope.svg")]
    picture: PathBuf,
    /// For the polytope and for both chains.
    #[arg(long, default_value_t = 6)]
    seed: u64,
}

/// A chain, seen in the coordinates `z`, along the coordinate that mixes worst.
struct Run {
    series: Vec<f64>,
    effective_size: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut rng = generator(Some(arguments.seed))?;
    println!(
        "{CONSTRAINTS} pairs of half-spaces in {DIM} dimensions; {} steps of hit-and-run, every {}th kept\n",
        CHAIN.0 * CHAIN.1,
        CHAIN.1
    );
    println!("{:>8}{:>10}{:>18}{:>18}{:>10}", "κ", "gap", "worth, as it is", "worth, rounded", "ratio");
    for (place, condition) in CONDITIONS.into_iter().enumerate() {
        let rows = polytope(condition, &mut rng)?;
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default())?;
        let rounded = matmul(rows.as_ref(), john.root(), Parallelism::Sequential)?;
        let before = worst(&to_ball(&john, &hit_and_run(rows.as_ref(), CHAIN, &mut rng))?);
        let after = worst(&hit_and_run(rounded.as_ref(), CHAIN, &mut rng));
        print(condition, &john, (&before, &after));
        if place == DRAWN {
            draw::draw(&arguments.picture, &before, &after)?;
        }
    }
    println!(
        "\nA chain that has not reached the ends does not know how long it takes: its worth is then even less than printed."
    );
    println!("picture: {}", arguments.picture.display());
    Ok(())
}

/// Random half-spaces, stretched by `κ^{k/(d−1)}` along axes that are turned at random.
fn polytope<R: Rng>(condition: f64, rng: &mut R) -> Result<Mat, dp_linalg::Error> {
    let directions = Mat::from_fn(CONSTRAINTS, DIM, |_, _| normal(rng));
    let norms: Vec<f64> =
        directions.rows().map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
    let stretch = |k: usize| condition.powf(k as f64 / (DIM - 1) as f64);
    let thin = Mat::from_fn(CONSTRAINTS, DIM, |i, j| directions[(i, j)] / (norms[i] * stretch(j)));
    let turn = Qr::new(Mat::from_fn(DIM, DIM, |_, _| normal(rng)).as_ref())?;
    matmul_nt(thin.as_ref(), turn.q(), Parallelism::Sequential)
}

/// `T⁻¹x` of points `(n, d)`.
fn to_ball(john: &JohnEllipsoid, points: &Mat) -> Result<Mat, dp_linalg::Error> {
    Ok(solve_lower_triangular(john.root(), points.transpose().as_ref())?.transpose())
}

fn worst(points: &Mat) -> Run {
    let column = |j: usize| -> Vec<f64> { points.rows().map(|row| row[j]).collect() };
    let runs =
        (0..points.ncols()).map(column).map(|series| Run { effective_size: effective_size(&series), series });
    runs.min_by(|a, b| a.effective_size.total_cmp(&b.effective_size))
        .unwrap_or(Run { series: Vec::new(), effective_size: f64::NAN })
}

fn print(condition: f64, john: &JohnEllipsoid, (before, after): (&Run, &Run)) {
    println!(
        "{condition:>8}{:>10.0e}{:>18.0}{:>18.0}{:>10.0}",
        john.certificate().gap(),
        before.effective_size,
        after.effective_size,
        after.effective_size / before.effective_size
    );
}
