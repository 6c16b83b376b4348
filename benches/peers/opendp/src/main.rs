//! Exact discrete Gaussian and discrete Laplace noise by OpenDP: their half of `peers/samplers.py`.
//!
//! A question is a line, `gaussian SCALE` or `laplace SCALE` with an integer; the answer is nanoseconds a draw. OpenDP asks OpenSSL for the bytes of
//! each decision, and has no blocks.

use dashu::rational::RBig;
use opendp::traits::samplers::{sample_discrete_gaussian, sample_discrete_laplace};
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::Instant;

/// Long enough to be timed, short enough that both see the same machine.
const DRAWS: u32 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (law, scale) = line.split_once(' ').ok_or("a law and a scale expected")?;
        let scale = RBig::from(scale.parse::<u32>()?);
        let sample = match law {
            "gaussian" => |scale| sample_discrete_gaussian(scale),
            "laplace" => |scale| sample_discrete_laplace(scale),
            _ => return Err(format!("no law {law}").into()),
        };
        let start = Instant::now();
        for _ in 0..DRAWS {
            black_box(sample(scale.clone()).expect("OpenSSL gives bytes"));
        }
        writeln!(out, "{}", start.elapsed().as_secs_f64() * 1e9 / f64::from(DRAWS))?;
        out.flush()?;
    }
    Ok(())
}
