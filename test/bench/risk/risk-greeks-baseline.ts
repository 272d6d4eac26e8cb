import { threadMs } from "#test/bench/compare.ts";
import { type NaiveValue, naiveValue } from "#test/bench/risk/naive-options.ts";
import { greeksBook, optionObjects } from "#test/bench/risk/option-books.ts";

/**
 * The baseline of the Greeks benchmark, in a process of its own so that nothing else is in its heap: on the
 * message "round" it prices all its options and answers with its processor time in ms, on "sample" with some results.
 */
const options = optionObjects(greeksBook(Number(process.argv[2])));
let results: NaiveValue[] = [];

process.on("message", (message) => {
  if (message === "round") {
    const startedMs = threadMs();
    results = options.map(naiveValue);
    process.send?.(threadMs() - startedMs);
  } else {
    process.send?.(results.filter((_, index) => index % 997 === 0));
  }
});
process.send?.("ready");
