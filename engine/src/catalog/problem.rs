//! What can be wrong with a price book, in words that say what is allowed instead.

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

    #[expect(clippy::too_many_lines, reason = "a table: one message for each problem")]
    fn en(&self) -> String {
        match self {
            Self::Syntax { detail } => format!("this is not valid TOML: {detail}"),
            Self::UnknownKey { key, allowed, meant } => {
                let meant = meant.as_ref().map_or_else(|| ".".to_owned(), |word| format!("; did you mean \"{word}\"?"));
                format!("\"{key}\" is not a key here{meant} Allowed: {}", allowed.join(", "))
            }
            Self::MissingKey { key } => format!("\"{key}\" is missing"),
            Self::WrongType { found, expected } => {
                format!("this is {found}; needed is {}", expected.words(Lang::En))
            }
            Self::BadDecimal(error) => error.to_string(),
            Self::Negative { value } => format!("{value} is below zero; allowed is 0 or more"),
            Self::NotPositive { value } => format!("{value} is not above zero; allowed is more than 0"),
            Self::BadId { text, allowed } => format!("\"{text}\" is not an id: {allowed}"),
            Self::DuplicateId { id } => format!("the id \"{id}\" is used twice here; each must be its own"),
            Self::BadCurrency(error) => error.to_string(),
            Self::UnknownZone { name } => {
                format!("\"{name}\" is not a zone of the IANA database like Asia/Shanghai or UTC")
            }
            Self::BadDate { text } => {
                format!("\"{text}\" is not a date; write it as YYYY-MM-DD, for instance 2026-12-01")
            }
            Self::UnknownOption { text, allowed } => {
                format!("\"{text}\" is not an option; allowed: {}", allowed.join(", "))
            }
            Self::EmptySelection => {
                "nothing is selected; name at least one attribute and a value of it, for instance where = { region = \"eu\" }, or leave it out"
                    .to_owned()
            }
            Self::Empty => "the text is empty; write something people can read".to_owned(),
            Self::UnknownMeter { id, known } => {
                format!("there is no meter \"{id}\"; the book has {}", known.join(", "))
            }
            Self::UnknownPlan { id, known } => format!("there is no plan \"{id}\"; the book has {}", known.join(", ")),
            Self::FieldForCount => "a count has no field; remove it, or write aggregate = \"sum\"".to_owned(),
            Self::NotForAggregate { key, aggregate } => {
                format!("\"{key}\" means nothing for the aggregate {aggregate}; leave it out")
            }
            Self::NotOneDimension { found } => {
                let found = if found.is_empty() { "none of them".to_owned() } else { found.join(" and ") };
                format!("a dimension comes from exactly one of field, calendar and window; here is {found}")
            }
            Self::Bands => {
                "bands must rise: every band but the last needs an up_to above the one before, the last has none".to_owned()
            }
            Self::UnknownCalendar { id, known } => {
                format!("there is no calendar \"{id}\"; the book has {}", known.join(", "))
            }
            Self::BadWindow { text } => crate::usage::BadWindow(text.clone()).to_string(),
            Self::BadTime { text } => {
                format!("\"{text}\" is not a time of the day; write it as HH:MM from 00:00 to 24:00")
            }
            Self::TimeOrder { from, to } => {
                format!("the slot begins at {from} and ends at {to}; from must be earlier (write two rows for a night)")
            }
            Self::NotOneModel { found } if found.is_empty() => {
                format!("the charge has no price; give exactly one of {}", super::price::MODEL_KEYS.join(", "))
            }
            Self::NotOneModel { found } => format!("the charge has {}; give exactly one of them", found.join(" and ")),
            Self::NotForFlat { key } => {
                format!("a flat charge is due whatever was used; \"{key}\" has no meaning there")
            }
            Self::NotForModel { key, model } => {
                format!("\"{key}\" has no meaning beside {model}; leave it out{}", instead(key, model, Lang::En))
            }
            Self::NeedsSamples { meter } => {
                format!("the charge prices event by event; write samples = true in the meter {meter}")
            }
            Self::NeedsSum { meter, running_total: true } => {
                format!("a running total is that of the events; the meter {meter} must be a count or a sum, without round")
            }
            Self::NeedsSum { meter, running_total: false } => {
                format!(
                    "the charge prices event by event, so the quantity of the meter {meter} must be their sum, without round; allowed: count, sum, prorated_sum, and unique_count, prorated_unique_count, high_water, prorated_high_water where nothing is grouped or each = \"group\""
                )
            }
            Self::UnknownCharge { id, known } => {
                format!("there is no charge \"{id}\" in this plan; it has {}", known.join(", "))
            }
            Self::CircularCharge { circle } => {
                format!("the charge is a share of itself: {}; leave one of them out", circle.join(" → "))
            }
            Self::UnreachableTier => {
                "an earlier tier admits everything that this one does; raise a limit or remove the tier".to_owned()
            }
            Self::CapBelowFlat { cap, flat } => {
                format!("the cap {cap} is less than the fixed fee {flat}; a tier costs at least its fee, so write at least that")
            }
            Self::MinimumAboveMaximum { minimum, maximum } => {
                format!("the minimum {minimum} is above the maximum {maximum}; write at most that")
            }
            Self::NotWhole { value } => format!("{value} is not a whole number; allowed are 1, 2, 3 and so on"),
            Self::EndlessShares => {
                "with rounding at the invoice a line keeps every digit, but shares of a period can have digits without end; write rounding = { at = \"line\" }".to_owned()
            }
            Self::NotBoth { key, other } => format!("\"{key}\" and \"{other}\" exclude each other; write one of them"),
            Self::Needs { key, other } => format!("\"{key}\" means nothing without \"{other}\"; add it or leave both out"),
            Self::TooLarge { value } => format!("{value} is too large here; at most 28 digits can be kept exactly"),
            Self::BadPlaces { value } => format!("{value} is not a number of decimal places; allowed: whole numbers from -20 to 20"),
            Self::EndlessConversion => {
                "one unit divided by this has digits without end; add round, for instance round = \"half_up\", places = \"6\"".to_owned()
            }
            Self::NoGroups => "the meter groups by nothing; give it group_by, or leave \"each\" out".to_owned(),
            Self::GroupsDoNotAddUp => {
                "some groups of this meter cannot be added up, for instance maxima; write each = \"group\", or select in the meter"
                    .to_owned()
            }
            Self::TrialCanBill { highest } => {
                let how_much = highest.as_ref().map_or_else(
                    || "without limit".to_owned(),
                    |amount| format!("up to {amount}"),
                );
                format!("a trial plan must never bill anything, but this one can, {how_much}; remove its prices, cap them at 0, or remove trial")
            }
            Self::Matrix(problem) => problem.message(Lang::En),
            Self::NoPlans => "the book has no plans; it needs at least one [plans.…]".to_owned(),
            Self::NoCharges => "the plan has no charges; it needs at least one".to_owned(),
            Self::NoTiers => "the list of tiers is empty; it needs at least one".to_owned(),
            Self::LastTierBounded => {
                "the last tier ends here, so larger quantities have no price; leave up_to out of the last tier"
                    .to_owned()
            }
            Self::InnerTierOpen => "a tier before the last needs up_to; only the last one is open".to_owned(),
            Self::TierOrder { up_to, lower } => {
                format!("the tier ends at {up_to}, but the one before reaches {lower}; up_to must rise")
            }
            Self::TierGap { from, lower } => {
                format!(
                    "the tier begins at {from}, the one before ends at {lower}: quantities between have no price; write from = \"{lower}\" or leave it out"
                )
            }
            Self::TierOverlap { from, lower } => {
                format!(
                    "the tier begins at {from}, the one before ends at {lower}: quantities between have two prices; write from = \"{lower}\" or leave it out"
                )
            }
            Self::PercentTooHigh { percent } => format!("{percent} percent is too much; allowed is 0 to 100"),
            Self::MinimumNotLast => {
                "what is missing to the minimum is known in the end only; let \"minimum\" come last in terms.order".to_owned()
            }
            Self::OrderNotForSplit => {
                "a period that is billed in parts takes terms in the order discount, maximum, minimum; leave terms.order out of its charges"
                    .to_owned()
            }
            Self::FactorBelowOne { value } => {
                format!("{value} would make more usage cheaper than less; allowed is a factor of 1 or more")
            }
            Self::CommitmentWithoutEffect => {
                "with nothing due below it (no true_up, or 0) and an overage_factor of 1 the commitment changes nothing; change one of them, or leave it out"
                    .to_owned()
            }
            Self::RestartsInParts { in_progress } => {
                format!(
                    "with in_progress = \"{in_progress}\" a period has several bills, and each of them would take the whole sum again; write a percent instead, or in_progress = \"final\""
                )
            }
            Self::DiscountOnNothing => {
                "the list is empty, so nothing is ever discounted; name something in it, or leave it out for the whole bill"
                    .to_owned()
            }
            Self::DiscountTooHigh { percent } => {
                format!("a discount of {percent} percent is more than the whole; allowed is 0 to 100")
            }
            Self::UnknownTax { id, known } if known.is_empty() => {
                format!("there is no tax \"{id}\" here; write it before, under [[taxes]]")
            }
            Self::UnknownTax { id, known } => {
                format!("there is no tax \"{id}\" here or before; there is {}", known.join(", "))
            }
            Self::UnknownTag { tag } => {
                format!("no charge of the plan carries the tag \"{tag}\"; give it one, for instance tags = [\"{tag}\"]")
            }
            Self::InclusiveOnExclusive { id } => {
                format!("prices cannot contain a tax that is taken from \"{id}\", which is added to them; leave it out of \"on\"")
            }
            Self::TaxedApart => {
                "with tax_rules.base = \"invoice\" all charges are taxed alike; leave \"taxes\" out, or write base = \"group\""
                    .to_owned()
            }
            Self::BadCount { value } => {
                format!("{value} is not a number of things; allowed: whole numbers from 0 to 4294967295")
            }
            Self::BadMonth(error) => error.to_string(),
            Self::EmptyTerm { from, until } => {
                format!("the discount begins in {from} and ends before {until}: no month has it; write a later \"until\"")
            }
            Self::EndlessPrice { price, per } => {
                format!(
                    "with rounding at the invoice a line keeps every digit, but {price} per {per} needs more than 18 places for one unit; write rounding = {{ at = \"line\" }}, or a price and a per with fewer digits"
                )
            }
            Self::EffectiveNotFirst { date } => {
                format!(
                    "{date} is in the middle of a month; a version prices whole months, so write the first day of one"
                )
            }
            Self::Time(problem) => problem.message(Lang::En),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: one message for each problem")]
    fn zh(&self) -> String {
        match self {
            Self::Syntax { detail } => format!("不是有效的 TOML：{detail}"),
            Self::UnknownKey { key, allowed, meant } => {
                let meant = meant.as_ref().map(|word| format!("您是否想写“{word}”？")).unwrap_or_default();
                format!("此处没有“{key}”这个键。{meant}允许的键：{}", allowed.join("、"))
            }
            Self::MissingKey { key } => format!("缺少“{key}”"),
            Self::WrongType { found, expected } => {
                format!("这里是{}；需要{}", found_zh(found), expected.words(Lang::Zh))
            }
            Self::BadDecimal(BadDecimal::NotPlain(text)) => {
                format!("“{text}”不是普通十进制数；请写成 1200000 或 0.25，不带指数和分隔符")
            }
            Self::BadDecimal(BadDecimal::TooLong(text)) => {
                format!("“{text}”的数字过多；最多精确保存 28 位")
            }
            Self::Negative { value } => format!("{value} 小于零；只允许 0 或更大"),
            Self::NotPositive { value } => format!("{value} 不大于零；只允许大于 0 的数"),
            Self::BadId { text, .. } => {
                format!("“{text}”不是有效的标识：1 到 64 个字符，仅限 a-z、0-9、“-”、“_”和“.”，以字母或数字开头")
            }
            Self::DuplicateId { id } => format!("标识“{id}”在此处出现两次；每个标识必须唯一"),
            Self::BadCurrency(BadCurrency::Unknown(code)) => {
                format!("“{code}”不是 ISO 4217 货币代码，例如 CNY 或 USD")
            }
            Self::BadCurrency(BadCurrency::NoMinorUnit(code)) => {
                format!("{code} 在 ISO 4217 中没有最小单位，不能用于计费")
            }
            Self::UnknownZone { name } => {
                format!("“{name}”不是 IANA 时区，例如 Asia/Shanghai 或 UTC")
            }
            Self::BadDate { text } => {
                format!("“{text}”不是日期；请写成 YYYY-MM-DD，例如 2026-12-01")
            }
            Self::UnknownOption { text, allowed } => {
                format!("没有“{text}”这个选项；允许：{}", allowed.join("、"))
            }
            Self::EmptySelection => {
                "没有选中任何内容；请至少写一个属性及其取值，例如 where = { region = \"eu\" }，或去掉它".to_owned()
            }
            Self::Empty => "文本为空；请写上客户能读懂的文字".to_owned(),
            Self::UnknownMeter { id, known } => {
                format!("没有计量项“{id}”；价目表中有：{}", known.join("、"))
            }
            Self::UnknownPlan { id, known } => {
                format!("没有套餐“{id}”；价目表中有：{}", known.join("、"))
            }
            Self::FieldForCount => "计数不需要 field；请删除它，或写 aggregate = \"sum\"".to_owned(),
            Self::NotForAggregate { key, aggregate } => {
                format!("“{key}”对聚合方式 {aggregate} 没有意义；请去掉它")
            }
            Self::NotOneDimension { found } => {
                let found =
                    if found.is_empty() { "一个也没有".to_owned() } else { format!("有 {}", found.join("、")) };
                format!("维度须且仅须来自 field、calendar、window 之一；此处{found}")
            }
            Self::Bands => "各档必须递增：除最后一档外每档都要有大于上一档的 up_to，最后一档没有".to_owned(),
            Self::UnknownCalendar { id, known } => {
                format!("没有日历“{id}”；价目表中有：{}", known.join("、"))
            }
            Self::BadWindow { text } => {
                format!("“{text}”不是时间窗口；允许 P1D、P1W、P1M，以及能整除一天的时长，例如 PT5M 或 PT1H")
            }
            Self::BadTime { text } => format!("“{text}”不是一天中的时刻；请写成 HH:MM，从 00:00 到 24:00"),
            Self::TimeOrder { from, to } => {
                format!("时段从 {from} 开始、到 {to} 结束；from 必须更早（跨夜请写两行）")
            }
            Self::NotOneModel { found } if found.is_empty() => {
                format!("该收费项没有价格；请从以下选项中给出且仅给出一个：{}", super::price::MODEL_KEYS.join("、"))
            }
            Self::NotOneModel { found } => {
                format!("该收费项同时有 {}；只能给出其中一个", found.join("、"))
            }
            Self::NotForFlat { key } => format!("固定费用与用量无关；“{key}”在此没有意义"),
            Self::NotForModel { key, model } => {
                format!("“{key}”在 {model} 中没有意义；请去掉{}", instead(key, model, Lang::Zh))
            }
            Self::NeedsSamples { meter } => format!("该收费项逐个事件计价；请在计量项 {meter} 中写 samples = true"),
            Self::NeedsSum { meter, running_total: true } => {
                format!("累计量逐个事件累加；计量项 {meter} 须为 count 或 sum，且不写 round")
            }
            Self::NeedsSum { meter, running_total: false } => {
                format!(
                    "该收费项逐个事件计价，计量项 {meter} 的用量须为各事件之和，且不写 round；允许：count、sum、prorated_sum，以及没有分组或 each = \"group\" 时的 unique_count、prorated_unique_count、high_water、prorated_high_water"
                )
            }
            Self::UnknownCharge { id, known } => {
                format!("该套餐没有收费项“{id}”；有：{}", known.join("、"))
            }
            Self::CircularCharge { circle } => {
                format!("该收费项是自身的一部分：{}；请去掉其中一项", circle.join(" → "))
            }
            Self::UnreachableTier => "前面的某一级已涵盖本级的全部用量；请提高某个上限，或删除本级".to_owned(),
            Self::CapBelowFlat { cap, flat } => {
                format!("封顶价 {cap} 低于固定费 {flat}；一级至少收取固定费，请写不低于它的数")
            }
            Self::MinimumAboveMaximum { minimum, maximum } => {
                format!("最低 {minimum} 高于最高 {maximum}；请写不超过它的数")
            }
            Self::NotWhole { value } => format!("{value} 不是整数；只允许 1、2、3 等"),
            Self::EndlessShares => {
                "按整张账单舍入时各行保留全部数字，但按时间折算的份额可能是无限小数；请改用 rounding = { at = \"line\" }".to_owned()
            }
            Self::NotBoth { key, other } => format!("“{key}”与“{other}”互斥；只能写其中一个"),
            Self::Needs { key, other } => format!("没有“{other}”时“{key}”没有意义；请补上，或两者都去掉"),
            Self::TooLarge { value } => format!("{value} 在此过大；最多精确保存 28 位"),
            Self::BadPlaces { value } => format!("{value} 不是小数位数；只允许 -20 到 20 的整数"),
            Self::EndlessConversion => {
                "一个单位除以该数得到无限小数；请加上舍入，例如 round = \"half_up\", places = \"6\"".to_owned()
            }
            Self::NoGroups => "该计量项没有分组；请为它写 group_by，或去掉 each".to_owned(),
            Self::GroupsDoNotAddUp => {
                "该计量项的部分分组不能相加（例如最大值）；请写 each = \"group\"，或在计量项中筛选".to_owned()
            }
            Self::TrialCanBill { highest } => {
                let how_much =
                    highest.as_ref().map_or_else(|| "且没有上限".to_owned(), |amount| format!("最高 {amount}"));
                format!("试用套餐不得产生费用，但该套餐可以（{how_much}）；请去掉价格、封顶为 0，或去掉 trial")
            }
            Self::Matrix(problem) => problem.message(Lang::Zh),
            Self::NoPlans => "价目表没有套餐；至少需要一个 [plans.…]".to_owned(),
            Self::NoCharges => "套餐没有收费项；至少需要一个".to_owned(),
            Self::NoTiers => "阶梯列表为空；至少需要一级".to_owned(),
            Self::LastTierBounded => "最后一级在此结束，更大的用量将没有价格；请去掉最后一级的 up_to".to_owned(),
            Self::InnerTierOpen => "最后一级之前的阶梯需要 up_to；只有最后一级是开放的".to_owned(),
            Self::TierOrder { up_to, lower } => {
                format!("本级到 {up_to} 为止，但上一级已到 {lower}；up_to 必须递增")
            }
            Self::TierGap { from, lower } => {
                format!("本级从 {from} 开始，上一级到 {lower} 为止：中间的用量没有价格；请写 from = \"{lower}\" 或省略")
            }
            Self::TierOverlap { from, lower } => {
                format!(
                    "本级从 {from} 开始，上一级到 {lower} 为止：中间的用量有两个价格；请写 from = \"{lower}\" 或省略"
                )
            }
            Self::PercentTooHigh { percent } => format!("百分之 {percent} 过高；只允许 0 到 100"),
            Self::MinimumNotLast => "距最低金额的差额到最后才能确定；请让 terms.order 中的“minimum”排在最后".to_owned(),
            Self::OrderNotForSplit => {
                "分段计费的周期只能按优惠、最高、最低的顺序应用条款；请去掉其收费项中的 terms.order".to_owned()
            }
            Self::FactorBelowOne { value } => {
                format!("系数 {value} 会使超出部分比承诺以内更便宜；只允许 1 或更大")
            }
            Self::CommitmentWithoutEffect => {
                "承诺之下没有应补的金额（不补差，或承诺为 0），且超额倍数为 1，承诺不起任何作用；请修改其中一项，或去掉承诺".to_owned()
            }
            Self::RestartsInParts { in_progress } => {
                format!(
                    "in_progress = \"{in_progress}\" 时一个周期有多张账单，每张都会再次减去全部金额；请改用百分比，或写 in_progress = \"final\""
                )
            }
            Self::DiscountOnNothing => {
                "列表为空，折扣永远不起作用；请写上至少一项，或去掉此键以针对整张账单".to_owned()
            }
            Self::DiscountTooHigh { percent } => format!("百分之 {percent} 的折扣超过全额；只允许 0 到 100"),
            Self::UnknownTax { id, known } if known.is_empty() => {
                format!("此处没有税项“{id}”；请先在 [[taxes]] 中写出")
            }
            Self::UnknownTax { id, known } => format!("此处及之前没有税项“{id}”；已有 {}", known.join("、")),
            Self::UnknownTag { tag } => {
                format!("套餐中没有收费项带有标签“{tag}”；请加上，例如 tags = [\"{tag}\"]")
            }
            Self::InclusiveOnExclusive { id } => {
                format!("价内税不能以价外的“{id}”为税基；请将它从“on”中去掉")
            }
            Self::TaxedApart => {
                "tax_rules.base = \"invoice\" 时所有收费项税项相同；请去掉“taxes”，或写 base = \"group\"".to_owned()
            }
            Self::BadCount { value } => format!("{value} 不是个数；只允许 0 到 4294967295 的整数"),
            Self::BadMonth(bad) => format!("“{}”不是月份；请写成 YYYY-MM，1970-01 到 9998-12，例如 2026-12", bad.0),
            Self::EmptyTerm { from, until } => {
                format!("折扣自 {from} 开始，{until} 之前结束：没有月份享有；请写更晚的“until”")
            }
            Self::EndlessPrice { price, per } => {
                format!(
                    "按整张账单舍入时各行保留全部数字，但“每 {per} 价格 {price}”的单价超过 18 位小数；请改用 rounding = {{ at = \"line\" }}，或使用位数更少的价格和 per"
                )
            }
            Self::EffectiveNotFirst { date } => {
                format!("{date} 在月中；每个版本按整月计价，请写某月的第一天")
            }
            Self::Time(problem) => problem.message(Lang::Zh),
        }
    }
}

/// What to write in place of a key that a model does not have.
fn instead(key: &str, model: &str, lang: Lang) -> &'static str {
    match (key, model) {
        ("included", "percentage") => {
            lang.pick("，改用 free_amount 或 free_events", " and use free_amount or free_events")
        }
        ("included", "committed") => lang.pick("，包含的用量即 capacity", "; what is included is the capacity"),
        ("convert", "percentage" | "prorated_graduated") => {
            lang.pick("，并在计量项中换算每个事件", " and convert each event in the meter")
        }
        ("included", "prorated_graduated") => {
            lang.pick("，改写价格为 0 的第一级", " and write a first tier with the price 0")
        }
        _ => "",
    }
}

fn found_zh(found: &str) -> &'static str {
    match found {
        "a text" => "文本",
        "a whole number" => "整数",
        "true or false" => "true 或 false",
        "a list" => "列表",
        "a table" => "表",
        "a floating-point number" => "浮点数",
        "a date without quotes" => "未加引号的日期",
        "a number without quotes" => "未加引号的数字",
        _ => "空值",
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
