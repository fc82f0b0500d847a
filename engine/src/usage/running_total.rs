//! Running totals: what a meter had counted after each of its events, as far as free events or a free amount need it.

use crate::exact::Overflow;
use crate::quantity::Quantity;

/// The sum after each value, first one first.
pub fn running_totals(values: &[Quantity]) -> impl Iterator<Item = Result<Quantity, Overflow>> + '_ {
    let mut total = Ok(Quantity::ZERO);
    values.iter().map(move |value| {
        total = total.and_then(|sum: Quantity| sum.checked_add(*value));
        total
    })
}

/// The running totals that a free allowance reaches.
///
/// With free events: the totals after each of them. Otherwise with a free amount: all up to and including the first
/// total above it. Zero is no allowance.
pub fn free_running_totals(
    values: &[Quantity],
    free_events: u64,
    free_amount: Quantity,
) -> Result<Vec<Quantity>, Overflow> {
    if free_events > 0 {
        let count = usize::try_from(free_events).unwrap_or(usize::MAX);
        return running_totals(values).take(count).collect();
    }
    let mut reached = Vec::new();
    if free_amount.is_zero() {
        return Ok(reached);
    }
    for total in running_totals(values) {
        let total = total?;
        reached.push(total);
        if total > free_amount {
            break;
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::free_running_totals;
    use crate::quantity::Quantity;

    fn totals(events: u64, amount: u64) -> Vec<String> {
        let values = [12_u64; 4].map(Quantity::from);
        let totals = free_running_totals(&values, events, Quantity::from(amount)).unwrap();
        totals.iter().map(Quantity::to_string).collect()
    }

    #[test]
    fn free_events_come_before_a_free_amount_and_a_total_on_the_bound_is_not_above_it() {
        assert_eq!(totals(0, 0), Vec::<String>::new());
        assert_eq!(totals(2, 0), ["12", "24"]);
        assert_eq!(totals(9, 1), ["12", "24", "36", "48"]);
        assert_eq!(totals(0, 24), ["12", "24", "36"]);
        assert_eq!(totals(0, 25), ["12", "24", "36"]);
    }
}
