//! The top of every page: its name, the language switch and the theme switch.

use engine::text::Lang;
use yew::prelude::*;

use crate::text as words;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// How it is stored, and the value of `data-theme`.
    pub fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme that was stored; the system's if none was, or nothing we know.
    pub fn from_key(key: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.key() == key).unwrap_or(Self::System)
    }

    fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::System => words::theme_system(lang),
            Self::Light => words::theme_light(lang),
            Self::Dark => words::theme_dark(lang),
        }
    }
}

/// The switches' present positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The language.
    pub lang: Lang,
    /// The theme.
    pub theme: Theme,
}

/// The head of a page. `extra` stands before the switches.
pub fn head(look: Look, on_lang: Callback<Lang>, on_theme: Callback<Theme>, extra: Html) -> Html {
    let lang = look.lang;
    let other = lang.pick(Lang::En, Lang::Zh);
    let switch_lang = move |_: MouseEvent| on_lang.emit(other);
    let at = Theme::ALL.iter().position(|theme| *theme == look.theme).unwrap_or(0);
    let next = Theme::ALL.into_iter().cycle().nth(at.saturating_add(1)).unwrap_or(Theme::System);
    let switch_theme = move |_: MouseEvent| on_theme.emit(next);
    html! {
        <header class="head">
            <a class="brand" href="./">{ "Ratecard" }</a>
            <div class="head-extra">{ extra }</div>
            <button type="button" class="quiet" data-test="theme" onclick={switch_theme}
                aria-label={words::theme_is(lang, look.theme.name(lang), next.name(lang))}>
                { look.theme.name(lang) }
            </button>
            <button type="button" class="quiet" data-test="lang" lang={other.tag()} onclick={switch_lang}>
                { other.pick("中文", "English") }
            </button>
        </header>
    }
}
