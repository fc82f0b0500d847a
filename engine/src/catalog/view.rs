//! What a browser may see of a book: some plans and what they need, under the digest of the whole book.
//!
//! A view is made for its reader. Plans that are not named never get in.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::book::Book;
use super::canonical;
use super::draft::BookDraft;
use super::problem::Problem;
use crate::ids::PlanId;

/// A book as somebody outside may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookView {
    /// The plans that may be seen. Its digest is that of the whole book, which prices the bill.
    pub book: Book,
    /// That digest.
    pub digest: String,
}

/// A text that is not a view of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadView {
    /// Not JSON.
    Json(String),
    /// No digest or no book in it.
    Shape,
    /// The book in it is not valid.
    Book(Vec<Problem>),
}

impl fmt::Display for BadView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(detail) => write!(f, "the price book is not JSON: {detail}"),
            Self::Shape => f.write_str("the price book needs \"digest\" and \"book\""),
            Self::Book(problems) => {
                // In short: who reads this cannot mend the book, and its author has the whole messages.
                f.write_str("the price book is not valid")?;
                problems.iter().try_for_each(|problem| write!(f, "; {} {}", problem.path, problem.kind.code()))
            }
        }
    }
}

impl std::error::Error for BadView {}

impl Book {
    /// What prospects may see: the public plans.
    pub fn public_view(&self) -> BookView {
        self.view(|plan| plan.public)
    }

    /// What a customer on these plans may see: the public plans and theirs.
    pub fn view_for(&self, plans: &[PlanId]) -> BookView {
        self.view(|plan| plan.public || plans.contains(&plan.id))
    }

    fn view(&self, keep: impl Fn(&super::plan::Plan) -> bool) -> BookView {
        BookView { book: self.only(keep), digest: self.digest().to_owned() }
    }
}

impl BookView {
    /// Reads what [`BookView`] writes, and checks the book again.
    pub fn from_json(text: &str) -> Result<Self, BadView> {
        let value: Value = serde_json::from_str(text).map_err(|error| BadView::Json(error.to_string()))?;
        Self::from_value(&value)
    }

    /// The same from parsed JSON.
    pub fn from_value(value: &Value) -> Result<Self, BadView> {
        let digest = value.get("digest").and_then(Value::as_str).ok_or(BadView::Shape)?;
        let book = value.get("book").ok_or(BadView::Shape)?;
        let book = BookDraft::from_json(book).check_under(digest).map_err(BadView::Book)?;
        Ok(Self { book, digest: digest.to_owned() })
    }
}

impl Serialize for BookView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({ "digest": self.digest, "book": canonical::to_value(&self.book) }).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::catalog::{BookDraft, BookView};

    #[test]
    fn taxes_of_private_plans_alone_stay_out_of_the_view() {
        let names = json!({ "zh": "n", "en": "n" });
        let tax =
            |id: &str, on: &[&str]| json!({ "id": id, "name": names, "percent": "1", "default": false, "on": on });
        let plan = |id: &str, public: bool, taxes: &[&str]| {
            let charge = json!({ "id": "c", "name": names, "flat": "1", "taxes": taxes });
            json!({ "id": id, "name": names, "public": public, "charges": [charge] })
        };
        let book = json!({
            "book": {
                "id": "b", "version": "1", "effective": "2026-01-01", "currency": "EUR", "zone": "UTC", "name": names,
            },
            "taxes": [tax("base", &[]), tax("open", &["base"]), tax("secret", &[])],
            "plans": [plan("shown", true, &["open"]), plan("hidden", false, &["secret"])],
        });
        let view = BookDraft::from_json(&book).check().unwrap().public_view();
        let ids: Vec<&str> = view.book.terms.taxes.iter().map(|tax| tax.id.as_str()).collect();
        assert_eq!(ids, ["base", "open"]);
        let text = serde_json::to_string(&view).unwrap();
        assert!(!text.contains("secret"));
        assert_eq!(BookView::from_json(&text).unwrap(), view);
    }
}
