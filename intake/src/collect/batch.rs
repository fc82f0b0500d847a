//! Events that are sent together: a JSON list, packed, under a key made from its bytes.
//!
//! The same events make the same bytes and the same key, so that a server can tell a repeated request.

use std::io::Write;
use std::time::Duration;

use engine::usage::Event;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::error::CollectError;
use crate::cloud_event;

/// When a batch is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// At so many events.
    pub events: usize,
    /// Before so many bytes, unpacked; a single larger event goes alone.
    pub bytes: usize,
    /// So long after its first event.
    pub wait: Duration,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { events: 500, bytes: 1024 * 1024, wait: Duration::from_secs(1) }
    }
}

/// Events as they are sent, each as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Batch {
    events: Vec<String>,
    bytes: usize,
}

impl Batch {
    pub(super) fn add(&mut self, event: &Event) -> Result<(), CollectError> {
        let json = cloud_event::write(event).map_err(CollectError::Json)?;
        self.bytes = self.bytes.saturating_add(json.len()).saturating_add(1);
        self.events.push(json);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub(super) fn is_full(&self, limits: &BatchLimits) -> bool {
        self.events.len() >= limits.events || self.bytes >= limits.bytes
    }

    pub(super) fn events(&self) -> &[String] {
        &self.events
    }

    /// The first half and the rest.
    pub(super) fn halves(mut self) -> (Self, Self) {
        let rest = self.events.split_off(self.events.len().div_ceil(2));
        let of = |events: Vec<String>| Self {
            bytes: events.iter().map(|event| event.len().saturating_add(1)).sum(),
            events,
        };
        (of(self.events), of(rest))
    }

    /// The request's body.
    pub(super) fn body(&self, is_packed: bool) -> std::io::Result<Vec<u8>> {
        let json = format!("[{}]", self.events.join(","));
        if !is_packed {
            return Ok(json.into_bytes());
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(json.as_bytes())?;
        encoder.finish()
    }
}

/// The key of a body.
pub(super) fn key(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
