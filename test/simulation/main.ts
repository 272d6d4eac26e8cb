import { parseArgs } from "node:util";
import { loadSolverEngine } from "#test/simulation/coordinator/simulated-solver.ts";
import { runSeed, type SeedResult } from "#test/simulation/run-seed.ts";
import { renderTable } from "#test/simulation/table.ts";
import { fastCodec } from "#test/simulation/world/codec.ts";
import { realCodec } from "#test/simulation/world/real-codec.ts";

Error.stackTraceLimit = 3;
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    steps: { type: "string", default: "4000" },
    harmless: { type: "boolean", default: false },
    signed: { type: "boolean", default: false },
    solved: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
const first = Number(values.seed ?? 1);
const engine = values.solved ? { engine: await loadSolverEngine() } : {};
const results: SeedResult[] = [];
for (let seed = first; seed < first + Number(values.seeds ?? 1); seed += 1) {
  results.push(
    await runSeed({
      seed,
      steps: Number(values.steps),
      codec: values.signed ? realCodec() : fastCodec(),
      isHarmless: values.harmless,
      ...engine,
      ...(values.signed ? { faultyMs: 35_000 } : {}),
      ...(values.verbose ? { print: (line: string) => console.log(line) } : {}),
    }),
  );
}
console.log(renderTable(results));
process.exitCode = results.some((one) => one.violations.length > 0) ? 1 : 0;
