//! Tells whether a book is so plain that the first part of the program can price it.
//!
//! The page's program comes in two parts (see `xtask/src/pages/split.rs`): the second is fetched while somebody reads.
//! A book that uses more waits for it. Never decides a price: if this is wrong, the missing part is fetched at once.

/// The keys of plain books: those that the visit in `xtask/tools/visit.mjs` goes through, with the first example book.
const PLAIN: &[&str] = &[
    "digest",
    "book", // Around the book.
    "id",
    "version",
    "effective",
    "currency",
    "zone",
    "rounding",
    "at",
    "mode",
    "name",
    "zh",
    "en",
    "description",
    "default_plan",
    "tax",
    "percent",
    "meters",
    "event",
    "aggregate",
    "field",
    "unit",
    "group_by",
    "plans",
    "public",
    "charges",
    "meter",
    "included",
    "flat",
    "per_unit",
    "price",
    "per",
    "graduated",
    "up_to",
    "volume",
    "package",
    "size",
];

/// Whether the view of a book, as JSON without spaces, has plain keys only. The values are not looked at.
pub fn is_plain(view: &str) -> bool {
    // What follows the last key is a value.
    let Some((keys, _)) = view.rsplit_once("\":") else { return true };
    // Before a colon in a text, the quote is escaped.
    let is_known = |key: &str| key.ends_with('\\') || PLAIN.contains(&key);
    keys.split("\":").all(|piece| piece.rsplit('"').next().is_some_and(is_known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn book_of_plain_keys_is_plain() {
        assert!(is_plain(r#"{"book":{"name":{"en":"A \"new\": name, with graduated","zh":"甲"},"plans":[]}}"#));
        assert!(is_plain("no JSON at all"));
    }

    #[test]
    fn one_unknown_key_makes_it_a_book_to_wait_for() {
        assert!(!is_plain(r#"{"book":{"plans":[{"charges":[{"matrix":[]}]}]}}"#));
        assert!(!is_plain(r#"{"commitment":"10","book":{}}"#));
    }
}
