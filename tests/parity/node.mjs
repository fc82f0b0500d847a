// Answers questions with the engine in WASM under Node: one JSON document a line in, one line out.
// usage: node tests/parity/node.mjs DIRECTORY   (the one where xtask put the tests' library)

import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const directory = process.argv[2];
if (directory === undefined) {
  console.error("usage: node tests/parity/node.mjs DIRECTORY");
  process.exit(2);
}
const { answer } = createRequire(import.meta.url)(join(resolve(directory), "tests.js"));

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  // Written at once, so that a caller may wait for each answer before asking again.
  process.stdout.write(`${answer(line)}\n`);
}
