//! Compares an answer with what a case expects: numbers by value, everything else letter by letter.
//!
//! A figure that its source shows cut to some places (`SHOWN`) is compared at those places; all others must be equal.

use std::fmt::Write as _;

use engine::exact::Exact;
use engine::rounding::{RoundingMode, round};
use serde_json::Value;

use super::Case;

/// Fields that sources print with as many digits as they could show.
const SHOWN: [&str; 4] = ["precise", "coefficient", "price_per_day", "effective_unit_amount"];

/// Fields whose parts sources trim until they add up; they may differ by 0.00001.
const TRIMMED: [&str; 1] = ["coupon_share"];

/// Every difference between what was expected and the answer, empty if there is none. Keys of the answer that were not
/// expected are not looked at, nor are `peer_*` figures, which the source's own rule does not give.
pub fn differences(case: &Case, actual: &Value) -> String {
    if case.model == super::ask::MODEL {
        // Our own answers are compared letter by letter: "42.00" is not "42".
        return crate::scenario::differences(&case.expected, actual);
    }
    let mut found = String::new();
    let scale = case.expected.get("display_scale").and_then(Value::as_str).and_then(|text| text.parse().ok());
    compare(&Place { path: "", key: "", scale }, &case.expected, actual, &mut found);
    found.trim_end_matches("; ").to_owned()
}

struct Place<'p> {
    path: &'p str,
    /// The field of the whole answer in which this place is.
    key: &'p str,
    scale: Option<u32>,
}

fn compare(place: &Place<'_>, expected: &Value, actual: &Value, found: &mut String) {
    match (expected, actual) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, value) in fields {
                if name.starts_with("peer_") || name == "display_scale" {
                    continue;
                }
                let path = format!("{}.{name}", place.path);
                let key = if place.key.is_empty() { name } else { place.key };
                let inner = Place { path: &path, key, scale: place.scale };
                match others.get(name) {
                    Some(other) => compare(&inner, value, other, found),
                    None => drop(write!(found, "{path}: expected {value}, but it is not there; ")),
                }
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                let path = format!("{}[{index}]", place.path);
                compare(&Place { path: &path, key: place.key, scale: place.scale }, item, other, found);
            }
        }
        (Value::String(item), Value::String(other)) if same(place, item, other) => {}
        (item, other) if item == other => {}
        (item, other) => drop(write!(found, "{}: expected {item}, got {other}; ", place.path)),
    }
}

fn same(place: &Place<'_>, expected: &str, actual: &str) -> bool {
    let (Ok(wanted), Ok(got)) = (expected.parse::<Exact>(), actual.parse::<Exact>()) else {
        return expected == actual;
    };
    if TRIMMED.contains(&place.key) {
        let apart =
            wanted.checked_sub(got).and_then(|d| if d.signum() < 0 { Exact::ZERO.checked_sub(d) } else { Ok(d) });
        let allowed = Exact::ratio(1, 100_000);
        return apart
            .ok()
            .zip(allowed)
            .is_some_and(|(d, allowed)| allowed.checked_sub(d).is_ok_and(|r| r.signum() >= 0));
    }
    let shown = if SHOWN.contains(&place.key) { Some(places(expected)) } else { place.scale };
    match shown {
        Some(digits) => round(got, digits, RoundingMode::HalfUp).is_ok_and(|money| money.exact() == wanted),
        None => wanted == got,
    }
}

fn places(text: &str) -> u32 {
    text.split_once('.').map_or(0, |(_, fraction)| u32::try_from(fraction.len()).unwrap_or(u32::MAX))
}
