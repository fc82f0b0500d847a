//! Who may do what: the operator by a token, senders and readers of usage by API keys, a customer by a viewing link.
//!
//! No token is kept as it is; tokens are compared by digest or in constant time.

pub mod flow;
pub mod gate;
pub mod key_routes;
pub mod key_store;
pub mod keyring;
pub mod keys;
pub mod limits;
pub mod operator;
pub mod routes;
pub mod store;
