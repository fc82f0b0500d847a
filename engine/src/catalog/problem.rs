//! What can be wrong with a price book, in words that say what is allowed instead.

mod en;
mod instead;
mod zh;

use std::fmt;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::draft::Place;
use super::price::MatrixProblem;
use super::time_problem::TimeProblem;
use crate::money::BadCurrency;
use crate::period::BadMonth;
use crate::quantity::BadDecimal;
use crate::text::Lang;

/// One mistake in a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the text; `None` where the book did not come from a text.
    pub place: Option<Place>,
    /// Where in the structure, for instance `plans.starter.charges[0].graduated[1].up_to`.
    pub path: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the values that the messages below name")]
pub enum ProblemKind {
    /// The text is not TOML.
    Syntax { detail: String },
    /// A key nobody reads, often a typing mistake.
    UnknownKey { key: String, allowed: Vec<String>, meant: Option<String> },
    /// Something that must be there is not.
    MissingKey { key: &'static str },
    /// Another kind of value is needed here.
    WrongType { found: &'static str, expected: Expected },
    /// A decimal that cannot be read.
    BadDecimal(BadDecimal),
    /// Below zero.
    Negative { value: String },
    /// Zero or below.
    NotPositive { value: String },
    /// Not an id.
    BadId { text: String, allowed: &'static str },
    /// The same id twice.
    DuplicateId { id: String },
    /// Not a currency to bill in.
    BadCurrency(BadCurrency),
    /// Not a zone.
    UnknownZone { name: String },
    /// Not a date.
    BadDate { text: String },
    /// A word that is none of the options.
    UnknownOption { text: String, allowed: Vec<String> },
    /// An empty text.
    Empty,
    /// A selection that names no attribute, or no value of one.
    EmptySelection,
    /// A charge for a meter that is not there.
    UnknownMeter { id: String, known: Vec<String> },
    /// A default plan that is not there.
    UnknownPlan { id: String, known: Vec<String> },
    /// A sum needs a field, a count must not have one.
    FieldForCount,
    /// A key that means nothing for this aggregate.
    NotForAggregate { key: &'static str, aggregate: String },
    /// A dimension that comes from nothing, or from several things.
    NotOneDimension { found: Vec<String> },
    /// Bands that do not rise, or whose last is not the open one.
    Bands,
    /// A calendar that is not there.
    UnknownCalendar { id: String, known: Vec<String> },
    /// Not the length of a window.
    BadWindow { text: String },
    /// Not a time of the day.
    BadTime { text: String },
    /// A slot that ends before it begins.
    TimeOrder { from: String, to: String },
    /// No charge model, or several.
    NotOneModel { found: Vec<String> },
    /// A key that a flat charge cannot have.
    NotForFlat { key: &'static str },
    /// A key that another model cannot have.
    NotForModel { key: &'static str, model: &'static str },
    /// A charge that reads events one by one, of a meter that does not keep them.
    NeedsSamples { meter: String },
    /// A charge that reads events one by one, of a meter whose quantity is not their sum.
    NeedsSum { meter: String, running_total: bool },
    /// A share of a charge that is not there.
    UnknownCharge { id: String, known: Vec<String> },
    /// A charge that is a share of itself, by way of others or not.
    CircularCharge { circle: Vec<String> },
    /// Two keys that exclude each other.
    NotBoth { key: &'static str, other: &'static str },
    /// A key that means nothing without another.
    Needs { key: &'static str, other: &'static str },
    /// A number with more digits than can be kept.
    TooLarge { value: String },
    /// Not a number of decimal places.
    BadPlaces { value: String },
    /// A conversion without rounding whose result has no end.
    EndlessConversion,
    /// Groups are to be priced alone, but the meter has none.
    NoGroups,
    /// Some groups are to be priced together, but their sum means nothing.
    GroupsDoNotAddUp,
    /// A trial plan that can bill something.
    TrialCanBill { highest: Option<String> },
    /// Something about prices by attributes.
    Matrix(MatrixProblem),
    /// No plans at all.
    NoPlans,
    /// No charges in a plan.
    NoCharges,
    /// An empty list of tiers.
    NoTiers,
    /// `up_to` in the last tier.
    LastTierBounded,
    /// No `up_to` in a tier before the last.
    InnerTierOpen,
    /// `up_to` does not rise.
    TierOrder { up_to: String, lower: String },
    /// A tier begins after the one before ends.
    TierGap { from: String, lower: String },
    /// A tier begins before the one before ends.
    TierOverlap { from: String, lower: String },
    /// A tier that the ones before leave nothing to.
    UnreachableTier,
    /// A tier's cap is less than its fixed fee.
    CapBelowFlat { cap: String, flat: String },
    /// The least that is due is more than the most.
    MinimumAboveMaximum { minimum: String, maximum: String },
    /// A number that must be whole and is not.
    NotWhole { value: String },
    /// Exact line amounts of shares of a period could need endless digits.
    EndlessShares,
    /// A percentage above 100 %.
    PercentTooHigh { percent: String },
    /// A minimum in a place where other terms would follow it.
    MinimumNotLast,
    /// An order of terms that parts of a period cannot follow.
    OrderNotForSplit,
    /// Usage above a commitment that would be cheaper than below.
    FactorBelowOne { value: String },
    /// A commitment that changes nothing.
    CommitmentWithoutEffect,
    /// A sum for a period that each bill of its parts would take again.
    RestartsInParts { in_progress: String },
    /// A discount on no charges or no tags.
    DiscountOnNothing,
    /// A discount above 100 %.
    DiscountTooHigh { percent: String },
    /// A tax that is not there, or not yet.
    UnknownTax { id: String, known: Vec<String> },
    /// A tag that no charge carries.
    UnknownTag { tag: String },
    /// A tax inside the prices on a tax outside them.
    InclusiveOnExclusive { id: String },
    /// A charge has taxes of its own where there is one base for all.
    TaxedApart,
    /// Not a whole number of things.
    BadCount { value: String },
    /// Not a month.
    BadMonth(BadMonth),
    /// A term that ends before it begins.
    EmptyTerm { from: String, until: String },
    /// Exact line amounts could need endless digits.
    EndlessPrice { price: String, per: String },
    /// A version that would begin in the middle of a month.
    EffectiveNotFirst { date: String },
    /// Something about cycles or parts of periods.
    Time(TimeProblem),
}

/// The kind of value that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Table,
    List,
    Text,
    Decimal,
    Boolean,
    Names,
}

impl Expected {
    fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Table => lang.pick("一个表，例如 { price = \"0.40\" }", "a table like { price = \"0.40\" }"),
            Self::List => lang.pick("一个列表，例如 [ … ]", "a list like [ … ]"),
            Self::Text => lang.pick("带引号的文本", "a text in quotes"),
            Self::Decimal => lang.pick("带引号的十进制数，例如 \"0.40\"", "a decimal in quotes like \"0.40\""),
            Self::Boolean => lang.pick("true 或 false", "true or false"),
            Self::Names => lang.pick(
                "两种语言的名称，例如 { zh = \"入门版\", en = \"Starter\" }",
                "a name in both languages like { zh = \"入门版\", en = \"Starter\" }",
            ),
        }
    }
}

impl ProblemKind {
    /// A stable word for programs.
    #[expect(clippy::too_many_lines, reason = "a table: one word for each problem")]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "syntax",
            Self::UnknownKey { .. } => "unknown_key",
            Self::MissingKey { .. } => "missing_key",
            Self::WrongType { .. } => "wrong_type",
            Self::BadDecimal(_) => "bad_decimal",
            Self::Negative { .. } => "negative",
            Self::NotPositive { .. } => "not_positive",
            Self::BadId { .. } => "bad_id",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::BadCurrency(_) => "bad_currency",
            Self::UnknownZone { .. } => "unknown_zone",
            Self::BadDate { .. } => "bad_date",
            Self::UnknownOption { .. } => "unknown_option",
            Self::Empty => "empty",
            Self::EmptySelection => "empty_selection",
            Self::UnknownMeter { .. } => "unknown_meter",
            Self::UnknownPlan { .. } => "unknown_plan",
            Self::FieldForCount => "field_for_count",
            Self::NotForAggregate { .. } => "not_for_aggregate",
            Self::NotOneDimension { .. } => "not_one_dimension",
            Self::Bands => "bands",
            Self::UnknownCalendar { .. } => "unknown_calendar",
            Self::BadWindow { .. } => "bad_window",
            Self::BadTime { .. } => "bad_time",
            Self::TimeOrder { .. } => "time_order",
            Self::NotOneModel { .. } => "not_one_model",
            Self::NotForFlat { .. } => "not_for_flat",
            Self::NotForModel { .. } => "not_for_model",
            Self::NeedsSamples { .. } => "needs_samples",
            Self::NeedsSum { .. } => "needs_sum",
            Self::UnknownCharge { .. } => "unknown_charge",
            Self::CircularCharge { .. } => "circular_charge",
            Self::UnreachableTier => "unreachable_tier",
            Self::CapBelowFlat { .. } => "cap_below_flat",
            Self::MinimumAboveMaximum { .. } => "minimum_above_maximum",
            Self::NotWhole { .. } => "not_whole",
            Self::EndlessShares => "endless_shares",
            Self::NotBoth { .. } => "not_both",
            Self::Needs { .. } => "needs",
            Self::TooLarge { .. } => "too_large",
            Self::BadPlaces { .. } => "bad_places",
            Self::EndlessConversion => "endless_conversion",
            Self::NoGroups => "no_groups",
            Self::GroupsDoNotAddUp => "groups_do_not_add_up",
            Self::TrialCanBill { .. } => "trial_can_bill",
            Self::Matrix(problem) => problem.code(),
            Self::NoPlans => "no_plans",
            Self::NoCharges => "no_charges",
            Self::NoTiers => "no_tiers",
            Self::LastTierBounded => "last_tier_bounded",
            Self::InnerTierOpen => "inner_tier_open",
            Self::TierOrder { .. } => "tier_order",
            Self::TierGap { .. } => "tier_gap",
            Self::TierOverlap { .. } => "tier_overlap",
            Self::PercentTooHigh { .. } => "percent_too_high",
            Self::MinimumNotLast => "minimum_not_last",
            Self::OrderNotForSplit => "order_not_for_split",
            Self::FactorBelowOne { .. } => "factor_below_one",
            Self::CommitmentWithoutEffect => "commitment_without_effect",
            Self::RestartsInParts { .. } => "restarts_in_parts",
            Self::DiscountOnNothing => "discount_on_nothing",
            Self::DiscountTooHigh { .. } => "discount_too_high",
            Self::UnknownTax { .. } => "unknown_tax",
            Self::UnknownTag { .. } => "unknown_tag",
            Self::InclusiveOnExclusive { .. } => "inclusive_on_exclusive",
            Self::TaxedApart => "taxed_apart",
            Self::BadCount { .. } => "bad_count",
            Self::BadMonth(_) => "bad_month",
            Self::EmptyTerm { .. } => "empty_term",
            Self::EndlessPrice { .. } => "endless_price",
            Self::EffectiveNotFirst { .. } => "effective_not_first",
            Self::Time(problem) => problem.code(),
        }
    }

    fn message(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh(),
            Lang::En => self.en(),
        }
    }
}

impl Problem {
    /// What is wrong and what is allowed, without the place.
    pub fn message(&self, lang: Lang) -> String {
        self.kind.message(lang)
    }
}

/// `12:7 plans.starter.name: "name" is missing`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "{}:{} ", place.line, place.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message(Lang::En))
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Problem", 5)?;
        fields.serialize_field("code", self.kind.code())?;
        fields.serialize_field("line", &self.place.map(|place| place.line))?;
        fields.serialize_field("column", &self.place.map(|place| place.column))?;
        fields.serialize_field("path", &self.path)?;
        let message = crate::text::Names { zh: self.message(Lang::Zh).into(), en: self.message(Lang::En).into() };
        fields.serialize_field("message", &message)?;
        fields.end()
    }
}
