//! How long does a build take, and how much of the machine does it use?
//!
//! End to end: validate, clip, quantise, features, exact product. The baseline is the obvious two steps (all features as
//! one matrix, then one product) in plain `f64`. "Peak" is the square product 3000³ of the same backend with as many
//! threads. The share of peak that is printed last counts the operations of the product alone, `2·n·r·(d_v + 1)`, over
//! the time of everything, measured in turns with the square product.

use attention_dp::Rows;
use criterion::{BenchmarkId, Criterion, Throughput};
use dp_linalg::{ExactProductSum, Mat, Parallelism, matmul, matmul_tn};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
use poly_kernel::MonomialMap;
use provable_dp_benches::{MomentCase, RowSource, measuring, median_seconds_in_turns};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::hint::black_box;
use std::num::NonZeroUsize;

const SIZES: [usize; 2] = [16_384, 65_536];
const SQUARE: usize = 3000;
const CASE: MomentCase = MomentCase::STATED;
const ROUNDS: usize = 15;

fn threads(count: usize) -> Parallelism {
    NonZeroUsize::new(count).map_or(Parallelism::Sequential, Parallelism::Threads)
}

struct Data {
    keys: Mat,
    values: Mat,
}

impl Data {
    fn new(n: usize) -> Self {
        let mut source = RowSource::new(3);
        Self { keys: source.rows(n, CASE.key_dim), values: source.rows(n, CASE.value_dim) }
    }

    /// What a user calls: options, then rows. The sums are read so that none of it is optimised away.
    fn push(&self, parallelism: Parallelism) {
        let mut moments = CASE.empty(parallelism).expect("sound options");
        let rows = Rows::new(AddRemoveRow, self.keys.as_ref(), self.values.as_ref())
            .expect("as many keys as values");
        moments.push(rows).expect("shapes fit");
        black_box(moments);
    }

    /// All features, then one product: `O(n·r)` memory, no clipping, no lattice, not exact.
    fn two_steps(&self, map: &MonomialMap, parallelism: Parallelism) {
        let mut features = Mat::zeros(self.keys.nrows(), map.feature_count());
        for (i, key) in self.keys.rows().enumerate() {
            map.apply(key, features.row_mut(i)).expect("lengths fit");
        }
        let values = Mat::from_fn(self.values.nrows(), CASE.value_dim + 1, |i, j| {
            *self.values.row(i).get(j).unwrap_or(&1.0)
        });
        black_box(matmul_tn(features.as_ref(), values.as_ref(), parallelism).expect("shapes fit"));
    }
}

fn build(criterion: &mut Criterion) {
    let map = MonomialMap::exp_taylor(CASE.key_dim, CASE.degree).expect("few features");
    for n in SIZES {
        let data = Data::new(n);
        let mut group = criterion.benchmark_group(format!("attention/moment/n={n}/d={}", CASE.key_dim));
        group.sample_size(20).throughput(Throughput::Elements(n as u64));
        for count in [1, 2] {
            group.bench_function(BenchmarkId::new("push", format!("threads={count}")), |bencher| {
                bencher.iter(|| data.push(threads(count)));
            });
        }
        group.bench_function(BenchmarkId::new("two_steps_f64", "threads=1"), |bencher| {
            bencher.iter(|| data.two_steps(&map, threads(1)));
        });
        group.finish();
    }
}

fn share_of_peak() {
    let square = RowSource::new(5).rows(SQUARE, SQUARE);
    println!("\nshare of peak, medians of {ROUNDS} runs in turns; peak = square product {SQUARE}³");
    println!(
        "{:>8} {:>8} {:>10} {:>10} {:>14} {:>14} {:>8}",
        "threads", "n", "push s", "square s", "push GFLOP/s", "peak GFLOP/s", "share"
    );
    for count in [1, 2] {
        for n in SIZES {
            let data = Data::new(n);
            let mut push = || data.push(threads(count));
            let mut peak = || {
                black_box(matmul(square.as_ref(), square.as_ref(), threads(count)).expect("shapes fit"));
            };
            let seconds = median_seconds_in_turns(ROUNDS, &mut [&mut push, &mut peak]);
            let features = CASE.empty(threads(1)).expect("sound options").geometry().feature_count();
            let flops = 2.0 * n as f64 * features as f64 * (CASE.value_dim + 1) as f64;
            let (speed, peak) = (flops / seconds[0] / 1e9, 2.0 * (SQUARE as f64).powi(3) / seconds[1] / 1e9);
            println!(
                "{count:>8} {n:>8} {:>10.4} {:>10.4} {speed:>14.1} {peak:>14.1} {:>7.1}%",
                seconds[0],
                seconds[1],
                100.0 * speed / peak
            );
        }
    }
}

const WIDE: MomentCase = MomentCase::WIDE;
const MILLION: usize = 1_000_000;

/// A million rows from options to a private release, against the exact products of features that are already there.
fn million_rows() {
    let mut source = RowSource::new(3);
    let (keys, values) = (source.rows(MILLION, WIDE.key_dim), source.rows(MILLION, WIDE.value_dim));
    println!(
        "\n{MILLION} rows, d = {}, degree {}, d_v = {}: medians of 3 runs in turns",
        WIDE.key_dim, WIDE.degree, WIDE.value_dim
    );
    println!("{:>8} {:>12} {:>14} {:>8}", "threads", "release s", "products s", "ratio");
    for count in [1, 2] {
        let mut release = || {
            let mut moments = WIDE.empty(threads(count)).expect("sound options");
            let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).expect("pairs");
            moments.push(rows).expect("shapes fit");
            let (epsilon, delta) = (Epsilon::new(1.0).expect("positive"), Delta::new(1e-6).expect("small"));
            let rng = &mut ChaCha20Rng::seed_from_u64(1);
            let _ = black_box(moments.release(epsilon, delta, rng).expect("a lattice that fits"));
        };
        let mut products = || bare_products(count);
        let seconds = median_seconds_in_turns(3, &mut [&mut release, &mut products]);
        println!("{count:>8} {:>12.3} {:>14.3} {:>8.2}", seconds[0], seconds[1], seconds[0] / seconds[1]);
    }
}

/// The same exact products, block by block on as many threads, of features and values that never change.
fn bare_products(threads: usize) {
    const BLOCK: usize = 128;
    let geometry = WIDE.empty(Parallelism::Sequential).expect("sound options").geometry().clone();
    let (features, columns) = (geometry.feature_count(), geometry.columns());
    let bounds = (geometry.features().max_abs_entry(), geometry.max_abs_value());
    let left = Mat::from_fn(features, BLOCK, |i, j| ((i * 31 + j * 17) % 1000) as f64);
    let right = Mat::from_fn(BLOCK, columns, |i, j| ((i * 13 + j * 7) % 1000) as f64);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let sums = ExactProductSum::new(features, columns, bounds.0, bounds.1);
                let mut sums = sums.expect("products below 2⁵³");
                for _ in 0..MILLION / BLOCK / threads {
                    sums.add_nn(left.as_ref(), right.as_ref()).expect("shapes fit");
                }
                black_box(sums.into_sums());
            });
        }
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    build(&mut criterion);
    criterion.final_summary();
    if measuring() {
        share_of_peak();
        million_rows();
    }
}
