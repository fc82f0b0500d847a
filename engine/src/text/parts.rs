//! What a quantity consists of, in words: its groups, the units with some attributes, the parts of a line.

use super::Lang;
use super::counted::{conditions, counted};
use super::format::format_decimal;
use super::sentence::Words;
use crate::catalog::Condition;
use crate::quantity::Quantity;
use crate::rating::{Part, Step};
use crate::usage::Group;

/// How many parts of a quantity a sentence names before it counts the rest.
const NAMED_GROUPS: usize = 5;

/// The groups with the largest quantities, largest first; of equal ones the first comes first.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn largest(groups: &[Group]) -> Vec<&Group> {
    let mut largest: Vec<&Group> = Vec::new();
    for group in groups {
        let place = largest.iter().take_while(|other| other.quantity >= group.quantity).count();
        if place < NAMED_GROUPS {
            largest.insert(place, group);
            largest.truncate(NAMED_GROUPS);
        }
    }
    largest
}

/// The values of a group, or that it has none.
fn group_name(key: &[String], lang: Lang) -> String {
    let key = key.join(" / ");
    if key.is_empty() { lang.pick("（无）", "(none)").to_owned() } else { key }
}

/// `model = gpt`, or that the attribute may be anything or is not known.
fn attribute_words(attribute: &str, value: &str, lang: Lang) -> String {
    match value {
        "*" => lang.pick(format!("{attribute} 不限"), format!("any {attribute}")),
        "" => lang.pick(format!("{attribute} 未知"), format!("{attribute} unknown")),
        value => format!("{attribute} = {value}"),
    }
}

impl Words<'_> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn counted(&self, step: &Step, events: Option<u64>, quantity: Quantity, groups: &[Group]) -> String {
        let apart = matches!(step, Step::Counted { apart: true, .. });
        let units = if apart { format_decimal(quantity.decimal()) } else { self.units(quantity) };
        let Some(events) = events else {
            return self.lang.pick(format!("假定用量：{units}"), format!("Assumed usage: {units}"));
        };
        let Step::Counted { aggregate, only, convert_each, full, .. } = step else { return units };
        let mut text = counted(aggregate, &format_decimal(events.into()), &units, self.lang);
        text.push_str(&conditions(only, convert_each.as_ref(), self.lang));
        if let Some(full) = full {
            let full = format_decimal(full.decimal());
            text = self.lang.pick(format!("{text}，折算前 {full}"), format!("{text}, {full} before proration"));
        }
        self.with_groups(text, groups)
    }

    /// Names the largest groups, and how many more there are.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn with_groups(&self, text: String, groups: &[Group]) -> String {
        if groups.is_empty() {
            return text;
        }
        let named = largest(groups)
            .into_iter()
            .map(|group| format!("{} {}", group_name(&group.key, self.lang), format_decimal(group.quantity.decimal())));
        let mut parts: Vec<String> = named.collect();
        let rest = groups.len().saturating_sub(NAMED_GROUPS);
        if rest > 0 {
            parts.push(self.lang.pick(format!("另有 {rest} 组"), format!("{rest} more")));
        }
        self.lang.pick(format!("{text}（{}）", parts.join("、")), format!("{text} ({})", parts.join(", ")))
    }

    pub(super) fn selected(&self, only: &[Condition], quantity: Quantity) -> String {
        let one = |condition: &Condition| {
            let values = condition.values.join(self.lang.pick("、", ", "));
            format!("{} = {values}", condition.attribute)
        };
        let conditions: Vec<String> = only.iter().map(one).collect();
        let (conditions, units) = (conditions.join(self.lang.pick("，", "; ")), self.units(quantity));
        self.lang.pick(format!("其中 {conditions}：{units}"), format!("Of these {conditions}: {units}"))
    }

    pub(super) fn matrix_row(&self, by: &[String], row: Option<&[String]>) -> String {
        let Some(row) = row else {
            let text = self.lang.pick("没有对应的价格行，按默认价计", "No row of its own: at the default price");
            return text.to_owned();
        };
        let values = by.iter().zip(row).map(|(attribute, value)| attribute_words(attribute, value, self.lang));
        let values = values.collect::<Vec<_>>().join(self.lang.pick("，", ", "));
        self.lang.pick(format!("价格行：{values}"), format!("Row of the price list: {values}"))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn part(&self, part: &Part) -> String {
        match part {
            Part::Tier { from, up_to } => self.tier(*from, *up_to),
            Part::Group { key, quantity } => {
                let units = self.units(*quantity);
                let key = group_name(key, self.lang);
                self.lang.pick(format!("{key}（{units}）"), format!("{key} ({units})"))
            }
            Part::Line { charge } => charge.to_string(),
            Part::Cell { cell, quantity } => {
                let units = self.units(*quantity);
                let values = cell.iter().map(|pair| attribute_words(&pair.attribute, &pair.value, self.lang));
                let values = values.collect::<Vec<_>>().join(self.lang.pick("，", ", "));
                match values.as_str() {
                    "" => units,
                    values => self.lang.pick(format!("{values}（{units}）"), format!("{values} ({units})")),
                }
            }
            Part::Detail => self.lang.pick("明细".to_owned(), "Detail".to_owned()),
            Part::BeforeLimits => {
                self.lang.pick("计入最高和最低金额之前".to_owned(), "Before maximum and minimum".to_owned())
            }
            Part::SoFar => self.lang.pick("本期截至目前".to_owned(), "The period so far".to_owned()),
            Part::Item => self.lang.pick("本次计费".to_owned(), "This part of the period".to_owned()),
        }
    }
}
