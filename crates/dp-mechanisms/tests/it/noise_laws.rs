//! What every lattice law promises, asked of each: one suite, one list of laws.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dp_mechanisms::{
    Error, NoiseScale, NoiseStd,
    noise::{
        DiscreteGaussian, DiscreteLaplace, LatticeNoise, LogConcaveNoise, RoundedGaussian, Truncated,
        rounded_gaussian::BLOCK, shift_delta_bounds,
    },
};
use proptest::prelude::*;
use rand::{CryptoRng, Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ChiSquared, ContinuousCDF};

fn rounded(std: f64) -> RoundedGaussian {
    RoundedGaussian::new(NoiseStd::new(std).unwrap()).unwrap()
}

fn gaussian(std: f64) -> DiscreteGaussian {
    DiscreteGaussian::new(NoiseStd::new(std).unwrap()).unwrap()
}

fn laplace(scale: f64) -> DiscreteLaplace {
    DiscreteLaplace::new(NoiseScale::new(scale).unwrap()).unwrap()
}

fn truncated<N: LogConcaveNoise>(noise: N, bound: u64) -> Truncated<N> {
    Truncated::new(noise, bound).unwrap()
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// Calls a generic function for small laws of every kind, with a radius beyond which next to nothing lies.
macro_rules! for_each_law {
    ($check:ident) => {
        for (std, radius) in [(0.3, 12), (1.0, 40), (7.3, 260)] {
            $check(&rounded(std), radius);
            $check(&gaussian(std), radius);
        }
        $check(&gaussian(17.5), 600);
        for (scale, radius) in [(0.1, 5), (1.0, 40), (6.5, 260)] {
            $check(&laplace(scale), radius);
        }
        $check(&truncated(laplace(3.0), 7), 7);
        $check(&truncated(laplace(3e5), 4), 4); // uniform proposals
        $check(&truncated(gaussian(2.5), 6), 6);
        $check(&truncated(gaussian(1e6), 9), 9);
        $check(&truncated(rounded(30.0), 0), 0);
        $check(&truncated(truncated(rounded(4.0), 9), 12), 9);
    };
}

#[test]
fn probabilities_sum_to_one() {
    fn check<N: LogConcaveNoise>(law: &N, radius: i64) {
        let (mut below, mut above) = (0.0, 0.0);
        for k in -radius..=radius {
            let (lower, upper) = law.pmf_bounds(k);
            below += lower;
            above += upper;
        }
        // each of the 2·radius + 1 additions rounds by at most 2⁻⁵³ of a sum of about one; what lies beyond is below 1e-16
        let slack = (2 * radius + 2) as f64 * f64::EPSILON;
        assert!(below <= 1.0 + slack && above >= 1.0 - slack && above - below <= slack, "{below} {above}");
    }
    for_each_law!(check);
}

#[test]
fn the_distribution_function_is_the_sum_of_probabilities_and_tails_mirror_it() {
    fn check<N: LogConcaveNoise>(law: &N, radius: i64) {
        let mut sum = law.cdf_bounds(-radius - 1);
        for k in -radius..=radius {
            let (lower, upper) = law.pmf_bounds(k);
            sum = (sum.0 + lower, sum.1 + upper);
            let (below, above) = law.cdf_bounds(k);
            let slack = (2 * radius + 2) as f64 * f64::EPSILON;
            assert!(sum.0 <= above + slack && sum.1 >= below - slack, "{k}");
            assert_eq!(law.tail_bounds(k), law.cdf_bounds(-k - 1));
            assert_eq!(law.pmf_bounds(k), law.pmf_bounds(-k));
        }
    }
    for_each_law!(check);
}

#[test]
fn bounds_are_neighbours_or_nearly() {
    fn check<N: LogConcaveNoise>(law: &N, radius: i64) {
        for k in [0, 1, radius / 2, radius, radius + 1, 3 * radius, i64::MAX, i64::MIN] {
            for (lower, upper) in [law.pmf_bounds(k), law.cdf_bounds(k), law.tail_bounds(k)] {
                assert!(upper <= lower.next_up().next_up(), "{k}: {lower} … {upper}");
            }
        }
    }
    for_each_law!(check);
}

#[test]
fn half_a_million_draws_fit_the_law() {
    // α = 1e-9 a test: with the seed fixed this cannot flake
    fn check<N: LogConcaveNoise>(law: &N, radius: i64) {
        let n = 500_000;
        let mut draws = vec![0; n];
        law.fill(&mut draws, &mut rng(61));
        let mut cells: Vec<(f64, f64)> = Vec::new(); // observed and expected, pooled to five or more
        let mut open = (0.0, 0.0);
        for k in -radius..=radius {
            let count = draws.iter().filter(|&&draw| draw == k).count() as f64;
            open = (open.0 + count, open.1 + law.pmf_bounds(k).0 * n as f64);
            if open.1 >= 5.0 {
                cells.push(core::mem::take(&mut open));
            }
        }
        let last = cells.last_mut().unwrap();
        *last = (last.0 + open.0, last.1 + open.1);
        assert_eq!(cells.iter().map(|cell| cell.0).sum::<f64>(), n as f64, "draws beyond the radius");
        let statistic: f64 = cells.iter().map(|(seen, expected)| (seen - expected).powi(2) / expected).sum();
        if cells.len() > 1 {
            let bound = ChiSquared::new(cells.len() as f64 - 1.0).unwrap().inverse_cdf(1.0 - 1e-9);
            println!("chi-square {statistic:.1}, bound {bound:.1}, {} cells", cells.len());
            assert!(statistic <= bound);
        }
    }
    for_each_law!(check);
}

#[test]
fn adding_is_filling_and_wraps() {
    fn check<N: LogConcaveNoise>(law: &N, _: i64) {
        for len in [1, BLOCK - 1, 2 * BLOCK + 88] {
            let (mut filled, mut sums) = (vec![0; len], vec![i64::MAX; len]);
            law.fill(&mut filled, &mut rng(41));
            law.add_to(&mut sums, &mut rng(41));
            for (sum, noise) in sums.iter().zip(filled) {
                assert_eq!(*sum, i64::MAX.wrapping_add(noise));
            }
        }
    }
    for_each_law!(check);
}

/// `Σ max(0, P(k) − e^ε P(k − shift))`, from midpoints.
fn summed_divergence<N: LogConcaveNoise>(law: &N, radius: i64, shift: i64, epsilon: f64) -> f64 {
    let middle = |k| {
        let (lower, upper) = law.pmf_bounds(k);
        f64::midpoint(lower, upper)
    };
    (-radius..=radius).map(|k| (middle(k) - epsilon.exp() * middle(k - shift)).max(0.0)).sum()
}

#[test]
fn the_privacy_of_a_shift_is_the_sum_over_all_outputs() {
    fn check<N: LogConcaveNoise>(law: &N, radius: i64) {
        for shift in [1, 2, 3, 8, 40] {
            for epsilon in [0.0, 1e-3, 0.3, 1.0, 3.0, 9.0, 40.0] {
                let (lower, upper) = shift_delta_bounds(law, shift as u64, epsilon);
                let sum = summed_divergence(law, radius + shift, shift, epsilon);
                // 4·radius terms below one, and e^ε times a rounding of the mass next to it
                let slack = 4.0 * (radius + shift) as f64 * f64::EPSILON;
                assert!(upper <= lower.next_up().next_up(), "{lower} … {upper}");
                assert!(
                    lower <= sum + slack && sum <= upper + slack,
                    "shift {shift}, ε = {epsilon}: {sum} {upper}"
                );
            }
        }
        assert_eq!(shift_delta_bounds(law, 0, 0.5), (0.0, 0.0));
        assert_eq!(shift_delta_bounds(law, 1, -0.5), (0.0, 1.0));
        assert_eq!(shift_delta_bounds(law, 1, f64::NAN), (0.0, 1.0));
    }
    for_each_law!(check);
}

#[test]
fn the_infinity_mass_is_the_divergence_that_no_epsilon_removes() {
    for (bound, shift) in [(7, 1), (7, 5), (7, 12), (7, 15), (7, 16), (7, u64::MAX)] {
        let rounded = truncated(rounded(3.0), bound);
        assert_eq!(rounded.infinity_mass_bounds(shift), shift_delta_bounds(&rounded, shift, f64::INFINITY));
        for law in [truncated(laplace(3.0), bound), truncated(laplace(1e9), bound)] {
            let mass = law.infinity_mass_bounds(shift);
            assert_eq!(mass, shift_delta_bounds(&law, shift, f64::INFINITY), "{bound} {shift}");
            let sum: f64 = (-7..=7).rev().take(shift.min(15) as usize).map(|k| law.pmf_bounds(k).0).sum();
            assert!((mass.0 - sum).abs() < 1e-14);
        }
    }
}

#[test]
fn the_privacy_of_a_shift_is_tight_where_masses_are_below_every_number() {
    // at ε = 1.1e6 the ratio is crossed beyond 2²⁰ standard deviations, where one point stays open
    assert_eq!(shift_delta_bounds(&rounded(1.0), 1, 1.1e6), (0.0, 5e-324));
    for epsilon in [1e3, 5e5, 1_048_575.0, 1_048_576.0, 1.1e6, 1e7, 123_456_789.0, 1e9] {
        for (std, shift) in [(1.0, 1), (1.0, 3), (0.1, 1), (37.0, 100), (2.5, 1 << 40)] {
            let rounded = rounded(std);
            let (lower, upper) = shift_delta_bounds(&rounded, shift, epsilon);
            assert!(lower <= upper && upper <= lower.next_up().next_up(), "{std} {shift} {epsilon}: {upper}");
            let inside = truncated(rounded, 1 << 50);
            let (lower, upper) = shift_delta_bounds(&inside, shift, epsilon);
            assert!(lower <= upper && upper <= lower.next_up().next_up(), "{std} {shift} {epsilon}: {upper}");
        }
    }
}

#[test]
fn pure_privacy_ends_exactly_at_the_scale() {
    // 3/1.5 = 2 exactly; one float below, something is left
    let law = laplace(1.5);
    assert_eq!(shift_delta_bounds(&law, 3, 2.0), (0.0, 0.0));
    assert!(shift_delta_bounds(&law, 3, 2.0_f64.next_down()).0 > 0.0);
}

#[test]
fn the_shift_of_large_noise_needs_no_sum_and_is_that_of_the_real_gaussian() {
    for std in [1e6, 2.0_f64.powi(50)] {
        let (rounded, discrete, laplace) = (rounded(std), gaussian(std), laplace(std));
        for shift in [1, 1 << 20, 1 << 49] {
            let mu = shift as f64 / std;
            let real = dp_mechanisms::gaussian::delta_bounds(mu, mu).0;
            for (lower, upper) in
                [shift_delta_bounds(&rounded, shift, mu), shift_delta_bounds(&discrete, shift, mu)]
            {
                assert!(upper <= lower.next_up().next_up());
                // on so fine a lattice both laws are the Gaussian's, up to 1/24σ² and what an event off by half a step gains
                assert!((upper / real - 1.0).abs() < 1e-5, "σ = {std}, shift {shift}: {upper} {real}");
            }
            let half = shift_delta_bounds(&laplace, shift, mu / 2.0);
            assert!(half.1 <= half.0.next_up().next_up() && half.0 > 0.0);
        }
    }
}

#[test]
fn fast_and_exact_paths_agree_on_random_words_and_at_the_edges_of_cells() {
    let edges = (30..64).flat_map(|bit| {
        let edge = (1_u64 << bit) >> 1;
        [0, 5].into_iter().flat_map(move |part| {
            let word = edge.wrapping_add((edge >> 3).wrapping_mul(part));
            [word.wrapping_sub(1), word, word ^ 1 << 63]
        })
    });
    let mut words = rng(11);
    let words: Vec<u64> = edges.chain((0..300).map(|_| words.next_u64())).collect();
    let mut decided = 0;
    for parameter in [1e-3, 0.4, 1.0, 15.9, 16.0, 12_346.0, 1e9, 2.0_f64.powi(46), 2.0_f64.powi(50)] {
        let (laplace, gaussian) = (laplace(parameter), gaussian(parameter));
        for &word in &words {
            for (fast, exact) in [
                (laplace.fast_value(word), laplace.exact_value(word, &mut rng(12))),
                (gaussian.fast_value(word), gaussian.exact_value(word, &mut rng(12))),
            ] {
                let Some(value) = fast else { continue };
                decided += 1;
                assert_eq!((value, 0), (exact.value, exact.refinements), "{parameter}, word {word:#x}");
            }
        }
    }
    // nearly all of the 300 random words, for 18 laws; edges are mostly beyond the tables
    assert!(decided > 18 * 300, "{decided}");
}

#[test]
fn traced_and_plain_samples_use_the_same_words() {
    let (laplace, gaussian) = (laplace(2.0_f64.powi(50)), gaussian(2.0_f64.powi(50)));
    let (mut traced, mut plain) = (rng(21), rng(21));
    let mut refined = 0;
    for _ in 0..4000 {
        for (a, b) in [
            (laplace.sample_traced(&mut traced), laplace.sample(&mut plain)),
            (gaussian.sample_traced(&mut traced), gaussian.sample(&mut plain)),
        ] {
            assert_eq!(a.value, b);
            refined += u32::from(!a.fast);
        }
        assert_eq!(traced.get_word_pos(), plain.get_word_pos());
    }
    // one word in twenty-five (Laplace) and in fifty (Gaussian), of 4000 each: 240 expected
    assert!((100..400).contains(&refined), "{refined}");
}

/// zeros, then ones: V = 2^{−64·zeros}, roughly
struct Zeros(u32);

impl rand::TryRng for Zeros {
    type Error = core::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|word| word as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.saturating_sub(1);
        Ok(if self.0 == 0 { 1 << 62 } else { 0 })
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for word in bytes.as_chunks_mut().0 {
            *word = self.try_next_u64()?.to_le_bytes();
        }
        Ok(())
    }
}

impl rand::TryCryptoRng for Zeros {}

#[test]
fn laplace_magnitudes_beyond_64_bits_are_reduced_not_saturated() {
    let law = laplace(2.0_f64.powi(50));
    // b·ln 2·64·w ≈ 2⁵⁰·44.4·w passes 2⁶³ = 2⁵⁰·8192 at w = 185
    let (below, above) = (law.sample_traced(&mut Zeros(184)), law.sample_traced(&mut Zeros(186)));
    assert!(below.value > 8_000 << 50 && above.value < i64::MIN + (200 << 50));
}

#[test]
fn truncation_rejects_what_only_looks_small_modulo_64_bits() {
    // 2⁵⁰·44.4·w is between 2⁶⁴ = 2⁵⁰·16384 and 2⁶⁴ + 2⁶² at w = 400: reduced, it is within the bound
    let law = laplace(2.0_f64.powi(50));
    let (reduced, bounded) = (law.sample(&mut Zeros(400)), truncated(law, 1 << 62));
    assert!((1_i64 << 50..1 << 62).contains(&reduced), "{reduced}");
    let mut filled = [0];
    bounded.fill(&mut filled, &mut Zeros(400));
    // what is accepted is the next sample, of the word 2⁶²: V = ½
    for accepted in [bounded.sample(&mut Zeros(400)), filled[0]] {
        assert!((1_i64 << 49..1 << 50).contains(&accepted), "{accepted}");
    }
}

#[test]
fn unsupported_noise_is_refused() {
    let too_large = DiscreteLaplace::MAX_SCALE.next_up();
    assert!(matches!(
        DiscreteLaplace::new(NoiseScale::new(too_large).unwrap()),
        Err(Error::ScaleUnsupported { noise_scale, .. }) if noise_scale == too_large
    ));
    assert!(matches!(
        DiscreteGaussian::new(NoiseStd::new(too_large).unwrap()),
        Err(Error::NoiseUnsupported { noise_std, .. }) if noise_std == too_large
    ));
    assert!(Truncated::new(laplace(1.0), Truncated::<DiscreteLaplace>::MAX_BOUND + 1).is_err());
}

#[test]
fn a_bound_of_zero_leaves_no_noise() {
    let law = truncated(laplace(1e9), 0);
    let mut draws = [7; 1000];
    law.fill(&mut draws, &mut rng(3));
    assert!(draws.iter().all(|&k| k == 0));
    assert_eq!((law.cdf_bounds(-1), law.cdf_bounds(0)), ((0.0, 0.0), (1.0, 1.0)));
}

fn any_positive() -> impl Strategy<Value = f64> {
    (0_u64..0x7ff0_0000_0000_0000).prop_map(f64::from_bits).prop_filter("positive", |x| *x > 0.0)
}

fn draws_and_probabilities_are_sane<N: LogConcaveNoise>(law: &N, words: &mut (impl CryptoRng + ?Sized)) {
    for _ in 0..20 {
        law.sample(words);
    }
    for k in [0, 1, 1 << 30, i64::MAX] {
        let ((a, b), (c, d)) = (law.pmf_bounds(k), law.tail_bounds(k));
        assert!(0.0 <= a && a <= b && b <= 1.0 && 0.0 <= c && c <= d && d <= 1.0);
    }
    for epsilon in [0.0, 1.0, 1e300] {
        let (lower, upper) = shift_delta_bounds(law, 3, epsilon);
        assert!(0.0 <= lower && lower <= upper && upper <= 1.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_parameter_is_refused_or_works(parameter in any_positive(), bound in any::<u64>()) {
        let supported = parameter <= DiscreteLaplace::MAX_SCALE;
        let laplace = DiscreteLaplace::new(NoiseScale::new(parameter).unwrap());
        let gaussian = DiscreteGaussian::new(NoiseStd::new(parameter).unwrap());
        prop_assert_eq!((laplace.is_ok(), gaussian.is_ok()), (supported, supported));
        if let (Ok(laplace), Ok(gaussian)) = (laplace, gaussian) {
            draws_and_probabilities_are_sane(&laplace, &mut rng(1));
            draws_and_probabilities_are_sane(&gaussian, &mut rng(2));
            draws_and_probabilities_are_sane(&truncated(laplace, bound >> 2), &mut rng(3));
            draws_and_probabilities_are_sane(&truncated(gaussian, bound >> 2), &mut rng(4));
        }
    }

    #[test]
    fn any_moderate_parameter_works(exponent in -8.0_f64..50.0, bound in 0_u64..1000) {
        let parameter = exponent.exp2();
        draws_and_probabilities_are_sane(&laplace(parameter), &mut rng(1));
        draws_and_probabilities_are_sane(&gaussian(parameter), &mut rng(2));
        draws_and_probabilities_are_sane(&truncated(laplace(parameter), bound), &mut rng(3));
        draws_and_probabilities_are_sane(&truncated(rounded(parameter), bound), &mut rng(4));
    }
}
