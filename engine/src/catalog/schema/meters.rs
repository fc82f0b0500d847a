//! The schema of meters, their aggregates and dimensions, and of calendars.

use serde_json::{Map, Value, json};

use super::parts::{
    Key, about, boolean, date, either, id, key, list_of, map_of, needed, not_negative, one_of, percent, places,
    positive, shared, some_of, table, text, time, values, window, with, word_list, words,
};
use crate::catalog::aggregate::{
    AGGREGATE_KEYS, AGGREGATES, EMPTIES, INDEXES, INNERS, NEGATIVES, OUTERS, UNITS, VALUES,
};
use crate::catalog::book::MODES;
use crate::catalog::dimension::SOURCES;
use crate::catalog::meter::{MISSINGS, RESETS};

pub(super) fn meter() -> Value {
    let aggregates = word_list(AGGREGATES.iter().map(|(word, _)| *word));
    let own = [
        key("id", id(), "Only where meters are a list", "仅在列表写法中使用"),
        needed("name", shared("names"), "What people read", "名称"),
        key("description", shared("names"), "One or two sentences about it", "说明"),
        key("unit", shared("names"), "What one is called: calls", "单位的叫法，如“次”"),
        needed("event", text(), "The type of the events it counts", "所统计的事件类型"),
        key(
            "where",
            map_of(values()),
            "Fields of the events' data with the values that count",
            "只统计这些字段取这些值的事件",
        ),
        needed("aggregate", aggregates, "How events become one quantity", "统计方式"),
        key("field", text(), "A field of the events' data with a number", "事件数据中的数值字段"),
        key(
            "missing",
            words(&MISSINGS),
            "Events without a number in the field: refuse (the default) or ignore",
            "字段缺失时：拒绝（默认）或忽略",
        ),
        key("convert_each", shared("conversion"), "Conversion of each event's number", "逐个事件换算"),
        key("round", quantity_rounding(), "Rounding of the quantity before it is priced", "计价前对用量舍入"),
        key("reset", words(&RESETS), "never: what earlier periods left stays", "never：保留以前账期的余量"),
        key("group_by", list_of(dimension()), "By what the quantity is broken down", "按哪些维度拆分用量"),
        key(
            "samples",
            boolean(),
            "true keeps each event, for prices event by event",
            "true：保留每个事件，用于逐个计价",
        ),
    ];
    let meter = table(own.into_iter().chain(aggregate_keys()));
    with(meter, "allOf", AGGREGATES.iter().map(|(word, keys)| rule_of(word, keys)).collect())
}

/// The keys that belong to some aggregates only.
fn aggregate_keys() -> Vec<Key> {
    vec![
        key(
            "negative",
            words(&NEGATIVES),
            "latest: a value below zero is kept (the default) or zero",
            "latest：负值保留（默认）或计为零",
        ),
        key(
            "operation",
            text(),
            "unique_count: the field that says add or remove",
            "unique_count：注明 add 或 remove 的字段",
        ),
        key(
            "values",
            words(&VALUES),
            "time_weighted: events carry changes (the default) or levels",
            "time_weighted：事件给出变化量（默认）或存量",
        ),
        key("per", words(&UNITS), "time_weighted: the unit of time", "time_weighted：时间单位"),
        key("percent", percent(), "percentile: which one, for instance 95", "percentile：百分位，如 95"),
        key(
            "index",
            words(&INDEXES),
            "percentile: where the share is no whole number",
            "percentile：序号不为整数时的取法",
        ),
        key("window", window(), "windowed: PT5M, PT1H, P1D, P1W or P1M", "windowed：时间窗口，如 PT5M、P1D"),
        key("inner", words(&INNERS), "windowed: the value of one window", "windowed：单个窗口的取值"),
        key("outer", words(&OUTERS), "windowed: one value of all windows", "windowed：全部窗口的取值"),
        key(
            "empty",
            words(&EMPTIES),
            "windowed: idle windows are zero (the default) or left out",
            "windowed：空窗口计零（默认）或不计",
        ),
        key(
            "share_round",
            quantity_rounding(),
            "Rounding of shares of a period; exact without",
            "账期份额的舍入；不写则不舍入",
        ),
    ]
}

/// Which keys an aggregate needs and which mean nothing for it.
fn rule_of(word: &str, keys: &[&str]) -> Value {
    let others = AGGREGATE_KEYS.iter().filter(|key| !keys.contains(key));
    let refused: Map<String, Value> = others.map(|key| ((*key).to_owned(), Value::Bool(false))).collect();
    let needed: &[&str] = match word {
        "count" => &[],
        "windowed" => &["window", "inner", "outer"],
        "percentile" => &["field", "percent"],
        _ => &["field"],
    };
    json!({
        "if": { "properties": { "aggregate": { "enum": [word] } }, "required": ["aggregate"] },
        "then": { "properties": refused, "required": needed },
    })
}

fn quantity_rounding() -> Value {
    table([
        key("mode", words(&MODES), "How; half_up by default", "舍入方式，默认 half_up"),
        key("places", places(), "Decimal places; below zero for tens, hundreds", "小数位数；负数表示十位、百位"),
    ])
}

pub(super) fn conversion() -> Value {
    let conversion = table([
        key("multiply", positive(), "Times this", "乘以"),
        key("divide", positive(), "Divided by this", "除以"),
        key("round", words(&MODES), "How the result is rounded; exact without", "结果的舍入方式；不写则不舍入"),
        key("places", places(), "Decimal places of the result", "结果的小数位数"),
    ]);
    let conversion = one_of(conversion, &["multiply", "divide"]);
    about(conversion, "Conversion of a quantity into the units that are priced", "把用量换算为计价单位")
}

fn dimension() -> Value {
    let band = table([
        needed("name", text(), "What the band is called", "区间名称"),
        key("up_to", not_negative(), "Its end, which belongs to it; none in the last", "上限（含）；最后一个不写"),
    ]);
    let dimension = table([
        needed("name", text(), "What the dimension is called", "维度名称"),
        key("field", text(), "A field of the events' data", "事件数据中的字段"),
        key("bands", some_of(band), "Bands that numbers fall into", "数值区间"),
        key("calendar", id(), "The slot of a calendar", "按周历时段"),
        key("window", window(), "The window of time: PT1H, P1D, P1W, P1M", "按时间窗口，如 PT1H、P1D"),
    ]);
    either(text(), one_of(dimension, &SOURCES))
}

pub(super) fn calendar() -> Value {
    let row = table([
        needed("slot", text(), "What the slot is called", "时段名称"),
        key(
            "days",
            some_of(text()),
            "mon to sun, or a kind of days of dates; every day if left out",
            "mon 至 sun，或 dates 中的日期类别；不写为每天",
        ),
        key("from", time(), "HH:MM, 00:00 by default", "开始时刻，默认 00:00"),
        key("to", time(), "HH:MM, 24:00 by default", "结束时刻，默认 24:00"),
    ]);
    table([
        key("id", id(), "Only where calendars are a list", "仅在列表写法中使用"),
        key("zone", shared("zone"), "Whose clock; the book's if left out", "时区，默认同价目表"),
        needed("slots", list_of(row), "Rows; the first that holds counts", "时段，取第一个符合的"),
        needed("default", text(), "The slot where no row holds", "没有时段符合时的名称"),
        key("dates", map_of(list_of(date())), "Dates that do not count as their weekday", "不按星期计的日期，如节假日"),
    ])
}
