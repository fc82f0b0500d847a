//! The dimensions of a meter in a book: by what its quantity is broken down, read and written.

use serde_json::Value;

use super::aggregate::read_window;
use super::draft::{Node, Value as Typed};
use super::problem::ProblemKind;
use super::reader::{Path, Reader, Table};
use super::write::{insert, object, text};
use crate::ids::CalendarId;
use crate::quantity::Quantity;
use crate::usage::{Band, By, Dimension};

/// `["region", { name = "slot", calendar = "office" }]`; `calendars` are the ids that there are.
#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn read_dimensions(
    reader: &mut Reader,
    node: &Node,
    path: &Path,
    calendars: &[String],
) -> Option<Vec<Dimension>> {
    let nodes = reader.array(node, path)?;
    let mut dimensions: Vec<Option<Dimension>> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = path.index(index);
        let mut dimension = read_dimension(reader, node, &path, calendars);
        if let Some(twin) = &dimension
            && dimensions.iter().flatten().any(|earlier| earlier.name == twin.name)
        {
            dimension = reader.report(node, &path, ProblemKind::DuplicateId { id: twin.name.clone() });
        }
        dimensions.push(dimension);
    }
    dimensions.into_iter().collect()
}

pub(super) const SOURCES: [&str; 3] = ["field", "calendar", "window"];

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_dimension(reader: &mut Reader, node: &Node, path: &Path, calendars: &[String]) -> Option<Dimension> {
    let Typed::Table(_) = &node.value else {
        return reader.text(node, path).map(Dimension::attribute);
    };
    let table = reader.table(node, path, &["name", "field", "bands", "calendar", "window"])?;
    let name = reader.required(&table, "name", path, |r, node, path| r.text(node, path).map(str::to_owned));
    let present: Vec<&str> = SOURCES.into_iter().filter(|key| table.get(key).is_some()).collect();
    let by = match present.as_slice() {
        ["calendar"] => {
            let id = reader.required(&table, "calendar", path, |r, node, path| read_calendar(r, node, path, calendars));
            id.map(By::Calendar)
        }
        ["window"] => reader.required(&table, "window", path, read_window).map(By::Window),
        ["field"] => read_field(reader, &table, path),
        _ => {
            let found = present.iter().map(|key| (*key).to_owned()).collect();
            reader.report(node, path, ProblemKind::NotOneDimension { found })
        }
    };
    if table.get("bands").is_some() && present.as_slice() != ["field"] {
        return reader.report_at(&table, "bands", path, ProblemKind::Needs { key: "bands", other: "field" });
    }
    Some(Dimension { name: name?, by: by? })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_calendar(reader: &mut Reader, node: &Node, path: &Path, known: &[String]) -> Option<CalendarId> {
    let id = reader.id_text(node, path, CalendarId::new)?;
    if known.iter().any(|known| known == id.as_str()) {
        return Some(id);
    }
    reader.report(node, path, ProblemKind::UnknownCalendar { id: id.to_string(), known: known.to_vec() })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_field(reader: &mut Reader, table: &Table<'_>, path: &Path) -> Option<By> {
    let field = reader.required(table, "field", path, |r, node, path| r.text(node, path).map(str::to_owned));
    match reader.optional(table, "bands", path, read_bands)? {
        Some(bands) => Some(By::Bands { field: field?, bands }),
        None => Some(By::Attribute { field: field? }),
    }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_bands(reader: &mut Reader, node: &Node, path: &Path) -> Option<Vec<Band>> {
    let nodes = reader.array(node, path)?;
    let bands: Vec<Option<Band>> =
        nodes.iter().enumerate().map(|(index, node)| read_band(reader, node, &path.index(index))).collect();
    let bands = bands.into_iter().collect::<Option<Vec<Band>>>()?;
    let bounds: Vec<Option<Quantity>> = bands.iter().map(|band| band.up_to).collect();
    let rising = match bounds.as_slice() {
        [inner @ .., None] => {
            inner.iter().all(Option::is_some) && inner.iter().zip(inner.iter().skip(1)).all(|(a, b)| a < b)
        }
        [.., Some(_)] | [] => false,
    };
    let twice = bands.iter().enumerate().find(|(i, band)| bands.iter().take(*i).any(|other| other.name == band.name));
    if let Some((_, band)) = twice {
        return reader.report(node, path, ProblemKind::DuplicateId { id: band.name.clone() });
    }
    if rising { Some(bands) } else { reader.report(node, path, ProblemKind::Bands) }
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn read_band(reader: &mut Reader, node: &Node, path: &Path) -> Option<Band> {
    let table = reader.table(node, path, &["name", "up_to"])?;
    let name = reader.required(&table, "name", path, |r, node, path| r.text(node, path).map(str::to_owned));
    let up_to = reader.optional(&table, "up_to", path, Reader::not_negative);
    Some(Band { name: name?, up_to: up_to?.map(Quantity::new) })
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
pub(super) fn write_dimension(dimension: &Dimension) -> Value {
    let mut fields = object([("name", text(&dimension.name))]);
    match &dimension.by {
        By::Attribute { field } if *field == dimension.name => return text(field),
        By::Attribute { field } => insert(&mut fields, "field", Some(text(field))),
        By::Bands { field, bands } => {
            insert(&mut fields, "field", Some(text(field)));
            insert(&mut fields, "bands", Some(bands.iter().map(write_band).collect()));
        }
        By::Calendar(id) => insert(&mut fields, "calendar", Some(text(id))),
        By::Window(window) => insert(&mut fields, "window", Some(text(window))),
    }
    Value::Object(fields)
}

#[cfg_attr(target_arch = "wasm32", inline(never))]
fn write_band(band: &Band) -> Value {
    let mut fields = object([("name", text(&band.name))]);
    insert(&mut fields, "up_to", band.up_to.map(text));
    Value::Object(fields)
}
