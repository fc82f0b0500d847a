//! Cases of whole bills: a book whose plan has a charge for each line, an account, and the public rate function.

use std::fmt::Write as _;

use engine::catalog::{Book, BookDraft, Discount, DiscountTerm, Off, Target};
use engine::ids::{ChargeId, CreditId, DiscountId, MeterId, Tag};
use engine::invoice::{Account, Wallet, missing_to_minimum};
use engine::quantity::Quantity;
use engine::rating::Rated;
use engine::usage::MeterUsage;
use engine::{Usage, rate_for};
use serde_json::{Value, json};

use super::rules::{money, names, percent, too_large};
use super::{present, texts};
use crate::conformance::{Answer, Case, list, optional, text};

/// A bill to be written as a book.
#[derive(Default)]
struct Bill {
    currency: &'static str,
    /// Tables of the book: taxes and rules.
    terms: String,
    /// Usage lines are so many units at a price of 1, fixed lines a fixed amount.
    charges: String,
    usage: Vec<MeterUsage>,
    ids: Vec<ChargeId>,
    account: Account,
}

/// The words of a line's kind.
fn is_usage(kind: Option<&str>) -> Result<bool, String> {
    match kind {
        None | Some("usage") => Ok(true),
        Some("fixed" | "flat" | "subscription") => Ok(false),
        Some(other) => Err(format!("unknown type of a line: {other}")),
    }
}

/// A currency with so many minor places.
fn currency(params: &Value) -> Result<&'static str, String> {
    match optional(params, "decimals").unwrap_or("2") {
        "0" => Ok("JPY"),
        "2" => Ok("USD"),
        "3" => Ok("BHD"),
        "4" => Ok("CLF"),
        other => Err(format!("no currency has {other} decimal places")),
    }
}

impl Bill {
    fn new(currency: &'static str, terms: &str) -> Self {
        Self { currency, terms: format!("{terms}\n"), ..Self::default() }
    }

    /// A line; `extra` are further keys of its charge.
    fn line(&mut self, amount: &str, is_usage: bool, extra: &str) -> Result<ChargeId, String> {
        let index = self.ids.len();
        let id = ChargeId::new(&format!("line-{index}")).map_err(|error| error.to_string())?;
        let name = "name = { zh = \"项\", en = \"Line\" }";
        let _ = writeln!(self.charges, "[[plans.p.charges]]\nid = \"{id}\"\n{name}\n{extra}");
        if is_usage {
            let _ = writeln!(self.charges, "meter = \"m-{index}\"\nper_unit = {{ price = \"1\" }}");
            let _ = writeln!(self.terms, "[meters.m-{index}]\n{name}\nevent = \"e\"\naggregate = \"count\"");
            let meter = MeterId::new(&format!("m-{index}")).map_err(|error| error.to_string())?;
            let quantity = Quantity::parse(amount).map_err(|error| error.to_string())?;
            self.usage.push(MeterUsage::assumed(meter, quantity));
        } else {
            let _ = writeln!(self.charges, "flat = \"{amount}\"");
        }
        self.ids.push(id.clone());
        Ok(id)
    }

    fn discount(&mut self, off: Off, on: Target) -> Result<(), String> {
        let id = format!("discount-{}", self.account.discounts.len());
        let name = names(&id);
        let id = DiscountId::new(&id).map_err(|error| error.to_string())?;
        self.account.discounts.push(Discount { id, name, off, on, term: DiscountTerm::default() });
        Ok(())
    }

    /// A wallet: a balance, or a table with one and a priority. Those without a priority are used as given.
    fn wallet(&mut self, value: &Value) -> Result<(), String> {
        let id = format!("wallet-{}", self.account.wallets.len());
        let name = names(&id);
        let (balance, priority) = match value {
            Value::String(balance) => (balance.as_str(), "0"),
            table => (text(table, "balance")?, optional(table, "priority").unwrap_or("0")),
        };
        let priority = priority.parse().map_err(|_| format!("{priority} is no priority"))?;
        let id = CreditId::new(&id).map_err(|error| error.to_string())?;
        self.account.wallets.push(Wallet { id, name, balance: money(balance)?, priority, since: None });
        Ok(())
    }

    fn book(&self) -> Result<Book, String> {
        let text = format!(
            "[book]\nid = \"case\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"{}\"\nzone = \"UTC\"\n\
             name = {{ zh = \"例\", en = \"Case\" }}\n{}\n[plans.p]\nname = {{ zh = \"例\", en = \"Case\" }}\n{}",
            self.currency, self.terms, self.charges
        );
        let problems = |problems: Vec<engine::catalog::Problem>| {
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        BookDraft::from_toml(&text).check().map_err(problems)
    }

    fn rate(&self) -> Result<Rated, String> {
        let usage = Usage(self.usage.clone());
        rate_for(&self.book()?, "p", &usage, &self.account).map_err(|error| error.to_string())
    }
}

/// `{ type, value }`, or `{ amount }`, or `{ percent }`.
fn off(coupon: &Value) -> Result<Off, String> {
    match (optional(coupon, "type"), optional(coupon, "amount"), optional(coupon, "percent")) {
        (Some("percent" | "percentage"), ..) => Ok(Off::Percent(percent(text(coupon, "value")?)?)),
        (Some("fixed" | "amount"), ..) => Ok(Off::Amount(money(text(coupon, "value")?)?)),
        (Some(other), ..) => Err(format!("unknown type of a coupon: {other}")),
        (None, Some(amount), None) => Ok(Off::Amount(money(amount)?)),
        (None, None, Some(hundredths)) => Ok(Off::Percent(percent(hundredths)?)),
        (None, ..) => Err(format!("{coupon} says neither what sum nor what percentage")),
    }
}

pub(super) fn discounts_then_credits(case: &Case) -> Answer {
    let terms =
        "[discount_rules]\norder = \"line_then_invoice\"\nround = \"half_up\"\n[credit_rules]\neligible = \"usage\"";
    let mut bill = Bill::new(currency(&case.params)?, terms);
    for line in list(&case.input, "lines")? {
        bill.line(text(line, "amount")?, is_usage(optional(line, "type"))?, "")?;
    }
    for coupon in list(&case.params, "line_coupons")? {
        let index: usize = text(coupon, "line")?.parse().map_err(|_| "line is no index".to_owned())?;
        let id = bill.ids.get(index).cloned().ok_or("a coupon on a line that is not there")?;
        bill.discount(off(coupon)?, Target::Charges(vec![id]))?;
    }
    for coupon in list(&case.params, "invoice_coupons")? {
        bill.discount(off(coupon)?, Target::Invoice)?;
    }
    for credit in list(&case.params, "credits")? {
        bill.wallet(credit)?;
    }
    let rated = bill.rate()?;
    Ok(json!({
        "subtotal": rated.lines_total.unwrap_or(rated.subtotal).to_string(),
        "discount": rated.discount_total().map_err(too_large)?.to_string(),
        "credits_applied": rated.credit_total().map_err(too_large)?.to_string(),
        "tax": rated.tax_total().map_err(too_large)?.to_string(),
        "total": rated.due.to_string(),
    }))
}

pub(super) fn discount_then_tax(case: &Case) -> Answer {
    let tax =
        format!("[tax]\nname = {{ zh = \"税\", en = \"Tax\" }}\npercent = \"{}\"", text(&case.params, "tax_percent")?);
    let mut bill = Bill::new(currency(&case.params)?, &tax);
    bill.line(text(&case.input, "subtotal")?, false, "")?;
    if let Some(discount) = optional(&case.input, "discount") {
        bill.discount(Off::Amount(money(discount)?), Target::Invoice)?;
    }
    let rated = bill.rate()?;
    Ok(json!({ "tax": rated.tax_total().map_err(too_large)?.to_string(), "total": rated.due.to_string() }))
}

/// A bill in minor units with one line and coupons on all of it.
fn coupons(case: &Case, base: &str, terms: &str) -> Result<Rated, String> {
    let mut bill = Bill::new("JPY", terms);
    bill.line(text(&case.input, base)?, false, "")?;
    for coupon in list(&case.params, "coupons")? {
        bill.discount(off(coupon)?, Target::Invoice)?;
    }
    bill.rate()
}

pub(super) fn coupons_in_order(case: &Case) -> Answer {
    let rated = coupons(case, "base_minor", "[discount_rules]\norder = \"given\"\nround = \"half_up\"")?;
    let credit = rated.discount_total().map_err(too_large)?;
    Ok(json!({ "credit_minor": credit.to_string(), "remaining_minor": rated.due.to_string() }))
}

pub(super) fn coupons_percent_first(case: &Case) -> Answer {
    let rated = coupons(case, "subtotal_minor", "[discount_rules]\norder = \"percent_first\"\nround = \"down\"")?;
    let discount = rated.discount_total().map_err(too_large)?;
    Ok(json!({ "discount_minor": discount.to_string(), "total_minor": rated.due.to_string() }))
}

/// The taxes of `[[taxes]]`, none of them by default.
fn taxes<'p>(percents: impl Iterator<Item = &'p str>) -> String {
    let tax = |(index, percent): (usize, &str)| {
        format!(
            "[[taxes]]\nid = \"tax-{index}\"\nname = {{ zh = \"税\", en = \"Tax\" }}\npercent = \"{percent}\"\ndefault = false\n"
        )
    };
    percents.enumerate().map(tax).collect()
}

/// Whose coupon it is: everybody's, that of a fee, or that of a tag.
fn target(coupon: &Value, fees: &[(String, ChargeId)]) -> Result<Target, String> {
    let words: Vec<&str> = match present(coupon, "target") {
        None => return Ok(Target::Invoice),
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(_)) => texts(coupon, "target")?,
        Some(other) => return Err(format!("unknown target: {other}")),
    };
    let fee = |word: &&str| fees.iter().find(|(id, _)| id == word).map(|(_, charge)| charge.clone());
    let charges: Vec<ChargeId> = words.iter().filter_map(fee).collect();
    if charges.len() == words.len() {
        return Ok(Target::Charges(charges));
    }
    let tags = words.iter().map(|word| Tag::new(word).map_err(|error| error.to_string()));
    Ok(Target::Tags(tags.collect::<Result<_, _>>()?))
}

pub(super) fn coupons_spread_and_tax(case: &Case) -> Answer {
    let fees = list(&case.params, "fees")?;
    let percents: Vec<&str> = fees.iter().map(|fee| optional(fee, "tax_percent").unwrap_or("0")).collect();
    let rules = "[discount_rules]\nshare = \"proportional\"\nround = \"half_up\"\n[tax_rules]\nbase = \"line\"\nat = \"invoice\"\n";
    let mut bill = Bill::new("JPY", &[rules, &taxes(percents.into_iter())].concat());
    let mut ids = Vec::new();
    for (index, fee) in fees.iter().enumerate() {
        let tags = if present(fee, "tags").is_some() { texts(fee, "tags")? } else { Vec::new() };
        let extra = format!("tags = {}\ntaxes = [\"tax-{index}\"]", json!(tags));
        ids.push((text(fee, "id")?.to_owned(), bill.line(text(fee, "amount")?, false, &extra)?));
    }
    for coupon in list(&case.params, "coupons")? {
        bill.discount(off(coupon)?, target(coupon, &ids)?)?;
    }
    let rated = bill.rate()?;
    let mut shares = serde_json::Map::new();
    let mut fee_taxes = serde_json::Map::new();
    for (id, charge) in &ids {
        shares.insert(id.clone(), json!(rated.discount_on(charge).map_err(too_large)?.to_string()));
        let tax = rated.line_tax(charge).map_err(too_large)?.unwrap_or(engine::money::Money::ZERO);
        fee_taxes.insert(id.clone(), json!(tax.to_string()));
    }
    Ok(json!({
        "coupon_share": shares,
        "fee_tax": fee_taxes,
        "invoice_tax": rated.tax_total().map_err(too_large)?.to_string(),
        "coupons": rated.discount_total().map_err(too_large)?.to_string(),
        "subtotal_excl": rated.subtotal.to_string(),
        "total": rated.total.to_string(),
    }))
}

pub(super) fn invoice_multi_tax(case: &Case) -> Answer {
    let percents = texts(&case.params, "taxes_percent")?;
    let own: Vec<String> = (0..percents.len()).map(|index| format!("tax-{index}")).collect();
    let rules = "[discount_rules]\nshare = \"proportional\"\nround = \"half_up\"\n[tax_rules]\nbase = \"line\"\nat = \"invoice\"\n";
    let mut bill = Bill::new("JPY", &[rules, &taxes(percents.into_iter())].concat());
    for fee in texts(&case.input, "fees")? {
        bill.line(fee, false, &format!("taxes = {}", json!(own)))?;
    }
    if let Some(coupon) = optional(&case.params, "coupon_minor") {
        let index = match optional(&case.params, "coupon_on") {
            None | Some("all" | "both" | "invoice") => None,
            Some("first") => Some(0),
            Some("second") => Some(1),
            Some("third") => Some(2),
            Some(other) => return Err(format!("unknown word for coupon_on: {other}")),
        };
        let line = |index: usize| bill.ids.get(index).cloned().ok_or("a coupon on a fee that is not there");
        let on = match index {
            None => Target::Invoice,
            Some(index) => Target::Charges(vec![line(index)?]),
        };
        bill.discount(Off::Amount(money(coupon)?), on)?;
    }
    let rated = bill.rate()?;
    let mut fee_taxes = Vec::new();
    for id in &bill.ids {
        fee_taxes.push(rated.line_tax(id).map_err(too_large)?.unwrap_or(engine::money::Money::ZERO).to_string());
    }
    Ok(json!({
        "fee_taxes": fee_taxes,
        "fees_total": rated.lines_total.unwrap_or(rated.subtotal).to_string(),
        "subtotal_excl": rated.subtotal.to_string(),
        "tax": rated.tax_total().map_err(too_large)?.to_string(),
        "total": rated.total.to_string(),
    }))
}

pub(super) fn wallet_draw(case: &Case) -> Answer {
    let eligible = match optional(&case.params, "eligible") {
        None | Some("all" | "all lines") => "all",
        Some("usage lines only" | "usage") => "usage",
        Some(other) => return Err(format!("unknown word for eligible: {other}")),
    };
    let minimum = optional(&case.params, "minimum_unit").map(|unit| format!("\nminimum = \"{unit}\""));
    let terms = format!("[credit_rules]\neligible = \"{eligible}\"{}", minimum.unwrap_or_default());
    let mut bill = Bill::new("USD", &terms);
    for line in list(&case.input, "lines")? {
        bill.line(text(line, "net")?, is_usage(optional(line, "type"))?, "")?;
    }
    for wallet in list(&case.input, "wallets")? {
        bill.wallet(wallet)?;
    }
    let rated = bill.rate()?;
    let applied = bill.account.wallets.iter().map(|wallet| {
        let line = rated.credits.iter().find(|line| line.id == wallet.id);
        line.map_or_else(|| "none".to_owned(), |line| line.amount.to_string())
    });
    Ok(json!({ "applied": applied.collect::<Vec<_>>(), "remaining_due": rated.due.to_string() }))
}

pub(super) fn line_credits(case: &Case) -> Answer {
    let mut bill = Bill::new("USD", "");
    let amounts = texts(&case.input, "lines")?;
    for amount in &amounts {
        bill.line(amount, true, "")?;
    }
    if let Some(minimum) = optional(&case.params, "min_spend") {
        let lines = amounts.iter().map(|amount| money(amount)).collect::<Result<Vec<_>, _>>()?;
        let missing = missing_to_minimum(money(minimum)?, &lines).map_err(too_large)?;
        bill.line(&missing.to_string(), false, "")?;
    }
    for credit in list(&case.input, "credits")? {
        bill.wallet(credit)?;
    }
    let rated = bill.rate()?;
    Ok(json!({ "total": rated.due.to_string() }))
}

/// Money that the plan gives each month.
fn give(bill: &mut Bill, credit: &str) {
    let _ = writeln!(
        bill.charges,
        "[[plans.p.credits]]\nid = \"credit\"\nname = {{ zh = \"赠送\", en = \"Credit\" }}\namount = \"{credit}\""
    );
}

/// Tiers, the last of which must be written open; a quantity above its bound has no price.
pub(super) fn graduated_with_money_credit(case: &Case) -> Answer {
    let tiers = list(&case.params, "tiers")?;
    let quantity = Quantity::parse(text(&case.input, "quantity")?).map_err(|error| error.to_string())?;
    let mut written = Vec::new();
    for (index, tier) in tiers.iter().enumerate() {
        let up_to = optional(tier, "up_to").filter(|bound| !matches!(*bound, "" | "inf"));
        let is_last = index + 1 == tiers.len();
        if let Some(bound) = up_to.filter(|_| is_last)
            && Quantity::parse(bound).map_err(|error| error.to_string())? < quantity
        {
            return Err(format!("{quantity} lies above the last tier, which ends at {bound}"));
        }
        let up_to = up_to.filter(|_| !is_last).map(|bound| format!("up_to = \"{bound}\", "));
        let flat = optional(tier, "flat").filter(|flat| *flat != "0").map(|flat| format!(", flat = \"{flat}\""));
        let (up_to, unit) = (up_to.unwrap_or_default(), optional(tier, "unit").unwrap_or("0"));
        written.push(format!("{{ {up_to}price = \"{unit}\"{} }}", flat.unwrap_or_default()));
    }
    let mut bill =
        Bill::new("USD", "[meters.m]\nname = { zh = \"项\", en = \"Line\" }\nevent = \"e\"\naggregate = \"count\"");
    let _ = writeln!(bill.charges, "[[plans.p.charges]]\nmeter = \"m\"\ngraduated = [{}]", written.join(", "));
    let meter = MeterId::new("m").map_err(|error| error.to_string())?;
    bill.usage.push(MeterUsage::assumed(meter, quantity));
    give(&mut bill, text(&case.params, "monthly_credit")?);
    Ok(json!({ "amount": bill.rate()?.due.to_string() }))
}

pub(super) fn money_credit(case: &Case) -> Answer {
    let mut bill = Bill::new("USD", "");
    bill.line(text(&case.input, "amount")?, true, "")?;
    give(&mut bill, text(&case.params, "credit")?);
    let rated = bill.rate()?;
    let left = rated.credits.first().map(|line| line.left.to_string());
    Ok(json!({ "due": rated.due.to_string(), "credit_left": left }))
}
