//! Where included units come from, as a sentence.

use super::format::format_decimal;
use super::sentence::Words;
use crate::ids::AllowanceId;
use crate::quantity::Quantity;
use crate::rating::PackDrawn;

impl Words<'_> {
    /// Units of the period, of earlier ones, of a pool, and of packs with what is left in them.
    pub(super) fn entitled(
        &self,
        (fresh, prorated): (Quantity, bool),
        rolled: Quantity,
        pool: Option<&AllowanceId>,
        packs: &[PackDrawn],
    ) -> String {
        let mut parts = Vec::new();
        let number = |quantity: Quantity| format_decimal(quantity.decimal());
        let units = self.units(fresh);
        parts.push(match (pool, prorated) {
            (Some(pool), _) => {
                self.lang.pick(format!("额度池 {pool} 余 {units}"), format!("{units} in the pool {pool}"))
            }
            (None, true) => {
                self.lang.pick(format!("本期按比例 {units}"), format!("{units} for this part of the period"))
            }
            (None, false) => self.lang.pick(format!("本期 {units}"), format!("{units} of this period")),
        });
        if !rolled.is_zero() {
            let rolled = self.units(rolled);
            parts.push(self.lang.pick(format!("此前结余 {rolled}"), format!("{rolled} left from before")));
        }
        for PackDrawn { pack, used, left } in packs {
            let (used, left) = (number(*used), number(*left));
            parts.push(self.lang.pick(
                format!("资源包 {pack} 抵扣 {used}，余 {left}"),
                format!("{used} from the pack {pack}, {left} left in it"),
            ));
        }
        self.lang.pick(format!("可用额度：{}", parts.join("；")), format!("Units available: {}", parts.join("; ")))
    }
}
