//! What is legal in a book but likely wrong, in words.

use chrono::NaiveDate;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::exact::Exact;
use crate::period::Month;
use crate::quantity::Quantity;
use crate::text::{Lang, Names, format_decimal, format_exact};

use super::super::draft::Place;

/// Something that its author should look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Where in the text; `None` where the book did not come from a text.
    pub place: Option<Place>,
    /// Where in the structure, for instance `plans.starter.charges[0]`.
    pub path: String,
    /// What is odd.
    pub kind: WarningKind,
}

/// Why a discount takes nothing off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the values that the messages below name")]
pub enum NeverHolds {
    /// It is 0.
    Nothing,
    /// It ends before this version begins.
    Over { until: Month, effective: NaiveDate },
}

/// What is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the values that the messages below name")]
pub enum WarningKind {
    /// One more unit lowers the bill.
    VolumeCliff { at: Quantity, before: Exact, after: Exact },
    /// A later tier is dearer than the one before.
    DearerTier { from: Quantity, before: Exact, after: Exact },
    /// Free units of something that costs nothing anyway.
    QuotaOfFree { included: Quantity },
    /// A meter that no plan prices.
    MeterWithoutPrice,
    /// A charge that can never be anything but zero.
    ChargeOfNothing,
    /// A selection of values that an attribute never has; all of them, or some.
    NeverSelected { attribute: String, values: Vec<String>, possible: Vec<String>, all: bool, quota: Option<Quantity> },
    /// A discount that takes nothing off any bill.
    DiscountNeverHolds { reason: NeverHolds },
    /// A public plan whose charges are all nothing, but which is not said to be a trial.
    AlwaysFree,
}

impl WarningKind {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::VolumeCliff { .. } => "volume_cliff",
            Self::DearerTier { .. } => "dearer_tier",
            Self::QuotaOfFree { .. } => "quota_of_free",
            Self::MeterWithoutPrice => "meter_without_price",
            Self::ChargeOfNothing => "charge_of_nothing",
            Self::NeverSelected { .. } => "never_selected",
            Self::DiscountNeverHolds { .. } => "discount_never_holds",
            Self::AlwaysFree => "always_free",
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::VolumeCliff { at, before, after } => format!(
                "用量从 {} 再多一点，费用反而从 {} 降到 {}；客户会为了省钱而多用",
                units(*at),
                format_exact(*before),
                format_exact(*after)
            ),
            Self::DearerTier { from, before, after } => format!(
                "{} 以上的单价 {} 高于前一级的 {}；通常用得越多越便宜",
                units(*from),
                format_exact(*after),
                format_exact(*before)
            ),
            Self::QuotaOfFree { included } => {
                format!("包含 {} 个单位，但该项本来就不收费：没有人能用上这份额度", units(*included))
            }
            Self::MeterWithoutPrice => "没有任何套餐为该计量项定价".to_owned(),
            Self::ChargeOfNothing => "无论用多少，该收费项都是零".to_owned(),
            Self::NeverSelected { attribute, values, possible, all, quota } => {
                let effect = match (all, quota) {
                    (_, Some(quota)) => format!("该项永远没有用量，没有人能用上 {} 个单位的额度", units(*quota)),
                    (true, None) => "该项永远没有用量".to_owned(),
                    (false, None) => "这些值不起作用".to_owned(),
                };
                format!("{attribute} 永远不会是 {}（只可能是 {}）：{effect}", values.join("、"), possible.join("、"))
            }
            Self::DiscountNeverHolds { reason } => reason.zh(),
            Self::AlwaysFree => "该公开套餐永远不会产生费用；如果本意如此，请写 trial = true".to_owned(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::VolumeCliff { at, before, after } => format!(
                "just above {} units the amount falls from {} to {}; customers save money by using more",
                units(*at),
                format_exact(*before),
                format_exact(*after)
            ),
            Self::DearerTier { from, before, after } => format!(
                "above {} units one costs {}, more than {} in the tier before; usually more gets cheaper",
                units(*from),
                format_exact(*after),
                format_exact(*before)
            ),
            Self::QuotaOfFree { included } => {
                format!(
                    "{} units are included, but they cost nothing anyway: nobody can use this quota",
                    units(*included)
                )
            }
            Self::MeterWithoutPrice => "no plan has a price for this meter".to_owned(),
            Self::ChargeOfNothing => "this charge is zero whatever is used".to_owned(),
            Self::NeverSelected { attribute, values, possible, all, quota } => {
                let effect = match (all, quota) {
                    (_, Some(quota)) => {
                        format!(
                            "there is never anything to price, and nobody can use the {} units included",
                            units(*quota)
                        )
                    }
                    (true, None) => "there is never anything to price".to_owned(),
                    (false, None) => "these values select nothing".to_owned(),
                };
                format!("{attribute} is never {} (only {}): {effect}", values.join(" or "), possible.join(", "))
            }
            Self::DiscountNeverHolds { reason } => reason.en(),
            Self::AlwaysFree => {
                "this public plan never bills anything; if that is meant, write trial = true".to_owned()
            }
        }
    }
}

impl NeverHolds {
    fn zh(self) -> String {
        match self {
            Self::Nothing => "该折扣为零，不会减免任何金额".to_owned(),
            Self::Over { until, effective } => {
                format!("该折扣在 {until} 之前结束，而本版本 {effective} 才生效：永远用不上")
            }
        }
    }

    fn en(self) -> String {
        match self {
            Self::Nothing => "this discount is zero and takes nothing off".to_owned(),
            Self::Over { until, effective } => {
                format!("this discount ends before {until}, and this version begins on {effective}: it never holds")
            }
        }
    }
}

fn units(quantity: Quantity) -> String {
    format_decimal(quantity.decimal())
}

impl Warning {
    /// What is odd and why, without the place.
    pub fn message(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.kind.zh(),
            Lang::En => self.kind.en(),
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Warning", 5)?;
        fields.serialize_field("code", self.kind.code())?;
        fields.serialize_field("line", &self.place.map(|place| place.line))?;
        fields.serialize_field("column", &self.place.map(|place| place.column))?;
        fields.serialize_field("path", &self.path)?;
        let message = Names { zh: self.message(Lang::Zh).into(), en: self.message(Lang::En).into() };
        fields.serialize_field("message", &message)?;
        fields.end()
    }
}
