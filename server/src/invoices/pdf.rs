//! Prints an invoice or a correction as PDF: the template lays out what `paper` has written. The same invoice gives the same bytes.

use engine::invoice::Issued;
use engine::text::Lang;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use super::correction_paper::correction_paper;
use super::flow::Said;
use super::fonts::{FontSet, Fonts, NoFonts};
use super::paper::{Paper, paper};
use crate::config::Seller;

/// The layout; people may edit it.
const TEMPLATE: &str = include_str!("invoice.typ");

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// No font with Chinese glyphs.
    #[error(transparent)]
    Fonts(#[from] NoFonts),
    /// The template and the data do not fit together.
    #[error("the invoice template failed: {0}")]
    Template(String),
    /// The data cannot be handed over.
    #[error("the invoice cannot be written as JSON: {0}")]
    Data(#[from] serde_json::Error),
}

/// Prints an invoice in a language.
pub fn pdf(issued: &Issued, (seller, fonts): (&Seller, &Fonts), lang: Lang) -> Result<Vec<u8>, PdfError> {
    print(&paper(issued, seller, lang), fonts, lang)
}

/// Prints an invoice or a correction in a language.
pub fn said_pdf(said: &Said, (seller, fonts): (&Seller, &Fonts), lang: Lang) -> Result<Vec<u8>, PdfError> {
    match said {
        Said::Invoice(issued) => pdf(issued, (seller, fonts), lang),
        Said::Correction(correction) => print(&correction_paper(correction, seller, lang), fonts, lang),
    }
}

fn print(paper: &Paper, fonts: &Fonts, lang: Lang) -> Result<Vec<u8>, PdfError> {
    let data = serde_json::to_vec(paper)?;
    let desk = Desk::new(data, fonts.get()?)?;
    let failed = |errors: &[typst::diag::SourceDiagnostic]| {
        PdfError::Template(errors.iter().map(|error| error.message.to_string()).collect::<Vec<_>>().join("; "))
    };
    let document: PagedDocument = typst::compile(&desk).output.map_err(|errors| failed(&errors))?;
    let options = PdfOptions {
        ident: Smart::Custom(format!("{}-{}", paper.number, lang.tag())),
        creator: Smart::Custom(Some("Ratecard".to_owned())),
        ..PdfOptions::default()
    };
    let bytes = typst_pdf::pdf(&document, &options).map_err(|errors| failed(&errors));
    // Layout results are kept for the next document of the same shape, but not for ever.
    comemo::evict(3);
    bytes
}

/// What the template can see: itself, its data and the fonts.
struct Desk<'f> {
    library: LazyHash<Library>,
    template: Source,
    data_id: FileId,
    data: Bytes,
    fonts: &'f FontSet,
}

impl<'f> Desk<'f> {
    fn new(data: Vec<u8>, fonts: &'f FontSet) -> Result<Self, PdfError> {
        let file = |path: &str| {
            let path = VirtualPath::new(path).map_err(|_| PdfError::Template(path.to_owned()))?;
            Ok::<_, PdfError>(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
        };
        Ok(Self {
            library: LazyHash::new(Library::default()),
            template: Source::new(file("/invoice.typ")?, TEMPLATE.to_owned()),
            data_id: file("/invoice.json")?,
            data: Bytes::new(data),
            fonts,
        })
    }
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.fonts.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::NotSource) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data_id { Ok(self.data.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        // A document that was issued must not depend on the day it is printed.
        None
    }
}
