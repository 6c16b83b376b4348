//! Answers questions about compositions, one a line, and tells how long each took: our half of `peers/accountants.py`.
//!
//! ```text
//! echo 'upper gaussian:20 100 1e-6' | cargo run --release -p provable-dp-benches --bin accountants
//! ```
//!
//! A question is what is asked, a mechanism, how often it runs, and δ (for `delta`: ε). An answer is a lower bound, an upper
//! bound and nanoseconds.
//!
//! | asked | answered |
//! |---|---|
//! | `upper` | ε by loss distributions, from above (twice) |
//! | `interval` | ε, from below and above; Gaussian: from below by the closed form, from above by loss distributions |
//! | `coarse` | the same with an accuracy of 1e-4 |
//! | `best` | ε, from above (twice), by whatever is best: Gaussian by the closed form |
//! | `closed` | ε, from below and above, by whatever is best |
//! | `delta` | δ at this ε, from below and above, by whatever is best |
//!
//! Mechanisms: `gaussian:σ`, `laplace:b` (a scale), `poisson:rate:σ`; one row is added or removed, and the sensitivity is one.

use dp_mechanisms::accounting::Poisson;
use dp_mechanisms::{Accountant, AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, SamplingRate};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

type Profile = PrivacyProfile<AddRemoveRow>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[asked, mechanism, count, point] = words.as_slice() else {
            return Err(format!("four words expected: {line}").into());
        };
        let (count, point) = (count.parse()?, point.parse()?);
        let start = Instant::now();
        let (lower, upper) = answer(asked, mechanism, count, point)?;
        let time = start.elapsed().as_nanos();
        writeln!(out, "{lower:?} {upper:?} {time}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(asked: &str, mechanism: &str, count: u64, point: f64) -> Result<(f64, f64), Box<dyn Error>> {
    let once = profile(mechanism)?;
    let total = once.repeated(count);
    let twice = |x: f64| (x, x);
    Ok(match asked {
        "upper" if mechanism.starts_with("gaussian") => twice(by_loss_distributions(&total, point)?.1),
        "interval" if mechanism.starts_with("gaussian") => by_loss_distributions(&total, point)?,
        "coarse" => total.epsilon_bounds_within(1e-4, Delta::new(point)?),
        "upper" | "best" => twice(total.epsilon(Delta::new(point)?)),
        "interval" | "closed" => total.epsilon_bounds(Delta::new(point)?),
        "delta" => total.delta_bounds(point),
        _ => return Err(format!("cannot answer {asked}").into()),
    })
}

/// Not the closed form that Gaussian mechanisms have.
fn by_loss_distributions(total: &Profile, delta: f64) -> Result<(f64, f64), Box<dyn Error>> {
    let bounds = total.epsilon_bounds_by(Accountant::LossDistribution, Delta::new(delta)?);
    Ok(bounds.ok_or("no loss distribution")?)
}

fn profile(mechanism: &str) -> Result<Profile, Box<dyn Error>> {
    let words: Vec<&str> = mechanism.split(':').collect();
    let gaussian = |sigma: &str| -> Result<Profile, Box<dyn Error>> {
        Ok(PrivacyProfile::gaussian(Mu::new(1.0 / sigma.parse::<f64>()?)?, AddRemoveRow))
    };
    match words.as_slice() {
        ["gaussian", sigma] => gaussian(sigma),
        ["laplace", scale] => {
            Ok(PrivacyProfile::laplace(Epsilon::new(1.0 / scale.parse::<f64>()?)?, AddRemoveRow))
        }
        ["poisson", rate, sigma] => {
            let sampled = Poisson::new(SamplingRate::new(rate.parse()?)?);
            Ok(sampled.amplify(&gaussian(sigma)?)?)
        }
        _ => Err(format!("no such mechanism: {mechanism}").into()),
    }
}
