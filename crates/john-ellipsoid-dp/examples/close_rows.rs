//! What both releases of rows that move little cost, side by side. Prints a table.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example close_rows
//! ```
//!
//! Normal rows in ten dimensions, ε = 1, δ = 1e-6. Moves are in units of the least semi-axis of the John ellipsoid `M*` around the rows,
//! the floor of the stable release is half of it, `p = 64`. Printed are the worst eigenvalue of `M*⁻¹M̂ − I`, and how much longer than its
//! semi-axes those of the enclosing ellipsoid (β = 0.01) are in the mean; medians of five releases. And how many draws the theorem about
//! the John ellipsoid itself would allow.

use dp_linalg::{Mat, MatRef, SymmetricEigen, matmul, matmul_tn};
use dp_mechanisms::covariance::Neighbourhood;
use dp_mechanisms::{ChangeBound, Delta, Epsilon, FailureProbability, GaussianSampling, PerturbRow};
use john_ellipsoid_dp::private::close::{CloseOptions, john_change, release_rows, release_stable};
use john_ellipsoid_dp::private::{PrivateRows, ReleasedEllipsoid};
use john_ellipsoid_dp::{JohnEllipsoid, JohnOptions, john_ellipsoid};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

type Failure = Box<dyn std::error::Error>;

const DIM: usize = 10;
const RELEASES: usize = 5;

fn main() -> Result<(), Failure> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    println!(
        "| n | move | rows | enclosing | stable | enclosing | draws for John itself |\n|---|---|---|---|---|---|---|"
    );
    for (n, moves) in [(1000, &[1e-2, 1e-3, 1e-4][..]), (100_000, &[1e-3, 1e-4])] {
        let rows = normal_rows(&mut rng, n);
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default())?;
        for &relative in moves {
            line(&rows, &john, relative, &mut rng)?;
        }
    }
    Ok(())
}

fn normal_rows(rng: &mut ChaCha20Rng, n: usize) -> Mat {
    Mat::from_fn(n, DIM, |_, _| (0..12).map(|_| rng.random_range(-0.5..0.5)).sum())
}

fn line(rows: &Mat, john: &JohnEllipsoid, relative: f64, rng: &mut ChaCha20Rng) -> Result<(), Failure> {
    let moment = john.matrix()?;
    let least =
        SymmetricEigen::new(moment.as_ref())?.values().iter().copied().fold(f64::INFINITY, f64::min).sqrt();
    let radius = rows.rows().map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt()).fold(0.0, f64::max);
    let adjacency = PerturbRow::new(relative * least)?;
    let options = CloseOptions::new(rows.nrows(), DIM, radius)?.with_floor(0.5 * least)?.with_exponent(64)?;
    let (epsilon, delta, failure) = (Epsilon::new(1.0)?, Delta::new(1e-6)?, FailureProbability::new(0.01)?);
    let (mut of_rows, mut stable) = (Vec::new(), Vec::new());
    for _ in 0..RELEASES {
        let private = || PrivateRows::new(adjacency, rows.as_ref());
        let noisy = release_rows(private(), &options, epsilon, delta, rng)?;
        let found = noisy.value().john_ellipsoid(&JohnOptions::default())?;
        let around = noisy.value().enclosing_ellipsoid(&JohnOptions::default(), failure)?;
        of_rows.push((worst(john, found.matrix()?.as_ref())?, longer(john, &around)));
        let drawn = release_stable(private(), &options, epsilon, delta, rng);
        let drawn = drawn
            .map(|drawn| (worst(john, drawn.value().matrix()), drawn.value().enclosing_ellipsoid(failure)));
        if let Ok((worst, around)) = drawn {
            stable.push((worst?, around.map_or(f64::INFINITY, |around| longer(john, &around))));
        }
    }
    let bound = Neighbourhood::jeffreys(john_change([relative, relative], 0.0, DIM))?;
    let draws = GaussianSampling::calibrate(epsilon, delta, ChangeBound::new(bound, adjacency));
    let draws = draws.map_or("infeasible".to_owned(), |sampling| sampling.draws().get().to_string());
    println!("| {} | {relative:e} | {} | {} | {draws} |", rows.nrows(), medians(of_rows), medians(stable));
    Ok(())
}

/// The largest `|t − 1|` over eigenvalues `t` of `M*⁻¹M̂`.
fn worst(john: &JohnEllipsoid, moment: MatRef<'_>) -> Result<f64, Failure> {
    let one = dp_linalg::Parallelism::Sequential;
    let half = matmul(moment, john.root(), one)?;
    let whole = matmul_tn(john.root(), half.as_ref(), one)?;
    Ok(SymmetricEigen::new(whole.as_ref())?.values().iter().map(|t| (t - 1.0).abs()).fold(0.0, f64::max))
}

/// How much longer the semi-axes are, in the geometric mean.
fn longer(john: &JohnEllipsoid, around: &ReleasedEllipsoid) -> f64 {
    ((around.log_volume() - 0.5 * john.log_det()) / DIM as f64).exp_m1()
}

fn medians(mut found: Vec<(f64, f64)>) -> String {
    if found.len() < RELEASES {
        return "infeasible | none".to_owned();
    }
    let mut median = |part: fn(&(f64, f64)) -> f64| {
        found.sort_by(|a, b| part(a).total_cmp(&part(b)));
        part(&found[RELEASES / 2])
    };
    let (worst, longer) = (median(|pair| pair.0), median(|pair| pair.1));
    format!("{worst:.4} | {:.1} %", 100.0 * longer)
}
