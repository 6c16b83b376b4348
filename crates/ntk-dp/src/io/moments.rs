//! Saving and loading released moments, with the certificate in the file.

use super::FileError;
use crate::private::{
    FlatteningParts, NoisyMoments, RecordAdjacency, RecordMechanism, RecordOptions, ReleasedParts,
};
use dp_linalg::Mat;
use dp_mechanisms::{
    ArithmeticModel, Certificate, Lattice, Mu, PrivacyProfile, Release, SymmetricLatticeMatrix,
};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

const FORMAT: &str = "provable-dp.record-moments";
const VERSION: &str = "1";
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
    let text = |error: serde_json::Error| {
        FileError::Write(error.io_error_kind().unwrap_or(std::io::ErrorKind::Other))
    };
    let mut metadata = HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        ("version".to_owned(), VERSION.to_owned()),
        ("options".to_owned(), serde_json::to_string(moments.options()).map_err(text)?),
        ("certificate".to_owned(), serde_json::to_string(release.certificate()).map_err(text)?),
    ]);
    metadata.insert("sha256".to_owned(), digest(&metadata, &tensors));
    let views = tensors.iter().map(|tensor| Ok((&tensor.name[..], tensor.view()?)));
    let views = views.collect::<Result<Vec<_>, FileError>>()?;
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|_| FileError::ForeignFile)?;
    replace(path.as_ref(), &bytes).map_err(|error| FileError::Write(error.kind()))
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
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|_| FileError::ForeignFile)?;
    let mut metadata = header.metadata().clone().ok_or(FileError::ForeignFile)?;
    let is = |key: &str, value: &str| metadata.get(key).is_some_and(|found| found == value);
    if !is("format", FORMAT) || !is("version", VERSION) {
        return Err(FileError::ForeignFile);
    }
    let file = SafeTensors::deserialize(bytes).map_err(|_| FileError::ForeignFile)?;
    let tensors = file.tensors().into_iter().map(|(name, view)| Tensor::of(name, &view));
    let tensors = tensors.collect::<Result<Vec<_>, FileError>>()?;
    let stated = metadata.remove("sha256").ok_or(FileError::ForeignFile)?;
    if digest(&metadata, &tensors) != stated {
        return Err(FileError::Digest);
    }
    let options: RecordOptions = parsed(&metadata, "options")?;
    let certificate: Certificate<PrivacyProfile<A>> = parsed(&metadata, "certificate")?;
    let parts = released_parts(&tensors, &options)?;
    let mechanism = mechanism(&options, &certificate)?;
    let steps = integers(&tensors)?;
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
        && made.recorded().iter().all(recorded);
    if consistent { Ok(made) } else { Err(FileError::Inconsistent) }
}

fn directions_name(round: usize) -> String {
    format!("directions.{round}")
}

fn factors_name(round: usize) -> String {
    format!("factors.{round}")
}

/// A tensor of two dimensions as bytes, little-endian.
struct Tensor {
    name: String,
    dtype: Dtype,
    shape: (usize, usize),
    bytes: Vec<u8>,
}

impl Tensor {
    fn integers(name: &str, values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name: name.to_owned(), dtype: Dtype::I64, shape: (1, values.len()), bytes }
    }

    fn reals(name: String, shape: (usize, usize), values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F64, shape, bytes }
    }

    fn of(name: String, view: &TensorView<'_>) -> Result<Self, FileError> {
        let &[rows, columns] = view.shape() else { return Err(FileError::ForeignFile) };
        Ok(Self { name, dtype: view.dtype(), shape: (rows, columns), bytes: view.data().to_vec() })
    }

    fn view(&self) -> Result<TensorView<'_>, FileError> {
        let shape = vec![self.shape.0, self.shape.1];
        TensorView::new(self.dtype, shape, &self.bytes).map_err(|_| FileError::ForeignFile)
    }

    fn words(&self, dtype: Dtype) -> Result<impl Iterator<Item = [u8; 8]>, FileError> {
        let (words, rest) = self.bytes.as_chunks::<8>();
        if self.dtype == dtype && rest.is_empty() {
            Ok(words.iter().copied())
        } else {
            Err(FileError::ForeignFile)
        }
    }

    fn matrix(&self) -> Result<Mat, FileError> {
        let values = self.words(Dtype::F64)?.map(f64::from_le_bytes).collect();
        Mat::from_vec(self.shape.0, self.shape.1, values).map_err(|_| FileError::ForeignFile)
    }
}

fn integers(tensors: &[Tensor]) -> Result<Vec<i64>, FileError> {
    let moments = tensors.iter().find(|tensor| tensor.name == MOMENTS).ok_or(FileError::Inconsistent)?;
    Ok(moments.words(Dtype::I64)?.map(i64::from_le_bytes).collect())
}

/// Centre and directions, and no tensor beside them and the moments.
fn released_parts(tensors: &[Tensor], options: &RecordOptions) -> Result<ReleasedParts, FileError> {
    let matrix =
        |name: &str| tensors.iter().find(|tensor| tensor.name == name).map(Tensor::matrix).transpose();
    let centre = matrix(CENTRE)?.map(Mat::into_vec);
    let mut flattenings = Vec::new();
    for k in 0..options.flattening_rounds() as usize {
        let directions = matrix(&directions_name(k))?.ok_or(FileError::Inconsistent)?;
        let factors = matrix(&factors_name(k))?.ok_or(FileError::Inconsistent)?.into_vec();
        flattenings.push(FlatteningParts { directions, factors });
    }
    let expected = 1 + usize::from(centre.is_some()) + 2 * flattenings.len();
    if tensors.len() == expected {
        Ok(ReleasedParts { centre, flattenings })
    } else {
        Err(FileError::Inconsistent)
    }
}

fn parsed<T: DeserializeOwned>(metadata: &HashMap<String, String>, key: &str) -> Result<T, FileError> {
    let text = metadata.get(key).ok_or(FileError::ForeignFile)?;
    serde_json::from_str(text).map_err(|_| FileError::Inconsistent)
}

/// Of all metadata and tensors by name, each text preceded by its length.
fn digest(metadata: &HashMap<String, String>, tensors: &[Tensor]) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    let mut entries: Vec<_> = metadata.iter().collect();
    entries.sort();
    add(&(entries.len() as u64).to_le_bytes());
    for (key, value) in entries {
        add(key.as_bytes());
        add(value.as_bytes());
    }
    let mut sorted: Vec<_> = tensors.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for tensor in sorted {
        add(tensor.name.as_bytes());
        add(format!("{:?} {:?}", tensor.dtype, tensor.shape).as_bytes());
        add(&tensor.bytes);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String does not fail");
        hex
    })
}

/// Writes beside `path`, forces it to the disk, and renames.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".saving-").tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|failed| failed.error)
}
