//! Keys and values from files, against files written by other libraries.

#![allow(clippy::unwrap_used, reason = "helpers of tests, whose files are valid by construction")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use attention_dp::io::{FileError, MatrixReader};
use half::{bf16, f16};
use npyz::{AutoSerialize, Order, Serialize, WriterBuilder};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView, serialize};

/// An npy file as npyz writes it.
fn npy<T: Serialize + AutoSerialize>(shape: &[u64], order: Order, entries: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape).order(order);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    for entry in entries {
        writer.push(entry).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// A safetensors file as its reference implementation writes it.
fn tensors(content: &[(&str, Dtype, &[usize], Vec<u8>)]) -> Vec<u8> {
    let views = content
        .iter()
        .map(|(name, dtype, shape, bytes)| (*name, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap()));
    serialize(views, None).unwrap()
}

type Opened = Result<MatrixReader<Cursor<Vec<u8>>>, FileError>;

fn open(bytes: &[u8], tensor: Option<&str>) -> Opened {
    MatrixReader::from_reader(Cursor::new(bytes.to_vec()), tensor)
}

/// Shape and all entries, read in chunks of `max_rows`.
fn all(opened: Opened, max_rows: usize) -> ((usize, usize), Vec<f64>) {
    let mut reader = opened.unwrap();
    let (rows, columns) = reader.shape();
    let mut entries = Vec::new();
    while let Some(chunk) = reader.next_rows(max_rows).unwrap() {
        assert_eq!(chunk.ncols(), columns);
        assert!(chunk.nrows() >= 1 && chunk.nrows() <= max_rows.max(1));
        entries.extend_from_slice(chunk.as_slice());
        assert_eq!(reader.rows_remaining() * columns + entries.len(), rows * columns);
    }
    ((rows, columns), entries)
}

fn le_bytes<T: Copy, const N: usize>(entries: &[T], bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    entries.iter().flat_map(|&entry| bytes(entry)).collect()
}

const ENTRIES: [f64; 6] = [0.5, -1.0, 2.0, 0.0, 96.0, -0.25];

#[test]
fn every_float_type_of_both_formats_gives_the_same_rows() {
    let f16s = ENTRIES.map(f16::from_f64);
    let bf16s = ENTRIES.map(bf16::from_f64);
    let f32s = ENTRIES.map(|x| x as f32);
    let files = [
        npy(&[3, 2], Order::C, &f16s),
        npy(&[3, 2], Order::C, &f32s),
        npy(&[3, 2], Order::C, &ENTRIES),
        tensors(&[("k", Dtype::F16, &[3, 2], le_bytes(&f16s, f16::to_le_bytes))]),
        tensors(&[("k", Dtype::BF16, &[3, 2], le_bytes(&bf16s, bf16::to_le_bytes))]),
        tensors(&[("k", Dtype::F32, &[3, 2], le_bytes(&f32s, f32::to_le_bytes))]),
        tensors(&[("k", Dtype::F64, &[3, 2], le_bytes(&ENTRIES, f64::to_le_bytes))]),
    ];
    for file in &files {
        for max_rows in [0, 1, 2, 3, usize::MAX] {
            assert_eq!(all(open(file, None), max_rows), ((3, 2), ENTRIES.to_vec()));
        }
    }
}

#[test]
fn every_integer_type_of_both_formats_gives_its_values() {
    macro_rules! check {
        ($($integer:ty => $dtype:expr),*) => {$(
            let entries = [<$integer>::MIN, 0, 1, 2, 100, <$integer>::MAX];
            let expected: Vec<f64> = entries.iter().map(|&entry| i128::from(entry) as f64).collect();
            let bytes = le_bytes(&entries, <$integer>::to_le_bytes);
            assert_eq!(all(open(&npy(&[6], Order::C, &entries), None), 4), ((6, 1), expected.clone()));
            assert_eq!(all(open(&tensors(&[("k", $dtype, &[2, 3], bytes)]), None), 1), ((2, 3), expected));
        )*};
    }
    check!(u8 => Dtype::U8, i8 => Dtype::I8, u16 => Dtype::U16, i16 => Dtype::I16, u32 => Dtype::U32);
    check!(i32 => Dtype::I32, u64 => Dtype::U64, i64 => Dtype::I64);
    assert_eq!(all(open(&npy(&[2], Order::C, &[true, false]), None), 9), ((2, 1), vec![1.0, 0.0]));
    let bools = tensors(&[("mask", Dtype::BOOL, &[2], vec![0, 1])]);
    assert_eq!(all(open(&bools, None), 9), ((2, 1), vec![0.0, 1.0]));
}

#[test]
fn big_endian_npy_and_the_long_headers_of_versions_2_and_3_are_read() {
    for (version, dtype) in [(1_u8, ">f4"), (2, ">f4"), (3, "<f4")] {
        let text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': (2, 3), }}\n");
        let mut bytes = [&b"\x93NUMPY"[..], &[version, 0]].concat();
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        bytes.extend_from_slice(&length[..if version == 1 { 2 } else { 4 }]);
        bytes.extend_from_slice(text.as_bytes());
        for entry in ENTRIES {
            let little = (entry as f32).to_le_bytes();
            bytes.extend(if dtype.starts_with('>') { (entry as f32).to_be_bytes() } else { little });
        }
        // npyz agrees that this is what the file says
        assert_eq!(
            npyz::NpyFile::new(&bytes[..]).unwrap().into_vec::<f32>().unwrap(),
            ENTRIES.map(|x| x as f32)
        );
        assert_eq!(all(open(&bytes, None), 1), ((2, 3), ENTRIES.to_vec()));
    }
}

#[test]
fn chunks_of_any_size_give_the_same_rows_also_across_internal_pieces() {
    // 3000 rows of 31 f64 are 744 000 bytes: eleven pieces of 64 KiB, none of which ends with a row
    let entries: Vec<f64> = (0..3000 * 31).map(f64::from).collect();
    let file = npy(&[3000, 31], Order::C, &entries);
    for max_rows in [1, 7, 264, 265, 2999, 3000, 5000] {
        assert_eq!(all(open(&file, None), max_rows), ((3000, 31), entries.clone()));
    }
}

#[test]
fn nan_and_infinities_pass_through() {
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0];
    let (_, found) = all(open(&npy(&[4], Order::C, &special), None), 2);
    assert!(found[0].is_nan() && found[1] == f64::INFINITY && found[2] == f64::NEG_INFINITY);
    assert!(found[3] == 0.0 && found[3].is_sign_negative());
}

#[test]
fn tensors_are_chosen_by_name() {
    let file = tensors(&[
        ("keys", Dtype::U8, &[2, 2], vec![1, 2, 3, 4]),
        ("values", Dtype::U8, &[2], vec![5, 6]),
        ("cube", Dtype::U8, &[1, 1, 1], vec![7]),
    ]);
    assert_eq!(all(open(&file, Some("keys")), 9).1, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(all(open(&file, Some("values")), 9), ((2, 1), vec![5.0, 6.0]));
    let names = ["cube", "keys", "values"];
    assert!(matches!(open(&file, None), Err(FileError::TensorNotNamed { available }) if available == names));
    let other = open(&file, Some("kyes"));
    assert!(matches!(other, Err(FileError::TensorNotFound { wanted, available })
        if wanted == "kyes" && available == names));
    assert!(matches!(open(&file, Some("cube")), Err(FileError::NotAMatrix { shape }) if shape == [1, 1, 1]));
    let empty = tensors(&[]);
    assert!(
        matches!(open(&empty, None), Err(FileError::TensorNotNamed { available }) if available.is_empty())
    );
}

#[test]
fn an_npy_array_has_no_name_and_is_taken_whatever_was_asked_for() {
    let file = npy(&[3, 2], Order::C, &ENTRIES);
    assert_eq!(all(open(&file, Some("keys")), 2).1, ENTRIES);
}

#[test]
fn no_rows_are_a_shape_and_no_columns_are_refused() {
    let mut reader = open(&npy::<f64>(&[0, 5], Order::C, &[]), None).unwrap();
    assert_eq!((reader.shape(), reader.rows_remaining()), ((0, 5), 0));
    assert!(reader.next_rows(10).unwrap().is_none());
    let no_columns = open(&npy::<f64>(&[5, 0], Order::C, &[]), None);
    assert!(matches!(no_columns, Err(FileError::NotAMatrix { shape }) if shape == [5, 0]));
}

#[test]
fn columns_first_and_types_without_numbers_are_refused() {
    let columns_first = npy(&[3, 2], Order::Fortran, &ENTRIES);
    assert!(matches!(open(&columns_first, None), Err(FileError::FortranOrder)));
    let complex = tensors(&[("k", Dtype::C64, &[1], vec![0; 8])]);
    assert!(matches!(open(&complex, None), Err(FileError::UnsupportedElement { found }) if found == "C64"));
}

#[test]
fn a_file_cut_at_any_length_is_refused_before_any_row() {
    let files = [
        npy(&[3, 2], Order::C, &ENTRIES),
        tensors(&[("k", Dtype::F64, &[3, 2], le_bytes(&ENTRIES, f64::to_le_bytes))]),
    ];
    for file in &files {
        for length in 0..file.len() {
            let refused = open(&file[..length], None);
            // the magic of npy must be complete before the file counts as npy
            let told = matches!(refused, Err(FileError::Truncated { found, .. }) if found == length as u64);
            assert!(told, "{length} of {}: {refused:?}", file.len());
        }
        let longer = [&file[..], &[0]].concat();
        assert!(matches!(open(&longer, None), Err(FileError::TrailingBytes { .. })));
    }
}

#[test]
fn foreign_bytes_and_absurd_headers_are_refused_without_reading_or_allocating_their_size() {
    assert!(matches!(open(b"PK\x03\x04 and more of a zip file", None), Err(FileError::UnknownFormat)));
    let version_9 = b"\x93NUMPY\x09\x00\x10\x00{}              ";
    let refused = open(version_9, None);
    assert!(matches!(refused, Err(FileError::UnsupportedNpyVersion { major: 9, minor: 0 })));
    let four_gigabytes = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}";
    assert!(matches!(open(four_gigabytes, None), Err(FileError::HeaderTooLong { .. })));
    let longest_integer = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(open(&longest_integer, None), Err(FileError::HeaderTooLong { length: u64::MAX, .. })));
    let sixty_megabytes = [&60_000_000_u64.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(
        open(&sixty_megabytes, None),
        Err(FileError::Truncated { expected: 60_000_008, found: 10 })
    ));
    let nested = [&5008_u64.to_le_bytes()[..], br#"{"a":"#, "[".repeat(5003).as_bytes()].concat();
    assert!(matches!(open(&nested, None), Err(FileError::SafetensorsHeader { .. })));
}

#[test]
fn a_reader_that_failed_tries_the_same_rows_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys.npy");
    let file = npy(&[3, 2], Order::C, &ENTRIES);
    fs::write(&path, &file).unwrap();
    let mut reader = MatrixReader::open(&path, None).unwrap();
    assert_eq!(reader.next_rows(1).unwrap().unwrap().as_slice(), &ENTRIES[..2]);
    fs::write(&path, &file[..file.len() - 1]).unwrap();
    assert!(matches!(reader.next_rows(5), Err(FileError::Read { .. })));
    assert_eq!(reader.rows_remaining(), 2);
    fs::write(&path, &file).unwrap();
    assert_eq!(reader.next_rows(5).unwrap().unwrap().as_slice(), &ENTRIES[2..]);
}

#[test]
fn a_missing_file_and_a_directory_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.npy");
    let refused = MatrixReader::open(&missing, None);
    assert!(matches!(refused, Err(FileError::NotFound { path, .. }) if path == missing));
    let refused = MatrixReader::open(directory.path(), None);
    assert!(matches!(refused, Err(FileError::Io { .. } | FileError::Read { .. })), "{refused:?}");
}

/// The real files beside a checkout of the authors; a clone elsewhere does not have them.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if !path.exists() {
        eprintln!("skipped: {name} is not there");
    }
    path.exists().then_some(path)
}

#[test]
fn real_sentence_embeddings_stream_and_have_unit_norm() {
    let Some(path) = shared("package_embeddings.safetensors") else { return };
    let mut keys = MatrixReader::open(&path, Some("keys")).unwrap();
    assert_eq!(keys.shape(), (20_000, 384));
    let mut rows = 0;
    while let Some(chunk) = keys.next_rows(1000).unwrap() {
        for row in chunk.rows() {
            // each entry is off by 2⁻¹¹ of itself (or 2⁻²⁵) at most, so the norm by 2⁻¹¹ + √384·2⁻²⁵ < 4.9e-4; the
            // embeddings themselves are normalised in f32, whose error is below 1e-6
            let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!((norm - 1.0).abs() < 5e-4, "row {rows}: {norm}");
            rows += 1;
        }
    }
    assert_eq!(rows, 20_000);
    let labels = MatrixReader::open(&path, Some("labels")).unwrap().next_rows(20_000).unwrap().unwrap();
    assert_eq!(labels.shape(), (20_000, 1));
    assert!(labels.as_slice().iter().all(|&label| label.fract() == 0.0 && (0.0..16.0).contains(&label)));
}

#[test]
fn real_digits_written_by_numpy_agree_with_npyz() {
    let Some(path) = shared("digits_pixels_u8.npy") else { return };
    let pixels = npyz::NpyFile::new(fs::File::open(&path).unwrap()).unwrap().into_vec::<u8>().unwrap();
    let mut reader = MatrixReader::open(&path, None).unwrap();
    assert_eq!(reader.shape(), (1797, 64));
    let found = reader.next_rows(usize::MAX).unwrap().unwrap();
    assert!(found.as_slice().iter().zip(&pixels).all(|(&x, &pixel)| x == f64::from(pixel)));
}

/// Opens and reads everything; what is asked is that it returns.
fn exhaust(bytes: &[u8]) {
    if let Ok(mut reader) = open(bytes, None) {
        let (rows, columns) = reader.shape();
        assert!(rows.checked_mul(columns).is_some_and(|entries| entries <= bytes.len()));
        while let Ok(Some(_)) = reader.next_rows(100) {}
        assert_eq!(reader.rows_remaining(), 0);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        exhaust(&bytes);
        exhaust(&[b"\x93NUMPY\x01\x00", &bytes[..]].concat());
        exhaust(&[&(bytes.len() as u64 + 1).to_le_bytes()[..], b"{", &bytes[..]].concat());
    }

    #[test]
    fn arbitrary_header_texts_never_panic(text in r"\{('descr'|: |'<f[48]'|, |'shape'|\(|\)|[0-9]{1,25}|True|\}| ){0,12}") {
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        exhaust(&[b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat());
    }

    #[test]
    fn one_altered_byte_never_panics(place: proptest::sample::Index, byte: u8, safe: bool) {
        let mut file = if safe {
            tensors(&[("k", Dtype::F32, &[3, 2], vec![1; 24])])
        } else {
            npy(&[3, 2], Order::C, &ENTRIES)
        };
        let place = place.index(file.len());
        file[place] = byte;
        exhaust(&file);
    }

    #[test]
    fn any_matrix_comes_back_bit_by_bit(
        columns in 1..9_usize,
        entries in proptest::collection::vec(any::<f64>(), 0..200),
        max_rows in 1..40_usize,
    ) {
        let rows = entries.len() / columns;
        let entries = &entries[..rows * columns];
        let file = npy(&[rows as u64, columns as u64], Order::C, entries);
        let (shape, found) = all(open(&file, None), max_rows);
        prop_assert_eq!(shape, (rows, columns));
        let bits = |entries: &[f64]| entries.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&found), bits(entries));
    }
}
