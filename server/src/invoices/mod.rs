//! Issued invoices: kept exactly as they were issued, handed out as JSON and as PDF.

mod correction_paper;
pub mod flow;
pub mod fonts;
pub mod paper;
pub mod pdf;
pub mod routes;
pub mod store;
