//! How a meter of a book counts: the aggregate and the keys that belong to it, read and written.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::book::MODES;
use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::terms::Percent;
use super::write::{insert, object, text, word};
use crate::rounding::RoundingMode;
use crate::usage::aggregate::{
    Aggregate, EmptyWindows, IndexRule, Inner, Negative, Outer, PercentileRule, TimeShare, TimeUnit, Values, WindowRule,
};
use crate::usage::{BadWindow, QuantityRounding, Window};

/// The aggregates by the words of a book, with the keys that each may have.
pub(super) const AGGREGATES: [(&str, &[&str]); 14] = [
    ("count", &[]),
    ("sum", &["field"]),
    ("min", &["field"]),
    ("max", &["field"]),
    ("mean", &["field"]),
    ("latest", &["field", "negative"]),
    ("unique_count", &["field", "operation"]),
    ("time_weighted", &["field", "values", "per"]),
    ("percentile", &["field", "percent", "index"]),
    ("windowed", &["field", "window", "inner", "outer", "percent", "index", "empty"]),
    ("prorated_sum", &["field", "share_round"]),
    ("prorated_unique_count", &["field", "operation", "share_round"]),
    ("high_water", &["field"]),
    ("prorated_high_water", &["field", "share_round"]),
];

/// The keys of a meter that belong to some aggregate.
pub(super) const AGGREGATE_KEYS: [&str; 12] = [
    "field",
    "negative",
    "operation",
    "values",
    "per",
    "percent",
    "index",
    "window",
    "inner",
    "outer",
    "empty",
    "share_round",
];

pub(super) const NEGATIVES: [(&str, Negative); 2] = [("keep", Negative::Keep), ("zero", Negative::Zero)];
pub(super) const VALUES: [(&str, Values); 2] = [("change", Values::Change), ("level", Values::Level)];
pub(super) const UNITS: [(&str, TimeUnit); 4] =
    [("period", TimeUnit::Period), ("day", TimeUnit::Day), ("hour", TimeUnit::Hour), ("second", TimeUnit::Second)];
pub(super) const INDEXES: [(&str, IndexRule); 2] = [("ceiling", IndexRule::Ceiling), ("floor", IndexRule::Floor)];
pub(super) const INNERS: [(&str, Inner); 3] = [("count", Inner::Count), ("sum", Inner::Sum), ("max", Inner::Max)];
pub(super) const OUTERS: [(&str, &str); 4] =
    [("sum", "sum"), ("mean", "mean"), ("max", "max"), ("percentile", "percentile")];
pub(super) const EMPTIES: [(&str, EmptyWindows); 2] =
    [("zero", EmptyWindows::Zero), ("left_out", EmptyWindows::LeftOut)];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_aggregate(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Aggregate> {
    let kinds = AGGREGATES.map(|kind| (kind.0, kind));
    let kind = reader.required(table, "aggregate", path, |reader, node, path| reader.option(node, path, &kinds))?;
    let (name, keys) = kind;
    check_keys(reader, table, path, (name, keys))?;
    if name == "count" {
        return Some(Aggregate::Count);
    }
    if name == "windowed" {
        return read_windowed(reader, table, path);
    }
    let mut keys = Keys { reader, table, path };
    let field = keys.field()?;
    Some(match name {
        "sum" => Aggregate::Sum { field },
        "min" => Aggregate::Min { field },
        "max" => Aggregate::Max { field },
        "mean" => Aggregate::Mean { field },
        "latest" => {
            Aggregate::Latest { field, negative: keys.option("negative", &NEGATIVES)?.unwrap_or(Negative::Keep) }
        }
        "unique_count" => Aggregate::UniqueCount { field, operation: keys.operation()? },
        "time_weighted" => {
            let values = keys.option("values", &VALUES)?.unwrap_or(Values::Change);
            Aggregate::TimeWeighted { field, values, per: keys.option("per", &UNITS)?.unwrap_or(TimeUnit::Period) }
        }
        "percentile" => Aggregate::Percentile { field, rule: keys.percentile()? },
        "prorated_sum" => Aggregate::ProratedSum { field, share_round: keys.share_round()? },
        "prorated_unique_count" => {
            let operation = keys.operation()?;
            Aggregate::ProratedUniqueCount { field, operation, share_round: keys.share_round()? }
        }
        "high_water" => Aggregate::HighWater { field },
        _ => Aggregate::ProratedHighWater { field, share_round: keys.share_round()? },
    })
}

/// Reports every key that belongs to another aggregate.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_keys(reader: &mut Reader, table: &Table<'_>, path: &Path, (name, keys): (&str, &[&str])) -> Option<()> {
    let mut good = Some(());
    for key in AGGREGATE_KEYS {
        if table.get(key).is_some() && !keys.contains(&key) {
            let kind = match (name, key) {
                ("count", "field") => ProblemKind::FieldForCount,
                (_, _) => ProblemKind::NotForAggregate { key, aggregate: name.to_owned() },
            };
            good = reader.report_at(table, key, path, kind);
        }
    }
    good
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_windowed(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<Aggregate> {
    let window = reader.required(table, "window", path, read_window);
    let inner = reader.required(table, "inner", path, |reader, node, path| reader.option(node, path, &INNERS));
    let outer = reader.required(table, "outer", path, |reader, node, path| reader.option(node, path, &OUTERS));
    let mut keys = Keys { reader, table, path };
    let empty = keys.option("empty", &EMPTIES);
    let (inner, outer) = (inner?, outer?);
    let field = match inner {
        Inner::Count => {
            keys.refuse("field", "windowed (inner = \"count\")")?;
            None
        }
        Inner::Sum | Inner::Max => Some(keys.field()?),
    };
    if outer != "percentile" {
        keys.refuse("percent", "windowed (outer ≠ \"percentile\")")?;
        keys.refuse("index", "windowed (outer ≠ \"percentile\")")?;
    }
    let outer = match outer {
        "sum" => Outer::Sum,
        "mean" => Outer::Mean,
        "max" => Outer::Max,
        _ => Outer::Percentile(keys.percentile()?),
    };
    let rule = WindowRule { window: window?, inner, outer, empty: empty?.unwrap_or(EmptyWindows::Zero) };
    Some(Aggregate::Windowed { field, rule })
}

/// The keys of one meter.
struct Keys<'k, 'n> {
    reader: &'k mut Reader,
    table: &'k Table<'n>,
    path: &'k Path,
}

impl Keys<'_, '_> {
    fn field(&mut self) -> Option<String> {
        self.reader.required(self.table, "field", self.path, |r, node, path| r.text(node, path).map(str::to_owned))
    }

    fn operation(&mut self) -> Option<Option<String>> {
        self.reader.optional(self.table, "operation", self.path, |r, node, path| r.text(node, path).map(str::to_owned))
    }

    fn option<T: Copy>(&mut self, key: &str, options: &[(&str, T)]) -> Option<Option<T>> {
        self.reader.optional(self.table, key, self.path, |reader, node, path| reader.option(node, path, options))
    }

    fn share_round(&mut self) -> Option<TimeShare> {
        self.reader.optional(self.table, "share_round", self.path, read_quantity_rounding).map(TimeShare)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn percentile(&mut self) -> Option<PercentileRule> {
        let percent = self.reader.required(self.table, "percent", self.path, |reader, node, path| {
            let percent = reader.positive(node, path)?;
            if percent > Decimal::ONE_HUNDRED {
                return reader.report(node, path, ProblemKind::PercentTooHigh { percent: percent.to_string() });
            }
            Some(Percent::new(percent))
        });
        let index = self.option("index", &INDEXES);
        Some(PercentileRule { percent: percent?, index: index?.unwrap_or(IndexRule::Ceiling) })
    }

    fn refuse(&mut self, key: &'static str, aggregate: &str) -> Option<()> {
        if self.table.get(key).is_none() {
            return Some(());
        }
        let kind = ProblemKind::NotForAggregate { key, aggregate: aggregate.to_owned() };
        self.reader.report_at(self.table, key, self.path, kind)
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_window(reader: &mut Reader, node: &Node, path: &Path) -> Option<Window> {
    match Window::parse(reader.text(node, path)?) {
        Ok(window) => Some(window),
        Err(BadWindow(text)) => reader.report(node, path, ProblemKind::BadWindow { text }),
    }
}

/// `{ mode = "half_up", places = "12" }`; either may be left out for half up and whole units.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_quantity_rounding(reader: &mut Reader, node: &Node, path: &Path) -> Option<QuantityRounding> {
    let table = reader.table(node, path, &["mode", "places"])?;
    let mode = reader.optional(&table, "mode", path, |reader, node, path| reader.option(node, path, &MODES));
    let places = reader.optional(&table, "places", path, Reader::places);
    Some(QuantityRounding { mode: mode?.unwrap_or(RoundingMode::HalfUp), places: places?.unwrap_or(0) })
}

pub(super) fn write_quantity_rounding(rounding: &QuantityRounding) -> Value {
    let mode = text(word(&MODES, rounding.mode));
    Value::Object(object([("mode", mode), ("places", text(rounding.places))]))
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_aggregate(fields: &mut Map<String, Value>, aggregate: &Aggregate) {
    let name = match aggregate {
        Aggregate::Count => "count",
        Aggregate::Sum { .. } => "sum",
        Aggregate::Min { .. } => "min",
        Aggregate::Max { .. } => "max",
        Aggregate::Mean { .. } => "mean",
        Aggregate::Latest { negative, .. } => {
            let other = (*negative != Negative::Keep).then(|| text(word(&NEGATIVES, *negative)));
            insert(fields, "negative", other);
            "latest"
        }
        Aggregate::UniqueCount { operation, .. } => {
            insert(fields, "operation", operation.as_ref().map(text));
            "unique_count"
        }
        Aggregate::TimeWeighted { values, per, .. } => {
            insert(fields, "values", (*values != Values::Change).then(|| text(word(&VALUES, *values))));
            insert(fields, "per", (*per != TimeUnit::Period).then(|| text(word(&UNITS, *per))));
            "time_weighted"
        }
        Aggregate::Percentile { rule, .. } => {
            write_percentile(fields, rule);
            "percentile"
        }
        Aggregate::Windowed { rule, .. } => {
            write_windowed(fields, rule);
            "windowed"
        }
        Aggregate::ProratedSum { share_round, .. } => {
            write_share(fields, share_round);
            "prorated_sum"
        }
        Aggregate::ProratedUniqueCount { operation, share_round, .. } => {
            insert(fields, "operation", operation.as_ref().map(text));
            write_share(fields, share_round);
            "prorated_unique_count"
        }
        Aggregate::HighWater { .. } => "high_water",
        Aggregate::ProratedHighWater { share_round, .. } => {
            write_share(fields, share_round);
            "prorated_high_water"
        }
    };
    insert(fields, "aggregate", Some(text(name)));
    insert(fields, "field", aggregate.field().map(text));
}

fn write_share(fields: &mut Map<String, Value>, TimeShare(rounding): &TimeShare) {
    insert(fields, "share_round", rounding.as_ref().map(write_quantity_rounding));
}

fn write_percentile(fields: &mut Map<String, Value>, rule: &PercentileRule) {
    insert(fields, "percent", Some(text(rule.percent)));
    insert(fields, "index", (rule.index != IndexRule::Ceiling).then(|| text(word(&INDEXES, rule.index))));
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_windowed(fields: &mut Map<String, Value>, rule: &WindowRule) {
    insert(fields, "window", Some(text(rule.window)));
    insert(fields, "inner", Some(text(word(&INNERS, rule.inner))));
    let outer = match &rule.outer {
        Outer::Sum => "sum",
        Outer::Mean => "mean",
        Outer::Max => "max",
        Outer::Percentile(percentile) => {
            write_percentile(fields, percentile);
            "percentile"
        }
    };
    insert(fields, "outer", Some(text(outer)));
    insert(fields, "empty", (rule.empty != EmptyWindows::Zero).then(|| text(word(&EMPTIES, rule.empty))));
}
