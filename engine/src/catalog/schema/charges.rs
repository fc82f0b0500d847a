//! The schema of plans and charges, and of what holds beside their prices.

use serde_json::{Map, Value, json};

use super::allowances::included;
use super::entries;
use super::meters::conversion;
use super::models::model;
use super::parts::{
    Key, boolean, either, id, key, list_of, map_of, needed, not_negative, one_of, percent, shared, some_of, table,
    values, with, words,
};
use super::terms::{credits, discounts};
use super::time::{cycle, duration, proration};
use crate::catalog::charge::{EACHES, METERED_KEYS};
use crate::catalog::charge_terms::{COMPARES, DUES, SHOWN, TERMS};
use crate::catalog::commitment::IN_PROGRESS;
use crate::catalog::price::MODEL_KEYS;

pub(super) fn plan() -> Value {
    table([
        key("id", id(), "Only where plans are a list", "仅在列表写法中使用"),
        needed("name", shared("names"), "What customers read", "名称"),
        key("description", shared("names"), "For whom the plan is", "说明"),
        key("public", boolean(), "Whether prospects see it; false by default", "是否公开，默认 false"),
        key(
            "trial",
            boolean(),
            "true: never bills anything, which the check proves",
            "true：保证永不产生费用，由检查证明",
        ),
        key("cycle", cycle(), "How often it is billed; calendar months by default", "账期，默认自然月"),
        key("proration", proration(), "What parts of a period cost", "部分账期如何折算"),
        needed("charges", some_of(shared("charge")), "What is charged, in the order of the bill", "收费项，按账单顺序"),
        key("pools", entries("pool"), "Free units that several charges share", "多个收费项共享的免费额度"),
        key("discounts", discounts(), "What is taken off its bills", "折扣"),
        key("credits", credits(), "Money that it gives each period", "每个账期赠送的金额"),
        key("commitment", plan_commitment(), "What the customer commits to spend in a period", "每个账期的承诺消费"),
        key("maximum", spending_cap(), "What the plan costs at most before tax", "套餐的税前封顶"),
        key("in_progress", words(&IN_PROGRESS), "How a period that is still running is billed", "未结束的账期如何出账"),
    ])
}

fn plan_commitment() -> Value {
    table([
        key("id", id(), "The id of its line", "账单行的标识"),
        key("name", shared("names"), "The name of its line", "账单行的名称"),
        needed("amount", not_negative(), "The sum for a whole period", "整个账期的金额"),
        key("counts", list_of(id()), "The charges that count; all if left out", "计入的收费项，默认全部"),
        true_up(),
        overage_factor(),
        prorated(),
        compare(),
    ])
}

fn spending_cap() -> Value {
    let cap = table([
        key("id", id(), "The id of its line", "账单行的标识"),
        key("name", shared("names"), "The name of its line", "账单行的名称"),
        needed("amount", not_negative(), "The sum", "金额"),
    ]);
    either(not_negative(), cap)
}

/// Whether a promise is made good.
fn true_up() -> Key {
    key("true_up", boolean(), "Whether what is missing is due; true by default", "是否补足差额，默认 true")
}

/// What usage above a promise costs.
fn overage_factor() -> Key {
    key(
        "overage_factor",
        not_negative(),
        "What lies above costs so many times its price, 1 or more",
        "超出部分的价格倍数，不小于 1",
    )
}

/// Whether a sum follows the length of a period.
fn prorated() -> Key {
    key(
        "prorated",
        boolean(),
        "Whether a part of a period owes only its share; true by default",
        "部分账期是否按比例，默认 true",
    )
}

/// Which amounts are compared.
fn compare() -> Key {
    key("compare", words(&COMPARES), "Compare rounded or exact amounts", "按舍入后或精确金额比较")
}

pub(super) fn charge() -> Value {
    let own = [
        key("id", id(), "Its own in the plan; the meter's by default", "在套餐内唯一，默认同计量项"),
        key("name", shared("names"), "What the bill calls it; the meter's by default", "账单上的名称，默认同计量项"),
        key("meter", id(), "The meter whose quantity is priced", "所计价的计量项"),
        key("where", map_of(values()), "Which of the meter's groups are priced", "只计价这些分组"),
        key("each", words(&EACHES), "group: each group is priced alone", "group：每个分组单独计价"),
        key(
            "convert",
            either(some_of(shared("conversion")), conversion()),
            "Conversion into priced units, or several in a row",
            "换算为计价单位，可连续多次",
        ),
        key("included", included(), "Free units each month, taken off first", "每月免费额度，先行扣除"),
        key("tags", list_of(id()), "Words by which discounts find it", "供折扣引用的标签"),
        key(
            "taxes",
            list_of(id()),
            "Its own taxes instead of the usual ones; [] for none",
            "自己的税，代替默认的税；[] 为免税",
        ),
        key("discount_percent", percent(), "Taken off the price, 0 to 100", "价格折扣，0 至 100"),
        key("minimum", minimum(), "At least this is due", "最低收费"),
        key("maximum", not_negative(), "At most this is due", "封顶"),
        key(
            "terms",
            rules(),
            "Order and comparison of discount, maximum and minimum",
            "折扣、封顶、最低收费的顺序与比较",
        ),
        key("commitment", commitment(), "A promise to spend or use so much", "承诺用量或消费"),
        key(
            "due",
            words(&DUES),
            "A flat fee comes with the first or the last part of a period",
            "固定费用随账期首个或末个部分收取",
        ),
        key("every", duration(), "Usage is billed so often within a longer cycle", "在较长账期内按此周期计用量"),
    ];
    let models = MODEL_KEYS.map(model);
    let charge = one_of(table(own.into_iter().chain(models)), &MODEL_KEYS);
    with(charge, "allOf", MODEL_KEYS.map(needs_of).into_iter().collect())
}

/// What a model needs beside itself: a meter, or what would have come from one.
fn needs_of(model: &'static str) -> Value {
    let then = if ["flat", "capacity", "composite"].contains(&model) {
        let refused: Map<String, Value> =
            METERED_KEYS.iter().map(|key| ((*key).to_owned(), Value::Bool(false))).collect();
        json!({ "properties": refused, "required": ["id", "name"] })
    } else {
        json!({ "required": ["meter"] })
    };
    json!({ "if": { "required": [model] }, "then": then })
}

fn minimum() -> Value {
    let minimum = table([
        needed("amount", not_negative(), "For a whole period", "整个账期的金额"),
        key(
            "shown",
            words(&SHOWN),
            "Within the charge's line (the default) or a line of its own",
            "并入该行（默认）或单列一行",
        ),
        prorated(),
    ]);
    either(not_negative(), minimum)
}

fn rules() -> Value {
    table([
        key(
            "order",
            list_of(words(&TERMS)),
            "Terms that it does not name follow as usual",
            "未列出的按通常顺序跟在后面",
        ),
        compare(),
    ])
}

fn commitment() -> Value {
    let commitment = table([
        key("amount", not_negative(), "A sum", "承诺金额"),
        key("quantity", not_negative(), "What so many units cost", "承诺用量"),
        true_up(),
        overage_factor(),
    ]);
    one_of(commitment, &["amount", "quantity"])
}
