//! Any text: reading and checking it never panics, and a valid book comes back the same from its canonical form.
#![no_main]

use engine::BookDraft;
use engine::catalog::BookView;
use engine::text::Lang;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match BookDraft::from_toml(text).check() {
        Err(problems) => {
            for problem in problems {
                assert!(!problem.message(Lang::Zh).is_empty() && !problem.message(Lang::En).is_empty());
            }
        }
        Ok(book) => {
            let canonical = serde_json::from_str(&book.canonical_json()).expect("canonical JSON is JSON");
            let again = BookDraft::from_json(&canonical).check().expect("the canonical form of a book is a book");
            assert_eq!(again.digest(), book.digest());
            let view = serde_json::to_string(&book.public_view()).expect("a view can be written");
            if !book.public_view().book.plans.is_empty() {
                BookView::from_json(&view).expect("a view can be read");
            }
        }
    }
});
