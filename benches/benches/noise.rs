//! How fast is exact noise, and what does exactness cost?
//!
//! The exactly rounded Gaussian on `ChaCha20`, for standard deviations over its range, beside a sampler that is *not*
//! private: the `f64` ziggurat of `rand_distr` on the same generator.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dp_mechanisms::{NoiseStd, RoundedGaussian, noise::LatticeNoise};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, StandardNormal};

const DRAWS: usize = 1 << 16;
const STDS: [f64; 6] = [1.0, 100.0, 12_346.0, 1e6, 1e9, (1_u64 << 40) as f64];

fn noise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("noise");
    group.throughput(Throughput::Elements(DRAWS as u64));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut draws = vec![0_i64; DRAWS];
    for std in STDS {
        let noise = RoundedGaussian::new(NoiseStd::new(std).expect("positive")).expect("supported");
        group.bench_function(BenchmarkId::new("rounded_gaussian", format!("std={std}")), |bencher| {
            bencher.iter(|| noise.fill(&mut draws, &mut rng));
        });
    }
    let mut insecure = vec![0.0_f64; DRAWS];
    group.bench_function(BenchmarkId::new("insecure_f64_ziggurat", "std=12346"), |bencher| {
        bencher.iter(|| {
            for draw in &mut insecure {
                let normal: f64 = StandardNormal.sample(&mut rng);
                *draw = 12_346.0 * normal;
            }
        });
    });
    group.finish();
}

criterion_group!(benches, noise);
criterion_main!(benches);
