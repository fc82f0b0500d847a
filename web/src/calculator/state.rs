//! The state of the calculator page: language, theme, books, and the scenario once a book is there.
//!
//! A pure reducer. Loading and storing happen in `page`, which tells the outcome here.

use std::rc::Rc;

use engine::catalog::{BadView, BookView};
use engine::text::{Lang, Names};
use serde_json::Value;

use super::link::{Link, LinkProblem, LinkProblemKind, encode};
use super::scenario::{self, Scenario};
use crate::json;
use crate::look::Theme;

/// A book that this page offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntry {
    /// The book's id.
    pub id: String,
    /// What people call it.
    pub name: Names,
    /// The file beside the list.
    pub file: String,
}

/// Why there is no book to calculate with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadProblem {
    /// The file did not come: offline, or it is not there. What the browser or the server said.
    Unreachable(String),
    /// It came, but is not a price book. What is wrong with it.
    Unreadable(String),
    /// There is no book, or no public plan in it.
    Empty,
}

/// How far the page is.
#[derive(Debug, Clone)]
pub enum Phase {
    /// Waiting for the list or a book.
    Loading,
    /// It cannot go on by itself.
    Failed(LoadProblem),
    /// There is something to see.
    Ready(Box<Scenario>),
}

/// Everything the page shows.
#[derive(Debug, Clone)]
pub struct State {
    /// The language.
    pub lang: Lang,
    /// Light, dark, or as the system has it.
    pub theme: Theme,
    /// The books on offer.
    pub books: Vec<BookEntry>,
    /// What a link wished that is not there yet.
    pub wish: Link,
    /// How far the page is.
    pub phase: Phase,
    /// Parts of the link that could not be used.
    pub notices: Vec<LinkProblem>,
    /// Whether the last "copy link" worked; `None` if it is long ago.
    pub copied: Option<bool>,
}

/// What can happen to the page.
#[derive(Debug, Clone)]
pub enum Msg {
    /// Somebody changes the scenario.
    Scenario(scenario::Msg),
    /// The language is switched.
    Lang(Lang),
    /// The theme is switched.
    Theme(Theme),
    /// The list of books came, or did not.
    Index(Result<String, LoadProblem>),
    /// A book came, or did not.
    Book(Result<String, LoadProblem>),
    /// Another book is chosen.
    Choose(String),
    /// A link was opened while the page was there.
    Follow(Link, Vec<LinkProblem>),
    /// The reader has seen the notices.
    Dismiss,
    /// "Copy link" worked or failed, or is long ago.
    Copied(Option<bool>),
}

impl State {
    /// A page that waits for its books.
    pub fn new(lang: Lang, theme: Theme, (wish, notices): (Link, Vec<LinkProblem>)) -> Self {
        let lang = wish.lang.unwrap_or(lang);
        Self { lang, theme, books: Vec::new(), wish, phase: Phase::Loading, notices, copied: None }
    }

    /// Changes the state. Returns the file of a book that is to be loaded now, if one is.
    pub fn apply(&mut self, msg: Msg) -> Option<String> {
        match msg {
            Msg::Scenario(msg) => self.with_scenario(|scenario| scenario.apply(msg)),
            Msg::Lang(lang) => self.lang = lang,
            Msg::Theme(theme) => self.theme = theme,
            Msg::Index(Ok(text)) => return self.take_index(&text),
            Msg::Book(Ok(text)) => self.take_book(&text),
            Msg::Index(Err(problem)) | Msg::Book(Err(problem)) => self.phase = Phase::Failed(problem),
            Msg::Choose(id) => {
                self.wish = Link { book: Some(id), ..Link::default() };
                self.notices.clear();
                return self.wanted_file();
            }
            Msg::Follow(link, problems) => {
                self.lang = link.lang.unwrap_or(self.lang);
                self.wish = link;
                self.notices = problems;
                return self.wanted_file();
            }
            Msg::Dismiss => self.notices.clear(),
            Msg::Copied(outcome) => self.copied = outcome,
        }
        None
    }

    fn with_scenario(&mut self, change: impl FnOnce(&mut Scenario)) {
        if let Phase::Ready(scenario) = &mut self.phase {
            change(scenario);
        }
    }

    /// The scenario, if there is one yet.
    pub fn scenario(&self) -> Option<&Scenario> {
        match &self.phase {
            Phase::Ready(scenario) => Some(scenario),
            Phase::Loading | Phase::Failed(_) => None,
        }
    }

    /// What belongs behind the `#` of the address now.
    pub fn hash(&self) -> Option<String> {
        let scenario = self.scenario()?;
        Some(encode(&Link { lang: Some(self.lang), ..scenario.link() }))
    }

    fn take_index(&mut self, text: &str) -> Option<String> {
        let books = json::parse(text).and_then(|index| read_index(&index));
        match books {
            Some(books) => {
                self.books = books;
                self.wanted_file()
            }
            None => {
                self.phase = Phase::Failed(LoadProblem::Unreadable("index.json".to_owned()));
                None
            }
        }
    }

    /// The file of the wished book, or of the first if the wish names none that is here.
    fn wanted_file(&mut self) -> Option<String> {
        self.phase = Phase::Loading;
        let wished = self.wish.book.as_deref();
        let found = wished.and_then(|id| self.books.iter().find(|book| book.id == id));
        if let (Some(id), None) = (wished, found) {
            let part = ["book=", id].concat();
            self.notices.push(LinkProblem { part, kind: LinkProblemKind::Book });
        }
        let Some(book) = found.or(self.books.first()) else {
            self.phase = Phase::Failed(LoadProblem::Empty);
            return None;
        };
        Some(book.file.clone())
    }

    fn take_book(&mut self, text: &str) {
        let view = match json::parse(text).ok_or(BadView::Shape).and_then(|value| BookView::from_value(&value)) {
            Ok(view) => Rc::new(view),
            Err(bad) => {
                self.phase = unreadable(&bad);
                return;
            }
        };
        match Scenario::from_link(view, &self.wish) {
            Some((scenario, problems)) => {
                self.phase = Phase::Ready(Box::new(scenario));
                self.notices.extend(problems);
            }
            None => self.phase = Phase::Failed(LoadProblem::Empty),
        }
    }
}

#[inline(never)] // Not in the first part of the program.
fn unreadable(bad: &BadView) -> Phase {
    Phase::Failed(LoadProblem::Unreadable(bad.to_string()))
}

/// Reads the list of books by hand: derived code would cost the page eight kilobytes for five texts.
fn read_index(index: &Value) -> Option<Vec<BookEntry>> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let read = |book: &Value| {
        let name = book.get("name")?;
        let name = Names { zh: text(name, "zh")?.into(), en: text(name, "en")?.into() };
        Some(BookEntry { id: text(book, "id")?, name, file: text(book, "file")? })
    };
    index.get("books")?.as_array()?.iter().map(read).collect()
}
