//! What needs no token: the built pages, and the public view of the books that the calculator reads.
//!
//! Only views made for the public leave here; `ratecard public` writes the same files for static hosting.

pub mod files;
pub mod flow;
pub mod routes;
