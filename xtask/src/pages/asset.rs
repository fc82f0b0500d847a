//! Names of files that may be kept for ever: the content is in the name.
//! A changed file therefore always has another name.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// How much of the hash a name shows: enough for the few files of one build.
const SHOWN: usize = 8;

/// `calculator` and `wasm` become `calculator-1f2e3d4c.wasm`.
pub(crate) fn name(stem: &str, extension: &str, bytes: &[u8]) -> String {
    let hash = hash(bytes);
    let shown = hash.get(..SHOWN).unwrap_or(&hash);
    format!("{stem}-{shown}.{extension}")
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_sha256_of_the_content() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn name_carries_the_first_eight_digits() {
        assert_eq!(name("style", "css", b"abc"), "style-ba7816bf.css");
    }
}
