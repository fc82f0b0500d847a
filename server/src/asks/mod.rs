//! Questions to the engine over HTTP: the same JSON in and the same bytes out as in the browser.

pub mod routes;
