//! Shares an amount out over lines so that the shares add up to it.
//!
//! Largest remainder (Hamilton's method): every share is cut down to whole minor units, and the units that are left go
//! one each to the largest cuts, of equal ones to the first. No share exceeds its line.

use super::item::{compare, minor_unit, smaller, sum};
use crate::catalog::ShareRule;
use crate::exact::{Exact, Overflow};
use crate::rounding::{RoundingMode, round};

/// Shares `total` out over `amounts` in proportion. Lines that are not above zero get nothing; what exceeds the sum of
/// the others is not shared out.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn share_out(total: Exact, amounts: &[Exact], rule: ShareRule, digits: u32) -> Result<Vec<Exact>, Overflow> {
    let room: Vec<Exact> =
        amounts.iter().map(|amount| if amount.signum() > 0 { *amount } else { Exact::ZERO }).collect();
    let whole = sum(room.iter().copied())?;
    if whole.signum() == 0 || total.signum() <= 0 {
        return Ok(vec![Exact::ZERO; amounts.len()]);
    }
    let total = smaller(total, whole)?;
    let part = |amount: &Exact| total.checked_mul(*amount)?.checked_div(whole);
    let exact = room.iter().map(part).collect::<Result<Vec<_>, _>>()?;
    match rule {
        ShareRule::Proportional => Ok(exact),
        ShareRule::LargestRemainder => hand_out(total, &exact, Some(&room), digits),
    }
}

/// Cuts `exact` down to minor units and hands out what is missing to `total`, which is near their sum.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn hand_out(
    total: Exact,
    exact: &[Exact],
    room: Option<&[Exact]>,
    digits: u32,
) -> Result<Vec<Exact>, Overflow> {
    let unit = minor_unit(digits)?;
    let floor = |amount: &Exact| round(*amount, digits, RoundingMode::Floor).map(crate::money::Money::exact);
    let mut shares = exact.iter().map(floor).collect::<Result<Vec<_>, _>>()?;
    let mut rest = total.checked_sub(sum(shares.iter().copied())?)?;
    let mut order = by_cut(exact, &shares)?.into_iter();
    // What is left is less than one unit a line, unless a line has no room: then later ones take its part.
    while rest.signum() > 0
        && let Some(index) = order.next()
    {
        let Some(share) = shares.get_mut(index) else { continue };
        let mut given = smaller(unit, rest)?;
        if let Some(room) = room.and_then(|room| room.get(index)) {
            given = smaller(given, room.checked_sub(*share)?)?;
        }
        *share = share.checked_add(given)?;
        rest = rest.checked_sub(given)?;
    }
    for (index, share) in shares.iter_mut().enumerate() {
        if let Some(room) = room.and_then(|room| room.get(index)) {
            let given = smaller(rest, room.checked_sub(*share)?)?;
            *share = share.checked_add(given)?;
            rest = rest.checked_sub(given)?;
        }
    }
    Ok(shares)
}

/// The indexes by what was cut, largest first, of equal ones the first.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn by_cut(exact: &[Exact], shares: &[Exact]) -> Result<Vec<usize>, Overflow> {
    let mut order: Vec<(usize, Exact)> = Vec::new();
    for (index, (exact, share)) in exact.iter().zip(shares).enumerate() {
        let cut = exact.checked_sub(*share)?;
        let mut place = order.len();
        while let Some(before) = place.checked_sub(1)
            && let Some((_, other)) = order.get(before)
            && compare(*other, cut)?.is_lt()
        {
            place = before;
        }
        order.insert(place, (index, cut));
    }
    Ok(order.into_iter().map(|(index, _)| index).collect())
}

#[cfg(test)]
mod tests {
    use super::share_out;
    use crate::catalog::ShareRule;
    use crate::exact::Exact;

    fn shares(total: &str, amounts: &[&str], rule: ShareRule) -> Vec<String> {
        let amounts: Vec<Exact> = amounts.iter().map(|amount| amount.parse().unwrap()).collect();
        let shares = share_out(total.parse().unwrap(), &amounts, rule, 2).unwrap();
        shares.iter().map(Exact::to_string).collect()
    }

    #[test]
    fn the_last_cent_goes_to_the_largest_cut() {
        assert_eq!(shares("1", &["3.33", "3.33", "3.34"], ShareRule::LargestRemainder), ["0.33", "0.33", "0.34"]);
        assert_eq!(shares("0.01", &["1", "1"], ShareRule::LargestRemainder), ["0.01", "0"]);
    }

    #[test]
    fn lines_below_zero_take_no_part() {
        assert_eq!(shares("3", &["-5", "2", "4"], ShareRule::LargestRemainder), ["0", "1", "2"]);
    }

    #[test]
    fn nobody_gets_more_than_the_line() {
        assert_eq!(shares("9", &["1", "2"], ShareRule::LargestRemainder), ["1", "2"]);
        assert_eq!(shares("0.255", &["0.125", "0.13"], ShareRule::LargestRemainder), ["0.125", "0.13"]);
    }

    #[test]
    fn in_proportion_exactly_keeps_fractions() {
        assert_eq!(shares("1", &["1", "2"], ShareRule::Proportional), ["1/3", "2/3"]);
    }
}
