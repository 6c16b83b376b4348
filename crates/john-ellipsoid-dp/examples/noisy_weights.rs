//! What noise on weights costs: the published rounds, ours, and noise on the rows for comparison. Prints three tables.
//!
//! ```text
//! cargo run --release -p john-ellipsoid-dp --example noisy_weights
//! ```

use dp_linalg::{Mat, MatRef};
use dp_mechanisms::{
    Delta, Epsilon, FailureProbability, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic,
    PerturbRow,
};
use john_ellipsoid_dp::private::{Floor, PrivateRows, WeightOptions, noisy_weights};
use john_ellipsoid_dp::{Design, JohnOptions, john_ellipsoid, uniform_weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

type Failure = Box<dyn std::error::Error>;

const RADIUS: f64 = 6.0;

fn main() -> Result<(), Failure> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    published_table(&normal_rows(&mut rng, 100, 3), &mut rng)?;
    for (n, d) in [(200, 3), (1000, 5)] {
        private_table(&normal_rows(&mut rng, n, d), &mut rng)?;
    }
    Ok(())
}

fn normal(rng: &mut ChaCha20Rng) -> f64 {
    (0..12).map(|_| rng.random_range(-0.5..0.5)).sum()
}

fn normal_rows(rng: &mut ChaCha20Rng, n: usize, d: usize) -> Mat {
    Mat::from_fn(n, d, |_, _| normal(rng))
}

/// Gap of the average of T published rounds, factors `1 + z` with z truncated at ½.
fn published_table(rows: &Mat, rng: &mut ChaCha20Rng) -> Result<(), Failure> {
    println!("published rounds, {} rows, d = {}: gap of the average", rows.nrows(), rows.ncols());
    println!("| T | no noise | 0.05 | 0.1 | 0.2 | 0.4 |\n|---|---|---|---|---|---|");
    for rounds in [10, 100, 1000, 10_000] {
        print!("| {rounds} |");
        for noise_std in [0.0, 0.05, 0.1, 0.2, 0.4] {
            print!(" {:.5} |", published_gap(rows.as_ref(), rounds, noise_std, rng)?);
        }
        println!();
    }
    Ok(())
}

fn published_gap(
    rows: MatRef<'_>,
    rounds: usize,
    noise_std: f64,
    rng: &mut ChaCha20Rng,
) -> Result<f64, Failure> {
    let mut design = Design::new(rows, uniform_weights(rows))?;
    let mut sum = vec![0.0; rows.nrows()];
    for _ in 0..rounds {
        sum.iter_mut().zip(design.weights()).for_each(|(sum, w)| *sum += w);
        let pairs = design.weights().iter().zip(design.forms());
        let next = pairs.map(|(w, g)| w * g * (1.0 + truncated(noise_std, rng))).collect();
        design.set_weights(next)?;
    }
    Ok(Design::new(rows, sum)?.gap())
}

/// By rejection.
fn truncated(noise_std: f64, rng: &mut ChaCha20Rng) -> f64 {
    loop {
        let z = noise_std * normal(rng);
        if z.abs() <= 0.5 {
            return z;
        }
    }
}

/// ε = 1, δ = 1e-6; means of five runs; the gap is with the ridge where the floor is kept, as its bound is, else without.
fn private_table(rows: &Mat, rng: &mut ChaCha20Rng) -> Result<(), Failure> {
    let (n, d) = (rows.nrows(), rows.ncols());
    println!("\nε = 1, δ = 1e-6, {n} rows, d = {d}, radius {RADIUS}: gap");
    println!("| move | floor kept | its bound | floor removed | noise on rows |\n|---|---|---|---|---|");
    let options = WeightOptions::new(Epsilon::new(1.0)?, Delta::new(1e-6)?, RADIUS)?;
    for moves in [1e-6, 1e-5, 1e-4, 1e-3, 1e-2] {
        let mut sums = [0.0; 4];
        for _ in 0..5 {
            let mut run = |options: &WeightOptions| {
                let private = PrivateRows::new(PerturbRow::new(moves)?, rows.as_ref());
                Ok::<_, Failure>(noisy_weights(private, options, rng)?.value().clone())
            };
            let (kept, removed) = (run(&options.with_floor(Floor::Kept))?, run(&options)?);
            let bound = kept.gap_bound(FailureProbability::new(0.01)?).unwrap_or(f64::NAN);
            let (kept, removed) =
                (gap(rows, &kept.weights(), options.ridge())?, gap(rows, &removed.weights(), 1e-6)?);
            let found = [kept, bound, removed, row_noise(rows, moves, rng)?];
            sums.iter_mut().zip(found).for_each(|(sum, x)| *sum += x / 5.0);
        }
        println!("| {moves:.0e} | {:.4} | {:.3} | {:.4} | {:.5} |", sums[0], sums[1], sums[2], sums[3]);
    }
    Ok(())
}

/// `max aᵢᵀ(λI + Σ wᵢaᵢaᵢᵀ)⁻¹aᵢ − 1`: the ridge as d more rows of weight one, which doubles the sum that a design scales to d.
fn gap(rows: &Mat, weights: &[f64], ridge: f64) -> Result<f64, Failure> {
    let (n, d) = (rows.nrows(), rows.ncols());
    let entry = |i: usize, j: usize| {
        if i < n { rows[(i, j)] } else { ridge.sqrt() * f64::from(u8::from(i - n == j)) }
    };
    let stacked = Mat::from_fn(n + d, d, entry);
    let design = Design::new(stacked.as_ref(), [weights, &vec![1.0; d]].concat())?;
    Ok(0.5 * design.forms()[..n].iter().copied().fold(0.0, f64::max) - 1.0)
}

/// The optimal weights of rows with noise of the same guarantee, on the rows themselves.
fn row_noise(rows: &Mat, moves: f64, rng: &mut ChaCha20Rng) -> Result<f64, Failure> {
    let (unit, d) = (2.0_f64.powi(30), rows.ncols());
    let square = (moves * unit + (d as f64).sqrt()).powi(2).ceil();
    let sensitivity = LatticeL2Sensitivity::from_square(square as u128, PerturbRow::new(moves)?)?;
    let mechanism = LatticeGaussian::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
    let steps = rows.as_slice().iter().map(|x| (x * unit).round() as i64).collect();
    let statistic = LatticeStatistic::new(steps, Lattice::new(-30)?, sensitivity, 1 << 40);
    let released = mechanism.release(statistic, "rows", rng)?.value().to_f64();
    let noisy = Mat::from_vec(rows.nrows(), d, released)?;
    let john = john_ellipsoid(noisy.as_ref(), &JohnOptions::default())?;
    let mut weights = vec![0.0; rows.nrows()];
    john.support().iter().for_each(|row| weights[row.row] = row.weight);
    Ok(Design::new(rows.as_ref(), weights)?.gap())
}
