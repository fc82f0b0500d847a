//! What `cargo xtask test` prepared. A test that misses it fails and says how to run the tests.

use std::path::PathBuf;

/// The path that `cargo xtask test` put into this variable.
pub(crate) fn prepared(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).map(PathBuf::from);
    let path = path.unwrap_or_else(|| panic!("{variable} is not set; run the tests with `cargo xtask test`"));
    assert!(path.exists(), "{variable} is {}, which does not exist", path.display());
    path
}
