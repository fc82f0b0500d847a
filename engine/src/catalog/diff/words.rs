//! Differences between books as sentences.

use serde_json::Value;

use super::{Change, Step};
use crate::text::{Lang, group_digits};

/// What keys of a book are called in a sentence. A key that is not here is said as it is written.
const KEYS: [(&str, &str, &str); 151] = [
    ("aggregate", "统计方式", "aggregate"),
    ("amount", "金额", "amount"),
    ("anchor", "锚点", "anchor"),
    ("at", "位置", "place"),
    ("attribute", "属性", "attribute"),
    ("bands", "区间", "bands"),
    ("base", "税基", "tax base"),
    ("basis", "折算依据", "basis"),
    ("book", "价目表", "book"),
    ("bound", "分级边界归属", "bound rule"),
    ("by", "属性", "attributes"),
    ("calendar", "周历", "calendar"),
    ("calendars", "周历", "calendars"),
    ("cap", "封顶", "cap"),
    ("capacity", "容量", "capacity"),
    ("carried_in", "金额单位", "unit of carried money"),
    ("change_day", "变更当日", "day of a change"),
    ("charges", "收费项", "charges"),
    ("clock", "边界时刻", "time of boundaries"),
    ("commitment", "承诺", "commitment"),
    ("committed", "包量", "committed capacity"),
    ("compare", "比较方式", "comparison"),
    ("composite", "其他收费项的比例", "share of other charges"),
    ("convert", "换算", "conversion"),
    ("convert_each", "逐个换算", "conversion of each event"),
    ("count", "分级计量", "count of tiers"),
    ("counts", "计入的收费项", "charges that count"),
    ("credit_rules", "抵扣规则", "credit rules"),
    ("credits", "抵扣金", "credits"),
    ("currency", "货币", "currency"),
    ("cycle", "账期", "cycle"),
    ("dates", "特殊日期", "dates"),
    ("days", "星期", "days"),
    ("default", "默认", "default"),
    ("default_plan", "默认套餐", "default plan"),
    ("description", "说明", "description"),
    ("discount_percent", "折扣百分比", "discount percent"),
    ("discount_rules", "折扣规则", "discount rules"),
    ("discounts", "折扣", "discounts"),
    ("divide", "除以", "divided by"),
    ("due", "收取时点", "due"),
    ("dynamic", "事件自带价格", "price of the events"),
    ("each", "分别计价", "priced each"),
    ("effective", "生效日期", "effective date"),
    ("eligible", "可抵扣范围", "what credits pay"),
    ("empty", "空窗口规则", "idle windows"),
    ("en", "英文", "in English"),
    ("event", "事件类型", "event type"),
    ("every", "周期", "every"),
    ("factor", "系数", "factor"),
    ("fee", "费用", "fee"),
    ("field", "字段", "field"),
    ("first", "首个账期", "first period"),
    ("flat", "固定费用", "fixed fee"),
    ("free_amount", "免费金额", "free amount"),
    ("free_events", "免费笔数", "free events"),
    ("from", "起点", "from"),
    ("graduated", "分级累进", "tiers"),
    ("graduated_percentage", "分级比例", "tiers of percentages"),
    ("group", "组", "group"),
    ("group_by", "分组", "groups"),
    ("id", "标识", "id"),
    ("in_progress", "未结束账期", "periods in progress"),
    ("included", "包含量", "included units"),
    ("index", "序号规则", "index rule"),
    ("inner", "窗口取值", "value of a window"),
    ("is", "取值", "is"),
    ("limit", "结转上限", "most carried over"),
    ("limits", "上限", "limits"),
    ("lookup", "查级规则", "lookup rule"),
    ("matrix", "属性价目", "prices by attributes"),
    ("maximum", "封顶", "maximum"),
    ("meter", "计量项", "meter"),
    ("meters", "计量项", "meters"),
    ("minimum", "最低收费", "minimum"),
    ("missing", "缺失字段规则", "missing fields"),
    ("mode", "舍入方式", "rounding mode"),
    ("multiplier", "系数", "multiplier"),
    ("multiply", "乘以", "times"),
    ("name", "名称", "name"),
    ("negative", "负值规则", "values below zero"),
    ("negative_total", "负合计规则", "totals below zero"),
    ("never_to_zero", "不舍为零", "never to zero"),
    ("numbering", "编号方式", "numbering"),
    ("of", "基数", "of"),
    ("on", "税基中的税", "on taxes"),
    ("operation", "增减字段", "operation field"),
    ("order", "顺序", "order"),
    ("outer", "汇总方式", "value of all windows"),
    ("overage", "超出价格", "overage"),
    ("overage_factor", "超出倍数", "overage factor"),
    ("package", "资源包", "package"),
    ("per", "计价单位", "units a price is for"),
    ("per_event", "每笔费用", "fee for each event"),
    ("per_unit", "单价", "unit price"),
    ("percent", "百分比", "percent"),
    ("percentage", "按金额比例", "percentage"),
    ("periods", "账期数", "periods"),
    ("place", "抵扣时点", "place"),
    ("places", "小数位数", "decimal places"),
    ("plans", "套餐", "plans"),
    ("pool", "共享额度", "pool"),
    ("pools", "共享额度", "pools"),
    ("price", "价格", "price"),
    ("priority", "优先级", "priority"),
    ("prorated", "按比例", "prorated"),
    ("prorated_graduated", "折算分级", "prorated tiers"),
    ("proration", "折算规则", "proration"),
    ("public", "是否公开", "public"),
    ("quantity", "用量", "quantity"),
    ("quotient", "份额舍入", "rounding of shares"),
    ("renews", "发放方式", "renewal"),
    ("reset", "清零", "reset"),
    ("round", "舍入", "rounding"),
    ("round_each", "各级舍入", "rounding of each tier"),
    ("round_rate", "单价舍入", "rounding of the rate"),
    ("round_units", "单位舍入", "rounding of the units"),
    ("rounding", "舍入规则", "rounding rule"),
    ("rows", "行", "rows"),
    ("rules", "定价规则", "price rules"),
    ("samples", "保留事件", "samples"),
    ("share", "分摊规则", "share-out"),
    ("share_round", "份额舍入", "rounding of shares"),
    ("shown", "显示方式", "shown"),
    ("size", "包大小", "package size"),
    ("slot", "时段", "slot"),
    ("slots", "时段", "slots"),
    ("stair_step", "阶梯定价", "steps"),
    ("tags", "标签", "tags"),
    ("tax", "税", "tax"),
    ("tax_rules", "税务规则", "tax rules"),
    ("taxes", "税", "taxes"),
    ("terms", "条款顺序", "order of terms"),
    ("tiers", "分级", "tiers"),
    ("to", "终点", "to"),
    ("treatment", "计税方式", "treatment"),
    ("trial", "是否试用", "trial"),
    ("true_up", "补足差额", "true-up"),
    ("unit", "单位", "unit"),
    ("units", "显示的计量项", "units shown"),
    ("until", "截止", "until"),
    ("up_to", "级别上限", "end of the tier"),
    ("values", "取值方式", "kind of values"),
    ("version", "版本", "version"),
    ("volume", "全量定价", "volume tiers"),
    ("where", "条件", "where"),
    ("width", "级别宽度", "width of the tier"),
    ("window", "时间窗口", "window"),
    ("zero_usage", "零用量规则", "zero-usage rule"),
    ("zh", "中文", "in Chinese"),
    ("zone", "时区", "zone"),
];

/// What elements of a list are called, each before its name.
const KINDS: [(&str, &str, &str); 7] = [
    ("calendars", "周历", "calendar "),
    ("charges", "收费项", "charge "),
    ("credits", "抵扣金", "credit "),
    ("discounts", "折扣", "discount "),
    ("meters", "计量项", "meter "),
    ("plans", "套餐", "plan "),
    ("taxes", "税", "tax "),
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
    let mut kind = "";
    for (index, step) in steps.iter().enumerate() {
        let next = steps.get(index.saturating_add(1));
        match step {
            Step::Key(key) if matches!(next, Some(Step::Element { .. })) => {
                let known = KINDS.iter().find(|(known, _, _)| known == key);
                kind = known.map_or("", |(_, zh, en)| lang.pick(zh, en));
            }
            Step::Key(key) if key == "book" => {}
            Step::Key(key) => parts.push(key_words(key, lang).to_owned()),
            Step::Element { zh, en, .. } => {
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

#[cfg(all(test, feature = "zones"))]
mod tests {
    use serde_json::Value;

    use super::KEYS;

    fn collect(schema: &Value, keys: &mut Vec<String>) {
        match schema {
            Value::Object(fields) => {
                let own = fields.get("properties").and_then(Value::as_object);
                keys.extend(own.into_iter().flat_map(|own| own.keys().cloned()));
                fields.values().for_each(|inner| collect(inner, keys));
            }
            Value::Array(items) => items.iter().for_each(|inner| collect(inner, keys)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_key_of_a_book_has_words() {
        let mut keys = Vec::new();
        collect(&crate::catalog::schema(), &mut keys);
        keys.retain(|key| KEYS.iter().all(|(known, _, _)| known != key));
        assert!(keys.is_empty(), "without words: {keys:?}");
    }
}
