//! Which events of a list are the same event again, for lists that did not come through ingest.
//!
//! An event counts once. What makes two events the same is data: usually source and id, elsewhere id and time.

use std::collections::BTreeSet;

use super::event::Event;

/// A part of an event's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyField {
    /// Who reports it.
    Source,
    /// Its id.
    Id,
    /// When it happened.
    Time,
    /// Who is billed for it.
    Customer,
    /// What kind of event it is.
    Kind,
    /// A field of its data.
    Data(String),
}

/// Remembers the identities of the events it has seen.
#[derive(Debug, Clone)]
pub struct Dedupe {
    fields: Vec<KeyField>,
    seen: BTreeSet<Vec<String>>,
}

impl Default for Dedupe {
    /// By source and id.
    fn default() -> Self {
        Self::by(vec![KeyField::Source, KeyField::Id])
    }
}

impl Dedupe {
    /// By these parts of an event; events that agree in all of them are the same.
    pub fn by(fields: Vec<KeyField>) -> Self {
        Self { fields, seen: BTreeSet::new() }
    }

    /// Whether no event of this identity came before.
    pub fn is_new(&mut self, event: &Event) -> bool {
        let part = |field: &KeyField| match field {
            KeyField::Source => event.source.clone(),
            KeyField::Id => event.id.clone(),
            KeyField::Time => event.time.to_rfc3339(),
            KeyField::Customer => event.customer.to_string(),
            KeyField::Kind => event.kind.clone(),
            KeyField::Data(field) => event.attribute(field),
        };
        self.seen.insert(self.fields.iter().map(part).collect())
    }
}
