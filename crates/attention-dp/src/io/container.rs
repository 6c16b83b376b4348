//! The file of a release: one integer tensor with its metadata.
//!
//! A safetensors file (so every tool for that format opens it) with exactly one tensor of type I64 and shape `(rows,
//! columns)`. Three metadata keys belong to the format:
//!
//! | key | value |
//! |---|---|
//! | `format` | `provable-dp.attention-moments` |
//! | `version` | `1` |
//! | `sha256` | digest of format, version, tensor name, shape, all steps and all other metadata |
//!
//! The same content always gives the same bytes. Reading checks everything before it returns anything: a truncated,
//! altered or foreign file is an error of its own kind.
//!
//! # What the digest is not
//! It finds damage, not forgery: whoever can write the file can also write a digest that fits. A loaded file is
//! therefore evidence about its content and not about the mechanism that made it; sign the file where that matters.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;

use safetensors::tensor::{Dtype, TensorInfo};
use serde_json::json;

use super::digest::digest;
use super::safetensors_header::{self, Header, LONGEST};
use super::{FileError, PIECE, atomic, length};

/// Value of the metadata key `format`.
pub const FORMAT: &str = "provable-dp.attention-moments";

/// Value of the metadata key `version`: the only one that this build reads and writes.
pub const VERSION: &str = "1";

const FORMAT_KEY: &str = "format";
const VERSION_KEY: &str = "version";
const DIGEST_KEY: &str = "sha256";

/// Name that safetensors itself gives a meaning.
const METADATA_NAME: &str = "__metadata__";

/// Bytes of one step in the file.
const STEP: usize = size_of::<i64>();

/// An integer tensor of shape `(rows, columns)` with a name and metadata.
///
/// ```
/// use attention_dp::io::{SavedTensor, container};
/// use std::collections::BTreeMap;
///
/// let metadata = BTreeMap::from([("degree".to_owned(), "4".to_owned())]);
/// let saved = SavedTensor { name: "moments".to_owned(), shape: (2, 1), steps: vec![-3, 7], metadata };
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("release.safetensors");
/// container::write_atomic(&path, &saved)?;
/// let loaded = container::read(&path)?;
/// assert_eq!(loaded, saved);
/// assert_eq!(loaded.require("degree")?, "4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedTensor {
    /// Name of the tensor; `__metadata__` is taken by safetensors.
    pub name: String,
    /// `(rows, columns)`.
    pub shape: (usize, usize),
    /// `rows · columns` integers, row after row.
    pub steps: Vec<i64>,
    /// Further entries; the keys `format`, `version` and `sha256` are taken.
    pub metadata: BTreeMap<String, String>,
}

impl SavedTensor {
    /// The metadata entry of this key.
    ///
    /// # Errors
    /// [`FileError::MissingMetadata`] when there is none.
    pub fn require(&self, key: &str) -> Result<&str, FileError> {
        let entry = self.metadata.get(key);
        entry.map(String::as_str).ok_or_else(|| FileError::MissingMetadata { key: key.to_owned() })
    }

    /// The metadata entry of this key, read as a `T`.
    ///
    /// # Errors
    /// [`FileError::MissingMetadata`] when there is none, [`FileError::BadMetadata`] when it is not a `T`.
    pub fn require_parsed<T: core::str::FromStr>(&self, key: &str) -> Result<T, FileError> {
        let found = self.require(key)?;
        let bad = |_| FileError::BadMetadata { key: key.to_owned(), found: found.to_owned() };
        found.parse().map_err(bad)
    }

    fn check(&self) -> Result<(), FileError> {
        if self.shape.0.checked_mul(self.shape.1) != Some(self.steps.len()) {
            return Err(FileError::ShapeMismatch { shape: self.shape, steps: self.steps.len() });
        }
        if self.name == METADATA_NAME {
            return Err(FileError::ReservedName { name: self.name.clone() });
        }
        for key in [FORMAT_KEY, VERSION_KEY, DIGEST_KEY] {
            if self.metadata.contains_key(key) {
                return Err(FileError::ReservedName { name: key.to_owned() });
            }
        }
        Ok(())
    }

    /// Length of the header and its text, padded so that the steps start at a multiple of 8.
    fn header(&self) -> Result<Vec<u8>, FileError> {
        let digest = digest(FORMAT, VERSION, self);
        let mut metadata: BTreeMap<&str, &str> =
            self.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        metadata.extend([(FORMAT_KEY, FORMAT), (VERSION_KEY, VERSION), (DIGEST_KEY, &digest)]);
        let (rows, columns) = self.shape;
        let info =
            json!({ "dtype": "I64", "shape": [rows, columns], "data_offsets": [0, STEP * self.steps.len()] });
        let mut text = json!({ METADATA_NAME: metadata, &self.name: info }).to_string().into_bytes();
        text.resize(text.len().next_multiple_of(STEP), b' ');
        let length = text.len() as u64;
        if length > LONGEST {
            return Err(FileError::HeaderTooLong { length, limit: LONGEST });
        }
        Ok([&length.to_le_bytes()[..], &text].concat())
    }
}

/// Writes a file as a whole or not at all.
///
/// A new file is written in the same directory, forced to the disk, and renamed to `path`: whoever reads `path` sees the
/// old content or all of the new one, also after a crash. After an error the old file is as it was, except when only
/// the last step failed, which forces the renaming itself to the disk.
///
/// # Errors
/// [`FileError::ShapeMismatch`] and [`FileError::ReservedName`] for a tensor that cannot be saved, before any file is
/// touched; [`FileError::Io`], [`FileError::NotFound`] and [`FileError::Write`] from the system.
pub fn write_atomic(path: impl AsRef<Path>, tensor: &SavedTensor) -> Result<(), FileError> {
    tensor.check()?;
    atomic::replace(path.as_ref(), |out| write_to(out, tensor))
}

/// Writes the bytes of the file to any destination, which may stay incomplete after an error.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_to(out: &mut impl Write, tensor: &SavedTensor) -> Result<(), FileError> {
    tensor.check()?;
    out.write_all(&tensor.header()?).map_err(FileError::write)?;
    for steps in tensor.steps.chunks(PIECE / STEP) {
        let bytes: Vec<u8> = steps.iter().flat_map(|step| step.to_le_bytes()).collect();
        out.write_all(&bytes).map_err(FileError::write)?;
    }
    Ok(())
}

/// Reads a file and checks all of it.
///
/// # Errors
/// [`FileError::Truncated`] and [`FileError::TrailingBytes`] for a wrong length, [`FileError::UnknownFormat`] for foreign
/// bytes, [`FileError::ForeignFile`] for a safetensors file of another origin, [`FileError::UnsupportedVersion`],
/// [`FileError::DigestMismatch`] for altered content, and the other kinds for headers that are damaged.
pub fn read(path: impl AsRef<Path>) -> Result<SavedTensor, FileError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|source| FileError::at(path, source))?;
    read_from(file)
}

/// The same for any source, which is read from its beginning.
///
/// # Errors
/// As [`read`].
pub fn read_from<R: Read + Seek>(mut reader: R) -> Result<SavedTensor, FileError> {
    let length = length(&mut reader)?;
    let header = Header::read(&mut reader, length)?;
    let (metadata, expected) = split_marks(header.metadata.metadata().clone().unwrap_or_default())?;
    let (name, info) = only_tensor(&header)?;
    let shape = matrix_shape(info)?;
    let steps = read_steps(&mut reader, info.data_offsets.1 / STEP)?;
    let tensor = SavedTensor { name, shape, steps, metadata };
    if digest(FORMAT, VERSION, &tensor) == expected { Ok(tensor) } else { Err(FileError::DigestMismatch) }
}

/// Takes the three marks of the format out of the metadata; the digest is returned.
fn split_marks(marked: HashMap<String, String>) -> Result<(BTreeMap<String, String>, String), FileError> {
    let mut metadata: BTreeMap<_, _> = marked.into_iter().collect();
    if metadata.remove(FORMAT_KEY).as_deref() != Some(FORMAT) {
        return Err(FileError::ForeignFile);
    }
    let mut take =
        |key: &str| metadata.remove(key).ok_or_else(|| FileError::MissingMetadata { key: key.to_owned() });
    let found = take(VERSION_KEY)?;
    if found != VERSION {
        return Err(FileError::UnsupportedVersion { found });
    }
    let digest = take(DIGEST_KEY)?;
    Ok((metadata, digest))
}

fn only_tensor(header: &Header) -> Result<(String, &TensorInfo), FileError> {
    let names = header.names();
    match <[String; 1]>::try_from(names) {
        Ok([name]) => {
            let info = header.metadata.info(&name).expect("the header lists this name");
            Ok((name, info))
        }
        Err(found) => Err(FileError::UnexpectedTensors { found }),
    }
}

fn matrix_shape(info: &TensorInfo) -> Result<(usize, usize), FileError> {
    match (info.dtype, &info.shape[..]) {
        (Dtype::I64, &[rows, columns]) => Ok((rows, columns)),
        (Dtype::I64, _) => Err(FileError::NotAMatrix { shape: safetensors_header::shape(info) }),
        (other, _) => Err(FileError::UnsupportedElement { found: other.to_string() }),
    }
}

/// The header has been compared with the length of the file, so `count` is not absurd.
fn read_steps<R: Read>(reader: &mut R, count: usize) -> Result<Vec<i64>, FileError> {
    let mut steps = Vec::with_capacity(count);
    let mut piece = vec![0; PIECE.min(count * STEP)];
    while steps.len() < count {
        let bytes = piece.len().min((count - steps.len()) * STEP);
        reader.read_exact(&mut piece[..bytes]).map_err(FileError::read)?;
        let (numbers, _) = piece[..bytes].as_chunks::<STEP>();
        steps.extend(numbers.iter().map(|&number| i64::from_le_bytes(number)));
    }
    Ok(steps)
}
