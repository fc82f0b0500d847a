//! Sentences with something in them: names, quantities and sums that the engine has already made into text.

use engine::quantity::Quantity;
use engine::rating::RateError;
use engine::text::{Lang, Names, format_decimal};

/// A quantity with its unit: 1,200,000 calls.
pub fn units(quantity: Quantity, unit: Option<&Names>, lang: Lang) -> String {
    let number = format_decimal(quantity.decimal());
    match unit {
        Some(unit) => [&number, "\u{a0}", unit.get(lang)].concat(),
        None => number,
    }
}

/// What the theme switch does.
pub fn theme_is(lang: Lang, now: &str, next: &str) -> String {
    lang.pick(["主题：", now, "。切换为", next], ["Theme: ", now, ". Switch to ", next]).concat()
}

/// The page's title with the book's name.
pub fn titled(title: &str, name: &str) -> String {
    [name, " · ", title].concat()
}

/// The plan that costs least, as a sentence.
pub fn is_cheapest(lang: Lang, plan: &str) -> String {
    match lang {
        Lang::Zh => ["此用量下，", plan, "最便宜。"].concat(),
        Lang::En => [plan, " is the cheapest for this usage."].concat(),
    }
}

/// How much another plan would save.
pub fn would_save(lang: Lang, plan: &str, money: &str) -> String {
    match lang {
        Lang::Zh => ["换成", plan, "每月省 ", money].concat(),
        Lang::En => [plan, " costs ", money, " less a month"].concat(),
    }
}

/// A difference in money.
pub fn more_by(money: &str) -> String {
    ["+", money].concat()
}

/// A sum a year.
pub fn money_a_year(lang: Lang, money: &str) -> String {
    lang.pick(["每年 ", money], [money, " a year"]).concat()
}

/// What a plan leaves out.
pub fn does_not_price(lang: Lang, meters: &[&str]) -> String {
    match lang {
        Lang::Zh => ["不含", &meters.join("、")].concat(),
        Lang::En => ["Does not price ", &meters.join(", ")].concat(),
    }
}

/// What the live region says after a change.
pub fn announced(lang: Lang, plan: &str, total: &str) -> String {
    match lang {
        Lang::Zh => [plan, "：每月 ", total].concat(),
        Lang::En => [plan, ": ", total, " a month"].concat(),
    }
}

/// Why the usage has no price.
pub fn rate_error(lang: Lang, error: &RateError) -> String {
    match error {
        RateError::Overflow { .. } => super::too_large(lang).to_owned(),
        RateError::UnknownPlan { .. }
        | RateError::UnknownMeter { .. }
        | RateError::DuplicateMeter { .. }
        | RateError::NegativeQuantity { .. }
        | RateError::Account(_) => [super::cannot_price(lang), &error.to_string()].concat(),
        RateError::NeedsEvents { .. } => [super::cannot_price(lang), &error.to_string()].concat(),
        RateError::NoPrice { .. } | RateError::NotNumber { .. } => {
            [super::cannot_price(lang), &error.to_string()].concat()
        }
    }
}

/// A quantity within several tiers, as one line.
pub fn in_tiers(lang: Lang, units: &str, tiers: usize) -> String {
    let tiers = tiers.to_string();
    match lang {
        Lang::Zh => [units, "，分 ", &tiers, " 档计价"].concat(),
        Lang::En => [units, " in ", &tiers, " tiers"].concat(),
    }
}

/// A quantity in parts that are priced each by itself, as one line.
pub fn in_parts(lang: Lang, units: &str, parts: usize) -> String {
    let parts = parts.to_string();
    match lang {
        Lang::Zh => [units, "，分 ", &parts, " 部分计价"].concat(),
        Lang::En => [units, " in ", &parts, " parts"].concat(),
    }
}

/// The sum of rows.
pub fn in_all(lang: Lang, units: &str) -> String {
    lang.pick(["共 ", units], [units, " in all"]).concat()
}

/// What a plan commits its customer to.
pub fn commit_own(lang: Lang, amount: &str) -> String {
    match lang {
        Lang::Zh => ["此套餐承诺每月 ", amount, "；其余条款不变。"].concat(),
        Lang::En => ["This plan commits to ", amount, " a month; all else stays."].concat(),
    }
}

/// Another commitment that costs more.
pub fn commit_more(lang: Lang, then: &str, more: &str) -> String {
    match lang {
        Lang::Zh => ["每月 ", then, "，比现在多 ", more].concat(),
        Lang::En => [then, " a month, ", more, " more than now"].concat(),
    }
}

/// Another commitment that costs less.
pub fn commit_less(lang: Lang, then: &str, less: &str) -> String {
    match lang {
        Lang::Zh => ["每月 ", then, "，比现在少 ", less].concat(),
        Lang::En => [then, " a month, ", less, " less than now"].concat(),
    }
}

/// Another commitment that changes nothing.
pub fn commit_same(lang: Lang, then: &str) -> String {
    match lang {
        Lang::Zh => ["每月 ", then, "，与现在相同"].concat(),
        Lang::En => [then, " a month, the same as now"].concat(),
    }
}

/// Meters that are not offered for the axis.
pub fn off_axis(lang: Lang, meters: &[&str]) -> String {
    match lang {
        Lang::Zh => [&meters.join("、"), "的价格取决于其构成，不能作为横轴。"].concat(),
        Lang::En => ["Not on the axis, as the price depends on its parts: ", &meters.join(", "), "."].concat(),
    }
}

/// A number of things at a price.
pub fn times(count: &str, price: &str) -> String {
    [count, " × ", price].concat()
}

/// All of the usage is free.
pub fn of_included(lang: Lang, used: &str, included: &str) -> String {
    match lang {
        Lang::Zh => ["已含 ", included, "，用 ", used].concat(),
        Lang::En => [used, " of ", included, " included"].concat(),
    }
}

/// A price for packages.
pub fn per_package(lang: Lang, price: &str, size: &str) -> String {
    match lang {
        Lang::Zh => ["每包（", size, "）", price].concat(),
        Lang::En => [price, " per begun ", size].concat(),
    }
}

/// The curve's message where the cheapest plan changes once.
pub fn cheaper_from(lang: Lang, plan: &str, quantity: &str) -> String {
    match lang {
        Lang::Zh => ["每月 ", quantity, "起，", plan, "更便宜"].concat(),
        Lang::En => [plan, " is cheaper from ", quantity, " a month"].concat(),
    }
}

/// The curve's message where it changes a few times: the first plan, then each with the quantity it begins at.
pub fn cheapest_in_turn(lang: Lang, first: &str, then: &[(String, String)]) -> String {
    let mut text = match lang {
        Lang::Zh => ["用量少时", first, "最便宜；每月 "].concat(),
        Lang::En => [first, " is the cheapest at first; "].concat(),
    };
    for (index, (quantity, plan)) in then.iter().enumerate() {
        let (comma, month) = match (index, lang) {
            (0, Lang::Zh) => ("", ""),
            (0, Lang::En) => ("", " a month"),
            (_, Lang::Zh) => ("，", ""),
            (_, Lang::En) => (", ", ""),
        };
        let parts = lang.pick([comma, quantity, "起", plan, month], [comma, plan, " from ", quantity, month]);
        text.push_str(&parts.concat());
    }
    text
}

/// The curve's message where it changes often.
pub fn cheapest_changes(lang: Lang, count: usize, meter: &str) -> String {
    let count = count.to_string();
    match lang {
        Lang::Zh => ["随", meter, "增加，最便宜的套餐变化 ", &count, " 次"].concat(),
        Lang::En => ["The cheapest plan changes ", &count, " times over ", meter].concat(),
    }
}

/// The curve's message where it never changes.
pub fn always_cheapest(lang: Lang, plan: &str, meter: &str) -> String {
    match lang {
        Lang::Zh => ["无论", meter, "多少，", plan, "都最便宜"].concat(),
        Lang::En => [plan, " is the cheapest at every volume of ", meter].concat(),
    }
}

/// The curve's message for one plan.
pub fn cost_of_one(lang: Lang, plan: &str, meter: &str) -> String {
    match lang {
        Lang::Zh => [plan, "的费用随", meter, "的变化"].concat(),
        Lang::En => ["What ", plan, " costs over ", meter].concat(),
    }
}

/// What is left out of the curve.
pub fn left_out(lang: Lang, plans: &[&str]) -> String {
    match lang {
        Lang::Zh => [&plans.join("、"), "未为全部用量定价，故不在图中。"].concat(),
        Lang::En => ["Left out, as not all of the usage is priced: ", &plans.join(", "), "."].concat(),
    }
}

/// A power of ten in a few characters: 10k, 1M; 1万, 100万.
pub fn compact_power(lang: Lang, power: i32) -> String {
    let (unit_power, unit) = match (lang, power) {
        (_, i32::MIN..=2) => (0, ""),
        (Lang::Zh, 3) => (3, "千"),
        (Lang::Zh, 4..=7) => (4, "万"),
        (Lang::Zh, 8..=11) => (8, "亿"),
        (Lang::Zh, _) => (12, "万亿"),
        (Lang::En, 3..=5) => (3, "k"),
        (Lang::En, 6..=8) => (6, "M"),
        (Lang::En, 9..=11) => (9, "B"),
        (Lang::En, _) => (12, "T"),
    };
    let zeros = |count: u32| "0".repeat(usize::try_from(count).unwrap_or(0));
    match u32::try_from(power - unit_power) {
        Ok(above) => ["1", &zeros(above), unit].concat(),
        Err(_) => ["0.", &zeros(power.unsigned_abs().saturating_sub(1)), "1"].concat(),
    }
}

/// The name of an axis: what, in which unit, a month.
pub fn per_month(lang: Lang, name: &str, unit: Option<&str>) -> String {
    match (lang, unit) {
        (Lang::Zh, Some(unit)) => ["每月", name, "（", unit, "）"].concat(),
        (Lang::Zh, None) => ["每月", name].concat(),
        (Lang::En, Some(unit)) => [name, " a month, in ", unit].concat(),
        (Lang::En, None) => [name, " a month"].concat(),
    }
}

/// The period of a bill.
pub fn month_in_zone(lang: Lang, zone: &str) -> String {
    match lang {
        Lang::Zh => ["计费周期：", zone, " 时区的自然月"].concat(),
        Lang::En => ["Billed by calendar month in ", zone].concat(),
    }
}

/// A tax that is in the total.
pub fn with_tax(lang: Lang, name: &str, percent: &str) -> String {
    match lang {
        Lang::Zh => ["含 ", percent, "% ", name].concat(),
        Lang::En => ["with ", percent, "% ", name].concat(),
    }
}

/// Which price book.
pub fn book_version(lang: Lang, id: &str, version: &str, since: &str) -> String {
    match lang {
        Lang::Zh => ["价目表 ", id, " ", version, "，自", since, "起生效"].concat(),
        Lang::En => ["Price book ", id, " ", version, ", in force from ", since].concat(),
    }
}

/// The head of a printed or downloaded estimate.
pub fn estimate_for(lang: Lang, book: &str, plan: &str) -> String {
    lang.pick([book, "费用估算：", plan], [book, " estimate: ", plan]).concat()
}

/// How many days are left.
pub fn days_left(lang: Lang, days: i64) -> String {
    let count = days.to_string();
    match (lang, days) {
        (Lang::Zh, _) => ["还剩 ", &count, " 天"].concat(),
        (Lang::En, 1) => "1 day left".to_owned(),
        (Lang::En, _) => [&count, " days left"].concat(),
    }
}

/// The trial page's answer where nothing runs out.
pub fn on_track(lang: Lang, percent: &str, days: &str) -> String {
    match lang {
        Lang::Zh => ["用量正常：已用 ", percent, "%，", days, "，"].concat(),
        Lang::En => ["You are on track: ", percent, "\u{a0}% used, ", days, ", "].concat(),
    }
}

/// The end of an answer: what is due by now.
pub fn to_pay(lang: Lang, money: Option<&str>) -> String {
    match (lang, money) {
        (Lang::Zh, None) => "无需付费。".to_owned(),
        (Lang::En, None) => "nothing to pay.".to_owned(),
        (Lang::Zh, Some(money)) => ["至今费用 ", money, "。"].concat(),
        (Lang::En, Some(money)) => [money, " to pay so far."].concat(),
    }
}

/// The trial page's answer where a quota will run out.
pub fn will_run_out(lang: Lang, name: &str, date: &str, after: &str) -> String {
    match lang {
        Lang::Zh => ["按目前速度，", name, "的免费额度将于", date, "用完；", after, "。"].concat(),
        Lang::En => ["At this pace the free quota of ", name, " lasts until ", date, "; ", after, "."].concat(),
    }
}

/// The trial page's answer where a quota is used up.
pub fn has_run_out(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Zh => [name, "的免费额度已用完，"].concat(),
        Lang::En => ["The free quota of ", name, " is used up; "].concat(),
    }
}

/// How long one quota lasts.
pub fn lasts_until(lang: Lang, date: &str) -> String {
    match lang {
        Lang::Zh => ["按目前速度可用到", date].concat(),
        Lang::En => ["Lasts until ", date, " at this pace"].concat(),
    }
}

/// What comes after a quota.
pub fn after_that(lang: Lang, price: &str) -> String {
    lang.pick(["之后", price], ["after that ", price]).concat()
}

/// What comes now that a quota is used up.
pub fn from_now_on(lang: Lang, price: &str) -> String {
    lang.pick(["现在", price], ["from now on ", price]).concat()
}

/// A share.
pub fn percent_used(lang: Lang, percent: &str) -> String {
    lang.pick(["已用 ", percent, "%"], [percent, "\u{a0}%", " used"]).concat()
}

/// Used of included.
pub fn used_of(lang: Lang, used: &str, included: &str) -> String {
    match lang {
        Lang::Zh => ["已用 ", used, "，共 ", included].concat(),
        Lang::En => [used, " of ", included].concat(),
    }
}

/// What is left of a quota.
pub fn amount_left(lang: Lang, left: &str) -> String {
    lang.pick(["剩余 ", left], [left, " left"]).concat()
}

/// The plan somebody is on, and the month.
pub fn plan_in(lang: Lang, plan: &str, first: &str, last: &str) -> String {
    match lang {
        Lang::Zh => [plan, "，", first, "至", last].concat(),
        Lang::En => [plan, ", ", first, " to ", last].concat(),
    }
}

/// When the figures are from.
pub fn as_of(lang: Lang, time: &str) -> String {
    lang.pick(["数据时间 ", time], ["As of ", time]).concat()
}

/// The page cannot reach the server.
pub fn offline_since(lang: Lang, time: &str) -> String {
    match lang {
        Lang::Zh => ["连接中断，显示的是 ", time, " 的数据；正在重试。"].concat(),
        Lang::En => ["No connection. These are the figures of ", time, "; trying again."].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::compact_power;
    use engine::text::Lang;

    #[test]
    fn powers_of_ten_have_short_names() {
        let names = |lang| (-2..=13).map(|power| compact_power(lang, power)).collect::<Vec<_>>().join(" ");
        assert_eq!(names(Lang::En), "0.01 0.1 1 10 100 1k 10k 100k 1M 10M 100M 1B 10B 100B 1T 10T");
        assert_eq!(names(Lang::Zh), "0.01 0.1 1 10 100 1千 1万 10万 100万 1000万 1亿 10亿 100亿 1000亿 1万亿 10万亿");
    }
}
