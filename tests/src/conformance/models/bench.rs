//! A book with one plan, put together charge by charge, and the usage that is priced with it.

use engine::Usage;
use engine::catalog::{Book, BookDraft};
use engine::exact::Exact;
use engine::ids::MeterId;
use engine::quantity::Quantity;
use engine::rating::{Line, Rated, Step, rate};
use engine::usage::{MeterUsage, Sample};
use serde_json::{Value, json};

use super::Charge;

/// Where amounts are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Nowhere: lines keep their digits.
    None,
    /// Each line to the currency.
    Line,
}

/// A book in the making.
pub(super) struct Bench {
    currency: String,
    rounding: Rounding,
    tax: Option<Value>,
    meters: Vec<Value>,
    charges: Vec<Value>,
    usage: Vec<MeterUsage>,
}

impl Bench {
    pub(super) fn new(rounding: Rounding) -> Self {
        let currency = "USD".to_owned();
        Self { currency, rounding, tax: None, meters: Vec::new(), charges: Vec::new(), usage: Vec::new() }
    }

    pub(super) fn currency(&mut self, code: &str) {
        code.clone_into(&mut self.currency);
    }

    pub(super) fn tax(&mut self, percent: Option<&Value>) -> Result<(), String> {
        self.tax = match percent {
            None | Some(Value::Null) => None,
            Some(Value::String(percent)) => Some(json!({ "name": names("tax"), "percent": percent })),
            Some(other) => return Err(format!("a tax of {other}")),
        };
        Ok(())
    }

    /// A meter that adds up a field and keeps what each event brought.
    pub(super) fn meter(&mut self, id: &str) {
        self.meters.push(
            json!({ "id": id, "name": names(id), "event": "used", "aggregate": "sum", "field": id, "samples": true }),
        );
    }

    /// A meter with keys of its own, that keeps what each event brought.
    pub(super) fn meter_as(&mut self, id: &str, mut keys: Value) {
        keys["id"] = json!(id);
        keys["name"] = names(id);
        keys["event"] = json!("used");
        keys["samples"] = json!(true);
        self.meters.push(keys);
    }

    /// A meter that adds up a field, by attribute.
    pub(super) fn grouped_meter(&mut self, id: &str, attribute: &str) {
        self.meter(id);
        if let Some(Value::Object(meter)) = self.meters.last_mut() {
            meter.insert("group_by".to_owned(), json!([attribute]));
        }
    }

    /// A charge and, if it names none and its model has one, a meter of its own.
    pub(super) fn charge(&mut self, id: &str, mut charge: Charge) {
        let alone = ["flat", "capacity", "composite"].iter().any(|key| charge.contains_key(*key));
        if !alone && !charge.contains_key("meter") {
            self.meter(id);
            charge.insert("meter".to_owned(), json!(id));
        }
        charge.insert("id".to_owned(), json!(id));
        charge.insert("name".to_owned(), names(id));
        self.charges.push(Value::Object(charge));
    }

    /// What a meter counted; of a charge without a meter nothing has to be counted.
    pub(super) fn used(&mut self, meter: &str, quantity: &str) -> Result<(), String> {
        if !self.meters.iter().any(|known| known["id"] == meter) {
            return Ok(());
        }
        self.usage.push(MeterUsage::assumed(meter_id(meter)?, quantity_of(quantity)?));
        Ok(())
    }

    /// What each event brought to a meter.
    pub(super) fn happened(&mut self, meter: &str, samples: Vec<Sample>) -> Result<(), String> {
        let usage = MeterUsage::of_samples(meter_id(meter)?, samples).map_err(|overflow| overflow.to_string())?;
        self.usage.push(usage);
        Ok(())
    }

    pub(super) fn counted(&mut self, usage: Usage) {
        self.usage = usage.0;
    }

    /// The book, or what is wrong with it.
    pub(super) fn book(&self) -> Result<Book, String> {
        let at = match self.rounding {
            Rounding::None => "invoice",
            Rounding::Line => "line",
        };
        let mut book = json!({
            "book": {
                "id": "b", "version": "1", "effective": "2024-01-01", "currency": self.currency, "zone": "UTC",
                "rounding": { "at": at, "mode": "half_up" }, "name": names("b"),
            },
            "meters": self.meters,
            "plans": [{ "id": "p", "name": names("p"), "charges": self.charges }],
        });
        if let Some(tax) = &self.tax {
            book["tax"] = tax.clone();
        }
        BookDraft::from_json(&book).check().map_err(|problems| {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            texts.join("; ")
        })
    }

    pub(super) fn rate(&self) -> Result<Rated, String> {
        rate(&self.book()?, "p", &Usage(self.usage.clone())).map_err(|error| error.to_string())
    }
}

fn names(id: &str) -> Value {
    json!({ "zh": id, "en": id })
}

fn meter_id(id: &str) -> Result<MeterId, String> {
    MeterId::new(id).map_err(|_| format!("{id} is no id of a meter"))
}

/// A quantity of a case.
pub(super) fn quantity_of(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| error.to_string())
}

/// A number of a case.
pub(super) fn exact(text: &str) -> Result<Exact, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

/// The last step of a line that is looked for, also inside its parts.
pub(super) fn step<T>(line: &Line, look: impl Fn(&Step) -> Option<T> + Copy) -> Option<T> {
    deepest(&line.steps, look)
}

fn deepest<T>(steps: &[Step], look: impl Fn(&Step) -> Option<T> + Copy) -> Option<T> {
    steps.iter().rev().find_map(|step| match step {
        Step::Part { steps, .. } => deepest(steps, look),
        other => look(other),
    })
}

/// The amount of a line before it was rounded.
pub(super) fn unrounded(line: &Line) -> Exact {
    let exact =
        line.steps.iter().rev().find_map(|step| if let Step::Round { exact, .. } = step { Some(*exact) } else { None });
    exact.unwrap_or_else(|| line.amount.exact())
}
