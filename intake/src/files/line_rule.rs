//! What one line becomes by a mapping: an event, nothing, or a problem with a name.
//!
//! The same for files that are imported and for logs that are followed.

use engine::period::Instant;
use engine::usage::Event;

use crate::json::{self, Json};
use crate::line_problem::LineProblem;
use crate::mapping::{Content, Format, Mapping, event};
use crate::record::Record;
use crate::{cloud_event, combined};

/// A line that is too long, by its length and how long it may be.
pub(crate) fn too_long(length: u64, limit: usize) -> LineProblem {
    LineProblem::TooLong { length, limit }
}

/// The event of a line; `None` if the mapping passes over it, or if nothing stands there.
pub fn read_line(
    mapping: &Mapping,
    source: &str,
    line: &[u8],
    line_id: impl FnOnce(Instant) -> String,
) -> Result<Option<Event>, LineProblem> {
    let text = std::str::from_utf8(line).map_err(|error| LineProblem::NotText(error.valid_up_to()))?;
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let (format, rule) = match &mapping.content {
        Content::CloudEvents => return Ok(Some(cloud_event::read(text)?)),
        Content::Mapped { format, rule } => (format, rule),
    };
    match format {
        Format::Combined => {
            let line = combined::read(text)?;
            event(rule, source, &Record::Combined(&line), line_id)
        }
        Format::Json => match json::read(text)? {
            json @ Json::Object(_) => event(rule, source, &Record::Json(&json), line_id),
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                Err(LineProblem::NotAnObject)
            }
        },
        Format::Regex(expression) => {
            let captures = expression.captures(text).ok_or(LineProblem::NoMatch)?;
            event(rule, source, &Record::Captures(&captures), line_id)
        }
        Format::Csv { .. } | Format::Parquet => Err(LineProblem::NoMatch),
    }
}

/// Whether a last line without end cannot be the beginning of a longer one.
pub(crate) fn is_whole(mapping: &Mapping, line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else { return false };
    match &mapping.content {
        Content::CloudEvents | Content::Mapped { format: Format::Json, .. } => {
            matches!(json::read(text), Ok(Json::Object(_)))
        }
        Content::Mapped { format: Format::Combined, .. } => combined::is_whole(text),
        Content::Mapped { format: Format::Regex(_), .. } => false,
        Content::Mapped { format: Format::Csv { .. } | Format::Parquet, .. } => true,
    }
}
