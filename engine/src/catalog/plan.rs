//! Plans and their charges.

use super::draft::Node;
use super::price::{Flat, MODEL_KEYS, Model, read_flat, read_package, read_tiers, read_unit_price};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use crate::ids::{ChargeId, MeterId, PlanId};
use crate::quantity::Quantity;
use crate::text::Names;
use crate::usage::Meter;

/// What a customer subscribes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Unique in the book.
    pub id: PlanId,
    /// What customers read.
    pub name: Names,
    /// One or two sentences for whom the plan is.
    pub description: Option<Names>,
    /// Whether prospects see the plan; plans are private unless the book says otherwise.
    pub public: bool,
    /// What is charged, in the order of the bill.
    pub charges: Vec<Charge>,
}

/// One line of a plan's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Unique in the plan; the meter's id where the book gives none.
    pub id: ChargeId,
    /// What the bill calls it; the meter's name where the book gives none.
    pub name: Names,
    /// What is charged and how.
    pub pricing: Pricing,
}

/// A charge is due by itself or for a meter's quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pricing {
    /// Due every period, whatever was used.
    Flat(Flat),
    /// Due for what a meter counted.
    Metered {
        /// The meter whose quantity is priced.
        meter: MeterId,
        /// Free units a period; zero where nothing is included.
        included: Quantity,
        /// The price of the rest.
        model: Model,
    },
}

impl Plan {
    /// The charge of this id.
    pub fn charge(&self, id: &ChargeId) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.id == *id)
    }

    /// Whether some charge prices this meter.
    pub fn prices(&self, meter: &MeterId) -> bool {
        self.charges.iter().any(|charge| charge.meter() == Some(meter))
    }
}

impl Charge {
    /// The meter it prices, if it prices one.
    pub fn meter(&self) -> Option<&MeterId> {
        match &self.pricing {
            Pricing::Flat(_) => None,
            Pricing::Metered { meter, .. } => Some(meter),
        }
    }
}

/// The meters that a charge may name: the valid ones, and the ids of all.
#[derive(Debug, Default)]
pub(super) struct KnownMeters {
    pub(super) meters: Vec<Option<Meter>>,
    pub(super) ids: Vec<String>,
}

impl KnownMeters {
    /// The meters, if none is broken.
    pub(super) fn into_valid(self) -> Option<Vec<Meter>> {
        self.meters.into_iter().collect()
    }
}

pub(super) fn read_plan(reader: &mut Reader, entry: &super::reader::Entry<'_>, meters: &KnownMeters) -> Option<Plan> {
    let path = &entry.path;
    let table = reader.table(entry.node, path, &["id", "name", "description", "public", "charges"])?;
    let id = reader.id(entry, PlanId::new);
    let name = reader.required(&table, "name", path, Reader::names);
    let description = reader.optional(&table, "description", path, Reader::names);
    let public = reader.optional(&table, "public", path, Reader::boolean);
    let charges =
        reader.required(&table, "charges", path, |reader, node, path| read_charges(reader, node, path, meters));
    Some(Plan { id: id?, name: name?, description: description?, public: public?.unwrap_or(false), charges: charges? })
}

fn read_charges(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Vec<Charge>> {
    let nodes = reader.array(node, path)?;
    if nodes.is_empty() {
        return reader.report(node, path, ProblemKind::NoCharges);
    }
    let mut charges: Vec<Option<Charge>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let mut charge = read_charge(reader, node, &path, meters);
        if let Some(twin) = &charge
            && charges.iter().flatten().any(|earlier| earlier.id == twin.id)
        {
            let kind = ProblemKind::DuplicateId { id: twin.id.to_string() };
            charge = reader.report(node, &path, kind);
        }
        charges.push(charge);
    }
    charges.into_iter().collect()
}

fn read_charge(reader: &mut Reader, node: &Node, path: &Path, meters: &KnownMeters) -> Option<Charge> {
    let mut allowed = vec!["id", "name", "meter", "included"];
    allowed.extend(MODEL_KEYS);
    let table = reader.table(node, path, &allowed)?;
    let id = reader.optional(&table, "id", path, |reader, node, path| reader.id_text(node, path, ChargeId::new));
    let name = reader.optional(&table, "name", path, Reader::names);
    let meter = reader.optional(&table, "meter", path, |reader, node, path| read_meter_ref(reader, node, path, meters));
    let pricing = read_pricing(reader, &table, path, meter.as_ref().and_then(Option::as_ref));
    let meter = meter?;
    let fallback = meter.and_then(|meter| Some((ChargeId::new(meter.id.as_str()).ok()?, meter.name.clone())));
    let (fallback_id, fallback_name) = fallback.unzip();
    // A flat charge has no meter to borrow from, so it must bring both.
    let id = id?.or(fallback_id);
    let name = name?.or(fallback_name);
    let id = if id.is_none() { reader.report(node, path, ProblemKind::MissingKey { key: "id" }) } else { id };
    let name = if name.is_none() { reader.report(node, path, ProblemKind::MissingKey { key: "name" }) } else { name };
    Some(Charge { id: id?, name: name?, pricing: pricing? })
}

fn read_meter_ref<'m>(reader: &mut Reader, node: &Node, path: &Path, known: &'m KnownMeters) -> Option<&'m Meter> {
    let text = reader.text(node, path)?;
    let found = known.meters.iter().flatten().find(|meter| meter.id.as_str() == text);
    if found.is_none() && !known.ids.iter().any(|id| id == text) {
        let kind = ProblemKind::UnknownMeter { id: text.to_owned(), known: known.ids.clone() };
        return reader.report(node, path, kind);
    }
    found
}

fn read_pricing(reader: &mut Reader, table: &Table<'_>, path: &Path, meter: Option<&&Meter>) -> Option<Pricing> {
    let included = reader.optional(table, "included", path, Reader::not_negative);
    let present: Vec<&str> = MODEL_KEYS.into_iter().filter(|key| table.get(key).is_some()).collect();
    let [key] = present.as_slice() else {
        let found = present.iter().map(|key| (*key).to_owned()).collect();
        return reader.report(table.node, path, ProblemKind::NotOneModel { found });
    };
    if *key == "flat" {
        for key in ["meter", "included"] {
            if table.get(key).is_some() {
                let _: Option<()> = reader.report_at(table, key, path, ProblemKind::NotForFlat { key });
            }
        }
        return reader.required(table, "flat", path, read_flat).map(Pricing::Flat);
    }
    let model = match *key {
        "per_unit" => reader.required(table, key, path, read_unit_price).map(Model::PerUnit),
        "graduated" => reader.required(table, key, path, read_tiers).map(Model::Graduated),
        "volume" => reader.required(table, key, path, read_tiers).map(Model::Volume),
        _ => reader.required(table, key, path, read_package).map(Model::Package),
    };
    if table.get("meter").is_none() {
        return reader.report(table.node, path, ProblemKind::MissingKey { key: "meter" });
    }
    Some(Pricing::Metered {
        meter: meter?.id.clone(),
        included: included?.map_or(Quantity::ZERO, Quantity::new),
        model: model?,
    })
}
