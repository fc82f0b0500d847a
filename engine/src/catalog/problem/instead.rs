//! What to write in place of a key that a model does not have, in both languages. Only words.

use crate::text::Lang;

/// What to write in place of a key that a model does not have.
pub(super) fn instead(key: &str, model: &str, lang: Lang) -> &'static str {
    match (key, model) {
        ("included", "percentage") => {
            lang.pick("，改用 free_amount 或 free_events", " and use free_amount or free_events")
        }
        ("included", "committed") => lang.pick("，包含的用量即 capacity", "; what is included is the capacity"),
        ("convert", "percentage" | "prorated_graduated") => {
            lang.pick("，并在计量项中换算每个事件", " and convert each event in the meter")
        }
        ("included", "prorated_graduated") => {
            lang.pick("，改写价格为 0 的第一级", " and write a first tier with the price 0")
        }
        _ => "",
    }
}
