//! Audits a private mean that adds noise to the sum and forgets the number of rows:
//! `cargo run --release -p dp-audit --example audit_a_mean`.

use dp_audit::{
    Claimed, Experiment, LinearRatio, Mechanism, Neighbours, SequentialAudit, ThresholdAudit, replay,
};
use dp_mechanisms::noise::{LatticeNoise, RoundedGaussian};
use dp_mechanisms::{
    AddRemoveRow, Delta, FailureProbability, LatticeL1Sensitivity, Mu, NoiseStd, PrivacyProfile, secure_rng,
};
use rand::CryptoRng;

/// The sum of ages up to 120 with noise, and how many there were.
struct PrivateMean {
    noise: RoundedGaussian,
}

impl Mechanism for PrivateMean {
    type Data = Vec<i64>;
    type Output = [i64; 2];

    fn run<R: CryptoRng + ?Sized>(&self, ages: &Vec<i64>, rng: &mut R) -> [i64; 2] {
        let sum: i64 = ages.iter().map(|age| age.clamp(&0, &120)).sum();
        [sum + self.noise.sample(rng), ages.len() as i64]
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mean = PrivateMean { noise: RoundedGaussian::new(NoiseStd::new(480.0)?)? };
    let claim = PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow); // 120 years at σ = 480
    let pair = Neighbours::new(vec![31, 44, 27], vec![31, 44, 27, 120], AddRemoveRow);
    let (alpha, rng) = (FailureProbability::new(1e-6)?, &mut secure_rng()?);

    // 1. Does the statistic move as far as declared? Three runs, no chance in it.
    let pairs = [pair.clone(), Neighbours::new(vec![], vec![100_000], AddRemoveRow)];
    let moved = replay::lattice(&mean, &pairs, |[sum, _]| vec![*sum], rng)?;
    let declared = LatticeL1Sensitivity::new(120, AddRemoveRow)?;
    println!("a sum that moves by 120: {} (it moved by {})", moved.refutes_l1(&declared), moved.l1().value);

    // 2. Is there an event that the claim does not allow? A learned direction, as few runs as it takes.
    let entries = LinearRatio::new(|output: &[i64; 2]| output.iter().map(|x| *x as f64).collect());
    let experiment = Experiment::new(&mean, &pair, entries);
    let claimed = Claimed::from(&claim);
    let early = SequentialAudit::new(100_000, alpha)?.refute(&experiment, &claimed, rng);
    println!("μ = 1/4, watched: {} after {} runs", early.verdict(), early.total_runs());

    // 3. How bad is it? A number with its confidence.
    let report = ThresholdAudit::new(20_000, alpha)?.measure(&experiment, 1e-3, rng)?;
    let claimed = claim.epsilon(Delta::new(1e-3)?);
    println!("ε at δ = 1e-3 is at least {:.2}; claimed: {claimed:.2}", report.epsilon_lower_bound(1e-3));
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
