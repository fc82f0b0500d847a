//! Cases about periods that are billed in parts, and about minimums, maximums and commitments.
//!
//! Models that also exist without parts (`block_tiers`) are answered here only if something was billed before.

use engine::catalog::{Conversion, Factor};
use engine::ids::{ChargeId, MeterId};
use engine::money::Money;
use engine::quantity::{Quantity, parse_decimal};
use engine::rating::{Billed, PeriodPart, Position, Rated, Share, rate_part, rate_parts, rate_readings, split_charge};
use engine::rounding::{RoundingMode, round};
use engine::usage::MeterUsage;
use engine::{Book, BookDraft, Usage, rate};
use serde_json::{Map, Value, json};

use super::{Answer, Case, list, optional, text};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    let rebilled = case.input.get("already_billed").is_some_and(|billed| !billed.is_null());
    Some(match case.model.as_str() {
        "delta_series" => delta_series(case),
        "unit_split" | "package_split" | "volume_split" | "graduated_split" | "dynamic_split" => split(case),
        "flat_split" => flat_split(case),
        "flat" => flat(case),
        "max_spend_discount" => max_spend_discount(case),
        "graduated_discount_clamp" => clamp(case),
        "block_tiers_rebill" => blocks(case, "amount_due"),
        "block_tiers" if rebilled => blocks(case, "amount"),
        "block_tiers_multi" if rebilled => blocks_of_units(case),
        "graduated_percentage_incremental" => increments(case),
        "commitment_trueup" => commitment_trueup(case),
        "commitment_trueup_with_prorated_fee" => commitment_with_fee(case),
        "commitment_coefficient" => share(case).map(|share| json!({ "coefficient": share.to_string() })),
        "charge_minimum" => charge_minimum(case),
        "windowed_commitment" => windows(case),
        _ => return None,
    })
}

/// How a case rounds, as the head of a book.
#[derive(Clone, Copy)]
struct Rounds {
    digits: u32,
    at: &'static str,
}

impl Rounds {
    const CENTS: Self = Self { digits: 2, at: "line" };
    /// Amounts that are counted in minor units.
    const UNITS: Self = Self { digits: 0, at: "line" };
    /// Lines stay exact.
    const NOT: Self = Self { digits: 4, at: "invoice" };

    /// By the words of a case.
    fn by(word: Option<&str>) -> Result<Self, String> {
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

    fn currency(self) -> Result<&'static str, String> {
        match self.digits {
            0 => Ok("JPY"),
            2 => Ok("USD"),
            3 => Ok("BHD"),
            4 => Ok("CLF"),
            digits => Err(format!("no currency has {digits} decimals")),
        }
    }
}

fn names(text: &str) -> Value {
    json!({ "zh": text, "en": text })
}

/// A book with the plan `p`, whose other fields are given.
fn book(rounds: Rounds, meters: &[String], mut plan: Map<String, Value>) -> Result<Book, String> {
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

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// A book of one charge `c` on the meter `c`.
fn book_of(rounds: Rounds, in_progress: &str, charge: Map<String, Value>) -> Result<Book, String> {
    let plan = json!({ "in_progress": in_progress, "charges": [charge] });
    book(rounds, &["c".to_owned()], object(plan))
}

fn charge(id: &str, model: &str, price: Value) -> Map<String, Value> {
    let mut fields = object(json!({ "id": id, "name": names(id) }));
    if model != "flat" {
        fields.insert("meter".to_owned(), json!(id));
    }
    fields.insert(model.to_owned(), price);
    fields
}

/// Terms that cases give beside the price.
fn with_terms(mut charge: Map<String, Value>, params: &Value) -> Map<String, Value> {
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

fn option<'v>(params: &'v Value, word: &str) -> Option<&'v Value> {
    params.get("options").and_then(|options| options.get(word)).filter(|value| !value.is_null())
}

/// How a list of tiers is read, by the words of a case; `first_flat` is what holds where it says nothing.
fn tier_rules(params: &Value, volume: bool, first_flat: bool) -> Result<Map<String, Value>, String> {
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
fn tiers(params: &Value, word: &str, per: &str) -> Result<Vec<Value>, String> {
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
fn charge_of(model: &str, params: &Value) -> Result<Map<String, Value>, String> {
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

fn quantity(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| error.to_string())
}

fn money(text: &str) -> Result<Money, String> {
    parse_decimal(text).map(Money::new).map_err(|error| error.to_string())
}

fn assumed(meter: &str, amount: &str) -> Result<MeterUsage, String> {
    Ok(MeterUsage::assumed(MeterId::new(meter).map_err(|error| error.to_string())?, quantity(amount)?))
}

fn usage(amount: &str) -> Result<Usage, String> {
    Ok(Usage(vec![assumed("c", amount)?]))
}

fn billed(line: &str, amount: &str) -> Result<Billed, String> {
    Ok(Billed { line: ChargeId::new(line).map_err(|error| error.to_string())?, amount: money(amount)? })
}

fn position(word: &str) -> Result<Position, String> {
    match word {
        "single" => Ok(Position::Single),
        "first" => Ok(Position::First),
        "mid" | "middle" => Ok(Position::Mid),
        "last" => Ok(Position::Last),
        other => Err(format!("unknown position {other}")),
    }
}

fn said(error: impl ToString) -> String {
    error.to_string()
}

/// The amounts of one line over several bills; a bill without it owes nothing.
fn amounts(bills: &[Rated], line: &str) -> Vec<String> {
    bills.iter().map(|bill| amount_of(bill, line)).collect()
}

fn amount_of(bill: &Rated, line: &str) -> String {
    let found = bill.lines.iter().find(|candidate| candidate.charge.as_str() == line);
    found.map_or_else(|| "0".to_owned(), |line| line.amount.to_string())
}

fn delta_series(case: &Case) -> Answer {
    let params = &case.params;
    let mut charge = charge_of(text(params, "model")?, params)?;
    // Each price of the cumulative bill is rounded by itself.
    for model in ["graduated", "volume"] {
        if let Some(Value::Object(rules)) = charge.get_mut(model) {
            rules.insert("round_each".to_owned(), json!("half_up"));
        }
    }
    if charge.contains_key("flat") {
        charge.insert("due".to_owned(), json!("advance"));
    }
    let book = book_of(Rounds::CENTS, "deltas", charge)?;
    let last = optional(params, "final_phase");
    let mut readings = Vec::new();
    for (index, phase) in list(&case.input, "phases")?.iter().enumerate() {
        let is_last = last == Some((index + 1).to_string().as_str());
        let position = match (is_last, index) {
            (true, _) => Position::Last,
            (false, 0) => Position::First,
            (false, _) => Position::Mid,
        };
        readings.push((usage(phase.as_str().unwrap_or("?"))?, position));
    }
    let bills = rate_readings(&book, "p", &readings, Share::whole()).map_err(said)?;
    Ok(json!({ "deltas": amounts(&bills, "c") }))
}

fn split(case: &Case) -> Answer {
    let model = case.model.trim_end_matches("_split");
    let rounding = if matches!(model, "graduated" | "volume") { "rounding" } else { "line_rounding" };
    let rounds = Rounds::by(option(&case.params, rounding).and_then(Value::as_str))?;
    let book = book_of(rounds, "split", charge_of(model, &case.params)?)?;
    let before = usage(optional(&case.input, "pre_quantity").unwrap_or("0"))?;
    let so_far = before.plus(&usage(text(&case.input, "quantity")?)?).map_err(said)?;
    let part = PeriodPart {
        position: position(text(&case.input, "position")?)?,
        share: Share::whole(),
        metered: before,
        billed: vec![billed("c", optional(&case.input, "previously_billed").unwrap_or("0"))?],
        account: engine::invoice::Account::default(),
    };
    let split = split_charge(&book, ("p", "c"), &so_far, &part).map_err(said)?.ok_or("no charge")?;
    let each = |field: fn(&engine::rating::SplitItem) -> Money| {
        split.items.iter().map(|item| field(item).to_string()).collect::<Vec<_>>()
    };
    Ok(json!({
        "total": split.amount.to_string(),
        "line_totals": each(|item| item.amount),
        "discounts": each(|item| item.above_maximum),
        "percent_discount": split.percent_off.to_string(),
        "max_discount": split.above_maximum.to_string(),
    }))
}

fn flat_split(case: &Case) -> Answer {
    let due = match text(&case.params, "payment_term")? {
        "advance" | "in_advance" => "advance",
        "arrears" | "in_arrears" => "arrears",
        other => return Err(format!("unknown payment_term {other}")),
    };
    let mut charge = charge_of("flat", &case.params)?;
    charge.insert("due".to_owned(), json!(due));
    let book = book_of(Rounds::CENTS, "split", charge)?;
    let part = PeriodPart { position: position(text(&case.input, "position")?)?, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage::default(), &part).map_err(said)?;
    Ok(json!({ "total": bill.subtotal.to_string() }))
}

/// A fixed amount; for more than one of them each is a unit.
fn flat(case: &Case) -> Answer {
    let quantity = optional(&case.input, "quantity").unwrap_or("1");
    let (charge, usage) = if quantity == "1" {
        (charge_of("flat", &case.params)?, Usage::default())
    } else {
        let price = json!({ "price": text(&case.params, "amount")? });
        (with_terms(charge("c", "per_unit", price), &case.params), usage(quantity)?)
    };
    let bill = rate(&book_of(Rounds::CENTS, "final", charge)?, "p", &usage).map_err(said)?;
    Ok(json!({ "amount": bill.subtotal.to_string() }))
}

/// A line of this amount, as the last part of a period.
fn max_spend_discount(case: &Case) -> Answer {
    let price = json!(text(&case.input, "line_amount")?);
    let book = book_of(Rounds::CENTS, "split", with_terms(charge("c", "flat", price), &case.params))?;
    let before = vec![billed("c", text(&case.input, "previously_billed")?)?];
    let part = PeriodPart { position: Position::Last, billed: before, ..PeriodPart::whole() };
    let split = split_charge(&book, ("p", "c"), &Usage::default(), &part).map_err(said)?.ok_or("no charge")?;
    Ok(json!({ "discount": split.above_maximum.to_string() }))
}

fn clamp(case: &Case) -> Answer {
    let book = book_of(Rounds::CENTS, "final", charge_of("graduated", &case.params)?)?;
    let bill = rate(&book, "p", &usage(text(&case.input, "quantity")?)?).map_err(said)?;
    Ok(json!({ "amount": bill.subtotal.to_string() }))
}

/// Tiers in blocks, given by how many blocks each holds; the last one holds all that is left.
fn block_charge(id: &str, tiers: &[Value], params: &Value) -> Result<Map<String, Value>, String> {
    let model = match optional(params, "mode").unwrap_or("ALL_TIERS") {
        "ALL_TIERS" => "graduated",
        "TOP_TIER" => "volume",
        other => return Err(format!("unknown mode {other}")),
    };
    for (name, known) in [("block_rounding", "up"), ("beyond_last_max", "priced at last tier")] {
        let word = option(params, name).map_or(known, |value| value.as_str().unwrap_or("?"));
        if word != known {
            return Err(format!("unknown {name} {word}"));
        }
    }
    let mut list = Vec::new();
    for (index, tier) in tiers.iter().enumerate() {
        let mut fields = object(json!({ "size": text(tier, "block_size")?, "price": text(tier, "price")? }));
        if index + 1 < tiers.len() {
            fields.insert("width".to_owned(), json!(text(tier, "max_blocks")?));
        }
        list.push(Value::Object(fields));
    }
    Ok(charge(id, model, Value::Array(list)))
}

fn blocks(case: &Case, answer: &str) -> Answer {
    let params = &case.params;
    let rounds = match optional(params, "currency_decimals") {
        Some(digits) => Rounds { digits: digits.parse().map_err(said)?, at: "line" },
        None => Rounds::by(option(params, "rounding").and_then(Value::as_str))?,
    };
    let book = book_of(rounds, "deltas", block_charge("c", list(params, "tiers")?, params)?)?;
    let before = vec![billed("c", text(&case.input, "already_billed")?)?];
    let part = PeriodPart { position: Position::Last, billed: before, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &usage(text(&case.input, "quantity")?)?, &part).map_err(said)?;
    Ok(json!({ answer: amount_of(&bill, "c") }))
}

fn blocks_of_units(case: &Case) -> Answer {
    let field = |value: &'_ Value, name: &str| {
        value.get(name).and_then(Value::as_object).cloned().ok_or_else(|| format!("no table {name}"))
    };
    let (units, quantities) = (field(&case.params, "units")?, field(&case.input, "quantities")?);
    let already = field(&case.input, "already_billed")?;
    let (mut charges, mut ids, mut used, mut before) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, tiers) in &units {
        let id = name.to_lowercase();
        let tiers = tiers.as_array().ok_or("no list of tiers")?;
        charges.push(Value::Object(block_charge(&id, tiers, &case.params)?));
        if let Some(quantity) = quantities.get(name).and_then(Value::as_str) {
            used.push(assumed(&id, quantity)?);
        }
        if let Some(amount) = already.get(name).and_then(Value::as_str) {
            before.push(billed(&id, amount)?);
        }
        ids.push(id);
    }
    let rounds = Rounds::by(option(&case.params, "rounding").and_then(Value::as_str))?;
    let book = book(rounds, &ids, object(json!({ "in_progress": "deltas", "charges": charges })))?;
    let part = PeriodPart { position: Position::Last, billed: before, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage(used), &part).map_err(said)?;
    Ok(json!({ "amount": bill.subtotal.to_string() }))
}

/// Each transaction owes what it adds to the cumulative amount. A percentage is a price for a hundred.
fn increments(case: &Case) -> Answer {
    let params = &case.params;
    let mut rules = tier_rules(params, false, false)?;
    rules.insert("tiers".to_owned(), Value::Array(tiers(params, "rate_percent", "100")?));
    let rounds = Rounds::by(option(params, "rounding").and_then(Value::as_str))?;
    let book = book_of(rounds, "deltas", charge("c", "graduated", Value::Object(rules)))?;
    let mut parts = Vec::new();
    for (index, increment) in list(&case.input, "increments")?.iter().enumerate() {
        let position = if index == 0 { Position::First } else { Position::Mid };
        parts.push((usage(increment.as_str().unwrap_or("?"))?, position));
    }
    let bills = rate_parts(&book, "p", &parts, Share::whole()).map_err(said)?;
    Ok(json!({ "amounts": amounts(&bills, "c") }))
}

/// The share of the period; all of it where the case says nothing.
fn share(case: &Case) -> Result<Share, String> {
    if case.input.get("days_active").is_none_or(Value::is_null) {
        return Ok(Share::whole());
    }
    let days = |name| quantity(text(&case.input, name)?);
    Share::of(days("days_active")?, days("period_days")?).ok_or_else(|| "not a share".to_owned())
}

/// What a plan with these fixed fees owes beside them, for a commitment.
fn true_up(case: &Case, fees: &[String]) -> Answer {
    let charges: Vec<Value> = fees
        .iter()
        .enumerate()
        .map(|(index, fee)| Value::Object(charge(&format!("fee-{index}"), "flat", json!(fee))))
        .collect();
    let commitment = json!({ "amount": text(&case.params, "commitment_minor")? });
    let book = book(Rounds::UNITS, &[], object(json!({ "charges": charges, "commitment": commitment })))?;
    let part = PeriodPart { share: share(case)?, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage::default(), &part).map_err(said)?;
    Ok(json!({ "true_up_minor": amount_of(&bill, "commitment") }))
}

fn commitment_trueup(case: &Case) -> Answer {
    let fees = list(&case.input, "fees_minor")?.iter().map(|fee| fee.as_str().unwrap_or("?").to_owned());
    // A plan has at least one charge, and one of nothing changes no sum.
    let fees: Vec<String> = fees.chain(["0".to_owned()]).collect();
    true_up(case, &fees)
}

fn commitment_with_fee(case: &Case) -> Answer {
    let whole = money(text(&case.params, "plan_minor")?)?;
    let fee = share(case)?.of_amount(whole).and_then(|fee| round(fee, Rounds::UNITS.digits, RoundingMode::HalfUp));
    true_up(case, &[fee.map_err(said)?.to_string()])
}

fn charge_minimum(case: &Case) -> Answer {
    let mut charge = charge("c", "flat", json!(text(&case.input, "used_minor")?));
    charge.insert("minimum".to_owned(), json!({ "amount": text(&case.params, "minimum_minor")?, "shown": "line" }));
    let book = book_of(Rounds::UNITS, "final", charge)?;
    let part = PeriodPart { share: share(case)?, ..PeriodPart::whole() };
    let bill = rate_part(&book, "p", &Usage::default(), &part).map_err(said)?;
    let missing = quantity(&amount_of(&bill, "c.minimum"))?;
    let by = Factor::Multiply(quantity(optional(&case.params, "conversion_rate").unwrap_or("1"))?);
    let conversion = Conversion { by, rounding: Some(RoundingMode::HalfUp), places: 0 };
    Ok(json!({ "true_up_minor": conversion.apply(missing).map_err(said)?.to_string() }))
}

/// Each window is a charge with its own commitment.
fn windows(case: &Case) -> Answer {
    let (mut charges, mut ids, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for (index, window) in list(&case.input, "windows")?.iter().enumerate() {
        let id = format!("w{index}");
        let mut charge = charge(&id, "per_unit", json!({ "price": text(window, "unit")? }));
        if let Some(commitment) = window_commitment(window)? {
            charge.insert("commitment".to_owned(), commitment);
        }
        charges.push(Value::Object(charge));
        used.push(assumed(&id, text(window, "quantity")?)?);
        ids.push(id);
    }
    let book = book(Rounds::NOT, &ids, object(json!({ "charges": charges })))?;
    let bill = rate(&book, "p", &Usage(used)).map_err(said)?;
    let totals: Vec<String> = bill.lines.iter().map(|line| line.amount.to_string()).collect();
    Ok(json!({ "total": bill.subtotal.to_string(), "window_totals": totals }))
}

/// `None` where nothing is promised, or nothing follows from it.
fn window_commitment(window: &Value) -> Result<Option<Value>, String> {
    let key = match optional(window, "commitment_type").unwrap_or("amount") {
        word @ ("amount" | "quantity") => word,
        other => return Err(format!("unknown commitment_type {other}")),
    };
    let Some(promised) = optional(window, "commitment") else { return Ok(None) };
    let true_up = window.get("true_up").and_then(Value::as_bool).unwrap_or(false);
    let factor = optional(window, "overage_factor").unwrap_or("1");
    let neutral = !true_up && quantity(factor)? == quantity("1")?;
    if neutral || quantity(promised)?.is_zero() {
        return Ok(None);
    }
    Ok(Some(json!({ key: promised, "true_up": true_up, "overage_factor": factor })))
}
