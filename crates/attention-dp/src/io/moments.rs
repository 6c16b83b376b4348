//! Saving and loading released moments, with the certificate in the file.

use super::{FileError, SavedTensor, container};
use crate::error::Error;
use crate::options::MomentOptions;
use crate::private::{AttentionMoments, MomentGeometry};
use crate::sensitivity::MomentAdjacency;
use core::str::FromStr;
use dp_mechanisms::{
    ArithmeticModel, Certificate, LatticeGaussian, LatticeL2Sensitivity, NoiseStd, PrivacyProfile, Release,
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

const TENSOR: &str = "moments";
const OPTIONS: &str = "options";
const CERTIFICATE: &str = "certificate";

/// What is saved and loaded: moments under the guarantee of the adjacency `A`.
type MomentRelease<A> = Release<AttentionMoments, PrivacyProfile<A>>;

/// Saves a release: the integers as the tensor `moments`, options and certificate as metadata. Atomic.
///
/// # Errors
///
/// [`Error::File`] if the file cannot be written; then an older file of that name is untouched.
///
/// # Example
///
/// ```
/// use attention_dp::io::{load_moments, save_moments};
/// use attention_dp::{Bounds, MomentOptions, PrivateMoments, Shape};
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Provenance, ReplaceRow, secure_rng};
///
/// let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let options = MomentOptions::new(shape, bounds, 2);
/// let empty = PrivateMoments::new(AddRemoveRow, options)?;
/// let release = empty.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("release.safetensors");
/// save_moments(&path, &release)?;
/// let loaded = load_moments::<AddRemoveRow>(&path)?;
/// assert_eq!(loaded.value().steps(), release.value().steps());
/// assert_eq!(loaded.provenance(), Provenance::Loaded);
/// assert!(load_moments::<ReplaceRow>(&path).is_err()); // saved under another adjacency
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save_moments<A: MomentAdjacency>(
    path: impl AsRef<Path>,
    release: &MomentRelease<A>,
) -> Result<(), Error> {
    let moments = release.value();
    let geometry = moments.geometry();
    let metadata = BTreeMap::from([
        (OPTIONS.to_owned(), to_json(OPTIONS, geometry.options())?),
        (CERTIFICATE.to_owned(), to_json(CERTIFICATE, release.certificate())?),
    ]);
    let shape = (geometry.feature_count(), geometry.columns());
    let saved = SavedTensor { name: TENSOR.to_owned(), shape, steps: moments.steps().to_vec(), metadata };
    Ok(container::write_atomic(path, &saved)?)
}

/// Loads a release that was saved under the adjacency `A`.
///
/// Beyond the integrity of the file it is checked that options, shape, noise, arithmetic and guarantee belong together: the
/// guarantee is derived anew from the recorded sensitivity and noise, must be the one that the certificate states, and
/// the sensitivity must cover that of the options.
///
/// # Errors
///
/// [`Error::File`] for a damaged, foreign or inconsistent file, or another adjacency. A digest finds damage, not forgery.
pub fn load_moments<A: MomentAdjacency>(path: impl AsRef<Path>) -> Result<MomentRelease<A>, Error> {
    let saved = container::read(path)?;
    let options: MomentOptions = from_json(OPTIONS, &saved)?;
    let certificate: Certificate<PrivacyProfile<A>> = from_json(CERTIFICATE, &saved)?;
    let geometry = MomentGeometry::new(options)?;
    let adjacency = certificate.guarantee().adjacency();
    let noise_std = NoiseStd::new(recorded(&certificate, "noise_std")?)?;
    let covered =
        LatticeL2Sensitivity::from_square(recorded(&certificate, "squared_l2_sensitivity")?, adjacency)?;
    let derived = LatticeGaussian::with_noise_std(noise_std, covered)?;
    let consistent = derived.profile() == certificate.guarantee()
        && certificate.arithmetic() == ArithmeticModel::ExactLattice
        && covered.square() >= adjacency.sensitivity(&geometry)?.square()
        && target_is_met(&certificate)?
        && geometry
            .options()
            .recorded()
            .iter()
            .all(|(name, value)| certificate.parameters().get(*name) == Some(value))
        && saved.name == TENSOR
        && saved.shape == (geometry.feature_count(), geometry.columns());
    if !consistent {
        return Err(FileError::Inconsistent.into());
    }
    Ok(Release::assume_released(AttentionMoments::new(geometry, saved.steps, Some(noise_std)), certificate))
}

/// Whether the guarantee is what was asked for, if the certificate says what was.
fn target_is_met<A: MomentAdjacency>(
    certificate: &Certificate<PrivacyProfile<A>>,
) -> Result<bool, FileError> {
    if !certificate.parameters().contains_key("target_epsilon") {
        return Ok(true);
    }
    let (epsilon, delta) =
        (recorded(certificate, "target_epsilon")?, recorded::<A, f64>(certificate, "target_delta")?);
    Ok(certificate.guarantee().delta(epsilon) <= delta)
}

/// A public parameter of the certificate.
fn recorded<A, T: FromStr>(certificate: &Certificate<PrivacyProfile<A>>, key: &str) -> Result<T, FileError> {
    let text = certificate
        .parameters()
        .get(key)
        .ok_or_else(|| FileError::MissingMetadata { key: key.to_owned() })?;
    text.parse().map_err(|_| FileError::BadMetadata { key: key.to_owned(), found: text.clone() })
}

fn to_json(key: &'static str, value: &impl serde::Serialize) -> Result<String, FileError> {
    serde_json::to_string(value).map_err(|source| FileError::Metadata { key, source })
}

fn from_json<T: DeserializeOwned>(key: &'static str, saved: &SavedTensor) -> Result<T, FileError> {
    serde_json::from_str(saved.require(key)?).map_err(|source| FileError::Metadata { key, source })
}
