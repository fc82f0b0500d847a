//! Takes a stream of events in, one a line: reads some, keeps them, answers, and so on. Memory does not grow with it.
//!
//! What was kept stays when the stream breaks off; sending all of it again is a success. No line ends a stream.

use std::num::NonZeroU32;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Duration, sleep, timeout};
use utoipa::ToSchema;

use super::answers::{Counts, EventAnswer, StreamAnswer, event_answer};
use super::encoding::Decoded;
use super::flow::{Submitted, Surroundings, ingest};
use super::lines::{LINE_BYTES_MAX, Line, Lines, LinesError};
use super::read::EventProblem;
use super::routes::{allowed, window};
use crate::app::App;
use crate::error::Problem;
use crate::request::Sender;
use crate::sources::flow::{Heard, heard};

/// How many events are kept in one transaction.
const CHUNK_EVENTS: usize = 1000;

/// From how many bytes on no more events join them.
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// How long a sender may pause in the middle of a stream.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long events that are there wait for more to be kept with them.
const GATHER: Duration = Duration::from_millis(50);

/// How long the answer may wait for its reader.
const ANSWER_PAUSE_MAX: Duration = Duration::from_secs(30);

/// A stream that is being taken in.
pub struct Stream {
    app: App,
    sender: Sender,
    request: String,
    /// What it says about its source, until that is noted.
    heard: Option<Heard>,
    lines: Option<Lines>,
    /// What ended the lines, once everything before it is kept.
    end: Option<Problem>,
    events: usize,
    counts: Counts,
}

impl Stream {
    /// A stream that nothing was read of yet.
    pub fn new(app: App, (sender, request, heard): (Sender, String, Option<Heard>), body: Decoded) -> Self {
        let lines = Some(Lines::new(body, app.config.stream_limit_bytes));
        Self { app, sender, request, heard, lines, end: None, events: 0, counts: Counts::default() }
    }

    /// Takes all of it in and answers with counts and the first problems.
    pub async fn answer(mut self) -> Result<Response, Problem> {
        let mut answer = StreamAnswer::default();
        loop {
            match self.step().await {
                Ok(Some(events)) => events.into_iter().for_each(|event| answer.add(event)),
                Ok(None) => break,
                Err(problem) => return Err(self.counts.on(problem)),
            }
        }
        answer.counts = self.counts;
        Ok(answer.into_response())
    }

    /// Takes the next events in: what became of them, or `None` at the end.
    async fn step(&mut self) -> Result<Option<Vec<EventAnswer>>, Problem> {
        let chunk = self.chunk().await;
        if chunk.is_empty() {
            let (taken, left) = (self.counts.taken(), self.counts.left());
            tracing::info!(request = %self.request, taken, left, "a stream of events");
            if let Some(problem) = self.end.take() {
                return Err(problem);
            }
            // All of it was taken.
            heard(&self.app.db, self.heard.take().as_ref()).await?;
            return Ok(None);
        }
        wait_for_rate(&self.sender, chunk.len()).await;
        let submitted: Vec<Submitted<'_>> = chunk.iter().map(submitted).collect();
        let versions = self.app.db.versions().await?;
        let books = self.app.shelf.books_at(&self.app.db, versions).await?;
        let surroundings = Surroundings {
            versions,
            books: &books,
            customers: &self.app.customers,
            window: window(&self.app),
            allowed: allowed(&self.sender),
            metrics: &self.app.metrics,
            request: &self.request,
        };
        let answered = ingest(&self.app.db, surroundings, &submitted).await?;
        let mut events = Vec::with_capacity(answered.len());
        for (line, answered) in chunk.iter().zip(answered) {
            let event = event_answer((self.events, Some(line.number)), answered);
            self.events = self.events.saturating_add(1);
            self.counts.add(event.status);
            self.counts.last_line = line.number;
            events.push(event);
        }
        Ok(Some(events))
    }

    /// The lines that are kept together; none at the end of the stream.
    async fn chunk(&mut self) -> Vec<Line> {
        let most = match &self.sender {
            Sender::Operator => CHUNK_EVENTS,
            Sender::Key(holder) => CHUNK_EVENTS.min(holder.events_burst()),
        };
        let (mut chunk, mut bytes) = (Vec::new(), 0_usize);
        while let Some(lines) = &mut self.lines
            && chunk.len() < most
            && bytes < CHUNK_BYTES
        {
            let read_before = lines.bytes_read();
            let pause = if chunk.is_empty() { PAUSE_MAX } else { GATHER };
            match timeout(pause, lines.next()).await {
                Ok(Ok(Some(line))) => {
                    bytes = bytes.saturating_add(line.bytes.len());
                    chunk.push(line);
                }
                Ok(Ok(None)) => self.lines = None,
                Ok(Err(error)) => {
                    self.end = Some(error.into());
                    if let Some(lines) = self.lines.take() {
                        lines.into_body().drain().await;
                    }
                }
                // A long line is not a pause.
                Err(_) if chunk.is_empty() && lines.bytes_read() > read_before => {}
                Err(_) if chunk.is_empty() => {
                    self.end = Some(too_slow());
                    self.lines = None;
                }
                Err(_) => break,
            }
        }
        chunk
    }
}

/// A stream is not refused for its speed, it is slowed down.
async fn wait_for_rate(sender: &Sender, events: usize) {
    let Sender::Key(holder) = sender else { return };
    let Some(count) = u32::try_from(events).ok().and_then(NonZeroU32::new) else { return };
    while let Some(wait) = holder.wait_for_events(count) {
        sleep(wait).await;
    }
}

fn submitted(line: &Line) -> Submitted<'_> {
    let text = String::from_utf8_lossy(&line.bytes);
    let broken = if line.is_too_long() {
        Some(EventProblem::LineTooLong { length: line.length, limit: LINE_BYTES_MAX })
    } else {
        std::str::from_utf8(&line.bytes).err().map(|error| EventProblem::NotUtf8(error.valid_up_to()))
    };
    Submitted { text, position: line.number, broken }
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "stream-too-slow", "The stream stood still")
        .detail("nothing came for 30 seconds; what came before is stored. Send the rest in another request")
}

impl From<LinesError> for Problem {
    fn from(error: LinesError) -> Self {
        match error {
            LinesError::Body(error) => error.into(),
            LinesError::TooLarge { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "stream-too-large", "The stream is too long")
                    .detail(error.to_string())
            }
        }
    }
}

/// A line of the answer to a stream: an event, or at the end the summary.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum StreamLine {
    /// What became of an event.
    Event(EventAnswer),
    /// The last line.
    Summary {
        /// How many came to what.
        summary: Counts,
        /// What ended the stream before its end: a problem as in other answers.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<crate::error::ProblemDocument>)]
        problem: Option<Value>,
    },
}

/// Answers each line while the stream goes on. The stream waits for its reader, who therefore must read while sending.
pub fn answer_lines(stream: Stream) -> Response {
    // Two answers of a thousand lines are ready at most.
    let (sender, receiver) = mpsc::channel::<Bytes>(2);
    tokio::spawn(write_lines(stream, sender));
    let body = futures_util::stream::unfold(receiver, |mut receiver| async move {
        let bytes = receiver.recv().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(bytes), receiver))
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response()
}

async fn write_lines(mut stream: Stream, sender: mpsc::Sender<Bytes>) {
    let problem = loop {
        match stream.step().await {
            Ok(Some(events)) => {
                let lines = text(events.into_iter().map(StreamLine::Event));
                // A reader who is gone or does not read ends the stream; what was kept stays.
                if !matches!(timeout(ANSWER_PAUSE_MAX, sender.send(lines)).await, Ok(Ok(()))) {
                    tracing::info!(request = %stream.request, "nobody reads the answer to a stream; it is ended");
                    return;
                }
            }
            Ok(None) => break None,
            Err(problem) => break Some(problem),
        }
    };
    if let Some(cause) = problem.as_ref().and_then(Problem::cause) {
        tracing::error!(request = %stream.request, "a stream ended: {cause}");
    }
    let problem = problem.map(|problem| problem.body(&stream.request));
    let summary = StreamLine::Summary { summary: stream.counts.clone(), problem };
    // The last word; if nobody reads it, the sender sends again and nothing counts twice.
    let _ = timeout(ANSWER_PAUSE_MAX, sender.send(text(std::iter::once(summary)))).await;
}

fn text(lines: impl Iterator<Item = StreamLine>) -> Bytes {
    let mut text = Vec::new();
    for line in lines {
        // These shapes have no key that is not a text, so that they can always be written.
        if serde_json::to_writer(&mut text, &line).is_ok() {
            text.push(b'\n');
        }
    }
    text.into()
}
