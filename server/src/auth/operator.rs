//! The operator's token: from the settings, or made once and kept in a file that only its owner reads.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use engine::proof::sha256;
use subtle::ConstantTimeEq;

use crate::config::Config;
use crate::random::{NoRandom, random_hex};

/// The operator's token, as its digest.
#[derive(Debug, Clone)]
pub struct OperatorToken(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or written.
    #[error("the operator's token file {} cannot be used: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds too little.
    #[error("the operator's token in {} is shorter than 16 characters; delete the file to get a new one", .0.display())]
    Short(PathBuf),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

/// Where the token is kept.
pub fn token_file(data: &Path) -> PathBuf {
    data.join("operator-token")
}

impl OperatorToken {
    /// The token of the settings or of the file, which is made if it is not there.
    pub fn load(config: &Config) -> Result<Self, TokenError> {
        let token = match &config.token {
            Some(token) => token.clone(),
            None => read_or_make(&token_file(&config.data))?,
        };
        Ok(Self(sha256(token.as_bytes())))
    }

    /// Is this the token? Takes the same time for every wrong one.
    pub fn is(&self, candidate: &str) -> bool {
        let candidate = sha256(candidate.as_bytes());
        self.0.as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

fn read_or_make(path: &Path) -> Result<String, TokenError> {
    let failed = |source| TokenError::File { path: path.to_path_buf(), source };
    let fresh = random_hex::<24>()?;
    match create_private(path) {
        Ok(mut file) => {
            file.write_all(fresh.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
            Ok(fresh)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let token = std::fs::read_to_string(path).map_err(failed)?.trim().to_owned();
            if token.len() < 16 { Err(TokenError::Short(path.to_path_buf())) } else { Ok(token) }
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<std::fs::File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
