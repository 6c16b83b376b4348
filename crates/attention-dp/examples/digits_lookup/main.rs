//! Looks up handwritten digits in a private store, at several privacy budgets.
//!
//! Keys are 1438 digits through a projection that was never fitted to them, values are their labels as unit vectors,
//! queries are the 359 digits that were held out. One release answers all queries: attention over the private store
//! yields ten scores, and the largest one names the digit.
//!
//! ```text
//! cargo run --release -p attention-dp --example digits_lookup -- [PICTURE.svg] [--releases N] [--seed N]
//! ```
//!
//! prints a table and draws it. Accuracy is averaged over independent releases; the spread is their standard deviation.
//! A query without an answer counts as wrong. Errors are against exact attention over the same (clipped) rows, which
//! only an experiment on public data can print.
//!
//! # What is public
//!
//! Everything but the rows: the projection (a fixed cosine transform, relative to the mean of ten glyphs drawn by hand),
//! radii, temperature, degree and the ten classes. Rows are scaled to length 1 one by one; a radius of 1 then clips none.
//! Scores are divided by the class prior, which the same release answers to the zero query.
//!
//! Dimension and temperature were settled by trying a few of them on these digits, held-out ones among them, so the
//! accuracies are slightly optimistic. With data that are not public, settle them on a public stand-in.

mod data;
mod measure;
mod picture;
mod table;

use attention_dp::{AttentionMoments, Bounds, MomentOptions, PrivateMoments, Rows, Shape};
use clap::Parser;
use data::Store;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
use measure::{Average, Score};
use rand::{CryptoRng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::error::Error;
use std::path::PathBuf;

/// Privacy budgets, at [`DELTA`].
const EPSILONS: [f64; 4] = [0.1, 0.5, 1.0, 3.0];
const DELTA: f64 = 1e-6;
/// Logits of unit keys and queries are within ±1.
const SOFTMAX_SCALE: f64 = 1.0;
/// The Taylor polynomial of degree 4 is within 2 % of the exponential there.
const DEGREE: usize = 4;

/// Private attention over handwritten digits: a table and a picture of accuracy and error against ε.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to draw the picture.
    #[arg(default_value = "target/digits_lookup.svg")]
    picture: PathBuf,
    /// Independent releases to average over, for each ε.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    releases: u32,
    /// Repeatable noise, for demonstrations only: whoever knows the seed can subtract it.
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut rng = match arguments.seed {
        Some(seed) => ChaCha20Rng::seed_from_u64(seed),
        None => secure_rng()?,
    };
    let store = Store::new()?;
    let baselines = Baselines::measure(&store)?;
    let mut private = Vec::new();
    for epsilon in EPSILONS {
        let scores = (0..arguments.releases)
            .map(|_| Score::new(&store, &baselines.exact_outputs, &release(&store, epsilon, &mut rng)?))
            .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        private.push((epsilon, Average::new(&scores)));
    }
    table::print(&store, &baselines, &private);
    picture::draw(&arguments.picture, &baselines, &private)?;
    println!("\npicture: {}", arguments.picture.display());
    Ok(())
}

/// What no noise was added to.
struct Baselines {
    exact_outputs: dp_linalg::Mat,
    /// The same answer to every query: the mean of all values.
    mean: Score,
    exact: Score,
    features: Score,
}

impl Baselines {
    fn measure(store: &Store) -> Result<Self, Box<dyn Error>> {
        let exact_outputs = store.exact_attention(SOFTMAX_SCALE)?;
        let mean = Score::of_outputs(store, &exact_outputs, &store.mean_output());
        let exact = Score::of_outputs(store, &exact_outputs, &exact_outputs);
        let features = Score::new(store, &exact_outputs, &aggregate(store)?.assume_public()?)?;
        Ok(Self { exact_outputs, mean, exact, features })
    }
}

fn aggregate(store: &Store) -> Result<PrivateMoments<AddRemoveRow>, attention_dp::Error> {
    let shape = Shape { key_dim: data::DIM, value_dim: data::CLASSES };
    let options = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0)?, DEGREE)
        .with_softmax_scale(SOFTMAX_SCALE)
        .with_value_range(0.0, measure::RANGE);
    let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
    moments.push(Rows::new(AddRemoveRow, store.keys.as_ref(), store.values.as_ref())?)?;
    Ok(moments)
}

fn release<R: CryptoRng>(
    store: &Store,
    epsilon: f64,
    rng: &mut R,
) -> Result<AttentionMoments, Box<dyn Error>> {
    let release = aggregate(store)?.release(Epsilon::new(epsilon)?, Delta::new(DELTA)?, rng)?;
    Ok(release.value().clone())
}
