//! Meters in a book: what is counted and how, read and written.

use serde_json::{Map, Value};

use super::aggregate::{
    AGGREGATE_KEYS, read_aggregate, read_quantity_rounding, write_aggregate, write_quantity_rounding,
};
use super::book::report_twins;
use super::conversion::{read_conversion, write_conversion};
use super::dimension::{read_dimensions, write_dimension};
use super::draft::{Node, Value as Typed};
use super::problem::{Expected, ProblemKind};
use super::reader::{Entry, Path, Reader, Table};
use super::selection::{is_empty, read_values};
use super::write::{insert, names, object, text, word};
use crate::ids::MeterId;
use crate::usage::aggregate::Aggregate;
use crate::usage::{By, Filter, Meter, Missing, Reset};

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
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_meters(reader: &mut Reader, node: &Node, path: &Path, calendars: &[String]) -> KnownMeters {
    let entries = reader.entries(node, path);
    let meters: Vec<Option<Meter>> = entries.iter().map(|entry| read_meter(reader, entry, calendars)).collect();
    let ids = entries.iter().filter_map(|entry| entry.id).map(str::to_owned).collect();
    report_twins(reader, &entries);
    KnownMeters { meters, ids }
}

/// The meter of this id; one that is there but broken is `None` without another problem.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn find_meter<'m>(
    reader: &mut Reader,
    (id, node): (&str, &Node),
    path: &Path,
    known: &'m KnownMeters,
) -> Option<&'m Meter> {
    let found = known.meters.iter().flatten().find(|meter| meter.id.as_str() == id);
    if found.is_none() && !known.ids.iter().any(|other| other == id) {
        let kind = ProblemKind::UnknownMeter { id: id.to_owned(), known: known.ids.clone() };
        return reader.report(node, path, kind);
    }
    found
}

/// The id of a meter that is there.
pub(super) fn known_meter(
    reader: &mut Reader,
    named: (&str, &Node),
    path: &Path,
    known: &KnownMeters,
) -> Option<MeterId> {
    find_meter(reader, named, path, known).map(|meter| meter.id.clone())
}

/// A text that is the id of a meter.
pub(super) fn read_meter_id(reader: &mut Reader, node: &Node, path: &Path, known: &KnownMeters) -> Option<MeterId> {
    let id = reader.text(node, path)?;
    known_meter(reader, (id, node), path, known)
}

/// The keys of a meter beside those of its aggregate.
const METER_KEYS: [&str; 13] = [
    "id",
    "name",
    "description",
    "unit",
    "event",
    "where",
    "aggregate",
    "missing",
    "convert_each",
    "round",
    "reset",
    "group_by",
    "samples",
];

pub(super) const MISSINGS: [(&str, Missing); 2] = [("refuse", Missing::Refuse), ("ignore", Missing::Ignore)];
pub(super) const RESETS: [(&str, Reset); 2] = [("period", Reset::Period), ("never", Reset::Never)];

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_meter(reader: &mut Reader, entry: &Entry<'_>, calendars: &[String]) -> Option<Meter> {
    let path = &entry.path;
    let allowed: Vec<&str> = METER_KEYS.into_iter().chain(AGGREGATE_KEYS).collect();
    let table = reader.table(entry.node, path, &allowed)?;
    let id = reader.id(entry, MeterId::new);
    let name = reader.required(&table, "name", path, Reader::names);
    let description = reader.optional(&table, "description", path, Reader::names);
    let unit = reader.optional(&table, "unit", path, Reader::names);
    let event = reader.required(&table, "event", path, |r, node, path| r.text(node, path).map(str::to_owned));
    let only = reader.optional(&table, "where", path, read_filters);
    let aggregate = read_aggregate(reader, &table, path);
    let missing = reader.optional(&table, "missing", path, |reader, node, path| reader.option(node, path, &MISSINGS));
    let convert_each = reader.optional(&table, "convert_each", path, read_conversion);
    let round = reader.optional(&table, "round", path, read_quantity_rounding);
    let reset = reader.optional(&table, "reset", path, |reader, node, path| reader.option(node, path, &RESETS));
    let group_by =
        reader.optional(&table, "group_by", path, |reader, node, path| read_dimensions(reader, node, path, calendars));
    let samples = reader.optional(&table, "samples", path, Reader::boolean);
    let meter = Meter {
        id: id?,
        name: name?,
        description: description?,
        unit: unit?,
        event: event?,
        only: only?.unwrap_or_default(),
        aggregate: aggregate?.into(),
        missing: missing?.unwrap_or(Missing::Refuse),
        convert_each: convert_each?,
        round: round?,
        reset: reset?.unwrap_or(Reset::Period),
        group_by: group_by?.unwrap_or_default(),
        samples: samples?.unwrap_or(false),
    };
    check_options(reader, &table, path, &meter)?;
    Some(meter)
}

/// An option that would change nothing is refused, never silently ignored.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_options(reader: &mut Reader, table: &Table<'_>, path: &Path, meter: &Meter) -> Option<()> {
    let aggregate = &meter.aggregate;
    let bands = meter.group_by.iter().any(|dimension| matches!(dimension.by, By::Bands { .. }));
    let reads = aggregate.field().is_some() || bands;
    let wrong = [
        ("convert_each", meter.convert_each.is_some() && !aggregate.reads_numbers()),
        ("reset", meter.reset == Reset::Never && !aggregate.can_carry()),
        ("missing", meter.missing == Missing::Ignore && !reads),
    ];
    let mut good = Some(());
    for (key, _) in wrong.into_iter().filter(|(_, wrong)| *wrong) {
        let kind = ProblemKind::NotForAggregate { key, aggregate: aggregate_word(aggregate) };
        good = reader.report_at(table, key, path, kind);
    }
    good
}

/// The word of a book for an aggregate.
fn aggregate_word(aggregate: &Aggregate) -> String {
    let mut fields = Map::new();
    write_aggregate(&mut fields, aggregate);
    fields.get("aggregate").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// `{ region = ["eu", "us"], method = "GET" }`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_filters(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<Filter>> {
    if is_empty(node) {
        return reader.report(node, path, ProblemKind::EmptySelection);
    }
    let Typed::Table(fields) = &node.value else {
        return reader.report(node, path, ProblemKind::WrongType { found: node.kind(), expected: Expected::Table });
    };
    let filter = |field: &super::draft::Field| {
        let values = read_values(reader, &field.node, &path.key(&field.key))?;
        Some(Filter { field: field.key.clone(), values })
    };
    let filters: Vec<Option<Filter>> = fields.iter().map(filter).collect();
    filters.into_iter().collect()
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_meter(meter: &Meter) -> Value {
    let mut fields = object([("id", text(&meter.id)), ("name", names(&meter.name)), ("event", text(&meter.event))]);
    insert(&mut fields, "description", meter.description.as_ref().map(names));
    insert(&mut fields, "unit", meter.unit.as_ref().map(names));
    let filters = meter.only.iter().map(|filter| (filter.field.clone(), filter.values.iter().map(text).collect()));
    insert(&mut fields, "where", (!meter.only.is_empty()).then(|| Value::Object(filters.collect())));
    write_aggregate(&mut fields, &meter.aggregate);
    insert(&mut fields, "missing", (meter.missing != Missing::Refuse).then(|| text(word(&MISSINGS, meter.missing))));
    insert(&mut fields, "convert_each", meter.convert_each.as_ref().map(write_conversion));
    insert(&mut fields, "round", meter.round.as_ref().map(write_quantity_rounding));
    insert(&mut fields, "reset", (meter.reset != Reset::Period).then(|| text(word(&RESETS, meter.reset))));
    let group_by = (!meter.group_by.is_empty()).then(|| meter.group_by.iter().map(write_dimension).collect());
    insert(&mut fields, "group_by", group_by);
    insert(&mut fields, "samples", meter.samples.then_some(Value::Bool(true)));
    Value::Object(fields)
}
