//! One line of an access log in the combined (or common) format of Apache and nginx.
//!
//! Only client, time, request, status and bytes are needed; what stands behind them may be broken off. Crates for this
//! format want the whole line, so the few fields are read here.

use std::fmt;

use chrono::DateTime;
use engine::period::Instant;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The client's address.
    pub client: String,
    /// When the request came.
    pub time: Instant,
    /// Its method; `-` where there is none.
    pub method: String,
    /// The first part of its path: `/` for the root, `-` where there is no path.
    pub api: String,
    /// The answer's status.
    pub status: u16,
    /// How many bytes were sent; `-` in the log means none.
    pub bytes: u64,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineProblem {
    /// Not UTF-8.
    NotText,
    /// No client, or one that is no customer id.
    Client,
    /// No time in brackets, or none that can be read.
    Time,
    /// No request in quotes.
    Request,
    /// No status of three digits.
    Status,
    /// No number of bytes.
    Bytes,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "not UTF-8",
            Self::Client => "no client address at the beginning",
            Self::Time => "no time like [17/May/2015:10:05:03 +0000]",
            Self::Request => "no request in quotes like \"GET / HTTP/1.1\"",
            Self::Status => "no status of three digits after the request",
            Self::Bytes => "no number of bytes (or -) after the status",
        })
    }
}

/// The longest path part that is kept; what is longer is no API but an attack.
const API_LENGTH_MAX: usize = 100;

/// Reads a line.
pub fn read(line: &[u8]) -> Result<LogLine, LineProblem> {
    let line = std::str::from_utf8(line).map_err(|_| LineProblem::NotText)?;
    let (client, rest) = line.split_once(' ').ok_or(LineProblem::Client)?;
    if client.is_empty() {
        return Err(LineProblem::Client);
    }
    // The user name between client and time may hold spaces.
    let (_, rest) = rest.split_once('[').ok_or(LineProblem::Time)?;
    let (time, rest) = rest.split_once(']').ok_or(LineProblem::Time)?;
    let time = DateTime::parse_from_str(time, "%d/%b/%Y:%H:%M:%S %z").map_err(|_| LineProblem::Time)?;
    let (request, rest) = rest.trim_start().strip_prefix('"').and_then(quoted).ok_or(LineProblem::Request)?;
    let mut fields = rest.split_ascii_whitespace();
    let status = fields.next().filter(|text| text.len() == 3).and_then(|text| text.parse().ok());
    let status = status.ok_or(LineProblem::Status)?;
    let bytes = match fields.next() {
        Some("-") => 0,
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().map_err(|_| LineProblem::Bytes)?,
        Some(_) | None => return Err(LineProblem::Bytes),
    };
    let (method, api) = method_and_api(request);
    Ok(LogLine { client: client.to_owned(), time: time.to_utc(), method, api, status, bytes })
}

/// Whether nothing of a line in the combined format is missing: request, referer and agent stand in closed quotes, and
/// the agent is the last of it.
pub fn is_whole(line: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(line) else { return false };
    let Some((_, mut rest)) = text.split_once(']') else { return false };
    for _ in 0..3 {
        match rest.split_once('"').and_then(|(_, after)| quoted(after)) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.trim().is_empty() && read(line).is_ok()
}

/// A quoted text up to the quote that ends it, and what comes after. A quote inside is written `\"`.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Some((text.get(..index)?, text.get(index.checked_add(1)?..)?)),
            _ => escaped = false,
        }
    }
    None
}

fn method_and_api(request: &str) -> (String, String) {
    let mut words = request.split_ascii_whitespace();
    let (method, target) = (words.next(), words.next());
    match (method, target) {
        (Some(method), Some(target)) => (shortened(method), shortened(&first_part(target))),
        (_, _) => ("-".to_owned(), "-".to_owned()),
    }
}

/// The first part of the path: `/images/a.png?x` gives `images`, `/` gives `/`, a full address loses its host.
fn first_part(target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, after)) if !target.starts_with('/') => after.split_once('/').map_or("", |(_, path)| path),
        _ => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let first = path.split('/').find(|part| !part.is_empty());
    match first {
        Some(part) => part.to_owned(),
        None if target.starts_with('*') => "*".to_owned(),
        None => "/".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_control() { '\u{fffd}' } else { character })
        .take(API_LENGTH_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LineProblem, is_whole, read};

    fn line(request: &str) -> String {
        format!("83.149.9.216 - - [17/May/2015:10:05:03 +0000] \"{request}\" 200 203023 \"-\" \"Mozilla\"")
    }

    #[test]
    fn client_time_status_and_bytes_are_read() {
        let read = read(line("GET /images/a.png?x=/y HTTP/1.1").as_bytes()).unwrap();
        assert_eq!((read.client.as_str(), read.status, read.bytes), ("83.149.9.216", 200, 203_023));
        assert_eq!((read.method.as_str(), read.api.as_str()), ("GET", "images"));
        assert_eq!(read.time.to_rfc3339(), "2015-05-17T10:05:03+00:00");
    }

    #[test]
    fn the_first_part_of_the_path_is_the_api() {
        for (request, api) in [
            ("GET / HTTP/1.0", "/"),
            ("GET // HTTP/1.0", "/"),
            ("GET /?flav=rss20 HTTP/1.1", "/"),
            ("GET /a HTTP/1.1", "a"),
            ("GET //b/c HTTP/1.1", "b"),
            ("GET http://example.com/d/e HTTP/1.1", "d"),
            ("OPTIONS * HTTP/1.1", "*"),
            ("GET /\\\"q\\\" HTTP/1.1", "\\\"q\\\""),
            ("-", "-"),
            ("", "-"),
            ("GET", "-"),
        ] {
            assert_eq!(read(line(request).as_bytes()).unwrap().api, api, "{request}");
        }
    }

    #[test]
    fn a_dash_for_bytes_is_zero_and_a_broken_end_does_no_harm() {
        let text = "::1 - frank [01/Dec/2026:00:00:00 +0800] \"HEAD /a HTTP/1.1\" 304 - \"-\" \"Mozilla/5.0 (compat";
        let read = read(text.as_bytes()).unwrap();
        assert_eq!((read.bytes, read.time.to_rfc3339().as_str()), (0, "2026-11-30T16:00:00+00:00"));
    }

    #[test]
    fn a_line_is_whole_when_its_agent_is_closed_and_the_last() {
        let whole = line("GET /a\\\"b HTTP/1.1");
        assert!(is_whole(whole.as_bytes()));
        for (end, _) in whole.char_indices() {
            assert!(!is_whole(whole.get(..end).unwrap().as_bytes()), "{end}");
        }
        assert!(!is_whole(format!("{whole} 10.0").as_bytes()));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, problem) in [
            ("", LineProblem::Client),
            (" - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1", LineProblem::Client),
            ("a - - 17/May/2015 \"GET / HTTP/1.1\" 200 1", LineProblem::Time),
            ("a - - [32/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1", LineProblem::Time),
            ("a - - [17/May/2015:10:05:03 +0000] GET / 200 1", LineProblem::Request),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1 200 1", LineProblem::Request),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 2000 1", LineProblem::Status),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200", LineProblem::Bytes),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 -1", LineProblem::Bytes),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 99999999999999999999", LineProblem::Bytes),
        ] {
            assert_eq!(read(text.as_bytes()), Err(problem), "{text}");
        }
        assert_eq!(read(b"a\xff - -"), Err(LineProblem::NotText));
    }
}
