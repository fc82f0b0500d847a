//! Counts a file line by line. What is wrong with a line is told with its number, and the others count.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use engine::usage::Event;

use super::once::{Digest, Hasher};
use super::{CountError, Counted, Flaw, People, Rules, Seen};
use crate::files::{Events, Outcome, Reading};

pub(super) fn count(path: &Path, reading: Reading<'_>, rules: &Rules) -> Result<Counted, CountError> {
    let mut events = Events::open(path, reading)?;
    let (mut seen, mut people, mut crowd) = (Seen::default(), People::default(), rules.crowd());
    let hasher = Hasher::new();
    let mut contents: HashMap<Digest, Digest> = HashMap::new();
    while let Some(item) = events.read()? {
        seen.lines = seen.lines.saturating_add(1);
        let event = match item.outcome {
            Outcome::Event(event) => event,
            Outcome::PassedOver => {
                seen.passed_over = seen.passed_over.saturating_add(1);
                continue;
            }
            Outcome::Problem(problem) => {
                seen.flaw(item.line, problem);
                continue;
            }
        };
        match contents.entry(hasher.identity(&event.source, &event.id)) {
            Entry::Vacant(free) => {
                free.insert(content(&event, hasher));
            }
            Entry::Occupied(there) if *there.get() == content(&event, hasher) => {
                seen.repeated = seen.repeated.saturating_add(1);
                continue;
            }
            Entry::Occupied(_) => {
                seen.flaw(item.line, Flaw::Contradicts { source_name: event.source, id: event.id });
                continue;
            }
        }
        match crowd.add(people.number(&event.customer), rules.meters.kind(&event.kind), &event) {
            Ok(meters) => seen.event(meters, rules.span.period.contains(event.time)),
            Err(error) => seen.flaw(item.line, error),
        }
    }
    seen.is_unfinished = events.is_unfinished();
    Ok(Counted { customers: people.names, crowd, seen })
}

/// All that the event says.
fn content(event: &Event, hasher: Hasher) -> Digest {
    // Maps of JSON values are always JSON.
    hasher.of(&serde_json::to_vec(event).unwrap_or_default())
}
