//! The usage of made-up customers: busy days, quiet weekends, a pace of their own. Drawn from a fixed row of numbers.

use chrono::{DateTime, Datelike, TimeDelta, Weekday};
use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;
use serde_json::Value;

/// A made-up customer.
#[derive(Debug, Clone, Copy)]
pub struct Character {
    /// The id that events name.
    pub id: &'static str,
    /// What bills call them.
    pub name: &'static str,
    /// Their plan in the demo book.
    pub plan: &'static str,
    /// Calls on an ordinary working day.
    pub calls_per_day: u64,
    /// Bytes of an ordinary answer.
    pub bytes_per_call: u64,
    /// Images recognised on a working day.
    pub images_per_day: u64,
    /// How much busier they get each day, in thousandths.
    pub growth_per_mille: u64,
}

/// The book they are billed by.
pub const BOOK: &str = "acme-api";

/// All of them.
pub const CHARACTERS: [Character; 6] = [
    character("haitang", "海棠地图工作室", "trial", [260, 480_000, 24, 0]),
    character("northwind-labs", "Northwind Labs", "trial", [420, 520_000, 44, 8]),
    character("qingfeng", "清风翻译", "trial", [60, 60_000, 3, 4]),
    character("yunshan", "云杉智能科技（上海）有限公司", "starter", [220, 11_000_000, 310, 6]),
    character("blue-harbor", "Blue Harbor Logistics", "starter", [160, 7_000_000, 120, 2]),
    character("xinghe", "星河数据服务集团", "growth", [320, 64_000_000, 2600, 5]),
];

const fn character(
    id: &'static str,
    name: &'static str,
    plan: &'static str,
    [calls_per_day, bytes_per_call, images_per_day, growth_per_mille]: [u64; 4],
) -> Character {
    Character { id, name, plan, calls_per_day, bytes_per_call, images_per_day, growth_per_mille }
}

const APIS: [&str; 5] = ["geocode", "route", "tiles", "translate", "ocr"];

/// A fixed row of numbers that looks random (SplitMix64).
#[derive(Debug, Clone, Copy)]
pub struct Numbers(u64);

impl Numbers {
    /// The row of a name.
    pub fn of(name: &str) -> Self {
        Self(
            name.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)),
        )
    }

    /// The next number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }
}

/// The events of a customer's day that begins at `start`; `day` counts from the first day of the story.
pub fn day(character: &Character, id: &CustomerId, (day, start): (u64, Instant)) -> Vec<Event> {
    let mut numbers = Numbers::of(&format!("{} {day}", character.id));
    let busy = busyness(start, day, character, &mut numbers);
    let calls = per_mille(character.calls_per_day, busy);
    let mut events: Vec<Event> =
        (0..calls).map(|call| api_call(character, id, (day, call, start), &mut numbers)).collect();
    let images = per_mille(character.images_per_day, busy);
    if images > 0 {
        // Images come in a few batches a day.
        let batches = images.min(6);
        for batch in 0..batches {
            let share = images.checked_div(batches).unwrap_or(0);
            let rest = if batch == 0 { images.checked_rem(batches).unwrap_or(0) } else { 0 };
            let data = vec![("images", Value::from(share.saturating_add(rest).to_string()))];
            let event_id = format!("{}-{day}-image-{batch}", character.id);
            events.push(event(id, (event_id, "image.recognised"), at(start, &mut numbers), data));
        }
    }
    events
}

fn api_call(
    character: &Character,
    id: &CustomerId,
    (day, call, start): (u64, u64, Instant),
    numbers: &mut Numbers,
) -> Event {
    let size = character.bytes_per_call;
    let bytes = size.checked_div(2).unwrap_or(0).saturating_add(numbers.below(size));
    // The first APIs are the favourites.
    let favourite = numbers.below(5).min(numbers.below(5));
    let api = usize::try_from(favourite).ok().and_then(|index| APIS.get(index)).unwrap_or(&"geocode");
    let data = vec![("api", Value::from(*api)), ("bytes", Value::from(bytes.to_string()))];
    event(id, (format!("{}-{day}-{call}", character.id), "api.call"), at(start, numbers), data)
}

fn event(id: &CustomerId, (event_id, kind): (String, &str), time: Instant, data: Vec<(&str, Value)>) -> Event {
    Event {
        source: "demo".to_owned(),
        id: event_id,
        customer: id.clone(),
        kind: kind.to_owned(),
        time,
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// Some time of the day, more often in the middle of it.
fn at(start: Instant, numbers: &mut Numbers) -> Instant {
    let seconds = numbers.below(43_200).saturating_add(numbers.below(43_200));
    let time = i64::try_from(seconds).ok().and_then(|seconds| start.checked_add_signed(TimeDelta::seconds(seconds)));
    time.unwrap_or(start)
}

/// How busy a day is, in thousandths of an ordinary one.
fn busyness(start: Instant, day: u64, character: &Character, numbers: &mut Numbers) -> u64 {
    let noon: DateTime<_> = start.checked_add_signed(TimeDelta::hours(12)).unwrap_or(start);
    let week = match noon.weekday() {
        Weekday::Sat | Weekday::Sun => 450,
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => 1000,
    };
    let growth = 1000_u64.saturating_add(character.growth_per_mille.saturating_mul(day));
    let mood = 850_u64.saturating_add(numbers.below(300));
    per_mille(per_mille(week, growth), mood)
}

fn per_mille(amount: u64, thousandths: u64) -> u64 {
    amount.saturating_mul(thousandths).checked_div(1000).unwrap_or(0)
}
