//! Tells whose key a token is, without asking the database each time, and keeps what is left of every key's rates.
//!
//! Holds only keys that are in the database, so that wrong tokens take no room. A key that was revoked by another
//! process is let through for a second at most.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use engine::period::Instant;

use super::key_store;
use super::keys::{Key, digest};
use super::limits::{Bucket, Rate, Rates};
use crate::clock::Clock;
use crate::db::{Db, DbError};

/// For how long a key is believed before the database is asked again.
const FRESH: Duration = Duration::from_secs(1);

/// How old the note about the last use may become.
const LAST_USED_STEP: TimeDelta = TimeDelta::hours(1);

/// A key and what is left of its rates.
#[derive(Debug, Clone)]
pub struct Known {
    /// The key.
    pub key: Arc<Key>,
    /// What is left of its requests.
    pub requests: Option<Arc<Bucket>>,
    /// What is left of its events.
    pub events: Option<Arc<Bucket>>,
    asked_at: Duration,
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No key has this token.
    #[error("this key is unknown; ask the operator for one")]
    Unknown,
    /// Its time is over.
    #[error("this key expired at {0}; ask the operator for a new one")]
    Expired(Instant),
    /// It was ended.
    #[error("this key was revoked at {0}; ask the operator for a new one")]
    Revoked(Instant),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Keys by the digest of their tokens.
#[derive(Debug)]
pub struct Keyring {
    clock: Clock,
    defaults: Rates,
    known: Mutex<BTreeMap<String, Known>>,
}

impl Keyring {
    /// An empty one.
    pub fn new(clock: Clock, defaults: Rates) -> Self {
        Self { clock, defaults, known: Mutex::default() }
    }

    /// The key of a token, if it may be used now.
    pub async fn identify(&self, db: &Db, token: &str) -> Result<Known, Refused> {
        let digest = digest(token);
        let now = self.clock.now();
        let known = match self.fresh(&digest) {
            Some(known) => known,
            None => self.ask(db, digest.clone()).await?,
        };
        if let Some(at) = known.key.revoked_at {
            return Err(Refused::Revoked(at));
        }
        if let Some(at) = known.key.order.expires_at.filter(|at| *at <= now) {
            return Err(Refused::Expired(at));
        }
        if known.key.last_used_at.is_none_or(|at| now.signed_duration_since(at) >= LAST_USED_STEP) {
            self.note_use(db, (digest, &known), now).await;
        }
        Ok(known)
    }

    /// Forgets a key, so that the database is asked about it.
    pub fn forget(&self, id: &str) {
        self.lock().retain(|_, known| known.key.id != id);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        // The map is whole after every statement.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, digest: &str) -> Option<Known> {
        let elapsed = self.clock.elapsed();
        let is_fresh = |known: &&Known| elapsed.saturating_sub(known.asked_at) < FRESH;
        self.lock().get(digest).filter(is_fresh).cloned()
    }

    async fn ask(&self, db: &Db, digest: String) -> Result<Known, Refused> {
        let found = key_store::by_token(db, &digest).await?;
        let mut known = self.lock();
        let Some(key) = found else {
            known.remove(&digest);
            return Err(Refused::Unknown);
        };
        let before = known.get(&digest);
        let rates = key.order.rates;
        let known_now = Known {
            requests: self.bucket(
                before.and_then(|known| known.requests.as_ref()),
                rates.requests,
                self.defaults.requests,
            ),
            events: self.bucket(before.and_then(|known| known.events.as_ref()), rates.events, self.defaults.events),
            key: Arc::new(key),
            asked_at: self.clock.elapsed(),
        };
        known.insert(digest, known_now.clone());
        Ok(known_now)
    }

    /// The bucket of before where there is one, for keys keep their rates; otherwise a full one.
    fn bucket(
        &self,
        before: Option<&Arc<Bucket>>,
        own: (Option<u32>, Option<u32>),
        default: Option<Rate>,
    ) -> Option<Arc<Bucket>> {
        // A rate that lets nothing through cannot have been stored.
        let rate = Rate::chosen(own, default).ok().flatten()?;
        before.cloned().or_else(|| Bucket::new(rate, self.clock).map(Arc::new))
    }

    /// Notes the use at most once in an hour; that it could not be noted is no reason to refuse anybody.
    async fn note_use(&self, db: &Db, (digest, known): (String, &Known), now: Instant) {
        let noted = Known { key: Arc::new(Key { last_used_at: Some(now), ..(*known.key).clone() }), ..known.clone() };
        self.lock().insert(digest, noted);
        if let Err(error) = key_store::used(db, &known.key.id, now).await {
            tracing::warn!(key = %known.key.id, "the last use of a key was not noted: {error}");
        }
    }
}
