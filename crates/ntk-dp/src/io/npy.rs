//! Arrays as numpy saves them.

use super::{FileError, read_all};
use dp_linalg::Mat;
use std::io::Read;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads an array of `f64`, `f32` or bytes, in row order and little-endian, as a matrix: one row for each index of the first dimension. Values
/// are taken as they are. Gzip is recognised.
///
/// Reads what `numpy.save` writes, not every dictionary that would mean the same.
///
/// # Errors
/// [`FileError::Read`], [`FileError::Magic`], [`FileError::Array`] for other types, orders and headers, [`FileError::Bytes`] when the data are not as long as the
/// header says.
///
/// ```
/// let mut file = b"\x93NUMPY\x01\x00\x3c\x00".to_vec(); // version 1.0, a header of 60 bytes
/// file.extend(format!("{:60}", "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }").bytes());
/// file.extend([1, 2, 3, 4, 5, 6]);
/// let matrix = ntk_dp::io::read_npy(&file[..])?;
/// assert_eq!((matrix.shape(), matrix.row(2)), ((3, 2), &[5.0, 6.0][..]));
/// # Ok::<(), ntk_dp::io::FileError>(())
/// ```
pub fn read_npy(source: impl Read) -> Result<Mat, FileError> {
    let bytes = read_all(source)?;
    let found = bytes.len() as u64;
    let short = |expected: u64| FileError::Bytes { expected, found };
    let (prefix, rest) = bytes.split_first_chunk::<8>().ok_or_else(|| short(8))?;
    if !prefix.starts_with(MAGIC) {
        let [a, b, c, d, ..] = *prefix;
        return Err(FileError::Magic { found: [a, b, c, d] });
    }
    let width = match (prefix[6], prefix[7]) {
        (1, 0) => 2,
        (2 | 3, 0) => 4,
        _ => return Err(FileError::Array),
    };
    let number = rest.get(..width).ok_or_else(|| short(8 + width as u64))?;
    let length = number.iter().rev().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    let rest = &rest[width..];
    let header = rest.get(..length).ok_or_else(|| short((8 + width + length) as u64))?;
    let (element, rows, columns) = parse(header).ok_or(FileError::Array)?;
    let data = &rest[length..];
    let needed = rows.checked_mul(columns).and_then(|count| count.checked_mul(element.size()));
    let needed = needed.ok_or(FileError::Array)?;
    if data.len() != needed {
        return Err(short((8 + width + length).saturating_add(needed) as u64));
    }
    Mat::from_vec(rows, columns, element.decode(data)).map_err(|_| FileError::Array)
}

#[derive(Clone, Copy)]
enum Element {
    Double,
    Single,
    Byte,
}

impl Element {
    const fn size(self) -> usize {
        match self {
            Self::Double => 8,
            Self::Single => 4,
            Self::Byte => 1,
        }
    }

    fn decode(self, data: &[u8]) -> Vec<f64> {
        match self {
            Self::Double => data.as_chunks::<8>().0.iter().map(|x| f64::from_le_bytes(*x)).collect(),
            Self::Single => data.as_chunks::<4>().0.iter().map(|x| f32::from_le_bytes(*x).into()).collect(),
            Self::Byte => data.iter().map(|&x| x.into()).collect(),
        }
    }
}

/// Type, rows, and entries a row.
fn parse(header: &[u8]) -> Option<(Element, usize, usize)> {
    let text = core::str::from_utf8(header).ok()?.trim();
    let text = text.strip_prefix("{'descr': '")?;
    let (descr, text) = text.split_once("', 'fortran_order': False, 'shape': (")?;
    let (shape, end) = text.split_once(')')?;
    if !matches!(end.trim_start_matches([',', ' ']), "}") {
        return None;
    }
    let element = match descr {
        "<f8" => Element::Double,
        "<f4" => Element::Single,
        "|u1" => Element::Byte,
        _ => return None,
    };
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
    let lengths: Option<Vec<usize>> = lengths.map(|length| length.parse().ok()).collect();
    let (rows, rest) = lengths.as_ref()?.split_first()?;
    let columns = rest.iter().try_fold(1_usize, |count, length| count.checked_mul(*length))?;
    (columns > 0 || *rows == 0).then_some((element, *rows, columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
    }

    #[test]
    fn every_type_and_number_of_dimensions_is_read() {
        let doubles: Vec<u8> = [1.5_f64, f64::NAN].iter().flat_map(|x| x.to_le_bytes()).collect();
        let found = read_npy(&file(&header("<f8", "(2,)"), &doubles)[..]).unwrap();
        assert!(found.shape() == (2, 1) && found[(0, 0)] == 1.5 && found[(1, 0)].is_nan());
        let singles: Vec<u8> = [0.5_f32; 12].iter().flat_map(|x| x.to_le_bytes()).collect();
        let found = read_npy(&file(&header("<f4", "(2, 3, 2)"), &singles)[..]).unwrap();
        assert_eq!((found.shape(), found.row(1)), ((2, 6), &[0.5; 6][..]));
        let empty = read_npy(&file(&header("|u1", "(0, 4)"), &[])[..]).unwrap();
        assert_eq!(empty.shape(), (0, 4));
        let mut second = file(&header("|u1", "(1, 1)"), &[7]);
        second[6] = 2;
        second.splice(10..10, [0, 0]);
        assert_eq!(read_npy(&second[..]).unwrap()[(0, 0)], 7.0);
    }

    #[test]
    fn damaged_files_say_what_is_wrong() {
        let whole = file(&header("|u1", "(2, 3)"), &[0; 6]);
        for length in 0..whole.len() {
            let found = length as u64;
            let refused = read_npy(&whole[..length]).unwrap_err();
            assert!(
                matches!(refused, FileError::Bytes { expected, found: seen } if seen == found && expected > found)
            );
        }
        let long = [&whole[..], &[0]].concat();
        let expected = whole.len() as u64;
        assert_eq!(read_npy(&long[..]).unwrap_err(), FileError::Bytes { expected, found: expected + 1 });
        assert!(matches!(read_npy(&b"\x89PNG\r\n\x1a\n"[..]), Err(FileError::Magic { .. })));
        for wrong in [
            header("<f8", "()"),
            header("<f2", "(2, 3)"),
            header(">f8", "(2, 3)"),
            header("|u1", "(2, x)"),
            header("|u1", "(18446744073709551615, 18446744073709551615)"),
            header("<f8", "(4611686018427387904, 1)"),
            header("|u1", "(2, 3)").replace("False", "True"),
            header("|u1", "(2, 3)").replace(", }", ", 'more': 1}"),
            "{}".to_owned(),
        ] {
            assert_eq!(read_npy(&file(&wrong, &[0; 6])[..]).unwrap_err(), FileError::Array, "{wrong}");
        }
    }
}
