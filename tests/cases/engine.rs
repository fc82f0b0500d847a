//! Every scenario, natively, against the figures worked out by hand.

use engine::catalog::{BookDraft, BookView};
use engine::wire::answer_json;
use tests::scenario;

#[test]
fn every_scenario_gives_the_figures_worked_out_by_hand() {
    let cases = scenario::all().unwrap();
    let mut failures = String::new();
    for case in &cases {
        let answer = serde_json::from_str(&answer_json(&case.ask)).unwrap();
        let differences = scenario::differences(&case.expect, &answer);
        if !differences.is_empty() {
            failures.push_str(&format!("{} ({})\n{differences}  answer: {answer}\n", case.name, case.file.display()));
        }
    }
    println!("{} cases", cases.len());
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_example_book_is_valid_and_its_public_view_is_too() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples");
    let mut books = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let book = BookDraft::from_toml(&text).check().unwrap_or_else(|problems| {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}:\n{}", path.display(), texts.join("\n"))
        });
        let view = serde_json::to_string(&book.public_view()).unwrap();
        assert_eq!(BookView::from_json(&view).unwrap().digest, book.digest());
        assert_eq!(path.file_stem().unwrap().to_str(), Some(book.id.as_str()), "a book's file has its id");
        books += 1;
    }
    assert!(books >= 6, "{books} books");
}
