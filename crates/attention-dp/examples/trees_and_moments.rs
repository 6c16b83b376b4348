//! Cross-attention from trees and from moments, at the same privacy: how much noise, how long.
//!
//! ```text
//! cargo run --release -p attention-dp --example trees_and_moments -- --rows 100000
//! ```
//!
//! Half-widths are those of the noise on the normaliser at one fixed query (95 %), as a fraction of the normaliser of `n` rows
//! at the centre: below one there is an answer. The published formula stands beside them, with its hidden constants set to one.

use attention_dp::{
    Bounds, Coverage, MomentGeometry, MomentOptions, PrivateMoments, PrivateTreeAttention,
    PublishedParameters, Rows, Shape, TreeAttentionOptions, TreeBudget, published_error,
};
use clap::Parser;
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
use poly_kernel::BoundedMap;
use std::error::Error;
use std::time::Instant;

#[derive(Parser)]
struct Arguments {
    /// Number of rows.
    #[arg(long, default_value_t = 20_000)]
    rows: usize,
    /// Dimension of keys.
    #[arg(long, default_value_t = 8)]
    dim: usize,
    /// Bins of each feature.
    #[arg(long, default_value_t = 256)]
    bins: usize,
    /// Privacy parameter; δ is 1e-6.
    #[arg(long, default_value_t = 1.0)]
    epsilon: f64,
    /// Largest Taylor degree.
    #[arg(long, default_value_t = 3)]
    degree: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let shape = Shape { key_dim: arguments.dim, value_dim: 1 };
    let direction = |i: usize, j: usize| ((i * (2 * j + 3)) as f64).sin();
    let keys = Mat::from_fn(arguments.rows, shape.key_dim, |i, j| {
        0.5 * direction(i, j) / (shape.key_dim as f64).sqrt()
    });
    let values = Mat::from_fn(arguments.rows, 1, |i, _| direction(i, 0));
    let rows = || Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref());
    println!(
        "{:>5} {:>12} {:>12} {:>9} {:>9} {:>12}",
        "r", "budget", "half-width", "build s", "release s", "query µs"
    );
    for degree in 1..=arguments.degree {
        let moments = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0)?, degree).with_max_rows(1 << 20);
        line_of_moments(&arguments, &moments, rows()?)?;
        for budget in [TreeBudget::Joint, TreeBudget::Accounted, TreeBudget::EqualShares] {
            let options = TreeAttentionOptions::new(moments.clone(), budget).with_bins(arguments.bins);
            line_of_trees(&arguments, options, rows()?)?;
        }
        line_of_the_paper(&arguments, &moments)?;
    }
    Ok(())
}

fn query(dim: usize) -> Vec<f64> {
    vec![0.9 / (dim as f64).sqrt(); dim]
}

fn line_of_trees(
    arguments: &Arguments,
    options: TreeAttentionOptions,
    rows: Rows<'_, AddRemoveRow>,
) -> Result<(), Box<dyn Error>> {
    let (epsilon, delta) = (Epsilon::new(arguments.epsilon)?, Delta::new(1e-6)?);
    let budget = options.budget();
    let start = Instant::now();
    let mut trees = PrivateTreeAttention::new(AddRemoveRow, options)?;
    trees.push(rows)?;
    let build = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let release = trees.release(epsilon, delta, &mut secure_rng()?)?;
    let released = start.elapsed().as_secs_f64();
    let softmax = release.value().softmax();
    let start = Instant::now();
    let sums = softmax.sums(&query(arguments.dim), Coverage::FixedQuery, FailureProbability::new(0.05)?)?;
    let answered = start.elapsed().as_secs_f64();
    let geometry = softmax.geometry();
    let half_width = sums.noise / unit(geometry) / arguments.rows as f64;
    line(geometry.feature_count(), &format!("{budget:?}"), half_width, [build, released, answered]);
    Ok(())
}

/// The normaliser of one row, in value units.
fn unit(geometry: &MomentGeometry) -> f64 {
    geometry.normaliser() as f64 * 0.5_f64.powi(geometry.value_exponent())
}

fn line_of_moments(
    arguments: &Arguments,
    options: &MomentOptions,
    rows: Rows<'_, AddRemoveRow>,
) -> Result<(), Box<dyn Error>> {
    let (epsilon, delta) = (Epsilon::new(arguments.epsilon)?, Delta::new(1e-6)?);
    let start = Instant::now();
    let mut moments = PrivateMoments::new(AddRemoveRow, options.clone())?;
    moments.push(rows)?;
    let build = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let release = moments.release(epsilon, delta, &mut secure_rng()?)?;
    let released = start.elapsed().as_secs_f64();
    let reader = release.value().fixed_query_reader(FailureProbability::new(0.05)?)?;
    let start = Instant::now();
    reader.query(&query(arguments.dim))?;
    let answered = start.elapsed().as_secs_f64();
    let geometry = release.value().geometry();
    let factor = geometry.scaling().query_factor();
    let point: Vec<f64> = query(arguments.dim).iter().map(|q| q * factor).collect();
    let norm = geometry.features().map().squared_norm_bound(&point).sqrt();
    let noise = reader.noise_multiplier() * release.value().unit_noise_std() * norm;
    let half_width = noise / unit(geometry) / arguments.rows as f64;
    line(geometry.feature_count(), "moments", half_width, [build, released, answered]);
    Ok(())
}

fn line_of_the_paper(arguments: &Arguments, options: &MomentOptions) -> Result<(), Box<dyn Error>> {
    let geometry = MomentGeometry::new(options.clone())?;
    let error = published_error(&PublishedParameters {
        rows: arguments.rows as u64,
        epsilon: arguments.epsilon,
        radius: 1.0,
        value_bound: 1.0,
        degree: options.features().degree().unwrap_or(0) as u32,
        feature_count: geometry.feature_count(),
        kernel_error: geometry.kernel_error(),
        alpha: None,
    });
    println!("{:>5} {:>12} {:>12.3e}", geometry.feature_count(), "published", error.additive);
    Ok(())
}

fn line(features: usize, name: &str, half_width: f64, [build, release, query]: [f64; 3]) {
    println!(
        "{features:>5} {name:>12} {half_width:>12.3e} {build:>9.3} {release:>9.3} {:>12.0}",
        query * 1e6
    );
}
