//! Parameters of a case as the charge of a book. Words that are not known are refused.

use serde_json::{Map, Value, json};

use super::Charge;
use super::bench::Rounding;
use crate::conformance::{list, text};

/// The charge, and where its amount is rounded.
pub(super) fn of(model: &str, params: &Value) -> Result<(Charge, Rounding), String> {
    let mut options = Options::read(params.get("options"))?;
    let (key, value) = match model {
        "standard" => ("per_unit", json!({ "price": text(params, "unit")? })),
        "flat" => ("flat", json!(text(params, "amount")?)),
        "package" => return package(params, options.rounding),
        "graduated" | "volume" | "graduated_percentage" => {
            options.rules.insert("tiers".to_owned(), tiers(list(params, "tiers")?)?);
            (model, Value::Object(options.rules))
        }
        other => return Err(format!("no charge for the model {other}")),
    };
    Ok((Map::from_iter([(key.to_owned(), value)]), options.rounding))
}

fn package(params: &Value, rounding: Rounding) -> Result<(Charge, Rounding), String> {
    let round = params.get("rounding").cloned().unwrap_or_else(|| json!("up"));
    let package = json!({ "size": text(params, "size")?, "price": text(params, "price")?, "round": round });
    let mut charge = Map::from_iter([("package".to_owned(), package)]);
    let free = params.get("free_units").filter(|units| !units.is_null());
    charge.extend(free.map(|units| ("included".to_owned(), units.clone())));
    Ok((charge, rounding))
}

/// The rules of a list of tiers in the words of a book.
pub(super) struct Options {
    pub(super) rules: Map<String, Value>,
    pub(super) rounding: Rounding,
}

impl Options {
    pub(super) fn read(options: Option<&Value>) -> Result<Self, String> {
        let mut read = Self { rules: Map::new(), rounding: Rounding::None };
        for (key, value) in options.and_then(Value::as_object).into_iter().flatten() {
            if value.is_null() {
                continue;
            }
            let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            read.take(key, &word)?;
        }
        Ok(read)
    }

    fn take(&mut self, key: &str, word: &str) -> Result<(), String> {
        let rule = match (key, word) {
            ("upper_bound", "inclusive") => ("bound", "lower"),
            ("upper_bound", "exclusive") => ("bound", "upper"),
            ("tier_lookup", "exact") => ("lookup", "exact"),
            ("tier_lookup", "integer_ceiling") => ("lookup", "ceiling"),
            ("zero_usage_first_flat", "true") => ("zero_usage", "first_tier"),
            ("zero_usage_first_flat", "false") => ("zero_usage", "nothing"),
            ("rounding", "none_in_model") | ("flat_fee_when", "tier_entered") | ("billed", "last_split_only") => {
                return Ok(());
            }
            ("rounding", "at_total_half_away" | "half_away_from_zero_to_minor_unit") => {
                self.rounding = Rounding::Line;
                return Ok(());
            }
            ("rounding", "each_detailed_line_half_away_2") => {
                self.rounding = Rounding::Line;
                ("round_each", "half_up")
            }
            (key, word) => return Err(format!("the option {key} = {word} is not known")),
        };
        self.rules.insert(rule.0.to_owned(), json!(rule.1));
        Ok(())
    }
}

/// Tiers in the words of a book.
pub(super) fn tiers(tiers: &[Value]) -> Result<Value, String> {
    tiers.iter().map(tier).collect()
}

fn tier(tier: &Value) -> Result<Value, String> {
    let fields = tier.as_object().ok_or_else(|| format!("{tier} is no tier"))?;
    let mut written = Map::new();
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        let key = match key.as_str() {
            "up_to" => "up_to",
            "first_unit" => "from",
            "unit" => "price",
            "rate_percent" => "percent",
            "flat" => "flat",
            "flat_cap" => "cap",
            other => return Err(format!("a tier with {other} is not known")),
        };
        written.insert(key.to_owned(), value.clone());
    }
    Ok(Value::Object(written))
}

/// A conversion in the words of a book.
pub(super) fn conversion(conversion: &Value) -> Result<Value, String> {
    let factor = text(conversion, "factor")?;
    let mut written = match text(conversion, "operation")? {
        "divide" => json!({ "divide": factor }),
        "multiply" => json!({ "multiply": factor }),
        other => return Err(format!("the operation {other} is not known")),
    };
    let rounding = conversion.get("rounding").and_then(Value::as_str).filter(|rounding| *rounding != "none");
    if let Some(rounding) = rounding {
        written["round"] = json!(rounding);
        if let Some(places) = conversion.get("precision").filter(|places| !places.is_null()) {
            written["places"] = places.clone();
        }
    }
    Ok(written)
}
