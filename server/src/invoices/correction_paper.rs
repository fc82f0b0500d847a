//! What stands on the paper of a correction: old, new and difference of each line and sum, in one language. Computes nothing.

use engine::invoice::{Change, Correction, CorrectionKind, LineChange, NamedChange};
use engine::money::{Currency, Money};
use engine::text::{Lang, format_decimal, format_money};

use super::paper::{Cell, Contents, Fact, Paper, PaperLine, Small, Sum, framed};
use crate::config::Seller;

/// Writes a correction out.
pub(super) fn correction_paper(correction: &Correction, seller: &Seller, lang: Lang) -> Paper {
    let differences = &correction.differences;
    let words = Words { currency: correction.invoice.bill.currency, lang };
    let contents = Contents {
        title: lang.pick("更正", "Correction"),
        facts: facts(correction, lang),
        head: lang.pick(["项目", "原金额", "新金额", "差额"], ["Item", "Before", "After", "Difference"]).to_vec(),
        lines: differences.lines.iter().map(|line| words.line(line)).collect(),
        sums: words.sums(correction),
        total: Sum {
            label: asked(correction.kind, lang).to_owned(),
            amount: words.money(differences.due.difference),
            steps: vec![words.before_and_after(differences.due)],
        },
    };
    framed((correction.number, &correction.invoice), seller, (contents, lang))
}

/// What the correction asks for; the amount beside it is below zero where something is given back.
fn asked(kind: CorrectionKind, lang: Lang) -> &'static str {
    match kind {
        CorrectionKind::Supplement => lang.pick("应补付", "Still to be paid"),
        CorrectionKind::CreditNote => lang.pick("应退", "Given back"),
        CorrectionKind::Restatement => lang.pick("应付总额不变", "Nothing more to be paid"),
    }
}

fn kind_name(kind: CorrectionKind, lang: Lang) -> &'static str {
    match kind {
        CorrectionKind::Supplement => lang.pick("补充账单", "Supplement"),
        CorrectionKind::CreditNote => lang.pick("贷项通知单", "Credit note"),
        CorrectionKind::Restatement => lang.pick("重述", "Restatement"),
    }
}

fn facts(correction: &Correction, lang: Lang) -> Vec<Fact> {
    let invoice = &correction.invoice;
    let issued_on = invoice.zone.date_of(correction.issued_at);
    let fact = |zh, en, value| Fact { label: lang.pick(zh, en), value };
    let mut facts = vec![
        fact("更正的账单", "Correction of invoice", correction.corrects.to_string()),
        fact("类型", "Kind", kind_name(correction.kind, lang).to_owned()),
        fact("更正编号", "Correction number", correction.number.to_string()),
    ];
    if correction.follows != correction.corrects {
        facts.push(fact("原金额依据", "Amounts before are of", correction.follows.to_string()));
    }
    facts.extend([
        fact("账单月份", "Month", invoice.month.to_string()),
        fact("出具日期", "Issued", issued_on.to_string()),
        fact("套餐", "Plan", invoice.bill.plan_name.get(lang).to_owned()),
        fact("币种", "Currency", invoice.bill.currency.code().to_owned()),
    ]);
    facts
}

/// In which currency and language figures are written.
#[derive(Debug, Clone, Copy)]
struct Words {
    currency: Currency,
    lang: Lang,
}

impl Words {
    fn money(self, money: Money) -> String {
        format_money(money, self.currency, self.lang)
    }

    fn line(self, line: &LineChange) -> PaperLine {
        let Change { before, after, difference } = line.amount;
        let cells = [before, after, difference].map(|money| Cell::plain(self.money(money)));
        let [old, new] = [line.quantity_before, line.quantity_after].map(|quantity| format_decimal(quantity.decimal()));
        let unit = line.unit.as_ref().map(|unit| unit.get(self.lang)).unwrap_or_default();
        let text = format!("{}{old} → {new} {unit}", self.lang.pick("数量：", "Quantity: "));
        let steps = if old == new { Vec::new() } else { vec![Small { depth: 0, text: text.trim_end().to_owned() }] };
        PaperLine { name: line.name.get(self.lang).to_owned(), cells: cells.into(), steps }
    }

    fn before_and_after(self, change: Change) -> Small {
        Small { depth: 0, text: format!("{} → {}", self.money(change.before), self.money(change.after)) }
    }

    fn sum(self, label: &str, change: Change) -> Sum {
        let steps = vec![self.before_and_after(change)];
        Sum { label: label.to_owned(), amount: self.money(change.difference), steps }
    }

    /// Discounts and credits take off, so that more of them is less to pay.
    fn taken<Id>(self, changes: &[NamedChange<Id>]) -> Vec<Sum> {
        let sum = |change: &NamedChange<Id>| {
            let (label, sum) = (change.name.get(self.lang), self.sum("", change.amount));
            let amount = match sum.amount.strip_prefix('-') {
                Some(less) => less.to_owned(),
                None => ["-", &sum.amount].concat(),
            };
            Sum { label: label.to_owned(), amount, ..sum }
        };
        changes.iter().map(sum).collect()
    }

    fn sums(self, correction: &Correction) -> Vec<Sum> {
        let differences = &correction.differences;
        let mut sums = self.taken(&differences.discounts);
        if let Some(cut) = differences.rounding {
            let label = self.lang.pick("舍入", "Rounding").to_owned();
            let amount = self.money(cut);
            let amount = amount.strip_prefix('-').map_or_else(|| ["-", &amount].concat(), str::to_owned);
            sums.push(Sum { label, amount, steps: Vec::new() });
        }
        sums.push(self.sum(self.lang.pick("小计", "Subtotal"), differences.subtotal));
        sums.extend(differences.taxes.iter().map(|tax| self.sum(tax.name.get(self.lang), tax.amount)));
        if !differences.credits.is_empty() {
            sums.push(self.sum(self.lang.pick("总额", "Total"), differences.total));
        }
        sums.extend(self.taken(&differences.credits));
        sums
    }
}
