//! How small a ridge lets a Gaussian sketch be private, by three accountants, and what the exact one is worth elsewhere:
//! `cargo run --release -p dp-mechanisms --example gaussian_sketches`

use dp_mechanisms::covariance::{Draws, Neighbourhood, Target};
use dp_mechanisms::{Delta, Epsilon, Error};

fn main() -> Result<(), Error> {
    let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
    println!("Gaussian sketch with k rows: least eigenvalue over squared row norm, ε = 1, δ = 1e-6\n");
    println!(
        "{:>6} {:>18} {:>20} {:>8} {:>22}",
        "k", "Sheffet, as coded", "Rényi (Lev et al.)", "exact", "exact, public ridge"
    );
    for k in [20, 100, 1000] {
        let draws = Draws::new(k)?;
        let exact = Target::new(epsilon, delta).largest_increase(draws).get();
        // a row changes the eigenvalue one of the matrix that has it to 1 + 1/(r − 1); with a ridge on both sides, to 1 + 1/r
        let with_row = |change: f64| 1.0 / change + 1.0;
        let (sheffet, renyi) = (sheffet(k, epsilon, delta), with_row(renyi(draws, epsilon, delta)?));
        println!("{k:>6} {sheffet:>18.1} {renyi:>20.2} {:>8.2} {:>22.2}", with_row(exact), 1.0 / exact);
    }
    println!("\nGaussian sampling: largest Frobenius change that k draws allow, both orders bounded\n");
    println!(
        "{:>6} {:>7} {:>6} {:>11} {:>10} {:>13} {:>7}",
        "k", "δ", "ε", "published", "any rank", "one changed", "ratio"
    );
    for k in [100, 1000, 10_000] {
        for d in [1e-5, 1e-6, 1e-10] {
            for e in [0.1, 1.0, 4.0] {
                let (draws, epsilon, delta) = (Draws::new(k)?, Epsilon::new(e)?, Delta::new(d)?);
                let one = Target::new(epsilon, delta).largest_increase(draws).get();
                let any = Neighbourhood::largest_frobenius(epsilon, delta, draws)
                    .map_or(f64::NAN, Neighbourhood::change);
                let log = -d.ln();
                let published = (e / (8.0 * f64::from(k) * log).sqrt()).min(e / (8.0 * log));
                let ratio = one / published;
                println!("{k:>6} {d:>7.0e} {e:>6} {published:>11.6} {any:>10.6} {one:>13.6} {ratio:>7.2}");
            }
        }
    }
    Ok(())
}

/// `(4/ε)(√(2k ln(8/δ)) + ln(8/δ))`.
fn sheffet(k: u32, epsilon: Epsilon, delta: Delta) -> f64 {
    let log = (8.0 / delta.get()).ln();
    4.0 / epsilon.get() * ((2.0 * f64::from(k) * log).sqrt() + log)
}

/// Largest change that Rényi divergences with the optimal conversion allow.
fn renyi(draws: Draws, epsilon: Epsilon, delta: Delta) -> Result<f64, Error> {
    let (mut low, mut high) = (1e-6, 1.0);
    while high - low > 1e-9 * low {
        let middle = f64::midpoint(low, high);
        let met = Neighbourhood::frobenius(middle)?.renyi_delta_upper(epsilon.get(), draws) <= delta.get();
        if met { low = middle } else { high = middle }
    }
    Ok(low)
}
