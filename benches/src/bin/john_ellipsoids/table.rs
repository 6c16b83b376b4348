//! The default beside one bare product of all rows.

use crate::{Outcome, data};
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into};
use john_ellipsoid_dp::{JohnEllipsoid, JohnOptions, john_ellipsoid};
use provable_dp_benches::median_seconds_in_turns;
use std::hint::black_box;

const ROUNDS: usize = 5;
/// Rows of a product at a time, so that what it makes stays in the cache.
const TILE: usize = 256;

pub(crate) fn print(n: usize, d: usize) -> Outcome {
    println!("n = {n}, d = {d}, gap 1e-6, medians of {ROUNDS} runs in turns");
    println!("product: (n, d)·(d, d) in blocks of {TILE} rows on one thread\n");
    println!(
        "| | 1 thread, s | {} threads, s | product, s | 1 thread / product | passes | gap | rows with weight |",
        Parallelism::available().get()
    );
    println!("|---|---|---|---|---|---|---|---|");
    for name in data::NAMES {
        let rows = data::rows(name, n, d)?;
        let john = solve(rows.as_ref(), Parallelism::Sequential)?;
        let mut one = || _ = black_box(solve(rows.as_ref(), Parallelism::Sequential));
        let mut all = || _ = black_box(solve(rows.as_ref(), Parallelism::available()));
        let mut bare = || _ = black_box(product(rows.as_ref()));
        let seconds = median_seconds_in_turns(ROUNDS, &mut [&mut one, &mut all, &mut bare]);
        println!(
            "| {name} | {:.3} | {:.3} | {:.3} | {:.1} | {} | {:.1e} | {} |",
            seconds[0],
            seconds[1],
            seconds[2],
            seconds[0] / seconds[2],
            john.passes(),
            john.certificate().gap(),
            john.support().len()
        );
    }
    Ok(())
}

fn solve(rows: MatRef<'_>, parallelism: Parallelism) -> Result<JohnEllipsoid, john_ellipsoid_dp::Error> {
    john_ellipsoid(rows, &JohnOptions::default().with_parallelism(parallelism))
}

fn product(rows: MatRef<'_>) -> Result<f64, dp_linalg::Error> {
    let (n, d) = rows.shape();
    let (root, mut out) = (Mat::identity(d), Mat::zeros(TILE, d));
    for start in (0..n).step_by(TILE) {
        let tile = rows.subrows(start..n.min(start + TILE));
        let block = out.as_mut().subrows(0..tile.nrows());
        matmul_into(block, Accumulate::Replace, tile, root.as_ref(), Parallelism::Sequential)?;
    }
    Ok(out[(0, 0)])
}
