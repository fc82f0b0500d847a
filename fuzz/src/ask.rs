//! Any question: it is answered or refused, never with a panic, and twice with the same bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let answer = engine::wire::answer_json(text);
    assert!(serde_json::from_str::<serde_json::Value>(&answer).is_ok(), "{answer}");
    assert_eq!(answer, engine::wire::answer_json(text));
});
