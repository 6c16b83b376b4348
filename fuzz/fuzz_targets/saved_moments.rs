//! Any bytes as a saved release: an error, or content that is saved and loaded again unchanged.
#![no_main]

use attention_dp::io::container;
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    let Ok(tensor) = container::read_from(Cursor::new(data)) else { return };
    let mut again = Vec::new();
    container::write_to(&mut again, &tensor).expect("what was loaded can be saved");
    assert_eq!(container::read_from(Cursor::new(again)).expect("what was saved can be loaded"), tensor);
});
