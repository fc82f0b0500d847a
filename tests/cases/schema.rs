//! The JSON Schema of price books against the reader: whatever one takes, the other takes, as far as a schema can see.

use std::collections::BTreeSet;
use std::path::Path;

use engine::catalog::{BookDraft, Problem, ProblemKind, schema};
use serde_json::{Value, json};
use tests::scenario;

/// A book in TOML, and the same as an editor's validator sees it.
struct Typed {
    name: String,
    text: String,
    json: Value,
}

/// The example books, those of all scenarios, and one that has what no other has. Broken syntax is left out.
fn books() -> Vec<Typed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut texts: Vec<(String, String)> =
        files.map(|path| (path.display().to_string(), std::fs::read_to_string(&path).unwrap())).collect();
    for case in scenario::all().unwrap() {
        let ask: Value = serde_json::from_str(&case.ask).unwrap();
        texts.push((case.name.clone(), ask["book"].as_str().unwrap().to_owned()));
    }
    texts.push(("rare keys".to_owned(), include_str!("support/rare_keys.toml").to_owned()));
    texts.sort_by(|one, other| one.1.cmp(&other.1));
    texts.dedup_by(|one, other| one.1 == other.1);
    let typed = |(name, text): (String, String)| {
        let table: toml::Table = toml::from_str(&text).ok()?;
        Some(Typed { name, text, json: serde_json::to_value(table).unwrap() })
    };
    texts.into_iter().filter_map(typed).collect()
}

fn problems(book: &Typed) -> Vec<Problem> {
    BookDraft::from_toml(&book.text).check().err().unwrap_or_default()
}

#[test]
fn every_valid_book_fits_the_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut fitting = 0;
    let mut failures = String::new();
    for book in books().iter().filter(|book| problems(book).is_empty()) {
        for error in validator.iter_errors(&book.json) {
            failures.push_str(&format!("{}: {} at {}\n", book.name, error, error.instance_path()));
        }
        fitting += 1;
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(fitting > 60, "{fitting} books");
    assert!(books().iter().any(|book| book.name == "rare keys" && problems(book).is_empty()));
}

/// What a schema can see. The values of an attribute and kinds of days are words of the book itself, so it cannot.
fn is_visible(problem: &Problem) -> bool {
    let own_words =
        problem.path.contains(".where.") || problem.path.contains(".days[") || problem.path.contains(".rows[");
    match &problem.kind {
        ProblemKind::UnknownKey { .. } | ProblemKind::UnknownOption { .. } => !own_words,
        kind => ["missing_key", "wrong_type", "not_one_model", "bad_id"].contains(&kind.code()),
    }
}

#[test]
fn what_the_reader_refuses_for_its_shape_does_not_fit_the_schema() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let mut refused = BTreeSet::new();
    let mut failures = String::new();
    for book in &books() {
        for problem in problems(book).iter().filter(|problem| is_visible(problem)) {
            refused.insert(problem.kind.code());
            if validator.is_valid(&book.json) {
                failures.push_str(&format!("{}: {problem}\n", book.name));
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
    for code in ["missing_key", "not_one_model", "unknown_key", "unknown_option", "wrong_type"] {
        assert!(refused.contains(code), "no scenario for {code}");
    }
}

#[test]
fn the_schema_has_the_keys_and_words_of_the_reader_and_no_others() {
    let schema = schema();
    let mut probe = Probe { schema: &schema, seen: BTreeSet::new(), failures: String::new() };
    for book in &books() {
        // Books with problems have their say too: what they have is read all the same.
        probe.walk(&book.json, &probe.resolved(""), "", &with_texts(&book.json));
    }
    let mut places = Vec::new();
    collect(&schema, "", &mut places);
    let unseen: Vec<&String> = places.iter().filter(|place| !probe.seen.contains(*place)).collect();
    assert!(probe.failures.is_empty(), "\n{}", probe.failures);
    assert!(unseen.is_empty(), "no book has: {unseen:#?}");
    assert!(!schema.to_string().contains("\" / \""), "a key without a description");
}

/// Puts a key and a word that nobody knows wherever the schema has some, and asks the reader what is allowed.
struct Probe<'s> {
    schema: &'s Value,
    seen: BTreeSet<String>,
    failures: String,
}

impl Probe<'_> {
    fn at(&self, place: &str) -> &Value {
        self.schema.pointer(place).unwrap_or(&Value::Null)
    }

    /// Where the schema at a place really stands.
    fn resolved(&self, place: &str) -> String {
        let schema = self.at(place);
        let target = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
        target.map_or_else(|| place.to_owned(), |target| target.trim_start_matches('#').to_owned())
    }

    /// Asks about a value and all that is in it; `book` is the whole, `path` the pointer to the value in it.
    fn walk(&mut self, value: &Value, place: &str, path: &str, book: &Value) {
        match value {
            Value::Object(fields) => {
                if !self.at(place)["properties"].is_null() && !self.seen.contains(place) {
                    self.ask_keys(place, path, book);
                }
                for (key, value) in fields {
                    let named = format!("{place}/properties/{}", escaped(key));
                    let child = if self.at(&named).is_null() { format!("{place}/additionalProperties") } else { named };
                    self.walk(value, &self.resolved(&child), &format!("{path}/{}", escaped(key)), book);
                }
            }
            Value::Array(items) => {
                let child = self.resolved(&format!("{place}/items"));
                for (index, value) in items.iter().enumerate() {
                    self.walk(value, &child, &format!("{path}/{index}"), book);
                }
            }
            Value::String(_) => {
                if !self.at(place)["enum"].is_null() && !self.seen.contains(place) {
                    self.ask_words(place, path, book);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn ask_keys(&mut self, place: &str, path: &str, book: &Value) {
        let mut changed = book.clone();
        changed.pointer_mut(path).unwrap()["zzz"] = json!("1");
        let known: BTreeSet<String> = self.at(place)["properties"].as_object().unwrap().keys().cloned().collect();
        let allowed = found(&changed, |kind| match kind {
            ProblemKind::UnknownKey { key, allowed, .. } if key == "zzz" => Some(allowed.clone()),
            _ => None,
        });
        // A row of a matrix has the attributes too, whose names are the book's.
        let own_names = self.at(place)["additionalProperties"].is_object();
        let is_same = if own_names { known.is_subset(&allowed) } else { known == allowed };
        self.heard(place, is_same, &known, &allowed);
    }

    /// A reader that says nothing has met another mistake before; another book may tell.
    fn heard(&mut self, place: &str, is_same: bool, known: &BTreeSet<String>, allowed: &BTreeSet<String>) {
        if allowed.is_empty() {
            return;
        }
        self.seen.insert(place.to_owned());
        if !is_same {
            self.failures.push_str(&format!("{place}: the schema has {known:?}, the reader {allowed:?}\n"));
        }
    }

    fn ask_words(&mut self, place: &str, path: &str, book: &Value) {
        let mut changed = book.clone();
        *changed.pointer_mut(path).unwrap() = json!("zzz");
        let known = self.at(place)["enum"].as_array().unwrap().iter();
        let known: BTreeSet<String> = known.map(|word| word.as_str().unwrap().to_owned()).collect();
        let allowed = found(&changed, |kind| match kind {
            ProblemKind::UnknownOption { text, allowed } if text == "zzz" => Some(allowed.clone()),
            ProblemKind::UnknownZone { .. } => {
                Some(engine::period::Zone::names().into_iter().map(str::to_owned).collect())
            }
            _ => None,
        });
        self.heard(place, known == allowed, &known, &allowed);
    }
}

fn found(book: &Value, pick: impl Fn(&ProblemKind) -> Option<Vec<String>>) -> BTreeSet<String> {
    let problems = BookDraft::from_json(book).check().err().unwrap_or_default();
    problems.iter().find_map(|problem| pick(&problem.kind)).unwrap_or_default().into_iter().collect()
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A book in JSON has its numbers in quotes.
fn with_texts(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Array(items) => items.iter().map(with_texts).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), with_texts(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// The places of all tables with keys and of all lists of words.
fn collect(schema: &Value, place: &str, places: &mut Vec<String>) {
    let Value::Object(fields) = schema else { return };
    if fields.contains_key("properties") || fields.contains_key("enum") {
        places.push(place.to_owned());
    }
    for group in ["properties", "$defs"] {
        for (key, inner) in fields.get(group).and_then(Value::as_object).into_iter().flatten() {
            collect(inner, &format!("{place}/{group}/{}", escaped(key)), places);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get(key) {
            collect(inner, &format!("{place}/{key}"), places);
        }
    }
}
