//! The engine for JavaScript: JSON in, JSON out.

use wasm_bindgen::prelude::wasm_bindgen;

/// Answers one ask; see `engine::wire`.
#[wasm_bindgen]
pub fn answer(ask: &str) -> String {
    engine::wire::answer_json(ask)
}

/// The benchmarks there are, separated by commas.
#[wasm_bindgen]
pub fn bench_names() -> String {
    crate::bench::names().join(",")
}

/// Runs a benchmark; returns a checksum so that nothing can be left out.
#[wasm_bindgen]
pub fn bench_run(name: &str, iterations: u32) -> u32 {
    crate::bench::run(name, iterations)
}
