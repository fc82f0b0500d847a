//! What happened and how it is counted: events in, quantities per meter out.

pub mod aggregate;
mod calendar;
mod carried;
#[cfg(feature = "zones")]
mod counter;
#[cfg(feature = "zones")]
mod crowd;
#[cfg(test)]
#[cfg(feature = "zones")]
mod crowd_tests;
mod dedupe;
mod dimension;
mod event;
mod field;
mod meter;
#[cfg(feature = "zones")]
mod metering;
#[cfg(feature = "zones")]
mod meters;
mod pairs;
#[cfg(feature = "zones")]
mod priced_events;
mod quantity_rounding;
mod running_total;
mod sample;
#[cfg(feature = "zones")]
mod samples;
#[cfg(test)]
#[cfg(feature = "zones")]
mod samples_tests;
#[cfg(feature = "zones")]
mod saved_counts;
#[cfg(feature = "zones")]
mod slot;
#[cfg(feature = "zones")]
mod span;
mod usage_event;
mod window;

pub use calendar::{Calendar, SlotRow, WEEKDAYS};
pub use carried::{Carried, CarriedMeter, CarriedPart};
#[cfg(feature = "zones")]
pub use crowd::Crowd;
pub use dedupe::{Dedupe, KeyField};
pub use dimension::{Band, By, Dimension};
pub use event::Event;
pub use field::{FieldProblem, FieldValue};
pub use meter::{Filter, Group, Meter, MeterError, MeterUsage, Missing, Reset, Usage, check_event};
#[cfg(feature = "zones")]
pub use metering::{Metering, count_usage};
#[cfg(feature = "zones")]
pub use meters::{EventKind, Meters};
#[cfg(feature = "zones")]
pub use priced_events::PricedEvents;
pub use quantity_rounding::{QuantityRounding, RoundedQuantity};
pub use running_total::{free_running_totals, running_totals};
pub use sample::Sample;
#[cfg(feature = "zones")]
pub use saved_counts::SavedCounts;
#[cfg(feature = "zones")]
pub use span::{Span, Whole};
pub use usage_event::UsageEvent;
pub use window::{BadWindow, Window};
