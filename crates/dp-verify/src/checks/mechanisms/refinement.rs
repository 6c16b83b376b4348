//! An undecided uniform is refined, and nothing about it depends on the statistic.

use super::noise::each_part;
use super::{noise, noise_std, none_fails, reference};
use crate::{Context, Outcome, Subject};
use core::convert::Infallible;
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{
    AddRemoveRow, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, RoundedGaussian,
};
use rand::{Rng, RngExt, TryCryptoRng, TryRng};
use rand_chacha::ChaCha20Rng;

/// `Q((k + ½)/σ)`, the boundary between `k` and `k + 1`, to 192 bits by another program: uniforms that share one or two
/// words with it must fall on the side where their last word is, after exactly that many further words. In the twin an
/// undecided word is redrawn. Then two statistics released from one seed; in the twin, an undecided word is redrawn where
/// the statistic is zero.
pub(super) fn refinement(context: &mut Context, subject: Subject) -> Outcome {
    let sample = subject.pick(refining as Sampler, redrawing);
    let release = subject.pick(release as Releaser, redrawn_at_zero);
    each_part(subject, [boundaries(sample), statistics_do_not_show(context, release)])
}

fn boundaries(sample: Sampler) -> Outcome {
    none_fails(reference::fields("tail").flat_map(|fields| uniforms(&fields)), |uniform: Uniform| {
        let mut script = Script { words: uniform.words.clone(), read: 0 };
        let value = sample(&noise(uniform.std), &mut script);
        value == uniform.value && script.read == uniform.words.len()
    })
    .with_note("scripted uniforms")
}

type Sampler = fn(&RoundedGaussian, &mut Script) -> i64;

fn refining(law: &RoundedGaussian, words: &mut Script) -> i64 {
    law.sample(words)
}

/// What the mechanism must not do: it is distributed like a sample *given* that its word is decided.
fn redrawing<R: Rng>(law: &RoundedGaussian, words: &mut R) -> i64 {
    loop {
        if let Some(value) = law.fast_value(words.next_u64()) {
            return value;
        }
    }
}

/// A uniform number by its words, and the sample that it is.
struct Uniform {
    std: f64,
    words: Vec<u64>,
    value: i64,
}

/// Around one boundary, with both signs: a smaller U is further out.
fn uniforms(fields: &[&'static str]) -> Vec<Uniform> {
    let (std, k): (f64, i64) = (reference::number(fields[0]), reference::number(fields[1]));
    let [first, second, third] = [fields[2], fields[3], fields[4]].map(reference::number::<u64>);
    let mut around = vec![
        (vec![first, second - 1], k + 1),
        (vec![first, second + 1], k),
        (vec![first, second, third - 1], k + 1),
        (vec![first, second, third + 1], k),
    ];
    // at the largest σ one word of the tail holds many integers: its neighbours are then undecided themselves
    if std < RoundedGaussian::MAX_STD {
        around.extend([(vec![first - 1], k + 1), (vec![first + 1], k)]);
    }
    let signed = |(words, value): (Vec<u64>, i64)| {
        let mirrored = [vec![words[0] | 1 << 63], words[1..].to_vec()].concat();
        [Uniform { std, words, value }, Uniform { std, words: mirrored, value: -value }]
    };
    around.into_iter().flat_map(signed).collect()
}

/// Words from a list, then words next to the centre.
pub(super) struct Script {
    pub(super) words: Vec<u64>,
    pub(super) read: usize,
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let word = self.words.get(self.read).copied().unwrap_or(u64::MAX >> 1);
        self.read += 1;
        Ok(word)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Script {}

/// At the largest σ, where one word in fifty is undecided by the table: from one seed, two statistics get the same noise
/// and use the same words.
fn statistics_do_not_show(context: &Context, release: Releaser) -> Outcome {
    let n = context.scale(8_000, 200_000);
    let mut rng = context.rng(1);
    let statistic: Vec<i64> = (0..n).map(|_| rng.random_range(-1 << 40..1 << 40)).collect();
    let (zeros, after_zeros) = release(vec![0; n], context.rng(2));
    let (moved, after_moved) = release(statistic.clone(), context.rng(2));
    let noise = none_fails(zeros.iter().zip(&moved).zip(&statistic), |((zero, moved), s)| moved - zero == *s);
    let same_words = none_fails([(after_zeros, after_moved)], |(a, b)| a == b);
    Outcome::worst([noise, same_words]).with_note("two statistics from one seed")
}

/// The released integers and where the generator stands.
type Releaser = fn(Vec<i64>, ChaCha20Rng) -> (Vec<i64>, u128);

/// As if a zero were padding, on which no word needs to be spent.
fn redrawn_at_zero(steps: Vec<i64>, mut rng: ChaCha20Rng) -> (Vec<i64>, u128) {
    let law = noise(RoundedGaussian::MAX_STD);
    let noisy = |s: i64| s + if s == 0 { redrawing(&law, &mut rng) } else { law.sample(&mut rng) };
    (steps.into_iter().map(noisy).collect(), rng.get_word_pos())
}

fn release(steps: Vec<i64>, mut rng: ChaCha20Rng) -> (Vec<i64>, u128) {
    let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow).expect("one is positive");
    let std = noise_std(RoundedGaussian::MAX_STD);
    let mechanism = LatticeGaussian::with_noise_std(std, sensitivity).expect("the largest σ is supported");
    let lattice = Lattice::new(0).expect("integers are a lattice");
    let statistic = LatticeStatistic::new(steps, lattice, sensitivity, 1 << 40);
    let released = mechanism.release(statistic, "check", &mut rng).expect("2⁴⁰ + 40·2⁵⁰ < 2⁶²");
    (released.value().steps().to_vec(), rng.get_word_pos())
}
