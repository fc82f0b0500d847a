//! What can be wrong with what a book says of time: cycles, proration, how often a charge is counted.
//!
//! Only words; the readers of `cycle.rs` and `proration.rs` decide.

use crate::period::{BadDuration, CalendarDuration};
use crate::text::Lang;

/// A mistake in a cycle or a proration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeProblem {
    /// Not a duration.
    Duration(BadDuration),
    /// Not a point from which a cycle is counted.
    Anchor {
        /// What was written.
        text: String,
    },
    /// A day of the month anchors a cycle that does not consist of months.
    NeedsMonths {
        /// The key that needs months.
        key: &'static str,
        /// The cycle's length.
        every: CalendarDuration,
    },
    /// The periods of a charge do not fill a period of its plan.
    DoesNotFill {
        /// How often the charge is counted.
        every: CalendarDuration,
        /// The plan's cycle.
        cycle: CalendarDuration,
    },
    /// A key without meaning for what a proration counts.
    NotForBasis {
        /// The key.
        key: &'static str,
        /// What is counted.
        basis: &'static str,
    },
    /// Days are counted of a cycle that has hours.
    DaysOfHours {
        /// The cycle's length.
        every: CalendarDuration,
    },
    /// A pool that is not there.
    UnknownPool {
        /// What was asked for.
        id: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A charge whose included units cannot be kept or shared.
    UnitsNotKept,
    /// Not a number of days that a period may have.
    Days {
        /// What was written.
        value: String,
    },
    /// Only single charges can have a rhythm of their own, not what looks at all of them.
    EveryBeside {
        /// What looks at all charges.
        other: &'static str,
    },
}

impl TimeProblem {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Duration(_) => "bad_duration",
            Self::Anchor { .. } => "bad_anchor",
            Self::NeedsMonths { .. } => "needs_months",
            Self::DoesNotFill { .. } => "does_not_fill",
            Self::NotForBasis { .. } => "not_for_basis",
            Self::DaysOfHours { .. } => "days_of_hours",
            Self::UnknownPool { .. } => "unknown_pool",
            Self::UnitsNotKept => "units_not_kept",
            Self::Days { .. } => "bad_days",
            Self::EveryBeside { .. } => "every_beside",
        }
    }

    pub(super) fn message(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Duration(error), Lang::En) => error.to_string(),
            (Self::Duration(error), Lang::Zh) => duration_zh(error),
            (Self::Anchor { text }, Lang::En) => format!(
                "\"{text}\" is no anchor of a cycle; allowed: \"calendar\", \"start\", a day of the month from \"1\" to \"31\", or an instant like \"2026-01-31T00:00:00Z\""
            ),
            (Self::Anchor { text }, Lang::Zh) => format!(
                "“{text}”不是周期的起算点；可以是 \"calendar\"、\"start\"、\"1\" 到 \"31\" 的日子，或时刻，例如 \"2026-01-31T00:00:00Z\""
            ),
            (Self::NeedsMonths { key, every }, Lang::En) => {
                format!("{key} goes by days of the month, but the cycle is {every}; use whole months like P1M or P1Y")
            }
            (Self::NeedsMonths { key, every }, Lang::Zh) => {
                format!("{key} 按月内日子计，而周期是 {every}；请使用整月，例如 P1M 或 P1Y")
            }
            (Self::DoesNotFill { every, cycle }, Lang::En) => format!(
                "periods of {every} do not fill the plan's cycle of {cycle}; use a part that goes into it evenly, for instance P1M into P1Y"
            ),
            (Self::DoesNotFill { every, cycle }, Lang::Zh) => {
                format!("{every} 不能整除套餐周期 {cycle}；请使用能整除的周期，例如 P1Y 中的 P1M")
            }
            (Self::NotForBasis { key, basis }, Lang::En) => format!("{key} has no meaning for the basis \"{basis}\""),
            (Self::NotForBasis { key, basis }, Lang::Zh) => format!("按“{basis}”折算时，{key} 没有意义"),
            (Self::DaysOfHours { every }, Lang::En) => {
                format!("a cycle of {every} does not consist of days; write proration = \"time\" or \"none\"")
            }
            (Self::DaysOfHours { every }, Lang::Zh) => {
                format!("周期 {every} 不由整天组成；请写 proration = \"time\" 或 \"none\"")
            }
            (Self::UnknownPool { id, known }, Lang::En) => {
                format!("there is no pool \"{id}\" in this plan; it has: {}", known.join(", "))
            }
            (Self::UnknownPool { id, known }, Lang::Zh) => {
                format!("本套餐没有额度池“{id}”；有：{}", known.join("、"))
            }
            (Self::UnitsNotKept, Lang::En) => "only charges that price one quantity can keep or share included units, or prorate them: not with each = \"group\", a commitment, matrix, rules, percentage, committed or prorated_graduated".to_owned(),
            (Self::UnitsNotKept, Lang::Zh) => "只有按一个用量计价的收费项才能保留、共享或折算包含量：不能与 each = \"group\"、commitment、matrix、rules、percentage、committed 或 prorated_graduated 同用".to_owned(),
            (Self::Days { value }, Lang::En) => format!("{value} is not a number of days; allowed: 1 to 3660"),
            (Self::Days { value }, Lang::Zh) => format!("{value} 不是天数；只允许 1 到 3660"),
            (Self::EveryBeside { other }, Lang::En) => {
                format!("every cannot stand beside {other}, which looks at all charges of the plan's own period")
            }
            (Self::EveryBeside { other }, Lang::Zh) => {
                format!("every 不能与 {other} 同用：后者按套餐自己的周期看全部收费项")
            }
        }
    }
}

fn duration_zh(error: &BadDuration) -> String {
    match error {
        BadDuration::Form(text) => {
            format!("“{text}”不是整数的 ISO 8601 时长；例如 P1M、P1Y、P28D、P1W 或 PT1H")
        }
        BadDuration::Zero(text) => format!("“{text}”没有长度；时长必须大于零，例如 P1D"),
        BadDuration::Negative(text) => format!("“{text}”是负数；时长必须大于零"),
        BadDuration::TooLong(text) => format!("“{text}”超过 1000 年"),
    }
}
