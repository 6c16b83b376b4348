//! The certificate of a release, examined by someone who has nothing but the file.

use crate::{Error, Registry};
use attention_dp::MomentAdjacency;
use dp_claims::ClaimStatus;
use dp_mechanisms::{
    AddRemoveDocument, AddRemoveRow, Adjacency, ArithmeticModel, Certificate, Delta, LatticeGaussian,
    LatticeL2Sensitivity, NoiseStd, PerturbRow, PrivacyProfile, ReplaceRow,
};
use ntk_dp::private::{DescentAdjacency, RecordAdjacency};
use std::path::Path;

/// δ at which ε is shown.
const DELTAS: [f64; 3] = [1e-5, 1e-6, 1e-9];
/// Squares of integer sensitivities in certificates, each beside a `noise_std`.
const SENSITIVITIES: [&str; 2] = ["squared_l2_sensitivity", "squared_frobenius_sensitivity"];
/// Relative; μ is rounded up once for each part, and once for the sum.
const TOLERANCE: f64 = 1e-12;

/// What a certificate says, and what is wrong with it.
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, secure_rng};
/// use dp_verify::{Registry, examine};
///
/// let sensitivity = LatticeL2Sensitivity::from_square(4, AddRemoveRow)?;
/// let mechanism = LatticeGaussian::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, sensitivity)?;
/// let statistic = LatticeStatistic::new(vec![3, -1], Lattice::new(0)?, sensitivity, 1 << 20);
/// let release = mechanism.release(statistic, "two counts", &mut secure_rng()?)?;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("certificate.json");
/// std::fs::write(&path, serde_json::to_string(release.certificate())?)?;
/// let found = examine(&path, &Registry::shipped())?;
/// assert!(found.problems.is_empty(), "{:?}", found.problems);
/// // less noise than the guarantee needs
/// let text = std::fs::read_to_string(&path)?.replace("\"squared_l2_sensitivity\":\"4\"", "\"squared_l2_sensitivity\":\"5\"");
/// std::fs::write(&path, text)?;
/// assert!(!examine(&path, &Registry::shipped())?.problems.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examination {
    /// What is stated and what was recomputed, a line each.
    pub facts: Vec<String>,
    /// Why the file is not to be relied on; none for a sound one.
    pub problems: Vec<String>,
}

/// Examines a saved release (attention moments, moments of records, classifiers), or a certificate as JSON.
///
/// Of a release, integrity and the consistency of options, shape, noise and guarantee are checked by its reader. Of every certificate, `μ` is
/// recomputed from the recorded integer sensitivities and noise, ε from `μ`, and each claim that it names must be known and not refuted. A guarantee
/// that is not Gaussian cannot be recomputed, which is a problem too.
///
/// # Errors
/// [`Error::Write`] if the file cannot be read, [`Error::NoCertificate`] if it is neither.
pub fn examine(path: &Path, registry: &Registry) -> Result<Examination, Error> {
    let bytes = std::fs::read(path)?;
    if bytes.first() == Some(&b'{') {
        let text = String::from_utf8_lossy(&bytes);
        let found = certificate::<AddRemoveRow>(&text, registry)
            .or_else(|| certificate::<ReplaceRow>(&text, registry))
            .or_else(|| certificate::<AddRemoveDocument>(&text, registry))
            .or_else(|| certificate::<PerturbRow>(&text, registry));
        return found.ok_or(Error::NoCertificate);
    }
    let found = attention::<AddRemoveRow>(path, registry)
        .or_else(|| attention::<ReplaceRow>(path, registry))
        .or_else(|| attention::<AddRemoveDocument>(path, registry))
        .or_else(|| attention::<PerturbRow>(path, registry))
        .or_else(|| records::<AddRemoveRow>(path, registry))
        .or_else(|| records::<ReplaceRow>(path, registry))
        .or_else(|| classifiers::<AddRemoveRow>(path, registry))
        .or_else(|| classifiers::<ReplaceRow>(path, registry));
    found.ok_or(Error::NoCertificate)
}

fn certificate<A: Adjacency>(text: &str, registry: &Registry) -> Option<Examination> {
    let certificate: Certificate<PrivacyProfile<A>> = serde_json::from_str(text).ok()?;
    Some(Examination::of(&certificate, registry))
}

fn attention<A: MomentAdjacency>(path: &Path, registry: &Registry) -> Option<Examination> {
    let release = attention_dp::io::load_moments::<A>(path).ok()?;
    Some(Examination::of(release.certificate(), registry).with_whole_file())
}

fn records<A: RecordAdjacency>(path: &Path, registry: &Registry) -> Option<Examination> {
    let release = ntk_dp::io::load_moments::<A>(path).ok()?;
    Some(Examination::of(release.certificate(), registry).with_whole_file())
}

fn classifiers<A: DescentAdjacency>(path: &Path, registry: &Registry) -> Option<Examination> {
    let release = ntk_dp::io::load_classifier::<A>(path).ok()?;
    Some(Examination::of(release.certificate(), registry).with_whole_file())
}

impl Examination {
    fn with_whole_file(mut self) -> Self {
        self.facts.push("digest, options, shape, noise and guarantee belong together".to_owned());
        self
    }

    fn of<A: Adjacency>(certificate: &Certificate<PrivacyProfile<A>>, registry: &Registry) -> Self {
        let mut found = Self::default();
        let guarantee = certificate.guarantee();
        found.facts.push(format!("{}, by {}", certificate.what(), certificate.mechanism()));
        found.facts.push(format!("neighbours: {}", guarantee.adjacency()));
        let arithmetic = match certificate.arithmetic() {
            ArithmeticModel::ExactLattice => "on the machine as run",
            _ => "for real numbers only: not against who sees all bits of a float",
        };
        found.facts.push(format!("arithmetic: {arithmetic}"));
        for delta in DELTAS.into_iter().filter_map(|delta| Delta::new(delta).ok()) {
            found.facts.push(format!("ε = {:.6} at δ = {:e}", guarantee.epsilon(delta), delta.get()));
        }
        found.recompute(certificate);
        found.check_target(certificate);
        found.check_claims(certificate.claims(), registry);
        found
    }

    /// `μ` of all parts against the stated one.
    fn recompute<A: Adjacency>(&mut self, certificate: &Certificate<PrivacyProfile<A>>) {
        let adjacency = certificate.guarantee().adjacency();
        let parts: Option<Vec<PrivacyProfile<A>>> = certificate
            .parameters()
            .iter()
            .filter_map(|(key, square)| {
                let prefix = SENSITIVITIES.iter().find_map(|name| key.strip_suffix(name))?;
                Some((square, certificate.parameters().get(&format!("{prefix}noise_std"))))
            })
            .map(|(square, std)| part(square, std?, adjacency))
            .collect();
        let total = parts.filter(|parts| !parts.is_empty()).and_then(|parts| {
            let nothing = PrivacyProfile::nothing(adjacency);
            parts.iter().try_fold(nothing, |sum, part| sum.and(part).ok()).and_then(|total| total.mu())
        });
        match (total, certificate.guarantee().mu()) {
            (Some(needed), Some(stated)) => {
                let line = format!(
                    "μ = {:.9} from sensitivities and noise, {:.9} stated",
                    needed.get(),
                    stated.get()
                );
                if needed.get() <= stated.get() * (1.0 + TOLERANCE) {
                    self.facts.push(line);
                } else {
                    self.problems.push(line);
                }
            }
            _ => self.problems.push("the guarantee cannot be recomputed from this file alone".to_owned()),
        }
    }

    fn check_target<A: Adjacency>(&mut self, certificate: &Certificate<PrivacyProfile<A>>) {
        let number = |key: &str| certificate.parameters().get(key).and_then(|text| text.parse::<f64>().ok());
        let (Some(epsilon), Some(delta)) = (number("target_epsilon"), number("target_delta")) else { return };
        let line = format!("asked for: ε = {epsilon} at δ = {delta:e}");
        if certificate.guarantee().delta(epsilon) <= delta {
            self.facts.push(line);
        } else {
            self.problems.push(format!("{line}, which the guarantee does not give"));
        }
    }

    fn check_claims(&mut self, ids: &[String], registry: &Registry) {
        for id in ids {
            match registry.claims().find(|(_, claim)| claim.id == id).map(|(_, claim)| claim.status) {
                None => self.problems.push(format!("rests on {id}, which no crate claims")),
                Some(ClaimStatus::Refuted) => self.problems.push(format!("rests on {id}, which is refuted")),
                Some(status) => {
                    self.facts.push(format!("rests on {id} ({status}); cargo xtask verify --only {id}"));
                }
            }
        }
    }
}

/// The guarantee of one Gaussian part.
fn part<A: Adjacency>(square: &str, std: &str, adjacency: A) -> Option<PrivacyProfile<A>> {
    let moves = LatticeL2Sensitivity::from_square(square.parse().ok()?, adjacency).ok()?;
    let std = NoiseStd::new(std.parse().ok()?).ok()?;
    Some(LatticeGaussian::with_noise_std(std, moves).ok()?.profile().clone())
}
