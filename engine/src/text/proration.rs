//! Shares of a period as sentences: what was counted, of what, and what that comes to.

use super::format::{format_decimal, format_exact};
use super::sentence::Words;
use crate::exact::Exact;
use crate::invoice::proration::{Basis, Share};

impl Words<'_> {
    /// What a part of a period costs, or what is given back for the part that was not used.
    pub(super) fn part_of_period(&self, whole: Exact, share: &Share, amount: Exact) -> String {
        let (of, amount) = (self.amount(whole), self.amount(amount));
        let counted = self.counted_for(share);
        let back = whole.signum() < 0;
        match (share.whole_price.is_some(), back) {
            (true, false) => {
                self.lang.pick(format!("整期价格 {amount}"), format!("The price of a whole period: {amount}"))
            }
            (true, true) => {
                self.lang.pick(format!("全额退回预付：{amount}"), format!("Paid in advance, given back: {amount}"))
            }
            (false, false) => self
                .lang
                .pick(format!("按 {counted} 折算：{of} → {amount}"), format!("For {counted}: {of} becomes {amount}")),
            (false, true) => self.lang.pick(
                format!("退回预付中未用的 {counted}：{of} → {amount}"),
                format!("Paid in advance and not used, {counted}: {of} becomes {amount}"),
            ),
        }
    }

    /// `15 of 30 days`, with the share where it is not just that quotient.
    fn counted_for(&self, share: &Share) -> String {
        let number = |exact: Exact| exact.to_decimal().map_or_else(|| format_exact(exact), format_decimal);
        let (part, whole) = (number(share.part), number(share.whole));
        let counted = match share.basis {
            Basis::DaysHalfOpen | Basis::DaysInclusive | Basis::None => {
                self.lang.pick(format!("{whole} 天中的 {part} 天"), format!("{part} of {whole} days"))
            }
            Basis::ElapsedTime => {
                self.lang.pick(format!("{whole} 秒中的 {part} 秒"), format!("{part} of {whole} seconds"))
            }
            Basis::FixedMonthDays(days) => self.lang.pick(
                format!("{whole} 天中的 {part} 天（每月按 {days} 天）"),
                format!("{part} of {whole} days (every month counts {days})"),
            ),
            Basis::NominalDays(_) => {
                self.lang.pick(format!("名义 {whole} 天中的 {part} 天"), format!("{part} of nominally {whole} days"))
            }
            Basis::ConsumedQuota => {
                self.lang.pick(format!("额度 {whole} 中的 {part}"), format!("{part} of a quota of {whole}"))
            }
        };
        if share.part.checked_div(share.whole) == Ok(share.value) {
            return counted;
        }
        let value = number(share.value);
        self.lang.pick(format!("{counted}（比例 {value}）"), format!("{counted} (a share of {value})"))
    }
}

#[cfg(test)]
mod tests {
    use crate::invoice::proration::{Proration, Share};
    use crate::money::Currency;
    use crate::rating::Step;
    use crate::text::{Lang, sentence};

    fn said(whole: &str, share: Share) -> (String, String) {
        let whole = whole.parse().unwrap();
        let step =
            Step::Prorated { steps: Vec::new(), whole, share: Box::new(share), amount: share.of(whole).unwrap() };
        let cny = Currency::from_code("CNY").unwrap();
        (sentence(&step, None, cny, Lang::Zh), sentence(&step, None, cny, Lang::En))
    }

    #[test]
    fn a_share_says_what_was_counted_and_a_credit_that_it_is_one() {
        let half = Proration::default().quotient("15".parse().unwrap(), "30".parse().unwrap()).unwrap();
        assert_eq!(said("100", half).0, "按 30 天中的 15 天 折算：¥100.00 → ¥50.00");
        assert_eq!(said("100", half).1, "For 15 of 30 days: CN¥100.00 becomes CN¥50.00");
        assert_eq!(said("-100", half).0, "退回预付中未用的 30 天中的 15 天：-¥100.00 → -¥50.00");
        assert_eq!(said("-100", half).1, "Paid in advance and not used, 15 of 30 days: -CN¥100.00 becomes -CN¥50.00");
    }
}
