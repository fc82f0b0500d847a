//! The elements that pages are mostly made of. Each is compiled once, where writing it out would compile it every time:
//! therefore nothing here is generic, and texts come borrowed.

use web_sys::Event;
use yew::prelude::*;
use yew::virtual_dom::VText;

/// A text by itself.
#[inline(never)]
pub fn plain(text: &str) -> Html {
    VText::new(AttrValue::from(text.to_owned())).into()
}

/// An element with a class and a text.
#[inline(never)]
pub fn text(tag: &'static str, class: &'static str, text: &str) -> Html {
    element(tag, class, "", plain(text))
}

/// The same with a name for tests.
#[inline(never)]
pub fn hooked(tag: &'static str, class: &'static str, hook: &str, text: &str) -> Html {
    element(tag, class, hook, plain(text))
}

/// An element with a class, a name for tests (none if empty) and what is in it.
#[inline(never)]
pub fn element(tag: &'static str, class: &'static str, hook: &str, inner: Html) -> Html {
    let class = (!class.is_empty()).then_some(class);
    let hook = (!hook.is_empty()).then(|| hook.to_owned());
    html! { <@{tag} {class} data-test={hook}>{ inner }</@> }
}

/// Elements in an element with a class.
#[inline(never)]
pub fn group(tag: &'static str, class: &'static str, items: Vec<Html>) -> Html {
    element(tag, class, "", all(items))
}

/// Elements side by side.
#[inline(never)]
pub fn all(items: Vec<Html>) -> Html {
    Html::from_iter(items)
}

/// A button with a text.
#[inline(never)]
pub fn button(class: &'static str, hook: &'static str, text: &str, onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" {class} data-test={hook} {onclick}>{ plain(text) }</button> }
}

/// A part of a page under a title. `id` names it, `extra` stands beside the title.
#[inline(never)]
pub fn section(class: &'static str, id: &'static str, (title, extra): (&str, Html), body: Vec<Html>) -> Html {
    let title_id = [id, "-title"].concat();
    html! {
        <section {class} {id} data-test={id} aria-labelledby={title_id.clone()}>
            <div class="section-head"><h2 id={title_id.clone()} data-test={title_id}>{ plain(title) }</h2>{ extra }</div>
            { all(body) }
        </section>
    }
}

/// Things of which some are chosen, under a name that is only heard.
#[inline(never)]
pub fn fieldset(class: &'static str, name: &str, items: Vec<Html>) -> Html {
    html! { <fieldset {class}>{ text("legend", "unseen", name) }{ all(items) }</fieldset> }
}

/// A line to choose in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the list tells when this is chosen.
    pub value: String,
    /// What is read.
    pub name: String,
    /// Whether it is chosen now.
    pub is_chosen: bool,
}

/// A list to choose from; nothing if there is no choice.
#[inline(never)]
pub fn select(hook: &'static str, label: &'static str, choices: Vec<Choice>, on_choose: Callback<String>) -> Html {
    if choices.len() < 2 {
        return Html::default();
    }
    let onchange = on_choose.reform(|event: Event| crate::browser::selected(&event));
    let options = choices.into_iter().map(|choice| {
        html! { <option value={choice.value} selected={choice.is_chosen}>{ choice.name }</option> }
    });
    html! { <select class="quiet" data-test={hook} aria-label={label} {onchange}>{ for options }</select> }
}
