//! The trial page as a component: listens to the server's live figures, and asks every few seconds where it cannot.

use yew::prelude::*;

use super::state::{Msg as Change, State};
use super::view;
use crate::browser;

/// How long until the server is asked again where no live figures come, in milliseconds.
const INTERVAL: i32 = 4000;

/// The page.
pub struct Trial {
    state: State,
    token: String,
    is_asking: bool,
    is_waiting: bool,
    is_listening: bool,
}

/// What happens to the page.
pub enum Msg {
    /// To its state.
    Change(Change),
    /// Live figures came for the link with this token.
    Live(String, String),
    /// No more live figures come for the link with this token.
    Ended(String),
    /// Time to ask again.
    Ask,
    /// The page became visible or hidden.
    Seen,
    /// The address has another token.
    HashChanged,
}

impl Component for Trial {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let token = token();
        let state = State::new(
            browser::asked_lang().unwrap_or_else(browser::preferred_lang),
            browser::preferred_theme(),
            &token,
        );
        let changed = ctx.link().callback(|()| Msg::HashChanged);
        browser::on_window("hashchange", move || changed.emit(()));
        let seen = ctx.link().callback(|()| Msg::Seen);
        browser::on_visibility(move || seen.emit(()));
        let mut page = Self { state, token, is_asking: false, is_waiting: false, is_listening: false };
        page.ask(ctx);
        page.dress();
        page
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Change(change) => self.change(ctx, change),
            // A stream of the link that was shown before may still have something to say.
            Msg::Live(token, text) if token == self.token => self.change(ctx, Change::Came(Ok(text))),
            Msg::Ended(token) if token == self.token => {
                self.is_listening = false;
                self.ask_later(ctx);
            }
            Msg::Live(..) | Msg::Ended(_) => return false,
            Msg::Ask => {
                self.is_waiting = false;
                if !browser::is_hidden() {
                    self.ask(ctx);
                }
                return false;
            }
            Msg::Seen => {
                if !browser::is_hidden() {
                    self.ask(ctx);
                }
                return false;
            }
            Msg::HashChanged => {
                self.token = token();
                self.is_listening = false;
                self.state = State::new(self.state.lang, self.state.theme, &self.token);
                self.ask(ctx);
            }
        }
        true
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        view::page(&self.state, &ctx.link().callback(Msg::Change))
    }
}

impl Trial {
    fn change(&mut self, ctx: &Context<Self>, change: Change) {
        match &change {
            Change::Lang(lang) => browser::store("lang", lang.pick("zh", "en")),
            Change::Theme(theme) => browser::store("theme", theme.key()),
            Change::Came(_) => self.is_asking = false,
            Change::Toggle(_) => {}
        }
        let is_answer = matches!(change, Change::Came(_));
        self.state.apply(change);
        if is_answer && self.state.wants_more() && !self.is_listening {
            if self.state.is_live() { self.listen(ctx) } else { self.ask_later(ctx) }
        }
        self.dress();
    }

    fn listen(&mut self, ctx: &Context<Self>) {
        self.is_listening = true;
        let (link, token) = (ctx.link().clone(), self.token.clone());
        ctx.link().send_future(async move {
            let live = |text| link.send_message(Msg::Live(token.clone(), text));
            browser::listen("v1/trial/stream", Some(&token), live).await;
            Msg::Ended(token)
        });
    }

    fn ask_later(&mut self, ctx: &Context<Self>) {
        if !self.is_waiting {
            self.is_waiting = true;
            let link = ctx.link().clone();
            browser::after(INTERVAL, move || link.send_message(Msg::Ask));
        }
    }

    fn ask(&mut self, ctx: &Context<Self>) {
        if self.is_asking || !self.state.wants_more() {
            return;
        }
        self.is_asking = true;
        let token = self.token.clone();
        ctx.link()
            .send_future(async move { Msg::Change(Change::Came(browser::fetch_text("v1/trial", Some(&token)).await)) });
    }

    fn dress(&self) {
        browser::dress(self.state.lang, self.state.theme, &view::title(&self.state));
    }
}

/// The token behind the `#`; it is never sent in an address.
fn token() -> String {
    browser::hash().trim_start_matches('#').to_owned()
}
