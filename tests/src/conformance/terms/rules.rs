//! Cases of a single rule: a call of that rule's function.

use engine::catalog::{DiscountRounding, DiscountRules, Off, Percent, Tax, TaxBase, TaxRounding, TaxRules, Treatment};
use engine::exact::{Exact, Overflow};
use engine::ids::{ChargeId, DiscountId, TaxId};
use engine::invoice::{
    DiscountHow, Item, ItemKind, TaxHow, TaxStatus, Taxed, Unused, credit_unused, discount_amount, take_discounts,
    tax_items,
};
use engine::money::{Currency, Money};
use engine::quantity::parse_decimal;
use engine::rating::TotalOnly;
use engine::rounding::{Rounding, RoundingMode, RoundingPlace, minor_units, round, round_sum};
use engine::text::Names;
use serde_json::{Value, json};

use super::{present, texts};
use crate::conformance::{Answer, Case, list, optional, text};

const HALF_UP: RoundingMode = RoundingMode::HalfUp;

pub(super) fn too_large(_: Overflow) -> String {
    "too large".to_owned()
}

fn exact(value: &Value, field: &str) -> Result<Exact, String> {
    text(value, field)?.parse().map_err(|error: engine::exact::NotExact| error.to_string())
}

pub(super) fn money(text: &str) -> Result<Money, String> {
    parse_decimal(text).map(Money::new).map_err(|error| error.to_string())
}

pub(super) fn percent(text: &str) -> Result<Percent, String> {
    parse_decimal(text).map(Percent::new).map_err(|error| error.to_string())
}

fn number(value: &Value, field: &str) -> Result<u32, String> {
    text(value, field)?.parse().map_err(|_| format!("{field} is no whole number"))
}

/// The places that are asked for, or those of the currency.
fn digits(params: &Value) -> Result<u32, String> {
    match (present(params, "decimals"), optional(params, "currency")) {
        (Some(_), _) => number(params, "decimals"),
        (None, Some(code)) => Currency::from_code(code).map(Currency::minor_digits).map_err(|error| error.to_string()),
        (None, None) => Err("neither decimals nor currency".to_owned()),
    }
}

/// The name of something that only this case knows.
pub(super) fn names(id: &str) -> Names {
    Names { zh: id.into(), en: id.into() }
}

pub(super) fn currency_rounding(case: &Case) -> Answer {
    let value = round(exact(&case.input, "value")?, digits(&case.params)?, HALF_UP).map_err(too_large)?;
    Ok(json!({ "value": value.to_string() }))
}

pub(super) fn round_to_minor(case: &Case) -> Answer {
    let (value, digits) = (exact(&case.input, "value")?, digits(&case.params)?);
    let rounded = round(value, digits, HALF_UP).map_err(too_large)?;
    let minor = minor_units(value, digits, HALF_UP).map_err(too_large)?;
    Ok(json!({ "value": rounded.to_string(), "minor": minor.to_string() }))
}

pub(super) fn sum_rounding(case: &Case) -> Answer {
    let at = match text(&case.params, "when")? {
        "after_sum" | "once" => RoundingPlace::Invoice,
        "before_sum" | "each" | "each_first" | "each_before_sum" | "first" => RoundingPlace::Line,
        other => return Err(format!("unknown word for when: {other}")),
    };
    let parse = |text: &str| text.parse::<Exact>().map_err(|error| error.to_string());
    let values = texts(&case.input, "values")?.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let sum = round_sum(&values, Rounding { at, mode: HALF_UP }, digits(&case.params)?).map_err(too_large)?;
    Ok(json!({ "value": sum.to_string() }))
}

pub(super) fn fixed_discount(case: &Case) -> Answer {
    let off = Off::Amount(money(text(&case.params, "amount")?)?);
    let rounding = match present(&case.params, "decimals") {
        Some(_) => (Some(HALF_UP), digits(&case.params)?),
        None => (None, 0),
    };
    discount(case, off, rounding)
}

pub(super) fn percent_discount(case: &Case) -> Answer {
    let off = Off::Percent(percent(text(&case.params, "percent")?)?);
    discount(case, off, (Some(HALF_UP), digits(&case.params)?))
}

fn discount(case: &Case, off: Off, rounding: (Option<RoundingMode>, u32)) -> Answer {
    let base = exact(&case.input, "base")?;
    let amount = discount_amount(off, base, rounding, &mut TotalOnly).map_err(too_large)?;
    Ok(json!({ "discount": amount.to_string() }))
}

fn charge_id(index: usize) -> ChargeId {
    ChargeId::new(&format!("line-{index}")).expect("letters and digits are an id")
}

fn items<'a>(ids: &'a [ChargeId], amounts: &[&str]) -> Result<Vec<Item<'a>>, String> {
    let item = |(charge, amount): (&'a ChargeId, &&str)| {
        let left = amount.parse().map_err(|error: engine::exact::NotExact| error.to_string())?;
        Ok(Item { charge, of: charge, kind: ItemKind::Usage, tags: &[], taxes: None, left })
    };
    ids.iter().zip(amounts).map(item).collect()
}

pub(super) fn distribute_discount(case: &Case) -> Answer {
    let amounts = texts(&case.input, "lines_minor")?;
    let ids: Vec<ChargeId> = (0..amounts.len()).map(charge_id).collect();
    let mut items = items(&ids, &amounts)?;
    let off = Off::Amount(money(text(&case.input, "discount_minor")?)?);
    let id = DiscountId::new("discount").expect("a word is an id");
    let discount = engine::catalog::Discount {
        id,
        name: names("discount"),
        off,
        on: Default::default(),
        term: Default::default(),
    };
    let rules = DiscountRules { round: DiscountRounding::By(HALF_UP), ..DiscountRules::default() };
    let how = DiscountHow { rules, mode: HALF_UP, digits: 0 };
    take_discounts(&[&discount], &mut items, &how).map_err(too_large)?;
    let net: Vec<String> = items.iter().map(|item| item.left.to_string()).collect();
    Ok(json!({ "net_minor": net }))
}

/// A tax that is added, by its place among several.
fn tax(index: usize, hundredths: &str) -> Result<Tax, String> {
    let id = TaxId::new(&format!("tax-{index}")).map_err(|error| error.to_string())?;
    let (name, percent) = (names(id.as_str()), percent(hundredths)?);
    Ok(Tax { id, name, percent, treatment: Treatment::Exclusive, on: Vec::new(), by_default: true })
}

/// All taxes on one base.
fn taxes_on_base(case: &Case, percents: &[&str], at: TaxRounding, digits: u32) -> Result<Taxed, String> {
    let taxes = percents.iter().enumerate().map(|(index, text)| tax(index, text)).collect::<Result<Vec<_>, _>>()?;
    let ids = [charge_id(0)];
    let items = items(&ids, &[text(&case.input, "base")?])?;
    let rules = TaxRules { base: TaxBase::Line, at, mode: Some(HALF_UP) };
    let how = TaxHow { taxes: &taxes, rules, status: TaxStatus::Regular, mode: HALF_UP, digits };
    tax_items(&how, &items).map_err(too_large)
}

pub(super) fn percent_tax(case: &Case) -> Answer {
    let percents = [text(&case.params, "percent")?];
    let taxed = taxes_on_base(case, &percents, TaxRounding::Tax, digits(&case.params)?)?;
    Ok(json!({ "tax": taxed.added.to_string() }))
}

pub(super) fn taxes_each_rounded(case: &Case) -> Answer {
    let percents = texts(&case.params, "percents")?;
    let taxed = taxes_on_base(case, &percents, TaxRounding::Tax, digits(&case.params)?)?;
    let taxes: Vec<String> = taxed.taxes.iter().map(|tax| tax.amount.to_string()).collect();
    Ok(json!({ "taxes": taxes, "total": taxed.added.to_string() }))
}

pub(super) fn percent_sum_tax(case: &Case) -> Answer {
    let digits = if present(&case.params, "decimals").is_some() { digits(&case.params)? } else { 0 };
    let percents = texts(&case.params, "percents")?;
    let taxed = taxes_on_base(case, &percents, TaxRounding::Invoice, digits)?;
    Ok(json!({ "tax": taxed.added.to_string() }))
}

/// Each line has a tax of its own, or none.
pub(super) fn per_line_tax(case: &Case) -> Answer {
    match text(&case.params, "rounding")? {
        "half away from zero per line" => {}
        other => return Err(format!("unknown rounding: {other}")),
    }
    let lines = list(&case.input, "lines")?;
    let ids: Vec<ChargeId> = (0..lines.len()).map(charge_id).collect();
    let amounts = lines.iter().map(|line| text(line, "amount_minor")).collect::<Result<Vec<_>, _>>()?;
    let percents = lines.iter().map(|line| optional(line, "percent").unwrap_or("0"));
    let taxes = percents.enumerate().map(|(index, text)| tax(index, text)).collect::<Result<Vec<_>, _>>()?;
    let own: Vec<[TaxId; 1]> = taxes.iter().map(|tax| [tax.id.clone()]).collect();
    let mut items = items(&ids, &amounts)?;
    for (item, own) in items.iter_mut().zip(&own) {
        item.taxes = Some(own);
    }
    let rules = TaxRules { base: TaxBase::Line, at: TaxRounding::Line, mode: Some(HALF_UP) };
    let how = TaxHow { taxes: &taxes, rules, status: TaxStatus::Regular, mode: HALF_UP, digits: 0 };
    let taxed = tax_items(&how, &items).map_err(too_large)?;
    let taxes: Vec<String> = taxed.taxes.iter().map(|tax| tax.amount.to_string()).collect();
    Ok(json!({ "taxes": taxes, "total": taxed.added.to_string() }))
}

pub(super) fn credit_note(case: &Case) -> Answer {
    let unused = Unused {
        price: money(text(&case.input, "price_minor")?)?,
        part: number(&case.input, "unused_days")?,
        of: number(&case.input, "period_days")?,
    };
    let taxes = match optional(&case.params, "tax_percent") {
        Some(hundredths) => vec![percent(hundredths)?],
        None => Vec::new(),
    };
    let note = credit_unused(&unused, &taxes, (HALF_UP, 0)).map_err(too_large)?;
    Ok(json!({ "net": note.net.to_string(), "tax": note.tax.to_string(), "total": note.total.to_string() }))
}
