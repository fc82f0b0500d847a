//! Cases about matrix.

use super::{Answer, Case};

/// The engine's answer; `None` if the model is not one of these.
pub(super) fn answer(case: &Case) -> Option<Answer> {
    match case.model.as_str() {
        _ => None,
    }
}
