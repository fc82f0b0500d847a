//! Takes the JSON of one CloudEvent apart in one pass: its attributes, and what stands twice.
//!
//! Judges nothing but the JSON itself; what the attributes mean is read elsewhere.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::read::EventProblem;
use super::strict::{REPEATED_KEY, Strict, twice};

/// The attributes of an event as they stand there. Others are read over.
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    /// `specversion`.
    pub specversion: Option<Value>,
    /// `id`.
    pub id: Option<Value>,
    /// `source`.
    pub source: Option<Value>,
    /// `type`.
    pub kind: Option<Value>,
    /// `subject`.
    pub subject: Option<Value>,
    /// `time`.
    pub time: Option<Value>,
    /// `datacontenttype`.
    pub datacontenttype: Option<Value>,
    /// `data`.
    pub data: Option<Value>,
    /// `voids`: the id of an earlier event that does not count.
    pub voids: Option<Value>,
    /// `amends`: the id of an earlier event that this one replaces.
    pub amends: Option<Value>,
    /// Whether there is `data_base64`.
    pub has_binary_data: bool,
}

impl Envelope {
    /// Reads one event.
    pub fn read(text: &str) -> Result<Self, EventProblem> {
        let unreadable = |error: serde_json::Error| {
            let message = error.to_string();
            match message.strip_prefix(REPEATED_KEY) {
                Some(rest) => EventProblem::RepeatedKey(format!("{REPEATED_KEY}{rest}")),
                None => EventProblem::NotReadable(message),
            }
        };
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map_err(unreadable);
        }
        serde_json::from_str::<IgnoredAny>(text).map_err(unreadable)?;
        Err(EventProblem::NotAnObject)
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        let mut others: Vec<String> = Vec::new();
        while let Some(name) = entries.next_key::<Name>()? {
            let place = match name {
                Name::Specversion => &mut envelope.specversion,
                Name::Id => &mut envelope.id,
                Name::Source => &mut envelope.source,
                Name::Kind => &mut envelope.kind,
                Name::Subject => &mut envelope.subject,
                Name::Time => &mut envelope.time,
                Name::Datacontenttype => &mut envelope.datacontenttype,
                Name::Data => &mut envelope.data,
                Name::Voids => &mut envelope.voids,
                Name::Amends => &mut envelope.amends,
                Name::Other(name) => {
                    if others.contains(&name) {
                        return Err(twice(&name));
                    }
                    if others.len() >= OTHERS_MAX {
                        return Err(A::Error::custom(TOO_MANY));
                    }
                    envelope.has_binary_data |= name == "data_base64";
                    others.push(name);
                    // Read strictly too, for a key may stand twice in it.
                    entries.next_value::<Strict>()?;
                    continue;
                }
            };
            if place.is_some() {
                return Err(twice(name.as_str()));
            }
            *place = Some(entries.next_value::<Strict>()?.0);
        }
        Ok(envelope)
    }
}

/// How many attributes an event may have besides those that are read here.
const OTHERS_MAX: usize = 100;

const TOO_MANY: &str = "more than 100 attributes besides those of CloudEvents; put what you measure into data";

/// The name of an attribute.
enum Name {
    Specversion,
    Id,
    Source,
    Kind,
    Subject,
    Time,
    Datacontenttype,
    Data,
    Voids,
    Amends,
    Other(String),
}

impl Name {
    fn as_str(&self) -> &str {
        match self {
            Self::Specversion => "specversion",
            Self::Id => "id",
            Self::Source => "source",
            Self::Kind => "type",
            Self::Subject => "subject",
            Self::Time => "time",
            Self::Datacontenttype => "datacontenttype",
            Self::Data => "data",
            Self::Voids => "voids",
            Self::Amends => "amends",
            Self::Other(name) => name,
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an attribute")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match name {
            "specversion" => Name::Specversion,
            "id" => Name::Id,
            "source" => Name::Source,
            "type" => Name::Kind,
            "subject" => Name::Subject,
            "time" => Name::Time,
            "datacontenttype" => Name::Datacontenttype,
            "data" => Name::Data,
            "voids" => Name::Voids,
            "amends" => Name::Amends,
            other => Name::Other(other.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Envelope, EventProblem};

    #[test]
    fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
        for text in [
            r#"{"id":"1","id":"1"}"#,
            r#"{"data":{"a":1,"a":1}}"#,
            r#"{"traceparent":"a","traceparent":"a"}"#,
            r#"{"extension":{"a":1,"a":1}}"#,
            r#"{"id":"1","\u0069d":"2"}"#,
        ] {
            assert!(matches!(Envelope::read(text), Err(EventProblem::RepeatedKey(_))), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
        for text in ["7", "[1]", "\"{}\"", " null"] {
            assert_eq!(Envelope::read(text).unwrap_err(), EventProblem::NotAnObject, "{text}");
        }
        for text in ["", "{", "{} {}", "{\"a\":NaN}", "{\"a\":1e400}", "nothing"] {
            assert!(matches!(Envelope::read(text), Err(EventProblem::NotReadable(_))), "{text}");
        }
    }

    #[test]
    fn ten_thousand_attributes_are_refused_and_not_searched() {
        let names: Vec<String> = (0..10_000).map(|number| format!("\"x{number}\":1")).collect();
        let text = format!("{{{}}}", names.join(","));
        assert!(matches!(Envelope::read(&text), Err(EventProblem::NotReadable(why)) if why.contains("100 attributes")));
    }
}
