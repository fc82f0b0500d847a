//! Opens a file and unpacks it on the way, by the ending of its name: `.gz`, `.zst`, anything else is plain.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

/// How much is read at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// A reader of what is in the file, and whether it was compressed.
pub(super) fn open(path: &Path) -> io::Result<(Box<dyn BufRead + Send>, bool)> {
    let file = BufReader::with_capacity(CHUNK_BYTES, File::open(path)?);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    Ok(match ending.as_str() {
        "gz" => (Box::new(BufReader::with_capacity(CHUNK_BYTES, MultiGzDecoder::new(file))), true),
        "zst" => {
            let decoder = zstd::stream::read::Decoder::with_buffer(file)?;
            (Box::new(BufReader::with_capacity(CHUNK_BYTES, decoder)), true)
        }
        _ => (Box::new(file), false),
    })
}
