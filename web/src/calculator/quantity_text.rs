//! Reads quantities the way people write them: 1200000, 1,200,000, 1.2M, 120万, 3亿, 5k, 2e6.
//!
//! Shifts the decimal point in the text; no number is ever computed, so nothing can be lost.

use engine::quantity::Quantity;

/// The largest quantity a field takes is 10 to this power.
pub const LARGEST_POWER: usize = 15;

/// How many decimal places a quantity may have.
pub const MOST_PLACES: usize = 9;

/// Why a text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantityProblem {
    /// Nothing is there.
    Empty,
    /// Not a number, or a unit that nobody knows.
    NotANumber,
    /// Below zero.
    Negative,
    /// Above 10^15.
    TooLarge,
    /// More than nine decimal places.
    TooFine,
    /// No whole number of events, or more than are priced one by one.
    TooManyEvents,
}

/// Words that multiply, each with its power of ten. Compared without regard to case.
const UNITS: [(&str, usize); 21] = [
    ("k", 3),
    ("千", 3),
    ("万", 4),
    ("萬", 4),
    ("w", 4),
    ("十万", 5),
    ("m", 6),
    ("百万", 6),
    ("mn", 6),
    ("千万", 7),
    ("亿", 8),
    ("億", 8),
    ("b", 9),
    ("bn", 9),
    ("g", 9),
    ("十亿", 9),
    ("百亿", 10),
    ("千亿", 11),
    ("t", 12),
    ("万亿", 12),
    ("兆", 12),
];

/// Reads a quantity from 0 to 10^15.
pub fn read_quantity(text: &str) -> Result<Quantity, QuantityProblem> {
    let plain: String = text.chars().filter_map(plain_char).collect();
    if plain.is_empty() {
        return Err(QuantityProblem::Empty);
    }
    let (negative, unsigned) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let end = unsigned.find(|c: char| !matches!(c, '0'..='9' | '.' | ',')).unwrap_or(unsigned.len());
    let (number, unit) = unsigned.split_at(end);
    let (whole, fraction) = split_number(number).ok_or(QuantityProblem::NotANumber)?;
    let power = power_of(unit)?;
    if negative {
        return Err(QuantityProblem::Negative);
    }
    shifted(&whole, fraction, power)
}

/// Full-width characters become plain ones; spaces and other separators that cannot be mistaken go.
fn plain_char(c: char) -> Option<char> {
    match c {
        ' ' | '\t' | '_' | '\'' | '’' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{3000}' => None,
        '−' | '－' | '–' => Some('-'),
        '．' | '。' => Some('.'),
        '，' => Some(','),
        '０'..='９' => u32::from(c).checked_sub(u32::from('０')).and_then(|digit| char::from_digit(digit, 10)),
        other => Some(other.to_ascii_lowercase()),
    }
}

/// Whole digits and decimal places. Commas must group by three, so that a decimal comma is not misread.
fn split_number(number: &str) -> Option<(String, &str)> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains([',', '.']) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let mut rest = groups.clone();
    let is_grouped = rest.next().is_some();
    if is_grouped && (first.is_empty() || first.len() > 3 || groups.any(|group| group.len() != 3)) {
        return None;
    }
    Some((whole.split(',').collect(), fraction))
}

fn power_of(unit: &str) -> Result<usize, QuantityProblem> {
    if unit.is_empty() {
        return Ok(0);
    }
    if let Some((_, power)) = UNITS.iter().find(|(word, _)| *word == unit) {
        return Ok(*power);
    }
    let exponent = unit.strip_prefix('e').map(|digits| digits.strip_prefix('+').unwrap_or(digits));
    match exponent {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            // An exponent too long to be read is far beyond the largest quantity in any case.
            Ok(digits.parse().unwrap_or(usize::MAX))
        }
        Some(_) | None => Err(QuantityProblem::NotANumber),
    }
}

/// Moves the point `power` places to the right.
fn shifted(whole: &str, fraction: &str, power: usize) -> Result<Quantity, QuantityProblem> {
    if whole.bytes().chain(fraction.bytes()).all(|b| b == b'0') {
        return Ok(Quantity::ZERO);
    }
    if power > LARGEST_POWER.saturating_add(fraction.len()) {
        return Err(QuantityProblem::TooLarge);
    }
    let mut digits = whole.to_owned();
    let moved = power.min(fraction.len());
    let (joined, fraction) = fraction.split_at(moved);
    digits.push_str(joined);
    digits.extend(std::iter::repeat_n('0', power.saturating_sub(moved)));
    let digits = digits.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let beyond = match digits.len().cmp(&LARGEST_POWER.saturating_add(1)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => {
            let tail = digits.strip_prefix('1').unwrap_or("-");
            !fraction.is_empty() || tail.bytes().any(|b| b != b'0')
        }
        std::cmp::Ordering::Greater => true,
    };
    if beyond {
        return Err(QuantityProblem::TooLarge);
    }
    if fraction.len() > MOST_PLACES {
        return Err(QuantityProblem::TooFine);
    }
    let mut text = if digits.is_empty() { "0".to_owned() } else { digits.to_owned() };
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    Quantity::parse(&text).map_err(|_| QuantityProblem::NotANumber)
}

#[cfg(test)]
mod tests {
    use super::{QuantityProblem as P, read_quantity};

    fn read(text: &str) -> Result<String, P> {
        read_quantity(text).map(|quantity| quantity.to_string())
    }

    #[test]
    fn people_write_the_same_number_in_many_ways() {
        for text in [
            "1200000",
            "1,200,000",
            "1.2M",
            "1.2m",
            "120万",
            "120 万",
            "1 200 000",
            "1200k",
            "1.2e6",
            "１２０万",
            "１，２００，０００",
            "+1200000",
            "1_200_000",
            "1'200'000",
            "0.012亿",
            "1.2百万",
            "1200千",
        ] {
            assert_eq!(read(text).as_deref(), Ok("1200000"), "{text}");
        }
        for (text, value) in [
            ("3亿", "300000000"),
            ("5k", "5000"),
            ("2B", "2000000000"),
            ("2G", "2000000000"),
            ("1T", "1000000000000"),
            ("1万亿", "1000000000000"),
            ("0", "0"),
            ("0.000k", "0"),
            ("000", "0"),
            ("0e99", "0"),
            ("7.", "7"),
            (".5", "0.5"),
            ("1.50", "1.5"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_named() {
        for text in [
            "abc",
            "1.2.3",
            "1,2",
            "1,20,000",
            ",000",
            "1,200.5,0",
            "5 calls",
            "k",
            ".",
            "-",
            "--1",
            "e5",
            "1e",
            "1e4.5",
            "1x",
            "0x10",
        ] {
            assert_eq!(read(text), Err(P::NotANumber), "{text}");
        }
        assert_eq!(read(""), Err(P::Empty));
        assert_eq!(read("  "), Err(P::Empty));
        for text in ["-1", "−1", "－５万", "-1.2M"] {
            assert_eq!(read(text), Err(P::Negative), "{text}");
        }
    }

    #[test]
    fn the_largest_quantity_is_ten_to_the_fifteenth() {
        assert_eq!(read("1000000000000000").as_deref(), Ok("1000000000000000"));
        assert_eq!(read("1000T").as_deref(), Ok("1000000000000000"));
        for text in [
            "1000000000000001",
            "1000000000000000.5",
            "2000T",
            "1e40",
            "1e999999999999999999999",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(read(text), Err(P::TooLarge), "{text}");
        }
    }

    #[test]
    fn nine_places_are_kept_and_a_tenth_is_refused() {
        assert_eq!(read("0.123456789").as_deref(), Ok("0.123456789"));
        assert_eq!(read("0.1234567891"), Err(P::TooFine));
        assert_eq!(read("0.1234567891k").as_deref(), Ok("123.4567891"));
    }
}
