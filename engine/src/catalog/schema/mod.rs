//! The JSON Schema (draft 2020-12) of price books, by which editors complete and check them.
//!
//! Made of the same words that the reader knows; a test holds every key against the reader. Says what a book looks like,
//! never whether its figures make sense: that is the check's part.

mod allowances;
mod charges;
mod meters;
mod models;
mod parts;
mod terms;
mod time;

use serde_json::{Value, json};

use super::book::{MODES, PLACES};
use crate::period::Zone;
use parts::{about, either, id, key, map_of, needed, shared, some_of, table, text, with, words};

/// The schema of a price book in TOML.
pub fn schema() -> Value {
    let root = table([
        needed("book", head(), "The book itself", "价目表本身"),
        key("tax", terms::single_tax(), "One tax on everything", "对全部金额征收的一种税"),
        key("taxes", terms::taxes(), "Several taxes, in the order of the bill", "多种税，按账单顺序"),
        key("tax_rules", terms::tax_rules(), "What taxes are taken from and where they are rounded", "税基与税的舍入"),
        key("discount_rules", terms::discount_rules(), "Order and rounding of discounts", "折扣的顺序与舍入"),
        key("credit_rules", terms::credit_rules(), "What credits pay and when", "抵扣金的用途与时点"),
        key("calendars", entries("calendar"), "Weekly calendars for prices by time of use", "分时计价的周历"),
        key("meters", entries("meter"), "What is counted", "计量项"),
        needed("plans", entries("plan"), "What customers subscribe to", "套餐"),
    ]);
    let mut defs = json!({
        "calendar": meters::calendar(),
        "charge": charges::charge(),
        "conversion": meters::conversion(),
        "meter": meters::meter(),
        "pool": allowances::pool(),
        "names": names(),
        "plan": charges::plan(),
        "zone": { "type": "string", "enum": Zone::names() },
    });
    for (name, model) in models::shared_models() {
        defs = with(defs, name, model);
    }
    let schema = with(root, "$schema", json!("https://json-schema.org/draft/2020-12/schema"));
    let schema = with(schema, "$defs", defs);
    with(about(schema, "A price book of Ratecard", "Ratecard 价目表"), "title", json!("Ratecard price book"))
}

/// A collection by id: a table of tables, or a list of tables that have an `id`.
fn entries(of: &str) -> Value {
    let item = json!({ "allOf": [shared(of), { "required": ["id"] }] });
    either(map_of(shared(of)), some_of(item))
}

fn head() -> Value {
    table([
        needed("id", id(), "The book, over all its versions", "价目表标识，各版本相同"),
        needed("version", id(), "This version; once published it never changes", "版本；发布后不再改变"),
        needed(
            "effective",
            first_day(),
            "The first day of the first month it prices, YYYY-MM-01",
            "生效日期，YYYY-MM-01",
        ),
        needed("currency", currency(), "An ISO 4217 code like CNY", "ISO 4217 货币代码，如 CNY"),
        needed("zone", shared("zone"), "An IANA zone; months begin at its midnight", "IANA 时区；自然月从当地零点开始"),
        key("rounding", rounding(), "Where and how amounts are rounded", "金额在何处、如何舍入"),
        needed("name", shared("names"), "What people call the book", "名称"),
        key("description", shared("names"), "One or two sentences about it", "说明"),
        key("default_plan", id(), "The plan of customers who chose none", "未选套餐的客户所用的套餐"),
    ])
}

fn rounding() -> Value {
    table([
        key("at", words(&PLACES), "Every line (the default), or once for the invoice", "逐行（默认），或整张账单一次"),
        key("mode", words(&MODES), "How; half_up by default", "舍入方式，默认 half_up（四舍五入）"),
    ])
}

fn names() -> Value {
    table([needed("zh", text(), "In Chinese", "中文"), needed("en", text(), "In English", "英文")])
}

fn first_day() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-01$" })
}

fn currency() -> Value {
    json!({ "type": "string", "pattern": "^[A-Z]{3}$" })
}
