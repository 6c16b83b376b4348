//! The certificate of a release, examined by someone who has nothing but the file.

mod parts;

use crate::{Error, Registry, document};
use attention_dp::{AttentionMoments, MomentAdjacency};
use dp_claims::ClaimStatus;
use dp_mechanisms::{
    AddRemoveDocument, AddRemoveRow, Adjacency, ArithmeticModel, Certificate, Delta, Epsilon,
    FailureProbability, GaussianSamplingProfile, PerturbRow, PrivacyProfile, ReplaceRow,
};
use ntk_dp::private::{DescentAdjacency, NoisyMoments, RecordAdjacency};
use std::path::Path;

/// δ at which ε is shown.
const DELTAS: [f64; 3] = [1e-5, 1e-6, 1e-9];
/// With which probability error bars that are shown may fail.
const FAILURE: f64 = 0.05;
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
/// Of a release, integrity and the consistency of options, shape, noise and guarantee are checked by its reader. Of every certificate the guarantee is
/// recomputed from the recorded sensitivities and noise, part by part: Gaussian, Laplace and truncated Laplace noise, Gaussian draws, noisy maxima. Of exponential
/// mechanisms, permute and flip, and quantiles the recorded ε is compared with the guarantee. Parts may be composed by [`Release::and`](dp_mechanisms::Release::and) and joined by
/// [`Release::joined`](dp_mechanisms::Release::joined), in any order. What is stated must follow from the parts one by one ([`PrivacyProfile::follows_from`]): a curve that is no
/// lower at some points shows nothing between and beyond them. A guarantee of which some part is of another kind, or has parameters that were left out, cannot be recomputed, which is a problem
/// too; and each claim that the certificate names must be known and not refuted.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, [`Error::NoCertificate`] if it is neither.
pub fn examine(path: &Path, registry: &Registry) -> Result<Examination, Error> {
    let bytes = std::fs::read(path).map_err(|source| document::at(path, source))?;
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
    if let Ok(certificate) = serde_json::from_str::<Certificate<PrivacyProfile<A>>>(text) {
        return Some(Examination::of(&certificate, registry));
    }
    let certificate: Certificate<GaussianSamplingProfile<A>> = serde_json::from_str(text).ok()?;
    Some(Examination::of(&certificate, registry))
}

fn attention<A: MomentAdjacency>(path: &Path, registry: &Registry) -> Option<Examination> {
    let release = attention_dp::io::load_moments::<A>(path).ok()?;
    let bars = attention_bars(release.value());
    Some(Examination::of(release.certificate(), registry).with_whole_file(bars))
}

fn records<A: RecordAdjacency>(path: &Path, registry: &Registry) -> Option<Examination> {
    let release = ntk_dp::io::load_moments::<A>(path).ok()?;
    let bars = record_bars(release.value());
    Some(Examination::of(release.certificate(), registry).with_whole_file(bars))
}

fn classifiers<A: DescentAdjacency>(path: &Path, registry: &Registry) -> Option<Examination> {
    let release = ntk_dp::io::load_classifier::<A>(path).ok()?;
    let bars = Some("a classifier states no error bars".to_owned());
    Some(Examination::of(release.certificate(), registry).with_whole_file(bars))
}

/// What error bars of answers are made of, from the noise, the shape and the options of the file.
fn attention_bars(moments: &AttentionMoments) -> Option<String> {
    let failure = FailureProbability::new(FAILURE).ok()?;
    let [all, fixed] = [moments.reader(failure), moments.fixed_query_reader(failure)]
        .map(|reader| reader.ok().map(|reader| reader.noise_multiplier()));
    let geometry = moments.geometry();
    Some(format!(
        "error bars, but for {FAILURE}: noise of {:.6e} in sums of unit features, times {:.4} for all queries or {:.4} for one chosen without sight of \
         the release; the kernel off by {:.3e} relatively, up to a factor, and values rounded to multiples of {:.3e}",
        moments.unit_noise_std(),
        all?,
        fixed?,
        geometry.kernel_error(),
        2_f64.powi(-geometry.value_exponent())
    ))
}

/// The same of moments of records.
fn record_bars(moments: &NoisyMoments) -> Option<String> {
    let failure = FailureProbability::new(FAILURE).ok()?;
    Some(format!(
        "error bars, but for {FAILURE} each: noise on the Gram matrix of {:.6e} an entry and at most {:.6e} in spectral norm; on products with targets \
         of {:.6e} an entry and at most {:.6e} a column",
        moments.gram_noise_std(),
        moments.spectral_bound(failure).ok()?,
        moments.cross_noise_std(),
        moments.column_bound(failure)
    ))
}

impl Examination {
    fn with_whole_file(mut self, bars: Option<String>) -> Self {
        self.facts.push("digest, options, shape, noise and guarantee belong together".to_owned());
        match bars {
            Some(bars) => self.facts.push(bars),
            None => self.problems.push("no error bars follow from the noise in the file".to_owned()),
        }
        self
    }

    fn of<G: Guarantee>(certificate: &Certificate<G>, registry: &Registry) -> Self {
        let mut found = Self::default();
        let guarantee = certificate.guarantee();
        found.facts.push(format!("{}, by {}", certificate.what(), certificate.mechanism()));
        found.facts.push(format!("neighbours: {}", guarantee.neighbours()));
        let arithmetic = match certificate.arithmetic() {
            ArithmeticModel::ExactLattice => "on the machine as run",
            _ => "for real numbers only: not against who sees all bits of a float",
        };
        found.facts.push(format!("arithmetic: {arithmetic}"));
        for delta in DELTAS.into_iter().filter_map(|delta| Delta::new(delta).ok()) {
            found.facts.push(format!("ε = {:.6} at δ = {:e}", guarantee.epsilon(delta), delta.get()));
        }
        match G::recompute(certificate) {
            Some(Ok(line)) => found.facts.push(line),
            Some(Err(line)) => found.problems.push(line),
            None => found.problems.push("the guarantee cannot be recomputed from this file alone".to_owned()),
        }
        found.check_target(certificate);
        found.check_claims(certificate.claims(), registry);
        found
    }

    fn check_target<G: Guarantee>(&mut self, certificate: &Certificate<G>) {
        let [epsilon, delta] =
            ["target_epsilon", "target_delta"].map(|key| certificate.parameters().get(key));
        if epsilon.is_none() && delta.is_none() {
            return;
        }
        let epsilon = epsilon.and_then(|text| Epsilon::new(text.parse().ok()?).ok());
        let delta = delta.and_then(|text| Delta::new(text.parse().ok()?).ok());
        let (Some(epsilon), Some(delta)) = (epsilon, delta) else {
            self.problems.push("what was asked for is no pair of ε and δ".to_owned());
            return;
        };
        let line = format!("asked for: ε = {} at δ = {:e}", epsilon.get(), delta.get());
        if certificate.guarantee().delta(epsilon.get()) <= delta.get() {
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

/// What a certificate guarantees, and how that follows from its parameters.
trait Guarantee: Sized {
    fn neighbours(&self) -> String;
    fn epsilon(&self, delta: Delta) -> f64;
    fn delta(&self, epsilon: f64) -> f64;
    /// What was found to belong together, or not; nothing if the parameters do not suffice.
    fn recompute(certificate: &Certificate<Self>) -> Option<Result<String, String>>;
}

impl<A: Adjacency> Guarantee for PrivacyProfile<A> {
    fn neighbours(&self) -> String {
        self.adjacency().to_string()
    }

    fn epsilon(&self, delta: Delta) -> f64 {
        self.epsilon(delta)
    }

    fn delta(&self, epsilon: f64) -> f64 {
        self.delta(epsilon)
    }

    fn recompute(certificate: &Certificate<Self>) -> Option<Result<String, String>> {
        let (needed, stated) = (parts::total(certificate)?, certificate.guarantee());
        if let (Some(needed), Some(stated)) = (needed.mu(), stated.mu()) {
            let line =
                format!("μ = {:.9} from sensitivities and noise, {:.9} stated", needed.get(), stated.get());
            return Some(judged(needed.get() <= stated.get() * (1.0 + TOLERANCE), line));
        }
        let lines = if stated.follows_from(&needed) {
            Ok("the guarantee follows from the recorded parts, one by one".to_owned())
        } else {
            Err("the guarantee does not follow from the recorded sensitivities and noise".to_owned())
        };
        Some(lines)
    }
}

impl<A: Adjacency> Guarantee for GaussianSamplingProfile<A> {
    fn neighbours(&self) -> String {
        self.adjacency().to_string()
    }

    fn epsilon(&self, delta: Delta) -> f64 {
        self.epsilon(delta)
    }

    fn delta(&self, epsilon: f64) -> f64 {
        self.delta(epsilon)
    }

    /// The guarantee is a number of draws and a bound: both must be those of the parameters.
    fn recompute(certificate: &Certificate<Self>) -> Option<Result<String, String>> {
        if certificate.arithmetic() != ArithmeticModel::RealModel {
            return Some(Err(
                "Gaussian draws are private for real numbers only, and more is stated".to_owned()
            ));
        }
        let (bound, draws) = (certificate.guarantee().bound(), certificate.guarantee().draws().get());
        let stated = [
            ("draws", format!("{draws:?}")),
            ("change", format!("{:?}", bound.neighbourhood().change())),
            ("change_measure", bound.neighbourhood().measure().to_owned()),
            ("assumed_rank_one", bound.is_rank_one().to_string()),
            ("assumed_opposite_pair", bound.is_opposite_pair().to_string()),
        ];
        let differs = stated.iter().find(|(name, value)| certificate.parameters().get(*name) != Some(value));
        Some(match differs {
            None => Ok(format!("the guarantee is that of the {draws} recorded draws and their bound")),
            Some((name, value)) => Err(format!("{name} is not {value}, which the guarantee is of")),
        })
    }
}

fn judged(is_sound: bool, line: String) -> Result<String, String> {
    if is_sound { Ok(line) } else { Err(line) }
}
