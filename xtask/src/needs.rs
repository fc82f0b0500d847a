//! What a command needs from the machine, and how to tell that it is there.
//! Looks only; installing is install.rs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::error::Failure;
use crate::process;
use crate::workspace::WASM_TARGET;

/// Debian 12 has 18; older ones lack what the glue of wasm-bindgen uses.
const NODE_OLDEST: u32 = 18;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    WasmTarget,
    CjkFonts,
    Node,
    Npm,
    Chromium,
    ChromeDriver,
    PostgreSql,
    PdfToText,
    PythonVenv,
}

/// What building the pages and the server takes, and showing Chinese in a PDF.
pub(crate) const TO_RUN: &[Need] = &[Need::WasmTarget, Need::CjkFonts, Need::Node, Need::Npm];

/// What every test together needs besides.
pub(crate) const TO_TEST: &[Need] = &[
    Need::WasmTarget,
    Need::CjkFonts,
    Need::Node,
    Need::Npm,
    Need::Chromium,
    Need::ChromeDriver,
    Need::PostgreSql,
    Need::PdfToText,
];

/// What the browser side alone takes.
pub(crate) const TO_BUILD_PAGES: &[Need] = &[Need::WasmTarget, Need::Node, Need::Npm];

/// What measuring beside DuckDB takes.
pub(crate) const TO_RUN_DUCKDB: &[Need] = &[Need::PythonVenv];

impl Need {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Need::WasmTarget => "the Rust target wasm32-unknown-unknown",
            Need::CjkFonts => "Noto CJK fonts",
            Need::Node => "Node",
            Need::Npm => "npm",
            Need::Chromium => "Chromium",
            Need::ChromeDriver => "ChromeDriver",
            Need::PostgreSql => "the PostgreSQL server",
            Need::PdfToText => "pdftotext",
            Need::PythonVenv => "Python with virtual environments",
        }
    }

    /// The Debian package that brings it; the Rust target comes from rustup instead.
    pub(crate) fn debian_package(self) -> Option<&'static str> {
        match self {
            Need::WasmTarget => None,
            Need::CjkFonts => Some("fonts-noto-cjk"),
            Need::Node => Some("nodejs"),
            Need::Npm => Some("npm"),
            Need::Chromium => Some("chromium"),
            Need::ChromeDriver => Some("chromium-driver"),
            Need::PostgreSql => Some("postgresql"),
            Need::PdfToText => Some("poppler-utils"),
            Need::PythonVenv => Some("python3-venv"),
        }
    }

    fn is_met(self) -> bool {
        match self {
            Need::WasmTarget => wasm_target_is_installed(),
            Need::CjkFonts => font_directories().iter().any(|path| holds_cjk_font(path)),
            Need::Node => process::on_path("node").is_some(),
            Need::Npm => process::on_path("npm").is_some(),
            Need::Chromium => process::on_path("chromium").is_some(),
            Need::ChromeDriver => process::on_path("chromedriver").is_some(),
            Need::PostgreSql => postgres_is_installed(),
            Need::PdfToText => process::on_path("pdftotext").is_some(),
            Need::PythonVenv => python_makes_environments(),
        }
    }
}

/// Those that are not there.
pub(crate) fn missing(needs: &[Need]) -> Vec<Need> {
    needs.iter().copied().filter(|need| !need.is_met()).collect()
}

/// Refuses a Node that would fail later with words nobody understands.
pub(crate) fn check_node() -> Result<(), Failure> {
    let version = process::output(Command::new("node").arg("--version"))?;
    let found = version.trim();
    match node_major(found) {
        Some(major) if major >= NODE_OLDEST => Ok(()),
        Some(_) | None => Err(Failure::NodeTooOld { found: found.to_owned(), wanted: NODE_OLDEST }),
    }
}

fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Asks the compiler, not rustup, so that a Rust from elsewhere is fine too.
fn wasm_target_is_installed() -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]);
    process::probe(&mut rustc)
        .and_then(|directory| fs::read_dir(directory).ok())
        .is_some_and(|mut entries| entries.next().is_some())
}

/// Debian has Python without what puts pip into a virtual environment.
fn python_makes_environments() -> bool {
    process::probe(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_some()
}

/// Debian keeps the server's programs off the PATH, one directory for each version.
fn postgres_is_installed() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    process::on_path("postgres").is_some()
        || versions.flatten().any(|version| version.path().join("bin/postgres").is_file())
}

fn font_directories() -> Vec<PathBuf> {
    let system = ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"];
    let home = env::home_dir().unwrap_or_default();
    let own = [".fonts", ".local/share/fonts", "Library/Fonts"].map(|path| home.join(path));
    system.into_iter().map(PathBuf::from).chain(own).collect()
}

fn holds_cjk_font(directory: &Path) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() { holds_cjk_font(&path) } else { is_cjk_font(&name.to_string_lossy()) }
    })
}

fn is_cjk_font(file: &str) -> bool {
    let families = ["NotoSansCJK", "NotoSerifCJK", "NotoSansSC", "NotoSerifSC"];
    families.iter().any(|family| file.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("v18.0.0"), Some(18));
        assert_eq!(node_major("20.1"), None);
        assert_eq!(node_major(""), None);
    }

    #[test]
    fn cjk_fonts_are_known_by_their_file_names() {
        assert!(is_cjk_font("NotoSansCJK-Regular.ttc"));
        assert!(is_cjk_font("NotoSerifSC[wght].ttf"));
        assert!(!is_cjk_font("NotoSans-Regular.ttf"));
    }

    #[test]
    fn running_needs_nothing_that_testing_does_not() {
        assert!(TO_RUN.iter().all(|need| TO_TEST.contains(need)));
        assert!(TO_BUILD_PAGES.iter().all(|need| TO_RUN.contains(need)));
    }
}
