//! What a server said about a batch, and what that means for it.
//!
//! Decides nothing about waiting; names what happened.

use std::time::Duration;

use chrono::DateTime;
use engine::period::Instant;
use serde::Deserialize;

/// What became of the events of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    pub(super) duplicates: u64,
    pub(super) conflicts: u64,
    pub(super) refused: u64,
    pub(super) events: Vec<EventAnswer>,
}

/// What became of one event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct EventAnswer {
    pub(super) id: Option<String>,
    pub(super) status: String,
    pub(super) code: Option<String>,
    pub(super) detail: Option<String>,
}

/// What an answer means for a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The server has taken it over: each event is kept, was kept before, or is put aside with its reason.
    Taken(Counts),
    /// It may be sent again; not before this time if the server said so.
    Later { why: String, not_before: Option<Duration> },
    /// The batch is too large, or something in it cannot be read: a smaller one may go.
    Smaller { why: String },
    /// The server does not unpack.
    NotPacked,
    /// Somebody must mend something before it can go: the key, the address, the server.
    Denied { why: String },
}

/// An answer as it came.
#[derive(Debug, Clone)]
pub(super) struct Raw<'a> {
    pub(super) status: u16,
    pub(super) retry_after: Option<&'a str>,
    pub(super) body: &'a str,
    pub(super) was_packed: bool,
    pub(super) now: Instant,
}

/// Understands an answer.
pub(super) fn understood(raw: &Raw<'_>) -> Answer {
    let why = || format!("{} {}", raw.status, detail(raw.body));
    match raw.status {
        200..=299 => Answer::Taken(serde_json::from_str(raw.body).unwrap_or_default()),
        422 => match refused(raw.body) {
            Some(counts) => Answer::Taken(counts),
            None => Answer::Denied { why: why() },
        },
        400 | 413 => Answer::Smaller { why: why() },
        415 if raw.was_packed => Answer::NotPacked,
        408 | 409 | 425 | 429 | 500..=599 => {
            Answer::Later { why: why(), not_before: raw.retry_after.and_then(|text| wait(text, raw.now)) }
        }
        _ => Answer::Denied { why: why() },
    }
}

/// None was taken and each is put aside: then the problem counts them. Without counts it is about the request.
fn refused(body: &str) -> Option<Counts> {
    let counts: Counts = serde_json::from_str(body).ok()?;
    (counts.refused.saturating_add(counts.conflicts) > 0).then_some(counts)
}

/// Seconds, or a date of HTTP.
fn wait(text: &str, now: Instant) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text.trim()).ok()?.to_utc();
    Some(date.signed_duration_since(now).to_std().unwrap_or(Duration::ZERO))
}

/// What a problem document says, or the beginning of whatever else came.
fn detail(body: &str) -> String {
    #[derive(Deserialize)]
    struct Problem {
        detail: Option<String>,
        title: Option<String>,
    }
    let problem = serde_json::from_str::<Problem>(body).ok();
    let said = problem.and_then(|problem| problem.detail.or(problem.title));
    said.unwrap_or_else(|| body.to_owned()).chars().filter(|letter| !letter.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, Raw, understood};

    fn answer(status: u16, retry_after: Option<&str>, body: &str) -> Answer {
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        understood(&Raw { status, retry_after, body, was_packed: true, now })
    }

    #[test]
    fn each_status_has_its_meaning() {
        assert!(matches!(answer(200, None, r#"{"accepted":3}"#), Answer::Taken(counts) if counts.accepted == 3));
        assert!(
            matches!(answer(207, None, r#"{"accepted":1,"refused":2}"#), Answer::Taken(counts) if counts.refused == 2)
        );
        assert!(matches!(answer(202, None, ""), Answer::Taken(_)));
        assert!(
            matches!(answer(422, None, r#"{"refused":2,"detail":"x"}"#), Answer::Taken(counts) if counts.refused == 2)
        );
        assert_eq!(answer(422, None, r#"{"detail":"used"}"#), Answer::Denied { why: "422 used".to_owned() });
        assert_eq!(answer(413, None, ""), Answer::Smaller { why: "413 ".to_owned() });
        assert_eq!(answer(415, None, ""), Answer::NotPacked);
        for status in [301, 401, 403, 404, 405] {
            assert!(matches!(answer(status, None, ""), Answer::Denied { .. }), "{status}");
        }
        for status in [408, 409, 429, 500, 502, 503, 507] {
            assert!(matches!(answer(status, None, ""), Answer::Later { not_before: None, .. }), "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (text, seconds) in [
            ("7", Some(7)),
            ("Tue, 01 Dec 2026 00:01:00 GMT", Some(60)),
            ("Tue, 01 Dec 2026 00:00:00 +0800", Some(0)),
            ("soon", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            let given = answer(429, Some(text), "");
            assert!(matches!(&given, Answer::Later { not_before, .. } if *not_before == expected), "{text}: {given:?}");
        }
    }
}
