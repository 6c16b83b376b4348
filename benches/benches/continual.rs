//! What does a whole stream cost, by the tree, by the square root, and by the square root as it is defined?
//!
//! Each measurement is one stream from its first step to its last, with setup. The naive square root takes a sum over the past for each
//! of its integers and each of its prefixes: its cost is quadratic in the number of steps.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dp_mechanisms::continual::{BinaryTreeSum, History, SquareRootFactor, SquareRootSum, StreamOptions};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{AddRemoveRow, LatticeL2Sensitivity, NoiseStd, RoundedGaussian};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use std::time::Duration;

const SIZES: [(u64, usize); 4] = [(1 << 10, 1), (1 << 14, 1), (1 << 10, 64), (1 << 12, 64)];

fn continual(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("continual");
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    for (horizon, width) in SIZES {
        group.throughput(Throughput::Elements(horizon * width as u64));
        let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow).expect("positive");
        let options = StreamOptions::new(horizon, width, sensitivity).with_history(History::Dropped);
        let noise_std = NoiseStd::new(1e4).expect("positive");
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let step = vec![1_i64; width];
        let id = |name| BenchmarkId::new(name, format!("steps={horizon}/width={width}"));
        group.bench_function(id("tree"), |bencher| {
            bencher.iter(|| {
                let mut stream = BinaryTreeSum::with_noise_std(noise_std, options).expect("it fits");
                (0..horizon).map(|_| stream.push(&step, &mut rng).expect("in time").len()).sum::<usize>()
            });
        });
        group.bench_function(id("square_root"), |bencher| {
            bencher.iter(|| {
                let mut stream = SquareRootSum::with_noise_std(noise_std, options).expect("it fits");
                (0..horizon).map(|_| stream.push(&step, &mut rng).expect("in time").len()).sum::<usize>()
            });
        });
        let noise = RoundedGaussian::new(noise_std).expect("supported");
        group.bench_function(id("naive_square_root"), |bencher| {
            bencher.iter(|| naive(horizon, &step, &noise, &mut rng));
        });
    }
    group.finish();
}

/// The last prefix of the square root, each sum taken over the whole past of its column.
fn naive(horizon: u64, step: &[i64], noise: &RoundedGaussian, rng: &mut ChaCha20Rng) -> Vec<f64> {
    let factor = SquareRootFactor::new(horizon).expect("short");
    let (mut past, mut released) = (vec![Vec::new(); step.len()], vec![Vec::new(); step.len()]);
    let (mut integers, mut prefix) = (vec![0_i64; step.len()], vec![0.0; step.len()]);
    for _ in 0..horizon {
        for ((past, &x), sum) in past.iter_mut().zip(step).zip(&mut integers) {
            past.push(x);
            *sum = past.iter().rev().zip(factor.coefficients()).map(|(x, c)| x * c).sum();
        }
        noise.add_to(&mut integers, rng);
        for ((released, &y), sum) in released.iter_mut().zip(&integers).zip(&mut prefix) {
            released.push(y as f64);
            *sum = released.iter().rev().zip(factor.decoder()).map(|(y, b)| y * b).sum();
        }
    }
    prefix
}

criterion_group!(benches, continual);
criterion_main!(benches);
