//! Making a viewing link for a customer, and telling whose link a token is.

use chrono::TimeDelta;
use engine::ids::CustomerId;
use engine::period::Instant;
use engine::proof::sha256;

use super::store::{self, Link};
use crate::customers::flow::{CustomerError, existing};
use crate::db::{Db, DbError};
use crate::random::{NoRandom, random_hex};

/// A link that was just made. The token is shown once and kept nowhere.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// The secret part of the link.
    pub token: String,
    /// From when on it shows nothing.
    pub expires_at: Instant,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A link that lasts too long or no time at all.
    #[error("a link can last 1 to 366 days, not {0}")]
    Days(u32),
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

/// How long a link lasts where nobody says.
pub const LINK_DAYS: u32 = 90;

/// Makes a link through which a customer sees their own usage.
pub async fn create(db: &Db, customer: &CustomerId, days: u32, now: Instant) -> Result<NewLink, LinkError> {
    if !(1..=366).contains(&days) {
        return Err(LinkError::Days(days));
    }
    existing(db, customer).await?;
    let token = random_hex::<32>()?;
    let expires_at = now.checked_add_signed(TimeDelta::days(i64::from(days))).unwrap_or(now);
    let link = Link { customer, token_sha256: &sha256(token.as_bytes()), created_at: now, expires_at };
    let mut tx = db.begin().await?;
    store::insert(&mut tx, &link).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(NewLink { token, expires_at })
}

/// Whose link this token is. Looked up by its digest, so that timing tells nothing about the token.
pub async fn customer(db: &Db, token: &str, now: Instant) -> Result<Option<CustomerId>, DbError> {
    store::customer(db, &sha256(token.as_bytes()), now).await
}
