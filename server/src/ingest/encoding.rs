//! Undoes the content coding of a request body: gzip, zstd or none, while it streams.
//!
//! Never holds more than a few buffers of it, however much a small body unpacks to; whoever reads counts and stops.

use std::pin::Pin;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::time::{Duration, timeout};
use tokio_util::io::StreamReader;

use crate::error::Problem;
use crate::request::{BODY_SECONDS_MAX, body_broke_off, body_too_large, body_too_slow, whole_body};

type Raw = StreamReader<Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>, Bytes>;

/// A body without its coding.
pub enum Decoded {
    /// It had none.
    Plain(Raw),
    /// gzip.
    Gzip(BufReader<GzipDecoder<Raw>>),
    /// Zstandard.
    Zstd(BufReader<ZstdDecoder<Raw>>),
}

/// The largest window of Zstandard that RFC 9659 lets a body ask for, as a power of two: 8 MiB.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

const BUFFER_BYTES: usize = 64 * 1024;

/// How much of a refused body is read on, so that the client comes to read the answer, and for how long.
const DRAIN_BYTES_MAX: u64 = 64 * 1024 * 1024;
const DRAIN_SECONDS_MAX: Duration = Duration::from_secs(5);

/// Why a body cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection.
    #[error("the body broke off: {0}")]
    BrokeOff(std::io::Error),
    /// The coding.
    #[error("the body is not what Content-Encoding says: {0}")]
    Coding(std::io::Error),
}

impl From<std::io::Error> for BodyError {
    fn from(error: std::io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<axum::Error>()) {
            Self::BrokeOff(error)
        } else {
            Self::Coding(error)
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::BrokeOff(error) => body_broke_off(&error),
            BodyError::Coding(_) => Self::new(StatusCode::BAD_REQUEST, "bad-encoding", "The body cannot be unpacked")
                .detail(error.to_string()),
        }
    }
}

impl Decoded {
    /// A body as its headers describe it.
    pub fn new(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let stream: Pin<Box<dyn Stream<Item = _> + Send>> =
            Box::pin(body.into_data_stream().map_err(std::io::Error::other));
        let raw = StreamReader::new(stream);
        match coding(headers)? {
            Coding::Identity => Ok(Self::Plain(raw)),
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(raw);
                decoder.multiple_members(true);
                Ok(Self::Gzip(BufReader::with_capacity(BUFFER_BYTES, decoder)))
            }
            Coding::Zstd => {
                let bounded = [DParameter::window_log_max(ZSTD_WINDOW_LOG_MAX)];
                let mut decoder = ZstdDecoder::with_params(raw, &bounded);
                decoder.multiple_members(true);
                Ok(Self::Zstd(BufReader::with_capacity(BUFFER_BYTES, decoder)))
            }
        }
    }

    /// What has come and was not consumed; empty at the end. May be given up and called again.
    pub async fn fill(&mut self) -> Result<&[u8], BodyError> {
        Ok(match self {
            Self::Plain(raw) => raw.fill_buf().await?,
            Self::Gzip(decoder) => decoder.fill_buf().await?,
            Self::Zstd(decoder) => decoder.fill_buf().await?,
        })
    }

    /// Takes this much of what `fill` gave.
    pub fn consume(&mut self, bytes: usize) {
        match self {
            Self::Plain(raw) => raw.consume(bytes),
            Self::Gzip(decoder) => decoder.consume(bytes),
            Self::Zstd(decoder) => decoder.consume(bytes),
        }
    }

    /// Reads the rest as it comes over the line and drops it, so that the client comes to read the answer.
    pub async fn drain(self) {
        let raw = match self {
            Self::Plain(raw) => raw,
            Self::Gzip(decoder) => decoder.into_inner().into_inner(),
            Self::Zstd(decoder) => decoder.into_inner().into_inner(),
        };
        let mut rest = raw.take(DRAIN_BYTES_MAX);
        // A client that is too slow or gone reads no answer anyway.
        let _ = timeout(DRAIN_SECONDS_MAX, tokio::io::copy_buf(&mut rest, &mut tokio::io::sink())).await;
    }
}

/// The whole body without its coding, of at most `limit` bytes.
pub async fn whole(headers: &HeaderMap, body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    if let Coding::Identity = coding(headers)? {
        return whole_body(headers, body, limit).await;
    }
    let mut decoded = Decoded::new(headers, body)?;
    let read = async {
        let mut bytes = Vec::new();
        loop {
            let some = decoded.fill().await?;
            if some.is_empty() {
                return Ok(Some(bytes));
            }
            if bytes.len().saturating_add(some.len()) > limit {
                return Ok(None);
            }
            bytes.extend_from_slice(some);
            let length = some.len();
            decoded.consume(length);
        }
    };
    let read: Result<Option<Vec<u8>>, BodyError> =
        timeout(BODY_SECONDS_MAX, read).await.map_err(|_| body_too_slow())?;
    let problem = match read {
        Ok(Some(bytes)) => return Ok(bytes),
        Ok(None) => body_too_large(limit),
        Err(error) => error.into(),
    };
    decoded.drain().await;
    Err(problem)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
    Zstd,
}

fn coding(headers: &HeaderMap) -> Result<Coding, Problem> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(value) = values.next() else { return Ok(Coding::Identity) };
    let name = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    match name.as_str() {
        _ if values.next().is_some() => Err(unsupported("several of them")),
        "" | "identity" => Ok(Coding::Identity),
        "gzip" | "x-gzip" => Ok(Coding::Gzip),
        "zstd" => Ok(Coding::Zstd),
        other => Err(unsupported(other)),
    }
}

fn unsupported(name: &str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding", "Not a known content coding")
        .detail(format!("the content encoding is {name}; send gzip, zstd or none"))
}
