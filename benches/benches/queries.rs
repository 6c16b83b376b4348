//! Does a query's time depend on the number of rows, and from how many rows on is it faster than exact attention?
//!
//! Rows are made on the fly, streamed into the moments and never stored; builds and releases are not timed.

use attention_dp::{AttentionMoments, exact_attention};
use criterion::{Criterion, Throughput};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{Delta, Epsilon, FailureProbability};
use provable_dp_benches::{MomentCase, RowSource, measuring, median_seconds_in_turns};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::hint::black_box;

const CASE: MomentCase = MomentCase::STATED;
const QUERIES: usize = 1024;
const ROUNDS: usize = 15;

fn released(n: usize) -> AttentionMoments {
    released_case(CASE, n, Parallelism::available())
}

fn released_case(case: MomentCase, n: usize, parallelism: Parallelism) -> AttentionMoments {
    let moments = case.streamed(n, parallelism).expect("shapes fit");
    let (epsilon, delta) = (Epsilon::new(1.0).expect("positive"), Delta::new(1e-6).expect("a probability"));
    let release =
        moments.release(epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).expect("a lattice that fits");
    release.value().clone()
}

/// Values and error bars for all queries.
fn ask(moments: &AttentionMoments, queries: &Mat) {
    let failure = FailureProbability::new(0.05).expect("a probability");
    let reader = moments.reader(failure).expect("few columns");
    black_box(reader.query_batch(queries.as_ref()).expect("queries within the radius"));
}

fn flat_in_rows(criterion: &mut Criterion) {
    let queries = CASE.queries(QUERIES);
    let mut group = criterion.benchmark_group(format!("attention/query/m={QUERIES}/d={}", CASE.key_dim));
    group.sample_size(30).throughput(Throughput::Elements(QUERIES as u64));
    for n in [10_000, 100_000, 1_000_000, 10_000_000] {
        // built on first use, so that a filtered-out size costs nothing
        let mut moments = None;
        group.bench_function(format!("release/n={n}"), |bencher| {
            let moments = moments.get_or_insert_with(|| released(n));
            bencher.iter(|| ask(moments, &queries));
        });
    }
    for n in [16_384, 65_536] {
        let mut source = RowSource::new(3);
        let (keys, values) = (source.rows(n, CASE.key_dim), source.rows(n, CASE.value_dim));
        group.bench_function(format!("exact/n={n}"), |bencher| {
            bencher.iter(|| attend(&queries, &keys, &values));
        });
    }
    group.finish();
}

/// The same in turns, because a long measurement drifts with the machine.
fn flat_in_turns() {
    let queries = CASE.queries(QUERIES);
    let sizes = [10_000, 100_000, 1_000_000, 10_000_000];
    let releases = sizes.map(released);
    let mut asks = releases.each_ref().map(|moments| || ask(moments, &queries));
    let mut jobs = asks.each_mut().map(|ask| ask as &mut dyn FnMut());
    let seconds = median_seconds_in_turns(5 * ROUNDS, &mut jobs);
    println!("\nbatch of {QUERIES} queries, medians of {} runs in turns", 5 * ROUNDS);
    for (n, seconds) in sizes.into_iter().zip(seconds) {
        println!("{n:>10} rows {:>8.3} ms", seconds * 1e3);
    }
}

/// Queries a second on one thread, with values and bars for all queries at once.
fn rate() {
    println!(
        "\nqueries a second on one thread, batches of {}, medians of {ROUNDS} runs in turns",
        4 * QUERIES
    );
    let cases = [MomentCase::STATED, MomentCase::WIDE];
    let releases = cases.map(|case| released_case(case, 10_000, Parallelism::Sequential));
    let queries = cases.map(|case| case.queries(4 * QUERIES));
    let (mut first, mut second) = (|| ask(&releases[0], &queries[0]), || ask(&releases[1], &queries[1]));
    let seconds = median_seconds_in_turns(ROUNDS, &mut [&mut first, &mut second]);
    for (moments, seconds) in releases.iter().zip(seconds) {
        let (r, columns) = (moments.geometry().feature_count(), moments.geometry().columns());
        println!("{r:>6} features, {columns:>3} columns: {:>10.0}", (4 * QUERIES) as f64 / seconds);
    }
}

fn attend(queries: &Mat, keys: &Mat, values: &Mat) {
    let scale = 1.0 / (CASE.key_dim as f64).sqrt();
    let threads = Parallelism::available();
    black_box(
        exact_attention(queries.as_ref(), keys.as_ref(), values.as_ref(), scale, threads)
            .expect("shapes fit"),
    );
}

fn crossover() {
    let queries = CASE.queries(QUERIES);
    println!(
        "\nbatch of {QUERIES} queries, {} threads, medians of {ROUNDS} runs in turns",
        Parallelism::available().get()
    );
    println!("{:>8} {:>12} {:>12} {:>8}", "n", "exact ms", "release ms", "ratio");
    let mut meet = None;
    for n in (6..=16).map(|power| 1 << power) {
        let moments = released(n);
        let mut source = RowSource::new(3);
        let (keys, values) = (source.rows(n, CASE.key_dim), source.rows(n, CASE.value_dim));
        let (mut exact, mut release) = (|| attend(&queries, &keys, &values), || ask(&moments, &queries));
        let seconds = median_seconds_in_turns(ROUNDS, &mut [&mut exact, &mut release]);
        let ratio = seconds[0] / seconds[1];
        if ratio >= 1.0 && meet.is_none() {
            meet = Some(n);
        }
        println!("{n:>8} {:>12.3} {:>12.3} {ratio:>8.2}", seconds[0] * 1e3, seconds[1] * 1e3);
    }
    match meet {
        Some(n) => println!("the release answers faster from n = {n} on"),
        None => println!("exact attention is faster at all these sizes"),
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    flat_in_rows(&mut criterion);
    criterion.final_summary();
    if measuring() {
        rate();
        flat_in_turns();
        crossover();
    }
}
