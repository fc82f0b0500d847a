//! Cases about prepaid units: grants, their order, their reset, and free units used up before.

use engine::invoice::{Grant, Reset, TopUp, Use, draw, drawing_order, reset, split_allowance};
use engine::period::{CalendarDuration, Instant, Period, Zone};
use engine::quantity::Quantity;
use serde_json::{Value, json};

use super::{Answer, Case, list, optional, text};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    match case.model.as_str() {
        "credit_grants" => Some(credit_grants(case)),
        "grant_order" => Some(grant_order(case)),
        "grant_reset" => Some(grant_reset(case)),
        "usage_discount" => Some(usage_discount(case)),
        _ => None,
    }
}

fn credit_grants(case: &Case) -> Answer {
    let grants = list(&case.params, "grants")?.iter().map(grant).collect::<Result<Vec<_>, _>>()?;
    let uses = list(&case.input, "usage")?.iter().map(one_use).collect::<Result<Vec<_>, String>>()?;
    let period = Period { start: instant(&case.params, "start")?, end: instant(&case.input, "until")? };
    let zone = Zone::from_name("UTC").map_err(|error| error.to_string())?;
    let burned = draw(&grants, &uses, period, zone).map_err(|error| error.to_string())?;
    let balances: serde_json::Map<String, Value> =
        burned.balances.into_iter().map(|(id, left)| (id, left.to_string().into())).collect();
    Ok(json!({ "balances": balances, "overage": burned.overage.to_string() }))
}

fn grant_order(case: &Case) -> Answer {
    let mut grants = list(&case.input, "grants")?.iter().map(grant).collect::<Result<Vec<_>, _>>()?;
    grants.sort_by(drawing_order);
    Ok(json!({ "order": grants.iter().map(|grant| &grant.id).collect::<Vec<_>>() }))
}

fn grant_reset(case: &Case) -> Answer {
    let keep_overage = case.params.get("preserve_overage").and_then(Value::as_bool).unwrap_or(false);
    let rule = Reset {
        min_rollover: quantity(&case.params, "min_rollover")?,
        max_rollover: quantity(&case.params, "max_rollover")?,
        keep_overage,
    };
    let start: Instant = "2024-01-01T00:00:00Z".parse().map_err(|error| format!("{error}"))?;
    let end: Instant = "2024-02-01T00:00:00Z".parse().map_err(|error| format!("{error}"))?;
    let whole = json!({ "id": "g", "amount": text(&case.params, "amount")?, "effective": start });
    let used = Use { at: start, quantity: quantity(&case.input, "used_before_reset")? };
    let zone = Zone::from_name("UTC").map_err(|error| error.to_string())?;
    let burned = draw(&[grant(&whole)?], &[used], Period { start, end }, zone).map_err(|error| error.to_string())?;
    let (_, left) = burned.balances.into_iter().next().ok_or("no balance")?;
    let (balance, overage) = reset(left, burned.overage, rule).map_err(|error| error.to_string())?;
    Ok(json!({ "balance": balance.to_string(), "overage": overage.to_string() }))
}

fn usage_discount(case: &Case) -> Answer {
    let before = quantity(&case.input, "pre_quantity")?;
    let split = split_allowance(quantity(&case.params, "free_units")?, before, quantity(&case.input, "quantity")?)
        .map_err(|error| error.to_string())?;
    Ok(
        json!({ "billed_quantity": split.billable.to_string(), "billed_pre_quantity": split.billable_before.to_string() }),
    )
}

fn grant(value: &Value) -> Result<Grant, String> {
    let priority = optional(value, "priority").unwrap_or("0");
    let tops_up = value.get("recur").filter(|recur| !recur.is_null()).map(top_up).transpose()?;
    let created = optional_instant(value, "created")?;
    // Where only the order is asked for, a case says nothing of amounts and beginnings.
    let effective = optional_instant(value, "effective")?.or(created).ok_or("a grant needs effective or created")?;
    Ok(Grant {
        id: text(value, "id")?.to_owned(),
        amount: optional(value, "amount").map_or(Ok(Quantity::ZERO), parse)?,
        priority: priority.parse().map_err(|_| format!("priority {priority}"))?,
        effective,
        expires: optional_instant(value, "expires")?,
        ended: optional_instant(value, "ended")?,
        created,
        tops_up,
        balance: optional(value, "balance_at_start").map(parse).transpose()?,
    })
}

fn top_up(value: &Value) -> Result<TopUp, String> {
    let every = format!("P{}D", text(value, "every_days")?);
    let every = CalendarDuration::parse(&every).map_err(|error| error.to_string())?;
    Ok(TopUp { every, anchor: instant(value, "anchor")? })
}

fn one_use(value: &Value) -> Result<Use, String> {
    Ok(Use { at: instant(value, "at")?, quantity: quantity(value, "quantity")? })
}

fn instant(value: &Value, field: &str) -> Result<Instant, String> {
    optional_instant(value, field)?.ok_or_else(|| format!("no instant {field} in {value}"))
}

fn optional_instant(value: &Value, field: &str) -> Result<Option<Instant>, String> {
    optional(value, field).map(|text| text.parse().map_err(|_| format!("{text} is no instant"))).transpose()
}

fn quantity(value: &Value, field: &str) -> Result<Quantity, String> {
    parse(text(value, field)?)
}

fn parse(text: &str) -> Result<Quantity, String> {
    Quantity::parse(text).map_err(|error| error.to_string())
}
