//! Units that are not charged and live longer than one price: once-only allowances, what earlier periods left, pools of
//! several charges, and packs. What is left goes out with the bill.
//!
//! Never prices: a charge is priced with as many included units as there are, and what it used is taken off here. Drawn
//! are first units that earlier periods left, oldest first, then those of the period, then packs.

use std::borrow::Cow;

use super::Line;
use super::trace::{PackDrawn, Step};
use crate::catalog::{Charge, Metered, Plan, Pricing, Renews};
use crate::exact::{Exact, Overflow};
use crate::ids::AllowanceId;
use crate::invoice::{Account, AllowanceLeft, Carried, Lot, Pack, pack_order};
use crate::period::Period;
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, round};

/// Decimal places of a prorated allowance whose digits have no end.
const PLACES: u32 = 12;

/// The units of a customer while bills are made.
#[derive(Debug, Clone)]
pub(crate) struct Entitlements {
    left: Vec<AllowanceLeft>,
    packs: Vec<Pack>,
    pools: Vec<(AllowanceId, Stock)>,
}

/// Units of one allowance in a period.
#[derive(Debug, Clone)]
struct Stock {
    renews: Renews,
    /// What earlier periods left, oldest first.
    lots: Vec<Lot>,
    /// What this period brings.
    fresh: Quantity,
}

/// A charge with all units that it may draw as its included ones.
pub(crate) struct Ready<'c> {
    pub(crate) charge: Cow<'c, Charge>,
    own: Option<Own>,
}

struct Own {
    id: AllowanceId,
    pooled: bool,
    stock: Stock,
    /// Places of the packs that it may draw.
    packs: Vec<usize>,
    prorated: bool,
}

impl Stock {
    fn total(&self) -> Result<Quantity, Overflow> {
        self.lots.iter().map(|lot| lot.units).try_fold(self.fresh, Quantity::checked_add)
    }

    fn rolled(&self) -> Result<Quantity, Overflow> {
        self.total()?.checked_sub(self.fresh)
    }

    /// Takes units out, oldest first; what it does not have is given back.
    fn take(&mut self, quantity: Quantity) -> Result<Quantity, Overflow> {
        let mut rest = quantity;
        for units in self.lots.iter_mut().map(|lot| &mut lot.units).chain([&mut self.fresh]) {
            let taken = rest.min(*units);
            *units = units.checked_sub(taken)?;
            rest = rest.checked_sub(taken)?;
        }
        Ok(rest)
    }

    /// What the next period has of it.
    fn kept(self) -> Result<Option<Vec<Lot>>, Overflow> {
        match self.renews {
            Renews::Period => Ok(None),
            Renews::Once => Ok(Some(vec![Lot { units: self.total()?, periods: None }])),
            Renews::RollOver { limit, periods } => {
                let aged = self.lots.into_iter().filter_map(|lot| match lot.periods {
                    None => Some(lot),
                    Some(periods) if periods > 1 => Some(Lot { periods: periods.checked_sub(1), ..lot }),
                    Some(_) => None,
                });
                let mut lots: Vec<Lot> = aged.chain([Lot { units: self.fresh, periods }]).collect();
                if let Some(limit) = limit {
                    let all = lots.iter().map(|lot| lot.units).try_fold(Quantity::ZERO, Quantity::checked_add)?;
                    let mut over = if all > limit { all.checked_sub(limit)? } else { Quantity::ZERO };
                    for lot in &mut lots {
                        let dropped = over.min(lot.units);
                        lot.units = lot.units.checked_sub(dropped)?;
                        over = over.checked_sub(dropped)?;
                    }
                }
                lots.retain(|lot| !lot.units.is_zero());
                Ok(Some(lots))
            }
        }
    }
}

impl Entitlements {
    pub(crate) fn of(account: &Account) -> Self {
        let mut packs = account.packs.clone();
        packs.sort_by(pack_order);
        Self { left: account.allowances.clone(), packs, pools: Vec::new() }
    }

    /// Begins a period, or a share of one, of a plan.
    pub(crate) fn begin(&mut self, plan: &Plan, share: Exact) -> Result<(), Overflow> {
        self.pools.clear();
        for pool in &plan.pools {
            let stock = self.stock((&pool.id, pool.units), pool.renews, pool.prorated.then_some(share))?;
            self.pools.push((pool.id.clone(), stock));
        }
        Ok(())
    }

    /// The charge with all units that it may draw.
    pub(crate) fn ready<'c>(
        &self,
        charge: &'c Charge,
        (share, period): (Exact, Option<&Period>),
    ) -> Result<Ready<'c>, Overflow> {
        let plain = Ready { charge: Cow::Borrowed(charge), own: None };
        let Pricing::Metered(metered) = &charge.pricing else { return Ok(plain) };
        if !charge.takes_units() {
            return Ok(plain);
        }
        let rule = &metered.allowance;
        if self.packs.is_empty() && rule.pool.is_none() && rule.renews == Renews::Period && !rule.prorated {
            return Ok(plain);
        }
        self.drawing(charge, (metered, share, period))
    }

    /// The same for a charge that may draw more than what is its own in this period.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn drawing<'c>(
        &self,
        charge: &'c Charge,
        (metered, share, period): (&Metered, Exact, Option<&Period>),
    ) -> Result<Ready<'c>, Overflow> {
        let plain = Ready { charge: Cow::Borrowed(charge), own: None };
        let usable = |pack: &Pack| pack.meter == metered.meter && pack.covers(period);
        let packs: Vec<usize> =
            self.packs.iter().enumerate().filter(|(_, pack)| usable(pack)).map(|(index, _)| index).collect();
        let rule = &metered.allowance;
        let prorated = rule.prorated && share != Quantity::from(1).exact();
        if packs.is_empty() && rule.pool.is_none() && rule.renews == Renews::Period && !prorated {
            return Ok(plain);
        }
        let Ok(id) = AllowanceId::new(charge.id.as_str()) else { return Ok(plain) };
        let pool = rule.pool.as_ref().and_then(|pool| self.pools.iter().find(|(id, _)| id == pool));
        let (id, pooled, stock) = match pool {
            Some((id, stock)) => (id.clone(), true, stock.clone()),
            None => {
                let stock = self.stock((&id, metered.included), rule.renews, rule.prorated.then_some(share))?;
                (id, false, stock)
            }
        };
        let mut available = stock.total()?;
        for pack in packs.iter().filter_map(|index| self.packs.get(*index)) {
            available = available.checked_add(pack.left)?;
        }
        let mut prepared = charge.clone();
        if let Pricing::Metered(metered) = &mut prepared.pricing {
            metered.included = available;
        }
        Ok(Ready { charge: Cow::Owned(prepared), own: Some(Own { id, pooled, stock, packs, prorated }) })
    }

    /// Takes off what the priced charge used, and says in its trace where the units came from.
    pub(crate) fn settle(&mut self, ready: Ready<'_>, lines: &mut [Line]) -> Result<(), Overflow> {
        match ready.own {
            Some(own) => self.draw(own, lines),
            None => Ok(()),
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn draw(&mut self, mut own: Own, lines: &mut [Line]) -> Result<(), Overflow> {
        let used = lines.iter().find_map(|line| used(&line.steps)).unwrap_or(Quantity::ZERO);
        let (fresh, rolled) = (own.stock.fresh, own.stock.rolled()?);
        let mut rest = own.stock.take(used)?;
        let mut packs = Vec::new();
        for index in own.packs {
            let Some(pack) = self.packs.get_mut(index) else { continue };
            let taken = rest.min(pack.left);
            pack.left = pack.left.checked_sub(taken)?;
            rest = rest.checked_sub(taken)?;
            if !taken.is_zero() {
                packs.push(PackDrawn { pack: pack.id.clone(), used: taken, left: pack.left });
            }
        }
        let step =
            Step::Entitled { fresh, rolled, prorated: own.prorated, pool: own.pooled.then(|| own.id.clone()), packs };
        if let Some(line) = lines.first_mut() {
            insert_before_allowance(&mut line.steps, &mut Some(step));
        }
        if own.pooled {
            if let Some((_, stock)) = self.pools.iter_mut().find(|(id, _)| *id == own.id) {
                *stock = own.stock;
            }
            return Ok(());
        }
        self.keep(own.id, own.stock)
    }

    /// Ends the period: what pools keep is kept.
    pub(crate) fn end(&mut self) -> Result<(), Overflow> {
        for (id, stock) in std::mem::take(&mut self.pools) {
            self.keep(id, stock)?;
        }
        Ok(())
    }

    /// What is left, where anything was or is kept.
    pub(crate) fn carried(mut self) -> Option<Carried> {
        self.left.retain(|left| !left.lots.is_empty());
        if self.left.is_empty() && self.packs.is_empty() {
            return None;
        }
        Some(Carried { allowances: self.left, packs: self.packs })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn stock(
        &self,
        (id, units): (&AllowanceId, Quantity),
        renews: Renews,
        share: Option<Exact>,
    ) -> Result<Stock, Overflow> {
        let left = self.left.iter().find(|left| left.allowance == *id).map(|left| left.lots.clone());
        let fresh = match share {
            Some(share) => prorated(units, share)?,
            None => units,
        };
        Ok(match (renews, left) {
            (Renews::Period, _) => Stock { renews, lots: Vec::new(), fresh },
            (Renews::Once, Some(lots)) => Stock { renews, lots, fresh: Quantity::ZERO },
            (Renews::Once, None) => Stock { renews, lots: Vec::new(), fresh: units },
            (Renews::RollOver { .. }, lots) => Stock { renews, lots: lots.unwrap_or_default(), fresh },
        })
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn keep(&mut self, id: AllowanceId, stock: Stock) -> Result<(), Overflow> {
        let Some(lots) = stock.kept()? else { return Ok(()) };
        match self.left.iter_mut().find(|left| left.allowance == id) {
            Some(left) => left.lots = lots,
            None => self.left.push(AllowanceLeft { allowance: id, lots }),
        }
        Ok(())
    }
}

fn prorated(units: Quantity, share: Exact) -> Result<Quantity, Overflow> {
    let exact = units.exact().checked_mul(share)?;
    match exact.to_decimal() {
        Some(decimal) => Ok(Quantity::new(decimal)),
        None => Ok(Quantity::new(round(exact, PLACES, RoundingMode::HalfUp)?.decimal())),
    }
}

/// The included units that a charge used.
fn used(steps: &[Step]) -> Option<Quantity> {
    steps.iter().find_map(|step| {
        if let Step::Allowance { used, .. } = step {
            return Some(*used);
        }
        if let Step::Part { steps, .. } = step { self::used(steps) } else { None }
    })
}

/// Puts the step before the one that takes the units off, wherever that is.
fn insert_before_allowance(steps: &mut Vec<Step>, step: &mut Option<Step>) {
    if let Some(place) = steps.iter().position(|other| matches!(other, Step::Allowance { .. })) {
        steps.splice(place..place, step.take());
    }
    for other in steps {
        if let Step::Part { steps, .. } = other
            && step.is_some()
        {
            insert_before_allowance(steps, step);
        }
    }
}
