//! The price book: always valid, because only the check in this folder makes one.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::calendar::read_calendars;
use super::canonical;
use super::draft::Node;
use super::exact_lines::check_exact_lines;
use super::meter::{KnownMeters, read_meters};
use super::plan::{Plan, read_plan};
use super::problem::ProblemKind;
use super::reader::{Entry, Path, Reader, Table};
use super::review::{Highest, highest};
use super::terms::{Terms, check_charges, read_terms};
use crate::ids::{BookId, MeterId, PlanId, Version};
use crate::money::Currency;
use crate::period::{Zone, parse_date};
use crate::rounding::{Rounding, RoundingMode, RoundingPlace};
use crate::text::{Names, format_exact};
use crate::usage::{Calendar, Meter};

/// A version of a price book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// The same over all versions.
    pub id: BookId,
    /// This version; immutable once it has priced something.
    pub version: Version,
    /// The first day, in the book's zone, from which this version is in force.
    pub effective: NaiveDate,
    /// The currency of every price and amount.
    pub currency: Currency,
    /// The zone of the calendar months.
    pub zone: Zone,
    /// Where and how amounts are rounded.
    pub rounding: Rounding,
    /// Discounts, taxes and credits: what works on whole bills.
    pub terms: Terms,
    /// What people call the book.
    pub name: Names,
    /// One or two sentences about it.
    pub description: Option<Names>,
    /// The weekly calendars that meters may go by.
    pub calendars: Vec<Calendar>,
    /// What is counted.
    pub meters: Vec<Meter>,
    /// What customers subscribe to, in the order of the text.
    pub plans: Vec<Plan>,
    /// The plan of customers who chose none.
    pub default_plan: Option<PlanId>,
    digest: String,
}

/// Names a version of a book so that nothing else can be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookRef {
    /// The book.
    pub id: BookId,
    /// Its version.
    pub version: Version,
    /// SHA-256 of its canonical form, `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

impl Book {
    /// The meter of this id.
    pub fn meter(&self, id: &MeterId) -> Option<&Meter> {
        self.meters.iter().find(|meter| meter.id == *id)
    }

    /// SHA-256 of the canonical form: `sha256:` and 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The book's id, version and digest.
    pub fn reference(&self) -> BookRef {
        BookRef { id: self.id.clone(), version: self.version.clone(), digest: self.digest.clone() }
    }

    /// The canonical form: RFC 8785 JSON of everything that the book says, nothing of how it was typed.
    pub fn canonical_json(&self) -> String {
        canonical::to_string(self)
    }

    /// How many decimal places an amount in the book's currency has.
    pub fn minor_digits(&self) -> u32 {
        self.currency.minor_digits()
    }

    /// The same book with some plans only, the meters that these price and the taxes that their bills may have. Keeps the
    /// digest of the whole book.
    pub(super) fn only(&self, keep: impl Fn(&Plan) -> bool) -> Self {
        let plans: Vec<Plan> = self.plans.iter().filter(|plan| keep(plan)).cloned().collect();
        let used = |meter: &&Meter| plans.iter().any(|plan| plan.prices(&meter.id));
        let meters: Vec<Meter> = self.meters.iter().filter(used).cloned().collect();
        let named = |calendar: &&Calendar| meters.iter().any(|meter| meter.goes_by(&calendar.id));
        let calendars = self.calendars.iter().filter(named).cloned().collect();
        let default_plan = self.default_plan.clone().filter(|id| plans.iter().any(|plan| plan.id == *id));
        let terms = self.terms.only(&plans);
        Self { plans, meters, calendars, default_plan, terms, ..self.clone() }
    }

    /// The same book with another plan in the place of the one of its id. For questions only: the digest stays.
    pub(crate) fn with_plan(&self, plan: Plan) -> Self {
        let plans = self.plans.iter().map(|own| if own.id == plan.id { plan.clone() } else { own.clone() });
        Self { plans: plans.collect(), ..self.clone() }
    }

    pub(super) fn with_digest(self, digest: String) -> Self {
        Self { digest, ..self }
    }

    pub(super) fn with_own_digest(self) -> Self {
        let digest = canonical::digest(&self.canonical_json());
        self.with_digest(digest)
    }
}

/// What stands in `[book]`.
struct Head {
    id: BookId,
    version: Version,
    effective: NaiveDate,
    currency: Currency,
    zone: Zone,
    rounding: Rounding,
    name: Names,
    description: Option<Names>,
}

const ROOT_KEYS: [&str; 9] =
    ["book", "tax", "taxes", "tax_rules", "discount_rules", "credit_rules", "calendars", "meters", "plans"];

pub(super) fn read_book(reader: &mut Reader, root: &Node) -> Option<Book> {
    let path = Path::default();
    let table = reader.table(root, &path, &ROOT_KEYS)?;
    let head = reader.required(&table, "book", &path, read_head);
    let terms = read_terms(reader, &table, &path);
    let zone = head.as_ref().map(|head| head.zone);
    let calendars = reader
        .optional(&table, "calendars", &path, |reader, node, path| Some(read_calendars(reader, node, path, zone)))
        .flatten()
        .unwrap_or_default();
    let meters = reader
        .optional(&table, "meters", &path, |reader, node, path| Some(read_meters(reader, node, path, &calendars.ids)));
    // A book of flat fees alone counts nothing.
    let meters = meters.flatten().unwrap_or_default();
    // Plans are checked even if the meters are broken.
    let plans = reader.required(&table, "plans", &path, |reader, node, path| read_plans(reader, node, path, &meters));
    let default_plan = read_default_plan(reader, &table, plans.as_deref());
    if let (Some(head), Some(plans)) = (&head, &plans)
        && head.rounding.at == RoundingPlace::Invoice
    {
        check_exact_lines(reader, &table, plans)?;
    }
    if let (Some(terms), Some(plans)) = (&terms, &plans) {
        check_charges(reader, &table, plans, terms)?;
    }
    let head = head?;
    let book = Book {
        id: head.id,
        version: head.version,
        effective: head.effective,
        currency: head.currency,
        zone: head.zone,
        rounding: head.rounding,
        terms: terms?,
        name: head.name,
        description: head.description,
        calendars: calendars.calendars.into_iter().collect::<Option<_>>()?,
        meters: meters.into_valid()?,
        plans: plans?,
        default_plan: default_plan?,
        // The caller sets it: the digest of this book, or of the whole that it is a part of.
        digest: String::new(),
    };
    check_trials(reader, &table, &book)?;
    Some(book)
}

/// A trial plan must not be able to bill anything, whatever is used.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_trials(reader: &mut Reader, root: &Table<'_>, book: &Book) -> Option<()> {
    let mut outcome = Some(());
    let Some(field) = root.get("plans") else { return outcome };
    let entries = reader.entries(&field.node, &Path::default().key("plans"));
    for (plan, entry) in book.plans.iter().zip(&entries).filter(|(plan, _)| plan.trial) {
        let highest = match highest(plan) {
            highest if highest.is_nothing() => continue,
            Highest::AtMost(amount) => Some(format_exact(amount)),
            Highest::Unlimited => None,
        };
        outcome = reader.report(entry.node, &entry.path, ProblemKind::TrialCanBill { highest });
    }
    outcome
}

fn read_head(reader: &mut Reader, node: &Node, path: &Path) -> Option<Head> {
    let allowed = ["id", "version", "effective", "currency", "zone", "rounding", "name", "description", "default_plan"];
    let table = reader.table(node, path, &allowed)?;
    let id = reader.required(&table, "id", path, |r, node, path| r.id_text(node, path, BookId::new));
    let version = reader.required(&table, "version", path, |r, node, path| r.id_text(node, path, Version::new));
    let effective = reader.required(&table, "effective", path, read_first_day);
    let currency = reader.required(&table, "currency", path, read_currency);
    let zone = reader.required(&table, "zone", path, read_zone);
    let rounding = reader.optional(&table, "rounding", path, read_rounding);
    let name = reader.required(&table, "name", path, Reader::names);
    let description = reader.optional(&table, "description", path, Reader::names);
    let default_rounding = Rounding { at: RoundingPlace::Line, mode: RoundingMode::HalfUp };
    Some(Head {
        id: id?,
        version: version?,
        effective: effective?,
        currency: currency?,
        zone: zone?,
        rounding: rounding?.unwrap_or(default_rounding),
        name: name?,
        description: description?,
    })
}

pub(super) fn read_date(reader: &mut Reader, node: &Node, path: &Path) -> Option<NaiveDate> {
    let text = reader.text(node, path)?;
    match parse_date(text) {
        Some(date) => Some(date),
        None => reader.report(node, path, ProblemKind::BadDate { text: text.to_owned() }),
    }
}

/// A version prices whole months, so it begins with one.
fn read_first_day(reader: &mut Reader, node: &Node, path: &Path) -> Option<NaiveDate> {
    let date = read_date(reader, node, path)?;
    if date.day() != 1 {
        return reader.report(node, path, ProblemKind::EffectiveNotFirst { date: date.to_string() });
    }
    Some(date)
}

fn read_currency(reader: &mut Reader, node: &Node, path: &Path) -> Option<Currency> {
    match Currency::from_code(reader.text(node, path)?) {
        Ok(currency) => Some(currency),
        Err(error) => reader.report(node, path, ProblemKind::BadCurrency(error)),
    }
}

pub(super) fn read_zone(reader: &mut Reader, node: &Node, path: &Path) -> Option<Zone> {
    let name = reader.text(node, path)?;
    match Zone::from_name(name) {
        Ok(zone) => Some(zone),
        Err(_) => reader.report(node, path, ProblemKind::UnknownZone { name: name.to_owned() }),
    }
}

/// The rounding modes by the words of a book.
pub(super) const MODES: [(&str, RoundingMode); 7] = [
    ("half_up", RoundingMode::HalfUp),
    ("half_even", RoundingMode::HalfEven),
    ("half_down", RoundingMode::HalfDown),
    ("up", RoundingMode::Up),
    ("down", RoundingMode::Down),
    ("ceiling", RoundingMode::Ceiling),
    ("floor", RoundingMode::Floor),
];

/// The rounding places by the words of a book.
pub(super) const PLACES: [(&str, RoundingPlace); 2] =
    [("line", RoundingPlace::Line), ("invoice", RoundingPlace::Invoice)];

fn read_rounding(reader: &mut Reader, node: &Node, path: &Path) -> Option<Rounding> {
    let table = reader.table(node, path, &["at", "mode"])?;
    let at = reader.optional(&table, "at", path, |reader, node, path| reader.option(node, path, &PLACES));
    let mode = reader.optional(&table, "mode", path, |reader, node, path| reader.option(node, path, &MODES));
    Some(Rounding { at: at?.unwrap_or(RoundingPlace::Line), mode: mode?.unwrap_or(RoundingMode::HalfUp) })
}

fn read_plans(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Vec<Plan>> {
    let entries = reader.entries(node, path);
    if entries.is_empty() {
        return reader.report(node, path, ProblemKind::NoPlans);
    }
    let plans: Vec<Option<Plan>> = entries.iter().map(|entry| read_plan(reader, entry, meters)).collect();
    report_twins(reader, &entries);
    plans.into_iter().collect()
}

/// Two entries of a list may carry the same id; in a table TOML itself refuses that.
pub(super) fn report_twins(reader: &mut Reader, entries: &[Entry<'_>]) {
    for (index, entry) in entries.iter().enumerate() {
        if let Some(id) = entry.id
            && entries.iter().take(index).any(|earlier| earlier.id == Some(id))
        {
            let kind = ProblemKind::DuplicateId { id: id.to_owned() };
            let _: Option<()> = reader.report(entry.node, &entry.path, kind);
        }
    }
}

/// `Some(None)` if the book names no default plan.
fn read_default_plan(reader: &mut Reader, root: &Table<'_>, plans: Option<&[Plan]>) -> Option<Option<PlanId>> {
    let path = Path::default().key("book");
    let Some(head) = root.get("book") else {
        return Some(None);
    };
    let super::draft::Value::Table(fields) = &head.node.value else {
        return Some(None);
    };
    let Some(field) = fields.iter().find(|field| field.key == "default_plan") else {
        return Some(None);
    };
    let path = path.key("default_plan");
    let id = reader.id_text(&field.node, &path, PlanId::new)?;
    let Some(plans) = plans else {
        return Some(Some(id));
    };
    if plans.iter().any(|plan| plan.id == id) {
        return Some(Some(id));
    }
    let known = plans.iter().map(|plan| plan.id.to_string()).collect();
    reader.report(&field.node, &path, ProblemKind::UnknownPlan { id: id.to_string(), known })
}
