//! What is missing to a minimum, computed on gross lines: before discounts and credits.

use super::item::sum;
use crate::exact::{Exact, Overflow};
use crate::money::Money;

/// `minimum` less the sum of `lines`; nothing where the lines reach it.
pub fn missing_to_minimum(minimum: Money, lines: &[Money]) -> Result<Money, Overflow> {
    let missing = minimum.exact().checked_sub(sum(lines.iter().map(|line| line.exact()))?)?;
    let missing = if missing.signum() > 0 { missing } else { Exact::ZERO };
    missing.to_decimal().map(Money::new).ok_or(Overflow)
}

#[cfg(test)]
mod tests {
    use super::missing_to_minimum;
    use crate::money::Money;

    #[test]
    fn only_what_is_missing_is_due() {
        let missing = |minimum: u32, line: u32| {
            missing_to_minimum(Money::new(minimum.into()), &[Money::new(line.into())]).unwrap().to_string()
        };
        assert_eq!((missing(200, 150), missing(200, 200), missing(200, 201)), ("50".into(), "0".into(), "0".into()));
    }
}
