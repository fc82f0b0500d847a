//! The state of the trial page. A pure reducer: answers of the server in, what is to be shown out.

use engine::catalog::BookView;
use engine::ids::MeterId;
use engine::period::{Instant, Period};
use engine::quota::{Quota, QuotaItem, RunsOut, quota};
use engine::text::{Lang, Names};
use engine::usage::{Meter, Usage};
use serde::Deserialize;

use crate::browser::FetchProblem;
use crate::look::Theme;

/// Quotas and what is needed to read them.
#[derive(Debug, Clone)]
pub struct Figures {
    /// What the customer is called.
    pub name: String,
    /// What the plan is called.
    pub plan_name: Names,
    /// The book that prices.
    pub view: BookView,
    /// The engine's answer.
    pub quota: Quota,
}

/// How far the page is.
#[derive(Debug, Clone)]
pub enum Phase {
    /// Waiting for the first figures.
    Loading,
    /// The address has no token.
    NoToken,
    /// The server does not know the token, or no longer.
    Refused,
    /// No figures have come yet, and the last attempt failed. What was wrong.
    Failed(String),
    /// Figures, and whether the last attempt to renew them worked.
    Shown(Box<Figures>, Freshness),
}

/// Whether the figures are live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// The last attempt brought them.
    Live,
    /// The last attempt failed; they are older.
    Stale,
}

/// Everything the page shows.
#[derive(Debug, Clone)]
pub struct State {
    /// The language.
    pub lang: Lang,
    /// The theme.
    pub theme: Theme,
    /// Lines whose steps are shown.
    pub open: Vec<String>,
    /// How far the page is.
    pub phase: Phase,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Msg {
    /// The language is switched.
    Lang(Lang),
    /// The theme is switched.
    Theme(Theme),
    /// A line is opened or closed.
    Toggle(String),
    /// The server answered, or did not.
    Came(Result<String, FetchProblem>),
}

/// What the server sends.
#[derive(Deserialize)]
struct Answer {
    name: String,
    plan: String,
    as_of: Instant,
    period: Period,
    usage: Usage,
    book: serde_json::Value,
}

impl State {
    /// A page that waits for its figures, or for a token.
    pub fn new(lang: Lang, theme: Theme, token: &str) -> Self {
        let phase = if token.is_empty() { Phase::NoToken } else { Phase::Loading };
        Self { lang, theme, open: Vec::new(), phase }
    }

    /// Changes the state.
    pub fn apply(&mut self, msg: Msg) {
        match msg {
            Msg::Lang(lang) => self.lang = lang,
            Msg::Theme(theme) => self.theme = theme,
            Msg::Toggle(line) => crate::calculator::scenario::toggle(&mut self.open, line),
            Msg::Came(Ok(text)) => match read(&text) {
                Ok(figures) => self.phase = Phase::Shown(Box::new(figures), Freshness::Live),
                Err(detail) => self.fail(detail),
            },
            Msg::Came(Err(FetchProblem::Status(401 | 403 | 404 | 410))) => self.phase = Phase::Refused,
            Msg::Came(Err(FetchProblem::Status(status))) => self.fail(["HTTP ", &status.to_string()].concat()),
            Msg::Came(Err(FetchProblem::NoAnswer(detail))) => self.fail(detail),
        }
    }

    /// Figures that were there stay there.
    fn fail(&mut self, detail: String) {
        match &mut self.phase {
            Phase::Shown(_, freshness) => *freshness = Freshness::Stale,
            Phase::Loading | Phase::NoToken | Phase::Refused | Phase::Failed(_) => self.phase = Phase::Failed(detail),
        }
    }

    /// Whether the last attempt brought figures.
    pub fn is_live(&self) -> bool {
        match self.phase {
            Phase::Shown(_, Freshness::Live) => true,
            Phase::Loading | Phase::NoToken | Phase::Refused | Phase::Failed(_) | Phase::Shown(_, Freshness::Stale) => {
                false
            }
        }
    }

    /// Whether asking again may help.
    pub fn wants_more(&self) -> bool {
        match self.phase {
            Phase::Loading | Phase::Failed(_) | Phase::Shown(..) => true,
            Phase::NoToken | Phase::Refused => false,
        }
    }
}

/// Reads the server's answer and asks the engine.
fn read(text: &str) -> Result<Figures, String> {
    let answer: Answer = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let view = BookView::from_value(&answer.book).map_err(|bad| bad.to_string())?;
    let quota = quota(&view.book, &answer.plan, &answer.usage, (answer.period, answer.as_of))
        .map_err(|error| error.to_string())?;
    Ok(Figures { name: answer.name, plan_name: quota.so_far.plan_name.clone(), view, quota })
}

/// The one thing the customer must know.
#[derive(Debug, Clone, PartialEq)]
pub enum Headline<'a> {
    /// The plan has no free quota.
    NoQuota,
    /// This quota is used up.
    UsedUp(&'a QuotaItem),
    /// This quota runs out first.
    RunsOut(&'a QuotaItem, chrono::NaiveDate),
    /// Every quota lasts; this one is used most.
    OnTrack(&'a QuotaItem),
}

impl Figures {
    /// The worst of all quotas decides.
    pub fn headline(&self) -> Headline<'_> {
        let items = &self.quota.items;
        if let Some(item) = items.iter().find(|item| item.runs_out == RunsOut::UsedUp) {
            return Headline::UsedUp(item);
        }
        let dated = items.iter().filter_map(|item| match item.runs_out {
            RunsOut::At { instant, date } => Some((instant, item, date)),
            RunsOut::UsedUp | RunsOut::LastsThePeriod => None,
        });
        if let Some((_, item, date)) = dated.min_by_key(|(instant, ..)| *instant) {
            return Headline::RunsOut(item, date);
        }
        match items.iter().max_by_key(|item| item.used_percent) {
            Some(item) => Headline::OnTrack(item),
            None => Headline::NoQuota,
        }
    }

    /// The meter of a quota.
    pub fn meter(&self, id: &MeterId) -> Option<&Meter> {
        self.view.book.meter(id)
    }

    /// How much of the period is over, in thousandths.
    pub fn elapsed_per_mille(&self) -> i64 {
        let Period { start, end } = self.quota.period;
        let all = end.signed_duration_since(start).num_seconds().max(1);
        let over = self.quota.as_of.signed_duration_since(start).num_seconds().clamp(0, all);
        over.saturating_mul(1000) / all
    }
}
