//! The use of a meter in parts: one row for each combination of what decides its price, or for events of one size.
//!
//! Which parts there are comes from the engine's `needs`; what is typed goes back to it as groups or single events.

use std::rc::Rc;

use engine::catalog::Book;
use engine::estimate::Needs;
use engine::exact::Overflow;
use engine::quantity::Quantity;
use engine::text::group_digits;
use engine::usage::{Group, Meter, MeterUsage, Sample};

use super::quantity_text::{QuantityProblem, read_quantity};
use super::scale::{Preset, stepped};

/// Up to so many combinations each have their row; of more, somebody adds those that they use.
const ALL_SHOWN: usize = 6;

/// How many rows there are at first where they can be added.
const FIRST_ROWS: usize = 2;

/// More equal events than this are not assumed: each is priced by itself, and the answer must come within a frame.
const MOST_EVENTS: u64 = 100_000;

/// What stands in a field and what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// What stands in the field.
    pub text: String,
    /// The last good figure.
    pub quantity: Quantity,
    /// Why the text is not a quantity, if it is none; then `quantity` is the last good one.
    pub problem: Option<QuantityProblem>,
}

impl Cell {
    /// A field with this figure, written out.
    pub fn of(quantity: Quantity) -> Self {
        let mut cell = Self::default();
        cell.set(quantity);
        cell
    }

    /// Writes a figure out.
    pub fn set(&mut self, quantity: Quantity) {
        self.text = group_digits(&quantity.to_string());
        self.quantity = quantity;
        self.problem = None;
    }

    /// Takes what somebody types.
    pub fn type_into(&mut self, text: String) {
        match read_quantity(&text) {
            Ok(quantity) => {
                self.quantity = quantity;
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.text = text;
    }

    /// Writes a good figure out when somebody leaves the field.
    pub fn leave(&mut self) {
        if self.problem.is_none() {
            self.set(self.quantity);
        }
    }
}

/// Which of a row's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// How much, of each event where events are assumed.
    Quantity,
    /// How many events.
    Count,
}

/// A part of what a meter counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// One value for each choice.
    pub values: Vec<String>,
    /// How much, of each event where events are assumed.
    pub quantity: Cell,
    /// How many events; `None` where a quantity is enough.
    pub count: Option<Cell>,
}

/// Something that is done to rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Msg {
    /// Types into a field.
    Typed(usize, Part, String),
    /// Leaves a field.
    Left(usize, Part),
    /// One step more or less.
    Stepped(usize, Part, bool),
    /// Takes another value of a choice.
    Value(usize, usize, String),
    /// Adds a row.
    Add,
    /// Takes a row away.
    Remove(usize),
}

/// All parts of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// What decides the price.
    pub needs: Rc<Needs>,
    /// The rows.
    pub list: Vec<Row>,
}

impl Rows {
    /// The rows of a meter that needs them, without any use.
    #[inline(never)] // Not in the first part of the program.
    pub fn new(needs: Needs) -> Self {
        let mut rows = Self { needs: Rc::new(needs), list: Vec::new() };
        rows.list = rows.empty();
        rows
    }

    /// Whether every combination has its row, so that none is added or taken away.
    pub fn is_fixed(&self) -> bool {
        let cells = self.needs.cells.len();
        self.needs.choices.is_empty() || (1..=ALL_SHOWN).contains(&cells)
    }

    fn empty(&self) -> Vec<Row> {
        if self.needs.choices.is_empty() {
            return vec![self.row(Vec::new())];
        }
        let rows = if self.is_fixed() { ALL_SHOWN } else { FIRST_ROWS };
        if self.needs.cells.is_empty() {
            return (0..rows).map(|index| self.row(self.unlisted(index))).collect();
        }
        self.needs.cells.iter().take(rows).map(|cell| self.row(cell.clone())).collect()
    }

    fn row(&self, values: Vec<String>) -> Row {
        let nothing = Cell::of(Quantity::ZERO);
        Row { values, quantity: nothing.clone(), count: self.needs.events.then_some(nothing) }
    }

    /// Values for a row of its own where the book lists no combination: a number where any value will do.
    fn unlisted(&self, index: usize) -> Vec<String> {
        let number = (index + 1).to_string();
        let value =
            |choice: &engine::estimate::Choice| choice.values.first().map_or(&number, |value| &value.key).clone();
        self.needs.choices.iter().map(value).collect()
    }

    /// Takes a guided amount: `total` in even shares, in round figures.
    #[inline(never)] // Not in the first part of the program.
    pub fn preset(&mut self, amount: Preset, (total, round): (Quantity, &dyn Fn(u64) -> Quantity)) {
        self.list = self.empty();
        let rows = u64::try_from(self.list.len()).unwrap_or(1).max(1);
        let share = total.to_string().parse::<u64>().unwrap_or(0) / rows;
        let events = match amount {
            Preset::TryOut => 20,
            Preset::StartUp => 500,
            Preset::Scale => 5_000,
        };
        for row in &mut self.list {
            match &mut row.count {
                Some(count) if !total.is_zero() => {
                    count.set(Quantity::from(events));
                    row.quantity.set(Quantity::from(100));
                }
                Some(_) => {}
                None if share > 0 => row.quantity.set(round(share)),
                None => {}
            }
        }
    }

    /// Forgets all use, and rows that somebody added.
    #[inline(never)] // Not in the first part of the program.
    pub fn clear(&mut self) {
        self.list = self.empty();
    }

    /// Takes a row from a link; `None` if it is none of this meter.
    #[inline(never)] // Not in the first part of the program.
    pub fn take(&mut self, (values, text): (&[String], &str), is_first: bool) -> Option<Result<(), QuantityProblem>> {
        if values.len() != self.needs.choices.len() {
            return None;
        }
        let known =
            self.needs.choices.iter().zip(values).all(|(choice, value)| {
                choice.values.is_empty() || choice.values.iter().any(|known| known.key == *value)
            });
        if !known {
            return None;
        }
        let (count, quantity) = match (self.needs.events, text.split_once('x')) {
            (true, Some((count, quantity))) => (Some(count), quantity),
            (true, None) => return None,
            (false, _) => (None, text),
        };
        let read = read_quantity(quantity).and_then(|quantity| Ok((quantity, count.map(read_quantity).transpose()?)));
        let (quantity, count) = match read {
            Ok(read) => read,
            Err(problem) => return Some(Err(problem)),
        };
        let is_fixed = self.is_fixed();
        let mut row = Row { values: values.to_vec(), quantity: Cell::of(quantity), count: None };
        if let Some(count) = count {
            if !is_countable(count) {
                return Some(Err(QuantityProblem::TooManyEvents));
            }
            row.count = Some(Cell::of(count));
        }
        match self.list.iter_mut().find(|own| own.values == row.values).filter(|_| is_fixed) {
            Some(own) => *own = row,
            None => {
                if is_first {
                    self.list.clear();
                }
                self.list.push(row);
            }
        }
        Some(Ok(()))
    }

    /// The rows for a link: values and text of those that are used.
    #[inline(never)] // Not in the first part of the program.
    pub fn for_link(&self) -> Vec<(Vec<String>, String)> {
        let text = |row: &Row| match &row.count {
            Some(count) => [&count.quantity.to_string(), "x", &row.quantity.quantity.to_string()].concat(),
            None => row.quantity.quantity.to_string(),
        };
        self.list.iter().map(|row| (row.values.clone(), text(row))).collect()
    }

    /// Changes rows.
    #[inline(never)] // Not in the first part of the program.
    pub fn apply(&mut self, msg: Msg, (book, meter): (&Book, &Meter)) {
        match msg {
            Msg::Typed(row, part, text) => self.change(row, part, |cell| cell.type_into(text)),
            Msg::Left(row, part) => self.change(row, part, Cell::leave),
            Msg::Stepped(row, part, up) => self.change(row, part, |cell| cell.set(stepped(cell.quantity, up))),
            Msg::Value(row, choice, value) => self.choose((row, choice), value, (book, meter)),
            Msg::Add => {
                let unused = self.needs.cells.iter().find(|cell| !self.list.iter().any(|row| row.values == **cell));
                let values = unused.or(self.needs.cells.first()).cloned();
                let row = self.row(values.unwrap_or_else(|| self.unlisted(self.list.len())));
                self.list.push(row);
            }
            Msg::Remove(row) if self.list.len() > 1 && row < self.list.len() => {
                self.list.remove(row);
                self.number_anew();
            }
            Msg::Remove(_) => {}
        }
    }

    fn change(&mut self, row: usize, part: Part, change: impl FnOnce(&mut Cell)) {
        let Some(row) = self.list.get_mut(row) else { return };
        match (part, &mut row.count) {
            (Part::Quantity, _) => change(&mut row.quantity),
            (Part::Count, Some(count)) => {
                let last_good = count.quantity;
                change(count);
                if count.problem.is_none() && !is_countable(count.quantity) {
                    count.quantity = last_good;
                    count.problem = Some(QuantityProblem::TooManyEvents);
                }
            }
            (Part::Count, None) => {}
        }
    }

    /// A combination that the book does not price becomes the nearest one that it does.
    fn choose(&mut self, (row, choice): (usize, usize), value: String, (book, meter): (&Book, &Meter)) {
        let Some(row) = self.list.get_mut(row) else { return };
        let mut values = row.values.clone();
        let Some(own) = values.get_mut(choice) else { return };
        own.clone_from(&value);
        if !self.needs.prices(book, meter, &values)
            && let Some(near) = self.needs.nearest(&values, (choice, &value))
        {
            values.clone_from(near);
        }
        row.values = values;
    }

    /// Values that only tell rows apart follow the rows' order.
    fn number_anew(&mut self) {
        for (index, row) in self.list.iter_mut().enumerate() {
            for (choice, value) in self.needs.choices.iter().zip(&mut row.values) {
                if choice.values.is_empty() {
                    *value = (index + 1).to_string();
                }
            }
        }
    }

    /// What is assumed, for the engine.
    #[inline(never)] // Not in the first part of the program.
    pub fn usage(&self, meter: &Meter) -> Result<MeterUsage, Overflow> {
        let used = self.list.iter().filter(|row| !row.quantity.quantity.is_zero());
        if !self.needs.events && !self.needs.order {
            let group =
                |row: &Row| Group { key: self.needs.key(&row.values), events: 0, quantity: row.quantity.quantity };
            return MeterUsage::of_groups(meter, used.map(group).collect());
        }
        let samples = used.flat_map(|row| {
            let count = row.count.as_ref().map_or(1, |count| whole(count.quantity));
            let sample = Sample::whole(row.quantity.quantity).with_key(self.needs.key(&row.values));
            std::iter::repeat_n(sample, usize::try_from(count).unwrap_or(0))
        });
        MeterUsage::of_samples(meter.id.clone(), samples.collect())
    }
}

/// Events are whole, and not more than can be priced at once.
fn is_countable(count: Quantity) -> bool {
    count.to_string().parse::<u64>().is_ok_and(|count| count <= MOST_EVENTS)
}

fn whole(quantity: Quantity) -> u64 {
    quantity.to_string().parse().unwrap_or(0)
}
