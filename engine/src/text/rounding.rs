//! Rounding and conversion in words: the rule, what was cut and what was added. Never rounds anything.

use super::Lang;
use super::format::{format_decimal, format_exact};
use super::sentence::Words;
use crate::catalog::{Conversion, Factor};
use crate::exact::Exact;
use crate::quantity::Quantity;
use crate::rounding::{Rounding, RoundingMode, RoundingPlace};

/// The rounding rule of a book in one sentence.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub fn rounding_rule(rounding: Rounding, lang: Lang) -> String {
    let mode = mode_words(rounding.mode, lang);
    match (rounding.at, lang) {
        (RoundingPlace::Line, Lang::Zh) => format!("每行金额舍入到货币最小单位（{mode}）"),
        (RoundingPlace::Line, Lang::En) => {
            format!("Each line is rounded to the currency's minor unit, {mode}")
        }
        (RoundingPlace::Invoice, Lang::Zh) => format!("各行保持精确，整张账单舍入一次（{mode}）"),
        (RoundingPlace::Invoice, Lang::En) => {
            format!("Lines stay exact; the bill is rounded once, {mode}")
        }
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn mode_words(mode: RoundingMode, lang: Lang) -> &'static str {
    match mode {
        RoundingMode::HalfUp => lang.pick("四舍五入", "half up"),
        RoundingMode::HalfEven => lang.pick("四舍六入五成双", "half to even"),
        RoundingMode::HalfDown => lang.pick("五舍六入", "half down"),
        RoundingMode::Up => lang.pick("向远离零方向进位", "away from zero"),
        RoundingMode::Down => lang.pick("直接舍去", "towards zero"),
        RoundingMode::Ceiling => lang.pick("向上取整", "up to the next higher"),
        RoundingMode::Floor => lang.pick("向下取整", "down to the next lower"),
    }
}

/// An amount without its sign, where the words say which way it goes.
pub(super) fn size(exact: Exact) -> Exact {
    if exact.signum() < 0 { Exact::ZERO.checked_sub(exact).unwrap_or(exact) } else { exact }
}

/// `0.004 cut`, or `0.006 added` where the cut is below zero.
pub(super) fn cut_words(cut: Exact, lang: Lang) -> String {
    let by = format_exact(size(cut));
    if cut.signum() < 0 {
        return lang.pick(format!("进位 {by}"), format!("{by} added"));
    }
    lang.pick(format!("舍去 {by}"), format!("{by} cut"))
}

impl Words<'_> {
    pub(super) fn rounded_quantity(
        &self,
        (mode, places): (RoundingMode, i32),
        exact: Exact,
        quantity: Quantity,
    ) -> String {
        let (mode, exact, quantity) = (mode_words(mode, self.lang), format_exact(exact), self.units(quantity));
        self.lang.pick(
            format!("用量舍入到 {places} 位小数（{mode}）：{exact} → {quantity}"),
            format!("Quantity rounded to {places} decimal places, {mode}: {exact} → {quantity}"),
        )
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn converted(&self, conversion: &Conversion, quantity: Quantity, units: Quantity) -> String {
        let (quantity, units) = (format_decimal(quantity.decimal()), self.units(units));
        let factor = match conversion.by {
            Factor::Multiply(factor) => format!("× {}", format_decimal(factor.decimal())),
            Factor::Divide(factor) => format!("÷ {}", format_decimal(factor.decimal())),
        };
        let rule = conversion.rounding.map_or_else(String::new, |mode| {
            let (mode, places) = (mode_words(mode, self.lang), conversion.places);
            self.lang.pick(format!("（{places} 位小数，{mode}）"), format!(" ({places} decimal places, {mode})"))
        });
        self.lang.pick(
            format!("换算：{quantity} {factor} = {units}{rule}"),
            format!("Converted: {quantity} {factor} = {units}{rule}"),
        )
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn rounded(
        &self,
        mode: RoundingMode,
        digits: u32,
        (exact, cut): (Exact, Exact),
        amount: &str,
    ) -> String {
        if cut.signum() == 0 {
            return self.lang.pick(format!("无需舍入：{amount}"), format!("Nothing to round: {amount}"));
        }
        let (mode, exact, cut) = (mode_words(mode, self.lang), format_exact(exact), cut_words(cut, self.lang));
        self.lang.pick(
            format!("舍入到 {digits} 位小数（{mode}）：{exact} → {amount}，{cut}"),
            format!("Rounded to {digits} decimal places, {mode}: {exact} → {amount}, {cut}"),
        )
    }
}
