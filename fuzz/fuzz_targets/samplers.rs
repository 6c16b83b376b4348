//! Any parameters of noise, and any words: refused, or sampled within the bound, with probabilities that are some.
#![no_main]

use dp_mechanisms::noise::{FrobeniusGaussian, LatticeNoise, LogConcaveNoise, Truncated, shift_delta_bounds};
use dp_mechanisms::{DiscreteGaussian, DiscreteLaplace, NoiseScale, NoiseStd, RoundedGaussian};
use libfuzzer_sys::fuzz_target;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn check<N: LogConcaveNoise>(noise: &N, at: i64, shift: u64, rng: &mut ChaCha20Rng) {
    let (mut one, mut block) = ([0; 3], [0; 3]);
    noise.fill(&mut one, &mut rng.clone());
    noise.add_to(&mut block, rng);
    assert_eq!(one, block);
    for (lower, upper) in [noise.pmf_bounds(at), noise.cdf_bounds(at), shift_delta_bounds(noise, shift, 0.5)]
    {
        assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
    }
    assert!(noise.pmf_bounds(at).0 <= noise.cdf_bounds(at).1);
}

fuzz_target!(|parts: (u64, u64, i64, [u8; 32])| {
    let (bits, bound, at, seed) = parts;
    let (Ok(std), Ok(scale)) = (NoiseStd::new(f64::from_bits(bits)), NoiseScale::new(f64::from_bits(bits)))
    else {
        return;
    };
    let (mut rng, shift) = (ChaCha20Rng::from_seed(seed), bound >> 8);
    if let Ok(noise) = RoundedGaussian::new(std) {
        check(&noise, at, shift, &mut rng);
    }
    if let Ok(noise) = DiscreteGaussian::new(std) {
        check(&noise, at, shift, &mut rng);
    }
    if let Ok(noise) = DiscreteLaplace::new(scale) {
        check(&noise, at, shift, &mut rng);
        if let Ok(noise) = Truncated::new(noise, bound) {
            check(&noise, at, shift, &mut rng);
            assert!(noise.sample(&mut rng).unsigned_abs() <= bound);
        }
    }
    let _ = FrobeniusGaussian::new(std);
});
