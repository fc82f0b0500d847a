//! What a sender is told about its events: the outcome of each, and how many there were of each kind.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::flow::{Answered, CONFLICT_DETAIL, Outcome};
use crate::error::Problem;

/// What became of one event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventAnswer {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its line, from 1, if it came in a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Its id, as far as it could be read.
    pub id: Option<String>,
    /// What became of it.
    pub status: EventStatus,
    /// Why it was not taken, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "bad_time")]
    pub code: Option<&'static str>,
    /// Where in the event, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/time")]
    pub pointer: Option<String>,
    /// Why it was not taken and what to do, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// It is new and on disk.
    Accepted,
    /// The same event was there; that is a success.
    Duplicate,
    /// Another event has this source and id; it stays, this one is put aside.
    Conflict,
    /// It cannot be counted and is put aside.
    Refused,
}

/// What became of the events of a request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IngestAnswer {
    /// How many are new.
    pub accepted: usize,
    /// How many were there.
    pub duplicates: usize,
    /// How many contradict one that is there.
    pub conflicts: usize,
    /// How many cannot be counted.
    pub refused: usize,
    /// Each of them, in the order of the request.
    pub events: Vec<EventAnswer>,
}

/// How many events of a stream came to what. Stored is all that is counted here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// How many are new.
    pub accepted: usize,
    /// How many were there.
    pub duplicates: usize,
    /// How many contradict one that is there.
    pub conflicts: usize,
    /// How many cannot be counted.
    pub refused: usize,
    /// The last line that these are about; whoever sends the rest begins after it.
    pub last_line: usize,
}

/// What became of a stream of events.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct StreamAnswer {
    /// How many came to what.
    #[serde(flatten)]
    pub counts: Counts,
    /// The events that were not taken, the first 1,000 of them.
    pub problems: Vec<EventAnswer>,
    /// How many more were not taken.
    pub problems_left_out: usize,
}

/// How many problems the answer to a stream lists.
const PROBLEMS_MAX: usize = 1000;

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, status: EventStatus) {
        let place = match status {
            EventStatus::Accepted => &mut self.accepted,
            EventStatus::Duplicate => &mut self.duplicates,
            EventStatus::Conflict => &mut self.conflicts,
            EventStatus::Refused => &mut self.refused,
        };
        *place = place.saturating_add(1);
    }

    /// How many there were.
    pub fn events(&self) -> usize {
        self.taken().saturating_add(self.left())
    }

    /// How many are stored now.
    pub fn taken(&self) -> usize {
        self.accepted.saturating_add(self.duplicates)
    }

    /// How many are put aside.
    pub fn left(&self) -> usize {
        self.conflicts.saturating_add(self.refused)
    }

    /// Adds the counts to a problem that ended a stream.
    pub fn on(&self, problem: Problem) -> Problem {
        problem
            .with("accepted", json!(self.accepted))
            .with("duplicates", json!(self.duplicates))
            .with("conflicts", json!(self.conflicts))
            .with("refused", json!(self.refused))
            .with("last_line", json!(self.last_line))
    }
}

impl StreamAnswer {
    /// Notes an event.
    pub fn add(&mut self, event: EventAnswer) {
        self.counts.add(event.status);
        match event.status {
            EventStatus::Accepted | EventStatus::Duplicate => {}
            EventStatus::Conflict | EventStatus::Refused if self.problems.len() < PROBLEMS_MAX => {
                self.problems.push(event);
            }
            EventStatus::Conflict | EventStatus::Refused => {
                self.problems_left_out = self.problems_left_out.saturating_add(1);
            }
        }
    }
}

impl IntoResponse for StreamAnswer {
    fn into_response(self) -> Response {
        if self.counts.left() == 0 {
            Json(self).into_response()
        } else if self.counts.taken() == 0 {
            let detail = "no event of the stream was taken; the problems say why";
            let problem = Problem::unprocessable("events-not-taken", "No event was taken").detail(detail);
            let problem = self.counts.on(problem).with("problems", json!(self.problems));
            problem.with("problems_left_out", json!(self.problems_left_out)).into_response()
        } else {
            (StatusCode::MULTI_STATUS, Json(self)).into_response()
        }
    }
}

/// The answer to a request that was no stream.
pub fn answer(answered: Vec<Answered>) -> IngestAnswer {
    let count = |status| move |event: &&EventAnswer| event.status == status;
    let events: Vec<EventAnswer> =
        answered.into_iter().enumerate().map(|(index, answered)| event_answer((index, None), answered)).collect();
    IngestAnswer {
        accepted: events.iter().filter(count(EventStatus::Accepted)).count(),
        duplicates: events.iter().filter(count(EventStatus::Duplicate)).count(),
        conflicts: events.iter().filter(count(EventStatus::Conflict)).count(),
        refused: events.iter().filter(count(EventStatus::Refused)).count(),
        events,
    }
}

/// What is told about one event, by its place and, in a stream, its line.
pub fn event_answer((index, line): (usize, Option<usize>), Answered { id, outcome }: Answered) -> EventAnswer {
    let plain = |status| EventAnswer { index, line, id, status, code: None, pointer: None, detail: None };
    match outcome {
        Outcome::Accepted => plain(EventStatus::Accepted),
        Outcome::Duplicate => plain(EventStatus::Duplicate),
        Outcome::Conflict => EventAnswer {
            code: Some("conflict"),
            pointer: Some("/id".to_owned()),
            detail: Some(CONFLICT_DETAIL.to_owned()),
            ..plain(EventStatus::Conflict)
        },
        Outcome::Refused(problem) => EventAnswer {
            code: Some(problem.code()),
            pointer: Some(problem.pointer()),
            detail: Some(problem.to_string()),
            ..plain(EventStatus::Refused)
        },
    }
}

/// The refusal of a request of which no event was taken.
pub fn none_taken(answer: &IngestAnswer) -> Problem {
    let detail = match answer.events.as_slice() {
        [only] => only.detail.clone().unwrap_or_default(),
        _ => "no event of the request was taken; each says why".to_owned(),
    };
    Problem::unprocessable("events-not-taken", "No event was taken")
        .detail(detail)
        .with("accepted", json!(answer.accepted))
        .with("duplicates", json!(answer.duplicates))
        .with("conflicts", json!(answer.conflicts))
        .with("refused", json!(answer.refused))
        .with("events", json!(answer.events))
}
