//! Canonical bytes and digests: what lets somebody else check that nothing was changed.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// RFC 8785 JSON of a value without fractions: keys sorted, no white space.
pub fn canonical_json(value: &Value) -> String {
    sorted(value).to_string()
}

/// Sorts the keys of every object, whatever order the map keeps them in.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// `sha256:` and the 64 hexadecimal digits of the SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> String {
    let hex = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let digest = Sha256::digest(bytes);
    let digits = digest.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]);
    "sha256:".chars().chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::{canonical_json, sha256};

    #[test]
    fn keys_are_sorted_and_white_space_is_gone() {
        let value = serde_json::from_str(r#"{ "b": ["2", true], "a": {"z": "1", "y": "\n"} }"#).unwrap();
        assert_eq!(canonical_json(&value), r#"{"a":{"y":"\n","z":"1"},"b":["2",true]}"#);
    }

    #[test]
    fn the_digest_is_that_of_fips_180() {
        // The example "abc" of FIPS 180-4.
        let expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
    }
}
