//! A part of a period priced by its own units, at their place in the period: what the quantity so far costs less what
//! the quantity before costs, price by price. Each price is an item, rounded by itself, and takes the percentage off and
//! then what lies above the maximum. Fixed amounts come once, what needs the whole period comes last, and what is
//! missing to the minimum is worked out with the last part, against everything billed before.
//!
//! Never prices by itself: both quantities go through the charge's model.

use std::mem::{Discriminant, discriminant};

use super::line::{charge_usage, count, failure, line, list_price, minimum_line};
use super::progress::PeriodPart;
use super::terms::{Situation, at_least, minimum_side, percent_off};
use super::total::{line_amount, rounded_side};
use super::trace::{Part, Recorder, Step, Steps};
use super::{Line, RateError, check_usage, find_plan};
use crate::catalog::{Book, Charge, ChargeTerms, Due, Pricing};
use crate::exact::{Exact, Overflow};
use crate::ids::ChargeId;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::RoundingPlace;
use crate::usage::Usage;

/// What a part of a period owes for one charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// One for each price of this part's units, and one for what is missing to the minimum; none without an amount.
    pub items: Vec<SplitItem>,
    /// What they add up to.
    pub amount: Money,
    /// What the percentage took off, over all items.
    pub percent_off: Money,
    /// What the maximum took off, over all items.
    pub above_maximum: Money,
}

/// One price of a part of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitItem {
    /// Before anything is taken off.
    pub gross: Money,
    /// What the percentage takes off.
    pub percent_off: Money,
    /// What the maximum takes off.
    pub above_maximum: Money,
    /// What is due.
    pub amount: Money,
    /// Whether it is what was missing to the minimum.
    pub true_up: bool,
    /// How it came about.
    pub steps: Vec<Step>,
}

/// The items of one charge of a plan, for a part of a period. `usage` is what the period has counted so far.
///
/// `None` if the plan has no such charge. Fails like [`super::rate`].
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn split_charge(
    book: &Book,
    (plan, charge): (&str, &str),
    usage: &Usage,
    part: &PeriodPart,
) -> Result<Option<Split>, RateError> {
    let plan = find_plan(book, plan)?;
    check_usage(book, plan, usage)?;
    let Some(charge) = plan.charges.iter().find(|candidate| candidate.id.as_str() == charge) else { return Ok(None) };
    let (share, complete) = (part.share, part.position.is_last());
    let situation = Situation { book, usage, amounts: &Vec::new(), share, complete };
    split(charge, situation, part).map(Some).map_err(|Overflow| failure(charge, situation))
}

/// The lines of a charge for a part of a period; none if nothing of it is due yet.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn lines(charge: &Charge, situation: Situation<'_>, part: &PeriodPart) -> Result<Vec<Line>, Overflow> {
    if not_yet(charge, part) {
        return Ok(Vec::new());
    }
    let split = split(charge, situation, part)?;
    let own_line = charge.terms.minimum.as_ref().is_some_and(|minimum| minimum.line.is_some());
    let (missing, items): (Vec<SplitItem>, Vec<SplitItem>) =
        split.items.into_iter().partition(|item| item.true_up && own_line);
    let mut steps = Steps::default();
    count(charge, situation, &mut steps);
    let amount = sum_of(&items, situation, |item| item.amount)?;
    if items.is_empty() && charge_usage(charge, situation.usage).is_none() {
        steps.record(|| Step::Flat { amount: Exact::ZERO });
    }
    record(items, &mut steps);
    let mut lines = vec![line(charge, situation, (amount, steps))?];
    for item in missing {
        let mut steps = Steps::default();
        let amount = item.amount;
        record(vec![item], &mut steps);
        lines.extend(minimum_line(charge, amount, steps));
    }
    Ok(lines)
}

fn record(items: Vec<SplitItem>, steps: &mut Steps) {
    for item in items {
        steps.record(|| Step::Part { part: Part::Item, steps: item.steps, amount: item.amount.exact() });
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn split(charge: &Charge, situation: Situation<'_>, part: &PeriodPart) -> Result<Split, Overflow> {
    let terms = &charge.terms;
    let mut placed: Vec<(usize, SplitItem)> = Vec::new();
    let prices = prices(charge, situation, part)?;
    let mut limit = Limited::before(charge, situation, (part, &prices))?;
    // What is given back comes first: a maximum looks at what is paid in the end, not at what would be on the way.
    let mut order = Vec::new();
    for (index, price) in prices.into_iter().enumerate() {
        order.push((price.change()?.signum() >= 0, index, price));
    }
    order.sort_by_key(|(adds, index, _)| (*adds, *index));
    for (_, index, price) in order {
        if let Some(item) = priced_item(price, terms, (limit, situation))? {
            limit.take(&item)?;
            placed.push((index, item));
        }
    }
    placed.sort_by_key(|(index, _)| *index);
    let mut items: Vec<SplitItem> = placed.into_iter().map(|(_, item)| item).collect();
    items.extend(missing_item(terms, limit.paid, situation)?);
    Ok(Split {
        amount: sum_of(&items, situation, |item| item.amount)?,
        percent_off: sum_of(&items, situation, |item| item.percent_off)?,
        above_maximum: sum_of(&items, situation, |item| item.above_maximum)?,
        items,
    })
}

fn sum_of(
    items: &[SplitItem],
    situation: Situation<'_>,
    field: impl Fn(&SplitItem) -> Money,
) -> Result<Money, Overflow> {
    let zero = Money::ZERO.with_places(situation.book.minor_digits());
    items.iter().try_fold(zero, |sum, item| sum.checked_add(field(item)))
}

/// A price of the period so far, with what it came to before this part.
struct Price {
    step: Step,
    earlier: Exact,
}

impl Price {
    /// What this part adds to it.
    fn change(&self) -> Result<Exact, Overflow> {
        self.step.priced().unwrap_or(Exact::ZERO).checked_sub(self.earlier)
    }
}

/// How far a charge is from its maximum.
#[derive(Debug, Clone, Copy)]
struct Limited {
    /// What was paid so far.
    paid: Exact,
    /// What the maximum took off so far. It comes back before anything is given back.
    cut: Exact,
}

impl Limited {
    /// After the parts before this one.
    fn before(
        charge: &Charge,
        situation: Situation<'_>,
        (part, prices): (&PeriodPart, &[Price]),
    ) -> Result<Self, Overflow> {
        let paid = paid_before(charge, situation, part)?;
        let limit = Self { paid, cut: Exact::ZERO };
        let Some(maximum) = maximum_side(&charge.terms, situation)? else { return Ok(limit) };
        if paid.checked_sub(maximum.exact())?.signum() < 0 {
            return Ok(limit);
        }
        let gross = prices.iter().try_fold(Exact::ZERO, |sum, price| sum.checked_add(price.earlier))?;
        let net = charge.terms.discount.map_or(Ok(gross), |percent| gross.checked_sub(percent.of(gross)?))?;
        let net = if rounds(&charge.terms, situation) { rounded_side(situation.book, net)?.exact() } else { net };
        let cut = net.checked_sub(paid)?;
        Ok(if cut.signum() > 0 { Self { paid, cut } } else { limit })
    }

    fn take(&mut self, item: &SplitItem) -> Result<(), Overflow> {
        self.paid = self.paid.checked_add(item.amount.exact())?;
        self.cut = self.cut.checked_add(item.above_maximum.exact())?;
        Ok(())
    }
}

/// The maximum as it is compared, if there is one.
fn maximum_side(terms: &ChargeTerms, situation: Situation<'_>) -> Result<Option<Money>, Overflow> {
    let Some(maximum) = terms.maximum else { return Ok(None) };
    if rounds(terms, situation) { rounded_side(situation.book, maximum.exact()).map(Some) } else { Ok(Some(maximum)) }
}

/// What earlier parts paid for the charge and its minimum, as it is compared with the limits.
fn paid_before(charge: &Charge, situation: Situation<'_>, part: &PeriodPart) -> Result<Exact, Overflow> {
    let own = part.billed_for(&charge.id).exact();
    let line: Option<&ChargeId> = charge.terms.minimum.as_ref().and_then(|minimum| minimum.line.as_ref());
    let paid = own.checked_add(line.map_or(Money::ZERO, |line| part.billed_for(line)).exact())?;
    if rounds(&charge.terms, situation) { Ok(rounded_side(situation.book, paid)?.exact()) } else { Ok(paid) }
}

/// Items are rounded where lines are, so a limit that is not could leave an item that cannot be paid.
fn rounds(terms: &ChargeTerms, situation: Situation<'_>) -> bool {
    match situation.book.rounding.at {
        RoundingPlace::Line => true,
        RoundingPlace::Invoice => terms.rounds_sides(RoundingPlace::Invoice),
    }
}

/// Whether the charge has nothing to say for this part of the period.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn not_yet(charge: &Charge, part: &PeriodPart) -> bool {
    match &charge.pricing {
        Pricing::Flat(_) => match charge.terms.due {
            Due::Advance | Due::Once => !part.position.is_first(),
            Due::Arrears => !part.position.is_last(),
        },
        Pricing::Metered(metered) => metered.model.needs_whole_period() && !part.position.is_last(),
        // Both look at the whole period: one at its peaks, the other at what it cost.
        Pricing::Capacity(_) | Pricing::Composite(_) => !part.position.is_last(),
    }
}

/// Every price of the period so far.
fn prices(charge: &Charge, situation: Situation<'_>, part: &PeriodPart) -> Result<Vec<Price>, Overflow> {
    if not_yet(charge, part) {
        return Ok(Vec::new());
    }
    let now = list_steps(charge, situation)?;
    let begun = match &charge.pricing {
        Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => false,
        Pricing::Metered(metered) => {
            let before = charge_usage(charge, &part.metered).map_or(Quantity::ZERO, |usage| usage.quantity);
            !metered.model.needs_whole_period() && (!part.position.is_first() || !before.is_zero())
        }
    };
    let before = if begun {
        list_steps(charge, Situation { usage: &part.metered, complete: false, ..situation })?
    } else {
        Vec::new()
    };
    let mut capped = Vec::new();
    for steps in [&now, &before] {
        find_capped(steps, &[], &mut capped);
    }
    let (now, mut before) = (leaves(now, &capped), leaves(before, &capped));
    let mut prices = Vec::new();
    for leaf in now {
        let same = before.iter().position(|earlier| earlier.place == leaf.place);
        let earlier = same.map_or(Exact::ZERO, |index| before.remove(index).amount);
        prices.push(Price { step: leaf.step, earlier });
    }
    // A price that is gone, for instance after a correction, is given back.
    let gone = |leaf: Leaf| Price { step: Step::Flat { amount: Exact::ZERO }, earlier: leaf.amount };
    prices.extend(before.into_iter().map(gone));
    Ok(prices)
}

/// A priced step, and where in the charge it stands.
struct Leaf {
    place: Place,
    step: Step,
    amount: Exact,
}

/// The groups and tiers that a price stands in, and the kind of its step.
#[derive(Clone, PartialEq)]
struct Place {
    parts: Vec<Part>,
    tier: Option<Quantity>,
    kind: Option<Discriminant<Step>>,
}

fn list_steps(charge: &Charge, situation: Situation<'_>) -> Result<Vec<Step>, Overflow> {
    let mut steps = Steps::default();
    list_price(charge, situation, &mut steps)?;
    Ok(steps.into_vec())
}

/// The groups that a tier stands in, and where it begins.
type TierPlace = (Vec<Part>, Quantity);

/// The tiers whose cap takes something off. Such a tier is one price: a cap without the units that it cuts would be an
/// amount below zero, after a maximum has cut those units already.
fn find_capped(steps: &[Step], parts: &[Part], capped: &mut Vec<TierPlace>) {
    for step in steps {
        let Step::Part { part, steps, .. } = step else { continue };
        match part {
            Part::Tier { from, .. } if steps.iter().any(|step| matches!(step, Step::Cap { .. })) => {
                capped.push((parts.to_vec(), *from));
            }
            Part::Tier { .. }
            | Part::Group { .. }
            | Part::Cell { .. }
            | Part::Detail
            | Part::BeforeLimits
            | Part::SoFar
            | Part::Item
            | Part::Line { .. } => find_capped(steps, &inside(part, parts), capped),
        }
    }
}

/// The groups around what is inside a part. The quantity of a group grows; its key names it.
fn inside(part: &Part, parts: &[Part]) -> Vec<Part> {
    let named = match part {
        Part::Group { key, .. } => Some(Part::Group { key: key.clone(), quantity: Quantity::ZERO }),
        Part::Cell { cell, .. } => Some(Part::Cell { cell: cell.clone(), quantity: Quantity::ZERO }),
        Part::Tier { .. } | Part::Detail | Part::BeforeLimits | Part::SoFar | Part::Item | Part::Line { .. } => None,
    };
    parts.iter().cloned().chain(named).collect()
}

fn leaves(steps: Vec<Step>, capped: &[TierPlace]) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(steps, &Place { parts: Vec::new(), tier: None, kind: None }, (capped, &mut found));
    found
}

/// Steps that only say how a quantity came about are left out.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn collect(steps: Vec<Step>, place: &Place, (capped, found): (&[TierPlace], &mut Vec<Leaf>)) {
    for step in steps {
        let Some(amount) = step.priced() else { continue };
        if let Step::Part { part, steps, amount } = step {
            collect_part((part, steps, amount), place, (capped, found));
            continue;
        }
        let tier = if let Step::GraduatedTier { from, .. } = &step { Some(*from) } else { place.tier };
        let place = Place { tier, kind: Some(discriminant(&step)), parts: place.parts.clone() };
        found.push(Leaf { place, step, amount });
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn collect_part(
    (part, steps, amount): (Part, Vec<Step>, Exact),
    place: &Place,
    (capped, found): (&[TierPlace], &mut Vec<Leaf>),
) {
    match part {
        // What is rounded by itself is one price.
        Part::Detail => {
            let kind = steps.first().map(discriminant);
            let step = Step::Part { part, steps, amount };
            found.push(Leaf { place: Place { kind, ..place.clone() }, step, amount });
        }
        Part::Tier { from, .. } if capped.iter().any(|(parts, start)| *parts == place.parts && *start == from) => {
            let step = Step::Part { part, steps, amount };
            found.push(Leaf { place: Place { tier: Some(from), kind: None, ..place.clone() }, step, amount });
        }
        Part::Tier { from, .. } => collect(steps, &Place { tier: Some(from), ..place.clone() }, (capped, found)),
        // The last four are made from list prices, not inside them.
        Part::Group { .. } | Part::Cell { .. } | Part::BeforeLimits | Part::SoFar | Part::Item | Part::Line { .. } => {
            let parts = inside(&part, &place.parts);
            collect(steps, &Place { parts, ..place.clone() }, (capped, found));
        }
    }
}

/// A price of this part's units: less what it came to before, rounded, less the percentage, at most up to the maximum.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn priced_item(
    price: Price,
    terms: &ChargeTerms,
    (limit, situation): (Limited, Situation<'_>),
) -> Result<Option<SplitItem>, Overflow> {
    let exact = price.change()?;
    let Price { step, earlier } = price;
    let mut steps = Steps::default();
    let gross = detail(&mut steps, situation, |steps| {
        steps.record(|| step);
        if earlier.signum() != 0 {
            steps.try_record(|| Ok(Step::Earlier { amount: Exact::ZERO.checked_sub(earlier)? }))?;
        }
        Ok(exact)
    })?;
    if gross.exact().signum() == 0 {
        return Ok(None);
    }
    let percent_off = discounted(gross, terms, situation, &mut steps)?;
    let net = gross.checked_sub(percent_off)?;
    let above_maximum = above(net, terms, (limit, situation), &mut steps)?;
    let amount = net.checked_sub(above_maximum)?;
    Ok(Some(SplitItem { gross, percent_off, above_maximum, amount, true_up: false, steps: steps.into_vec() }))
}

/// An amount that the bill shows by itself, rounded as the book's lines are.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn detail(
    steps: &mut Steps,
    situation: Situation<'_>,
    exact: impl FnOnce(&mut Steps) -> Result<Exact, Overflow>,
) -> Result<Money, Overflow> {
    let mut amount = Money::ZERO;
    steps.part(
        || Part::Detail,
        |steps| {
            let exact = exact(steps)?;
            amount = line_amount(situation.book, exact, steps)?;
            Ok(amount.exact())
        },
    )?;
    Ok(amount)
}

/// What the percentage takes off an item, rounded by itself.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn discounted(
    gross: Money,
    terms: &ChargeTerms,
    situation: Situation<'_>,
    steps: &mut Steps,
) -> Result<Money, Overflow> {
    let Some(percent) = terms.discount else { return Ok(Money::ZERO) };
    let off = detail(steps, situation, |steps| {
        percent_off(percent, gross.exact(), steps)?;
        Exact::ZERO.checked_sub(percent.of(gross.exact())?)
    })?;
    Money::ZERO.checked_sub(off)
}

/// What of an item lies above the maximum, after what was paid before; at most all of it. Of what an item gives back, that
/// comes off first which the maximum took: below zero.
fn above(
    net: Money,
    terms: &ChargeTerms,
    (limit, situation): (Limited, Situation<'_>),
    steps: &mut Steps,
) -> Result<Money, Overflow> {
    let Some(maximum) = maximum_side(terms, situation)? else { return Ok(Money::ZERO) };
    let money = |exact: Exact| -> Result<Money, Overflow> {
        Ok(Money::new(exact.to_decimal().ok_or(Overflow)?).with_places(situation.book.minor_digits()))
    };
    let off = if net.exact().signum() < 0 {
        net.max(money(Exact::ZERO.checked_sub(limit.cut)?)?)
    } else {
        money(limit.paid.checked_add(net.exact())?.checked_sub(maximum.exact())?)?.min(net)
    };
    if off.exact().signum() == 0 || off.exact().signum() != net.exact().signum() {
        return Ok(Money::ZERO);
    }
    let (cap, amount) = (net.checked_sub(off)?, Money::ZERO.checked_sub(off)?.exact());
    steps.record(|| Step::Cap { cap, before: net.exact(), amount });
    Ok(off)
}

/// What is missing to the minimum when the period is complete.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn missing_item(terms: &ChargeTerms, paid: Exact, situation: Situation<'_>) -> Result<Option<SplitItem>, Overflow> {
    let Some(minimum) = terms.minimum.as_ref().filter(|_| situation.complete) else { return Ok(None) };
    let mut steps = Steps::default();
    let least = minimum_side(minimum, terms, situation, &mut steps)?;
    let missing = at_least(least, paid, &mut steps)?.checked_sub(paid)?;
    if missing.signum() <= 0 {
        return Ok(None);
    }
    let amount = line_amount(situation.book, missing, &mut steps)?;
    let (percent_off, above_maximum) = (Money::ZERO, Money::ZERO);
    Ok(Some(SplitItem { gross: amount, percent_off, above_maximum, amount, true_up: true, steps: steps.into_vec() }))
}
