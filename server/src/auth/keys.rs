//! API keys: making one, listing them, revoking one. A key sends or reads usage, for one customer or as a collector.
//!
//! The token is told once; only its digest is kept. Nothing here gives a right that only the operator has.

use chrono::SubsecRound;
use engine::ids::CustomerId;
use engine::period::Instant;
use engine::proof::sha256;
use serde::{Deserialize, Serialize};

use super::key_store;
use super::limits::{BadRate, Rate};
use crate::customers::flow::{CustomerError, existing};
use crate::db::{Db, DbError};
use crate::random::{NoRandom, random_hex};

/// How every token of a key begins, so that people and scanners for secrets know it.
pub const TOKEN_PREFIX: &str = "rk_";

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Scope {
    /// Send events.
    #[serde(rename = "events:write")]
    EventsWrite,
    /// Read usage and what it costs so far.
    #[serde(rename = "usage:read")]
    UsageRead,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::EventsWrite, Self::UsageRead];

    /// The scope as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events:write",
            Self::UsageRead => "usage:read",
        }
    }

    /// The scope of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// What the key itself says about its rates: `None` is what the settings say, 0 a second is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnRates {
    /// Requests: so many a second, so many at once.
    pub requests: (Option<u32>, Option<u32>),
    /// Events: so many a second, so many at once.
    pub events: (Option<u32>, Option<u32>),
}

/// What a key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOrder {
    /// What people call it.
    pub name: String,
    /// The customer it belongs to; a collector's belongs to none.
    pub customer: Option<CustomerId>,
    /// The sources it may send for. Where none is named, a collector's sends for all, a customer's for [`own_source`].
    pub sources: Vec<String>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when on it is refused.
    pub expires_at: Option<Instant>,
    /// Its rates.
    pub rates: OwnRates,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Names it; no secret.
    pub id: String,
    /// What was ordered.
    pub order: KeyOrder,
    /// When it was made.
    pub created_at: Instant,
    /// Since when it is refused.
    pub revoked_at: Option<Instant>,
    /// When it was last used, to about an hour.
    pub last_used_at: Option<Instant>,
}

/// A key that was just made, with the token that is told once and kept nowhere.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The token.
    pub token: String,
    /// The key.
    pub key: Key,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A name that is too long or none.
    #[error("the key's name has {0} characters; allowed are 1 to 100")]
    NameLength(usize),
    /// It may do nothing.
    #[error("the key has no scope; give it events:write, usage:read or both")]
    NoScope,
    /// A source that no event can have.
    #[error("a source of the key has {0} characters; allowed are 1 to 255, and at most 100 sources")]
    Source(usize),
    /// A source that is another customer's own.
    #[error("the source \"{0}\" is another customer's own; a key of {1} sends for {own} or sources that the customer is given", own = own_source(.1))]
    OthersSource(String, CustomerId),
    /// It would never work.
    #[error("the key would expire at {expires}, which is not after now, {now}")]
    Expired {
        /// When it was to end.
        expires: Instant,
        /// Now.
        now: Instant,
    },
    /// A rate that lets nothing through.
    #[error(transparent)]
    Rate(#[from] BadRate),
    /// No key of this id.
    #[error("there is no key {0}")]
    Unknown(String),
    /// No such customer.
    #[error(transparent)]
    Customer(#[from] CustomerError),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] NoRandom),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

const NAME_LENGTH_MAX: usize = 100;
const SOURCES_MAX: usize = 100;
const SOURCE_LENGTH_MAX: usize = 255;

/// Makes a key.
pub async fn create(db: &Db, order: KeyOrder, now: Instant) -> Result<NewKey, KeyError> {
    let order = with_sources(order);
    check(&order, now)?;
    if let Some(customer) = &order.customer {
        existing(db, customer).await?;
    }
    let token = format!("{TOKEN_PREFIX}{}", random_hex::<32>()?);
    let id = format!("key_{}", random_hex::<8>()?);
    let order = KeyOrder { expires_at: order.expires_at.map(|at| at.trunc_subsecs(6)), ..order };
    let key = Key { id, order, created_at: now, revoked_at: None, last_used_at: None };
    key_store::insert(db, &key, &digest(&token)).await?;
    Ok(NewKey { token, key })
}

/// The source that nobody but a customer's own keys and those of collectors may send for.
pub fn own_source(customer: &CustomerId) -> String {
    format!("{OWN_SOURCES}{customer}")
}

/// How every customer's own source begins.
const OWN_SOURCES: &str = "/customers/";

/// Identities are shared by all senders: a customer's key that could name any source could take the identity of somebody
/// else's event before it comes, and so push it out.
fn with_sources(order: KeyOrder) -> KeyOrder {
    match &order.customer {
        Some(customer) if order.sources.is_empty() => KeyOrder { sources: vec![own_source(customer)], ..order },
        Some(_) | None => order,
    }
}

/// A token's digest. Keys are looked up by it, so that timing tells nothing about the token.
pub fn digest(token: &str) -> String {
    sha256(token.as_bytes())
}

fn check(order: &KeyOrder, now: Instant) -> Result<(), KeyError> {
    let length = order.name.chars().count();
    if !(1..=NAME_LENGTH_MAX).contains(&length) {
        return Err(KeyError::NameLength(length));
    }
    if order.scopes.is_empty() {
        return Err(KeyError::NoScope);
    }
    let lengths = order.sources.iter().map(|source| source.chars().count());
    let bad = lengths.into_iter().find(|length| !(1..=SOURCE_LENGTH_MAX).contains(length));
    if let Some(length) = bad.or((order.sources.len() > SOURCES_MAX).then_some(order.sources.len())) {
        return Err(KeyError::Source(length));
    }
    if let Some(customer) = &order.customer {
        let own = own_source(customer);
        let is_own =
            |source: &String| source.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(other) = order.sources.iter().find(|source| source.starts_with(OWN_SOURCES) && !is_own(source)) {
            return Err(KeyError::OthersSource(other.clone(), customer.clone()));
        }
    }
    if let Some(expires) = order.expires_at.filter(|expires| *expires <= now) {
        return Err(KeyError::Expired { expires, now });
    }
    for own in [order.rates.requests, order.rates.events] {
        Rate::chosen(own, Rate::per_second(1))?;
    }
    Ok(())
}

/// Ends a key for good. Ending it again changes nothing.
pub async fn revoke(db: &Db, id: &str, now: Instant) -> Result<Key, KeyError> {
    key_store::revoke(db, id, now).await?;
    key_store::by_id(db, id).await?.ok_or_else(|| KeyError::Unknown(id.chars().take(60).collect()))
}
