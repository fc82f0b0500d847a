//! An event as it is stored: texts that borrow from the bytes they were read from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use engine::ids::CustomerId;
use engine::period::Instant;
use engine::usage::Event;

use crate::bytes::{Bytes, put_signed, put_text};
use crate::changes::Change;

/// A stored event. `data` is a JSON object with its keys in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// When it happened, in microseconds since 1970.
    pub time_us: i64,
    /// When it was accepted; the same for a whole commit.
    pub received_us: i64,
    /// The number of the commit that accepted it; goes up with every commit, whatever clocks do.
    pub seq: i64,
    /// Who is billed for it.
    pub customer: &'a str,
    /// Who reported it.
    pub source: &'a str,
    /// Unique within the source.
    pub id: &'a str,
    /// What kind of event it is.
    pub kind: &'a str,
    /// Its fields as JSON.
    pub data: Cow<'a, str>,
    /// What it does to an earlier event.
    pub change: Change,
}

impl<'a> Row<'a> {
    /// Appends everything but when and with which commit it was received.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_signed(out, self.time_us);
        out.push(self.change.byte());
        put_text(out, self.customer);
        put_text(out, self.source);
        put_text(out, self.kind);
        put_text(out, self.id);
        if let Some(target) = self.change.target() {
            put_text(out, target);
        }
        put_text(out, &self.data);
    }

    /// Reads what [`Self::put`] has written.
    pub(crate) fn read(bytes: &mut Bytes<'a>, (seq, received_us): (i64, i64)) -> Option<Self> {
        let time_us = bytes.signed()?;
        let [tag] = bytes.take(1)? else { return None };
        let (customer, source, kind, id) = (bytes.text()?, bytes.text()?, bytes.text()?, bytes.text()?);
        let change = Change::read(*tag, || bytes.text())?;
        let data = Cow::Borrowed(bytes.text()?);
        Some(Self { time_us, received_us, seq, customer, source, id, kind, data, change })
    }

    /// The event as the engine counts it. `None` where stored text is not what was put there.
    pub fn event(&self) -> Option<Event> {
        let data: BTreeMap<String, serde_json::Value> = serde_json::from_str(&self.data).ok()?;
        Some(Event {
            source: self.source.to_owned(),
            id: self.id.to_owned(),
            customer: CustomerId::new(self.customer).ok()?,
            kind: self.kind.to_owned(),
            time: Instant::from_timestamp_micros(self.time_us)?,
            data,
        })
    }

    /// Whether meters count it: an event that only voids another is no usage.
    pub fn is_usage(&self) -> bool {
        match self.change {
            Change::None | Change::Amends(_) => true,
            Change::Voids(_) => false,
        }
    }
}
