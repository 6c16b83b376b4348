//! The header of safetensors files.
//!
//! ```text
//! length (u64, little-endian)  JSON text of that length, from its first byte '{'  data
//! ```

use std::io::Read;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::element::{ByteOrder, Element};
use super::layout::Layout;
use super::{FileError, check_length, read_exactly};

/// The limit of the format's reference implementation.
pub(super) const LONGEST: u64 = 100_000_000;

/// Bytes before the text.
pub(super) const PREFIX: u64 = 8;

/// A header whose tensors fill the file without gap or overlap.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) metadata: Metadata,
    /// First byte behind the header.
    pub(super) start: u64,
}

impl Header {
    /// Reads the header of a file of `length` bytes from its beginning.
    pub(super) fn read<R: Read>(reader: &mut R, length: u64) -> Result<Self, FileError> {
        if length <= PREFIX {
            return Err(FileError::Truncated { expected: PREFIX + 1, found: length });
        }
        let prefix = read_exactly(reader, 9)?;
        let (text_length, first) = split_prefix(&prefix);
        if first != b'{' {
            return Err(FileError::UnknownFormat);
        }
        if text_length > LONGEST {
            return Err(FileError::HeaderTooLong { length: text_length, limit: LONGEST });
        }
        let start = PREFIX + text_length;
        if length < start {
            return Err(FileError::Truncated { expected: start, found: length });
        }
        let mut text = vec![first];
        text.extend(read_exactly(reader, (text_length as usize).saturating_sub(1))?);
        let metadata = parse(&text)?;
        check_length(start.saturating_add(metadata.data_len() as u64), length)?;
        Ok(Self { metadata, start })
    }

    /// Names of the tensors, in alphabetical order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.sort_unstable();
        names
    }

    /// The matrix of this name, or the only one.
    pub(super) fn layout(&self, wanted: Option<&str>) -> Result<Layout, FileError> {
        let info = self.tensor(wanted)?;
        let found = || FileError::UnsupportedElement { found: info.dtype.to_string() };
        let element = element(info.dtype).ok_or_else(found)?;
        let start = self.start + info.data_offsets.0 as u64;
        Layout::new(&shape(info), element, ByteOrder::Little, start)
    }

    fn tensor(&self, wanted: Option<&str>) -> Result<&TensorInfo, FileError> {
        let available = self.names();
        match (wanted, &available[..]) {
            (Some(name), _) => self
                .metadata
                .info(name)
                .ok_or_else(|| FileError::TensorNotFound { wanted: name.to_owned(), available }),
            (None, [only]) => Ok(self.metadata.info(only).expect("the header lists this name")),
            (None, _) => Err(FileError::TensorNotNamed { available }),
        }
    }
}

/// Shape of a tensor as the errors tell it.
pub(super) fn shape(info: &TensorInfo) -> Vec<u64> {
    info.shape.iter().map(|&extent| extent as u64).collect()
}

/// Length of the text, and its first byte.
fn split_prefix(prefix: &[u8]) -> (u64, u8) {
    let (length, first) = prefix.split_at(PREFIX as usize);
    (u64::from_le_bytes(length.try_into().expect("the prefix has nine bytes")), first[0])
}

/// The parser checks that offsets, shapes and element types agree.
fn parse(text: &[u8]) -> Result<Metadata, FileError> {
    serde_json::from_slice(text).map_err(|source| FileError::SafetensorsHeader { source: Box::new(source) })
}

const fn element(dtype: Dtype) -> Option<Element> {
    Some(match dtype {
        Dtype::BOOL => Element::Bool,
        Dtype::U8 => Element::U8,
        Dtype::I8 => Element::I8,
        Dtype::U16 => Element::U16,
        Dtype::I16 => Element::I16,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::U32 => Element::U32,
        Dtype::I32 => Element::I32,
        Dtype::F32 => Element::F32,
        Dtype::U64 => Element::U64,
        Dtype::I64 => Element::I64,
        Dtype::F64 => Element::F64,
        _ => return None,
    })
}
