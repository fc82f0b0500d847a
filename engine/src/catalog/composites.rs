//! Shares of other charges: what they are shares of must be there, and no amount may depend on itself.

use super::charge::{Charge, Pricing};
use super::draft::Node;
use super::problem::ProblemKind;
use super::reader::{Path, Reader};
use crate::ids::ChargeId;

/// Refuses composites of charges that are gone and circles of composites. All charges of the plan could be read.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn check_composites(reader: &mut Reader, nodes: &[Node], path: &Path, charges: &[Charge]) -> Option<()> {
    let mut outcome = Some(());
    for (index, (charge, node)) in charges.iter().zip(nodes).enumerate() {
        let path = path.index(index).key("composite").key("of");
        if let Some(id) = parts(charge).iter().find(|id| find(charges, id).is_none()) {
            let known = charges.iter().map(|charge| charge.id.to_string()).collect();
            outcome = reader.report(node, &path, ProblemKind::UnknownCharge { id: id.to_string(), known });
        } else if let Some(circle) = circle(charges, charge) {
            outcome = reader.report(node, &path, ProblemKind::CircularCharge { circle });
        }
    }
    outcome
}

/// The charges that a charge is a share of.
fn parts(charge: &Charge) -> &[ChargeId] {
    match &charge.pricing {
        Pricing::Composite(composite) => &composite.of,
        Pricing::Flat(_) | Pricing::Metered(_) | Pricing::Capacity(_) => &[],
    }
}

fn find<'c>(charges: &'c [Charge], id: &ChargeId) -> Option<&'c Charge> {
    charges.iter().find(|charge| charge.id == *id)
}

/// The way from a charge back to itself, if there is one. Looks at every charge once.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn circle(charges: &[Charge], start: &Charge) -> Option<Vec<String>> {
    let mut ways: Vec<Vec<&ChargeId>> = vec![vec![&start.id]];
    let mut seen: Vec<&ChargeId> = Vec::new();
    while let Some(way) = ways.pop() {
        let Some(charge) = way.last().and_then(|id| find(charges, id)) else { continue };
        for part in parts(charge) {
            let mut longer = way.clone();
            longer.push(part);
            if *part == start.id {
                return Some(longer.into_iter().map(ChargeId::to_string).collect());
            }
            if !seen.contains(&part) {
                seen.push(part);
                ways.push(longer);
            }
        }
    }
    None
}
