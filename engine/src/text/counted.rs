//! How events became a quantity, as a sentence.

use super::Lang;
use super::format::format_decimal;
use crate::catalog::{Conversion, Factor};
use crate::usage::Filter;
use crate::usage::aggregate::{Aggregate, IndexRule, Inner, Outer, PercentileRule, TimeUnit, WindowRule};

/// `events` events became `units`; both are formatted already.
pub(super) fn counted(aggregate: &Aggregate, events: &str, units: &str, lang: Lang) -> String {
    if let Aggregate::Count = aggregate {
        return lang.pick(format!("共 {events} 个事件，计 {units}"), format!("{events} events counted: {units}"));
    }
    let field = aggregate.field().unwrap_or_default();
    let what = what(aggregate, field, lang);
    lang.pick(format!("{events} 个事件的{what}：{units}"), format!("{what} over {events} events: {units}"))
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn what(aggregate: &Aggregate, field: &str, lang: Lang) -> String {
    let pick = |zh: &str, en: &str| lang.pick(format!("“{field}”{zh}"), format!("{en} \"{field}\""));
    match aggregate {
        Aggregate::Count => lang.pick("数量".to_owned(), "Number".to_owned()),
        Aggregate::Sum { .. } => pick("合计", "Sum of"),
        Aggregate::Min { .. } => pick("最小值", "Lowest value of"),
        Aggregate::Max { .. } => pick("最大值", "Highest value of"),
        Aggregate::Mean { .. } => pick("平均值", "Mean of"),
        Aggregate::Latest { .. } => pick("最后的值", "Latest value of"),
        Aggregate::UniqueCount { .. } => pick("不同值的个数", "Number of different values of"),
        Aggregate::TimeWeighted { per, .. } => match per {
            TimeUnit::Period => pick("按时长加权的平均量", "Average over time of"),
            TimeUnit::Day => pick("乘以天数", "Days times"),
            TimeUnit::Hour => pick("乘以小时数", "Hours times"),
            TimeUnit::Second => pick("乘以秒数", "Seconds times"),
        },
        Aggregate::Percentile { rule, .. } => {
            let rule = percentile(rule, lang);
            lang.pick(format!("“{field}”{rule}"), format!("{rule} of \"{field}\""))
        }
        Aggregate::Windowed { rule, .. } => windowed(rule, field, lang),
        Aggregate::ProratedSum { .. } => pick("按剩余天数折算的合计", "Sum, by the days that are left, of"),
        Aggregate::ProratedUniqueCount { .. } => {
            pick("不同值按在用天数折算的个数", "Number, by days of presence, of different values of")
        }
        Aggregate::HighWater { .. } => pick("累计的最高点", "Highest running total of"),
        Aggregate::ProratedHighWater { .. } => pick(
            "累计最高点的各次上升，按剩余天数折算",
            "Rises, by the days that are left, of the highest running total of",
        ),
    }
}

fn percentile(rule: &PercentileRule, lang: Lang) -> String {
    let percent = format_decimal(rule.percent.decimal());
    match rule.index {
        IndexRule::Ceiling => lang.pick(format!("第 {percent} 百分位"), format!("Percentile {percent}")),
        IndexRule::Floor => lang
            .pick(format!("第 {percent} 百分位（序号向下取整）"), format!("Percentile {percent} (place rounded down)")),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn windowed(rule: &WindowRule, field: &str, lang: Lang) -> String {
    let (inner_zh, inner_en) = match rule.inner {
        Inner::Count => ("事件数".to_owned(), "number of events".to_owned()),
        Inner::Sum => (format!("“{field}”合计"), format!("sum of \"{field}\"")),
        Inner::Max => (format!("“{field}”最大值"), format!("highest \"{field}\"")),
    };
    let (outer_zh, outer_en) = match &rule.outer {
        Outer::Sum => ("之和".to_owned(), "Sum".to_owned()),
        Outer::Mean => ("的平均值".to_owned(), "Mean".to_owned()),
        Outer::Max => ("的最大值".to_owned(), "Highest".to_owned()),
        Outer::Percentile(rule) => (format!("的{}", percentile(rule, Lang::Zh)), percentile(rule, Lang::En)),
    };
    let window = rule.window;
    lang.pick(
        format!("每个 {window} 窗口{inner_zh}{outer_zh}"),
        format!("{outer_en} of each {window} window's {inner_en},"),
    )
}

/// Which events were counted and how each was converted before; empty where all were, as they came.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn conditions(only: &[Filter], each: Option<&Conversion>, lang: Lang) -> String {
    let one = |filter: &Filter| format!("{} = {}", filter.field, filter.values.join(lang.pick("、", ", ")));
    let mut parts: Vec<String> = only.iter().map(one).collect();
    if let Some(conversion) = each {
        let factor = match conversion.by {
            Factor::Multiply(factor) => format!("× {}", format_decimal(factor.decimal())),
            Factor::Divide(factor) => format!("÷ {}", format_decimal(factor.decimal())),
        };
        let rule = conversion.rounding.map_or_else(String::new, |mode| {
            let (mode, places) = (super::rounding::mode_words(mode, lang), conversion.places);
            lang.pick(format!("，{places} 位小数，{mode}"), format!(", {places} decimal places, {mode}"))
        });
        parts.push(lang.pick(format!("每个事件 {factor}{rule}"), format!("each event {factor}{rule}")));
    }
    if parts.is_empty() {
        return String::new();
    }
    lang.pick(format!("〔{}〕", parts.join("；")), format!(" [{}]", parts.join("; ")))
}
