//! How a line or row becomes an event: a small TOML file, or one of the mappings that are built in.
//!
//! A mapping is checked whole before the first line is read, and every mistake is told with its line and column.

pub(crate) mod apply;
mod built_in;
mod problem;
mod read;
mod rule;
mod toml_reader;

pub use apply::event;
pub use built_in::{NAMES, NamedMapping, built_in};
pub use problem::{MappingKind, MappingProblem};
pub use rule::{As, Condition, EventRule, Format, Pick, Source, TimePick};

/// A mapping that was found valid.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Who reports, where the mapping says it.
    pub source: Option<String>,
    /// What the lines are.
    pub content: Content,
}

/// What lines or rows hold.
#[derive(Debug, Clone)]
pub enum Content {
    /// Each line is a CloudEvent already.
    CloudEvents,
    /// Each line or row becomes an event by a rule.
    Mapped {
        /// How a line becomes fields.
        format: Format,
        /// How fields become an event.
        rule: Box<EventRule>,
    },
}

impl Mapping {
    /// Reads a mapping, or reports every problem in the order of the text.
    pub fn from_toml(text: &str) -> Result<Self, Vec<MappingProblem>> {
        read::mapping(text)
    }

    /// Lines that are CloudEvents.
    pub fn cloud_events() -> Self {
        Self { source: None, content: Content::CloudEvents }
    }
}

#[cfg(test)]
mod tests;
