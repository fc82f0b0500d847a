//! Measures the engine natively: prints `name<TAB>nanoseconds` for every round. `cargo xtask bench` puts WASM beside it.

use std::time::{Duration, Instant};

const ROUNDS: u32 = 9;
const ROUND: Duration = Duration::from_millis(60);

fn main() {
    for name in tests::bench::names() {
        let iterations = enough_iterations(name);
        for _ in 0..ROUNDS {
            let nanoseconds = timed(name, iterations).as_nanos() * 10 / u128::from(iterations);
            println!("{name}\t{}.{}", nanoseconds / 10, nanoseconds % 10);
        }
    }
}

/// Doubles until a round is long enough to be timed.
fn enough_iterations(name: &str) -> u32 {
    let mut iterations = 1;
    while iterations < 1 << 30 && timed(name, iterations) < ROUND {
        iterations *= 2;
    }
    iterations
}

fn timed(name: &str, iterations: u32) -> Duration {
    let start = Instant::now();
    std::hint::black_box(tests::bench::run(name, iterations));
    start.elapsed()
}
