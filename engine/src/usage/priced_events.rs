//! Which events a charge prices: those that its meters count, in the groups that it selects. Answers for one event at a
//! time, so that whoever shows the events behind a line needs no more memory than one; never counts.

use std::sync::Arc;

use super::counter::Around;
use super::meter::{MeterError, Reset};
use super::meters::Meters;
use super::span::Span;
use super::usage_event::UsageEvent;
use crate::catalog::{Charge, Condition, Pricing};
use crate::ids::MeterId;

/// Tells of each event whether a charge prices it.
#[derive(Debug, Clone)]
pub struct PricedEvents {
    meters: Arc<Meters>,
    span: Span,
    /// The places of the charge's meters, with the conditions on their groups.
    parts: Vec<(usize, Vec<Condition>)>,
    /// The one group that is wanted, if it is one.
    group: Option<Vec<String>>,
}

impl PricedEvents {
    /// The events of a charge in a period. A charge without a meter prices none.
    pub fn of(meters: Arc<Meters>, span: Span, charge: &Charge) -> Self {
        let only = |meter: &MeterId| match &charge.pricing {
            Pricing::Metered(metered) if metered.meter == *meter => metered.only.clone(),
            Pricing::Metered(_) | Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => Vec::new(),
        };
        let wanted = charge.meters();
        let places = meters.meters.iter().enumerate().filter(|(_, meter)| wanted.contains(&&meter.id));
        let parts = places.map(|(place, meter)| (place, only(&meter.id))).collect();
        Self { meters, span, parts, group: None }
    }

    /// Only those of the group with this key.
    pub fn in_group(self, key: Vec<String>) -> Self {
        Self { group: Some(key), ..self }
    }

    /// Whether events from before the period are among them: where a meter never resets.
    pub fn want_history(&self) -> bool {
        let mut meters = self.parts.iter().filter_map(|(place, _)| self.meters.meters.get(*place));
        meters.any(|meter| meter.reset == Reset::Never)
    }

    /// Whether the charge prices the event.
    pub fn hold<E: UsageEvent>(&self, event: &E) -> Result<bool, MeterError> {
        let Self { meters, span, parts, group } = self;
        let mut key = Vec::new();
        let time = event.time();
        let (inside, before) = (span.period.contains(time), time < span.period.start);
        for (place, only) in parts {
            let Some(meter) = meters.meters.get(*place) else { continue };
            let belongs = inside || (before && meter.reset == Reset::Never);
            if !belongs || !meter.selects(event) || meter.read(event)?.is_none() {
                continue;
            }
            let mut around = Around { calendars: &meters.calendars, span, key: &mut key };
            let found = around.key_of(meter, event)?;
            let selected = only.iter().all(|condition| condition.holds(found));
            if selected && group.as_deref().is_none_or(|group| group == found) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::PricedEvents;
    use crate::catalog::BookDraft;
    use crate::period::Month;
    use crate::usage::{Event, Meters, Span};

    const BOOK: &str = r#"
[book]
id = "shop"
version = "1"
effective = "2026-01-01"
currency = "CNY"
zone = "Asia/Shanghai"
rounding = { at = "line", mode = "half_up" }
name = { zh = "商店", en = "Shop" }

[meters.calls]
name = { zh = "调用", en = "Calls" }
event = "api.call"
aggregate = "count"
group_by = ["api"]

[plans.p]
name = { zh = "甲", en = "P" }
[[plans.p.charges]]
meter = "calls"
where = { api = ["maps", "routes"] }
per_unit = { price = "0.50" }
[[plans.p.charges]]
id = "base"
name = { zh = "月费", en = "Base fee" }
flat = "7.00"
"#;

    fn event(kind: &str, api: &str, time: &str) -> Event {
        Event {
            source: "test".to_owned(),
            id: "1".to_owned(),
            customer: crate::ids::CustomerId::new("c").unwrap(),
            kind: kind.to_owned(),
            time: time.parse().unwrap(),
            data: [("api".to_owned(), api.into())].into(),
        }
    }

    fn held(charge: usize, group: Option<&str>) -> Vec<bool> {
        let book = BookDraft::from_toml(BOOK).check().unwrap();
        let span = Span::new(book.zone, Month::parse("2026-11").unwrap().period(book.zone).unwrap());
        let charge = &book.plans[0].charges[charge];
        let mut events = PricedEvents::of(Meters::of(&book), span, charge);
        if let Some(group) = group {
            events = events.in_group(vec![group.to_owned()]);
        }
        let inside = "2026-11-15T00:00:00Z";
        [
            event("api.call", "maps", inside),
            event("api.call", "routes", inside),
            event("api.call", "mail", inside),
            event("other", "maps", inside),
            // November ends at 16:00 UTC on the 30th by Shanghai's clocks.
            event("api.call", "maps", "2026-11-30T16:00:00Z"),
        ]
        .iter()
        .map(|event| events.hold(event).unwrap())
        .collect()
    }

    #[test]
    fn events_of_selected_groups_inside_the_period_are_priced() {
        assert_eq!(held(0, None), [true, true, false, false, false]);
    }

    #[test]
    fn of_one_group_only_its_own_events_are_priced() {
        assert_eq!(held(0, Some("routes")), [false, true, false, false, false]);
    }

    #[test]
    fn a_flat_charge_prices_no_events() {
        assert_eq!(held(1, None), [false; 5]);
    }
}
