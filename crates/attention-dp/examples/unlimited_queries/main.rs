//! One release, one budget, a million queries, and bars that hold for all of them at once.
//!
//! ```text
//! cargo run --release -p attention-dp --example unlimited_queries -- [--rows N] [--queries N]
//! ```
//!
//! Rows are made on the fly. After one release at ε = 1 the program asks random queries in batches, then lets an adversary
//! climb to queries at which the noise is largest. The bars of each answer are compared with what noise did: the distance from
//! the answer of the same features without noise, which only an experiment can know.

use attention_dp::{
    AttentionMoments, Bounds, ErrorBar, Estimate, MomentOptions, MomentReader, PrivateMoments, Rows, Shape,
};
use clap::Parser;
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::error::Error;
use std::time::Instant;

const SHAPE: Shape = Shape { key_dim: 16, value_dim: 8 };
/// 969 features.
const DEGREE: usize = 3;
const BATCH: usize = 4096;

/// A million queries of one release, with bars for all of them at once.
#[derive(Debug, Parser)]
struct Arguments {
    /// Private rows.
    #[arg(long, default_value_t = 200_000)]
    rows: usize,
    /// Random queries.
    #[arg(long, default_value_t = 1_000_000)]
    queries: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    // rows are the experiment's; noise comes from the operating system
    let exact = aggregate(arguments.rows)?.assume_public()?;
    let release =
        aggregate(arguments.rows)?.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
    let failure = FailureProbability::new(0.01)?;
    let (reader, noiseless) = (release.value().reader(failure)?, exact.reader(failure)?);
    println!(
        "{} rows, {} features, ε = 1, δ = 1e-6; bars for all queries at once at 99 %, {:.2} standard deviations of noise",
        arguments.rows,
        release.value().geometry().feature_count(),
        reader.noise_multiplier()
    );
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut tally = Tally::default();
    let mut seconds = 0.0;
    for start in (0..arguments.queries).step_by(BATCH) {
        let queries = directions(BATCH.min(arguments.queries - start), &mut rng);
        let begin = Instant::now();
        let answers = reader.query_batch(queries.as_ref())?;
        seconds += begin.elapsed().as_secs_f64();
        let truth = noiseless.query_batch(queries.as_ref())?;
        for (answer, truth) in answers.iter().zip(&truth) {
            tally.see(answer.estimate(), truth.estimate());
        }
    }
    let rate = arguments.queries as f64 / seconds;
    println!("\nrandom queries    {tally}; {rate:.0} queries a second");
    println!("adaptive queries  {}", climb(&reader, &exact, &mut rng)?);
    println!(
        "\nspent: ε = {:.6} at δ = 1e-6, as before the first query",
        release.certificate().guarantee().epsilon(Delta::new(1e-6)?)
    );
    Ok(())
}

/// Keys in the unit ball, values that depend on them.
fn aggregate(rows: usize) -> Result<PrivateMoments<AddRemoveRow>, Box<dyn Error>> {
    let options = MomentOptions::new(SHAPE, Bounds::new(1.0, 1.0, 1.0)?, DEGREE).with_softmax_scale(1.0);
    let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for start in (0..rows).step_by(1 << 16) {
        let keys = directions((rows - start).min(1 << 16), &mut rng);
        let values = Mat::from_fn(keys.nrows(), SHAPE.value_dim, |i, j| keys[(i, j)]);
        moments.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?)?;
    }
    Ok(moments)
}

fn directions(count: usize, rng: &mut ChaCha20Rng) -> Mat {
    let mut rows = Mat::from_fn(count, SHAPE.key_dim, |_, _| rng.random_range(-1.0..1.0));
    for i in 0..count {
        into_ball(rows.row_mut(i));
    }
    rows
}

fn into_ball(x: &mut [f64]) {
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    for x in x {
        *x /= norm.max(1.0);
    }
}

/// What noise did, in parts of the bar for it.
#[derive(Default)]
struct Tally {
    answers: u64,
    largest: f64,
    missed: u64,
    bars: f64,
}

impl Tally {
    fn see(&mut self, answer: Option<&Estimate>, truth: Option<&Estimate>) {
        let (Some(answer), Some(truth)) = (answer, truth) else { return };
        let part = largest_part(answer, truth);
        self.answers += 1;
        self.largest = self.largest.max(part);
        self.missed += u64::from(part > 1.0);
        self.bars += answer.bars().iter().map(ErrorBar::total).sum::<f64>() / SHAPE.value_dim as f64;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} answered, {} missed, largest error {:.2} of its bar, mean bar {:.4}",
            self.answers,
            self.missed,
            self.largest,
            self.bars / self.answers.max(1) as f64
        )
    }
}

fn largest_part(answer: &Estimate, truth: &Estimate) -> f64 {
    let parts = answer.value().iter().zip(truth.value()).zip(answer.bars());
    parts.map(|((a, t), bar)| (a - t).abs() / (bar.noise + bar.ratio)).fold(0.0, f64::max)
}

/// Twenty climbs of a thousand steps each, to where the noise is the largest part of its bar.
fn climb(
    reader: &MomentReader<'_>,
    exact: &AttentionMoments,
    rng: &mut ChaCha20Rng,
) -> Result<Tally, Box<dyn Error>> {
    let noiseless = exact.reader(FailureProbability::new(0.01)?)?;
    let mut tally = Tally::default();
    for _ in 0..20 {
        let mut query = directions(1, rng).into_vec();
        let mut best = 0.0;
        for _ in 0..1000 {
            let mut next = query.clone();
            let (i, scale) = (rng.random_range(0..next.len()), 10_f64.powf(rng.random_range(-3.0..0.0)));
            next[i] += rng.random_range(-scale..scale);
            into_ball(&mut next);
            let (answer, truth) = (reader.query(&next)?, noiseless.query(&next)?);
            tally.see(answer.estimate(), truth.estimate());
            if let (Some(answer), Some(truth)) = (answer.estimate(), truth.estimate()) {
                let part = largest_part(answer, truth);
                if part > best {
                    (best, query) = (part, next);
                }
            }
        }
    }
    Ok(tally)
}
