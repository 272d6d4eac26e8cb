import { measure } from "#test/bench/measure.ts";
import { steps } from "#test/bench/steps.ts";

/** `npm run bench`: how fast the steps of the main path are on this machine; `--json` prints JSON. */
const timings = steps().map(({ name, run }) => measure(name, run));

if (process.argv.includes("--json")) {
  console.log(JSON.stringify(timings, null, 2));
} else {
  const width = Math.max(...timings.map(({ name }) => name.length));
  console.log(`${"step".padEnd(width)}  median µs   worst µs`);
  for (const { name, medianUs, worstUs } of timings) {
    console.log(`${name.padEnd(width)}  ${column(medianUs)}  ${column(worstUs)}`);
  }
}

function column(us: number): string {
  return us.toFixed(us < 10 ? 2 : 0).padStart(9);
}
