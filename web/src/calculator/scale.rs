//! A slider's scale: 0, then nine decades in round figures at even distances on a logarithmic scale.
//!
//! Tables of integers; there are no logarithms and no binary floats in it.

use engine::catalog::{Book, Pricing};
use engine::exact::Exact;
use engine::ids::MeterId;
use engine::quantity::Quantity;

/// Round figures that cut a decade into nearly equal ratios.
const MANTISSAS: [u64; 24] =
    [10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 25, 28, 30, 33, 36, 40, 45, 50, 56, 60, 68, 75, 80, 90];

const DECADES: u32 = 9;

/// A slider's last position; the first is 0.
pub const LAST: u32 = 1 + 24 * DECADES;

/// What the positions of a meter's slider stand for: 10 to 10 billion, or higher where the book's bounds are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// The power of ten at position 1.
    low: u32,
}

impl Scale {
    /// From 10 to 10 billion.
    pub const USUAL: Self = Self { low: 1 };

    /// The usual one, unless the meter has allowances or tiers beyond it: bytes, for instance.
    pub fn of(book: &Book, meter: &MeterId) -> Self {
        let highest = bounds(book, meter).last().map_or(0, |bound| whole(*bound));
        let power = highest.checked_ilog10().map_or(0, |power| power + 1);
        Self { low: power.clamp(10, 15) - DECADES }
    }

    /// The usual one, or a higher one that reaches ten times beyond `quantity`.
    #[inline(never)] // Not in the first part of the program.
    pub fn around(quantity: Quantity) -> Self {
        let power = whole(quantity).checked_ilog10().map_or(0, |power| power + 2);
        Self { low: power.clamp(10, 15) - DECADES }
    }

    /// What a position stands for; positions beyond the last count as the last.
    pub fn at(self, position: u32) -> Quantity {
        Quantity::from(self.whole_at(position.min(LAST)))
    }

    fn whole_at(self, position: u32) -> u64 {
        let Some(index) = position.checked_sub(1) else { return 0 };
        let place = usize::try_from(index % 24).unwrap_or(0);
        let mantissa = MANTISSAS.get(place).copied().unwrap_or(10);
        // The mantissas have two digits: the power is one less.
        mantissa.saturating_mul(10_u64.saturating_pow(index / 24 + self.low - 1))
    }

    /// The highest position that does not stand for more than `quantity`.
    pub fn position_of(self, quantity: Quantity) -> u32 {
        let whole = whole(quantity);
        let (mut low, mut high) = (0, LAST);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if u128::from(self.whole_at(middle)) <= whole { low = middle } else { high = middle - 1 }
        }
        low
    }

    /// The positions that carry a mark, with their powers of ten. The first decade would sit on the mark for zero.
    pub fn marks(self) -> [(u32, u32); 3] {
        [3, 6, DECADES].map(|decade| (1 + 24 * decade, self.low + decade))
    }

    /// The powers of ten at both ends.
    pub fn powers(self) -> (u32, u32) {
        (self.low, self.low + DECADES)
    }

    /// The quantities of a curve: the positions, twelve to a decade.
    pub fn curve_quantities(self) -> Vec<Quantity> {
        (1..=LAST).step_by(2).map(|position| self.at(position)).collect()
    }
}

/// Guided amounts of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Half of the smallest allowance or tier.
    TryOut,
    /// Beyond the smaller ones.
    StartUp,
    /// Where the larger tiers begin.
    Scale,
}

impl Preset {
    /// All, smallest first.
    pub const ALL: [Self; 3] = [Self::TryOut, Self::StartUp, Self::Scale];
}

/// One step up or down: a tenth of the leading power of ten, at least 1, and never below 0 or above 10^15.
pub fn stepped(quantity: Quantity, up: bool) -> Quantity {
    let whole = whole(quantity);
    let mut power = 1_u128;
    while power.saturating_mul(10) <= whole {
        power = power.saturating_mul(10);
    }
    let is_fraction = Quantity::from(u64::try_from(whole).unwrap_or(u64::MAX)) != quantity;
    // Going down from 1,000 the next is 990: below a power of ten the steps are those of the decade under it.
    let divisor = if !up && whole == power && !is_fraction { 100 } else { 10 };
    let unit = (power / divisor).max(1);
    let rest = whole % unit;
    let next = match (up, rest > 0 || is_fraction) {
        (true, _) => whole - rest + unit,
        (false, true) => whole - rest,
        (false, false) => whole.saturating_sub(unit),
    };
    Quantity::from(u64::try_from(next.min(1_000_000_000_000_000)).unwrap_or(u64::MAX))
}

/// A sensible quantity of `meter`, from the allowances and tier bounds of the book's plans.
pub fn preset(book: &Book, meter: &MeterId, preset: Preset) -> Quantity {
    let bounds = bounds(book, meter);
    let quarter = |quarters: usize| bounds.get(bounds.len() * quarters / 4).copied();
    let start_up = times(quarter(1).unwrap_or(Quantity::from(1_000)), 3, 2);
    let wanted = match preset {
        Preset::TryOut => times(quarter(0).unwrap_or(Quantity::from(1_000)), 1, 2),
        Preset::StartUp => start_up,
        Preset::Scale => quarter(3).unwrap_or(start_up).max(times(start_up, 10, 1)),
    };
    let scale = Scale::of(book, meter);
    scale.at(scale.position_of(wanted).max(1))
}

/// Allowances and tier bounds for a meter, rising; where there are none, a hundred times what a price is for.
fn bounds(book: &Book, meter: &MeterId) -> Vec<Quantity> {
    let (mut bounds, mut units) = (Vec::new(), Vec::new());
    let charges = book.plans.iter().flat_map(|plan| &plan.charges).filter(|charge| charge.meter() == Some(meter));
    for charge in charges {
        let Pricing::Metered(metered) = &charge.pricing else { continue };
        insert(&mut bounds, metered.included);
        metered.model.bounds().into_iter().for_each(|bound| insert(&mut bounds, bound));
        metered.model.priced_units().into_iter().for_each(|unit| insert(&mut units, unit));
    }
    if bounds.is_empty() {
        units.iter_mut().for_each(|unit| *unit = times(*unit, 100, 1));
        return units;
    }
    bounds
}

/// Keeps a rising list rising. A general sort would cost the page three kilobytes.
fn insert(rising: &mut Vec<Quantity>, quantity: Quantity) {
    let at = rising.partition_point(|other| *other < quantity);
    if !quantity.is_zero() && rising.get(at) != Some(&quantity) {
        rising.insert(at, quantity);
    }
}

fn times(base: Quantity, num: i128, den: i128) -> Quantity {
    let scaled = Exact::ratio(num, den).and_then(|factor| base.exact().checked_mul(factor).ok());
    scaled.and_then(Exact::to_decimal).map_or(base, Quantity::new)
}

/// The digits before the point.
fn whole(quantity: Quantity) -> u128 {
    let decimal = quantity.decimal();
    let power = 10_u128.saturating_pow(decimal.scale());
    u128::try_from(decimal.mantissa()).unwrap_or(0) / power
}

#[cfg(test)]
mod tests {
    use super::{LAST, Scale, stepped};
    use engine::quantity::Quantity;

    const USUAL: Scale = Scale::USUAL;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    #[test]
    fn the_slider_goes_from_zero_over_ten_to_ten_billion() {
        for (position, expected) in [(0, "0"), (1, "10"), (25, "100"), (LAST, "10000000000"), (LAST + 1, "10000000000")]
        {
            assert_eq!(USUAL.at(position).to_string(), expected);
        }
        for (position, power) in USUAL.marks() {
            assert_eq!(USUAL.at(position).to_string(), 10_u64.pow(power).to_string());
        }
        assert_eq!(Scale { low: 6 }.at(LAST).to_string(), "1000000000000000");
    }

    #[test]
    fn every_position_is_found_again_and_rises() {
        for scale in [USUAL, Scale { low: 6 }] {
            for position in 0..=LAST {
                assert_eq!(scale.position_of(scale.at(position)), position);
                assert!(position == 0 || scale.at(position - 1) < scale.at(position));
            }
        }
    }

    #[test]
    fn a_quantity_between_two_positions_shows_at_the_lower() {
        assert_eq!(USUAL.position_of(quantity("0.5")), 0);
        assert_eq!(USUAL.position_of(quantity("9.99")), 0);
        assert_eq!(USUAL.position_of(quantity("10.5")), 1);
        assert_eq!(USUAL.at(USUAL.position_of(quantity("1234567"))).to_string(), "1200000");
        assert_eq!(USUAL.position_of(quantity("1000000000000000")), LAST);
    }

    #[test]
    fn a_step_is_a_tenth_of_the_leading_power() {
        for (from, up, down) in [
            ("0", "1", "0"),
            ("1", "2", "0"),
            ("0.5", "1", "0"),
            ("9", "10", "8"),
            ("10", "11", "9"),
            ("100", "110", "99"),
            ("1200000", "1300000", "1100000"),
            ("1000000", "1100000", "990000"),
            ("1234567", "1300000", "1200000"),
            ("1200000.5", "1300000", "1200000"),
            ("1000000000000000", "1000000000000000", "990000000000000"),
        ] {
            assert_eq!(stepped(quantity(from), true).to_string(), up, "{from} up");
            assert_eq!(stepped(quantity(from), false).to_string(), down, "{from} down");
        }
    }
}
