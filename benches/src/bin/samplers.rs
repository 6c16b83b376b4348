//! Answers questions about noise, one a line: our half of `peers/samplers.py`, and samplers in floating point on the same generator.
//!
//! ```text
//! echo 'in_blocks gaussian 100' | cargo run --release -p provable-dp-benches --bin samplers
//! ```
//!
//! A question is a way, a law (`gaussian` or `laplace`) and its scale; the answer is nanoseconds a draw. Ways are `in_blocks`, `one_at_a_time`, and `float`:
//! rand_distr's ziggurat, or its exponential with a sign, which is *not* private.

use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{DiscreteGaussian, DiscreteLaplace, NoiseScale, NoiseStd, secure_rng};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha20Rng;
use rand_distr::{Distribution, Exp1, StandardNormal};
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Some tens of milliseconds.
const DRAWS: usize = 1 << 20;
const BLOCK: usize = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = secure_rng()?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[way, law, scale] = words.as_slice() else {
            return Err(format!("three words expected: {line}").into());
        };
        let scale = scale.parse()?;
        let seconds = match law {
            "gaussian" => {
                let normal =
                    |rng: &mut ChaCha20Rng| scale * Distribution::<f64>::sample(&StandardNormal, rng);
                turn(way, &DiscreteGaussian::new(NoiseStd::new(scale)?)?, normal, &mut rng)?
            }
            "laplace" => turn(
                way,
                &DiscreteLaplace::new(NoiseScale::new(scale)?)?,
                |rng| scale * signed(rng),
                &mut rng,
            )?,
            _ => return Err(format!("no law {law}").into()),
        };
        writeln!(out, "{}", seconds * 1e9 / DRAWS as f64)?;
        out.flush()?;
    }
    Ok(())
}

/// Seconds of all draws.
fn turn(
    way: &str,
    noise: &impl LatticeNoise,
    float: impl Fn(&mut ChaCha20Rng) -> f64,
    rng: &mut ChaCha20Rng,
) -> Result<f64, Box<dyn Error>> {
    let mut block = vec![0; BLOCK];
    let mut floats = vec![0.0; BLOCK];
    let start = Instant::now();
    for _ in 0..DRAWS / BLOCK {
        match way {
            "in_blocks" => noise.fill(&mut block, rng),
            "one_at_a_time" => (0..BLOCK).for_each(|_| _ = black_box(noise.sample(rng))),
            "float" => floats.iter_mut().for_each(|x| *x = float(rng)),
            _ => return Err(format!("no way {way}").into()),
        }
        black_box((&block, &floats));
    }
    Ok(start.elapsed().as_secs_f64())
}

fn signed(rng: &mut impl Rng) -> f64 {
    let size: f64 = Exp1.sample(rng);
    if rng.random() { size } else { -size }
}
