//! `GET /v1/trial/stream`: the customer's figures as server-sent events, anew whenever they change.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use engine::ids::CustomerId;
use futures_util::stream::{Stream, unfold};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::routes::{TrialAnswer, answer};
use crate::app::App;
use crate::error::Problem;
use crate::request::Viewer;

/// The least time between two looks: a page that changes faster than this is not easier to read.
const LOOK_GAP: Duration = Duration::from_millis(200);

/// Figures are sent after this long even if no event came: time alone changes what is left of a month.
const SEND_EVERY: Duration = Duration::from_secs(60);

/// A stream ends after this long and is opened again, so that the end of a link ends it too.
const LONGEST: Duration = Duration::from_secs(600);

/// How often something is sent so that proxies keep the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Sends a customer's live figures as server-sent events named `figures`, each with what `GET /v1/trial` answers.
///
/// The first one comes at once, the next ones within a second of an accepted event. The stream ends after ten minutes;
/// open it again.
#[utoipa::path(
    get, path = "/v1/trial/stream", tag = "trial",
    responses(
        (status = 200, description = "Figures, as they change", body = TrialAnswer, content_type = "text/event-stream"),
        (status = 401, description = "The link is unknown or has expired", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "No plan applies", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("viewing_link" = []))
)]
pub async fn stream(
    State(app): State<App>,
    Viewer(id): Viewer,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let commits = app.counters.listen();
    let stopping = app.stopping.subscribe();
    let first = json(&app, &id).await?;
    let opened = Instant::now();
    let watching = Watching { app, id, commits, stopping, opened, sent: String::new(), next: Some(first) };
    let events = unfold(watching, |mut watching| async move {
        let data = watching.next().await?;
        Some((Ok(Event::default().event("figures").data(data)), watching))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// An open stream.
struct Watching {
    app: App,
    id: CustomerId,
    commits: watch::Receiver<i64>,
    stopping: watch::Receiver<bool>,
    opened: Instant,
    /// The figures that were sent last, without their time.
    sent: String,
    /// What is to be sent at once.
    next: Option<Figures>,
}

/// An answer as text, and what of it has to change before it is sent again.
struct Figures {
    text: String,
    usage: String,
}

impl Watching {
    /// The next figures to send; `None` ends the stream.
    async fn next(&mut self) -> Option<String> {
        if let Some(first) = self.next.take() {
            self.sent = first.usage;
            return Some(first.text);
        }
        let due = Instant::now().checked_add(SEND_EVERY)?;
        loop {
            if self.opened.elapsed() >= LONGEST || *self.stopping.borrow() {
                return None;
            }
            tokio::select! {
                changed = self.commits.changed() => changed.ok()?,
                stopping = self.stopping.changed() => {
                    stopping.ok()?;
                    return None;
                }
                () = sleep_until(due) => {}
            }
            // A customer without a plan any more, or a database in trouble: the page asks again and is told.
            let figures = json(&self.app, &self.id).await.ok()?;
            if figures.usage != self.sent || Instant::now() >= due {
                self.sent = figures.usage;
                return Some(figures.text);
            }
            sleep(LOOK_GAP).await;
        }
    }
}

async fn json(app: &App, id: &CustomerId) -> Result<Figures, Problem> {
    let answer = answer(app, id).await?;
    let text = |value: Result<String, serde_json::Error>| value.map_err(|error| Problem::internal(&error));
    Ok(Figures {
        usage: text(serde_json::to_string(&(&answer.usage, &answer.plan, &answer.month)))?,
        text: text(serde_json::to_string(&answer))?,
    })
}
