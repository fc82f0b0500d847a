//! Dimensions: by what a meter's quantity is broken down, so that each part can have its own price.

use crate::ids::CalendarId;
use crate::quantity::Quantity;

use super::field::FieldProblem;
use super::usage_event::UsageEvent;
use super::window::Window;

/// One part of a group's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// What charges call it; unique in the meter.
    pub name: String,
    /// Where its value comes from.
    pub by: By,
}

/// Where the value of a dimension comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A field of the event's data, as it stands there; empty where it is missing.
    Attribute {
        /// The field.
        field: String,
    },
    /// The band that a numeric field of the event falls into.
    Bands {
        /// The field.
        field: String,
        /// The bands, rising; only the last one is open.
        bands: Vec<Band>,
    },
    /// The slot of a weekly calendar.
    Calendar(CalendarId),
    /// The window that the event's time falls into; its value is the first instant of the window, in RFC 3339.
    Window(Window),
}

/// A range of numbers: above the band before, up to and including `up_to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// What charges call it.
    pub name: String,
    /// The last number of the band; `None` in the open one.
    pub up_to: Option<Quantity>,
}

impl Dimension {
    /// A field of the event's data under its own name.
    pub fn attribute(field: &str) -> Self {
        Self { name: field.to_owned(), by: By::Attribute { field: field.to_owned() } }
    }

    /// Whether the event has what the dimension needs.
    pub(super) fn check(&self, event: &impl UsageEvent) -> Result<(), FieldProblem> {
        match &self.by {
            By::Bands { field, .. } => event.field(field).quantity(field).map(|_| ()),
            By::Attribute { .. } | By::Calendar(_) | By::Window(_) => Ok(()),
        }
    }
}

/// The band of a number; there is always one, because the last is open.
#[cfg(feature = "zones")]
pub(super) fn band(bands: &[Band], number: Quantity) -> &str {
    let found = bands.iter().find(|band| band.up_to.is_none_or(|up_to| number <= up_to));
    found.map_or("", |band| &band.name)
}

#[cfg(test)]
#[cfg(feature = "zones")]
mod tests {
    use super::{Band, band};
    use crate::quantity::Quantity;

    #[test]
    fn a_number_on_the_bound_belongs_to_the_lower_band() {
        let of = |name: &str, up_to: Option<u64>| Band { name: name.to_owned(), up_to: up_to.map(Quantity::from) };
        let bands = [of("short", Some(200)), of("long", None)];
        let name = |text: &str| band(&bands, Quantity::parse(text).unwrap()).to_owned();
        assert_eq!([name("-1"), name("200"), name("200.1"), name("1000")], ["short", "short", "long", "long"]);
    }
}
