//! Saving and loading released moments, with the certificate in the file.

use super::FileError;
use super::sealed::{Opened, Tensor, records_only, save, target_is_met};
use crate::private::{
    FlatteningParts, NoisyMoments, RecordAdjacency, RecordMechanism, RecordOptions, ReleasedParts,
};
use dp_mechanisms::{
    ArithmeticModel, Certificate, Lattice, Mu, PrivacyProfile, Release, SymmetricLatticeMatrix,
};
use std::path::Path;

const FORMAT: &str = "provable-dp.record-moments";
const MOMENTS: &str = "moments";
const CENTRE: &str = "centre";

type MomentRelease<A> = Release<NoisyMoments, PrivacyProfile<A>>;

/// Saves a release as a safetensors file: the integers, the centre and the directions as tensors, options and certificate as metadata, with a
/// SHA-256 digest of everything. The file appears as a whole or not at all.
///
/// # Errors
/// [`FileError::Write`]; then an older file of that name is untouched.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Provenance, ReplaceRow, secure_rng};
/// use ntk_dp::io::{load_moments, save_moments};
/// use ntk_dp::private::{PrivateRecords, RecordOptions, private_moments};
///
/// let (features, labels) = (Mat::identity(3), [0_usize, 1, 1]);
/// let records = PrivateRecords::new(AddRemoveRow, (features.as_ref(), &labels[..]));
/// let options = RecordOptions::classes(3, 2)?.with_centre(0.1)?;
/// let release = private_moments(records, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("release.safetensors");
/// save_moments(&path, &release)?;
/// let loaded = load_moments::<AddRemoveRow>(&path)?;
/// assert_eq!(loaded.value(), release.value());
/// assert_eq!(loaded.provenance(), Provenance::Loaded);
/// assert!(load_moments::<ReplaceRow>(&path).is_err()); // saved under another adjacency
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_moments<A: RecordAdjacency>(
    path: impl AsRef<Path>,
    release: &MomentRelease<A>,
) -> Result<(), FileError> {
    let moments = release.value();
    let parts = moments.parts();
    let mut tensors = vec![Tensor::integers(MOMENTS, moments.lattice().packed())];
    if let Some(centre) = &parts.centre {
        tensors.push(Tensor::reals(CENTRE.to_owned(), (1, centre.len()), centre));
    }
    for (k, flattening) in parts.flattenings.iter().enumerate() {
        let directions = &flattening.directions;
        tensors.push(Tensor::reals(directions_name(k), directions.shape(), directions.as_slice()));
        tensors.push(Tensor::reals(factors_name(k), (1, flattening.factors.len()), &flattening.factors));
    }
    save(path.as_ref(), FORMAT, (moments.options(), release.certificate()), &tensors)
}

/// Loads a release that was saved under the adjacency `A`.
///
/// Beyond the integrity of the file it is checked that options, noise, guarantee and shapes belong together: the mechanism is made anew from
/// the options and `μ`, and its guarantee must be the one that the certificate states.
///
/// # Errors
/// [`FileError::Read`], [`FileError::ForeignFile`], [`FileError::Digest`] for altered content, [`FileError::Inconsistent`] for contradictions or another
/// adjacency. A digest finds damage, not forgery.
pub fn load_moments<A: RecordAdjacency>(path: impl AsRef<Path>) -> Result<MomentRelease<A>, FileError> {
    let bytes = std::fs::read(path).map_err(|error| FileError::Read(error.kind()))?;
    read_moments(&bytes)
}

/// The same for the bytes of a file.
///
/// # Errors
/// As [`load_moments`], but for [`FileError::Read`].
pub fn read_moments<A: RecordAdjacency>(bytes: &[u8]) -> Result<MomentRelease<A>, FileError> {
    let file = Opened::new(bytes, FORMAT)?;
    let options: RecordOptions = file.parsed("options")?;
    let certificate: Certificate<PrivacyProfile<A>> = file.parsed("certificate")?;
    let parts = released_parts(&file, &options)?;
    let mechanism = mechanism(&options, &certificate)?;
    let steps = file.tensor(MOMENTS)?.integers_in()?;
    let zero = Lattice::new(0).map_err(|_| FileError::Inconsistent)?;
    let lattice = SymmetricLatticeMatrix::new(steps, zero).map_err(|_| FileError::Inconsistent)?;
    let moments = NoisyMoments::from_parts(&mechanism, parts, lattice).ok_or(FileError::Inconsistent)?;
    Ok(Release::assume_released(moments, certificate))
}

/// The mechanism that the certificate speaks of, if it is the one that it speaks of.
fn mechanism<A: RecordAdjacency>(
    options: &RecordOptions,
    certificate: &Certificate<PrivacyProfile<A>>,
) -> Result<RecordMechanism<A>, FileError> {
    let mu: f64 =
        certificate.parameters().get("mu").and_then(|mu| mu.parse().ok()).ok_or(FileError::Inconsistent)?;
    let made = Mu::new(mu)
        .and_then(|mu| RecordMechanism::with_mu(options, certificate.guarantee().adjacency(), mu))
        .map_err(|_| FileError::Inconsistent)?;
    let recorded = |(name, value): &(&str, String)| certificate.parameters().get(*name) == Some(value);
    let consistent = made.profile() == certificate.guarantee()
        && certificate.arithmetic() == ArithmeticModel::ExactLattice
        && target_is_met(certificate)
        && made.recorded().iter().all(recorded)
        && is_of(certificate, &made);
    if consistent { Ok(made) } else { Err(FileError::Inconsistent) }
}

/// Whether sensitivities and noise of all stages are those of this mechanism.
fn is_of<A: RecordAdjacency>(
    certificate: &Certificate<PrivacyProfile<A>>,
    mechanism: &RecordMechanism<A>,
) -> bool {
    let matrices = [Some(mechanism.moments()), mechanism.flattening()].into_iter().flatten();
    let (mut squares, mut noise) = (Vec::new(), Vec::new());
    for matrix in matrices {
        squares.push(matrix.sensitivity().square());
        noise.extend([matrix.noise().diagonal(), matrix.noise().off_diagonal()].map(|n| n.noise_std().get()));
    }
    if let Some(centre) = mechanism.centre() {
        squares.push(centre.sensitivity().square());
        noise.push(centre.noise_std().get());
    }
    records_only(certificate, "_sensitivity", &squares) && records_only(certificate, "noise_std", &noise)
}

fn directions_name(round: usize) -> String {
    format!("directions.{round}")
}

fn factors_name(round: usize) -> String {
    format!("factors.{round}")
}

/// Centre and directions, and no tensor beside them and the moments.
fn released_parts(file: &Opened, options: &RecordOptions) -> Result<ReleasedParts, FileError> {
    let centre = match options.centre() {
        Some(_) => Some(file.tensor(CENTRE)?.matrix()?.into_vec()),
        None => None,
    };
    let mut flattenings = Vec::new();
    for k in 0..options.flattening_rounds() as usize {
        let directions = file.tensor(&directions_name(k))?.matrix()?;
        let factors = file.tensor(&factors_name(k))?.matrix()?.into_vec();
        flattenings.push(FlatteningParts { directions, factors });
    }
    let expected = 1 + usize::from(centre.is_some()) + 2 * flattenings.len();
    if file.tensors() == expected {
        Ok(ReleasedParts { centre, flattenings })
    } else {
        Err(FileError::Inconsistent)
    }
}
