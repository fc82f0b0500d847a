//! Differences between books as sentences.

use serde_json::Value;

use super::{Change, Step};
use crate::text::{Lang, group_digits};

/// What keys of a book are called in a sentence. A key that is not here is said as it is written.
const KEYS: [(&str, &str, &str); 34] = [
    ("aggregate", "统计方式", "aggregate"),
    ("bound", "分级边界归属", "bound rule"),
    ("cap", "封顶", "cap"),
    ("convert", "换算", "conversion"),
    ("currency", "货币", "currency"),
    ("default_plan", "默认套餐", "default plan"),
    ("description", "说明", "description"),
    ("each", "分别计价", "priced each"),
    ("effective", "生效日期", "effective date"),
    ("event", "事件类型", "event type"),
    ("flat", "固定费用", "fixed fee"),
    ("graduated", "分级累进", "tiers"),
    ("group_by", "分组", "groups"),
    ("included", "包含量", "included units"),
    ("name", "名称", "name"),
    ("package", "资源包", "package"),
    ("per", "计价单位", "units a price is for"),
    ("per_unit", "单价", "unit price"),
    ("percent", "百分比", "percent"),
    ("price", "价格", "price"),
    ("public", "是否公开", "public"),
    ("round", "舍入", "rounding"),
    ("rounding", "舍入规则", "rounding rule"),
    ("size", "包大小", "package size"),
    ("stair_step", "阶梯定价", "steps"),
    ("tax", "税", "tax"),
    ("tiers", "分级", "tiers"),
    ("trial", "是否试用", "trial"),
    ("unit", "单位", "unit"),
    ("up_to", "级别上限", "end of the tier"),
    ("version", "版本", "version"),
    ("volume", "全量定价", "volume tiers"),
    ("zero_usage", "零用量规则", "zero-usage rule"),
    ("zone", "时区", "zone"),
];

pub(super) fn sentence(change: &Change, lang: Lang) -> String {
    let place = place(&change.steps, lang);
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            let (before, after) = (value(before, lang), value(after, lang));
            lang.pick(format!("{place}：{before} → {after}"), format!("{place}: {before} → {after}"))
        }
        (None, Some(after)) => match named(after, lang) {
            Some(_) => lang.pick(format!("新增{place}"), format!("New: {place}")),
            None => {
                let after = value(after, lang);
                lang.pick(format!("{place}：新增 {after}"), format!("{place}: new, {after}"))
            }
        },
        (Some(before), None) => match named(before, lang) {
            Some(_) => lang.pick(format!("移除{place}"), format!("Gone: {place}")),
            None => {
                let before = value(before, lang);
                lang.pick(format!("{place}：移除（原为 {before}）"), format!("{place}: gone, was {before}"))
            }
        },
        (None, None) => place,
    }
}

/// Where the difference is: `plan Starter, charge API calls, tiers, 2, price`.
fn place(steps: &[Step], lang: Lang) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut kind = None;
    for step in steps {
        match step {
            Step::Key(key) if ["plans", "meters", "charges"].contains(&key.as_str()) => kind = Some(key.as_str()),
            Step::Key(key) if key == "book" => {}
            Step::Key(key) => parts.push(key_words(key, lang).to_owned()),
            Step::Element { zh, en, .. } => {
                let kind = match kind.take() {
                    Some("plans") => lang.pick("套餐", "plan "),
                    Some("meters") => lang.pick("计量项", "meter "),
                    Some("charges") => lang.pick("收费项", "charge "),
                    Some(_) | None => "",
                };
                let name = lang.pick(zh, en);
                parts.push(lang.pick(format!("{kind}“{name}”"), format!("{kind}{name}")));
            }
            Step::Place(place) => {
                let number = place.saturating_add(1);
                parts.push(lang.pick(format!("第 {number} 项"), format!("no. {number}")));
            }
        }
    }
    parts.join(lang.pick("，", ", "))
}

fn key_words(key: &str, lang: Lang) -> &str {
    KEYS.iter().find(|(known, _, _)| *known == key).map_or(key, |(_, zh, en)| lang.pick(zh, en))
}

fn named(value: &Value, lang: Lang) -> Option<&str> {
    value.get("name")?.get(lang.pick("zh", "en"))?.as_str()
}

/// A value as a person would say it: numbers in groups, tables as `key value`.
fn value(value: &Value, lang: Lang) -> String {
    match value {
        Value::String(text) if text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-') => group_digits(text),
        Value::String(text) => text.clone(),
        Value::Bool(true) => lang.pick("是", "yes").to_owned(),
        Value::Bool(false) => lang.pick("否", "no").to_owned(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| self::value(item, lang)).collect();
            items.join(lang.pick("；", "; "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, inner)| format!("{} {}", key_words(key, lang), self::value(inner, lang)))
                .collect();
            fields.join(lang.pick("，", ", "))
        }
        Value::Number(_) | Value::Null => value.to_string(),
    }
}
