//! Takes what lies above the most that a plan costs off the lines that came to so much, before discounts and taxes.
//!
//! In proportion, so that each line keeps its own taxes. Never changes the sum of the lines, only where it stands.

use super::item::{Item, ItemKind, sum};
use super::share::share_out;
use crate::catalog::ShareRule;
use crate::exact::{Exact, Overflow};

/// Moves what is in the line of the cap to the lines that it cuts. Where a part of a period gives some of it back, lines
/// below zero get it.
pub(super) fn spread_cap(items: &mut [Item<'_>], share: ShareRule, digits: u32) -> Result<(), Overflow> {
    let own = sum(items.iter().filter(|item| item.kind == ItemKind::Cap).map(|item| item.left))?;
    if own.signum() == 0 {
        return Ok(());
    }
    let turned = |amount: Exact| if own.signum() < 0 { Ok(amount) } else { Exact::ZERO.checked_sub(amount) };
    let room = items.iter().map(|item| match item.kind {
        ItemKind::Usage | ItemKind::Fixed => turned(item.left),
        ItemKind::Cap => Ok(Exact::ZERO),
    });
    let room = room.collect::<Result<Vec<_>, _>>()?;
    let whole = Exact::ZERO.checked_sub(turned(own)?)?;
    let shares = share_out(whole, &room, share, digits)?;
    let mut rest = own;
    for (item, share) in items.iter_mut().zip(shares) {
        let share = turned(share)?;
        item.left = item.left.checked_sub(share)?;
        rest = rest.checked_add(share)?;
    }
    // Only what no line has room for stays.
    if let Some(cap) = items.iter_mut().find(|item| item.kind == ItemKind::Cap) {
        cap.left = rest;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::spread_cap;
    use crate::catalog::ShareRule;
    use crate::exact::Exact;
    use crate::ids::ChargeId;
    use crate::invoice::{Item, ItemKind};

    /// What is left of some lines, of which the last is the cap.
    fn spread(amounts: &[&str]) -> String {
        let id = ChargeId::new("a").unwrap();
        let item = |(index, amount): (usize, &&str)| {
            let kind = if amounts.len() == index.saturating_add(1) { ItemKind::Cap } else { ItemKind::Fixed };
            Item { charge: &id, of: &id, kind, tags: &[], taxes: None, left: amount.parse().unwrap() }
        };
        let mut items: Vec<Item<'_>> = amounts.iter().enumerate().map(item).collect();
        spread_cap(&mut items, ShareRule::LargestRemainder, 2).unwrap();
        let left: Vec<String> = items.iter().map(|item| Exact::to_string(&item.left)).collect();
        left.join(" ")
    }

    #[test]
    fn every_line_bears_its_share_of_the_cap() {
        assert_eq!(spread(&["150", "50", "-100"]), "75 25 0");
        // 100 × 20/30 and 100 × 10/30 of a cent; the cent that is left goes to the larger cut.
        assert_eq!(spread(&["0.20", "0.10", "-0.01"]), "0.19 0.1 0");
        assert_eq!(spread(&["150", "-150"]), "0 0");
    }

    #[test]
    fn a_cap_that_gives_back_goes_to_lines_below_zero() {
        assert_eq!(spread(&["-30", "5", "20"]), "-10 5 0");
        assert_eq!(spread(&["-30", "40"]), "0 10");
    }

    #[test]
    fn no_cap_changes_nothing() {
        assert_eq!(spread(&["7", "-2", "0"]), "7 -2 0");
    }
}
