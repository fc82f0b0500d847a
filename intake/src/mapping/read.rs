//! Reads a mapping file and checks it whole. What comes out is valid; what is wrong is told with its place.

use engine::period::Zone;
use engine::quantity::Quantity;
use regex::Regex;
use toml::de::DeTable;

use super::problem::{MappingKind, MappingProblem};
use super::rule::{As, Condition, EventRule, Format, Pick, Source, TimePick};
use super::toml_reader::{Node, Reader, Table};
use super::{Content, Mapping};
use crate::combined;
use crate::record::FieldPath;
use crate::time::{TimeFormat, UnixUnit, pattern_says};

const FORMATS: [&str; 6] = ["combined", "json", "regex", "csv", "parquet", "cloudevents"];
const ROOT: [&str; 9] = ["source", "format", "pattern", "delimiter", "absent", "event", "data", "only", "except"];
const EVENT: [&str; 4] = ["type", "customer", "time", "id"];
const PICK: [&str; 9] = ["field", "value", "pattern", "default", "optional", "as", "scale", "cut", "float"];
const TIME: [&str; 3] = ["field", "format", "zone"];
const KEPT: [&str; 3] = ["text", "decimal", "integer"];

/// The longest source, by the rule of CloudEvents' attributes.
const SOURCE_LENGTH_MAX: usize = 255;

pub(super) fn mapping(text: &str) -> Result<Mapping, Vec<MappingProblem>> {
    let mut reader = Reader::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    errors.iter().for_each(|error| reader.syntax(error));
    let mapping = if errors.is_empty() { read(&mut reader, &table) } else { None };
    let problems = reader.into_problems();
    match mapping {
        Some(mapping) if problems.is_empty() => Ok(mapping),
        Some(_) | None => Err(problems),
    }
}

fn read<'t>(reader: &mut Reader<'t>, table: &'t toml::Spanned<DeTable<'t>>) -> Option<Mapping> {
    let root = reader.root(table, &ROOT);
    let source = optional(reader, &root, "source", source);
    let format = required(reader, &root, "format", |reader, node| one_of(reader, node, &FORMATS))?;
    if format == "cloudevents" {
        for key in ["pattern", "delimiter", "absent", "event", "data", "only", "except"] {
            if let Some(node) = root.get(key) {
                let why = "cloudevents are events already; leave out all but source and format";
                let _: Option<()> = reader.report(&node, MappingKind::Together(why));
            }
        }
        return Some(Mapping { source: source?, content: Content::CloudEvents });
    }
    let format = read_format(reader, &root, format);
    let rule = rule(reader, &root);
    let (format, rule) = (format?, rule?);
    check_fields(reader, &root, &format);
    if matches!(format, Format::Parquet) && rule.id.is_empty() {
        return reader.report_in(&root, MappingKind::NoId);
    }
    let content = Content::Mapped { format, rule: Box::new(rule) };
    Some(Mapping { source: source?, content })
}

fn required<'t, T>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    key: &'static str,
    read: impl FnOnce(&mut Reader<'t>, &Node<'t>) -> Option<T>,
) -> Option<T> {
    match table.get(key) {
        Some(node) => read(reader, &node),
        None => reader.report_in(table, MappingKind::MissingKey(key)),
    }
}

/// `Some(None)` if the key is not there, `None` if its value is wrong.
fn optional<'t, T>(
    reader: &mut Reader<'t>,
    table: &Table<'t>,
    key: &str,
    read: impl FnOnce(&mut Reader<'t>, &Node<'t>) -> Option<T>,
) -> Option<Option<T>> {
    match table.get(key) {
        Some(node) => read(reader, &node).map(Some),
        None => Some(None),
    }
}

fn one_of<'t>(reader: &mut Reader<'t>, node: &Node<'t>, allowed: &[&'static str]) -> Option<&'static str> {
    let found = reader.any_text(node)?;
    match allowed.iter().find(|word| **word == found) {
        Some(word) => Some(word),
        None => reader.report(node, MappingKind::NotOneOf { found: found.to_owned(), allowed: allowed.to_vec() }),
    }
}

fn source<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<String> {
    let text = reader.text(node, "name who reports, for instance \"/gateways/shanghai-1\"")?;
    if text.chars().count() > SOURCE_LENGTH_MAX || text.chars().any(char::is_control) {
        let allowed = "a source: 1 to 255 characters, none of them a control character";
        return reader.report(node, MappingKind::Range { found: "this".to_owned(), allowed });
    }
    Some(text.to_owned())
}

fn read_format<'t>(reader: &mut Reader<'t>, root: &Table<'t>, format: &str) -> Option<Format> {
    if let (Some(node), false) = (root.get("pattern"), format == "regex") {
        return reader.report(&node, MappingKind::Together("only format = \"regex\" has a pattern of its own"));
    }
    if let (Some(node), false) = (root.get("delimiter"), format == "csv") {
        return reader.report(&node, MappingKind::Together("only format = \"csv\" has a delimiter"));
    }
    match format {
        "regex" => {
            let expression = required(reader, root, "pattern", regex)?;
            if expression.capture_names().flatten().next().is_none() {
                return root.get("pattern").and_then(|node| reader.report(&node, MappingKind::NoGroups));
            }
            Some(Format::Regex(expression))
        }
        "csv" => {
            let delimiter = optional(reader, root, "delimiter", delimiter)?;
            Some(Format::Csv { delimiter: delimiter.unwrap_or(b',') })
        }
        "json" => Some(Format::Json),
        "parquet" => Some(Format::Parquet),
        _ => Some(Format::Combined),
    }
}

fn delimiter<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<u8> {
    let text = reader.text(node, "write one character, for instance \";\" or \"\\t\"")?;
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Some(*byte),
        _ => {
            let allowed = "one character that is no letter, digit, quote or end of line";
            reader.report(node, MappingKind::Range { found: format!("\"{text}\""), allowed })
        }
    }
}

fn rule<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Option<EventRule> {
    let absent = optional(reader, root, "absent", Reader::texts);
    let only = conditions(reader, root, "only");
    let except = conditions(reader, root, "except");
    let data = match root.get("data") {
        Some(node) => data(reader, &node),
        None => Some(Vec::new()),
    };
    let event = required(reader, root, "event", |reader, node| reader.table(node, &EVENT))?;
    let kind = required(reader, &event, "type", |reader, node| match reader.is_text(node) {
        true => reader.text(node, TYPE_EMPTY).map(|text| plain(Source::Constant(text.to_owned()))),
        false => pick(reader, node),
    });
    let customer = required(reader, &event, "customer", pick);
    let time = required(reader, &event, "time", time);
    let id = optional(reader, &event, "id", |reader, node| {
        let names = reader.texts(node)?;
        if names.is_empty() || names.contains(&"") {
            return reader.report(node, MappingKind::Empty("name at least one field, or leave id out"));
        }
        Some(names.into_iter().map(FieldPath::new).collect())
    });
    Some(EventRule {
        kind: kind?,
        customer: customer?,
        time: time?,
        id: id?.unwrap_or_default(),
        data: data?,
        only: only?,
        except: except?,
        absent: absent?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
    })
}

const TYPE_EMPTY: &str = "name the type of the events, for instance \"http.request\"";
const FIELD_EMPTY: &str = "name a field";

fn conditions<'t>(reader: &mut Reader<'t>, root: &Table<'t>, key: &str) -> Option<Vec<Condition>> {
    let Some(node) = root.get(key) else { return Some(Vec::new()) };
    let table = reader.open_table(&node)?;
    let condition = |(name, node): (String, Node<'t>)| {
        let values = reader.texts(&node)?;
        if values.is_empty() {
            return reader.report(&node, MappingKind::Empty("name at least one value"));
        }
        let values = values.into_iter().map(str::to_owned).collect();
        Some(Condition { field: FieldPath::new(&name), values })
    };
    // All are read before one that is wrong makes the whole wrong.
    let read: Vec<Option<Condition>> = table.entries().into_iter().map(condition).collect();
    read.into_iter().collect()
}

fn data<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Vec<(String, Pick)>> {
    let table = reader.open_table(node)?;
    let read: Vec<Option<(String, Pick)>> = table
        .entries()
        .into_iter()
        .map(|(name, node)| {
            if name.is_empty() || name.contains('\0') {
                return reader.report(&node, MappingKind::Empty("name the attribute"));
            }
            Some((name, pick(reader, &node)?))
        })
        .collect();
    read.into_iter().collect()
}

fn plain(source: Source) -> Pick {
    Pick {
        source,
        pattern: None,
        default: None,
        optional: false,
        kept: As::Written,
        scale: None,
        cut: None,
        shortest_float: false,
    }
}

/// A field by its name, or a table that says more.
fn pick<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Pick> {
    if reader.is_text(node) {
        return reader.text(node, FIELD_EMPTY).map(|name| plain(Source::Field(FieldPath::new(name))));
    }
    let table = reader.table(node, &PICK)?;
    let source = match (table.get("field"), table.get("value")) {
        (Some(field), None) => Source::Field(FieldPath::new(reader.text(&field, FIELD_EMPTY)?)),
        (None, Some(value)) => Source::Constant(reader.any_text(&value)?.to_owned()),
        (Some(_), Some(value)) => {
            return reader.report(&value, MappingKind::Together("write a field or a value, not both"));
        }
        (None, None) => return reader.report_in(&table, MappingKind::MissingKey("field")),
    };
    let pattern = optional(reader, &table, "pattern", regex);
    let default = optional(reader, &table, "default", |reader, node| reader.any_text(node).map(str::to_owned));
    let optional_flag = optional(reader, &table, "optional", Reader::boolean);
    let kept = optional(reader, &table, "as", |reader, node| one_of(reader, node, &KEPT));
    let scale = optional(reader, &table, "scale", |reader, node| {
        let text = reader.any_text(node)?;
        Quantity::parse(text).ok().or_else(|| reader.report(node, MappingKind::NotDecimal(text.to_owned())))
    });
    let cut = optional(reader, &table, "cut", Reader::count);
    let float = optional(reader, &table, "float", |reader, node| one_of(reader, node, &["shortest"]));
    let (scale, kept) = (scale?, kept?);
    if let (Some(_), Some("text"), Some(node)) = (scale, kept, table.get("scale")) {
        return reader.report(&node, MappingKind::Together("a text cannot be multiplied; write as = \"decimal\""));
    }
    let kept = match kept {
        Some("text") => As::Text,
        Some("integer") => As::Integer,
        Some(_) => As::Decimal,
        None if scale.is_some() => As::Decimal,
        None => As::Written,
    };
    Some(Pick {
        source,
        pattern: pattern?,
        default: default?,
        optional: optional_flag?.unwrap_or(false),
        kept,
        scale,
        cut: cut?,
        shortest_float: float?.is_some(),
    })
}

fn regex<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<Regex> {
    let text = reader.text(node, "write a regular expression")?;
    match Regex::new(text) {
        Ok(expression) => Some(expression),
        Err(error) => {
            // The crate draws the place over several lines; the last one says what is wrong.
            let told = error.to_string();
            let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
            reader.report(node, MappingKind::Regex(last.to_owned()))
        }
    }
}

fn time<'t>(reader: &mut Reader<'t>, node: &Node<'t>) -> Option<TimePick> {
    if reader.is_text(node) {
        let field = FieldPath::new(reader.text(node, FIELD_EMPTY)?);
        return Some(TimePick { field, format: TimeFormat::Rfc3339(None) });
    }
    let table = reader.table(node, &TIME)?;
    let field = required(reader, &table, "field", |reader, node| reader.text(node, FIELD_EMPTY));
    let zone = optional(reader, &table, "zone", |reader, node| {
        let name = reader.any_text(node)?;
        match Zone::from_name(name) {
            Ok(zone) => Some(zone),
            Err(problem) => reader.report(node, MappingKind::Zone(problem)),
        }
    });
    let format = optional(reader, &table, "format", |reader, node| {
        reader.text(node, "write rfc3339, unix_seconds or another form")
    });
    let zone = zone?;
    let useless = |reader: &mut Reader<'t>| match table.get("zone") {
        Some(node) => reader.report(&node, MappingKind::UselessZone),
        None => Some(()),
    };
    let format = match format? {
        None | Some("rfc3339") => TimeFormat::Rfc3339(zone),
        Some(word @ ("unix_seconds" | "unix_millis" | "unix_micros")) => {
            useless(reader)?;
            TimeFormat::Unix(match word {
                "unix_seconds" => UnixUnit::Seconds,
                "unix_millis" => UnixUnit::Millis,
                _ => UnixUnit::Micros,
            })
        }
        Some(pattern) => {
            let node = table.get("format")?;
            let Some(says) = pattern_says(pattern).filter(|_| pattern.contains('%')) else {
                return reader.report(&node, MappingKind::TimePattern(pattern.to_owned()));
            };
            if says.offset {
                useless(reader)?;
            } else if zone.is_none() {
                return reader.report(&node, MappingKind::NoZone(pattern.to_owned()));
            }
            TimeFormat::Pattern { pattern: pattern.to_owned(), zone, has_time_of_day: says.time_of_day }
        }
    };
    Some(TimePick { field: FieldPath::new(field?), format })
}

/// Where the format says which fields there are, a name that is none of them is a mistake of the mapping.
fn check_fields<'t>(reader: &mut Reader<'t>, root: &Table<'t>, format: &Format) {
    let known: Vec<String> = match format {
        Format::Combined => combined::FIELDS.iter().map(|&name| name.to_owned()).collect(),
        Format::Regex(expression) => expression.capture_names().flatten().map(str::to_owned).collect(),
        Format::Json | Format::Csv { .. } | Format::Parquet => return,
    };
    for (field, node) in named_fields(reader, root) {
        if !known.contains(&field) {
            let kind = MappingKind::UnknownField { field, fields: known.clone() };
            let _: Option<()> = reader.report(&node, kind);
        }
    }
}

/// Every field that the mapping names, with its place.
fn named_fields<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<(String, Node<'t>)> {
    let mut fields = Vec::new();
    for key in ["only", "except"] {
        if let Some(table) = root.get(key).and_then(|node| reader.open_table(&node)) {
            fields.extend(table.entries());
        }
    }
    let event = root.get("event").and_then(|node| reader.open_table(&node));
    let data = root.get("data").and_then(|node| reader.open_table(&node));
    let entries = event.iter().chain(&data).flat_map(Table::entries);
    for (name, node) in entries.collect::<Vec<_>>() {
        let is_event = node.path == format!("event.{name}");
        if is_event && name == "type" && reader.is_text(&node) {
            continue;
        }
        if is_event && name == "id" {
            let names = reader.texts(&node).unwrap_or_default();
            fields.extend(names.into_iter().map(|name| (name.to_owned(), node.clone())));
        } else if reader.is_text(&node) {
            fields.extend(reader.any_text(&node).map(|name| (name.to_owned(), node.clone())));
        } else if let Some(field) = reader.open_table(&node).and_then(|table| table.get("field")) {
            fields.extend(reader.any_text(&field).map(|name| (name.to_owned(), field.clone())));
        }
    }
    fields
}
