//! Numbers for people: digits in groups of three, currency signs. Never cuts or rounds a digit.

use rust_decimal::Decimal;

use super::{Lang, Names};
use crate::catalog::UnitPrice;
use crate::exact::Exact;
use crate::money::{Currency, Money};

/// Puts a comma between groups of three digits of the whole part: `1234567.5` becomes `1,234,567.5`.
pub fn group_digits(plain: &str) -> String {
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len().saturating_sub(index);
        if index > 0 && left.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped.push_str(fraction);
    grouped
}

/// A decimal with grouped digits.
pub fn format_decimal(decimal: Decimal) -> String {
    group_digits(&decimal.to_string())
}

/// An exact number with grouped digits, or as a fraction where it has no decimal.
pub fn format_exact(exact: Exact) -> String {
    exact.to_decimal().map_or_else(|| grouped_fraction(exact), format_decimal)
}

/// Numerator and denominator, each with grouped digits.
fn grouped_fraction(exact: Exact) -> String {
    let (num, den) = exact.parts();
    [group_digits(&num.to_string()), group_digits(&den.to_string())].join("/")
}

/// A sum with its currency: `¥1,234.00` for CNY in Chinese, `CN¥1,234.00` in English, `BHD 1.000` where there is no sign.
pub fn format_money(money: Money, currency: Currency, lang: Lang) -> String {
    with_sign(&group_digits(&money.to_string()), currency, lang)
}

/// An exact amount with its currency; at least as many places as the currency has.
pub(super) fn format_amount(exact: Exact, currency: Currency, lang: Lang) -> String {
    match exact.to_decimal() {
        Some(decimal) => format_money(Money::new(decimal).with_places(currency.minor_digits()), currency, lang),
        None => with_sign(&grouped_fraction(exact), currency, lang),
    }
}

fn with_sign(grouped: &str, currency: Currency, lang: Lang) -> String {
    let (minus, digits) = grouped.strip_prefix('-').map_or(("", grouped), |rest| ("-", rest));
    let sign = currency_sign(currency, lang);
    let space = if sign == currency.code() { "\u{a0}" } else { "" };
    [minus, sign, space, digits].concat()
}

/// As the Unicode CLDR has it: the reader's own currency goes without a country.
fn currency_sign(currency: Currency, lang: Lang) -> &'static str {
    match currency.code() {
        "CNY" => lang.pick("¥", "CN¥"),
        "JPY" => lang.pick("JP¥", "¥"),
        "USD" => lang.pick("US$", "$"),
        _ => currency.symbol(),
    }
}

/// A price with what it is for: `¥0.40 per 1,000 calls`, 每 1,000 次 ¥0.40.
pub fn format_unit_price(price: &UnitPrice, currency: Currency, unit: Option<&Names>, lang: Lang) -> String {
    let amount = format_money(price.price.with_places(currency.minor_digits()), currency, lang);
    let per = price.per.decimal();
    let count = if per == Decimal::ONE { String::new() } else { format_decimal(per) };
    let unit = unit.map_or("", |unit| unit.get(lang));
    match (lang, count.as_str(), unit) {
        (Lang::Zh, "", "") => format!("每单位 {amount}"),
        (Lang::Zh, "", unit) => format!("每{unit} {amount}"),
        (Lang::Zh, count, unit) => format!("每 {count} {unit}{}{amount}", if unit.is_empty() { "" } else { " " }),
        (Lang::En, "", _) => format!("{amount} each"),
        (Lang::En, count, "") => format!("{amount} per {count}"),
        (Lang::En, count, unit) => format!("{amount} per {count} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{format_amount, format_exact, format_money, format_unit_price, group_digits};
    use crate::catalog::UnitPrice;
    use crate::money::{Currency, Money};
    use crate::quantity::{Quantity, parse_decimal};
    use crate::text::{Lang, Names};

    #[test]
    fn only_the_whole_part_is_grouped() {
        for (plain, grouped) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.8901", "-1,234,567.8901"),
            ("0.0000166667", "0.0000166667"),
        ] {
            assert_eq!(group_digits(plain), grouped);
        }
    }

    #[test]
    fn fractions_are_grouped_on_both_sides() {
        let cny = Currency::from_code("CNY").unwrap();
        assert_eq!(format_amount("-17/3".parse().unwrap(), cny, Lang::Zh), "-¥17/3");
        assert_eq!(format_exact("12345/6789".parse().unwrap()), "4,115/2,263");
    }

    #[test]
    fn signs_follow_the_reader() {
        let money = |text: &str| Money::new(parse_decimal(text).unwrap());
        let cny = Currency::from_code("CNY").unwrap();
        let bhd = Currency::from_code("BHD").unwrap();
        assert_eq!(format_money(money("-1234.5").with_places(2), cny, Lang::Zh), "-¥1,234.50");
        assert_eq!(format_money(money("1234.5").with_places(2), cny, Lang::En), "CN¥1,234.50");
        assert_eq!(format_money(money("1").with_places(3), bhd, Lang::En), "BHD\u{a0}1.000");
    }

    #[test]
    fn unit_prices_keep_all_their_digits() {
        let price = |price: &str, per: &str| UnitPrice {
            price: Money::new(parse_decimal(price).unwrap()),
            per: Quantity::parse(per).unwrap(),
        };
        let usd = Currency::from_code("USD").unwrap();
        let unit = Names { zh: "次".into(), en: "calls".into() };
        assert_eq!(format_unit_price(&price("0.0000166667", "1"), usd, None, Lang::En), "$0.0000166667 each");
        assert_eq!(format_unit_price(&price("0.4", "1000"), usd, Some(&unit), Lang::En), "$0.40 per 1,000 calls");
        assert_eq!(format_unit_price(&price("0.4", "1000"), usd, Some(&unit), Lang::Zh), "每 1,000 次 US$0.40");
    }
}
