//! How fast is exact noise, and what does exactness cost?
//!
//! Exact samplers on `ChaCha20`, for parameters over their range, beside samplers that are *not* private: the `f64` ziggurat
//! and exponential, and the geometric law, of `rand_distr` on the same generator. Below all of them: the words themselves, one for a
//! draw, and a copy of the buffer.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dp_mechanisms::{
    NoiseScale, NoiseStd,
    noise::{
        DiscreteGaussian, DiscreteLaplace, LatticeNoise, LogConcaveNoise, RoundedGaussian, Truncated,
        shift_delta_bounds,
    },
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, Exp1, Geometric, StandardNormal};
use std::hint::black_box;

const DRAWS: usize = 1 << 16;
const PARAMETERS: [f64; 6] = [1.0, 100.0, 12_346.0, 1e6, 1e9, (1_u64 << 40) as f64];

fn std(value: f64) -> NoiseStd {
    NoiseStd::new(value).expect("positive")
}

fn scale(value: f64) -> NoiseScale {
    NoiseScale::new(value).expect("positive")
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(DRAWS as u64));
    group
}

/// Fills one buffer over and over.
fn fill<N: LatticeNoise>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, parameter: String, noise: &N) {
    let (mut draws, mut rng) = (vec![0_i64; DRAWS], ChaCha20Rng::seed_from_u64(1));
    group.bench_function(BenchmarkId::new(name, parameter), |bencher| {
        bencher.iter(|| noise.fill(&mut draws, &mut rng));
    });
}

/// The same with a sampler that proves nothing.
fn insecure<T: Copy + Default>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    id: &str,
    sample: impl Fn(&mut ChaCha20Rng) -> T,
) {
    let (mut draws, mut rng) = (vec![T::default(); DRAWS], ChaCha20Rng::seed_from_u64(1));
    group.bench_function(id, |bencher| {
        bencher.iter(|| {
            for draw in &mut draws {
                *draw = sample(&mut rng);
            }
        });
    });
}

fn gaussian(criterion: &mut Criterion) {
    let mut group = group(criterion, "noise");
    for value in PARAMETERS {
        let noise = RoundedGaussian::new(std(value)).expect("supported");
        fill(&mut group, "rounded_gaussian", format!("std={value}"), &noise);
    }
    for value in [0.3, 15.0, 16.0].into_iter().chain(PARAMETERS) {
        let noise = DiscreteGaussian::new(std(value)).expect("supported");
        fill(&mut group, "discrete_gaussian", format!("std={value}"), &noise);
    }
    insecure(&mut group, "insecure_f64_ziggurat/std=12346", |rng| {
        let normal: f64 = StandardNormal.sample(rng);
        12_346.0 * normal
    });
    group.finish();
}

/// What no sampler that takes a word for a draw can be faster than: the words, and the memory that draws are written to.
fn floors(criterion: &mut Criterion) {
    let mut group = group(criterion, "noise");
    insecure(&mut group, "floor_words_of_the_generator", |rng| rng.next_u64() as i64);
    for len in [DRAWS, 1 << 23] {
        let (from, mut to) = (vec![7_i64; len], vec![0_i64; len]);
        group.throughput(Throughput::Elements(len as u64));
        group.bench_function(
            BenchmarkId::new("floor_copy_of_the_buffer", format!("draws={len}")),
            |bencher| {
                bencher.iter(|| to.copy_from_slice(black_box(&from)));
            },
        );
    }
    group.finish();
}

fn laplace(criterion: &mut Criterion) {
    let mut group = group(criterion, "noise");
    for value in PARAMETERS {
        let noise = DiscreteLaplace::new(scale(value)).expect("supported");
        fill(&mut group, "discrete_laplace", format!("scale={value}"), &noise);
    }
    insecure(&mut group, "insecure_f64_exponential/scale=12346", |rng| {
        let exponential: f64 = Exp1.sample(rng);
        12_346.0 * if rng.next_u32() & 1 == 0 { exponential } else { -exponential }
    });
    let geometric = Geometric::new(1.0 - (-1.0 / 12_346.0_f64).exp()).expect("a probability");
    insecure(&mut group, "insecure_geometric/scale=12346", |rng| {
        geometric.sample(rng) as i64 - geometric.sample(rng) as i64
    });
    group.finish();
}

/// Bounds of four scales (rejection), and bounds far inside the scale (uniform proposals).
fn truncated(criterion: &mut Criterion) {
    let mut group = group(criterion, "noise");
    for (value, bound) in [(1.0, 4), (12_346.0, 50_000), (12_346.0, 5_000), (12_346.0, 10)] {
        let noise = DiscreteLaplace::new(scale(value)).expect("supported");
        let noise = Truncated::new(noise, bound).expect("supported");
        fill(&mut group, "truncated_laplace", format!("scale={value}/bound={bound}"), &noise);
        let noise = DiscreteGaussian::new(std(value)).expect("supported");
        let noise = Truncated::new(noise, bound).expect("supported");
        fill(&mut group, "truncated_gaussian", format!("std={value}/bound={bound}"), &noise);
    }
    group.finish();
}

/// What certified probabilities cost: a mass, a tail, and the exact δ(ε) of a shift.
fn probabilities(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("noise/probabilities");
    for value in [1.0, 15.0, 12_346.0, 1e9] {
        let laplace = DiscreteLaplace::new(scale(value)).expect("supported");
        let gaussian = DiscreteGaussian::new(std(value)).expect("supported");
        let rounded = RoundedGaussian::new(std(value)).expect("supported");
        probabilities_of(&mut group, "discrete_laplace", value, &laplace);
        probabilities_of(&mut group, "discrete_gaussian", value, &gaussian);
        probabilities_of(&mut group, "rounded_gaussian", value, &rounded);
        group.bench_function(BenchmarkId::new("new_discrete_laplace", value), |bencher| {
            bencher.iter(|| DiscreteLaplace::new(scale(value)));
        });
        group.bench_function(BenchmarkId::new("new_discrete_gaussian", value), |bencher| {
            bencher.iter(|| DiscreteGaussian::new(std(value)));
        });
    }
    group.finish();
}

fn probabilities_of<N: LogConcaveNoise>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    parameter: f64,
    noise: &N,
) {
    let k = (2.0 * parameter) as i64;
    group.bench_function(format!("{name}/pmf/{parameter}"), |bencher| {
        bencher.iter(|| noise.pmf_bounds(black_box(k)));
    });
    group.bench_function(format!("{name}/cdf/{parameter}"), |bencher| {
        bencher.iter(|| noise.cdf_bounds(black_box(-k)));
    });
    let shift = 1 + k as u64;
    group.bench_function(format!("{name}/shift_delta/{parameter}"), |bencher| {
        bencher.iter(|| shift_delta_bounds(noise, black_box(shift), black_box(1.0)));
    });
}

criterion_group!(benches, floors, gaussian, laplace, truncated, probabilities);
criterion_main!(benches);
