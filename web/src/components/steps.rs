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

/// The steps, first one first; what leads to a step is a list inside it. `id` is the element's id, `hook` its name for
/// tests.
pub fn steps(steps: &[Step], reading: Reading<'_>, id: String, hook: String) -> Html {
    html! { <ol class="steps" id={id} data-test={hook}>{ for rows(steps, reading) }</ol> }
}

fn rows(steps: &[Step], reading: Reading<'_>) -> Vec<Html> {
    steps.iter().map(|step| row(step, reading)).collect()
}

fn row(step: &Step, reading: Reading<'_>) -> Html {
    let text = sentence(step, reading.unit, reading.currency, reading.lang);
    let inner = step.inner();
    if !inner.is_empty() {
        return nested(&text, inner, reading);
    }
    // What a sentence comes to stands behind its last equals sign.
    match text.rsplit_once('=') {
        Some((how, amount)) if amount.starts_with(' ') => {
            let amount = element::text("span", "step-amount", &["=", amount].concat());
            group("li", "", vec![element::text("span", "", how), amount])
        }
        Some(_) | None => group("li", "", vec![element::text("span", "", &text)]),
    }
}

/// A step with the steps that lead to it.
#[inline(never)] // Not in the first part of the program.
fn nested(text: &str, inner: &[Step], reading: Reading<'_>) -> Html {
    group("li", "nested", vec![element::text("span", "", text), group("ol", "inner-steps", rows(inner, reading))])
}
