//! Bills as they are read: documents from before there were several taxes, discounts and credits are read too.
//!
//! What was issued never changes, so every shape that was ever written must be readable for ever.

use serde::Deserialize;

use super::{Line, Rated, Step};
use crate::catalog::BookRef;
use crate::ids::{MeterId, PlanId};
use crate::invoice::{Carried, CreditLine, DiscountLine, TaxLine};
use crate::money::{Currency, Money};
use crate::rounding::Rounding;
use crate::text::Names;

#[derive(Deserialize)]
pub(super) struct Stored {
    book: BookRef,
    plan: PlanId,
    plan_name: Names,
    currency: Currency,
    rounding: Rounding,
    lines: Vec<Line>,
    lines_total: Option<Money>,
    #[serde(default)]
    discounts: Vec<DiscountLine>,
    invoice_rounding: Option<Step>,
    subtotal: Money,
    /// The one tax of documents from before there could be several.
    tax: Option<TaxLine>,
    #[serde(default)]
    taxes: Vec<TaxLine>,
    tax_rounding: Option<Step>,
    total: Money,
    #[serde(default)]
    credits: Vec<CreditLine>,
    /// Documents from before there were credits do not say: there it is the total.
    due: Option<Money>,
    carried: Option<Carried>,
    #[serde(default)]
    unpriced: Vec<MeterId>,
}

impl From<Stored> for Rated {
    fn from(stored: Stored) -> Self {
        Self {
            book: stored.book,
            plan: stored.plan,
            plan_name: stored.plan_name,
            currency: stored.currency,
            rounding: stored.rounding,
            lines: stored.lines,
            lines_total: stored.lines_total,
            discounts: stored.discounts,
            invoice_rounding: stored.invoice_rounding,
            subtotal: stored.subtotal,
            taxes: stored.tax.into_iter().chain(stored.taxes).collect(),
            tax_rounding: stored.tax_rounding,
            total: stored.total,
            credits: stored.credits,
            due: stored.due.unwrap_or(stored.total),
            carried: stored.carried,
            unpriced: stored.unpriced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rated;

    #[test]
    fn a_document_with_one_tax_is_read_as_one_of_several() {
        let old = r#"{"book":{"id":"b","version":"1","digest":"sha256:0"},"plan":"p","plan_name":{"zh":"甲","en":"P"},
            "currency":"CNY","rounding":{"at":"line","mode":"half_up"},"lines":[],"subtotal":"10.10",
            "tax":{"name":{"zh":"税","en":"Tax"},"amount":"0.61","steps":[]},"total":"10.71"}"#;
        let rated: Rated = serde_json::from_str(old).unwrap();
        let [tax] = rated.taxes.as_slice() else { panic!("one tax") };
        assert_eq!(
            (tax.id.as_str(), tax.amount.to_string(), rated.due.to_string()),
            ("tax", "0.61".into(), "10.71".into())
        );
        let written = serde_json::to_string(&rated).unwrap();
        assert_eq!(serde_json::from_str::<Rated>(&written).unwrap(), rated);
    }
}
