//! What does an answer of an accountant cost, and how does that grow with the number of mechanisms?
//!
//! Certified upper bounds of ε by loss distributions, beside the cheaper and wider sums of Rényi divergences and of
//! zero-concentrated losses, and the closed form of Gaussian noise. What others take for the same: `peers/accountants.py`.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, criterion_group, criterion_main};
use dp_mechanisms::accounting::Poisson;
use dp_mechanisms::{Accountant, AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, SamplingRate};
use std::hint::black_box;

type Profile = PrivacyProfile<AddRemoveRow>;

fn delta() -> Delta {
    Delta::new(1e-6).expect("a probability")
}

fn gaussian(sigma: f64) -> Profile {
    PrivacyProfile::gaussian(Mu::new(1.0 / sigma).expect("positive"), AddRemoveRow)
}

fn laplace(scale: f64) -> Profile {
    PrivacyProfile::laplace(Epsilon::new(1.0 / scale).expect("positive"), AddRemoveRow)
}

fn poisson(rate: f64, sigma: f64) -> Profile {
    let sampled = Poisson::new(SamplingRate::new(rate).expect("a probability"));
    sampled.amplify(&gaussian(sigma)).expect("one Gaussian mechanism")
}

fn by(group: &mut BenchmarkGroup<'_, WallTime>, accountant: Accountant, count: u64, once: &Profile) {
    let total = once.repeated(count);
    group.bench_function(BenchmarkId::new(format!("{accountant:?}"), format!("count={count}")), |bencher| {
        bencher.iter(|| black_box(&total).epsilon_bounds_by(accountant, delta()));
    });
}

/// Both bounds of ε: for Gaussian noise the lower one is the closed form, so that the time is that of the upper one.
fn gaussians(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("accountants/gaussian");
    for count in [10, 100, 1_000, 10_000, 100_000] {
        for accountant in [Accountant::Gaussian, Accountant::ZeroConcentrated, Accountant::LossDistribution] {
            by(&mut group, accountant, count, &gaussian(20.0));
        }
    }
    group.finish();
}

fn laplaces(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("accountants/laplace");
    for count in [10, 100, 1_000, 10_000] {
        upper(&mut group, count, &laplace(50.0));
    }
    group.finish();
}

fn sampled(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("accountants/poisson");
    group.sample_size(20);
    for count in [10, 100, 1_000, 10_000] {
        upper(&mut group, count, &poisson(0.01, 1.0));
    }
    group.finish();
}

/// What a user asks for first; one mechanism of each kind, and all kinds together.
fn mixtures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("accountants/mixture");
    group.sample_size(20);
    let parts = [gaussian(20.0).repeated(100), laplace(50.0).repeated(50), poisson(0.01, 1.0).repeated(200)];
    for kinds in 1..=parts.len() {
        let nothing = PrivacyProfile::nothing(AddRemoveRow);
        let total =
            parts[..kinds].iter().fold(nothing, |sum, part| sum.and(part).expect("neighbours of one kind"));
        group.bench_function(BenchmarkId::new("upper", format!("kinds={kinds}")), |bencher| {
            bencher.iter(|| black_box(&total).epsilon(delta()));
        });
    }
    group.finish();
}

fn upper(group: &mut BenchmarkGroup<'_, WallTime>, count: u64, once: &Profile) {
    let total = once.repeated(count);
    group.bench_function(BenchmarkId::new("upper", format!("count={count}")), |bencher| {
        bencher.iter(|| black_box(&total).epsilon(delta()));
    });
    group.bench_function(BenchmarkId::new("both", format!("count={count}")), |bencher| {
        bencher.iter(|| black_box(&total).epsilon_bounds(delta()));
    });
}

criterion_group!(benches, gaussians, laplaces, sampled, mixtures);
criterion_main!(benches);
