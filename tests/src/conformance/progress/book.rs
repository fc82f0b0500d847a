//! What these cases are written with: a book, what is used, what was billed before, and the figures of an answer.
//!
//! Never calculates.

use engine::ids::{ChargeId, MeterId};
use engine::money::Money;
use engine::quantity::{Quantity, parse_decimal};
use engine::rating::{Billed, Position, Rated, Share};
use engine::usage::MeterUsage;
use engine::{Book, BookDraft, Usage};
use serde_json::{Map, Value, json};

use crate::conformance::{Case, list, optional, text};

/// How a case rounds, as the head of a book.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    pub(super) digits: u32,
    pub(super) at: &'static str,
}

impl Rounds {
    pub(super) const CENTS: Self = Self { digits: 2, at: "line" };
    /// Amounts that are counted in minor units.
    pub(super) const UNITS: Self = Self { digits: 0, at: "line" };
    /// Lines stay exact.
    pub(super) const NOT: Self = Self { digits: 4, at: "invoice" };

    /// By the words of a case.
    pub(super) fn by(word: Option<&str>) -> Result<Self, String> {
        let Some(word) = word else { return Ok(Self::CENTS) };
        if word.starts_with("none") {
            return Ok(Self::NOT);
        }
        let digits = word.strip_prefix("each_detailed_line_").unwrap_or(word).strip_prefix("half_away_");
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(digits) => Ok(Self { digits, at: "line" }),
            None => Err(format!("unknown rounding {word}")),
        }
    }

    pub(super) fn currency(self) -> Result<&'static str, String> {
        match self.digits {
            0 => Ok("JPY"),
            2 => Ok("USD"),
            3 => Ok("BHD"),
            4 => Ok("CLF"),
            digits => Err(format!("no currency has {digits} decimals")),
        }
    }
}

pub(super) fn names(text: &str) -> Value {
    json!({ "zh": text, "en": text })
}

/// A book with the plan `p`, whose other fields are given.
pub(super) fn book(rounds: Rounds, meters: &[String], mut plan: Map<String, Value>) -> Result<Book, String> {
    plan.insert("id".to_owned(), json!("p"));
    plan.insert("name".to_owned(), names("p"));
    let meter = |id: &String| json!({ "id": id, "name": names(id), "event": "e", "aggregate": "sum", "field": "v" });
    let text = json!({
        "book": {
            "id": "case", "version": "1", "effective": "2026-01-01", "currency": rounds.currency()?, "zone": "UTC",
            "name": names("case"), "rounding": { "at": rounds.at, "mode": "half_up" },
        },
        "meters": meters.iter().map(meter).collect::<Vec<_>>(),
        "plans": [plan],
    });
    BookDraft::from_json(&text).check().map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        problems.join("; ")
    })
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// A book of one charge `c` on the meter `c`.
pub(super) fn book_of(rounds: Rounds, in_progress: &str, charge: Map<String, Value>) -> Result<Book, String> {
    let plan = json!({ "in_progress": in_progress, "charges": [charge] });
    book(rounds, &["c".to_owned()], object(plan))
}

pub(super) fn charge(id: &str, model: &str, price: Value) -> Map<String, Value> {
    let mut fields = object(json!({ "id": id, "name": names(id) }));
    if model != "flat" {
        fields.insert("meter".to_owned(), json!(id));
    }
    fields.insert(model.to_owned(), price);
    fields
}

/// Terms that cases give beside the price.
pub(super) fn with_terms(mut charge: Map<String, Value>, params: &Value) -> Map<String, Value> {
    let terms = [
        ("min_spend", "minimum"),
        ("min", "minimum"),
        ("max_spend", "maximum"),
        ("max", "maximum"),
        ("discount_percent", "discount_percent"),
        ("free_units", "included"),
    ];
    for (word, key) in terms {
        if let Some(value) = optional(params, word) {
            charge.insert(key.to_owned(), json!(value));
        }
    }
    charge
}

pub(super) fn option<'v>(params: &'v Value, word: &str) -> Option<&'v Value> {
    params.get("options").and_then(|options| options.get(word)).filter(|value| !value.is_null())
}

/// How a list of tiers is read, by the words of a case; `first_flat` is what holds where it says nothing.
pub(super) fn tier_rules(params: &Value, volume: bool, first_flat: bool) -> Result<Map<String, Value>, String> {
    let mut rules = Map::new();
    let word = |name| option(params, name).map(|value| value.as_str().unwrap_or("?"));
    match word("upper_bound") {
        None | Some("inclusive") => {}
        Some("exclusive") => drop(rules.insert("bound".to_owned(), json!("upper"))),
        Some(word) => return Err(format!("unknown upper_bound {word}")),
    }
    match word("tier_lookup") {
        None | Some("exact") => {}
        Some("ceiling") if volume => drop(rules.insert("lookup".to_owned(), json!("ceiling"))),
        Some(word) => return Err(format!("unknown tier_lookup {word}")),
    }
    for (name, known) in [("flat_fee_when", "tier_entered"), ("billed", "last_split_only")] {
        if let Some(word) = word(name)
            && word != known
        {
            return Err(format!("unknown {name} {word}"));
        }
    }
    if option(params, "zero_usage_first_flat").map_or(Some(first_flat), Value::as_bool) == Some(true) {
        rules.insert("zero_usage".to_owned(), json!("first_tier"));
    }
    Ok(rules)
}

/// The tiers of a case, each price under `word`, for `per` units.
pub(super) fn tiers(params: &Value, word: &str, per: &str) -> Result<Vec<Value>, String> {
    let tier = |tier: &Value| {
        let mut fields = object(json!({ "price": optional(tier, word).unwrap_or("0"), "per": per }));
        for key in ["up_to", "flat"] {
            if let Some(value) = optional(tier, key) {
                fields.insert(key.to_owned(), json!(value));
            }
        }
        Value::Object(fields)
    };
    Ok(list(params, "tiers")?.iter().map(tier).collect())
}

/// The charge that a case is about; `model` in the words of the cases.
pub(super) fn charge_of(model: &str, params: &Value) -> Result<Map<String, Value>, String> {
    let (key, price) = match model {
        "unit" => ("per_unit", json!({ "price": text(params, "unit")? })),
        // The quantity is money, and so is its multiple.
        "dynamic" => ("per_unit", json!({ "price": optional(params, "multiplier").unwrap_or("1") })),
        "package" => {
            let round = option(params, "rounding").and_then(Value::as_str).unwrap_or("up");
            ("package", json!({ "size": text(params, "size")?, "price": text(params, "price")?, "round": round }))
        }
        "flat" => ("flat", json!(text(params, "amount")?)),
        "graduated" | "volume" => {
            let mut rules = tier_rules(params, model == "volume", true)?;
            rules.insert("tiers".to_owned(), Value::Array(tiers(params, "unit", "1")?));
            (model, Value::Object(rules))
        }
        other => return Err(format!("unknown model {other}")),
    };
    Ok(with_terms(charge("c", key, price), params))
}

pub(super) fn quantity(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| error.to_string())
}

pub(super) fn money(text: &str) -> Result<Money, String> {
    parse_decimal(text).map(Money::new).map_err(|error| error.to_string())
}

pub(super) fn assumed(meter: &str, amount: &str) -> Result<MeterUsage, String> {
    Ok(MeterUsage::assumed(MeterId::new(meter).map_err(|error| error.to_string())?, quantity(amount)?))
}

pub(super) fn usage(amount: &str) -> Result<Usage, String> {
    Ok(Usage(vec![assumed("c", amount)?]))
}

pub(super) fn billed(line: &str, amount: &str) -> Result<Billed, String> {
    Ok(Billed { line: ChargeId::new(line).map_err(|error| error.to_string())?, amount: money(amount)? })
}

pub(super) fn position(word: &str) -> Result<Position, String> {
    match word {
        "single" => Ok(Position::Single),
        "first" => Ok(Position::First),
        "mid" | "middle" => Ok(Position::Mid),
        "last" => Ok(Position::Last),
        other => Err(format!("unknown position {other}")),
    }
}

pub(super) fn said(error: impl ToString) -> String {
    error.to_string()
}

/// The amounts of one line over several bills; a bill without it owes nothing.
pub(super) fn amounts(bills: &[Rated], line: &str) -> Vec<String> {
    bills.iter().map(|bill| amount_of(bill, line)).collect()
}

pub(super) fn amount_of(bill: &Rated, line: &str) -> String {
    let found = bill.lines.iter().find(|candidate| candidate.charge.as_str() == line);
    found.map_or_else(|| "0".to_owned(), |line| line.amount.to_string())
}

/// The share of the period; all of it where the case says nothing.
pub(super) fn share(case: &Case) -> Result<Share, String> {
    if case.input.get("days_active").is_none_or(Value::is_null) {
        return Ok(Share::whole());
    }
    let days = |name| quantity(text(&case.input, name)?);
    Share::of(days("days_active")?, days("period_days")?).ok_or_else(|| "not a share".to_owned())
}
