//! The schema of charge models: the shapes a price can have.

use serde_json::{Value, json};

use super::parts::{
    Key, about, any_of, count, either, id, key, map_of, needed, not_negative, one_of, percent, positive, shared,
    some_of, table, text, with, word_pattern, words,
};
use crate::catalog::book::MODES;
use crate::catalog::price::cell_price::CELL_KEYS;
use crate::catalog::price::matrix::read::{COUNTS, DEFAULTS};
use crate::catalog::price::tiers::{BOUNDS, Kind, LOOKUPS, ZERO_USAGES};
use crate::catalog::price::{dynamic, numbering, package, prorated_graduated};

/// Models that are written once, because prices of cells and composites have them too.
pub(super) fn shared_models() -> [(&'static str, Value); 5] {
    [
        ("graduated", tiers(Kind::Graduated)),
        ("volume", tiers(Kind::Volume)),
        ("stair_step", tiers(Kind::StairStep)),
        ("package", package()),
        ("graduated_percentage", tiers(Kind::GraduatedPercentage)),
    ]
}

/// The key of a model in a charge.
pub(super) fn model(name: &'static str) -> Key {
    let (schema, en, zh) = match name {
        "flat" => (not_negative(), "The amount, whatever was used", "固定费用，与用量无关"),
        "per_unit" => (unit_price(), "Quantity × price ÷ per", "单价：用量 × price ÷ per"),
        "graduated" => (shared(name), "Each tier's units at that tier's price", "分级累进：各级用量按各级价格"),
        "volume" => {
            (shared(name), "All units at the price of the tier that is reached", "全量定价：全部用量按所达级别的价格")
        }
        "stair_step" => (shared(name), "The fixed price of the tier that is reached", "阶梯定价：所达级别的固定价格"),
        "package" => (shared(name), "Whole packages", "按包计价"),
        "percentage" => (
            percentage(),
            "A share of the money, with fees and limits for each event",
            "按金额比例，可设每笔费用与上下限",
        ),
        "graduated_percentage" => {
            (shared(name), "Each tier's money at that tier's percentage", "分级比例：各级金额按各级比例")
        }
        "dynamic" => (dynamic(), "The price that the events carry, times a factor", "事件自带价格，可乘系数"),
        "committed" => (committed(), "A fee for a capacity, a rate above it", "包量费，超出另计"),
        "prorated_graduated" => (
            tiers(Kind::ProratedGraduated),
            "Tiers by full units, priced by their shares of the period",
            "按在用时间折算的分级累进",
        ),
        "matrix" => (matrix(), "Each combination of attributes at the price of its row", "按属性组合查表定价"),
        "rules" => (rules(), "Prices and factors that hold for some attributes", "按属性叠加的价格与系数"),
        "capacity" => (
            capacity(),
            "The fixed price of the first tier that holds all meters",
            "容纳全部计量项的首个级别的固定价格",
        ),
        "composite" => (composite(), "A share of other charges of the plan", "其他收费项的一定比例"),
        _ => (Value::Bool(true), "", ""),
    };
    key(name, schema, en, zh)
}

fn unit_price() -> Value {
    table([needed("price", not_negative(), "The price of `per` units", "per 个单位的价格"), per()])
}

fn per() -> Key {
    key("per", positive(), "How many units a price is for; 1 by default", "价格对应的单位数，默认 1")
}

/// A list of tiers, or a table of them and their rules.
fn tiers(kind: Kind) -> Value {
    let tier = table(kind.tier_keys().iter().map(|name| tier_key(name)));
    let prices: &[&str] = match kind {
        Kind::Graduated | Kind::ProratedGraduated | Kind::Volume => &["price", "flat"],
        Kind::GraduatedPercentage => &["percent", "flat"],
        Kind::StairStep => &["flat"],
    };
    let list = some_of(any_of(tier, prices));
    let rules = table(kind.rule_keys().iter().map(|name| rule_key(name, &list)));
    either(list, rules)
}

fn tier_key(name: &'static str) -> Key {
    let (schema, en, zh) = match name {
        "from" => (not_negative(), "Where it begins; only to be read, or to end the tier before", "起点，便于阅读"),
        "up_to" => (positive(), "Where it ends; none in the last", "上限；最后一级不写"),
        "width" => (positive(), "How much it holds, instead of up_to", "级别的宽度，代替 up_to"),
        "price" => (not_negative(), "The price of its units", "单价"),
        "per" => return per(),
        "percent" => (percent(), "The share of its money", "比例"),
        "flat" => (not_negative(), "Due once, as soon as it is entered", "进入该级即收的固定费用"),
        "cap" => (not_negative(), "It costs at most this", "该级封顶"),
        "size" => (positive(), "Its units are sold in packages of this size", "按此大小的包出售"),
        _ => (Value::Bool(true), "", ""),
    };
    key(name, schema, en, zh)
}

fn rule_key(name: &'static str, list: &Value) -> Key {
    let (schema, en, zh) = match name {
        "tiers" => return needed("tiers", list.clone(), "The tiers", "各级"),
        "numbering" => (
            words(&numbering::NUMBERINGS),
            "units: from is the number of the first unit",
            "units：from 是首个单位的序号",
        ),
        "bound" => (
            words(&BOUNDS),
            "Where a quantity on a bound belongs: lower (the default) or upper",
            "恰在边界的用量归下级（默认）或上级",
        ),
        "lookup" => {
            (words(&LOOKUPS), "ceiling: the tier is found by the next whole number", "ceiling：按向上取整的用量查级")
        }
        "zero_usage" => (
            words(&ZERO_USAGES),
            "With nothing used: nothing (the default) or the first tier's fee",
            "零用量：不收（默认）或收首级固定费用",
        ),
        "round_each" => (words(&MODES), "Rounds each tier before they are added", "各级先舍入再相加"),
        "negative_total" => (
            words(&prorated_graduated::TOTALS),
            "Less than nothing is nothing (the default) or a credit",
            "负的合计为零（默认）或退还",
        ),
        _ => (Value::Bool(true), "", ""),
    };
    key(name, schema, en, zh)
}

fn package() -> Value {
    table([
        needed("size", positive(), "Units in a package", "每包单位数"),
        needed("price", not_negative(), "The price of a package", "每包价格"),
        key(
            "round",
            words(&package::ROUNDINGS),
            "A begun package is paid (up, the default) or free (down)",
            "不足一包计一包（up，默认）或不计（down）",
        ),
    ])
}

fn percentage() -> Value {
    table([
        needed("percent", percent(), "The share, 0 to 100", "比例，0 至 100"),
        key("per_event", not_negative(), "A fee for each event", "每笔费用"),
        key("free_events", with(count(), "minimum", json!(1)), "So many events are free", "免费笔数"),
        key("free_amount", positive(), "So much money is free", "免费金额"),
        key("minimum", not_negative(), "At least this for an event", "每笔最低"),
        key("maximum", not_negative(), "At most this for an event", "每笔封顶"),
    ])
}

fn dynamic() -> Value {
    table([
        key("multiplier", positive(), "The factor; 1 by default", "系数，默认 1"),
        key(
            "carried_in",
            words(&dynamic::UNITS),
            "Events carry major (the default) or minor units of money",
            "事件金额的单位：主单位（默认）或最小单位",
        ),
        key("units", id(), "A meter whose quantity the line shows", "账单行显示其用量的计量项"),
    ])
}

fn committed() -> Value {
    let committed = table([
        needed("capacity", positive(), "Units that the fee pays", "包含的单位数"),
        needed("fee", not_negative(), "Due whatever was used", "固定费用"),
        key("overage", unit_price(), "The price of units above", "超出部分的价格"),
        key(
            "overage_factor",
            not_negative(),
            "Units above cost so many times fee ÷ capacity",
            "超出部分为 fee ÷ capacity 的倍数",
        ),
        key("round_rate", words(&MODES), "Rounds the rate of a unit to the currency", "单价先舍入到货币单位"),
        key("round_units", words(&MODES), "Rounds the units above to whole ones", "超出的单位数取整"),
    ]);
    one_of(committed, &["overage", "overage_factor"])
}

fn capacity() -> Value {
    let tier = table([
        key(
            "limits",
            map_of(not_negative()),
            "The most of each meter; none in the last",
            "各计量项的上限；最后一级不写",
        ),
        needed("price", not_negative(), "The fixed price", "固定价格"),
    ]);
    let list = some_of(tier);
    let rules = table([
        needed("tiers", list.clone(), "The tiers", "各级"),
        key(
            "zero_usage",
            words(&ZERO_USAGES),
            "With nothing used: nothing (the default) or the first tier",
            "零用量：不收（默认）或收首级",
        ),
    ]);
    either(list, rules)
}

fn matrix() -> Value {
    let cell = json!({ "type": ["string", "integer"] });
    let attributes = about(text(), "The value of an attribute; * for any", "属性的取值；* 为任意");
    let row = either(some_of(cell), with(cell_price(), "additionalProperties", attributes));
    table([
        needed("by", some_of(text()), "Attributes, each one of the meter's group_by", "属性，取自计量项的 group_by"),
        needed(
            "rows",
            some_of(row),
            "A value for each attribute and the price; * is any value",
            "每行：各属性的取值与价格；* 为任意值",
        ),
        key(
            "per",
            positive(),
            "How many units the prices of rows are for; 1 by default",
            "各行价格对应的单位数，默认 1",
        ),
        key(
            "count",
            words(&COUNTS),
            "Tiers count each cell's units (the default) or the running total",
            "分级按单元格（默认）或累计总量",
        ),
        key(
            "default",
            either(word_pattern(&DEFAULTS), cell_price()),
            "The price where no row matches; refused by default",
            "没有匹配行时的价格，默认拒绝",
        ),
    ])
}

/// `price` with `per`, or one model.
fn cell_price() -> Value {
    let price = table(CELL_KEYS.map(|name| match name {
        "price" => key("price", not_negative(), "The price of `per` units", "per 个单位的价格"),
        "per" => per(),
        name => model(name),
    }));
    let choices: Vec<&str> = CELL_KEYS.into_iter().filter(|name| *name != "per").collect();
    one_of(price, &choices)
}

fn rules() -> Value {
    let rule = table([
        key("group", text(), "Rules of the same group make one amount", "同组规则合成一个金额"),
        key("attribute", text(), "The attribute it is about", "所针对的属性"),
        key("is", text(), "The value that the attribute must have", "属性须取的值"),
        key(
            "from",
            not_negative(),
            "The number from which it holds; of the quantity where no attribute is named",
            "从此数起生效；未写属性时针对用量",
        ),
        key("price", not_negative(), "The price of one unit", "单价"),
        key("factor", not_negative(), "Times this", "系数"),
        key("fee", not_negative(), "Due once; only for rules about the quantity", "一次性费用，仅用于针对用量的规则"),
    ]);
    some_of(one_of(rule, &["price", "factor", "fee"]))
}

fn composite() -> Value {
    let composite = table([
        needed("of", some_of(id()), "The charges that it is a share of", "作为基数的收费项"),
        key("percent", percent(), "The share, 0 to 100", "比例，0 至 100"),
        key("graduated_percentage", shared("graduated_percentage"), "Shares by tiers", "分级比例"),
    ]);
    one_of(composite, &["percent", "graduated_percentage"])
}
