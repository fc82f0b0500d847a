//! What must be assumed of a meter's usage so that the plans of a book can price it: a quantity alone, quantities by
//! attributes, or single events.
//!
//! Reads it off the charges; never assumes a quantity itself.

use crate::catalog::{Book, Charge, Each, Metered, Model, Pricing};
use crate::usage::{By, Dimension, Meter};

/// Of so many combinations all are listed; of more only those that the book's own rows name.
const LISTED_MAX: usize = 2_000;

/// Stands for any value that the book does not name. No charge can name it: in a book it means "any".
const OTHER: &str = "*";

/// What must be assumed of a meter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The dimensions that decide a price, in the order of the meter's `group_by`. Empty where a quantity is enough.
    pub choices: Vec<Choice>,
    /// Whether a price depends on the number and size of single events.
    pub events: bool,
    /// Combinations of values that the book prices, in its own order; none where only the distinction matters.
    pub cells: Vec<Vec<String>>,
    /// How many dimensions the meter has.
    dimensions: usize,
}

/// A dimension that decides a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Its place in the meter's `group_by`.
    pub place: usize,
    /// The values that make a difference; empty where any value is as good as any other and only differing ones count.
    pub values: Vec<Value>,
}

/// A value that makes a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// What stands in a group's key.
    pub key: String,
    /// Whether it stands for all values that the book does not name.
    pub is_other: bool,
}

impl Needs {
    /// Whether a quantity alone is enough.
    pub fn is_plain(&self) -> bool {
        self.choices.is_empty() && !self.events
    }

    /// The key of a group with these values, in the order of the choices; dimensions that decide nothing are empty.
    pub fn key(&self, values: &[String]) -> Vec<String> {
        if self.choices.is_empty() {
            return Vec::new();
        }
        let mut key = vec![String::new(); self.dimensions];
        for (choice, value) in self.choices.iter().zip(values) {
            if let Some(part) = key.get_mut(choice.place) {
                part.clone_from(value);
            }
        }
        key
    }

    /// The listed combination that has `value` at this choice and shares most of the others with `values`.
    pub fn nearest(&self, values: &[String], (at, value): (usize, &str)) -> Option<&Vec<String>> {
        let fits = self.cells.iter().filter(|cell| cell.get(at).is_some_and(|own| own == value));
        let shared = |cell: &[String]| cell.iter().zip(values).filter(|(own, other)| own == other).count();
        // Of equally near ones the first in the book's order.
        fits.rev().max_by_key(|cell| shared(cell))
    }
}

/// What must be assumed of `meter` for the plans of `book`.
pub fn needs(book: &Book, meter: &Meter) -> Needs {
    let charges: Vec<&Metered> = charges(book, meter).collect();
    let events = charges.iter().any(|metered| wants_events(&metered.model));
    if !charges.iter().any(|metered| splits(metered)) {
        return Needs { events, ..Needs::default() };
    }
    by_dimensions(book, meter, &charges, events)
}

fn charges<'b>(book: &'b Book, meter: &'b Meter) -> impl Iterator<Item = &'b Metered> {
    let all = book.plans.iter().flat_map(|plan| &plan.charges);
    all.filter_map(|charge: &Charge| match &charge.pricing {
        Pricing::Metered(metered) => Some(metered),
        Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => None,
    })
    .filter(|metered| metered.meter == meter.id)
}

fn wants_events(model: &Model) -> bool {
    match model {
        Model::Percentage(percentage) => percentage.counts_events(),
        Model::PerUnit(_)
        | Model::Graduated(_)
        | Model::Volume(_)
        | Model::StairStep(_)
        | Model::Package(_)
        | Model::GraduatedPercentage(_)
        | Model::Dynamic(_)
        | Model::Committed(_)
        | Model::ProratedGraduated(_) => model.needs_events(),
    }
}

/// Whether the groups of the meter matter to a charge.
fn splits(metered: &Metered) -> bool {
    metered.each == Each::Group || !metered.only.is_empty()
}

#[inline(never)] // Not in the first part of the calculator's program.
fn by_dimensions(book: &Book, meter: &Meter, charges: &[&Metered], events: bool) -> Needs {
    let dimensions = meter.group_by.iter().enumerate();
    let used = dimensions.filter(|(place, _)| charges.iter().any(|metered| reads(metered, *place)));
    let choices: Vec<Choice> = used
        .map(|(place, dimension)| Choice {
            name: dimension.name.clone(),
            place,
            values: values(book, dimension, (place, charges)),
        })
        .collect();
    let mut needs = Needs { choices, events, cells: Vec::new(), dimensions: meter.group_by.len() };
    let cells = listed(&needs.choices);
    needs.cells = cells.into_iter().filter(|cell| is_priced(charges, &needs.key(cell))).collect();
    needs
}

/// Whether a charge looks at the dimension of this place.
fn reads(metered: &Metered, place: usize) -> bool {
    metered.each == Each::Group || metered.only.iter().any(|condition| condition.place == place)
}

/// The values that make a difference: slots and bands are known, of attributes those that the charges name.
fn values(book: &Book, dimension: &Dimension, (place, charges): (usize, &[&Metered])) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    let mut add = |key: &str| {
        if !values.iter().any(|value| value.key == key) {
            values.push(Value { key: key.to_owned(), is_other: key == OTHER });
        }
    };
    match &dimension.by {
        By::Calendar(id) => {
            let calendar = book.calendars.iter().find(|calendar| calendar.id == *id);
            calendar.into_iter().flat_map(|calendar| calendar.slots()).for_each(add);
        }
        By::Bands { bands, .. } => bands.iter().for_each(|band| add(&band.name)),
        // Windows follow one another: any two are as good as any other two.
        By::Window(_) => {}
        By::Attribute { .. } => {
            for metered in charges {
                named(metered, place).into_iter().for_each(&mut add);
            }
            if !values.is_empty() && charges.iter().any(|metered| takes_any(metered, place)) {
                values.push(Value { key: OTHER.to_owned(), is_other: true });
            }
        }
    }
    values
}

/// The values that a charge names for the dimension of this place.
fn named(metered: &Metered, place: usize) -> Vec<&str> {
    let conditions = metered.only.iter().filter(|condition| condition.place == place);
    conditions.flat_map(|condition| condition.values.iter().map(String::as_str)).collect()
}

/// Whether a charge also prices values of this dimension that it does not name.
fn takes_any(metered: &Metered, place: usize) -> bool {
    !metered.only.iter().any(|condition| condition.place == place)
}

/// All combinations of the values of the choices; none where one has no values or there are too many.
fn listed(choices: &[Choice]) -> Vec<Vec<String>> {
    let count = choices.iter().try_fold(1_usize, |count, choice| count.checked_mul(choice.values.len()));
    if count.is_none_or(|count| count == 0 || count > LISTED_MAX) {
        return Vec::new();
    }
    let mut cells: Vec<Vec<String>> = vec![Vec::new()];
    for choice in choices {
        let longer = |cell: &Vec<String>| {
            let cell = cell.clone();
            choice.values.iter().map(move |value| [cell.as_slice(), &[value.key.clone()]].concat()).collect::<Vec<_>>()
        };
        cells = cells.iter().flat_map(longer).collect();
    }
    cells
}

/// Whether some charge prices this group.
fn is_priced(charges: &[&Metered], key: &[String]) -> bool {
    charges.iter().any(|metered| metered.selects(key))
}

#[cfg(test)]
mod tests {
    use super::{Needs, needs};
    use crate::catalog::BookDraft;

    fn of(group_by: &str, charges: &str) -> Needs {
        let text = format!(
            "[book]\nid = \"b\"\nversion = \"1\"\neffective = \"2026-01-01\"\ncurrency = \"CNY\"\nzone = \"UTC\"\n\
             name = {{ zh = \"书\", en = \"Book\" }}\n\
             [calendars.week]\nslots = [{{ slot = \"peak\", from = \"08:00\", to = \"20:00\" }}]\ndefault = \"low\"\n\
             [meters.m]\nname = {{ zh = \"量\", en = \"M\" }}\nevent = \"e\"\naggregate = \"sum\"\nfield = \"v\"\nsamples = true\n\
             group_by = [{group_by}]\n[plans.p]\nname = {{ zh = \"套餐\", en = \"Plan\" }}\n{charges}"
        );
        let book = BookDraft::from_toml(&text).check().unwrap();
        needs(&book, &book.meters[0])
    }

    fn cells(needs: &Needs) -> Vec<String> {
        needs.cells.iter().map(|cell| cell.join(" ")).collect()
    }

    #[test]
    fn groups_that_no_charge_looks_at_need_no_choice() {
        let plain = of("\"region\"", "[[plans.p.charges]]\nmeter = \"m\"\nper_unit = { price = \"1\" }");
        assert!(plain.is_plain() && plain.cells.is_empty());
    }

    #[test]
    fn slots_are_known_and_values_in_conditions_are_named() {
        let needs = of(
            "\"who\", \"region\", { name = \"slot\", calendar = \"week\" }",
            "[[plans.p.charges]]\nid = \"a\"\nmeter = \"m\"\nwhere = { slot = \"peak\", region = [\"eu\", \"us\"] }\n\
             per_unit = { price = \"2\" }\n\
             [[plans.p.charges]]\nid = \"b\"\nmeter = \"m\"\nwhere = { slot = \"low\" }\nper_unit = { price = \"1\" }",
        );
        // Elsewhere only the low hours are priced, so the pair "any other region, peak" is left out.
        assert_eq!(cells(&needs), ["eu peak", "eu low", "us peak", "us low", "* low"]);
        assert_eq!(needs.key(&needs.cells[1]), ["", "eu", "low"]);
        let values = ["us".to_owned(), "peak".to_owned()];
        assert_eq!(needs.nearest(&values, (0, "*")).unwrap().join(" "), "* low");
        assert_eq!(needs.nearest(&values, (1, "low")).unwrap().join(" "), "us low");
    }

    #[test]
    fn groups_priced_alone_count_by_being_different() {
        let needs =
            of("\"team\"", "[[plans.p.charges]]\nmeter = \"m\"\neach = \"group\"\nper_unit = { price = \"1\" }");
        assert!(!needs.is_plain() && needs.choices[0].values.is_empty() && needs.cells.is_empty());
        assert_eq!(needs.key(&["7".to_owned()]), ["7"]);
    }

    #[test]
    fn fees_for_each_event_need_events() {
        let charge = "[[plans.p.charges]]\nmeter = \"m\"\npercentage = { percent = \"1\", per_event = \"0.30\", minimum = \"1\" }";
        assert!(of("", charge).events && of("", charge).choices.is_empty());
    }
}
