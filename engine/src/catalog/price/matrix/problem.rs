//! What can be wrong with prices by attributes, in words that say what is allowed instead.

use crate::text::Lang;

/// What is wrong with a matrix or with rules.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the values that the messages below name")]
pub enum MatrixProblem {
    /// An attribute that the meter does not group by.
    UnknownAttribute { attribute: String, known: Vec<String> },
    /// An attribute with the name of a price's key.
    ReservedAttribute { attribute: String },
    /// No attributes, or too many.
    AttributeCount { found: usize },
    /// No rows at all.
    NoRows,
    /// A row that does not say what an attribute must be.
    MissingAttribute { attribute: String },
    /// A list that is not the values, a price and perhaps a per.
    RowLength { found: usize, by: Vec<String> },
    /// A row without a price, or with several.
    NotOnePrice { found: Vec<String> },
    /// The same values twice.
    DuplicateRow { row: usize, other: usize, cell: String },
    /// Two rows of the same rank for one cell.
    AmbiguousRows { row: usize, other: usize, values: [String; 2], cell: String },
    /// A value that the charge does not select.
    UnreachableRow { attribute: String, value: String, allowed: Vec<String> },
    /// A row for any value, all of which have rows of their own.
    CoveredRow { row: usize, cell: String, values: Vec<String> },
    /// Free units over cells with different prices.
    IncludedOverCells,
    /// A running total without the events one by one.
    NeedsSamples,
    /// A running total with prices that are not per unit.
    NotByUnit,
    /// Something that has no meaning for a running total.
    NotForRunningTotal { key: &'static str },
    /// No rules at all.
    NoRules,
    /// A rule with neither a price nor a factor, or with both.
    NotOneEffect { allowed: &'static str },
    /// A rule for an attribute that does not say for which values.
    NoTest { attribute: String },
}

impl MatrixProblem {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownAttribute { .. } => "unknown_attribute",
            Self::ReservedAttribute { .. } => "reserved_attribute",
            Self::AttributeCount { .. } => "attribute_count",
            Self::NoRows => "no_rows",
            Self::MissingAttribute { .. } => "missing_attribute",
            Self::RowLength { .. } => "row_length",
            Self::NotOnePrice { .. } => "not_one_price",
            Self::DuplicateRow { .. } => "duplicate_row",
            Self::AmbiguousRows { .. } => "ambiguous_rows",
            Self::UnreachableRow { .. } => "unreachable_row",
            Self::CoveredRow { .. } => "covered_row",
            Self::IncludedOverCells => "included_over_cells",
            Self::NeedsSamples => "needs_samples",
            Self::NotByUnit => "not_by_unit",
            Self::NotForRunningTotal { .. } => "not_for_running_total",
            Self::NoRules => "no_rules",
            Self::NotOneEffect { .. } => "not_one_effect",
            Self::NoTest { .. } => "no_test",
        }
    }

    pub(in crate::catalog) fn message(&self, lang: Lang) -> String {
        match lang {
            Lang::Zh => self.zh(),
            Lang::En => self.en(),
        }
    }

    fn en(&self) -> String {
        match self {
            Self::UnknownAttribute { attribute, known } if known.is_empty() => {
                format!("the meter groups by nothing; add \"{attribute}\" to its group_by")
            }
            Self::UnknownAttribute { attribute, known } => {
                format!("the meter does not group by \"{attribute}\"; it has {}", known.join(", "))
            }
            Self::ReservedAttribute { attribute } => {
                format!("an attribute cannot be called \"{attribute}\" here, because prices have a key of that name")
            }
            Self::AttributeCount { found } => format!("{found} attributes; allowed are 1 to {}", super::ATTRIBUTES_MAX),
            Self::NoRows => "the list of rows is empty; it needs at least one".to_owned(),
            Self::MissingAttribute { attribute } => {
                format!("the row does not say what \"{attribute}\" must be; write a value, or \"*\" for any")
            }
            Self::RowLength { found, by } => {
                format!("the row has {found} entries; needed are {}, price and, if it differs, per", by.join(", "))
            }
            Self::NotOnePrice { found } if found.is_empty() => {
                "no price; give exactly one of price, graduated, volume, stair_step, package".to_owned()
            }
            Self::NotOnePrice { found } => format!("{} exclude each other; give exactly one of them", found.join(" and ")),
            Self::DuplicateRow { row, other, cell } => {
                format!("row {row} has the same values as row {other}: {cell}; remove one of them")
            }
            Self::AmbiguousRows { row, other, values: [own, others], cell } => format!(
                "row {row} ({own}) and row {other} ({others}) both match {cell} and name equally many attributes; add a row for {cell}"
            ),
            Self::UnreachableRow { attribute, value, allowed } => format!(
                "this row is never reached: \"{attribute}\" is never \"{value}\" here; it can be {}",
                allowed.join(", ")
            ),
            Self::CoveredRow { row, cell, values } => format!(
                "row {row} ({cell}) is never reached: there are rows for each of {}; remove it",
                values.join(", ")
            ),
            Self::IncludedOverCells => {
                "cells have different prices, so it is open which of their units are free; write each = \"group\" for free units in each group"
                    .to_owned()
            }
            Self::NeedsSamples => {
                "a running total takes the events one by one; write samples = true in the meter".to_owned()
            }
            Self::NotByUnit => {
                "with a running total every row needs price, or graduated tiers with nothing but up_to, price and per".to_owned()
            }
            Self::NotForRunningTotal { key } => {
                format!("\"{key}\" has no meaning where a running total over all events decides the tier; leave it out")
            }
            Self::NoRules => "the list of rules is empty; it needs at least one".to_owned(),
            Self::NotOneEffect { allowed } => format!("this rule needs exactly one of {allowed} and factor"),
            Self::NoTest { attribute } => {
                format!("the rule does not say for which \"{attribute}\" it holds; add is = \"…\" or from = \"…\"")
            }
        }
    }

    fn zh(&self) -> String {
        match self {
            Self::UnknownAttribute { attribute, known } if known.is_empty() => {
                format!("该计量项没有分组；请在其 group_by 中加入“{attribute}”")
            }
            Self::UnknownAttribute { attribute, known } => {
                format!("该计量项不按“{attribute}”分组；可用：{}", known.join("、"))
            }
            Self::ReservedAttribute { attribute } => format!("此处的属性不能叫“{attribute}”，因为价格有同名的键"),
            Self::AttributeCount { found } => format!("有 {found} 个属性；允许 1 到 {} 个", super::ATTRIBUTES_MAX),
            Self::NoRows => "价格行列表为空；至少需要一行".to_owned(),
            Self::MissingAttribute { attribute } => format!("该行没有写明“{attribute}”；请写一个值，或用“*”表示任意"),
            Self::RowLength { found, by } => {
                format!("该行有 {found} 项；需要 {}、price，以及不同时的 per", by.join("、"))
            }
            Self::NotOnePrice { found } if found.is_empty() => {
                "没有价格；请给出且仅给出一个：price、graduated、volume、stair_step、package".to_owned()
            }
            Self::NotOnePrice { found } => format!("{} 互斥；只能给出其中一个", found.join("、")),
            Self::DuplicateRow { row, other, cell } => {
                format!("第 {row} 行与第 {other} 行的值相同：{cell}；请删除其中一行")
            }
            Self::AmbiguousRows { row, other, values: [own, others], cell } => format!(
                "第 {row} 行（{own}）与第 {other} 行（{others}）都符合 {cell}，且写明的属性一样多；请为 {cell} 单列一行"
            ),
            Self::UnreachableRow { attribute, value, allowed } => {
                format!("该行永远不会用到：此处“{attribute}”不会是“{value}”；可能的值：{}", allowed.join("、"))
            }
            Self::CoveredRow { row, cell, values } => {
                format!("第 {row} 行（{cell}）永远不会用到：{} 都已单列；请删除该行", values.join("、"))
            }
            Self::IncludedOverCells => {
                "各格价格不同，无法确定免费的是哪些用量；请写 each = \"group\"，使每组各有免费用量".to_owned()
            }
            Self::NeedsSamples => "按累计用量计价需要逐个事件；请在计量项中写 samples = true".to_owned(),
            Self::NotByUnit => {
                "按累计用量计价时，每行只能写 price，或仅含 up_to、price、per 的 graduated 阶梯".to_owned()
            }
            Self::NotForRunningTotal { key } => format!("按全部事件的累计用量定档时，“{key}”没有意义；请去掉"),
            Self::NoRules => "规则列表为空；至少需要一条".to_owned(),
            Self::NotOneEffect { allowed } => format!("该规则需要且仅需要 {allowed} 和 factor 中的一个"),
            Self::NoTest { attribute } => {
                format!("该规则没有写明对哪些“{attribute}”有效；请加 is = \"…\" 或 from = \"…\"")
            }
        }
    }
}
