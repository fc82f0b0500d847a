//! The rounding of a line. What becomes of the lines together is in `invoice/settle.rs`.

use super::trace::{Recorder, Step};
use crate::catalog::Book;
use crate::exact::{Exact, Overflow};
use crate::money::Money;
use crate::rounding::{RoundingPlace, round};

pub(super) fn line_amount(book: &Book, exact: Exact, steps: &mut impl Recorder) -> Result<Money, Overflow> {
    match book.rounding.at {
        RoundingPlace::Line => round_to_currency(book, exact, steps),
        // The book check made sure that exact amounts are decimals here.
        RoundingPlace::Invoice => Ok(Money::new(exact.to_decimal().ok_or(Overflow)?).with_places(book.minor_digits())),
    }
}

/// Rounds to the currency's minor unit, by the book's mode.
pub(super) fn round_to_currency(book: &Book, exact: Exact, steps: &mut impl Recorder) -> Result<Money, Overflow> {
    let (digits, mode) = (book.minor_digits(), book.rounding.mode);
    let amount = round(exact, digits, mode)?;
    steps.try_record(|| Ok(Step::Round { mode, digits, exact, cut: exact.checked_sub(amount.exact())?, amount }))?;
    Ok(amount)
}

/// One side of a comparison, rounded to the currency's minor unit.
pub(super) fn rounded_side(book: &Book, exact: Exact) -> Result<Money, Overflow> {
    round(exact, book.minor_digits(), book.rounding.mode)
}

/// An amount of the book as it is, written with the currency's places.
pub(super) fn unrounded(book: &Book, amount: Money) -> Money {
    amount.with_places(book.minor_digits())
}
