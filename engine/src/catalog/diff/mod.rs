//! What changed between two versions of a book, in words, and for whom it gets cheaper or dearer.
//!
//! Compares canonical forms, so that what is only written differently is no change. Prices come from `rating`.

mod effect;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::book::Book;
use super::canonical;
use crate::text::Lang;

pub use effect::{Effect, Range, Verdict};

/// Everything that differs between two books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookDiff {
    /// What is written differently, in the order of the canonical form.
    pub changes: Vec<Change>,
    /// What each plan costs now against before; only plans in both books, and only where something differs.
    pub effects: Vec<Effect>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where, with ids for meters, plans and charges: `plans.starter.charges.calls.graduated[1].price`.
    pub path: String,
    /// What stood there; `None` if it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there now; `None` if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    steps: Vec<Step>,
}

/// A step on the way to a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// A key.
    Key(String),
    /// An element by its id, with what people call it.
    Element { id: String, zh: String, en: String },
    /// An element by its place, from 0.
    Place(usize),
}

impl Change {
    /// The difference as a sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        words::sentence(self, lang)
    }
}

/// Compares two books.
pub fn diff(old: &Book, new: &Book) -> BookDiff {
    let (before, after) = (canonical::to_value(old), canonical::to_value(new));
    let mut changes = Vec::new();
    compare(&Trail::default(), Some(&before), Some(&after), &mut changes);
    BookDiff { changes, effects: effect::effects(old, new) }
}

#[derive(Clone, Default)]
struct Trail {
    path: String,
    steps: Vec<Step>,
}

impl Trail {
    fn key(&self, key: &str) -> Self {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        self.with(path, Step::Key(key.to_owned()))
    }

    fn element(&self, id: &str, value: &Value) -> Self {
        let name = |lang: &str| {
            let name = value.get("name").and_then(|name| name.get(lang)).and_then(Value::as_str);
            name.unwrap_or(id).to_owned()
        };
        let step = Step::Element { id: id.to_owned(), zh: name("zh"), en: name("en") };
        self.with(format!("{}.{id}", self.path), step)
    }

    fn place(&self, place: usize) -> Self {
        self.with(format!("{}[{place}]", self.path), Step::Place(place))
    }

    fn with(&self, path: String, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { path, steps }
    }
}

fn compare(trail: &Trail, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut keys: Vec<&String> =
                before.keys().chain(after.keys().filter(|key| !before.contains_key(*key))).collect();
            keys.sort();
            for key in keys {
                compare(&trail.key(key), before.get(key), after.get(key), changes);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) if have_ids(before) && have_ids(after) => {
            compare_elements(trail, before, after, changes);
        }
        // A list that is new or gone is so many new or gone elements.
        (None, Some(Value::Array(after))) if !after.is_empty() && have_ids(after) => {
            compare_elements(trail, &[], after, changes);
        }
        (Some(Value::Array(before)), None) if !before.is_empty() && have_ids(before) => {
            compare_elements(trail, before, &[], changes);
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for place in 0..before.len().max(after.len()) {
                compare(&trail.place(place), before.get(place), after.get(place), changes);
            }
        }
        (None, None) => {}
        (before, after) => changes.push(Change {
            path: trail.path.clone(),
            before: before.cloned(),
            after: after.cloned(),
            steps: trail.steps.clone(),
        }),
    }
}

fn have_ids(items: &[Value]) -> bool {
    items.iter().all(|item| id_of(item).is_some())
}

fn id_of(item: &Value) -> Option<&str> {
    item.get("id").and_then(Value::as_str)
}

/// Meters, plans, charges, discounts and whatever else has an id are the same if their ids are, wherever they stand.
fn compare_elements(trail: &Trail, before: &[Value], after: &[Value], changes: &mut Vec<Change>) {
    let find = |items: &[Value], id: &str| items.iter().position(|item| id_of(item) == Some(id));
    for old in before {
        let Some(id) = id_of(old) else { continue };
        let new = find(after, id).and_then(|place| after.get(place));
        compare(&trail.element(id, old), Some(old), new, changes);
    }
    for new in after {
        let Some(id) = id_of(new) else { continue };
        if find(before, id).is_none() {
            compare(&trail.element(id, new), None, Some(new), changes);
        }
    }
}
