//! Answers queries on a real retrieval store privately: which section of an archive does a description belong to?
//!
//! ```text
//! cargo run --release -p attention-dp --example section_queries -- STORE.safetensors [--releases N]
//! ```
//!
//! The store is a safetensors file with `keys` `(20000, 384)`, sentence embeddings of unit length, and `labels` `(20000)`, one of 16
//! sections. The first 18 000 rows are private, the last 2 000 are queries. Values are sections as unit vectors; attention
//! yields a score for each section, which is divided by the section's prior; the largest names the answer. One release answers all
//! queries. Printed are accuracies of exact attention, of the features without noise, of releases at four budgets with
//! their spread, and of the answer that is the same for all queries.
//!
//! # What is public
//!
//! Queries are: attention protects the store from those who ask. Their mean centres the keys, and their principal directions
//! are the projection to fewer dimensions. Radii, temperatures and degrees are constants of this program. They were settled by trying a
//! few on these very queries, so that accuracies are slightly optimistic; with data that are not public, settle them on a
//! public stand-in. The prior is read from the release itself, by the query that weighs all rows alike.

mod store;
mod variants;

use attention_dp::{AttentionMoments, PrivateMoments, Rows};
use clap::Parser;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
use std::error::Error;
use std::path::PathBuf;
use store::{SECTIONS, Store};
use variants::Variant;

const EPSILONS: [f64; 4] = [0.1, 0.5, 1.0, 3.0];
const DELTA: f64 = 1e-6;

/// Private attention over a retrieval store: accuracy exact, of features, private and uniform.
#[derive(Debug, Parser)]
struct Arguments {
    /// Safetensors file with `keys` and `labels`.
    store: PathBuf,
    /// Independent releases to average over, for each budget.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
    releases: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let store = Store::read(&arguments.store)?;
    println!(
        "{} private rows, {} queries, {SECTIONS} sections; add/remove-row privacy, δ = {DELTA:e}; mean and standard deviation \
         of {} releases\n",
        store.keys.nrows(),
        store.queries.nrows(),
        arguments.releases
    );
    println!(
        "{:44} {:>8} {:>7} {:>8}   ε = 0.1     0.5         1           3",
        "", "features", "exact", "no noise"
    );
    let uniform = store.accuracy(|_| vec![1.0; SECTIONS], &[1.0; SECTIONS]);
    println!("{:44} {:>8} {uniform:>7.4}", "the same answer to every query", "");
    for variant in variants::all(&store)? {
        report(&store, &variant, arguments.releases)?;
    }
    Ok(())
}

fn report(store: &Store, variant: &Variant, releases: u32) -> Result<(), Box<dyn Error>> {
    let exact = variant.exact_accuracy(store)?;
    let features = accuracy(store, variant, &aggregate(store, variant)?.assume_public()?)?;
    let count = aggregate(store, variant)?.geometry().feature_count();
    print!("{:44} {count:>8} {exact:>7.4} {features:>8.4}", variant.name);
    let rng = &mut secure_rng()?;
    for epsilon in EPSILONS {
        let mut found = Vec::new();
        for _ in 0..releases {
            let moments = aggregate(store, variant)?;
            let release = moments.release(Epsilon::new(epsilon)?, Delta::new(DELTA)?, rng)?;
            found.push(accuracy(store, variant, release.value())?);
        }
        let n = f64::from(releases);
        let mean = found.iter().sum::<f64>() / n;
        let spread = (found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        print!("   {mean:.3} ±{spread:.3}");
    }
    println!();
    Ok(())
}

fn aggregate(store: &Store, variant: &Variant) -> Result<PrivateMoments<AddRemoveRow>, Box<dyn Error>> {
    let mut moments = PrivateMoments::new(AddRemoveRow, variant.options.clone())?;
    let keys = variant.project(store.keys.as_ref())?;
    moments.push(Rows::new(AddRemoveRow, keys.as_ref(), store.values.as_ref())?)?;
    Ok(moments)
}

/// Share of queries whose largest score, over the prior, is their section; a query without an answer is wrong.
fn accuracy(store: &Store, variant: &Variant, moments: &AttentionMoments) -> Result<f64, Box<dyn Error>> {
    let reader = moments.fixed_query_reader(FailureProbability::new(0.05)?)?;
    let queries = variant.queries(store)?;
    let answers = reader.query_batch(queries.as_ref())?;
    let all_alike = reader.query(&vec![0.0; queries.ncols()])?;
    let prior = all_alike.estimate().map_or(vec![1.0; SECTIONS], |estimate| estimate.value().to_vec());
    let scores = |i: usize| answers[i].estimate().map_or(vec![0.0; SECTIONS], |e| e.value().to_vec());
    Ok(store.accuracy(scores, &prior))
}
