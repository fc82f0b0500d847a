//! Files become events: reads them whole first, then keeps what they say.
//!
//! What a line means is for the crate `intake`; here is only the order in which things are done.

pub mod flow;
