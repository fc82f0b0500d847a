// Measures the engine in WASM under Node: prints `name<TAB>nanoseconds` for every round.
// usage: node tests/parity/bench.mjs DIRECTORY   (the one where xtask put the tests' library)

import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const ROUNDS = 9;
const ROUND_MILLISECONDS = 60;
const MOST_ITERATIONS = 2 ** 30;

const directory = process.argv[2];
if (directory === undefined) {
  console.error("usage: node tests/parity/bench.mjs DIRECTORY");
  process.exit(2);
}
const { bench_names, bench_run } = createRequire(import.meta.url)(
  join(resolve(directory), "tests.js"),
);

function milliseconds(name, iterations) {
  const start = performance.now();
  bench_run(name, iterations);
  return performance.now() - start;
}

/** Doubles until a round is long enough to be timed; this also warms the compiler up. */
function enoughIterations(name) {
  // The first time may have something to make that is kept.
  milliseconds(name, 1);
  let iterations = 1;
  while (iterations < MOST_ITERATIONS && milliseconds(name, iterations) < ROUND_MILLISECONDS) {
    iterations *= 2;
  }
  return iterations;
}

const benchmarks = bench_names()
  .split(",")
  .filter((name) => name !== "")
  .map((name) => ({ name, iterations: enoughIterations(name) }));
// One round of each after the other, so that a busy moment of the machine hits all of them alike.
for (let round = 0; round < ROUNDS; round += 1) {
  for (const { name, iterations } of benchmarks) {
    const nanoseconds = (milliseconds(name, iterations) * 1e6) / iterations;
    process.stdout.write(`${name}\t${nanoseconds.toFixed(1)}\n`);
  }
}
