//! One line of an access log in the combined (or common) format of Apache and nginx.
//!
//! Only client, time, request, status and bytes are needed; what stands behind them may be broken off. Crates for this
//! format want the whole line, so the few fields are read here.

use std::borrow::Cow;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine<'l> {
    client: &'l str,
    user: &'l str,
    time: &'l str,
    request: &'l str,
    method: Cow<'l, str>,
    target: &'l str,
    api: Cow<'l, str>,
    protocol: &'l str,
    status: &'l str,
    bytes: &'l str,
    referer: Option<&'l str>,
    agent: Option<&'l str>,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CombinedProblem {
    /// No client.
    #[error("no client address at the beginning")]
    Client,
    /// No time in brackets.
    #[error("no time like [17/May/2015:10:05:03 +0000]")]
    Time,
    /// No request in quotes.
    #[error("no request in quotes like \"GET / HTTP/1.1\"")]
    Request,
    /// No status of three digits.
    #[error("no status of three digits after the request")]
    Status,
    /// No number of bytes.
    #[error("no number of bytes (or -) after the status")]
    Bytes,
}

/// The fields that a mapping may name.
pub const FIELDS: [&str; 12] =
    ["client", "user", "time", "request", "method", "target", "api", "protocol", "status", "bytes", "referer", "agent"];

/// The longest part of a request that is kept as method or API; what is longer is no API but an attack.
const PART_LENGTH_MAX: usize = 100;

impl LogLine<'_> {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        Some(match name {
            "client" => self.client,
            "user" => self.user,
            "time" => self.time,
            "request" => self.request,
            "method" => &self.method,
            "target" => self.target,
            "api" => &self.api,
            "protocol" => self.protocol,
            "status" => self.status,
            "bytes" => self.bytes,
            "referer" => return self.referer,
            "agent" => return self.agent,
            _ => return None,
        })
    }
}

/// Reads a line.
pub fn read(line: &str) -> Result<LogLine<'_>, CombinedProblem> {
    let (client, rest) = line.split_once(' ').ok_or(CombinedProblem::Client)?;
    if client.is_empty() {
        return Err(CombinedProblem::Client);
    }
    // The user name between client and time may hold spaces.
    let (names, rest) = rest.split_once('[').ok_or(CombinedProblem::Time)?;
    let user = names.trim_end().split_once(' ').map_or("-", |(_, user)| user.trim());
    let (time, rest) = rest.split_once(']').ok_or(CombinedProblem::Time)?;
    let (request, rest) = rest.trim_start().strip_prefix('"').and_then(quoted).ok_or(CombinedProblem::Request)?;
    let (status, rest) = word(rest);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if status.len() != 3 || !is_number(status) {
        return Err(CombinedProblem::Status);
    }
    let (bytes, rest) = word(rest);
    let bytes = match bytes {
        "-" => "0",
        digits if is_number(digits) && digits.parse::<u64>().is_ok() => digits,
        _ => return Err(CombinedProblem::Bytes),
    };
    let (referer, rest) = quoted_word(rest);
    let (agent, _) = quoted_word(rest);
    let mut words = request.split_ascii_whitespace();
    let (method, target, protocol) = (words.next(), words.next(), words.next().unwrap_or("-"));
    let (method, api, target) = match (method, target) {
        (Some(method), Some(target)) => (shortened(method), shortened(first_part(target)), target),
        (_, _) => (Cow::Borrowed("-"), Cow::Borrowed("-"), "-"),
    };
    Ok(LogLine { client, user, time, request, method, target, api, protocol, status, bytes, referer, agent })
}

/// Whether nothing of a line in the combined format is missing: request, referer and agent stand in closed quotes, and
/// the agent is the last of it.
pub fn is_whole(text: &str) -> bool {
    let Some((_, mut rest)) = text.split_once(']') else { return false };
    for _ in 0..3 {
        match rest.split_once('"').and_then(|(_, after)| quoted(after)) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.trim().is_empty() && read(text).is_ok()
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_ascii_start();
    text.split_once(|character: char| character.is_ascii_whitespace()).unwrap_or((text, ""))
}

fn quoted_word(text: &str) -> (Option<&str>, &str) {
    match text.trim_ascii_start().strip_prefix('"').and_then(quoted) {
        Some((word, rest)) => (Some(word), rest),
        None => (None, ""),
    }
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

/// The first part of the path: `/images/a.png?x` gives `images`, `/` gives `/`, a full address loses its host.
fn first_part(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((_, after)) if !target.starts_with('/') => after.split_once('/').map_or("", |(_, path)| path),
        _ => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    match path.split('/').find(|part| !part.is_empty()) {
        Some(part) => part,
        None if target.starts_with('*') => "*",
        None => "/",
    }
}

fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= PART_LENGTH_MAX && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    Cow::Owned(text.chars().map(plain).take(PART_LENGTH_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::{CombinedProblem, FIELDS, is_whole, read};

    fn line(request: &str) -> String {
        format!("83.149.9.216 - - [17/May/2015:10:05:03 +0000] \"{request}\" 200 203023 \"-\" \"Mozilla\"")
    }

    #[test]
    fn every_field_of_a_line_is_read() {
        let text = "::1 - fr ank [17/May/2015:10:05:03 +0000] \"GET /a/b?c HTTP/1.1\" 200 7 \"http://x/\\\"\" \"M 5\"";
        let line = read(text).unwrap();
        let values: Vec<_> = FIELDS.iter().map(|field| line.field(field).unwrap()).collect();
        assert_eq!(
            values,
            [
                "::1",
                "fr ank",
                "17/May/2015:10:05:03 +0000",
                "GET /a/b?c HTTP/1.1",
                "GET",
                "/a/b?c",
                "a",
                "HTTP/1.1",
                "200",
                "7",
                "http://x/\\\"",
                "M 5"
            ]
        );
        assert_eq!(line.field("other"), None);
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
            assert_eq!(read(&line(request)).unwrap().field("api"), Some(api), "{request}");
        }
        let long = line(&format!("GET /{}\u{7} HTTP/1.1", "語".repeat(200)));
        assert_eq!(read(&long).unwrap().field("api").unwrap(), "語".repeat(100));
        assert_eq!(read(&line("GET /a\u{7}b HTTP/1.1")).unwrap().field("api"), Some("a\u{fffd}b"));
    }

    #[test]
    fn a_dash_for_bytes_is_zero_and_a_broken_end_does_no_harm() {
        let text = "::1 - frank [01/Dec/2026:00:00:00 +0800] \"HEAD /a HTTP/1.1\" 304 - \"-\" \"Mozilla/5.0 (compat";
        let read = read(text).unwrap();
        assert_eq!((read.field("bytes"), read.field("referer"), read.field("agent")), (Some("0"), Some("-"), None));
    }

    #[test]
    fn a_line_is_whole_when_its_agent_is_closed_and_the_last() {
        let whole = line("GET /a\\\"b HTTP/1.1");
        assert!(is_whole(&whole));
        for (end, _) in whole.char_indices() {
            assert!(!is_whole(whole.get(..end).unwrap()), "{end}");
        }
        assert!(!is_whole(&format!("{whole} 10.0")));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, problem) in [
            ("", CombinedProblem::Client),
            (" - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 1", CombinedProblem::Client),
            ("a - - 17/May/2015 \"GET / HTTP/1.1\" 200 1", CombinedProblem::Time),
            ("a - - [17/May/2015:10:05:03 +0000] GET / 200 1", CombinedProblem::Request),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1 200 1", CombinedProblem::Request),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 2000 1", CombinedProblem::Status),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" +20 1", CombinedProblem::Status),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200", CombinedProblem::Bytes),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 -1", CombinedProblem::Bytes),
            ("a - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 99999999999999999999", CombinedProblem::Bytes),
        ] {
            assert_eq!(read(text), Err(problem), "{text}");
        }
    }
}
