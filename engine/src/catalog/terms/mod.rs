//! Terms that stand beside the prices and work on the whole bill: discounts, taxes, credits. Read and written here,
//! applied by the file of the same name under `invoice/`.

pub(super) mod credit;
pub(super) mod discount;
mod percent;
pub(super) mod tax;

use super::draft::Node;
use super::plan::Plan;
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use crate::ids::{BadId, TaxId};

pub use credit::{Credit, CreditPlace, CreditRules, Eligible};
pub use discount::{Discount, DiscountOrder, DiscountRounding, DiscountRules, DiscountTerm, Off, ShareRule, Target};
pub use percent::Percent;
pub use tax::{Tax, TaxBase, TaxRounding, TaxRules, Treatment};

pub(super) use credit::{read_credit_rules, read_credits, write_credit, write_credit_rules};
pub(super) use discount::{read_discount_rules, read_discounts, write_discount, write_discount_rules};
pub(super) use tax::{read_tax_rules, read_taxes, write_tax_rules, write_taxes};

/// What a book says about whole bills, the same for all its plans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// The taxes, in the order of the bill; a compound tax comes after those it is on.
    pub taxes: Vec<Tax>,
    /// How taxes are computed.
    pub tax_rules: TaxRules,
    /// How discounts are computed.
    pub discount_rules: DiscountRules,
    /// How credits are used.
    pub credit_rules: CreditRules,
}

impl Terms {
    /// The same terms without the taxes that no charge of these plans can have.
    pub(super) fn only(&self, plans: &[Plan]) -> Self {
        let charges = || plans.iter().flat_map(|plan| &plan.charges);
        let named = |id: &TaxId| charges().filter_map(|charge| charge.taxes.as_ref()).any(|taxes| taxes.contains(id));
        let mut kept: Vec<&Tax> = Vec::new();
        // From the last on: what a tax is on stands before it.
        for tax in self.taxes.iter().rev() {
            if tax.by_default || named(&tax.id) || kept.iter().any(|other| other.on.contains(&tax.id)) {
                kept.push(tax);
            }
        }
        Self { taxes: kept.into_iter().rev().cloned().collect(), ..self.clone() }
    }
}

pub(super) fn read_terms(reader: &mut Reader, root: &Table<'_>, path: &Path) -> Option<Terms> {
    let taxes = read_taxes(reader, root, path);
    let tax_rules = reader.optional(root, "tax_rules", path, read_tax_rules);
    let discount_rules = reader.optional(root, "discount_rules", path, read_discount_rules);
    let credit_rules = reader.optional(root, "credit_rules", path, read_credit_rules);
    Some(Terms {
        taxes: taxes?,
        tax_rules: tax_rules?.unwrap_or_default(),
        discount_rules: discount_rules?.unwrap_or_default(),
        credit_rules: credit_rules?.unwrap_or_default(),
    })
}

/// What charges say about taxes must fit the book's taxes.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn check_charges(reader: &mut Reader, root: &Table<'_>, plans: &[Plan], terms: &Terms) -> Option<()> {
    let mut outcome = Some(());
    let Some(field) = root.get("plans") else { return outcome };
    let entries = reader.entries(&field.node, &Path::default().key("plans"));
    for (plan, entry) in plans.iter().zip(&entries) {
        for (index, charge) in plan.charges.iter().enumerate() {
            let Some(taxes) = &charge.taxes else { continue };
            let path = entry.path.key("charges").index(index).key("taxes");
            let node = entry.charge(index).unwrap_or(entry.node);
            if terms.tax_rules.base == TaxBase::Invoice {
                outcome = reader.report(node, &path, ProblemKind::TaxedApart);
            }
            for id in taxes.iter().filter(|id| terms.taxes.iter().all(|tax| tax.id != **id)) {
                let known = terms.taxes.iter().map(|tax| tax.id.to_string()).collect();
                outcome = reader.report(node, &path, ProblemKind::UnknownTax { id: id.to_string(), known });
            }
        }
    }
    outcome
}

/// A list of ids.
pub(super) fn read_ids<T>(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    make: impl Fn(&str) -> Result<T, BadId>,
) -> Option<Vec<T>> {
    let nodes = reader.array(node, path)?;
    let ids = nodes.iter().enumerate().map(|(index, node)| reader.id_text(node, &path.index(index), &make));
    ids.collect::<Vec<_>>().into_iter().collect()
}

/// A whole number of things, 0 to 4,294,967,295.
fn read_count(reader: &mut Reader, node: &Node, path: &Path) -> Option<u32> {
    let decimal = reader.not_negative(node, path)?;
    match u32::try_from(decimal) {
        Ok(count) if decimal.is_integer() => Some(count),
        Ok(_) | Err(_) => reader.report(node, path, ProblemKind::BadCount { value: decimal.to_string() }),
    }
}
