//! Events that were accepted and bring no money: no plan, no meter, or no price for what they count.

pub mod flow;
pub mod routes;
