//! What a request's headers say its body is, and the events that stand in a whole body.
//!
//! Cuts bodies into the texts of single events; whether these are events is read elsewhere.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::flow::Submitted;
use super::read::is_json;
use crate::error::Problem;
use crate::request::bad_json;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One event in structured form.
    One,
    /// A list of events.
    List,
    /// One event or a list.
    OneOrList,
    /// One event a line, as a stream.
    Lines,
    /// The data of one event whose attributes are headers (`ce-…`).
    Binary,
}

const ALLOWED: &str = "application/cloudevents+json, application/cloudevents-batch+json, application/json or, as a \
                       stream, application/x-ndjson";

/// The header that says that an event is in binary form.
const CE_SPECVERSION: HeaderName = HeaderName::from_static("ce-specversion");

impl Format {
    /// As the content type says.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let full = content_type(headers);
        let kind = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/cloudevents+json" => Ok(Self::One),
            "application/cloudevents-batch+json" => Ok(Self::List),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/cloudevents+ndjson" => {
                Ok(Self::Lines)
            }
            _ if headers.contains_key(CE_SPECVERSION) => Ok(Self::Binary),
            "application/json" => Ok(Self::OneOrList),
            _ => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-content-type", "Not a CloudEvent")
                .detail(format!("the content type is {kind}; send {ALLOWED}"))),
        }
    }
}

/// Whether the sender wants to read a result for each event while the stream goes on.
pub fn wants_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kinds = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
    accepted.flat_map(|value| value.split(',')).any(|item| {
        let kind = item.split(';').next().unwrap_or_default().trim();
        kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))
    })
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json")
}

/// The events of a whole body that is no stream.
pub fn events<'b>(format: Format, headers: &HeaderMap, body: &'b str) -> Result<Vec<Submitted<'b>>, Problem> {
    let is_list = match format {
        Format::One | Format::Lines => false,
        Format::List => true,
        Format::OneOrList => body.trim_start().starts_with('['),
        Format::Binary => return Ok(vec![submitted((0, Cow::Owned(binary(headers, body)?)))]),
    };
    if is_list {
        // One pass finds where each event ends and that all of it is JSON; the second reads each event.
        let events: Vec<&RawValue> = serde_json::from_str(body).map_err(|error| bad_json(&error))?;
        let texts = events.into_iter().map(|raw| Cow::Borrowed(raw.get()));
        Ok(texts.enumerate().map(submitted).collect())
    } else {
        let event: &RawValue = serde_json::from_str(body).map_err(|error| bad_json(&error))?;
        Ok(vec![submitted((0, Cow::Borrowed(event.get())))])
    }
}

fn submitted((position, text): (usize, Cow<'_, str>)) -> Submitted<'_> {
    Submitted { text, position, broken: None }
}

/// An event in binary form (CloudEvents HTTP binding 3.1) as the structured form of the same event.
fn binary(headers: &HeaderMap, body: &str) -> Result<String, Problem> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix("ce-") else { continue };
        // A header that stands twice is written as a list, which no attribute may be.
        match event.remove(name) {
            Some(first) => event.insert(name.to_owned(), Value::Array(vec![first, text(value)])),
            None => event.insert(name.to_owned(), text(value)),
        };
    }
    let kind = content_type(headers);
    event.insert("datacontenttype".to_owned(), Value::String(kind.to_owned()));
    let data = if is_json(kind) {
        let data: &RawValue = serde_json::from_str(body).map_err(|error| bad_json(&error))?;
        data.get().to_owned()
    } else {
        // It will be refused for its type; what it held is put aside with it.
        Value::String(body.to_owned()).to_string()
    };
    let attributes = Value::Object(event).to_string();
    // The data stays as it was written, so that a key that stands twice in it is found.
    let open = attributes.strip_suffix('}').unwrap_or_default();
    Ok(format!("{open},\"data\":{data}}}"))
}

/// The value of an attribute: percent-encoded UTF-8.
fn text(value: &HeaderValue) -> Value {
    let raw = String::from_utf8_lossy(value.as_bytes());
    Value::String(percent_decode_str(&raw).decode_utf8_lossy().into_owned())
}
