//! Sends one body to a server and says what it answered.
//!
//! Tries once; whether to try again is decided elsewhere. Never logs the key.

use std::fmt;
use std::time::Duration;

use engine::period::Instant;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::answer::{Answer, Raw, understood};
use crate::time;

/// Where events go.
#[derive(Clone)]
pub struct Destination {
    url: String,
    key: String,
    authorities: Option<Vec<ureq::tls::Certificate<'static>>>,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why nothing can be sent there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationProblem {
    /// Not an address of HTTP.
    #[error("\"{0}\" is not where events go; write it like https://ratecard.example.com/v1/events")]
    Url(String),
    /// No key, or one that cannot stand in a header.
    #[error("the key is empty or has characters that a key does not have; the file must hold the key and nothing else")]
    Key,
    /// No certificates.
    #[error("there is no certificate in PEM form in the file of authorities")]
    Authorities,
}

impl Destination {
    /// An address and the key for it; `authorities` in PEM form if the server's certificate is of an authority of one's own.
    pub fn new(url: &str, key: &str, authorities: Option<&[u8]>) -> Result<Self, DestinationProblem> {
        let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let is_url = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
        if !is_url || url.parse::<ureq::http::Uri>().is_err() {
            return Err(DestinationProblem::Url(url.to_owned()));
        }
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DestinationProblem::Key);
        }
        let authorities = authorities.map(certificates).transpose()?;
        Ok(Self { url: url.to_owned(), key: key.to_owned(), authorities })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<ureq::tls::Certificate<'static>>, DestinationProblem> {
    let certificates: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            Ok(_) | Err(_) => None,
        })
        .collect();
    if certificates.is_empty() { Err(DestinationProblem::Authorities) } else { Ok(certificates) }
}

/// One try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'r> {
    pub(super) source: &'r str,
    pub(super) batch: u64,
    pub(super) key: &'r str,
    pub(super) body: &'r [u8],
    pub(super) is_packed: bool,
    pub(super) now: Instant,
}

pub(super) struct Sender {
    agent: ureq::Agent,
    destination: Destination,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("destination", &self.destination).finish_non_exhaustive()
    }
}

/// How long an answer may take; the server commits before it answers.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// How long a connection may take.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

impl Sender {
    pub(super) fn new(destination: Destination) -> Self {
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_WAIT))
            .timeout_global(Some(ANSWER_WAIT))
            .user_agent(concat!("ratecard-collect/", env!("CARGO_PKG_VERSION")));
        if let Some(authorities) = &destination.authorities {
            let roots = RootCerts::new_with_certs(authorities);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Self { agent: config.build().new_agent(), destination }
    }

    pub(super) fn send(&self, request: Request<'_>) -> Answer {
        match self.answer(request) {
            Ok(answer) => answer,
            Err(error) => Answer::Later { why: error.to_string(), not_before: None },
        }
    }

    fn answer(&self, request: Request<'_>) -> Result<Answer, ureq::Error> {
        let Request { source, batch, key, body, is_packed, now } = request;
        let mut post = self
            .agent
            .post(&self.destination.url)
            .header("Authorization", format!("Bearer {}", self.destination.key))
            .header("Content-Type", "application/cloudevents-batch+json")
            .header("Idempotency-Key", format!("\"{key}\""))
            .header("Ratecard-Source", in_header(source))
            .header("Ratecard-Batch", batch.to_string())
            .header("Ratecard-Sent-At", time::written(now));
        if is_packed {
            post = post.header("Content-Encoding", "gzip");
        }
        let mut response = post.send(body)?;
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        // A server that took the batch and then cut its answer off did take it only if the answer says so: send again.
        let body = response.body_mut().read_to_string()?;
        Ok(understood(&Raw { status, retry_after: retry_after.as_deref(), body: &body, was_packed: is_packed, now }))
    }
}

/// A source in a header: what is not visible ASCII is percent-encoded, and so is the percent sign.
fn in_header(source: &str) -> String {
    let mut text = String::new();
    for byte in source.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Destination, DestinationProblem, in_header};

    #[test]
    fn a_destination_is_an_address_of_http_and_a_key() {
        assert!(Destination::new("http://127.0.0.1:8080/v1/events", " key\n", None).is_ok());
        for url in ["", "localhost:8080", "ftp://a/b", "http://", "https:///x", "http://a b/"] {
            assert!(matches!(Destination::new(url, "key", None), Err(DestinationProblem::Url(_))), "{url}");
        }
        for key in ["", " \n", "two words", "schlüssel"] {
            assert_eq!(Destination::new("http://a/", key, None).err(), Some(DestinationProblem::Key), "{key}");
        }
        let authorities = Destination::new("https://a/", "key", Some(b"nothing"));
        assert_eq!(authorities.err(), Some(DestinationProblem::Authorities));
        assert!(!format!("{:?}", Destination::new("http://a/", "secret-key", None)).contains("secret-key"));
    }

    #[test]
    fn a_source_stands_in_a_header_whatever_its_letters() {
        assert_eq!(in_header("/gateways/a-1"), "/gateways/a-1");
        assert_eq!(in_header("上 50%"), "%E4%B8%8A%2050%25");
    }
}
