//! The digest of a saved tensor: SHA-256 over an encoding from which the content can be read back.
//!
//! Texts are preceded by their length, and lists by their number of entries, so that two different contents never have
//! the same encoding (a metadata value that moves into the next key changes it, for example).

use std::collections::BTreeMap;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::SavedTensor;

/// SHA-256 in hexadecimal, of
///
/// ```text
/// text(format) text(version) text(name) rows columns |steps| steps |metadata| (text(key) text(value))*
/// ```
///
/// where every number has 8 bytes, little-endian, and the metadata are in the order of their keys.
pub(super) fn digest(format: &str, version: &str, tensor: &SavedTensor) -> String {
    let mut hash = Sha256::new();
    for text in [format, version, &tensor.name] {
        hash_text(&mut hash, text);
    }
    for count in [tensor.shape.0, tensor.shape.1, tensor.steps.len()] {
        hash_count(&mut hash, count);
    }
    for step in &tensor.steps {
        hash.update(step.to_le_bytes());
    }
    hash_metadata(&mut hash, &tensor.metadata);
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String does not fail");
        hex
    })
}

fn hash_metadata(hash: &mut Sha256, metadata: &BTreeMap<String, String>) {
    hash_count(hash, metadata.len());
    for (key, value) in metadata {
        hash_text(hash, key);
        hash_text(hash, value);
    }
}

fn hash_text(hash: &mut Sha256, text: &str) {
    hash_count(hash, text.len());
    hash.update(text);
}

fn hash_count(hash: &mut Sha256, count: usize) {
    hash.update((count as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(name: &str, shape: (usize, usize), steps: &[i64], metadata: &[(&str, &str)]) -> SavedTensor {
        let metadata = metadata.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        SavedTensor { name: name.to_owned(), shape, steps: steps.to_vec(), metadata }
    }

    #[test]
    fn text_that_moves_between_fields_changes_the_digest() {
        let contents = [
            ("f", "1", tensor("ab", (1, 2), &[3, 4], &[("k", "v")])),
            ("f1", "", tensor("ab", (1, 2), &[3, 4], &[("k", "v")])),
            ("f", "1a", tensor("b", (1, 2), &[3, 4], &[("k", "v")])),
            ("f", "1", tensor("ab", (2, 1), &[3, 4], &[("k", "v")])),
            ("f", "1", tensor("ab", (1, 2), &[4, 3], &[("k", "v")])),
            ("f", "1", tensor("ab", (1, 2), &[3, 4], &[("kv", "")])),
            ("f", "1", tensor("ab", (1, 2), &[3, 4], &[])),
            ("f", "1", tensor("ab", (1, 2), &[3, 4], &[("", ""), ("k", "v")])),
        ];
        let mut digests: Vec<_> = contents.iter().map(|(f, v, t)| digest(f, v, t)).collect();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), contents.len());
    }
}
