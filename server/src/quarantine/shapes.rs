//! What the quarantine's routes take and answer. Types only.

use engine::period::Instant;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::store::{CodeCount, Entry, State};

/// Which entries are wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// Of this customer.
    pub(super) customer: Option<String>,
    /// Of this source.
    pub(super) source: Option<String>,
    /// Refused for this reason, for instance `bad_time` or `conflict`.
    pub(super) code: Option<String>,
    /// In this state; all where nothing is said.
    #[param(inline)]
    pub(super) state: Option<State>,
    /// That came then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) since: Option<Instant>,
    /// Only entries with smaller numbers: `next` of the page before.
    pub(super) before: Option<i64>,
    /// At most so many, 1 to 1000; 100 where nothing is said.
    pub(super) limit: Option<u32>,
}

/// An entry of the quarantine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineEntry {
    /// Names the entry for good.
    pub(super) number: i64,
    /// The subject of the event, or who sent it with a customer's key; empty where it could not be read.
    pub(super) customer: String,
    /// The source of the event; empty where it could not be read.
    pub(super) source: String,
    /// The id of the event; empty where it could not be read.
    pub(super) event_id: String,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub(super) received_at: Instant,
    /// The request it came in.
    pub(super) request: String,
    /// Its place in the request.
    pub(super) index: i64,
    /// Why it was refused, as a stable word.
    pub(super) code: String,
    /// Why, in a sentence.
    pub(super) detail: String,
    /// Whether all of it was kept. What was cut can be repaired or dismissed, not replayed.
    pub(super) whole: bool,
    /// What became of it.
    pub(super) state: State,
    /// Who settled it, when and why; left out while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<SettledAnswer>,
}

/// How an entry was settled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SettledAnswer {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(super) at: Instant,
    /// Who.
    pub(super) by: String,
    /// Why, or what was mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// The event that was accepted for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<AcceptedEvent>,
}

/// Names an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AcceptedEvent {
    /// Its source.
    pub(super) source: String,
    /// Its id.
    pub(super) id: String,
}

/// A page of entries, and how many there are in all.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineList {
    /// Latest first.
    pub(super) entries: Vec<QuarantineEntry>,
    /// How many entries the filter has, on all pages, by reason and state.
    pub(super) counts: Vec<CodeCount>,
    /// To be asked for as `before` for the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
}

/// An entry with its event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuarantineDetail {
    /// The entry.
    #[serde(flatten)]
    pub(super) entry: QuarantineEntry,
    /// The event as it was sent, at most 65,536 bytes of it.
    pub(super) body: String,
    /// The stored event that it contradicts, or that was changed before; left out where there is none or it was not
    /// found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contradicts: Option<StoredEvent>,
}

/// A stored event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoredEvent {
    /// Its customer.
    pub(super) subject: String,
    /// Its source.
    pub(super) source: String,
    /// Its id.
    pub(super) id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    pub(super) time: Instant,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    pub(super) received_at: Instant,
    /// Its fields.
    #[schema(value_type = Object)]
    pub(super) data: Value,
    /// The id of the event that voided or amended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changed_by: Option<String>,
}

/// A mended event for an entry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepairBody {
    /// The whole event as it should have come.
    #[schema(value_type = crate::ingest::routes::CloudEvent)]
    pub(super) event: Box<RawValue>,
    /// What was mended.
    pub(super) note: Option<String>,
    /// Who did it; `operator` where nothing is said.
    pub(super) by: Option<String>,
}

/// Who replays, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// Why now, for instance what was mended.
    pub(super) note: Option<String>,
    /// Who did it; `operator` where nothing is said.
    pub(super) by: Option<String>,
}

/// Which open entries are replayed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayAllBody {
    /// Of this customer.
    pub(super) customer: Option<String>,
    /// Of this source.
    pub(super) source: Option<String>,
    /// Refused for this reason.
    pub(super) code: Option<String>,
    /// That came then or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) since: Option<Instant>,
    /// Only entries with greater numbers: `next` of the answer before.
    pub(super) after: Option<i64>,
    /// At most so many, 1 to 10,000; 10,000 where nothing is said.
    pub(super) limit: Option<u32>,
    /// Why now, for instance what was mended.
    pub(super) note: Option<String>,
    /// Who did it; `operator` where nothing is said.
    pub(super) by: Option<String>,
}

/// What became of entries that were replayed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayAnswer {
    /// How many were accepted, or were there already.
    pub(super) replayed: usize,
    /// Those that stay open, and why.
    pub(super) still_open: Vec<StillOpen>,
    /// To be sent as `after` to go on; left out when all were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<i64>,
}

/// An entry that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct StillOpen {
    /// Its number.
    pub(super) number: i64,
    /// Why, as a stable word: of a refusal, or `cut` or `busy`.
    pub(super) code: String,
    /// Why, in a sentence.
    pub(super) detail: String,
}

/// Why an entry is dismissed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissBody {
    /// Why it is not needed, 1 to 1,000 characters.
    pub(super) reason: String,
    /// Who did it; `operator` where nothing is said.
    pub(super) by: Option<String>,
}

impl From<Entry> for QuarantineEntry {
    fn from(entry: Entry) -> Self {
        let settled = entry.settled.map(|settled| SettledAnswer {
            at: settled.at,
            by: settled.by,
            note: settled.note,
            accepted: settled.accepted.map(|(source, id)| AcceptedEvent { source, id }),
        });
        Self {
            number: entry.number,
            customer: entry.customer,
            source: entry.source,
            event_id: entry.event_id,
            received_at: entry.received_at,
            request: entry.request,
            index: entry.position,
            code: entry.code,
            detail: entry.detail,
            whole: entry.whole,
            state: entry.state,
            settled,
        }
    }
}
