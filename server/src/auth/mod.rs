//! Who may do what: the operator by a token, a customer by a viewing link. Tokens are compared in constant time.

pub mod flow;
pub mod operator;
pub mod routes;
pub mod store;
