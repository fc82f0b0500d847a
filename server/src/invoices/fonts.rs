//! Fonts for the invoices: found once in the system's folders. Without Chinese glyphs nothing is printed.
//!
//! Only Noto Sans CJK is looked for: one family with Chinese and Latin of one design and figures of one width.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// The family the template names.
pub const FAMILY: &str = "Noto Sans CJK SC";

/// How the names of its files begin, in Debian's package and in Google's downloads.
const FILE_PREFIXES: [&str; 3] = ["NotoSansCJK", "NotoSansCJKsc", "NotoSansSC"];

/// Why nothing can be printed.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the font Noto Sans CJK SC is not installed, so Chinese text cannot be printed; install the package fonts-noto-cjk, or name its folder in the setting `fonts`"
)]
pub struct NoFonts;

/// The fonts, read when they are first needed.
#[derive(Debug)]
pub struct Fonts {
    folders: Vec<PathBuf>,
    found: OnceLock<Result<FontSet, NoFonts>>,
}

/// Fonts in memory.
#[derive(Debug)]
pub struct FontSet {
    /// What there is.
    pub book: LazyHash<FontBook>,
    /// The same in the same order.
    pub fonts: Vec<Font>,
}

impl Fonts {
    /// Looks in `folders` first, then where systems keep fonts.
    pub fn new(mut folders: Vec<PathBuf>) -> Self {
        for system in ["/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts"] {
            folders.push(PathBuf::from(system));
        }
        if let Some(home) = std::env::home_dir() {
            folders.push(home.join(".local/share/fonts"));
            folders.push(home.join(".fonts"));
        }
        Self { folders, found: OnceLock::new() }
    }

    /// The fonts, or what to install.
    pub fn get(&self) -> Result<&FontSet, NoFonts> {
        self.found.get_or_init(|| load(&self.folders)).as_ref().map_err(Clone::clone)
    }
}

fn load(folders: &[PathBuf]) -> Result<FontSet, NoFonts> {
    let mut files = Vec::new();
    for folder in folders {
        collect(folder, &mut files, 0);
    }
    let mut fonts = Vec::new();
    for file in files {
        // A file that cannot be read is as good as not there.
        let Ok(data) = std::fs::read(&file) else { continue };
        fonts.extend(Font::iter(Bytes::new(data)).filter(|font| font.info().family.as_str() == FAMILY));
    }
    if fonts.is_empty() {
        return Err(NoFonts);
    }
    Ok(FontSet { book: LazyHash::new(FontBook::from_fonts(&fonts)), fonts })
}

/// How deep folders are looked through; links may make a ring.
const DEPTH_MAX: u8 = 6;

fn collect(folder: &Path, files: &mut Vec<PathBuf>, depth: u8) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && depth < DEPTH_MAX {
            collect(&path, files, depth.saturating_add(1));
        } else if wanted(&path) {
            files.push(path);
        }
    }
}

fn wanted(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let weight = name.contains("Regular") || name.contains("Bold") || name.contains("Medium") || name.contains("VF");
    FILE_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && weight
}
