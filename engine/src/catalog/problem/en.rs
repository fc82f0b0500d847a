//! What is wrong with a book, in English. Only words; `zh.rs` has the same in Chinese.

use super::ProblemKind;
use super::instead::instead;
use crate::catalog::price::MODEL_KEYS;
use crate::text::Lang;

impl ProblemKind {
    #[expect(clippy::too_many_lines, reason = "a table: one message for each problem")]
    pub(super) fn en(&self) -> String {
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
                format!("the charge has no price; give exactly one of {}", MODEL_KEYS.join(", "))
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
}
