//! The same adversary, and the strongest one, against releases.

use crate::{KEY_DIM, SCALE, VALUE_DIM, World, distance, exact};
use attention_dp::{AttentionMoments, Bounds, MomentOptions, PrivateMoments, Rows, Shape};
use dp_mechanisms::{Delta, Epsilon, FailureProbability, LatticeGaussian, ReplaceRow, normal, secure_rng};
use rand::{CryptoRng, RngExt};
use std::error::Error;
use std::fmt;

/// What attacks achieved at one budget.
pub(crate) struct Outcome {
    epsilon: f64,
    releases: u32,
    by_queries: f64,
    by_integers: f64,
    bound: f64,
    key_error: f64,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = |share: f64| (share * (1.0 - share) / f64::from(self.releases)).sqrt();
        let share = |share: f64| format!("{share:.3} ± {:.3}", error(share));
        write!(
            f,
            "{:>6} {:>22} {:>22} {:>14.3} {:>22.2}",
            self.epsilon,
            share(self.by_queries),
            share(self.by_integers),
            self.bound,
            self.key_error
        )
    }
}

/// In each release a coin decides between the target row and its opposite; both adversaries guess the coin.
pub(crate) fn attack(world: &World, epsilon: f64, releases: u32) -> Result<Outcome, Box<dyn Error>> {
    let rng = &mut secure_rng()?;
    let (key, value) = &world.target;
    let opposite = |x: &[f64]| x.iter().map(|x| -x).collect::<Vec<f64>>();
    let candidates = [(key.clone(), value.clone()), (opposite(key), opposite(value))];
    let mechanism = aggregate(world, &candidates[0])?.calibrate(Epsilon::new(epsilon)?, Delta::new(1e-6)?)?;
    let exact = [0, 1].map(|side| integers(world, &candidates[side]));
    let [first, second] = exact;
    let (first, second) = (first?, second?);
    let (mut by_queries, mut by_integers, mut key_error) = (0_u32, 0_u32, 0.0);
    for _ in 0..releases {
        let side = usize::from(rng.random_bool(0.5));
        let moments = release(world, &candidates[side], &mechanism, rng)?;
        by_integers += u32::from(likelier(moments.steps(), &first, &second) == side);
        let found = by_asking(world, &moments)?;
        let error = [0, 1].map(|side| distance(&found, &candidates[side].0));
        by_queries += u32::from(usize::from(error[1] < error[0]) == side);
        key_error += error[side];
    }
    let n = f64::from(releases);
    // the largest μ that the profile allows for
    let mu = mechanism.sensitivity().l2() / mechanism.noise_std().get();
    Ok(Outcome {
        epsilon,
        releases,
        by_queries: f64::from(by_queries) / n,
        by_integers: f64::from(by_integers) / n,
        bound: normal::cdf_bounds(mu / 2.0).1,
        key_error: key_error / n,
    })
}

fn aggregate(
    world: &World,
    (key, value): &(Vec<f64>, Vec<f64>),
) -> Result<PrivateMoments<ReplaceRow>, Box<dyn Error>> {
    let shape = Shape { key_dim: KEY_DIM, value_dim: VALUE_DIM };
    let options = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0)?, 4).with_softmax_scale(SCALE);
    let (keys, values) = world.with((key, value));
    let mut moments = PrivateMoments::new(ReplaceRow, options)?;
    moments.push(Rows::new(ReplaceRow, keys.as_ref(), values.as_ref())?)?;
    Ok(moments)
}

fn integers(world: &World, row: &(Vec<f64>, Vec<f64>)) -> Result<Vec<i64>, Box<dyn Error>> {
    Ok(aggregate(world, row)?.assume_public()?.steps().to_vec())
}

fn release<R: CryptoRng>(
    world: &World,
    row: &(Vec<f64>, Vec<f64>),
    mechanism: &LatticeGaussian<ReplaceRow>,
    rng: &mut R,
) -> Result<AttentionMoments, Box<dyn Error>> {
    Ok(aggregate(world, row)?.release_with(mechanism, rng)?.value().clone())
}

/// 0 or 1: to which of both sums the released integers are nearer.
fn likelier(steps: &[i64], first: &[i64], second: &[i64]) -> usize {
    let score = |((s, a), b): ((&i64, &i64), &i64)| (*b - *a) as f64 * (2.0 * *s as f64 - (*a + *b) as f64);
    let sum: f64 = steps.iter().zip(first).zip(second).map(score).sum();
    usize::from(sum > 0.0)
}

/// The key that the reconstruction finds from answers of the release; zero where there are none.
fn by_asking(world: &World, moments: &AttentionMoments) -> Result<Vec<f64>, Box<dyn Error>> {
    let reader = moments.reader(FailureProbability::new(0.05)?)?;
    let ask = |query: &[f64]| -> Result<Vec<f64>, Box<dyn Error>> {
        let answer = reader.query(query)?;
        Ok(answer.estimate().map_or_else(|| vec![0.0; VALUE_DIM], |estimate| estimate.value().to_vec()))
    };
    Ok(exact::from_answers(world, ask)?.key)
}
