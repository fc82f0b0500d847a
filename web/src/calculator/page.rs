//! The calculator as a component: loads, stores, schedules. Decisions are in `state`, elements in `view`.

use yew::prelude::*;

use super::export::csv;
use super::link::{Link, LinkProblem, decode};
use super::plain::is_plain;
use super::scenario::{self, CostCurve};
use super::state::{LoadProblem, Msg as Change, State};
use super::view::curve::drawing;
use super::view::{Ears, Later, Wish, page, title};
use crate::browser::{self, FetchProblem};
use crate::components::chart::{self, Chart};
use crate::text as words;

/// How long after the last change its curve is drawn at the latest, in milliseconds.
const CURVE_DELAY: i32 = 60;

/// How long after a change the address and the live region follow, in milliseconds.
const QUIET_DELAY: i32 = 400;

/// How long "Copied" is shown, in milliseconds.
const COPIED_DELAY: i32 = 2500;

/// The page.
pub struct Calculator {
    state: State,
    curve: Option<CostCurve>,
    chart: Chart,
    chart_is_new: bool,
    curve_is_due: bool,
    /// How many changes there have been; the last one to come back quietly speaks.
    changes: u32,
    spoken: String,
    is_measuring: bool,
    /// Whether the second part of the program has come, which compares, draws curves, explains, writes links and
    /// knows books that are not plain.
    is_whole: bool,
    /// A book that waits for that part.
    waiting: Option<String>,
}

/// What happens to the page.
pub enum Msg {
    /// To its state.
    Change(Change),
    /// A wish.
    Wish(Wish),
    /// Time to draw the curve.
    Curve,
    /// All of the program is there.
    Whole,
    /// To the chart.
    Chart(chart::Msg),
    /// The window may have another size.
    Resized,
    /// Nothing may have changed since this many changes.
    Quiet(u32),
    /// The address has another `#`.
    HashChanged,
}

impl Component for Calculator {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let state = State::new(browser::preferred_lang(), browser::preferred_theme(), asked());
        let changed = ctx.link().callback(|()| Msg::HashChanged);
        browser::on_window("hashchange", move || changed.emit(()));
        let resized = ctx.link().callback(|()| Msg::Resized);
        browser::on_window("resize", move || resized.emit(()));
        let page = Self {
            state,
            curve: None,
            chart: Chart::default(),
            chart_is_new: false,
            curve_is_due: false,
            changes: 0,
            spoken: String::new(),
            is_measuring: false,
            is_whole: false,
            waiting: None,
        };
        ctx.link().send_future(async {
            browser::whole().await;
            Msg::Whole
        });
        load(ctx, "index.json".to_owned(), Change::Index);
        page.dress();
        page
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Change(Change::Book(Ok(text))) if !self.is_whole && !is_plain(&text) => self.waiting = Some(text),
            Msg::Change(change) => self.change(ctx, change),
            Msg::Wish(wish) => self.fulfil(ctx, wish),
            // Stays due, and is drawn when all of the program is there.
            Msg::Curve if !self.is_whole => return false,
            Msg::Curve => {
                self.curve_is_due = false;
                self.curve = self.state.scenario().and_then(|scenario| scenario.curve().ok());
                self.draw();
            }
            Msg::Whole => {
                self.is_whole = true;
                if let Some(text) = self.waiting.take() {
                    self.change(ctx, Change::Book(Ok(text)));
                }
                if self.curve_is_due {
                    ctx.link().send_message(Msg::Curve);
                }
                if self.changes > 0 {
                    self.settle();
                }
            }
            Msg::Chart(msg) => self.chart.apply(msg),
            Msg::Resized => return self.chart.measure(),
            Msg::Quiet(changes) => {
                // Settled when all of the program is there.
                if !self.is_whole || changes != self.changes {
                    return false;
                }
                self.settle();
            }
            Msg::HashChanged => {
                let hash = browser::hash();
                let is_ours = self.state.hash().is_some_and(|own| hash.trim_start_matches('#') == own);
                if is_ours || hash == "#cost" {
                    return false;
                }
                let (link, problems) = decode(&hash);
                self.change(ctx, Change::Follow(link, problems));
            }
        }
        true
    }

    fn rendered(&mut self, ctx: &Context<Self>, _: bool) {
        if self.chart_is_new {
            self.chart_is_new = false;
            ctx.link().send_message(Msg::Resized);
        }
        if self.is_measuring {
            self.is_measuring = false;
            browser::mark_end();
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let ears = Ears {
            on_msg: link.callback(Msg::Change),
            on_wish: link.callback(Msg::Wish),
            on_chart: link.callback(Msg::Chart),
        };
        let later = Later { cost: self.curve.as_ref(), chart: &self.chart, is_whole: self.is_whole };
        page(&self.state, later, &self.spoken, &ears)
    }
}

impl Calculator {
    fn change(&mut self, ctx: &Context<Self>, change: Change) {
        match &change {
            Change::Scenario(scenario::Msg::Toggle(_) | scenario::Msg::ToggleAll) => {}
            Change::Scenario(_) => {
                self.is_measuring = true;
                browser::mark_start();
                self.follow_up(ctx);
            }
            Change::Lang(lang) => {
                browser::store("lang", lang.pick("zh", "en"));
                self.follow_up(ctx);
            }
            Change::Theme(theme) => browser::store("theme", theme.key()),
            Change::Book(_) | Change::Choose(_) => {
                self.curve = None;
                self.follow_up(ctx);
            }
            Change::Copied(Some(_)) => later(ctx, COPIED_DELAY, || Msg::Change(Change::Copied(None))),
            Change::Index(_) | Change::Follow(..) | Change::Dismiss | Change::Copied(None) => {}
        }
        let is_dress = !matches!(change, Change::Scenario(_));
        if let Some(file) = self.state.apply(change) {
            load(ctx, file, Change::Book);
        }
        if is_dress {
            self.draw();
            self.dress();
        }
    }

    /// The curve, the address and the live region follow a change when there is time.
    fn follow_up(&mut self, ctx: &Context<Self>) {
        if !self.curve_is_due {
            self.curve_is_due = true;
            later(ctx, CURVE_DELAY, || Msg::Curve);
        }
        self.changes = self.changes.wrapping_add(1);
        let changes = self.changes;
        later(ctx, QUIET_DELAY, move || Msg::Quiet(changes));
    }

    fn draw(&mut self) {
        let scenario = self.state.scenario().zip(self.curve.as_ref());
        let drawing = scenario.and_then(|(scenario, curve)| drawing(scenario, curve, self.state.lang));
        self.chart.set(drawing);
        self.chart_is_new = true;
    }

    #[inline(never)] // Not in the first part of the program.
    fn settle(&mut self) {
        if let Some(hash) = self.state.hash() {
            browser::replace_hash(&hash);
        }
        let lang = self.state.lang;
        if let Some(chosen) = self.state.scenario().and_then(|scenario| scenario.chosen()) {
            let month = &chosen.month;
            let total = engine::text::format_money(month.due, month.currency, lang);
            self.spoken = words::announced(lang, month.plan_name.get(lang), &total);
        }
    }

    fn dress(&self) {
        browser::dress(self.state.lang, self.state.theme, &title(&self.state));
    }

    #[inline(never)] // Not in the first part of the program.
    fn fulfil(&mut self, ctx: &Context<Self>, wish: Wish) {
        match wish {
            Wish::Retry => {
                self.state.phase = super::state::Phase::Loading;
                load(ctx, "index.json".to_owned(), Change::Index);
            }
            Wish::CopyLink => {
                self.settle();
                let address = browser::address();
                ctx.link().send_future(async move { Msg::Change(Change::Copied(Some(browser::copy(&address).await))) });
            }
            Wish::Print => browser::print(),
            Wish::Download => {
                if let Some(scenario) = self.state.scenario() {
                    let name = [scenario.book().id.as_str(), "-", scenario.plan.as_str(), ".csv"].concat();
                    // Where a browser refuses a download it says so itself.
                    let _ = browser::download(&name, "text/csv", &csv(scenario, self.state.lang));
                }
            }
        }
    }
}

/// What the address asks for.
fn asked() -> (Link, Vec<LinkProblem>) {
    let hash = browser::hash();
    if hash.is_empty() { Default::default() } else { decode(&hash) }
}

/// Fetches a file beside the list of books.
fn load(ctx: &Context<Calculator>, file: String, come: fn(Result<String, LoadProblem>) -> Change) {
    ctx.link().send_future(async move {
        let text = browser::fetch_text(&["books/", &file].concat(), None).await;
        Msg::Change(come(text.map_err(|problem| {
            LoadProblem::Unreachable(match problem {
                FetchProblem::NoAnswer(detail) => [&file, ": ", &detail].concat(),
                FetchProblem::Status(status) => [&file, ": HTTP ", &status.to_string()].concat(),
            })
        })))
    });
}

fn later(ctx: &Context<Calculator>, milliseconds: i32, msg: impl FnOnce() -> Msg + 'static) {
    let link = ctx.link().clone();
    browser::after(milliseconds, move || link.send_message(msg()));
}
