//! A private store that grows by a batch a day, asked about all of it and about the last week.
//!
//! ```text
//! cargo run --release -p attention-dp --example streaming_store -- [--days N] [--rows N] [--epsilon E] [--seed N]
//! ```
//!
//! Keys are points of the plane; the value at a key drifts over the days, so that the average over the whole store lags behind and a sliding
//! window does not. Every day releases something, all days together under *one* (ε, δ) of add/remove-row privacy: once by
//! the binary tree and once by the square root, to compare them. Who publishes both, as this table does, loses what the two lose together. The table shows, for one query, exact attention (which only an experiment on made-up data can
//! print), and the answers with their bars at 95 % for a query that was fixed beforehand. `–` is no answer at this confidence.

use attention_dp::{
    Bounds, Factorization, IntervalMoments, MomentOptions, Rows, Shape, StreamingMoments, StreamingOptions,
    exact_attention,
};
use clap::Parser;
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::error::Error;

const SHAPE: Shape = Shape { key_dim: 2, value_dim: 1 };
/// Logits of unit keys and queries are within ±1.
const SOFTMAX_SCALE: f64 = 1.0;
const DEGREE: usize = 6;
const DELTA: f64 = 1e-6;
const QUERY: [f64; 2] = [0.8, 0.6];
/// Days of the sliding window.
const WINDOW: u64 = 7;
/// One answer in twenty may be missed.
const FAILURE: f64 = 0.05;

/// Private attention over a growing store: a table of prefixes and windows.
#[derive(Debug, Parser)]
struct Arguments {
    /// Number of batches, agreed on beforehand.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(1..=1024))]
    days: u64,
    /// Rows a batch.
    #[arg(long, default_value_t = 4000)]
    rows: usize,
    /// Privacy of the whole stream, at δ = 1e-6.
    #[arg(long, default_value_t = 1.0)]
    epsilon: f64,
    /// Repeatable noise, for demonstrations only: whoever knows the seed can subtract it.
    #[arg(long)]
    seed: Option<u64>,
}

type Store = StreamingMoments<AddRemoveRow>;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut rng = match arguments.seed {
        Some(seed) => ChaCha20Rng::seed_from_u64(seed),
        None => secure_rng()?,
    };
    let mut stores =
        [store(&arguments, Factorization::BinaryTree)?, store(&arguments, Factorization::SquareRoot)?];
    print_header(&arguments, &stores);
    let mut batches = Vec::new();
    for day in 1..=arguments.days {
        let batch = batch(day, &arguments, &mut rng);
        for store in &mut stores {
            store.push(Rows::new(AddRemoveRow, batch.0.as_ref(), batch.1.as_ref())?, &mut rng)?;
        }
        batches.push(batch);
        if day <= 4 || day.is_multiple_of(4) || day == arguments.days {
            print_row(day, &batches, &stores)?;
        }
    }
    let [tree, root] = [0, 1].map(|i| stores[i].profile());
    println!(
        "\nδ(ε = {0}) of the whole stream: {1:.2e} by one store, {2:.2e} of both together, as printed here",
        arguments.epsilon,
        tree.delta(arguments.epsilon),
        tree.and(root)?.delta(arguments.epsilon)
    );
    Ok(())
}

fn store(arguments: &Arguments, factorization: Factorization) -> Result<Store, Box<dyn Error>> {
    let moments = MomentOptions::new(SHAPE, Bounds::new(1.0, 1.0, 1.0)?, DEGREE)
        .with_softmax_scale(SOFTMAX_SCALE)
        .with_max_rows(1 << 20);
    let options =
        StreamingOptions::new(AddRemoveRow, moments, arguments.days).with_factorization(factorization);
    Ok(StreamingMoments::calibrate(Epsilon::new(arguments.epsilon)?, Delta::new(DELTA)?, options)?)
}

/// Keys in the unit square around the origin; values between −1 and 1 that rise over the days, more to the right.
fn batch(day: u64, arguments: &Arguments, rng: &mut ChaCha20Rng) -> (Mat, Mat) {
    let progress = day as f64 / arguments.days as f64;
    let keys = Mat::from_fn(arguments.rows, SHAPE.key_dim, |_, _| rng.random_range(-0.7..0.7));
    let value = |i: usize| 1.2 * progress - 0.6 + 0.5 * keys[(i, 0)];
    let values = Mat::from_fn(arguments.rows, SHAPE.value_dim, |i, _| value(i));
    (keys, values)
}

fn print_header(arguments: &Arguments, stores: &[Store; 2]) {
    println!(
        "{} batches of {} rows, ε = {}, δ = {DELTA:e} for all of them; standard deviation of an entry, tree and square root:",
        arguments.days, arguments.rows, arguments.epsilon
    );
    let stds = |std: &dyn Fn(&Store) -> f64| format!("{:8.1}{:8.1}", std(&stores[0]), std(&stores[1]));
    let last = arguments.days;
    println!("  whole store {}", stds(&|store| store.prefix_std(last)));
    println!("  last {WINDOW} days {}\n", stds(&|store| store.range_std(last.saturating_sub(WINDOW)..last)));
    let group = format!("{:>9}{:>17}{:>17}", "exact", "tree", "square root");
    println!("{:>5} │{:^43} │{:^43}", "", "whole store", format!("last {WINDOW} days"));
    println!("{:>5} │{group} │{group}", "day");
}

fn print_row(day: u64, batches: &[(Mat, Mat)], stores: &[Store; 2]) -> Result<(), Box<dyn Error>> {
    let window = day.min(WINDOW);
    print!("{day:>5}");
    for first in [0, day - window] {
        print!(" │{:>9.3}", exact(&batches[first as usize..])?);
        for store in stores {
            let moments = store.released().range(first..day).ok_or("history is kept")?;
            print!("{:>17}", answer(&moments)?);
        }
    }
    println!();
    Ok(())
}

/// Attention over the rows of these batches.
fn exact(batches: &[(Mat, Mat)]) -> Result<f64, Box<dyn Error>> {
    let rows = batches.iter().map(|batch| batch.0.nrows()).sum();
    let gather = |matrices: Vec<&Mat>, dim| {
        Mat::from_vec(rows, dim, matrices.into_iter().flat_map(Mat::as_slice).copied().collect())
    };
    let keys = gather(batches.iter().map(|batch| &batch.0).collect(), SHAPE.key_dim)?;
    let values = gather(batches.iter().map(|batch| &batch.1).collect(), SHAPE.value_dim)?;
    let query = Mat::from_vec(1, SHAPE.key_dim, QUERY.to_vec())?;
    let output = exact_attention(
        query.as_ref(),
        keys.as_ref(),
        values.as_ref(),
        SOFTMAX_SCALE,
        Parallelism::available(),
    )?;
    Ok(output[(0, 0)])
}

fn answer(moments: &IntervalMoments) -> Result<String, Box<dyn Error>> {
    let answer = moments.fixed_query_reader(FailureProbability::new(FAILURE)?)?.query(&QUERY)?;
    Ok(answer.estimate().map_or_else(
        || "–".to_owned(),
        |estimate| format!("{:.3} ± {:.3}", estimate.value()[0], estimate.bars()[0].total()),
    ))
}
