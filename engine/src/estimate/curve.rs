//! The cost of each plan over the quantity of one meter, and the quantities at which another plan becomes the cheapest.

use serde::{Deserialize, Serialize};

use crate::catalog::{Book, Plan};
use crate::ids::{MeterId, PlanId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rating::prepared::PreparedPlan;
use crate::rating::{RateError, find_plan, rate_total};
use crate::usage::{MeterUsage, Usage};

/// The totals of all plans at one quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The quantity of the meter that varies.
    pub quantity: Quantity,
    /// The total of each plan, in the order asked for.
    pub totals: Vec<Money>,
}

/// From `quantity` on (in whole units), `plan` is the cheapest, where a smaller quantity had another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BestPlanChange {
    /// The smallest whole quantity at which the change is found.
    pub quantity: Quantity,
    /// The plan that was cheapest before.
    pub before: PlanId,
    /// The plan that is cheapest from here.
    pub after: PlanId,
}

/// The cost of plans over the quantity of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Curve {
    /// One point for each quantity asked for.
    pub points: Vec<CurvePoint>,
    /// Where the cheapest plan changes between the first and the last point.
    pub changes: Vec<BestPlanChange>,
}

/// Prices `usage` on `plans` with `meter` set to each of `quantities`, which rise and are whole numbers.
///
/// Changes of the cheapest plan are found exactly between two neighbouring quantities; if it changes and changes back
/// between two neighbours, that is not seen, so choose them close enough.
///
/// The meter varies as one quantity: groups and single events that `usage` has of it are left out.
pub fn curve(book: &Book, plans: &[PlanId], usage: &Usage, over: (&MeterId, &[Quantity])) -> Result<Curve, RateError> {
    let (meter, quantities) = over;
    let plans = plans.iter().map(|plan| find_plan(book, plan.as_str())).collect::<Result<Vec<_>, _>>()?;
    let mut usage = usage.clone();
    let slot = slot_of(&mut usage, meter);
    let ready = Ready::new(book, &plans, &usage, meter);
    let mut scene = Scene { book, plans, usage, slot, ready };
    let mut points: Vec<CurvePoint> = Vec::new();
    let mut changes = Vec::new();
    for quantity in quantities {
        let point = scene.at(*quantity)?;
        if let Some(before) = points.last() {
            scene.find_changes(before, &point, &mut changes)?;
        }
        points.push(point);
    }
    Ok(Curve { points, changes })
}

fn slot_of(usage: &mut Usage, meter: &MeterId) -> usize {
    let varied = MeterUsage::assumed(meter.clone(), Quantity::ZERO);
    if let Some((slot, item)) = usage.0.iter_mut().enumerate().find(|(_, item)| item.meter == *meter) {
        *item = varied;
        return slot;
    }
    usage.0.push(varied);
    usage.0.len().saturating_sub(1)
}

struct Scene<'b> {
    book: &'b Book,
    plans: Vec<&'b Plan>,
    usage: Usage,
    slot: usize,
    ready: Option<Ready<'b>>,
}

/// The plans prepared, and the quantities of the book's meters, of which `varied` is the one that varies.
struct Ready<'b> {
    plans: Vec<PreparedPlan<'b>>,
    quantities: Vec<Quantity>,
    varied: usize,
}

impl<'b> Ready<'b> {
    /// `None` where a plan cannot be prepared or the usage is to be refused: then `rate_total` answers.
    fn new(book: &'b Book, plans: &[&'b Plan], usage: &Usage, meter: &MeterId) -> Option<Self> {
        let plans = plans.iter().map(|plan| PreparedPlan::new(book, plan)).collect::<Option<Vec<_>>>()?;
        let varied = book.meters.iter().position(|known| known.id == *meter)?;
        let mut quantities = Vec::new();
        for plan in &plans {
            quantities = plan.quantities(usage).ok()?;
        }
        Some(Self { plans, quantities, varied })
    }

    fn totals(&mut self, quantity: Quantity) -> Result<Vec<Money>, RateError> {
        if let Some(varied) = self.quantities.get_mut(self.varied) {
            *varied = quantity;
        }
        self.plans.iter().map(|plan| plan.total(&self.quantities)).collect()
    }
}

impl Scene<'_> {
    fn at(&mut self, quantity: Quantity) -> Result<CurvePoint, RateError> {
        if let Some(ready) = &mut self.ready {
            return Ok(CurvePoint { quantity, totals: ready.totals(quantity)? });
        }
        if let Some(item) = self.usage.0.get_mut(self.slot) {
            item.quantity = quantity;
        }
        let totals = self.plans.iter().map(|plan| rate_total(self.book, plan, &self.usage));
        Ok(CurvePoint { quantity, totals: totals.collect::<Result<_, _>>()? })
    }

    /// Bisects between two points until neighbouring whole quantities have different cheapest plans.
    fn find_changes(
        &mut self,
        low: &CurvePoint,
        high: &CurvePoint,
        changes: &mut Vec<BestPlanChange>,
    ) -> Result<(), RateError> {
        let (Some(before), Some(after)) = (cheapest(low), cheapest(high)) else {
            return Ok(());
        };
        if before == after {
            return Ok(());
        }
        let Some(middle) = middle(low.quantity, high.quantity) else {
            let (Some(before), Some(after)) = (self.plans.get(before), self.plans.get(after)) else {
                return Ok(());
            };
            let (before, after) = (before.id.clone(), after.id.clone());
            changes.push(BestPlanChange { quantity: high.quantity, before, after });
            return Ok(());
        };
        let middle = self.at(middle)?;
        self.find_changes(low, &middle, changes)?;
        self.find_changes(&middle, high, changes)
    }
}

/// The index of the lowest total; the first one where several share it.
fn cheapest(point: &CurvePoint) -> Option<usize> {
    point.totals.iter().enumerate().min_by_key(|(_, total)| **total).map(|(index, _)| index)
}

/// A whole quantity strictly between two whole quantities, if there is one.
fn middle(low: Quantity, high: Quantity) -> Option<Quantity> {
    let (low, high) = (whole(low)?, whole(high)?);
    let half = high.checked_sub(low)?.checked_div(2)?;
    if half == 0 {
        return None;
    }
    let middle = low.checked_add(half)?;
    rust_decimal::Decimal::try_from_i128_with_scale(middle, 0).ok().map(Quantity::new)
}

fn whole(quantity: Quantity) -> Option<i128> {
    let decimal = quantity.decimal();
    (decimal.scale() == 0).then(|| decimal.mantissa())
}
