import { parseArgs } from "node:util";
import { loadSolverEngine } from "#test/simulation/coordinator/simulated-solver.ts";
import { FAULT_KINDS, type FaultKind } from "#test/simulation/engine/faults.ts";
import { PLANTS } from "#test/simulation/plant/plants.ts";
import { runSeed, type SeedResult } from "#test/simulation/run-seed.ts";
import { renderTable } from "#test/simulation/table.ts";
import { fastCodec } from "#test/simulation/world/codec.ts";
import { realCodec } from "#test/simulation/world/real-codec.ts";
import { KEEPER_ROLES } from "#test/simulation/world/simulated-world.ts";

Error.stackTraceLimit = 3;
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    steps: { type: "string", default: "4000" },
    harmless: { type: "boolean", default: false },
    signed: { type: "boolean", default: false },
    solved: { type: "boolean", default: false },
    plant: { type: "string", multiple: true, default: [] },
    always: { type: "string", multiple: true, default: [] },
    role: { type: "string" },
    liar: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});
function isOneOf<T extends string>(all: readonly T[], one: string | undefined): one is T {
  return one !== undefined && (all as readonly string[]).includes(one);
}

/** `kind=rate`, as a multiple of the usual; 1 when left out. */
function rateOf(text: string): [FaultKind, number][] {
  const [kind, rate] = text.split("=");
  return isOneOf(FAULT_KINDS, kind) ? [[kind, Number(rate ?? 1)]] : [];
}

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
      plants: new Set(values.plant.filter((one) => isOneOf(PLANTS, one))),
      always: new Map(values.always.flatMap(rateOf)),
      ...(values.liar ? { hasLiar: true } : {}),
      ...(isOneOf(KEEPER_ROLES, values.role) ? { role: values.role } : {}),
      ...(values.signed ? { faultyMs: 35_000 } : {}),
      ...(values.verbose ? { print: (line: string) => console.log(line) } : {}),
    }),
  );
}
console.log(renderTable(results));
process.exitCode = results.some((one) => one.violations.length > 0) ? 1 : 0;
