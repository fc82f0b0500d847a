//! For whom a new version is cheaper or dearer: each plan's total over the quantity of each meter, in both books.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, Plan, Pricing};
use crate::ids::{MeterId, PlanId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rating::rate_total;
use crate::rounding::{RoundingMode, to_integer};
use crate::text::{Lang, Names, format_decimal, format_money};
use crate::usage::{MeterUsage, Usage};

/// What a plan costs now against before, over the quantity of one meter while nothing else is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The plan.
    pub plan: PlanId,
    /// What customers call it.
    pub plan_name: Names,
    /// The meter whose quantity varies; `None` where the plan prices none.
    pub meter: Option<MeterId>,
    /// What customers call that.
    pub meter_name: Option<Names>,
    /// The quantities in order, each range with its verdict.
    pub ranges: Vec<Range>,
}

/// Neighbouring whole quantities with the same verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first quantity.
    pub from: Quantity,
    /// The last quantity; `None` if nothing is known to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Quantity>,
    /// Cheaper, dearer or the same.
    pub verdict: Verdict,
    /// The total at `from` in the old book.
    pub before: Money,
    /// The total at `from` in the new book.
    pub after: Money,
}

/// How the new total compares with the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The new book is cheaper.
    Cheaper,
    /// Both cost the same.
    Same,
    /// The new book is dearer.
    Dearer,
}

/// The effects on every plan that both books have, where something changes at all.
pub(super) fn effects(old: &Book, new: &Book) -> Vec<Effect> {
    if old.currency != new.currency {
        return Vec::new();
    }
    let mut found = Vec::new();
    for plan in &old.plans {
        let Some(now) = new.plans.iter().find(|candidate| candidate.id == plan.id) else { continue };
        let mut meters: Vec<Option<MeterId>> = Vec::new();
        for meter in plan.charges.iter().chain(&now.charges).filter_map(|charge| charge.meter()) {
            let known = old.meter(meter).is_some() && new.meter(meter).is_some();
            if known && !meters.iter().flatten().any(|other| other == meter) {
                meters.push(Some(meter.clone()));
            }
        }
        if meters.is_empty() {
            meters.push(None);
        }
        for meter in meters {
            let scene = Scene { old: (old, plan), new: (new, now), meter: meter.clone() };
            let ranges = scene.ranges();
            if ranges.iter().any(|range| range.verdict != Verdict::Same) {
                let meter_name = meter.as_ref().and_then(|id| new.meter(id)).map(|meter| meter.name.clone());
                found.push(Effect { plan: plan.id.clone(), plan_name: now.name.clone(), meter, meter_name, ranges });
            }
        }
    }
    found
}

struct Scene<'b> {
    old: (&'b Book, &'b Plan),
    new: (&'b Book, &'b Plan),
    meter: Option<MeterId>,
}

#[derive(Clone, Copy)]
struct Point {
    quantity: Quantity,
    before: Money,
    after: Money,
}

impl Point {
    fn verdict(&self) -> Verdict {
        match self.after.cmp(&self.before) {
            Ordering::Less => Verdict::Cheaper,
            Ordering::Equal => Verdict::Same,
            Ordering::Greater => Verdict::Dearer,
        }
    }
}

impl Scene<'_> {
    /// Totals are straight lines between the bounds of both books, so a verdict changes at most once between two.
    fn ranges(&self) -> Vec<Range> {
        let mut points: Vec<Point> = Vec::new();
        for quantity in self.samples() {
            let Some(point) = self.at(quantity) else { continue };
            if let Some(last) = points.last().copied() {
                self.changes(last, point, &mut points);
            }
            points.push(point);
        }
        let mut ranges: Vec<Range> = Vec::new();
        for point in points {
            match ranges.last_mut() {
                Some(range) if range.verdict == point.verdict() => range.up_to = Some(point.quantity),
                Some(_) | None => ranges.push(Range {
                    from: point.quantity,
                    up_to: Some(point.quantity),
                    verdict: point.verdict(),
                    before: point.before,
                    after: point.after,
                }),
            }
        }
        if let Some(last) = ranges.last_mut() {
            last.up_to = None;
        }
        ranges
    }

    fn at(&self, quantity: Quantity) -> Option<Point> {
        let used = self.meter.iter().map(|meter| MeterUsage::assumed(meter.clone(), quantity));
        let usage = Usage(used.collect());
        let total = |(book, plan): (&Book, &Plan)| rate_total(book, plan, &usage).ok();
        Some(Point { quantity, before: total(self.old)?, after: total(self.new)? })
    }

    /// 0, 1, every bound of both books after what is included, the whole quantity after each, and far beyond.
    fn samples(&self) -> Vec<Quantity> {
        let mut samples = vec![Quantity::ZERO];
        if self.meter.is_none() {
            return samples;
        }
        samples.push(Quantity::from(1));
        for charge in self.old.1.charges.iter().chain(&self.new.1.charges) {
            let Pricing::Metered(metered) = &charge.pricing else { continue };
            if Some(&metered.meter) != self.meter.as_ref() {
                continue;
            }
            for bound in metered.model.bounds().into_iter().chain([Quantity::ZERO]) {
                let bound = bound.checked_add(metered.included);
                let next = bound.and_then(|bound| bound.checked_add(Quantity::from(1)));
                samples.extend(bound.into_iter().chain(next));
            }
        }
        let far = samples.iter().max().map(|far| far.checked_times(Quantity::from(100)));
        samples.extend(far.into_iter().flatten());
        samples.push(Quantity::from(1_000_000));
        samples.sort_unstable();
        samples.dedup();
        samples
    }

    /// Puts the last point of each verdict and the first of the next between two points that differ: cheaper may become
    /// dearer over a stretch of the same.
    fn changes(&self, low: Point, high: Point, points: &mut Vec<Point>) {
        let mut from = low;
        while from.verdict() != high.verdict() {
            let (mut last, mut next) = (from, high);
            while let Some(middle) = middle(last.quantity, next.quantity).and_then(|middle| self.at(middle)) {
                if middle.verdict() == from.verdict() { last = middle } else { next = middle }
            }
            points.extend([last, next]);
            from = next;
        }
    }
}

/// A whole quantity strictly between two, if there is one.
fn middle(low: Quantity, high: Quantity) -> Option<Quantity> {
    let whole = |quantity: Quantity| to_integer(quantity.exact(), RoundingMode::Floor);
    let (low, high) = (whole(low).ok()?, whole(high).ok()?);
    let half = high.checked_sub(low)?.checked_div(2).filter(|half| *half > 0)?;
    rust_decimal::Decimal::try_from_i128_with_scale(low.checked_add(half)?, 0).ok().map(Quantity::new)
}

impl Effect {
    /// The effect as sentences, one for each range: `Starter: above 1,000 API calls cheaper, at 1,001 …`.
    pub fn sentences(&self, currency: crate::money::Currency, lang: Lang) -> Vec<String> {
        let plan = self.plan_name.get(lang);
        let meter = self.meter_name.as_ref().map_or("", |name| name.get(lang));
        let one = |range: &Range| {
            let money = |money: Money| format_money(money, currency, lang);
            let verdict = match range.verdict {
                Verdict::Cheaper => lang.pick("更便宜", "cheaper"),
                Verdict::Same => lang.pick("不变", "the same"),
                Verdict::Dearer => lang.pick("更贵", "dearer"),
            };
            let (from, before, after) = (format_decimal(range.from.decimal()), money(range.before), money(range.after));
            let reach = match range.up_to {
                Some(up_to) if up_to == range.from => from.clone(),
                Some(up_to) => {
                    let up_to = format_decimal(up_to.decimal());
                    lang.pick(format!("{from} 至 {up_to}"), format!("{from} to {up_to}"))
                }
                None => lang.pick(format!("{from} 及以上"), format!("{from} and more")),
            };
            let prices = match range.verdict {
                Verdict::Same => String::new(),
                Verdict::Cheaper | Verdict::Dearer => {
                    lang.pick(format!("（{from} 时：{before} → {after}）"), format!(" (at {from}: {before} → {after})"))
                }
            };
            lang.pick(
                format!("套餐“{plan}”，{meter} {reach}：{verdict}{prices}"),
                format!("Plan {plan}, {meter} {reach}: {verdict}{prices}"),
            )
        };
        self.ranges.iter().map(one).collect()
    }
}
