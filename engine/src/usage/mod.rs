//! What happened and how it is counted: events in, quantities per meter out.

pub mod aggregate;
mod event;
mod meter;
mod sample;

pub use event::{Event, FieldProblem};
pub use meter::{Group, Meter, MeterError, MeterUsage, Metering, Usage, count_usage};
pub use sample::Sample;
