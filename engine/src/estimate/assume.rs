//! What must be assumed of a meter's usage so that the plans of a book can price it: a quantity alone, quantities by
//! attributes, or single events.
//!
//! Reads it off the charges; never assumes a quantity itself.

use std::collections::BTreeSet;

use crate::catalog::{
    Attribute, Book, ByAttributes, Charge, Each, Matrix, Metered, Model, Pricing, Rules, Test, TierCount,
};
use crate::quantity::Quantity;
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
    /// Whether a price depends on the order in which units came, so that each group is to be given as an event.
    pub order: bool,
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

    /// Whether the book prices these values, in the order of the choices.
    pub fn prices(&self, book: &Book, meter: &Meter, values: &[String]) -> bool {
        is_priced(&charges(book, meter).collect::<Vec<_>>(), &self.key(values))
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
    Needs { events, ..by_dimensions(book, meter, &charges) }
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
        | Model::ProratedGraduated(_)
        | Model::Rules(_) => model.needs_events(),
        // Groups, one after the other, are events enough.
        Model::Matrix(_) => false,
    }
}

/// Whether the groups of the meter matter to a charge.
fn splits(metered: &Metered) -> bool {
    metered.each == Each::Group || !metered.only.is_empty() || !attributes(&metered.model).is_empty()
}

/// The attributes by which a model chooses its price.
fn attributes(model: &Model) -> &[Attribute] {
    model.by_attributes().map_or(&[], ByAttributes::by)
}

/// The matrix of a charge, if that is its model.
fn matrix(metered: &Metered) -> Option<&Matrix> {
    if let Model::Matrix(matrix) = &metered.model { Some(matrix) } else { None }
}

/// The rules of a charge, if they are its model.
fn rules(metered: &Metered) -> Option<&Rules> {
    if let Model::Rules(rules) = &metered.model { Some(rules) } else { None }
}

#[inline(never)] // Not in the first part of the calculator's program.
fn by_dimensions(book: &Book, meter: &Meter, charges: &[&Metered]) -> Needs {
    let dimensions = meter.group_by.iter().enumerate();
    let used = dimensions.filter(|(place, _)| charges.iter().any(|metered| reads(metered, *place)));
    let choices: Vec<Choice> = used
        .map(|(place, dimension)| Choice {
            name: dimension.name.clone(),
            place,
            values: values(book, dimension, (place, charges)),
        })
        .collect();
    let order = charges.iter().filter_map(|metered| matrix(metered)).any(|m| m.count() == TierCount::RunningTotal);
    let mut needs = Needs { choices, events: false, order, cells: Vec::new(), dimensions: meter.group_by.len() };
    // The book's own rows come first: they are what its author thought of first.
    let mut seen = BTreeSet::new();
    let cells = from_rows(&needs.choices, charges).into_iter().chain(listed(&needs.choices));
    let cells = cells.filter(|cell| seen.insert(cell.clone()) && is_priced(charges, &needs.key(cell)));
    needs.cells = cells.collect();
    needs
}

/// The rows of matrices, with the last value of a choice where a row takes any: the one that stands for others, if there
/// is one.
fn from_rows(choices: &[Choice], charges: &[&Metered]) -> Vec<Vec<String>> {
    let mut cells: Vec<Vec<String>> = Vec::new();
    for (metered, matrix) in charges.iter().filter_map(|metered| Some((metered, matrix(metered)?))) {
        for (row, _) in matrix.rows() {
            let value = |choice: &Choice| {
                let at = matrix.by().iter().position(|attribute| attribute.place == choice.place);
                let named = at.and_then(|at| row.get(at)).filter(|value| **value != OTHER);
                let chosen = metered.only.iter().find(|condition| condition.place == choice.place);
                let chosen = || chosen.and_then(|condition| condition.values.first().cloned());
                let last = || choice.values.last().map(|value| value.key.clone()).unwrap_or_default();
                named.map(|value| (*value).to_owned()).or_else(chosen).unwrap_or_else(last)
            };
            cells.push(choices.iter().map(value).collect());
        }
    }
    cells
}

/// Whether a charge looks at the dimension of this place.
fn reads(metered: &Metered, place: usize) -> bool {
    metered.each == Each::Group
        || metered.only.iter().any(|condition| condition.place == place)
        || attributes(&metered.model).iter().any(|attribute| attribute.place == place)
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
                named(metered, place).iter().for_each(|value| add(value));
            }
            if !values.is_empty() && charges.iter().any(|metered| takes_any(metered, place)) {
                values.push(Value { key: OTHER.to_owned(), is_other: true });
            }
        }
    }
    values
}

/// The values that a charge names for the dimension of this place, numbers for the levels of rules.
fn named(metered: &Metered, place: usize) -> Vec<String> {
    let conditions = metered.only.iter().filter(|condition| condition.place == place);
    let mut values: Vec<String> = conditions.flat_map(|condition| condition.values.iter().cloned()).collect();
    if let Some(matrix) = matrix(metered)
        && let Some(at) = matrix.by().iter().position(|attribute| attribute.place == place)
    {
        let rows = matrix.rows().filter_map(|(row, _)| row.get(at).copied());
        values.extend(rows.filter(|value| *value != OTHER).map(str::to_owned));
    }
    if let Some(rules) = rules(metered)
        && let Some(at) = rules.by().iter().position(|attribute| attribute.place == place)
    {
        // Below every level there is nothing, and nothing is a number too.
        values.extend(has_levels(rules, at).then(|| Quantity::ZERO.to_string()));
        values.extend(rules.as_slice().iter().filter_map(|rule| match &rule.test {
            Test::Is { attribute, value } if *attribute == at => Some(value.clone()),
            Test::AttributeFrom { attribute, level } if *attribute == at => Some(level.to_string()),
            Test::Always | Test::QuantityFrom { .. } | Test::Is { .. } | Test::AttributeFrom { .. } => None,
        }));
    }
    values
}

/// Whether a charge also prices values of this dimension that it does not name. A rule with a level takes numbers only.
fn takes_any(metered: &Metered, place: usize) -> bool {
    let named = metered.only.iter().any(|condition| condition.place == place);
    let refused = matrix(metered).is_some_and(|matrix| {
        let at = matrix.by().iter().position(|attribute| attribute.place == place);
        let any = |at: usize| matrix.rows().any(|(row, _)| row.get(at).is_some_and(|value| *value == OTHER));
        at.is_some_and(|at| matrix.default_price().is_none() && !any(at))
    });
    let numbers = rules(metered).is_some_and(|rules| {
        let at = rules.by().iter().position(|attribute| attribute.place == place);
        at.is_some_and(|at| has_levels(rules, at))
    });
    !(named || refused || numbers)
}

/// Whether some rule compares this attribute with a number.
fn has_levels(rules: &Rules, at: usize) -> bool {
    let level = |test: &Test| matches!(test, Test::AttributeFrom { attribute, .. } if *attribute == at);
    rules.as_slice().iter().any(|rule| level(&rule.test))
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
            choice
                .values
                .iter()
                .map(move |value| [cell.as_slice(), std::slice::from_ref(&value.key)].concat())
                .collect::<Vec<_>>()
        };
        cells = cells.iter().flat_map(longer).collect();
    }
    cells
}

/// Whether some charge prices this group, and none that wants to has no price for it.
fn is_priced(charges: &[&Metered], key: &[String]) -> bool {
    let mut selecting = charges.iter().filter(|metered| metered.selects(key)).peekable();
    selecting.peek().is_some() && selecting.all(|metered| matrix(metered).is_none_or(|matrix| has_price(matrix, key)))
}

fn has_price(matrix: &Matrix, key: &[String]) -> bool {
    let value = |attribute: &Attribute| key.get(attribute.place).map_or("", String::as_str);
    matrix.find(&matrix.by().iter().map(value).collect::<Vec<_>>()).is_some()
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
    fn rows_of_a_matrix_come_first_and_what_has_no_price_is_left_out() {
        let by = "\"model\", { name = \"size\", field = \"n\", bands = [{ name = \"small\", up_to = \"9\" }, { name = \"big\" }] }";
        let rows = "[\"b\", \"big\", \"2\"], [\"a\", \"*\", \"1\"]";
        let charge =
            format!("[[plans.p.charges]]\nmeter = \"m\"\nmatrix = {{ by = [\"model\", \"size\"], rows = [{rows}] }}");
        // Rows stand in the order of their values; "any size" is shown with the last one.
        assert_eq!(cells(&of(by, &charge)), ["a big", "b big", "a small"]);
    }

    #[test]
    fn levels_of_rules_are_the_numbers_to_choose_from() {
        let needs = of(
            "\"km\"",
            "[[plans.p.charges]]\nmeter = \"m\"\nrules = [{ price = \"1\" }, { attribute = \"km\", from = \"50\", factor = \"2\" }]",
        );
        assert_eq!(cells(&needs), ["0", "50"]);
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
