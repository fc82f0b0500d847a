//! The schema of when a plan is billed and what parts of a period cost.

use serde_json::{Value, json};

use super::parts::{boolean, count, either, key, needed, positive, table, with, word_pattern, words};
use crate::catalog::book::MODES;
use crate::catalog::cycle::{CLOCKS, FIRSTS};
use crate::catalog::proration::{CHANGE_DAYS, COUNTS};

/// An ISO 8601 duration; which lengths make a cycle is the check's part.
pub(super) fn duration() -> Value {
    json!({ "type": "string", "pattern": "^P" })
}

pub(super) fn cycle() -> Value {
    let anchor = json!({ "type": ["string", "integer"], "minimum": 1, "maximum": 31 });
    let cycle = table([
        key(
            "every",
            duration(),
            "How long a period is: P1M (the default), P1Y, P28D, PT1H",
            "账期长度：P1M（默认）、P1Y、P28D、PT1H",
        ),
        key(
            "anchor",
            anchor,
            "calendar, start, a day of the month, or an instant",
            "calendar、start、每月某日或某一时刻",
        ),
        key(
            "first",
            words(&FIRSTS),
            "What becomes of the time before the first boundary",
            "首个边界之前的时间如何处理",
        ),
        key(
            "clock",
            words(&CLOCKS),
            "Boundaries at midnight (the default) or at the anchor's time of day",
            "边界在零点（默认）或锚点的时刻",
        ),
    ]);
    either(duration(), cycle)
}

pub(super) fn proration() -> Value {
    let cut = table([
        needed("places", count(), "Decimal places of the share", "份额的小数位数"),
        key("mode", words(&MODES), "How; half_up by default", "舍入方式，默认 half_up"),
        key(
            "never_to_zero",
            boolean(),
            "true: what is not nothing stays at least one unit of the last place",
            "true：不为零的份额至少保留末位一个单位",
        ),
    ]);
    let proration = table([
        needed("basis", words(&COUNTS), "What is counted", "按什么折算"),
        key("days", with(positive(), "maximum", json!(3660)), "Days of a month; 30 by default", "每月天数，默认 30"),
        key("quotient", cut, "Cuts the share; exact without", "份额的舍入；不写则精确"),
        key(
            "change_day",
            words(&CHANGE_DAYS),
            "Whose day the day of a change is: new (the default) or old",
            "变更当日归新（默认）或旧",
        ),
    ]);
    either(word_pattern(&COUNTS), proration)
}
