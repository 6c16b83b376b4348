//! Saving and loading released classifiers, with the certificate in the file.

use super::FileError;
use super::sealed::{Opened, Tensor, records_only, save, target_is_met};
use crate::private::{
    ClassifierParts, DescentAdjacency, DescentMechanism, DescentOptions, PrivateClassifier,
};
use dp_mechanisms::{ArithmeticModel, Certificate, Mu, PrivacyProfile, Release};
use std::path::Path;

const FORMAT: &str = "provable-dp.private-classifier";
const WEIGHTS: &str = "weights";
const CENTRE: &str = "centre";
const ROWS: &str = "rows";

type ClassifierRelease<A> = Release<PrivateClassifier, PrivacyProfile<A>>;

/// Saves a released classifier as a safetensors file: weights, centre and number of rows as tensors, options and certificate as metadata, with a SHA-256 digest
/// of everything. The file appears as a whole or not at all.
///
/// # Errors
/// [`FileError::Write`]; then an older file of that name is untouched.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Provenance, ReplaceRow, secure_rng};
/// use ntk_dp::io::{load_classifier, save_classifier};
/// use ntk_dp::private::{DescentOptions, PrivateRecords, private_descent};
///
/// let (features, labels) = (Mat::identity(3), [0_usize, 1, 1]);
/// let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), &labels[..]));
/// let options = DescentOptions::new(3, 2)?;
/// let release = private_descent(records, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("classifier.safetensors");
/// save_classifier(&path, &release)?;
/// let loaded = load_classifier::<AddRemoveRow>(&path)?;
/// assert_eq!(loaded.value().classify(features.as_ref())?, release.value().classify(features.as_ref())?);
/// assert_eq!(loaded.provenance(), Provenance::Loaded);
/// assert!(load_classifier::<ReplaceRow>(&path).is_err()); // saved under another adjacency
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_classifier<A: DescentAdjacency>(
    path: impl AsRef<Path>,
    release: &ClassifierRelease<A>,
) -> Result<(), FileError> {
    let classifier = release.value();
    let ClassifierParts { weights, centre, rows } = classifier.parts();
    let tensors = [
        Tensor::reals(WEIGHTS.to_owned(), weights.shape(), weights.as_slice()),
        Tensor::reals(CENTRE.to_owned(), (1, centre.len()), &centre),
        Tensor::reals(ROWS.to_owned(), (1, 1), &[rows]),
    ];
    save(path.as_ref(), FORMAT, (classifier.options(), release.certificate()), &tensors)
}

/// Loads a classifier that was saved under the adjacency `A`; it has one thread.
///
/// Beyond the integrity of the file it is checked that options, noise, guarantee and shapes belong together: the mechanism is made anew from the options
/// and `μ`, and its guarantee must be the one that the certificate states. Weights, centre and number of rows must be what a descent can release.
///
/// # Errors
/// [`FileError::Read`], [`FileError::ForeignFile`], [`FileError::Digest`] for altered content, [`FileError::Inconsistent`] for contradictions or another
/// adjacency. A digest finds damage, not forgery.
pub fn load_classifier<A: DescentAdjacency>(
    path: impl AsRef<Path>,
) -> Result<ClassifierRelease<A>, FileError> {
    let bytes = std::fs::read(path).map_err(|error| FileError::Read(error.kind()))?;
    read_classifier(&bytes)
}

/// The same for the bytes of a file.
///
/// # Errors
/// As [`load_classifier`], but for [`FileError::Read`].
pub fn read_classifier<A: DescentAdjacency>(bytes: &[u8]) -> Result<ClassifierRelease<A>, FileError> {
    let file = Opened::new(bytes, FORMAT)?;
    let options: DescentOptions = file.parsed("options")?;
    let certificate: Certificate<PrivacyProfile<A>> = file.parsed("certificate")?;
    let mechanism = mechanism(&options, &certificate)?;
    let numbers = |name: &str| file.tensor(name)?.matrix();
    let rows = numbers(ROWS)?.into_vec();
    let ([rows], 3) = (&rows[..], file.tensors()) else { return Err(FileError::Inconsistent) };
    let parts =
        ClassifierParts { weights: numbers(WEIGHTS)?, centre: numbers(CENTRE)?.into_vec(), rows: *rows };
    let classifier = PrivateClassifier::from_parts(&mechanism, parts).ok_or(FileError::Inconsistent)?;
    Ok(Release::assume_released(classifier, certificate))
}

/// The mechanism that the certificate speaks of, if it is the one that it speaks of.
fn mechanism<A: DescentAdjacency>(
    options: &DescentOptions,
    certificate: &Certificate<PrivacyProfile<A>>,
) -> Result<DescentMechanism<A>, FileError> {
    let recorded = |name: &str| certificate.parameters().get(name);
    let mu: f64 = recorded("mu").and_then(|mu| mu.parse().ok()).ok_or(FileError::Inconsistent)?;
    // a long descent takes time to make anew: the steps must be those that the certificate has parts for
    let steps = certificate.parameters().keys().filter(|key| key.ends_with("squared_l2_sensitivity")).count();
    if steps != 1 + options.steps() as usize {
        return Err(FileError::Inconsistent);
    }
    let made = Mu::new(mu)
        .and_then(|mu| DescentMechanism::with_mu(options, certificate.guarantee().adjacency(), mu))
        .map_err(|_| FileError::Inconsistent)?;
    let stages = [made.centre(), made.step()];
    let consistent = made.profile() == certificate.guarantee()
        && records_only(certificate, "_sensitivity", &stages.map(|stage| stage.sensitivity().square()))
        && records_only(certificate, "noise_std", &stages.map(|stage| stage.noise_std().get()))
        && certificate.arithmetic() == ArithmeticModel::ExactLattice
        && target_is_met(certificate)
        && made.recorded().iter().all(|(name, value)| recorded(name) == Some(value));
    if consistent { Ok(made) } else { Err(FileError::Inconsistent) }
}
