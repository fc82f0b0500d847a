//! Made-up events: random ids like UUIDs, 10,000 customers, 5 attributes. The same for everybody who is measured.

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;

/// The start of 2026-11-01 in microseconds.
pub(crate) const START_US: i64 = 1_793_491_200_000_000;
/// November has that many.
pub(crate) const MONTH_US: i64 = 30 * 86_400_000_000;
/// Events come at this distance.
pub(crate) const STEP_US: i64 = 20_000;
pub(crate) const CUSTOMERS: u64 = 10_000;

/// Numbers that look random and are the same in every run.
pub(crate) fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// A random id as UUIDs of the fourth kind are written.
pub(crate) fn id(n: u64) -> String {
    let (a, b) = (mix(n), mix(n ^ 0x5555_5555_5555_5555));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 50),
        b & 0xffff_ffff_ffff
    )
}

/// The time of the event of this number: the month fills up evenly and then begins again.
pub(crate) fn time_us(n: u64) -> i64 {
    START_US + i64::try_from(n).unwrap() * STEP_US % MONTH_US
}

pub(crate) fn customer(n: u64) -> String {
    format!("customer-{}", mix(n ^ 0xaaaa) % CUSTOMERS)
}

/// The event of this number.
pub(crate) fn event(n: u64) -> Event {
    let h = mix(n ^ 0x1234_5678);
    let data = [
        ("api", ["search", "maps", "embed"][usize::try_from(h % 3).unwrap()].to_owned()),
        ("bytes", (h / 3 % 100_000).to_string()),
        ("method", "GET".to_owned()),
        ("region", format!("cn-{}", h / 300_000 % 5)),
        ("status", if h % 50 == 0 { "500" } else { "200" }.to_owned()),
    ];
    Event {
        source: format!("/gateway/{}", n % 4),
        id: id(n),
        customer: CustomerId::new(&customer(n)).unwrap(),
        kind: "api.call".to_owned(),
        time: Instant::from_timestamp_micros(time_us(n)).unwrap(),
        data: data.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
    }
}
