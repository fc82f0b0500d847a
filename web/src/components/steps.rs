//! Shows a trace like a receipt: one step a row, what it comes to at the right.

use engine::money::Currency;
use engine::rating::Step;
use engine::text::{Lang, Names, sentence};
use yew::prelude::*;

use super::element::{self, group};

/// What a trace is read with.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// What one unit is called.
    pub unit: Option<&'a Names>,
    /// The currency of amounts.
    pub currency: Currency,
    /// The reader's language.
    pub lang: Lang,
}

/// The steps, first one first. `id` is the element's id, `hook` its name for tests.
pub fn steps(steps: &[Step], reading: Reading<'_>, id: String, hook: String) -> Html {
    let rows = steps.iter().map(|step| {
        let text = sentence(step, reading.unit, reading.currency, reading.lang);
        // What a sentence comes to stands behind its last equals sign.
        match text.rsplit_once('=') {
            Some((how, amount)) if amount.starts_with(' ') => {
                let amount = element::text("span", "step-amount", &["=", amount].concat());
                group("li", "", vec![element::text("span", "", how), amount])
            }
            Some(_) | None => group("li", "", vec![element::text("span", "", &text)]),
        }
    });
    html! { <ol class="steps" id={id} data-test={hook}>{ for rows }</ol> }
}
