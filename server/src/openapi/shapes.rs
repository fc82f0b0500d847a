//! The engine's JSON as the API's document describes it. Types for description only; the engine writes the real thing.
//!
//! A test holds the members of these shapes against what the engine writes.

use serde::Serialize;
use utoipa::ToSchema;

/// A name in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Names)]
pub struct NamesShape {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// `start ≤ t < end`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Period)]
pub struct PeriodShape {
    /// The first instant of the period.
    #[schema(format = DateTime)]
    pub start: String,
    /// The first instant of the next.
    #[schema(format = DateTime)]
    pub end: String,
}

/// A share of a meter's quantity.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Group)]
pub struct GroupShape {
    /// The values of the meter's `group_by` fields.
    pub key: Vec<String>,
    /// How many events it came from.
    pub events: u64,
    /// Its part of the quantity, a decimal.
    pub quantity: String,
}

/// What one meter counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeterUsage)]
pub struct MeterUsageShape {
    /// The meter.
    pub meter: String,
    /// What it counted, a decimal.
    pub quantity: String,
    /// From how many events; left out where the quantity was assumed.
    #[schema(required = false)]
    pub events: Option<u64>,
    /// The quantity broken down; left out where the meter groups by nothing.
    #[schema(required = false)]
    pub groups: Vec<GroupShape>,
}

/// Names a version of a book.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookRef)]
pub struct BookRefShape {
    /// The book.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its canonical form.
    #[schema(example = "sha256:…")]
    pub digest: String,
}

/// Where and how amounts are rounded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rounding)]
pub struct RoundingShape {
    /// `line` or `invoice`.
    pub at: String,
    /// `half_up`, `half_even`, `half_down`, `up`, `down`, `ceiling` or `floor`.
    pub mode: String,
}

/// A step of a calculation: `step` names its kind, the other members are its figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepShape {
    /// `counted`, `allowance`, `flat`, `per_unit`, `graduated_tier`, `volume_tier`, `packages`, `percent`,
    /// `invoice_discount`, `tax`, `tax_included`, `rounded_together`, `drawn`, `round` and others.
    pub step: String,
    /// The other members.
    #[serde(flatten)]
    pub others: std::collections::BTreeMap<String, serde_json::Value>,
}

/// A line of a bill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Line)]
pub struct LineShape {
    /// The charge.
    pub charge: String,
    /// What the bill calls it.
    pub name: NamesShape,
    /// The meter it prices; left out for a flat charge.
    #[schema(required = false)]
    pub meter: Option<String>,
    /// What a unit is called.
    #[schema(required = false)]
    pub unit: Option<NamesShape>,
    /// The quantity before the allowance, a decimal.
    pub quantity: String,
    /// What is due for it, net, a decimal.
    pub amount: String,
    /// How it came about.
    pub steps: Vec<StepShape>,
}

/// The tax on a bill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxLine)]
pub struct TaxLineShape {
    /// The tax.
    pub id: String,
    /// What the bill calls it.
    pub name: NamesShape,
    /// `exclusive`: added to the total; `inclusive`: contained in it; `exempt` and `reverse_charge`: not due.
    pub treatment: String,
    /// What is due or contained, a decimal.
    pub amount: String,
    /// How it came about.
    pub steps: Vec<StepShape>,
}

/// A line's part of an amount.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareShape {
    /// The line's charge.
    pub charge: String,
    /// Its part: a decimal, or a fraction like `17/3` where it has none.
    pub amount: String,
}

/// A discount on a bill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiscountLine)]
pub struct DiscountLineShape {
    /// The discount.
    pub id: String,
    /// What the bill calls it.
    pub name: NamesShape,
    /// What is taken off, a decimal.
    pub amount: String,
    /// How it came about.
    pub steps: Vec<StepShape>,
    /// What each line contributed.
    pub shares: Vec<ShareShape>,
}

/// A credit on a bill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditLine)]
pub struct CreditLineShape {
    /// The credit or wallet.
    pub id: String,
    /// What the bill calls it.
    pub name: NamesShape,
    /// What it pays, a decimal.
    pub amount: String,
    /// What stays in it, a decimal.
    pub left: String,
    /// How the amount came about.
    pub steps: Vec<StepShape>,
    /// What it pays of each line, where it pays line by line.
    #[schema(required = false)]
    pub shares: Vec<ShareShape>,
}

/// A plan's usage, priced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Bill)]
pub struct BillShape {
    /// The version of the book that priced it.
    pub book: BookRefShape,
    /// The plan.
    pub plan: String,
    /// What customers call the plan.
    pub plan_name: NamesShape,
    /// The currency of every amount.
    pub currency: String,
    /// Where and how amounts are rounded.
    pub rounding: RoundingShape,
    /// One line for each charge.
    pub lines: Vec<LineShape>,
    /// The sum of the lines, where something is taken off it; a decimal.
    #[schema(required = false)]
    pub lines_total: Option<String>,
    /// What was taken off.
    #[schema(required = false)]
    pub discounts: Vec<DiscountLineShape>,
    /// What rounding did to the sum, where the book rounds once.
    #[schema(required = false)]
    pub invoice_rounding: Option<StepShape>,
    /// Lines less discounts, a decimal: net, but for taxes that the prices contain.
    pub subtotal: String,
    /// The taxes, if there are any.
    #[schema(required = false)]
    pub taxes: Vec<TaxLineShape>,
    /// What rounding did to the sum of the taxes, where they are rounded together.
    #[schema(required = false)]
    pub tax_rounding: Option<StepShape>,
    /// The subtotal with the taxes that are added, a decimal.
    pub total: String,
    /// What credits pay.
    #[schema(required = false)]
    pub credits: Vec<CreditLineShape>,
    /// What is to be paid, a decimal.
    pub due: String,
    /// Meters with usage that the plan has no charge for.
    #[schema(required = false)]
    pub unpriced: Vec<String>,
}

/// An invoice as it was issued.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
pub struct InvoiceShape {
    /// Its number, in a row without gaps.
    pub number: u64,
    /// When it was issued.
    #[schema(format = DateTime)]
    pub issued_at: String,
    /// What it says.
    pub invoice: DraftShape,
}

/// An invoice or a correction.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Document)]
#[expect(clippy::large_enum_variant, reason = "it is described, never built")]
pub enum DocumentShape {
    /// An invoice.
    Invoice(InvoiceShape),
    /// A correction of one.
    Correction(CorrectionShape),
}

/// A correction as it was issued.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Correction)]
pub struct CorrectionShape {
    /// Its number, in the row of the invoices.
    pub number: u64,
    /// When it was issued.
    #[schema(format = DateTime)]
    pub issued_at: String,
    /// `supplement`, `credit_note` or `restatement`.
    pub kind: String,
    /// The invoice that it corrects.
    pub corrects: u64,
    /// The document that `before` is of: the invoice, or the correction before this one.
    pub follows: u64,
    /// Its place among the corrections of the invoice, from 1.
    pub part: u32,
    /// What differs.
    pub differences: DifferencesShape,
    /// The whole bill as it should have been.
    pub invoice: DraftShape,
}

/// An amount before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
pub struct ChangeShape {
    /// As issued so far, a decimal.
    pub before: String,
    /// As it should have been, a decimal.
    pub after: String,
    /// After less before, a decimal.
    pub difference: String,
}

/// A line whose quantity or amount has changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineChange)]
pub struct LineChangeShape {
    /// The charge.
    pub charge: String,
    /// What the bill calls it.
    pub name: NamesShape,
    /// What a unit is called.
    #[schema(required = false)]
    pub unit: Option<NamesShape>,
    /// The quantity that was billed so far, a decimal.
    pub quantity_before: String,
    /// The quantity that should have been, a decimal.
    pub quantity_after: String,
    /// The amount.
    pub amount: ChangeShape,
}

/// A discount, tax or credit whose amount has changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NamedChange)]
pub struct NamedChangeShape {
    /// Which.
    pub id: String,
    /// What the bill calls it.
    pub name: NamesShape,
    /// The amount.
    pub amount: ChangeShape,
}

/// Everything that differs between what was issued so far and what should have been.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Differences)]
pub struct DifferencesShape {
    /// The lines that have changed.
    pub lines: Vec<LineChangeShape>,
    /// The discounts that have changed.
    #[schema(required = false)]
    pub discounts: Vec<NamedChangeShape>,
    /// What rounding lines less discounts together cut more than before, a decimal; only where it did.
    #[schema(required = false)]
    pub rounding: Option<String>,
    /// Lines less discounts.
    pub subtotal: ChangeShape,
    /// The taxes that have changed.
    #[schema(required = false)]
    pub taxes: Vec<NamedChangeShape>,
    /// With the taxes that are added.
    pub total: ChangeShape,
    /// What credits pay, where it has changed.
    #[schema(required = false)]
    pub credits: Vec<NamedChangeShape>,
    /// What is to be paid.
    pub due: ChangeShape,
}

/// A customer's month, priced.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Draft)]
pub struct DraftShape {
    /// Who is billed.
    pub customer: String,
    /// What the bill calls them.
    pub customer_name: String,
    /// The month.
    #[schema(example = "2026-12")]
    pub month: String,
    /// The month, half-open.
    pub period: PeriodShape,
    /// The zone the month is in.
    pub zone: String,
    /// The bill itself.
    pub bill: BillShape,
}

/// As much of a book as its reader may see.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BookView)]
pub struct BookViewShape {
    /// The digest of the whole book.
    pub digest: String,
    /// The book, with some plans only and the meters these price.
    pub book: std::collections::BTreeMap<String, serde_json::Value>,
}

/// A question to the engine, with everything it needs to know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ask)]
pub struct AskShape {
    /// The price book, as TOML.
    pub book: String,
    /// What is wanted.
    pub ask: DoorShape,
}

/// One of the engine's doors: `door` names it, the other members are what that door needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Door)]
pub struct DoorShape {
    /// `check`, `rate`, `parts`, `estimate`, `curve`, `quota`, `draft` or `diff`.
    pub door: String,
    /// The other members.
    #[serde(flatten)]
    pub others: std::collections::BTreeMap<String, serde_json::Value>,
}

/// Why the engine has no answer: `refused` names the reason, the other members say more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub struct RefusalShape {
    /// `ask`, `book`, `quantity`, `events` or `rate`.
    pub refused: String,
    /// The other members.
    #[serde(flatten)]
    pub others: std::collections::BTreeMap<String, serde_json::Value>,
}
