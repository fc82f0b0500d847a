//! Cases about proration: which share of a price a part of a period costs, and what a change in its middle gives.
//!
//! A peer's words become our [`Proration`]; days, quotients and roundings come out of the engine.

use engine::exact::Exact;
use engine::invoice::billed_cycles::billed_in_advance;
use engine::invoice::plan_change::{ChangeRounding, Netted, Paid, PriceChange, capped_credit, change_price, net};
use engine::invoice::proration::{
    Basis, Beyond, ChangeDay, Cut, Denominator, EmptyPeriod, Proration, ProrationError, Reversed, Share, after_trial,
    whole_after, whole_before,
};
use engine::invoice::sub_lines::prorate_lines;
use engine::invoice::termination::{AddedTax, TaxedAmount, WithTax, share_with_tax};
use engine::period::{Dates, DayCount, Period, days_of};
use engine::rounding::RoundingMode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::cycles::{billing_day_schedule, date, duration, instant, midnight, said, zone};
use super::{Answer, Case, list, optional, text};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    Some(match case.model.as_str() {
        "plan_change_inclusive_days" => plan_change_inclusive(case),
        "plan_change_half_open_days" => plan_change_half_open(case),
        "credit_cap" => credit_cap(case),
        "local_day_count" => local_day_count(case),
        "second_based_share" => second_based_share(case),
        "time_based_share" => time_based_share(case),
        "billing_cycles_in_advance" => cycles_in_advance(case),
        "fixed_month_day_count" => fixed_month_day_count(case),
        "ratio_amount" => ratio_amount(case),
        "partial_period_ratio" => partial_period_ratio(case),
        "daily_share" => daily_share(case),
        "daily_share_with_tax" => daily_share_with_tax(case),
        "single_day_price" => single_day_price(case),
        "period_fee" => period_fee(case),
        "termination_credit_tax_included" => termination_credit(case),
        "proration_factor" => proration_factor(case),
        "netting" => netting(case),
        "prorate_sublines" => sublines(case),
        "cadence_share" => cadence_share(case),
        _ => return None,
    })
}

fn plan_change_inclusive(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let rule = rule(Basis::DaysInclusive);
    let share = rule.share_from(date(input, "change")?, dates(part(params, "period")?)?).map_err(refused)?;
    let paid = optional(params, "credit_cap").map(|_| exact(params, "credit_cap")).transpose()?;
    let change = PriceChange {
        old: exact(input, "old_amount")?,
        new: exact(input, "new_amount")?,
        paid: paid.map(|paid| Paid { paid, credited: Exact::ZERO }),
    };
    let cut = Cut::to(number(params, "decimals")?, RoundingMode::HalfUp);
    let Netted { credit, charge, net } =
        change_price(&change, &share, ChangeRounding::EachLine(cut)).map_err(refused)?;
    Ok(json!({ "credit": credit, "charge": charge, "net": net.unwrap_or(Exact::ZERO) }))
}

fn plan_change_half_open(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let cut = rounded_where(text(params, "rounding")?, "_to_minor")?;
    let whole = dates(part(params, "period")?)?;
    let share = rule(Basis::DaysHalfOpen).share_from(date(input, "at")?, whole).map_err(refused)?;
    let mut lines = Vec::new();
    for change in list(input, "changes")? {
        let change = PriceChange { old: exact(change, "old_minor")?, new: exact(change, "new_minor")?, paid: None };
        let netted = change_price(&change, &share, ChangeRounding::EachLine(cut)).map_err(refused)?;
        lines.extend(netted.net);
    }
    Ok(json!({ "net_minor": net(&lines).map_err(overflow)?.unwrap_or(Exact::ZERO) }))
}

fn credit_cap(case: &Case) -> Answer {
    let input = &case.input;
    let paid = Paid { paid: exact(input, "originally_paid")?, credited: exact(input, "already_credited")? };
    Ok(json!({ "credit": capped_credit(exact(input, "potential")?, paid).map_err(overflow)? }))
}

fn local_day_count(case: &Case) -> Answer {
    let days = days_of(&instants(&case.input)?, zone(&case.params)?).map_err(said)?;
    Ok(json!({ "days": days.to_string() }))
}

fn second_based_share(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let whole = instants(part(params, "period")?)?;
    let at = instant(input, "at")?;
    let rule = Proration {
        quotient: Some(Cut::to(number(params, "coefficient_decimals")?, RoundingMode::HalfUp)),
        ..rule(Basis::ElapsedTime)
    };
    let share = rule.share_of_time(&whole.from(at), &whole).map_err(refused)?;
    let cut = Cut { never_to_zero: true, ..Cut::to(number(params, "output_decimals")?, RoundingMode::HalfUp) };
    Ok(json!({ "credits": amount(&share, exact(input, "amount")?, cut)? }))
}

fn time_based_share(case: &Case) -> Answer {
    let params = &case.params;
    let whole = instants(part(params, "period")?)?;
    let share = rule(Basis::ElapsedTime).share_of_time(&instants(&case.input)?, &whole).map_err(refused)?;
    Ok(json!({ "amount": amount(&share, exact(params, "price")?, decimals(params)?)? }))
}

fn cycles_in_advance(case: &Case) -> Answer {
    let options = part(&case.params, "options")?;
    let denominator = match optional(options, "partial") {
        None => Denominator::default(),
        Some("actual days / days of the un-realigned neighbouring period") => Denominator::Unaligned,
        Some("actual days / days of the realigned neighbouring period") => Denominator::Realigned,
        Some(other) => return Err(format!("unknown partial {other}")),
    };
    let rule = Proration { quotient: quotient(options)?, denominator, ..rule(Basis::DaysHalfOpen) };
    let schedule = billing_day_schedule(case)?;
    let every = duration(text(&case.params, "period")?)?;
    let billed = billed_in_advance(&schedule, every, midnight(&case.input, "target")?, &rule).map_err(refused)?;
    Ok(json!({ "cycles": billed.cycles }))
}

fn fixed_month_day_count(case: &Case) -> Answer {
    let by = DayCount::FixedMonth(number(&case.params, "days_per_month")?);
    Ok(json!({ "days": dates(&case.input)?.count(by).map_err(said)?.to_string() }))
}

fn ratio_amount(case: &Case) -> Answer {
    let params = &case.params;
    let rule = rule(Basis::FixedMonthDays(number(params, "days_per_month")?));
    let share = rule.quotient(exact(&case.input, "days")?, exact(params, "days_per_month")?).map_err(refused)?;
    Ok(json!({ "amount": amount(&share, exact(params, "price")?, decimals(params)?)? }))
}

fn partial_period_ratio(case: &Case) -> Answer {
    let params = &case.params;
    let partial = dates(&case.input)?;
    let every = duration(text(params, "period")?)?;
    let whole = match text(params, "side")? {
        "before" => whole_before(partial.to, every),
        "after" => whole_after(partial.from, every),
        other => return Err(format!("unknown side {other}")),
    };
    let basis = match optional(params, "fixed_days_per_month") {
        None | Some("0") => Basis::DaysHalfOpen,
        Some(_) => Basis::FixedMonthDays(number(params, "fixed_days_per_month")?),
    };
    let quotient = quotient(part(params, "options")?)?;
    let rule = Proration { quotient, beyond: Beyond::AsCounted, ..rule(basis) };
    Ok(json!({ "ratio": rule.share_of_dates(partial, whole.map_err(said)?).map_err(refused)?.value }))
}

fn daily_share(case: &Case) -> Answer {
    let share = days_of_period(case)?;
    Ok(json!({ "amount_minor": amount(&share, exact(&case.params, "price_minor")?, minor())? }))
}

fn daily_share_with_tax(case: &Case) -> Answer {
    let share = days_of_period(case)?;
    let price = exact(&case.params, "price_minor")?;
    let found = share_with_tax(price, &share, &tax(&case.params)?, minor()).map_err(refused)?;
    Ok(json!({ "amount_minor": found.total }))
}

/// So many days of a period whose days are given.
fn days_of_period(case: &Case) -> Result<Share, String> {
    let whole = exact(&case.params, "period_days")?;
    rule(Basis::DaysInclusive).quotient(exact(&case.input, "days")?, whole).map_err(refused)
}

fn single_day_price(case: &Case) -> Answer {
    let whole = dates(&case.input)?;
    let day = Dates { from: whole.from, to: whole.from };
    let share = rule(Basis::DaysInclusive).share_of_dates(day, whole).map_err(refused)?;
    let price = share.of(exact(&case.params, "price_minor")?).map_err(overflow)?;
    Ok(json!({ "price_per_day": price, "days": share.whole }))
}

fn period_fee(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let options = part(params, "options")?;
    let basis = match options.get("both_ends_inclusive").and_then(Value::as_bool) {
        Some(true) => Basis::DaysInclusive,
        Some(false) => Basis::DaysHalfOpen,
        None => return Err("both_ends_inclusive is neither true nor false".to_owned()),
    };
    match text(options, "denominator")? {
        "days of the whole period" => {}
        other => return Err(format!("unknown denominator {other}")),
    }
    let cut = rounded_where(text(options, "rounding")?, " at the fee")?;
    let billed = match optional(input, "trial_end") {
        None => Some(dates(input)?),
        Some(_) => after_trial(dates(input)?, date(input, "trial_end")?),
    };
    let days = match (billed, basis) {
        (None, _) => Exact::ZERO,
        (Some(billed), Basis::DaysInclusive) => count(billed, DayCount::Inclusive)?,
        (Some(billed), _) => count(billed, DayCount::HalfOpen)?,
    };
    let share = rule(basis).quotient(days, exact(params, "period_days")?).map_err(refused)?;
    let price = exact(params, "price_minor")?;
    Ok(json!({ "precise": share.of(price).map_err(overflow)?, "rounded": amount(&share, price, cut)? }))
}

fn termination_credit(case: &Case) -> Answer {
    let (params, input) = (&case.params, &case.input);
    let whole_days = exact(params, "period_days")?;
    let rule = Proration { change_day: ChangeDay::Old, ..rule(Basis::DaysInclusive) };
    let (start, end) = (date(input, "started")?, date(input, "period_end")?);
    let billed = Dates::new(start, end).map_err(said)?;
    let unused = rule.days_from(date(input, "terminated")?, billed).map_err(refused)?;
    let taxed = |days: Exact| -> Result<WithTax, String> {
        let share = rule.quotient(days, whole_days).map_err(refused)?;
        share_with_tax(exact(params, "price")?, &share, &tax(params)?, decimals(params)?).map_err(refused)
    };
    let (bill, credit) = (taxed(count(billed, DayCount::Inclusive)?)?, taxed(unused)?);
    Ok(json!({
        "billed_net": bill.net, "billed_total": bill.total, "credit_net": credit.net, "credit_total": credit.total
    }))
}

fn proration_factor(case: &Case) -> Answer {
    match text(part(&case.params, "options")?, "null_means")? {
        "no proration: full price" => {}
        other => return Err(format!("unknown null_means {other}")),
    }
    let rule =
        Proration { empty_period: EmptyPeriod::WholePrice, reversed: Reversed::Empty, ..rule(Basis::DaysHalfOpen) };
    let (partial, full) = (dates(part(&case.input, "partial")?)?, dates(part(&case.input, "full")?)?);
    let share = rule.share_of_dates(partial, full).map_err(refused)?;
    let factor = match share.whole_price {
        Some(_) => Value::Null,
        None => json!(share.value),
    };
    Ok(json!({ "factor": factor }))
}

fn netting(case: &Case) -> Answer {
    Ok(json!({ "net_minor": net(&lines(case)?).map_err(overflow)?.unwrap_or(Exact::ZERO) }))
}

fn sublines(case: &Case) -> Answer {
    let found = prorate_lines(&lines(case)?, exact(&case.params, "factor")?, minor()).map_err(overflow)?;
    let adds_up = net(&found.lines).map_err(overflow)?.unwrap_or(Exact::ZERO) == found.total;
    Ok(json!({
        "total_minor": found.total, "lines_minor": found.lines, "sum_of_lines_equals_total": adds_up
    }))
}

fn cadence_share(case: &Case) -> Answer {
    let rule = rule(Basis::NominalDays(number(&case.params, "nominal_days")?));
    let whole = dates(part(&case.params, "period")?)?;
    let share = rule.share_from(date(&case.input, "at")?, whole).map_err(refused)?;
    // The field is named after the cadence: yearly_minor, quarterly_minor, …
    let named = case.input.as_object().and_then(|fields| fields.keys().find(|name| name.ends_with("_minor")));
    let field = named.ok_or_else(|| format!("no amount in {}", case.input))?;
    Ok(json!({ "amount_minor": amount(&share, exact(&case.input, field)?, minor())? }))
}

fn rule(basis: Basis) -> Proration {
    Proration { basis, ..Proration::default() }
}

/// Minor units have no places.
fn minor() -> Cut {
    Cut::to(0, RoundingMode::HalfUp)
}

fn decimals(params: &Value) -> Result<Cut, String> {
    Ok(Cut::to(number(params, "decimals")?, RoundingMode::HalfUp))
}

/// Where a quotient is cut, if anywhere.
fn quotient(options: &Value) -> Result<Option<Cut>, String> {
    if optional(options, "quotient_decimals").is_none() {
        return Ok(None);
    }
    let mode = mode(optional(options, "rounding").unwrap_or("half_up"))?;
    Ok(Some(Cut::to(number(options, "quotient_decimals")?, mode)))
}

/// A mode with the place at which it applies, said in one word: whole minor units.
fn rounded_where(words: &str, place: &str) -> Result<Cut, String> {
    let word = words.strip_suffix(place).ok_or_else(|| format!("unknown rounding {words}"))?;
    Ok(Cut::to(0, mode(word)?))
}

fn mode(word: &str) -> Result<RoundingMode, String> {
    match word {
        "half_away_from_zero" => Ok(RoundingMode::HalfUp),
        _ => serde_json::from_value(json!(word)).map_err(|_| format!("unknown rounding {word}")),
    }
}

fn tax(params: &Value) -> Result<AddedTax, String> {
    Ok(AddedTax { percent: exact(params, "tax_percent")?, of: TaxedAmount::ExactNet })
}

fn amount(share: &Share, price: Exact, cut: Cut) -> Result<Exact, String> {
    share.of(price).and_then(|amount| cut.apply(amount)).map_err(overflow)
}

fn count(dates: Dates, by: DayCount) -> Result<Exact, String> {
    let days = dates.count(by).map_err(said)?;
    Exact::ratio(i128::from(days), 1).ok_or_else(|| "too many days".to_owned())
}

fn dates(value: &Value) -> Result<Dates, String> {
    Ok(Dates { from: date(value, "from")?, to: date(value, "to")? })
}

fn instants(value: &Value) -> Result<Period, String> {
    Ok(Period { start: instant(value, "from")?, end: instant(value, "to")? })
}

fn lines(case: &Case) -> Result<Vec<Exact>, String> {
    let parse =
        |line: &Value| line.as_str().and_then(|line| line.parse().ok()).ok_or_else(|| format!("{line} is no amount"));
    list(&case.input, "lines_minor")?.iter().map(parse).collect()
}

fn part<'v>(value: &'v Value, field: &str) -> Result<&'v Value, String> {
    value.get(field).ok_or_else(|| format!("no {field} in {value}"))
}

fn exact(value: &Value, field: &str) -> Result<Exact, String> {
    let text = text(value, field)?;
    text.parse().map_err(|_| format!("{field} {text} is no number"))
}

fn number<T: DeserializeOwned>(value: &Value, field: &str) -> Result<T, String> {
    let text = text(value, field)?;
    serde_json::from_str(text).map_err(|_| format!("{field} {text} is no whole number"))
}

fn refused(error: ProrationError) -> String {
    error.to_string()
}

fn overflow(error: engine::exact::Overflow) -> String {
    error.to_string()
}
