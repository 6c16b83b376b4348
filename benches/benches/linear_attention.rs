//! How fast is linear attention, how much of the machine does it use, and what does `n` cost?
//!
//! End to end: features of keys, sums, features of queries, products, division. "Peak" is the square product 3000³ of the
//! same backend, in the same precision and on as many threads, in turns. The share of peak counts the operations of the
//! products alone: `2·r·(c + 1)·(m + n)` for a full mask (causal: `2r·(2(c + 1) + 128)·n`, backward three times the full count),
//! over the time of everything.

use criterion::{BenchmarkId, Criterion, Throughput};
use dp_linalg::{Mat, Parallelism, matmul};
use poly_kernel::{Float, LinearAttention, Mask, MonomialMap};
use provable_dp_benches::{RowSource, measuring, median_seconds_in_turns};
use std::hint::black_box;
use std::num::NonZeroUsize;

const SQUARE: usize = 3000;
const ROUNDS: usize = 9;
const COLUMNS: usize = 64;
/// Dimension and degree.
const SHAPES: [(usize, usize); 2] = [(64, 2), (8, 4)];

fn threads(count: usize) -> Parallelism {
    NonZeroUsize::new(count).map_or(Parallelism::Sequential, Parallelism::Threads)
}

fn rounded<T: Float>(matrix: &Mat) -> Mat<T> {
    Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| T::from_f64(matrix[(i, j)]))
}

/// What attention is asked to do.
#[derive(Clone, Copy, Debug)]
enum Task {
    Forward,
    Causal,
    Backward,
}

impl Task {
    /// Operations of the products, for `n` queries and keys and `r` features.
    fn operations(self, n: usize, features: usize) -> f64 {
        let products = 2.0 * (features * n) as f64;
        let columns = (COLUMNS + 1) as f64;
        match self {
            Self::Forward => products * 2.0 * columns,
            Self::Causal => products * (2.0 * columns + 128.0),
            Self::Backward => products * 6.0 * columns,
        }
    }
}

struct Data<T: Float> {
    map: MonomialMap,
    queries: Mat<T>,
    keys: Mat<T>,
    values: Mat<T>,
}

impl<T: Float> Data<T> {
    fn new(n: usize, (dim, degree): (usize, usize)) -> Self {
        let mut source = RowSource::new(3);
        let [queries, keys, values] = [dim, dim, COLUMNS].map(|width| rounded(&source.rows(n, width)));
        // weights must be positive: degree two at any logit, degree four too
        let map = MonomialMap::exp_taylor(dim, degree).expect("few features");
        Self { map, queries, keys, values }
    }

    fn run(&self, task: Task, parallelism: Parallelism) {
        let scale = 1.0 / (self.map.dim() as f64).sqrt();
        let attention = LinearAttention::new(scale).expect("positive").with_parallelism(parallelism);
        let [q, k, v] = [&self.queries, &self.keys, &self.values].map(Mat::as_ref);
        match task {
            Task::Forward => {
                black_box(attention.forward(&self.map, q, k, v).expect("positive weights"));
            }
            Task::Causal => {
                let attention = attention.with_mask(Mask::Causal);
                black_box(attention.forward(&self.map, q, k, v).expect("positive weights"));
            }
            Task::Backward => {
                black_box(attention.backward(&self.map, q, k, v, v).expect("positive weights"));
            }
        }
    }
}

fn forward(criterion: &mut Criterion) {
    for (dim, degree) in SHAPES {
        let n = 16_384;
        let mut group = criterion.benchmark_group(format!("linear_attention/n={n}/d={dim}/degree={degree}"));
        group.sample_size(10).throughput(Throughput::Elements(n as u64));
        for count in [1, 2] {
            let data = Data::<f64>::new(n, (dim, degree));
            group.bench_function(BenchmarkId::new("forward_f64", format!("threads={count}")), |bencher| {
                bencher.iter(|| data.run(Task::Forward, threads(count)));
            });
            let data = Data::<f32>::new(n, (dim, degree));
            group.bench_function(BenchmarkId::new("forward_f32", format!("threads={count}")), |bencher| {
                bencher.iter(|| data.run(Task::Forward, threads(count)));
            });
        }
        group.finish();
    }
}

fn share_of_peak<T: Float>(name: &str) {
    let square = rounded::<T>(&RowSource::new(5).rows(SQUARE, SQUARE));
    let n = 65_536;
    for shape in SHAPES {
        let data = Data::<T>::new(n, shape);
        for count in [1, 2] {
            let mut forward = || data.run(Task::Forward, threads(count));
            let mut causal = || data.run(Task::Causal, threads(count));
            let mut backward = || data.run(Task::Backward, threads(count));
            let mut peak = || {
                black_box(matmul(square.as_ref(), square.as_ref(), threads(count)).expect("shapes fit"));
            };
            let jobs: &mut [&mut dyn FnMut()] = &mut [&mut forward, &mut causal, &mut backward, &mut peak];
            let seconds = median_seconds_in_turns(ROUNDS, jobs);
            let peak = 2.0 * (SQUARE as f64).powi(3) / seconds[3];
            let share = |i: usize, task: Task| {
                task.operations(n, data.map.feature_count()) / seconds[i] / peak * 100.0
            };
            println!(
                "{name:>5} {:>4} {:>7} {count:>8} {:>10.4} {:>9.0} % {:>9.0} % {:>9.0} % {:>10.1}",
                shape.0,
                shape.1,
                seconds[0],
                share(0, Task::Forward),
                share(1, Task::Causal),
                share(2, Task::Backward),
                peak / 1e9
            );
        }
    }
}

/// Seconds against `n`, and the slopes between them on doubly logarithmic axes.
fn scaling() {
    println!(
        "\nseconds against n, d = 64, degree 2, f32, two threads; in brackets the slope from the line before"
    );
    println!("{:>8} {:>18} {:>18} {:>18}", "n", "forward", "causal", "backward");
    let mut before: Option<Vec<f64>> = None;
    for n in [4096, 16_384, 65_536, 262_144] {
        let data = Data::<f32>::new(n, SHAPES[0]);
        let mut forward = || data.run(Task::Forward, threads(2));
        let mut causal = || data.run(Task::Causal, threads(2));
        let mut backward = || data.run(Task::Backward, threads(2));
        let seconds = median_seconds_in_turns(5, &mut [&mut forward, &mut causal, &mut backward]);
        let cell = |i: usize| {
            let slope = before.as_ref().map(|before| (seconds[i] / before[i]).log2() / 2.0);
            format!("{:.4} ({})", seconds[i], slope.map_or("-".into(), |slope| format!("{slope:.2}")))
        };
        println!("{n:>8} {:>18} {:>18} {:>18}", cell(0), cell(1), cell(2));
        before = Some(seconds);
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    forward(&mut criterion);
    criterion.final_summary();
    if measuring() {
        println!(
            "\nshare of peak, n = 65 536, c = {COLUMNS}, medians of {ROUNDS} runs in turns; peak = square product {SQUARE}³"
        );
        println!(
            "{:>5} {:>4} {:>7} {:>8} {:>10} {:>11} {:>11} {:>11} {:>10}",
            "", "d", "degree", "threads", "forward s", "forward", "causal", "backward", "GFLOP/s"
        );
        share_of_peak::<f64>("f64");
        share_of_peak::<f32>("f32");
        scaling();
    }
}
