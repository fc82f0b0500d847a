//! Prepaid units: free credits, wallets in units and resource packs (资源包), and how usage draws on them.
//!
//! Usage draws the active grants in one fixed order. What no grant covers is overage; it is carried and taken from the
//! next grant that becomes active or is topped up. Says how much is left of each, never what it is worth.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::exact::Overflow;
use crate::period::{CalendarDuration, Grid, Instant, Period, TimeError, Zone};
use crate::quantity::Quantity;

/// Units that are already paid for, or free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Unique among the grants of an account.
    pub id: String,
    /// How many units it brings, each time it does.
    pub amount: Quantity,
    /// The smaller number is drawn first.
    #[serde(default)]
    pub priority: u32,
    /// From when on it can be drawn.
    pub effective: Instant,
    /// From when on it cannot; `None` if it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Instant>,
    /// When it was withdrawn before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Instant>,
    /// When it was given; of two that are equal otherwise the older is drawn first. `effective` where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Instant>,
    /// Whether it is topped up to its amount again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tops_up: Option<TopUp>,
    /// What is left of it when the period begins; `None` for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Quantity>,
}

/// A grant that is topped up to its amount at `anchor` and every `every` from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// How often.
    pub every: CalendarDuration,
    /// One of the times at which it is.
    pub anchor: Instant,
}

/// Units used at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// When.
    pub at: Instant,
    /// How many units; not below zero.
    pub quantity: Quantity,
}

/// Units taken out of one grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The grant.
    pub grant: String,
    /// When.
    pub at: Instant,
    /// How many units.
    pub quantity: Quantity,
    /// What is left of it then.
    pub left: Quantity,
}

/// What drawing left over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burned {
    /// What is left of each grant at the end, in the order in which they are drawn; nothing of one that is not active.
    pub balances: Vec<(String, Quantity)>,
    /// What no grant has covered.
    pub overage: Quantity,
    /// Every draw, in order of time.
    pub draws: Vec<Drawn>,
}

/// Why grants cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantError {
    /// Two grants have the same id.
    DuplicateId(String),
    /// A use or a balance is below zero.
    Negative(Quantity),
    /// A grant is topped up more than 100,000 times in the period.
    TooManyTopUps(String),
    /// A date that does not exist.
    Time(TimeError),
    /// Sums with more than 28 digits.
    Overflow,
}

impl fmt::Display for GrantError {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateId(id) => write!(f, "two grants have the id \"{id}\"; each needs its own"),
            Self::Negative(quantity) => write!(f, "{quantity} is below zero; uses and balances are 0 or more"),
            Self::TooManyTopUps(id) => {
                write!(f, "grant {id} is topped up more than {TOP_UPS_MAX} times in the period; choose longer steps")
            }
            Self::Time(error) => error.fmt(f),
            Self::Overflow => f.write_str("the sum of units has more than 28 digits"),
        }
    }
}

impl std::error::Error for GrantError {}

impl From<Overflow> for GrantError {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

impl From<TimeError> for GrantError {
    fn from(error: TimeError) -> Self {
        Self::Time(error)
    }
}

const TOP_UPS_MAX: usize = 100_000;

/// The order in which grants are drawn: priority, then the one that expires first (whole seconds, those that last come
/// last), then the older, then the id.
pub fn drawing_order(a: &Grant, b: &Grant) -> Ordering {
    // Fractions of a second of an expiry are not looked at: age decides between grants of the same second.
    let key = |grant: &Grant| {
        let expires = grant.expires.map(|at| at.timestamp());
        (grant.priority, expires.is_none(), expires, grant.created.unwrap_or(grant.effective))
    };
    key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
}

/// Draws `uses` on `grants` over `period`, which is half-open; uses outside it are left out.
///
/// Durations of top-ups are steps on the clock of `zone`.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn draw(grants: &[Grant], uses: &[Use], period: Period, zone: Zone) -> Result<Burned, GrantError> {
    let mut sorted: Vec<&Grant> = grants.iter().collect();
    sorted.sort_by(|a, b| drawing_order(a, b));
    check(&sorted, uses)?;
    let mut accounts: Vec<Account<'_>> = sorted.into_iter().map(|grant| Account::at_start(grant, period)).collect();
    let mut happenings = happenings(&accounts, uses, period, zone)?;
    // Of one instant: what ends first, what is filled next, what is used last.
    happenings.sort_by_key(|happening| (happening.at, happening.what.rank()));
    let mut burned = Burned { balances: Vec::new(), overage: Quantity::ZERO, draws: Vec::new() };
    for happening in happenings {
        let at = happening.at;
        match happening.what {
            What::Ends(index) => set(&mut accounts, index, Quantity::ZERO),
            What::Fills(index, balance) => {
                set(&mut accounts, index, balance);
                let owed = std::mem::replace(&mut burned.overage, Quantity::ZERO);
                take(&mut accounts, (at, owed), &mut burned)?;
            }
            What::Uses(quantity) => take(&mut accounts, (at, quantity), &mut burned)?,
        }
    }
    burned.balances = accounts.iter().map(|account| (account.grant.id.clone(), account.balance)).collect();
    Ok(burned)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check(grants: &[&Grant], uses: &[Use]) -> Result<(), GrantError> {
    for (index, grant) in grants.iter().enumerate() {
        if grants.iter().skip(index.saturating_add(1)).any(|other| other.id == grant.id) {
            return Err(GrantError::DuplicateId(grant.id.clone()));
        }
    }
    let quantities = uses.iter().map(|used| used.quantity);
    let balances = grants.iter().flat_map(|grant| [Some(grant.amount), grant.balance]).flatten();
    match quantities.chain(balances).find(|quantity| quantity.is_negative()) {
        Some(quantity) => Err(GrantError::Negative(quantity)),
        None => Ok(()),
    }
}

struct Account<'g> {
    grant: &'g Grant,
    balance: Quantity,
}

impl<'g> Account<'g> {
    fn at_start(grant: &'g Grant, period: Period) -> Self {
        let active = grant.effective <= period.start && grant.end().is_none_or(|end| period.start < end);
        let balance = if active { grant.balance.unwrap_or(grant.amount) } else { Quantity::ZERO };
        Self { grant, balance }
    }
}

impl Grant {
    /// When it can no longer be drawn: the earlier of expiry and withdrawal.
    fn end(&self) -> Option<Instant> {
        [self.expires, self.ended].into_iter().flatten().min()
    }
}

enum What {
    Ends(usize),
    Fills(usize, Quantity),
    Uses(Quantity),
}

impl What {
    fn rank(&self) -> u8 {
        match self {
            Self::Ends(_) => 0,
            Self::Fills(..) => 1,
            Self::Uses(_) => 2,
        }
    }
}

struct Happening {
    at: Instant,
    what: What,
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn happenings(
    accounts: &[Account<'_>],
    uses: &[Use],
    period: Period,
    zone: Zone,
) -> Result<Vec<Happening>, GrantError> {
    let inside = |at: Instant| period.start < at && at < period.end;
    let mut found = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        let grant = account.grant;
        if inside(grant.effective) {
            let balance = grant.balance.unwrap_or(grant.amount);
            found.push(Happening { at: grant.effective, what: What::Fills(index, balance) });
        }
        for at in top_ups(grant, period, zone)? {
            found.push(Happening { at, what: What::Fills(index, grant.amount) });
        }
        if let Some(end) = grant.end().filter(|end| inside(*end)) {
            // Nothing fills a grant after its end.
            found.retain(
                |happening| !matches!(happening.what, What::Fills(other, _) if other == index && happening.at >= end),
            );
            found.push(Happening { at: end, what: What::Ends(index) });
        }
    }
    let used = uses.iter().filter(|used| period.contains(used.at));
    found.extend(used.map(|used| Happening { at: used.at, what: What::Uses(used.quantity) }));
    Ok(found)
}

/// When a grant is topped up inside the period, after it became effective.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn top_ups(grant: &Grant, period: Period, zone: Zone) -> Result<Vec<Instant>, GrantError> {
    let Some(top_up) = &grant.tops_up else { return Ok(Vec::new()) };
    let grid = Grid::new(top_up.every, top_up.anchor, zone)?;
    let first = period.start.max(grant.effective);
    let mut index = grid.index_at(first)?;
    let mut found = Vec::new();
    while found.len() < TOP_UPS_MAX {
        let at = grid.boundary(index)?;
        if at >= period.end {
            return Ok(found);
        }
        if at > first {
            found.push(at);
        }
        index = index.checked_add(1).ok_or(Overflow)?;
    }
    Err(GrantError::TooManyTopUps(grant.id.clone()))
}

fn set(accounts: &mut [Account<'_>], index: usize, balance: Quantity) {
    if let Some(account) = accounts.get_mut(index) {
        account.balance = balance;
    }
}

/// Takes a quantity out of the balances in order; the rest is overage.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn take(
    accounts: &mut [Account<'_>],
    (at, quantity): (Instant, Quantity),
    burned: &mut Burned,
) -> Result<(), GrantError> {
    let mut rest = quantity;
    for account in accounts {
        let taken = rest.min(account.balance);
        if taken.is_zero() {
            continue;
        }
        account.balance = account.balance.checked_sub(taken)?;
        rest = rest.checked_sub(taken)?;
        let grant = account.grant.id.clone();
        burned.draws.push(Drawn { grant, at, quantity: taken, left: account.balance });
    }
    burned.overage = burned.overage.checked_add(rest)?;
    Ok(())
}

/// What becomes of a balance when its period ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// At least this much is there afterwards.
    pub min_rollover: Quantity,
    /// At most this much of what is left is carried over.
    pub max_rollover: Quantity,
    /// Whether what was used beyond the balance is taken from the new one.
    pub keep_overage: bool,
}

/// The balance and the overage after a reset: min(max_rollover, max(min_rollover, balance)), less the overage if that is
/// kept.
pub fn reset(balance: Quantity, overage: Quantity, rule: Reset) -> Result<(Quantity, Quantity), Overflow> {
    let carried = rule.max_rollover.min(rule.min_rollover.max(balance));
    if !rule.keep_overage {
        return Ok((carried, Quantity::ZERO));
    }
    let paid = overage.min(carried);
    Ok((carried.checked_sub(paid)?, overage.checked_sub(paid)?))
}

#[cfg(test)]
mod tests {
    use super::{Grant, GrantError, Reset, TopUp, Use, draw, reset};
    use crate::period::{CalendarDuration, Instant, Period, Zone};
    use crate::quantity::Quantity;

    fn instant(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn units(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    fn grant(id: &str, amount: &str) -> Grant {
        Grant {
            id: id.to_owned(),
            amount: units(amount),
            priority: 1,
            effective: instant("2026-01-01T00:00:00Z"),
            expires: None,
            ended: None,
            created: None,
            tops_up: None,
            balance: None,
        }
    }

    fn january() -> Period {
        Period { start: instant("2026-01-01T00:00:00Z"), end: instant("2026-02-01T00:00:00Z") }
    }

    fn used(day: u8, quantity: &str) -> Use {
        Use { at: instant(&format!("2026-01-{day:02}T12:00:00Z")), quantity: units(quantity) }
    }

    fn drawn(grants: &[Grant], uses: &[Use]) -> (String, String) {
        let burned = draw(grants, uses, january(), Zone::from_name("UTC").unwrap()).unwrap();
        let left: Vec<String> = burned.balances.iter().map(|(id, left)| format!("{id} {left}")).collect();
        (left.join(", "), burned.overage.to_string())
    }

    #[test]
    fn the_grant_that_expires_first_is_drawn_first_and_a_later_one_pays_the_overage() {
        let soon = Grant { expires: Some(instant("2026-01-20T00:00:00Z")), ..grant("soon", "10") };
        let later = Grant { effective: instant("2026-01-25T00:00:00Z"), ..grant("later", "100") };
        let lasting = grant("lasting", "5");
        // 10 from soon, 5 from lasting, 7 owed; later pays the 7 when it begins.
        let (left, overage) = drawn(&[later, lasting, soon], &[used(2, "22")]);
        assert_eq!((left.as_str(), overage.as_str()), ("soon 0, lasting 0, later 93", "0"));
    }

    #[test]
    fn an_expired_or_withdrawn_grant_has_nothing_left_and_is_not_topped_up_again() {
        let daily = TopUp { every: CalendarDuration::parse("P1D").unwrap(), anchor: instant("2026-01-01T00:00:00Z") };
        let gone = Grant { ended: Some(instant("2026-01-03T00:00:00Z")), tops_up: Some(daily), ..grant("gone", "10") };
        assert_eq!(drawn(&[gone], &[used(2, "4"), used(3, "1")]), ("gone 0".to_owned(), "1".to_owned()));
    }

    #[test]
    fn a_use_at_the_end_of_the_period_belongs_to_the_next() {
        let at_end = Use { at: instant("2026-02-01T00:00:00Z"), quantity: units("3") };
        assert_eq!(drawn(&[grant("g", "10")], &[at_end]), ("g 10".to_owned(), "0".to_owned()));
    }

    #[test]
    fn two_grants_of_one_id_and_uses_below_zero_are_refused() {
        let zone = Zone::from_name("UTC").unwrap();
        let twins = [grant("g", "1"), grant("g", "2")];
        assert_eq!(draw(&twins, &[], january(), zone), Err(GrantError::DuplicateId("g".to_owned())));
        let negative = draw(&[grant("g", "1")], &[used(1, "-1")], january(), zone);
        assert_eq!(negative, Err(GrantError::Negative(units("-1"))));
    }

    #[test]
    fn a_reset_keeps_what_the_bounds_allow_and_pays_overage_only_if_told() {
        let rule = |keep_overage| Reset { min_rollover: units("20"), max_rollover: units("50"), keep_overage };
        assert_eq!(reset(units("90"), units("0"), rule(false)), Ok((units("50"), units("0"))));
        assert_eq!(reset(units("0"), units("30"), rule(true)), Ok((units("0"), units("10"))));
        assert_eq!(reset(units("0"), units("30"), rule(false)), Ok((units("20"), units("0"))));
    }
}
