//! Parts of pages without a business word: every text comes in from outside.

pub mod chart;
pub mod element;
pub mod field;
pub mod slider;
pub mod steps;
pub mod table;
