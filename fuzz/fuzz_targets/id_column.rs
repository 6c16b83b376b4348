//! Any bytes behind the magic of npy: as many ids as rows or an error.
#![no_main]

use attention_dp::io::IdReader;
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    let file = [b"\x93NUMPY", data].concat();
    let Ok(mut reader) = IdReader::from_reader(Cursor::new(&file), None) else { return };
    let rows = reader.rows_remaining();
    assert!(rows <= file.len());
    let mut seen = 0;
    while let Some(ids) = reader.next_ids(16).expect("the length was checked when the file was opened") {
        seen += ids.len();
    }
    assert_eq!(seen, rows);
});
