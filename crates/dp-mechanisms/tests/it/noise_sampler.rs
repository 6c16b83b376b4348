//! The rounded Gaussian: its law, its words, its table.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use dp_mechanisms::{
    Error, NoiseStd,
    noise::{
        LatticeNoise, RoundedGaussian,
        rounded_gaussian::{BLOCK, table},
    },
};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;
use statrs::distribution::{ChiSquared, ContinuousCDF};

fn noise(std: f64) -> RoundedGaussian {
    RoundedGaussian::new(NoiseStd::new(std).unwrap()).unwrap()
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

#[test]
fn every_number_of_the_table_is_derived() {
    assert_eq!(table::derive(), table::rows());
}

#[test]
fn fast_and_exact_path_agree_on_random_words() {
    for (std, words) in
        [(1e-3, 500), (0.4, 4000), (1.0, 4000), (12_346.0, 4000), (1e9, 4000), (2.0_f64.powi(50), 4000)]
    {
        let (law, mut words_rng, mut further) = (noise(std), rng(11), rng(12));
        let mut decided = 0;
        for _ in 0..words {
            let word = words_rng.next_u64();
            let exact = law.exact_value(word, &mut further);
            if let Some(value) = law.fast_value(word) {
                decided += 1;
                assert_eq!((value, 0), (exact.value, exact.refinements), "σ = {std}, word {word:#x}");
            }
        }
        // at σ = 2⁵⁰ about one word in fifty is ambiguous
        assert!(decided > words * 9 / 10, "σ = {std}: {decided} of {words}");
    }
}

#[test]
fn fast_and_exact_path_agree_at_the_edges_of_every_cell() {
    for std in [0.7, 1_000_003.0, 2.0_f64.powi(46)] {
        let (law, mut further) = (noise(std), rng(13));
        for cell in 0..table::OCTAVES * table::SUBCELLS {
            let shift = 63 - 5 - (cell / table::SUBCELLS + 1);
            let first = ((table::SUBCELLS + cell % table::SUBCELLS) as u64) << shift;
            for word in [first, first + (1 << shift) - 1] {
                if let Some(value) = law.fast_value(word) {
                    assert_eq!(value, law.exact_value(word, &mut further).value, "σ = {std}, word {word:#x}");
                }
            }
        }
    }
}

#[test]
fn extreme_words_are_decided() {
    for std in [1e-300, 1.0, 2.0_f64.powi(50)] {
        let law = noise(std);
        for word in [0, 1, 2, (1 << 63) - 1, (1 << 38) - 1, 1 << 38] {
            let (positive, negative) =
                (law.exact_value(word, &mut rng(5)), law.exact_value(word | 1 << 63, &mut rng(5)));
            assert_eq!(positive.value, -negative.value);
            if let Some(value) = law.fast_value(word) {
                assert_eq!(value, positive.value);
            }
            // Q(9.0) = 1.1e-19 and Q(9.3) = 7.0e-21 are around 2⁻⁶⁴ and below half of it
            if word <= 1 {
                assert!(positive.value as f64 >= (9.0 * std).floor(), "σ = {std}, word {word}");
            }
        }
        assert_eq!(law.exact_value((1 << 63) - 1, &mut rng(5)).value, 0);
    }
}

#[test]
fn refinement_happens_and_reads_only_the_words_it_needs() {
    let law = noise(2.0_f64.powi(50));
    let mut words = rng(21);
    let (mut ambiguous, mut refined) = (0, 0);
    for _ in 0..40_000 {
        let mut same = words.clone();
        let position = words.get_word_pos();
        let traced = law.sample_traced(&mut words);
        // 32-bit words of the generator: two for the sample and two for each refinement
        assert_eq!(words.get_word_pos() - position, 2 + 2 * u128::from(traced.refinements));
        if !traced.fast {
            ambiguous += 1;
            refined += traced.refinements;
            let word = same.next_u64();
            let exact = law.exact_value(word, &mut same);
            assert_eq!((traced.value, traced.refinements), (exact.value, exact.refinements));
        }
    }
    println!("ambiguous {ambiguous}, refined {refined} of 40000");
    // expected: 2·(7 units)·2⁵⁰·2⁻⁶⁰ of the words and more in the tail, about 800; a boundary in the word: σ/2⁶⁴·Σ1/φ, about 10
    assert!((500..1200).contains(&ambiguous) && (1..60).contains(&refined));
}

#[test]
fn filling_reads_one_word_a_sample_in_order() {
    for std in [1e-3, 1.0, 12_346.0, 1e6] {
        let law = noise(std);
        for len in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 17] {
            let mut filled = vec![0; len];
            let (mut by_block, mut one_by_one) = (rng(31), rng(31));
            law.fill(&mut filled, &mut by_block);
            let sampled: Vec<_> = (0..len).map(|_| law.sample(&mut one_by_one)).collect();
            // no word of this seed is ambiguous, so blocks and single samples read the same words
            assert_eq!(filled, sampled);
            assert_eq!(by_block.get_word_pos(), 2 * len as u128);
        }
    }
}

#[test]
fn refinements_follow_their_block() {
    let law = noise(2.0_f64.powi(50));
    let mut filled = vec![0; 20 * BLOCK];
    let mut words = rng(33);
    law.fill(&mut filled, &mut words);
    let mut replay = rng(33);
    for block in filled.chunks(BLOCK) {
        let first: Vec<u64> = block.iter().map(|_| replay.next_u64()).collect();
        for (&value, &word) in block.iter().zip(&first) {
            let expected = law.fast_value(word).unwrap_or_else(|| law.exact_value(word, &mut replay).value);
            assert_eq!(value, expected);
        }
    }
    assert_eq!(words.get_word_pos(), replay.get_word_pos());
}

#[test]
fn adding_is_filling_and_wraps() {
    let law = noise(77.0);
    let mut filled = [0; 600];
    law.fill(&mut filled, &mut rng(41));
    let mut sums = [i64::MAX; 600];
    law.add_to(&mut sums, &mut rng(41));
    for (sum, noise) in sums.iter().zip(filled) {
        assert_eq!(*sum, i64::MAX.wrapping_add(noise));
    }
}

#[test]
fn probabilities_sum_to_one() {
    for std in [0.05, 0.9, 7.3] {
        let law = noise(std);
        let reach = (40.0 * std) as i64 + 1;
        let (mut below, mut above) = (0.0, 0.0);
        for k in -reach..=reach {
            let (lower, upper) = law.pmf_bounds(k);
            below += lower;
            above += upper;
        }
        // each of the 2·reach + 1 additions rounds by at most 2⁻⁵³ of a sum of about one
        let slack = (2 * reach + 1) as f64 * f64::EPSILON;
        assert!(below <= 1.0 + slack && above >= 1.0 - slack && above - below <= slack, "{below} {above}");
    }
}

#[test]
fn the_distribution_function_is_the_sum_of_probabilities() {
    let law = noise(3.3);
    let mut sum = law.cdf_bounds(-200);
    for k in -199..=40 {
        let (lower, upper) = law.pmf_bounds(k);
        sum = (sum.0 + lower, sum.1 + upper);
        let (below, above) = law.cdf_bounds(k);
        // 240 additions of numbers below one
        assert!(sum.0 <= above + 240.0 * f64::EPSILON && sum.1 >= below - 240.0 * f64::EPSILON, "{k}");
    }
}

#[test]
fn tiny_noise_is_no_noise() {
    let law = noise(1e-3);
    assert_eq!(law.pmf_bounds(0), (1.0_f64.next_down(), 1.0));
    assert_eq!(law.pmf_bounds(1), (0.0, 5e-324));
    let mut draws = vec![1; 100_000];
    law.fill(&mut draws, &mut rng(51));
    assert!(draws.iter().all(|&k| k == 0));
}

#[test]
fn unsupported_noise_is_refused() {
    let too_large = RoundedGaussian::MAX_STD.next_up();
    let refused = RoundedGaussian::new(NoiseStd::new(too_large).unwrap()).unwrap_err();
    assert!(matches!(refused, Error::NoiseUnsupported { noise_std, .. } if noise_std == too_large));
    assert!(RoundedGaussian::new(NoiseStd::new(RoundedGaussian::MAX_STD).unwrap()).is_ok());
}

/// Chi-square statistic of draws against cells `(… , edges₀], (edges₀, edges₁], …`, with probabilities of `law`.
fn chi_square(draws: &[i64], edges: &[i64], law: &RoundedGaussian) -> f64 {
    let mut counts = vec![0.0; edges.len() + 1];
    for draw in draws {
        counts[edges.partition_point(|edge| edge < draw)] += 1.0;
    }
    let mut below = 0.0;
    let mut statistic = 0.0;
    for (i, count) in counts.iter().enumerate() {
        let upto = edges.get(i).map_or(1.0, |&edge| law.cdf_bounds(edge).0);
        let expected = (upto - below) * draws.len() as f64;
        assert!(expected >= 5.0, "cells are chosen large enough for the chi-square approximation");
        statistic += (count - expected) * (count - expected) / expected;
        below = upto;
    }
    statistic
}

#[test]
fn a_million_draws_fit_the_law_and_no_other() {
    // α = 1e-9 a test: with the seeds fixed this cannot flake; passing shows no deviation above about 1 % in a cell
    for (std, edges) in [
        (0.6, (-2..2).collect::<Vec<_>>()),
        (1.7, (-7..7).collect()),
        (100.0, (-350..=350).step_by(10).collect()),
        (1e9, (-60..=60).map(|i| i * 62_500_000).collect()),
    ] {
        let mut draws = vec![0; 1_000_000];
        noise(std).fill(&mut draws, &mut rng(61));
        let bound = ChiSquared::new(edges.len() as f64).unwrap().inverse_cdf(1.0 - 1e-9);
        let statistic = chi_square(&draws, &edges, &noise(std));
        println!("σ = {std}: chi-square {statistic:.1}, bound {bound:.1}, {} cells", edges.len() + 1);
        assert!(statistic <= bound);
        // negative control: draws of a law with one per cent more noise are rejected
        noise(std * 1.01).fill(&mut draws, &mut rng(61));
        assert!(chi_square(&draws, &edges, &noise(std)) > bound, "the test would miss σ off by 1 %");
    }
}

#[test]
fn acceptance_is_a_function_of_the_word() {
    let law = noise(1e12);
    let mut words = rng(71);
    for _ in 0..10_000 {
        let word: u64 = words.random();
        // the sign plays no part, nor do earlier calls
        assert_eq!(law.fast_value(word).is_some(), law.fast_value(word ^ 1 << 63).is_some());
        assert_eq!(law.fast_value(word), law.clone().fast_value(word));
    }
}
