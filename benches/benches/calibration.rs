//! What does certified calibration cost?
//!
//! The certified functions round outward; beside them the same in plain `f64` with the error function of `statrs`, which
//! bounds nothing and fails at small δ.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use dp_mechanisms::{Delta, Epsilon, FailureProbability, gaussian, normal};
use statrs::distribution::{ContinuousCDF, Normal};
use std::hint::black_box;

fn noise_std(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("calibration/noise_std");
    for (epsilon, delta) in [(1.0, 1e-6), (0.1, 1e-6), (1.0, 1e-10), (1.0, 1e-300), (1e-6, 1e-6)] {
        let (epsilon, delta) =
            (Epsilon::new(epsilon).expect("positive"), Delta::new(delta).expect("a probability"));
        let id = format!("epsilon={}/delta={:e}", epsilon.get(), delta.get());
        group.bench_function(BenchmarkId::new("certified", id), |bencher| {
            bencher.iter(|| gaussian::noise_std(black_box(epsilon), black_box(delta), 1.0));
        });
    }
    let normal = Normal::standard();
    group.bench_function("plain_f64/epsilon=1/delta=1e-6", |bencher| {
        bencher.iter(|| plain_noise_std(&normal, black_box(1.0), black_box(1e-6)));
    });
    group.finish();
}

/// Bisection on the profile of Balle and Wang (2018) for sensitivity 1.
fn plain_noise_std(normal: &Normal, epsilon: f64, delta: f64) -> f64 {
    let profile = |std: f64| {
        let (half, shift) = (0.5 / std, epsilon * std);
        normal.cdf(half - shift) - epsilon.exp() * normal.cdf(-half - shift)
    };
    let (mut low, mut high) = (1e-3, 1e9);
    // until the ratio of the ends is that of neighbouring floats, or nearly
    while high / low > 1.0 + 1e-15 {
        let middle = f64::sqrt(low * high);
        if middle <= low || middle >= high {
            break;
        }
        if profile(middle) > delta { low = middle } else { high = middle }
    }
    high
}

fn upper_quantile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("calibration/upper_quantile");
    let normal = Normal::standard();
    for failure in [0.025, 1e-9, 1e-300] {
        let probability = FailureProbability::new(failure).expect("a probability");
        group.bench_function(BenchmarkId::new("certified", format!("p={failure:e}")), |bencher| {
            bencher.iter(|| normal::upper_quantile(black_box(probability)));
        });
    }
    group.bench_function("plain_f64/p=2.5e-2", |bencher| {
        bencher.iter(|| -normal.inverse_cdf(black_box(0.025)));
    });
    group.finish();
}

criterion_group!(benches, noise_std, upper_quantile);
criterion_main!(benches);
