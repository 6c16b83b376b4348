//! How long does a John ellipsoid take, and how much longer is the classical fixed point?
//!
//! Rows are normal, in memory, one thread. The default ends at a certified gap of 1e-6, the average of fixed-point iterates at 1e-1:
//! its time grows like one over the gap. One pass is what no certified answer can do without.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dp_linalg::{Mat, Parallelism, matmul};
use john_ellipsoid_dp::{FixedPoint, Iterate, JohnOptions, Stop, john_ellipsoid, john_ellipsoid_with};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use std::hint::black_box;

const SHAPES: [(usize, usize); 2] = [(3000, 10), (30_000, 10)];
const FIXED_POINT_GAP: f64 = 0.1;

fn normal(n: usize, d: usize) -> Mat {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    Mat::from_fn(n, d, |_, _| StandardNormal.sample(&mut rng))
}

fn symmetric(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("john");
    group.sample_size(20);
    for (n, d) in SHAPES {
        let (rows, root, options) = (normal(n, d), Mat::identity(d), JohnOptions::default());
        group.throughput(Throughput::Elements(n as u64));
        let id = |what: &str| BenchmarkId::new(what, format!("n={n}/d={d}"));
        group.bench_function(id("default/1e-6"), |bencher| {
            bencher.iter(|| black_box(john_ellipsoid(rows.as_ref(), &options).expect("rows span the space")));
        });
        group.bench_function(id("fixed_point_average/1e-1"), |bencher| {
            let solver = FixedPoint { iterate: Iterate::Average };
            let stop = Stop { gap: FIXED_POINT_GAP, max_iterations: 10_000 };
            bencher.iter(|| {
                black_box(
                    john_ellipsoid_with(&solver, rows.as_ref(), stop, &options).expect("rows span the space"),
                )
            });
        });
        group.bench_function(id("one_product"), |bencher| {
            bencher.iter(|| {
                black_box(
                    matmul(rows.as_ref(), root.as_ref(), Parallelism::Sequential).expect("shapes agree"),
                )
            });
        });
    }
    group.finish();
}

criterion_group!(benches, symmetric);
criterion_main!(benches);
