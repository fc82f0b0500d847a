//! The runner of conformance cases, on Ratecard's own suite and on files that are none.

use tests::conformance::{ConformanceError, Outcome, run, suite};

#[test]
fn our_own_suite_passes_through_its_public_format() {
    let folder = tempfile::tempdir().unwrap();
    let text = suite().unwrap();
    std::fs::write(folder.path().join("ratecard.jsonl"), &text).unwrap();
    let runs = run(folder.path()).unwrap();
    assert_eq!(runs.len(), text.lines().count());
    for run in &runs {
        if let Outcome::Failed { actual } = &run.outcome {
            panic!("{}: {actual}", run.case.id);
        }
    }
}

#[test]
fn an_unknown_model_and_a_wrong_figure_fail() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        r#"{"id":"a","model":"no_such_model","expected":{"amount":"1"}}"#,
        r#"{"id":"b","model":"next_usage_reset","params":{"period":"monthly","timezone":"UTC","start":"2024-01-05T00:00:00Z"},"input":{"at":"2024-01-10T12:00:00Z"},"expected":{"next":"2024-02-06T00:00:00Z"}}"#,
        r#"{"id":"c","model":"next_usage_reset","params":{"period":"monthly","timezone":"UTC","start":"2024-01-05T00:00:00Z"},"input":{"at":"2024-01-10T12:00:00Z"},"expected":{"next":"2024-02-05T00:00:00Z"}}"#,
    ];
    std::fs::write(folder.path().join("x.jsonl"), cases.join("\n")).unwrap();
    let failed: Vec<bool> =
        run(folder.path()).unwrap().iter().map(|run| matches!(run.outcome, Outcome::Failed { .. })).collect();
    assert_eq!(failed, [true, true, false]);
}

#[test]
fn a_line_that_is_no_case_and_a_folder_without_cases_are_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(run(folder.path()), Err(ConformanceError::Empty(_))));
    std::fs::write(folder.path().join("x.jsonl"), "{\"id\":\"a\"}\n").unwrap();
    assert!(matches!(run(folder.path()), Err(ConformanceError::Line(_, 1, _))));
}
