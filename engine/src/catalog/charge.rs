//! Charges: what a plan asks money for, read and written.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::allowance::{Allowance, read_included, write_included};
use super::charge_terms::{ChargeTerms, TERM_KEYS, read_charge_terms, write_charge_terms};
use super::commitment::Promised;
use super::conversion::{Conversion, read_conversions, write_conversions};
use super::draft::Node;
use super::meter::{KnownMeters, find_meter};
use super::price::{
    ByAttributes, Capacity, Composite, Dynamic, Flat, MODEL_KEYS, MatrixProblem, Model, Scope, TierCount,
    read_capacity, read_composite, read_flat, read_model, write_capacity, write_composite, write_flat, write_model,
};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::selection::{Condition, read_selection, write_selection};
use super::terms::read_ids;
use super::write::{insert, names, object, text, word};
use crate::ids::{ChargeId, MeterId, Tag, TaxId};
use crate::quantity::Quantity;
use crate::text::Names;
use crate::usage::Meter;

/// One line of a plan's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Unique in the plan; the meter's id where the book gives none.
    pub id: ChargeId,
    /// What the bill calls it; the meter's name where the book gives none.
    pub name: Names,
    /// What is charged and how.
    pub pricing: Pricing,
    /// What holds beside the price.
    pub terms: ChargeTerms,
    /// Words that group charges, for discounts.
    pub tags: Vec<Tag>,
    /// The taxes of this charge, instead of those that apply by default; none where the list is empty.
    pub taxes: Option<Vec<TaxId>>,
}

/// A charge is due by itself or for a meter's quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pricing {
    /// Due every period, whatever was used.
    Flat(Flat),
    /// Due for what a meter counted.
    Metered(Metered),
    /// A fixed price chosen by several meters.
    Capacity(Capacity),
    /// A share of other charges of the plan.
    Composite(Composite),
}

/// What is due for a meter's quantity: selected, split, converted, less the allowance, priced by the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered {
    /// The meter whose quantity is priced.
    pub meter: MeterId,
    /// Which of the meter's groups are priced; all where empty.
    pub only: Vec<Condition>,
    /// Whether the quantity is priced as one or each group alone.
    pub each: Each,
    /// How the quantity becomes the units that are priced: one conversion after the other.
    pub convert: Vec<Conversion>,
    /// Free units a period, counted in priced units; zero where nothing is included.
    pub included: Quantity,
    /// When those are there again, and whose they are.
    pub allowance: Box<Allowance>,
    /// The price of the rest.
    pub model: Model,
}

impl Metered {
    /// Whether the charge prices the group of its meter with this key.
    pub fn selects(&self, key: &[String]) -> bool {
        self.only.iter().all(|condition| condition.holds(key))
    }
}

/// What is priced by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// The whole quantity of the period.
    Period,
    /// Each group of the meter: tiers, packages and allowance begin anew in each.
    Group,
}

pub(super) const EACHES: [(&str, Each); 2] = [("period", Each::Period), ("group", Each::Group)];

impl Charge {
    /// The meter it prices, if it prices one.
    pub fn meter(&self) -> Option<&MeterId> {
        match &self.pricing {
            Pricing::Flat(_) | Pricing::Capacity(_) | Pricing::Composite(_) => None,
            Pricing::Metered(metered) => Some(&metered.meter),
        }
    }

    /// All meters that it looks at.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn meters(&self) -> Vec<&MeterId> {
        match &self.pricing {
            Pricing::Flat(_) | Pricing::Composite(_) => Vec::new(),
            Pricing::Capacity(capacity) => capacity.meters(),
            Pricing::Metered(metered) => match &metered.model {
                Model::Dynamic(Dynamic { units: Some(units), .. }) => vec![&metered.meter, units],
                Model::Dynamic(Dynamic { units: None, .. })
                | Model::PerUnit(_)
                | Model::Graduated(_)
                | Model::Volume(_)
                | Model::StairStep(_)
                | Model::Package(_)
                | Model::Percentage(_)
                | Model::GraduatedPercentage(_)
                | Model::Committed(_)
                | Model::ProratedGraduated(_)
                | Model::Matrix(_)
                | Model::Rules(_) => vec![&metered.meter],
            },
        }
    }
}

/// The keys of a charge beside those of its model.
const CHARGE_KEYS: [&str; 9] = ["id", "name", "meter", "where", "each", "convert", "included", "tags", "taxes"];

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_charge(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Charge> {
    let allowed: Vec<&str> = CHARGE_KEYS.into_iter().chain(TERM_KEYS).chain(MODEL_KEYS).collect();
    let table = reader.table(node, path, &allowed)?;
    let id = reader.optional(&table, "id", path, |reader, node, path| reader.id_text(node, path, ChargeId::new));
    let name = reader.optional(&table, "name", path, Reader::names);
    let meter = reader.optional(&table, "meter", path, |reader, node, path| read_meter_ref(reader, node, path, meters));
    let tags = reader.optional(&table, "tags", path, |reader, node, path| read_ids(reader, node, path, Tag::new));
    let taxes = reader.optional(&table, "taxes", path, |reader, node, path| read_ids(reader, node, path, TaxId::new));
    let known = Known { meter: meter.flatten(), meters };
    let pricing = read_pricing(reader, &table, path, known);
    let meter = meter?;
    let fallback = meter.and_then(|meter| Some((ChargeId::new(meter.id.as_str()).ok()?, meter.name.clone())));
    let (fallback_id, fallback_name) = fallback.unzip();
    // A flat charge has no meter to borrow from, so it must bring both.
    let id = id?.or(fallback_id);
    let name = name?.or(fallback_name);
    let id = if id.is_none() { reader.report(node, path, ProblemKind::MissingKey { key: "id" }) } else { id };
    let name = if name.is_none() { reader.report(node, path, ProblemKind::MissingKey { key: "name" }) } else { name };
    let terms = read_charge_terms(reader, &table, path, id.as_ref());
    if let (Some(pricing), Some(terms)) = (&pricing, &terms) {
        check_promise(reader, &table, path, (pricing, terms))?;
    }
    Some(Charge {
        id: id?,
        name: name?,
        pricing: pricing?,
        terms: terms?,
        tags: tags?.unwrap_or_default(),
        taxes: taxes?,
    })
}

fn read_meter_ref<'m>(reader: &mut Reader, node: &Node, path: &Path, known: &'m KnownMeters) -> Option<&'m Meter> {
    let id = reader.text(node, path)?;
    find_meter(reader, (id, node), path, known)
}

/// The charge's meter, as far as it can be read, and all others.
#[derive(Clone, Copy)]
struct Known<'m> {
    meter: Option<&'m Meter>,
    meters: &'m KnownMeters,
}

/// The keys that a charge has only for its meter.
pub(super) const METERED_KEYS: [&str; 6] = ["meter", "where", "each", "convert", "included", "commitment"];

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_pricing(reader: &mut Reader, table: &Table<'_>, path: &Path, known: Known<'_>) -> Option<Pricing> {
    let present: Vec<&'static str> = MODEL_KEYS.into_iter().filter(|key| table.get(key).is_some()).collect();
    let [key] = present.as_slice() else {
        let found = present.iter().map(|key| (*key).to_owned()).collect();
        return reader.report(table.node, path, ProblemKind::NotOneModel { found });
    };
    let meters = known.meters;
    let pricing = match *key {
        "flat" => reader.required(table, "flat", path, read_flat).map(Pricing::Flat),
        "capacity" => reader
            .required(table, "capacity", path, |reader, node, path| read_capacity(reader, node, path, meters))
            .map(Pricing::Capacity),
        "composite" => reader.required(table, "composite", path, read_composite).map(Pricing::Composite),
        _ => return read_metered(reader, table, path, (key, known)).map(Pricing::Metered),
    };
    refuse_keys(reader, table, path, (key, &METERED_KEYS)).and(pricing)
}

/// What has no meaning beside a model is refused, never ignored.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn refuse_keys(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (model, keys): (&'static str, &[&'static str]),
) -> Option<()> {
    let mut outcome = Some(());
    for key in keys.iter().copied().filter(|key| table.get(key).is_some()) {
        let kind = match model {
            "flat" => ProblemKind::NotForFlat { key },
            _ => ProblemKind::NotForModel { key, model },
        };
        outcome = reader.report_at(table, key, path, kind);
    }
    outcome
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_metered(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (key, Known { meter, meters }): (&'static str, Known<'_>),
) -> Option<Metered> {
    let known = meter;
    let only = match known {
        Some(meter) => {
            reader.optional(table, "where", path, |reader, node, path| read_selection(reader, node, path, meter))
        }
        None => Some(None),
    };
    let scope = Scope { meter: known, only: only.as_ref().and_then(Option::as_deref).unwrap_or_default() };
    let model =
        reader.required(table, key, path, |reader, node, path| read_model(reader, key, node, (path, meters, scope)));
    let included = reader.optional(table, "included", path, read_included);
    let convert = reader.optional(table, "convert", path, read_conversions);
    let each = reader.optional(table, "each", path, |reader, node, path| reader.option(node, path, &EACHES));
    if let Some(model) = &model {
        refuse_keys(reader, table, path, (key, model.excludes()))?;
    }
    if table.get("meter").is_none() {
        return reader.report(table.node, path, ProblemKind::MissingKey { key: "meter" });
    }
    let meter = meter?;
    let (included, allowance) = included?.unwrap_or((Quantity::ZERO, Allowance::default()));
    let metered = Metered {
        meter: meter.id.clone(),
        only: only?.unwrap_or_default(),
        each: each?.unwrap_or(Each::Period),
        convert: convert?.unwrap_or_default(),
        included,
        allowance: Box::new(allowance),
        model: model?,
    };
    let read = Read { metered: &metered, meter, table, path };
    read.check_events(reader)?;
    read.check_groups(reader)?;
    read.check_cells(reader)?;
    Some(metered)
}

/// A charge for a meter's quantity as it was read, and where it stands.
#[derive(Clone, Copy)]
struct Read<'a> {
    metered: &'a Metered,
    meter: &'a Meter,
    table: &'a Table<'a>,
    path: &'a Path,
}

impl Read<'_> {
    fn refuse(self, reader: &mut Reader, key: &str, kind: ProblemKind) -> Option<()> {
        reader.report_at(self.table, key, self.path, kind)
    }

    /// What is priced event by event needs the events, and a quantity that is their sum: else it would be the price of another.
    fn check_events(self, reader: &mut Reader) -> Option<()> {
        let Self { metered, meter, .. } = self;
        if !metered.model.needs_events() {
            return Some(());
        }
        let id = || meter.id.to_string();
        if !meter.samples {
            return self.refuse(reader, "meter", ProblemKind::NeedsSamples { meter: id() });
        }
        let sums = match &metered.model {
            // Its tiers are reached by what the events bring, so nothing may be scaled by time.
            Model::Matrix(_) => meter.aggregate.adds_up(),
            Model::Percentage(_)
            | Model::ProratedGraduated(_)
            | Model::PerUnit(_)
            | Model::Graduated(_)
            | Model::Volume(_)
            | Model::StairStep(_)
            | Model::Package(_)
            | Model::GraduatedPercentage(_)
            | Model::Dynamic(_)
            | Model::Committed(_)
            | Model::Rules(_) => meter.aggregate.sums_events(meter.group_by.is_empty() || metered.each == Each::Group),
        };
        if sums && meter.round.is_none() {
            return Some(());
        }
        let running_total = matches!(metered.model, Model::Matrix(_));
        self.refuse(reader, "meter", ProblemKind::NeedsSum { meter: id(), running_total })
    }

    /// Groups can be priced alone only if there are some, and added up only if their sum is the meter's quantity.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn check_groups(self, reader: &mut Reader) -> Option<()> {
        let Self { metered, meter, .. } = self;
        match metered.each {
            Each::Group if meter.group_by.is_empty() => self.refuse(reader, "each", ProblemKind::NoGroups),
            Each::Period if !metered.only.is_empty() && !meter.adds_up() => {
                self.refuse(reader, "where", ProblemKind::GroupsDoNotAddUp)
            }
            Each::Group | Each::Period => Some(()),
        }
    }

    /// What a charge cannot have whose price is looked up by attributes.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn check_cells(self, reader: &mut Reader) -> Option<()> {
        let Self { metered, meter, .. } = self;
        let Some(model) = metered.model.by_attributes() else { return Some(()) };
        let by = model.by();
        if matches!(model, ByAttributes::Matrix(matrix) if matrix.count() == TierCount::RunningTotal) {
            let keys = ["included", "convert", "each"].into_iter();
            return match keys.into_iter().find(|key| self.table.get(key).is_some()) {
                Some(key) => {
                    let problem = MatrixProblem::NotForRunningTotal { key };
                    self.refuse(reader, key, ProblemKind::Matrix(problem))
                }
                None => Some(()),
            };
        }
        match metered.each {
            Each::Group => Some(()),
            Each::Period if metered.included != Quantity::ZERO && !by.is_empty() => {
                self.refuse(reader, "included", ProblemKind::Matrix(MatrixProblem::IncludedOverCells))
            }
            // Without attributes there is one cell, the meter's whole quantity.
            Each::Period if by.is_empty() && metered.only.is_empty() => Some(()),
            // Cells that leave attributes out are sums of groups.
            Each::Period if by.len() < meter.group_by.len() && !meter.adds_up() => {
                self.refuse(reader, "each", ProblemKind::GroupsDoNotAddUp)
            }
            Each::Period => Some(()),
        }
    }
}

/// What a promised quantity costs can be said only where a quantity alone has a price.
#[cfg_attr(target_arch = "wasm32", inline(never))]
fn check_promise(
    reader: &mut Reader,
    table: &Table<'_>,
    path: &Path,
    (pricing, terms): (&Pricing, &ChargeTerms),
) -> Option<()> {
    let (Pricing::Metered(metered), Some(commitment)) = (pricing, &terms.commitment) else { return Some(()) };
    let reads_events = metered.model.needs_events()
        || matches!(&metered.model, Model::Percentage(percentage) if percentage.counts_events());
    match commitment.of {
        Promised::Quantity(_) if reads_events => {
            let (model, _) = write_model(&metered.model);
            reader.report_at(table, "commitment", path, ProblemKind::NotForModel { key: "quantity", model })
        }
        Promised::Quantity(_) | Promised::Amount(_) => Some(()),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_charge(charge: &Charge) -> Value {
    let mut fields = object([("id", text(&charge.id)), ("name", names(&charge.name))]);
    match &charge.pricing {
        Pricing::Flat(flat) => insert(&mut fields, "flat", Some(write_flat(flat))),
        Pricing::Capacity(capacity) => insert(&mut fields, "capacity", Some(write_capacity(capacity))),
        Pricing::Composite(composite) => insert(&mut fields, "composite", Some(write_composite(composite))),
        Pricing::Metered(metered) => {
            insert(&mut fields, "meter", Some(text(&metered.meter)));
            insert(&mut fields, "where", (!metered.only.is_empty()).then(|| write_selection(&metered.only)));
            let each = (metered.each != Each::Period).then(|| text(word(&EACHES, metered.each)));
            insert(&mut fields, "each", each);
            insert(&mut fields, "convert", write_conversions(&metered.convert));
            insert(&mut fields, "included", write_included(metered.included, &metered.allowance));
            let (key, value) = write_model(&metered.model);
            insert(&mut fields, key, Some(value));
        }
    }
    write_charge_terms(&charge.terms, &mut fields);
    insert(&mut fields, "tags", (!charge.tags.is_empty()).then(|| charge.tags.iter().map(text).collect()));
    insert(&mut fields, "taxes", charge.taxes.as_ref().map(|taxes| taxes.iter().map(text).collect()));
    Value::Object(fields)
}
