//! Meters in a book: what is counted and how, read and written.

use serde_json::Value;

use super::book::report_twins;
use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Entry, Path, Reader, Table};
use super::write::{insert, names, object, text};
use crate::ids::MeterId;
use crate::usage::Meter;
use crate::usage::aggregate::{AGGREGATES, Aggregate};

/// The meters that a charge may name: the valid ones, and the ids of all.
#[derive(Debug, Default)]
pub(super) struct KnownMeters {
    pub(super) meters: Vec<Option<Meter>>,
    pub(super) ids: Vec<String>,
}

impl KnownMeters {
    /// The meters, if none is broken.
    pub(super) fn into_valid(self) -> Option<Vec<Meter>> {
        self.meters.into_iter().collect()
    }
}

/// The meters, broken ones too, so that a charge for one of those is not called wrong as well.
pub(super) fn read_meters(reader: &mut Reader, node: &Node, path: &Path) -> KnownMeters {
    let entries = reader.entries(node, path);
    let meters: Vec<Option<Meter>> = entries.iter().map(|entry| read_meter(reader, entry)).collect();
    let ids = entries.iter().filter_map(|entry| entry.id).map(str::to_owned).collect();
    report_twins(reader, &entries);
    KnownMeters { meters, ids }
}

fn read_meter(reader: &mut Reader, entry: &Entry<'_>) -> Option<Meter> {
    let path = &entry.path;
    let allowed = ["id", "name", "description", "unit", "event", "aggregate", "field", "group_by", "samples"];
    let table = reader.table(entry.node, path, &allowed)?;
    let id = reader.id(entry, MeterId::new);
    let name = reader.required(&table, "name", path, Reader::names);
    let description = reader.optional(&table, "description", path, Reader::names);
    let unit = reader.optional(&table, "unit", path, Reader::names);
    let event = reader.required(&table, "event", path, |r, node, path| r.text(node, path).map(str::to_owned));
    let aggregate = read_aggregate(reader, &table, path);
    let group_by = reader.optional(&table, "group_by", path, |reader, node, path| {
        let nodes = reader.array(node, path)?;
        let texts =
            nodes.iter().enumerate().map(|(index, node)| reader.text(node, &path.index(index)).map(str::to_owned));
        texts.collect::<Vec<_>>().into_iter().collect::<Option<Vec<String>>>()
    });
    let samples = reader.optional(&table, "samples", path, Reader::boolean);
    Some(Meter {
        id: id?,
        name: name?,
        description: description?,
        unit: unit?,
        event: event?,
        aggregate: aggregate?,
        group_by: group_by?.unwrap_or_default(),
        samples: samples?.unwrap_or(false),
    })
}

fn read_aggregate(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Aggregate> {
    let words = AGGREGATES.map(|word| (word, word));
    let word = reader.required(table, "aggregate", path, |reader, node, path| reader.option(node, path, &words))?;
    if word == "count" {
        if table.get("field").is_some() {
            return reader.report_at(table, "field", path, ProblemKind::FieldForCount);
        }
        return Some(Aggregate::Count);
    }
    let field = reader.required(table, "field", path, |r, node, path| r.text(node, path).map(str::to_owned))?;
    Some(Aggregate::Sum { field })
}

pub(super) fn write_meter(meter: &Meter) -> Value {
    let mut fields = object([("id", text(&meter.id)), ("name", names(&meter.name)), ("event", text(&meter.event))]);
    insert(&mut fields, "description", meter.description.as_ref().map(names));
    insert(&mut fields, "unit", meter.unit.as_ref().map(names));
    match &meter.aggregate {
        Aggregate::Count => insert(&mut fields, "aggregate", Some(text("count"))),
        Aggregate::Sum { field } => {
            insert(&mut fields, "aggregate", Some(text("sum")));
            insert(&mut fields, "field", Some(text(field)));
        }
    }
    let group_by = (!meter.group_by.is_empty()).then(|| meter.group_by.iter().map(text).collect());
    insert(&mut fields, "group_by", group_by);
    insert(&mut fields, "samples", meter.samples.then_some(Value::Bool(true)));
    Value::Object(fields)
}
