//! Whether the amounts that we priced are those that DuckDB priced, to the cent: every line, subtotal, tax and total.
//! Compares digits, never floating-point numbers.

use std::collections::BTreeMap;

/// The first line of ours.
const HEADER: &str = "customer,what,id,quantity,amount,currency";

/// Where two lists of amounts part.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Difference {
    #[error("it begins with \"{0}\" instead of \"{HEADER}\"")]
    Header(String),
    #[error("line {line} of {side} cannot be read: \"{text}\"")]
    Unreadable { side: &'static str, line: usize, text: String },
    #[error("line {line}: {what} of {customer} is {ours}; by DuckDB it is {theirs}")]
    Amount { line: usize, customer: String, what: String, ours: String, theirs: String },
    #[error("line {line}: DuckDB has no {what} of {customer}, or it stood here before")]
    NotTheirs { line: usize, customer: String, what: String },
    #[error("{count} amounts of DuckDB are missing; the first is {what} of {customer}")]
    NotOurs { count: usize, customer: String, what: String },
}

/// Holds ours (a row each) against DuckDB's (a customer a row, with a column for each charge by its id, `subtotal`, `tax` and
/// `total`). Returns how many amounts agree.
pub(crate) fn same_amounts(ours: &str, theirs: &str) -> Result<usize, Difference> {
    let mut theirs = their_amounts(theirs)?;
    let mut lines = ours.lines().enumerate();
    let header = lines.next().map_or("", |(_, header)| header);
    if header != HEADER {
        return Err(Difference::Header(header.to_owned()));
    }
    let mut count = 0;
    for (index, text) in lines {
        let line = index + 1;
        let unreadable = || Difference::Unreadable { side: "ours", line, text: text.to_owned() };
        let [customer, what, id, _, amount, _] = text.split(',').collect::<Vec<_>>()[..] else {
            return Err(unreadable());
        };
        let what = if what == "line" { id } else { what };
        let cents = cents(amount).ok_or_else(unreadable)?;
        let key = (customer.to_owned(), what.to_owned());
        let Some((their_amount, their_cents)) = theirs.remove(&key) else {
            return Err(Difference::NotTheirs { line, customer: key.0, what: key.1 });
        };
        if cents != their_cents {
            let (ours, theirs) = (amount.to_owned(), their_amount.to_owned());
            return Err(Difference::Amount { line, customer: key.0, what: key.1, ours, theirs });
        }
        count += 1;
    }
    let missing = theirs.len();
    match theirs.into_keys().next() {
        None => Ok(count),
        Some((customer, what)) => Err(Difference::NotOurs { count: missing, customer, what }),
    }
}

/// Amounts as they are written, and in cents, by customer and column.
type Amounts<'t> = BTreeMap<(String, String), (&'t str, i64)>;

/// The first line names the columns, each other one is a customer.
fn their_amounts(text: &str) -> Result<Amounts<'_>, Difference> {
    let mut lines = text.lines().enumerate();
    let header = lines.next().map_or("", |(_, header)| header);
    let names: Vec<&str> = header.split(',').skip(1).collect();
    let mut amounts = Amounts::new();
    for (index, line) in lines {
        let unreadable = || Difference::Unreadable { side: "DuckDB's", line: index + 1, text: line.to_owned() };
        let (customer, row) = line.split_once(',').ok_or_else(unreadable)?;
        let row: Vec<&str> = row.split(',').collect();
        if row.len() != names.len() {
            return Err(unreadable());
        }
        for (name, amount) in names.iter().zip(row) {
            let cents = cents(amount).ok_or_else(unreadable)?;
            let before = amounts.insert((customer.to_owned(), (*name).to_owned()), (amount, cents));
            if before.is_some() {
                return Err(unreadable());
            }
        }
    }
    Ok(amounts)
}

/// Of an amount with two places.
fn cents(amount: &str) -> Option<i64> {
    let (whole, fraction) = amount.split_once('.')?;
    let is_number = fraction.len() == 2 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("{whole}{fraction}").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::{Difference, cents, same_amounts};

    const OURS: &str = "customer,what,id,quantity,amount,currency\na,line,calls,1,0.13,CNY\na,total,,,0.14,CNY\n";

    #[test]
    fn same_amounts_are_counted_in_whatever_order() {
        assert_eq!(same_amounts(OURS, "customer,total,calls\na,0.14,0.13\n"), Ok(2));
    }

    #[test]
    fn a_cent_more_is_told_with_its_place() {
        let (customer, what) = ("a".to_owned(), "calls".to_owned());
        let (ours, theirs) = ("0.13".to_owned(), "0.12".to_owned());
        let difference = Difference::Amount { line: 2, customer, what, ours, theirs };
        assert_eq!(difference.to_string(), "line 2: calls of a is 0.13; by DuckDB it is 0.12");
        assert_eq!(same_amounts(OURS, "customer,calls,total\na,0.12,0.14\n"), Err(difference));
    }

    #[test]
    fn what_one_side_lacks_is_told() {
        let difference = same_amounts(OURS, "customer,calls\na,0.13\n").unwrap_err();
        assert_eq!(difference.to_string(), "line 3: DuckDB has no total of a, or it stood here before");
        let difference = same_amounts(OURS, "customer,calls,total\na,0.13,0.14\nb,1.00,1.00\n").unwrap_err();
        assert_eq!(difference.to_string(), "2 amounts of DuckDB are missing; the first is calls of b");
    }

    #[test]
    fn a_line_that_comes_twice_is_told() {
        let twice = format!("{OURS}a,line,calls,1,0.13,CNY\n");
        let difference = same_amounts(&twice, "customer,calls,total\na,0.13,0.14\n").unwrap_err();
        assert_eq!(difference.to_string(), "line 4: DuckDB has no calls of a, or it stood here before");
    }

    #[test]
    fn another_header_is_refused() {
        assert_eq!(same_amounts("what\n", "customer,total\n"), Err(Difference::Header("what".to_owned())));
    }

    #[test]
    fn amounts_have_two_places() {
        assert_eq!(cents("12.30"), Some(1230));
        assert_eq!(cents("-0.05"), Some(-5));
        assert_eq!(cents("12.3"), None);
        assert_eq!(cents("12"), None);
        assert_eq!(cents("1e2.00"), None);
        assert_eq!(cents("1.+5"), None);
    }
}
