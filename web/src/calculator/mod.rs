//! The public calculator: what a month of assumed usage costs on each plan, computed in the browser.
//!
//! `state` and what it is made of are pure and tested natively; `page` holds every touch of the browser.

pub mod commit;
pub mod export;
pub mod link;
pub mod page;
#[cfg(test)]
mod parts_tests;
pub mod plain;
pub mod quantity_text;
pub mod rows;
pub mod scale;
pub mod scenario;
pub mod state;
#[cfg(test)]
pub(crate) mod tests;
pub mod view;
