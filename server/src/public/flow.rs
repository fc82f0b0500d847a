//! The public books: an index and one file each, in the shape that static hosting serves too.

use engine::Book;
use engine::text::Names;
use serde::Serialize;
use utoipa::ToSchema;

/// A book in the index.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IndexEntry {
    /// The book.
    pub id: String,
    /// The version.
    pub version: String,
    /// What people call it.
    #[schema(value_type = crate::openapi::shapes::NamesShape)]
    pub name: Names,
    /// The digest of the whole book.
    pub digest: String,
    /// Its file, beside the index.
    #[schema(example = "acme-api.json")]
    pub file: String,
}

/// What `books/index.json` holds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Index {
    /// The books that have public plans.
    pub books: Vec<IndexEntry>,
}

/// The book's place in the index; `None` if none of its plans is public.
pub fn entry(book: &Book) -> Option<IndexEntry> {
    book.plans.iter().any(|plan| plan.public).then(|| IndexEntry {
        id: book.id.to_string(),
        version: book.version.to_string(),
        name: book.name.clone(),
        digest: book.digest().to_owned(),
        file: format!("{}.json", book.id),
    })
}

/// The public view of a book, as JSON.
pub fn view_json(book: &Book) -> Result<String, serde_json::Error> {
    serde_json::to_string(&book.public_view())
}
