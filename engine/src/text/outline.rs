//! A trace as an outline: each step a sentence, what is inside a step one level deeper below it.

use super::sentence::sentence;
use super::{Lang, Names};
use crate::money::Currency;
use crate::rating::Step;

/// A sentence of an outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// How many steps it is inside of.
    pub depth: usize,
    /// The sentence.
    pub text: String,
}

/// Says all steps in order, the inner ones after the step that they lead to.
pub fn outline(steps: &[Step], unit: Option<&Names>, currency: Currency, lang: Lang) -> Vec<Said> {
    let mut said = Vec::new();
    add(&mut said, (steps, 0), &|step| sentence(step, unit, currency, lang));
    said
}

fn add(said: &mut Vec<Said>, (steps, depth): (&[Step], usize), say: &impl Fn(&Step) -> String) {
    for step in steps {
        said.push(Said { depth, text: say(step) });
        add(said, (step.inner(), depth.saturating_add(1)), say);
    }
}
