//! The schema of what works on whole bills: taxes, discounts, credits.

use serde_json::Value;

use super::parts::{
    Key, boolean, count, id, key, list_of, month, needed, not_negative, one_of, percent, positive, shared, table,
    word_list, words,
};
use crate::catalog::book::MODES;
use crate::catalog::terms::{credit, discount, tax};

pub(super) fn single_tax() -> Value {
    table([tax_name(), tax_percent()])
}

fn tax_name() -> Key {
    needed("name", shared("names"), "What the bill calls it", "账单上的名称")
}

fn tax_percent() -> Key {
    needed("percent", percent(), "A share of the net amount, 0 to 100", "税率，净额的百分之几，0 至 100")
}

pub(super) fn taxes() -> Value {
    list_of(table([
        needed("id", id(), "By which charges name it", "收费项引用它的标识"),
        tax_name(),
        tax_percent(),
        key(
            "treatment",
            words(&tax::TREATMENTS),
            "Added to the prices (exclusive, the default) or inside them, or not due",
            "价外（默认）、价内、免税或反向征收",
        ),
        key("on", list_of(id()), "Earlier taxes that belong to what it is taken from", "计入税基的、排在前面的税"),
        key("default", boolean(), "false: only for charges that name it", "false：仅用于指明它的收费项"),
    ]))
}

pub(super) fn tax_rules() -> Value {
    table([
        key(
            "base",
            words(&tax::BASES),
            "What is taxed at once: lines with the same taxes (group, the default), each line, the invoice",
            "税基：同税的行合计（group，默认）、逐行或整张账单",
        ),
        key(
            "at",
            words(&tax::ROUNDINGS),
            "Where taxes are rounded: each tax once (the default), each line, all at once",
            "税在何处舍入：每种税一次（默认）、逐行或合计",
        ),
        key("mode", words(&MODES), "How; the book's by default", "舍入方式，默认同价目表"),
    ])
}

pub(super) fn discounts() -> Value {
    let discount = table([
        needed("id", id(), "Its own in the plan", "在套餐内唯一"),
        needed("name", shared("names"), "What the bill calls it", "账单上的名称"),
        key("percent", percent(), "A share of what earlier discounts left", "折扣比例，0 至 100"),
        key("amount", not_negative(), "A sum; never more than there is", "折扣金额，不超过应付额"),
        key("charges", list_of(id()), "Only the lines of these charges", "仅限这些收费项"),
        key("tags", list_of(id()), "Only charges with one of these tags", "仅限带这些标签的收费项"),
        key("from", month(), "The first month with it, YYYY-MM", "开始月份，YYYY-MM"),
        key("until", month(), "The first month without it, YYYY-MM", "截止月份（不含），YYYY-MM"),
        key("periods", count(), "For so many of the customer's first periods", "仅限客户最初的几个账期"),
    ]);
    list_of(one_of(discount, &["percent", "amount"]))
}

pub(super) fn discount_rules() -> Value {
    let modes = word_list(MODES.iter().map(|(word, _)| *word).chain([discount::NO_ROUNDING]));
    table([
        key(
            "order",
            words(&discount::ORDERS),
            "As given (the default), percentages first, or lines first",
            "按给定顺序（默认）、先比例或先单项",
        ),
        key("round", modes, "How each is rounded; the book's mode by default", "每项折扣的舍入，默认同价目表"),
        key("share", words(&discount::SHARES), "How one is shared out over its lines", "折扣如何分摊到各行"),
    ])
}

pub(super) fn credits() -> Value {
    list_of(table([
        needed("id", id(), "Its own in the plan", "在套餐内唯一"),
        needed("name", shared("names"), "What the bill calls it", "账单上的名称"),
        needed("amount", not_negative(), "Money for each period", "每个账期赠送的金额"),
        key("priority", count(), "Smaller ones go first; 0 by default", "数字小的先用，默认 0"),
    ]))
}

pub(super) fn credit_rules() -> Value {
    table([
        key(
            "eligible",
            words(&credit::ELIGIBLES),
            "What credits pay: all (the default) or usage only",
            "可抵扣全部（默认）或仅用量费",
        ),
        key("place", words(&credit::PLACES), "Before or after (the default) tax", "税前或税后（默认）抵扣"),
        key(
            "minimum",
            positive(),
            "Less than this is not drawn; the minor unit by default",
            "低于此数不抵扣，默认最小货币单位",
        ),
    ])
}
