//! The file of a release: what is saved comes back, and nothing else does.

#![allow(clippy::unwrap_used, reason = "helpers of tests, whose files are valid by construction")]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Cursor;

use attention_dp::io::{FileError, MatrixReader, SavedTensor, container};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

fn metadata(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn small() -> SavedTensor {
    SavedTensor {
        name: "moments".into(),
        shape: (2, 3),
        steps: vec![i64::MIN, -1, 0, 1, 1 << 53, i64::MAX],
        metadata: metadata(&[("adjacency", "AddRemoveRow"), ("certificate", r#"{"rho":0.5,"σ":"1e3"}"#)]),
    }
}

fn encode(tensor: &SavedTensor) -> Vec<u8> {
    let mut bytes = Vec::new();
    container::write_to(&mut bytes, tensor).unwrap();
    bytes
}

fn decode(bytes: &[u8]) -> Result<SavedTensor, FileError> {
    container::read_from(Cursor::new(bytes))
}

/// A safetensors file of the reference implementation with these marks.
fn foreign(marks: &[(&str, &str)], tensors: &[(&str, Dtype, &[usize])]) -> Vec<u8> {
    let marks: HashMap<_, _> = metadata(marks).into_iter().collect();
    let bytes = [0; 64];
    let views = tensors.iter().map(|&(name, dtype, shape)| {
        let length = shape.iter().product::<usize>() * dtype.bitsize() / 8;
        (name, TensorView::new(dtype, shape.to_vec(), &bytes[..length]).unwrap())
    });
    serialize(views, Some(marks)).unwrap()
}

#[test]
fn extreme_integers_and_all_metadata_come_back() {
    assert_eq!(decode(&encode(&small())).unwrap(), small());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.safetensors");
    container::write_atomic(&path, &small()).unwrap();
    assert_eq!(container::read(&path).unwrap(), small());
    assert_eq!(fs::read(&path).unwrap(), encode(&small()), "the same content must give the same bytes");
}

#[test]
fn the_reference_implementation_of_safetensors_reads_the_same() {
    let bytes = encode(&small());
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("moments").unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::I64, &[2, 3][..]));
    let steps: Vec<u8> = small().steps.iter().flat_map(|step| step.to_le_bytes()).collect();
    assert_eq!(tensor.data(), steps);
    let (length, header) = SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(length % 8, 0, "the steps must be aligned");
    let found = header.metadata().clone().unwrap();
    assert_eq!(found["format"], container::FORMAT);
    assert_eq!(found["adjacency"], "AddRemoveRow");
}

#[test]
fn a_file_that_another_tool_wrote_again_is_still_whole() {
    let bytes = encode(&small());
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let again = serialize(file.tensors(), header.metadata().clone()).unwrap();
    assert_eq!(decode(&again).unwrap(), small());
}

#[test]
fn the_digest_is_the_documented_one() {
    // sha256 of the encoding in the documentation, computed by hand with Python's hashlib and struct:
    //   t = lambda s: struct.pack('<Q', len(s)) + s.encode()
    //   t('provable-dp.attention-moments') + t('1') + t('m') + struct.pack('<QQQqqQ', 1, 2, 2, -3, 7, 1) + t('k') + t('v')
    let expected = "1fa9ac3774de3ae8eb717e253cc3b38af0bdc8fa94c5bc39b405bdbeaa857226";
    let tensor = SavedTensor {
        name: "m".into(),
        shape: (1, 2),
        steps: vec![-3, 7],
        metadata: metadata(&[("k", "v")]),
    };
    let bytes = encode(&tensor);
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header.metadata().clone().unwrap()["sha256"], expected);
}

#[test]
fn no_altered_byte_gives_different_content() {
    let bytes = encode(&small());
    let mut refused = 0_usize;
    for place in 0..bytes.len() {
        for mask in 1..=u8::MAX {
            let mut altered = bytes.clone();
            altered[place] ^= mask;
            match decode(&altered) {
                Err(_) => refused += 1,
                // white space behind the header and inside it may change its kind
                Ok(found) => assert_eq!(found, small(), "byte {place} ^ {mask:#04x}"),
            }
        }
    }
    // all but the padding and its kinds of space: at most 7 bytes of it, with 3 other kinds each
    assert!(refused >= bytes.len() * 255 - 7 * 3, "{refused} of {}", bytes.len() * 255);
}

#[test]
fn altered_steps_metadata_and_marks_are_told_apart() {
    let bytes = encode(&small());
    let text = String::from_utf8_lossy(&bytes[8..]).into_owned();
    let replaced = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let place = 8 + text.find(from).unwrap();
        let mut altered = bytes.clone();
        altered[place..place + to.len()].copy_from_slice(to.as_bytes());
        decode(&altered)
    };
    assert!(matches!(replaced("AddRemoveRow", "ReplaceRow!!"), Err(FileError::DigestMismatch)));
    assert!(matches!(replaced("adjacency", "adjacencx"), Err(FileError::DigestMismatch)));
    assert!(matches!(replaced(r#""moments""#, r#""moment5""#), Err(FileError::DigestMismatch)));
    assert!(matches!(replaced("[2,3]", "[3,2]"), Err(FileError::DigestMismatch)));
    assert!(matches!(replaced("attention-moments", "attention-momenta"), Err(FileError::ForeignFile)));
    assert!(
        matches!(replaced(r#""sha256""#, r#""sha257""#), Err(FileError::MissingMetadata { key }) if key == "sha256")
    );
    let version = replaced(r#""version":"1""#, r#""version":"2""#);
    assert!(matches!(version, Err(FileError::UnsupportedVersion { found }) if found == "2"));
    let element = replaced(r#""I64""#, r#""U64""#);
    assert!(matches!(element, Err(FileError::UnsupportedElement { found }) if found == "U64"));
    let mut last = bytes.clone();
    *last.last_mut().unwrap() ^= 1;
    assert!(matches!(decode(&last), Err(FileError::DigestMismatch)));
}

#[test]
fn a_file_cut_anywhere_is_truncated() {
    let bytes = encode(&small());
    for length in 0..bytes.len() {
        let refused = decode(&bytes[..length]);
        assert!(
            matches!(refused, Err(FileError::Truncated { found, .. }) if found == length as u64),
            "{length}"
        );
    }
    assert!(matches!(decode(&[&bytes[..], b"x"].concat()), Err(FileError::TrailingBytes { .. })));
}

#[test]
fn foreign_files_are_told_apart() {
    assert!(matches!(decode(b"\x93NUMPY\x01\x00 not a release"), Err(FileError::UnknownFormat)));
    let matrix: (&str, Dtype, &[usize]) = ("k", Dtype::I64, &[2, 2]);
    assert!(matches!(decode(&foreign(&[], &[matrix])), Err(FileError::ForeignFile)));
    assert!(matches!(decode(&foreign(&[("format", "pt")], &[matrix])), Err(FileError::ForeignFile)));
    let format = ("format", container::FORMAT);
    let no_version = decode(&foreign(&[format], &[matrix]));
    assert!(matches!(no_version, Err(FileError::MissingMetadata { key }) if key == "version"));
    let marks = [format, ("version", container::VERSION), ("sha256", "")];
    assert!(matches!(decode(&foreign(&marks, &[matrix])), Err(FileError::DigestMismatch)));
    let two = decode(&foreign(&marks, &[matrix, ("l", Dtype::I64, &[1, 1])]));
    assert!(matches!(two, Err(FileError::UnexpectedTensors { found }) if found == ["k", "l"]));
    let cube = decode(&foreign(&marks, &[("k", Dtype::I64, &[2, 2, 1])]));
    assert!(matches!(cube, Err(FileError::NotAMatrix { shape }) if shape == [2, 2, 1]));
}

#[test]
fn tensors_that_cannot_be_saved_leave_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.safetensors");
    container::write_atomic(&path, &small()).unwrap();
    let wrong_shape = SavedTensor { shape: (2, 2), ..small() };
    let refused = container::write_atomic(&path, &wrong_shape);
    assert!(matches!(refused, Err(FileError::ShapeMismatch { shape: (2, 2), steps: 6 })));
    let overflow = SavedTensor { shape: (usize::MAX, 2), ..small() };
    assert!(matches!(container::write_atomic(&path, &overflow), Err(FileError::ShapeMismatch { .. })));
    let reserved_name = SavedTensor { name: "__metadata__".into(), ..small() };
    assert!(matches!(container::write_atomic(&path, &reserved_name), Err(FileError::ReservedName { .. })));
    for key in ["format", "version", "sha256"] {
        let reserved = SavedTensor { metadata: metadata(&[(key, "x")]), ..small() };
        let refused = container::write_atomic(&path, &reserved);
        assert!(matches!(refused, Err(FileError::ReservedName { name }) if name == key));
    }
    assert_eq!(container::read(&path).unwrap(), small());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn saving_again_replaces_the_file_and_a_missing_directory_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("release.safetensors");
    container::write_atomic(&path, &small()).unwrap();
    let other = SavedTensor { shape: (0, 7), steps: vec![], metadata: metadata(&[]), ..small() };
    container::write_atomic(&path, &other).unwrap();
    assert_eq!(container::read(&path).unwrap(), other);
    let nowhere = directory.path().join("missing").join("release.safetensors");
    assert!(matches!(container::write_atomic(&nowhere, &other), Err(FileError::NotFound { .. })));
    assert!(matches!(container::read(&nowhere), Err(FileError::NotFound { .. })));
}

#[test]
fn required_metadata_is_missing_bad_or_read() {
    let saved = SavedTensor { metadata: metadata(&[("degree", "4"), ("radius", "wide")]), ..small() };
    assert_eq!(saved.require_parsed::<u32>("degree").unwrap(), 4);
    let bad = saved.require_parsed::<f64>("radius");
    assert!(matches!(bad, Err(FileError::BadMetadata { key, found }) if key == "radius" && found == "wide"));
    let missing = saved.require("rho");
    assert!(matches!(missing, Err(FileError::MissingMetadata { key }) if key == "rho"));
}

#[test]
fn a_saved_release_opens_as_a_matrix_too() {
    let mut reader = MatrixReader::from_reader(Cursor::new(encode(&small())), None).unwrap();
    let found = reader.next_rows(2).unwrap().unwrap();
    assert_eq!(found.as_slice()[1..5], [-1.0, 0.0, 1.0, 9_007_199_254_740_992.0]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(decode(&bytes).is_err());
        let with_header = [&(bytes.len() as u64 + 1).to_le_bytes()[..], b"{", &bytes[..]].concat();
        prop_assert!(decode(&with_header).is_err());
    }

    #[test]
    fn any_content_comes_back(
        columns in 0..5_usize,
        rows in 0..40_usize,
        seed: i64,
        name in "[^_].{0,12}",
        metadata in proptest::collection::btree_map(".{0,20}", ".{0,40}", 0..6),
    ) {
        let steps = (0..rows * columns).map(|i| seed.wrapping_mul(2 * i as i64 + 1)).collect();
        let tensor = SavedTensor { name, shape: (rows, columns), steps, metadata };
        prop_assert_eq!(decode(&encode(&tensor)).unwrap(), tensor);
    }
}
