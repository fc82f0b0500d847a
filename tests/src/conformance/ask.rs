//! Ratecard's own suite: a question to the engine as JSON, and the part of the answer that was worked out by hand.

use serde_json::{Value, json};

use super::{Answer, Case};
use crate::scenario;

/// The model of these cases.
pub(super) const MODEL: &str = "ask";

/// The engine's answer; `None` if the model is not this one.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    if case.model != MODEL {
        return None;
    }
    let answer = engine::wire::answer_json(&case.input.to_string());
    Some(serde_json::from_str(&answer).map_err(|error| error.to_string()))
}

/// Every scenario as a line of a suite that any program can read.
pub fn suite() -> Result<String, scenario::ScenarioError> {
    let mut lines = String::new();
    for case in scenario::all()? {
        // The questions were written as JSON by the reader of the scenarios.
        let input: Value = serde_json::from_str(&case.ask).unwrap_or(Value::Null);
        let line = json!({
            "id": case.name, "origin": "scenario", "source": case.source(), "model": MODEL,
            "params": {}, "input": input, "expected": case.expect, "note": case.why,
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    Ok(lines)
}
