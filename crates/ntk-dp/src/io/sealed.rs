//! A release in one file: tensors, options and certificate, under a digest of everything.

use super::FileError;
use dp_linalg::Mat;
use dp_mechanisms::{Adjacency, Certificate, PrivacyProfile};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::str::FromStr;

const VERSION: &str = "1";

/// Writes a safetensors file with options and certificate as metadata, as a whole or not at all.
pub(super) fn save<O: Serialize, C: Serialize>(
    path: &Path,
    format: &str,
    (options, certificate): (&O, &C),
    tensors: &[Tensor],
) -> Result<(), FileError> {
    let text = |error: serde_json::Error| {
        FileError::Write(error.io_error_kind().unwrap_or(std::io::ErrorKind::Other))
    };
    let mut metadata = HashMap::from([
        ("format".to_owned(), format.to_owned()),
        ("version".to_owned(), VERSION.to_owned()),
        ("options".to_owned(), serde_json::to_string(options).map_err(text)?),
        ("certificate".to_owned(), serde_json::to_string(certificate).map_err(text)?),
    ]);
    metadata.insert("sha256".to_owned(), digest(&metadata, tensors));
    let views = tensors.iter().map(|tensor| Ok((&tensor.name[..], tensor.view()?)));
    let views = views.collect::<Result<Vec<_>, FileError>>()?;
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|_| FileError::ForeignFile)?;
    replace(path, &bytes).map_err(|error| FileError::Write(error.kind()))
}

/// What a file holds, if the digest fits.
pub(super) struct Opened {
    metadata: HashMap<String, String>,
    tensors: Vec<Tensor>,
}

impl Opened {
    pub(super) fn new(bytes: &[u8], format: &str) -> Result<Self, FileError> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|_| FileError::ForeignFile)?;
        let mut metadata = header.metadata().clone().ok_or(FileError::ForeignFile)?;
        let is = |key: &str, value: &str| metadata.get(key).is_some_and(|found| found == value);
        if !is("format", format) || !is("version", VERSION) {
            return Err(FileError::ForeignFile);
        }
        let file = SafeTensors::deserialize(bytes).map_err(|_| FileError::ForeignFile)?;
        let tensors = file.tensors().into_iter().map(|(name, view)| Tensor::of(name, &view));
        let tensors = tensors.collect::<Result<Vec<_>, FileError>>()?;
        let stated = metadata.remove("sha256").ok_or(FileError::ForeignFile)?;
        if digest(&metadata, &tensors) != stated {
            return Err(FileError::Digest);
        }
        Ok(Self { metadata, tensors })
    }

    pub(super) fn parsed<T: DeserializeOwned>(&self, key: &str) -> Result<T, FileError> {
        let text = self.metadata.get(key).ok_or(FileError::ForeignFile)?;
        serde_json::from_str(text).map_err(|_| FileError::Inconsistent)
    }

    pub(super) fn tensor(&self, name: &str) -> Result<&Tensor, FileError> {
        self.tensors.iter().find(|tensor| tensor.name == name).ok_or(FileError::Inconsistent)
    }

    /// Their number.
    pub(super) fn tensors(&self) -> usize {
        self.tensors.len()
    }
}

/// A tensor of two dimensions as bytes, little-endian.
pub(super) struct Tensor {
    pub(super) name: String,
    dtype: Dtype,
    shape: (usize, usize),
    bytes: Vec<u8>,
}

impl Tensor {
    pub(super) fn integers(name: &str, values: &[i64]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { name: name.to_owned(), dtype: Dtype::I64, shape: (1, values.len()), bytes }
    }

    pub(super) fn reals(name: String, shape: (usize, usize), values: &[f64]) -> Self {
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

    pub(super) fn matrix(&self) -> Result<Mat, FileError> {
        // a round that flattened nothing has no columns, and then any number of rows fits into no bytes
        if self.shape.1 == 0 && self.shape.0 > MOST_EMPTY_ROWS {
            return Err(FileError::ForeignFile);
        }
        let values = self.words(Dtype::F64)?.map(f64::from_le_bytes).collect();
        Mat::from_vec(self.shape.0, self.shape.1, values).map_err(|_| FileError::ForeignFile)
    }

    pub(super) fn integers_in(&self) -> Result<Vec<i64>, FileError> {
        Ok(self.words(Dtype::I64)?.map(i64::from_le_bytes).collect())
    }
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

/// Rows of a matrix without columns: more than any release has.
const MOST_EMPTY_ROWS: usize = 1 << 24;

/// Writes beside `path`, forces it to the disk, and renames.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".saving-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666)); // as of any new file: the umask applies
    }
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failed| failed.error)?;
    #[cfg(unix)]
    std::fs::File::open(directory)?.sync_all()?; // and its new name
    Ok(())
}

/// Whether the guarantee is what was asked for, if the certificate says what was.
pub(super) fn target_is_met<A: Adjacency>(certificate: &Certificate<PrivacyProfile<A>>) -> bool {
    let recorded = |key: &str| certificate.parameters().get(key);
    match (recorded("target_epsilon"), recorded("target_delta")) {
        (None, None) => true,
        (Some(epsilon), Some(delta)) => {
            let number = |text: &str| text.parse::<f64>().ok();
            let target = number(epsilon).zip(number(delta));
            target.is_some_and(|(epsilon, delta)| certificate.guarantee().delta(epsilon) <= delta)
        }
        _ => false,
    }
}

/// Whether all that a certificate records under names with this end, of composed and of joined releases, is among `values`.
pub(super) fn records_only<G, T: FromStr + PartialEq>(
    certificate: &Certificate<G>,
    end: &str,
    values: &[T],
) -> bool {
    let recorded = certificate.parameters().iter().filter(|(name, _)| name.ends_with(end));
    let is_known = |text: &str| text.parse().is_ok_and(|value| values.contains(&value));
    recorded.flat_map(|(_, value)| value.split("; ")).all(is_known)
}
