//! What the tests share: scenario files, and the engine as seen from JavaScript.
//!
//! Compiled to WebAssembly it exports the engine for the parity tests and the benchmarks; natively it reads scenarios.

pub mod bench;
pub mod bench_counting;
pub mod bench_matrix;
#[cfg(not(target_arch = "wasm32"))]
pub mod conformance;
#[cfg(not(target_arch = "wasm32"))]
pub mod scenario;
#[cfg(target_arch = "wasm32")]
mod wasm;
