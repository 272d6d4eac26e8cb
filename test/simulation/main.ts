/**
 * `npm run simulate`: runs seeds and prints what happened in them. Exit codes: 0 every invariant held, 1 one
 * did not, 2 bad flags.
 */
import { runMain } from "#shared/node/run-main.ts";
import { parseSimulateOptions } from "#test/simulation/cli-options.ts";
import { loadSolverEngine } from "#test/simulation/coordinator/simulated-solver.ts";
import { runSeed, type SeedResult } from "#test/simulation/run-seed.ts";
import { renderTable } from "#test/simulation/table.ts";
import { fastCodec } from "#test/simulation/world/codec.ts";
import { realCodec } from "#test/simulation/world/real-codec.ts";

Error.stackTraceLimit = 3;

await runMain(async () => {
  const options = parseSimulateOptions(process.argv.slice(2));
  if (options === null) return;
  const { seed: first, seeds, steps, harmless, signed, solved, role } = options;
  const engine = solved ? { engine: await loadSolverEngine() } : {};
  const results: SeedResult[] = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    results.push(
      await runSeed({
        seed,
        steps,
        codec: signed ? realCodec() : fastCodec(),
        isHarmless: harmless,
        ...engine,
        plants: new Set(options.plant),
        always: options.always,
        ...(options.liar ? { hasLiar: true } : {}),
        ...(role === undefined ? {} : { role }),
        ...(signed ? { faultyMs: 35_000 } : {}),
        ...(options.verbose ? { print: (line: string) => console.log(line) } : {}),
      }),
    );
  }
  console.log(renderTable(results));
  process.exitCode = results.some((one) => one.violations.length > 0) ? 1 : 0;
});
