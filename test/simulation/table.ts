import { FAULT_KINDS, type FaultKind, SIGHTS, type Sight } from "#test/simulation/engine/faults.ts";
import type { SeedResult } from "#test/simulation/run-seed.ts";

/** Sums over the runs: what was run, how fast, what went wrong on purpose, and what should not have. */
export function renderTable(results: readonly SeedResult[]): string {
  const sum = (of: (result: SeedResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const steps = sum((result) => result.steps);
  const realMs = sum((result) => result.realMs);
  const virtualMinutes = (sum((result) => result.virtualMs) / 60_000).toFixed(0);
  const rows: [string, string][] = [
    ["seeds", String(results.length)],
    ["steps", String(steps)],
    ["steps/s", ((steps / realMs) * 1000).toFixed(0)],
    ["simulated minutes", virtualMinutes],
    ["seconds", (realMs / 1000).toFixed(1)],
    ["jobs", String(sum((result) => result.jobs))],
    ["", ""],
    ...[...FAULT_KINDS, ...SIGHTS].map((kind): [string, string] => {
      const runs = results.filter((result) => (result.counts.get(kind) ?? 0) > 0).length;
      return [kind, `${sum((result) => result.counts.get(kind) ?? 0)} in ${runs} runs`];
    }),
    ["", ""],
    ["violations", String(sum((result) => result.violations.length))],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd());
  const failures = results.flatMap((result) =>
    result.violations.map((one) => `seed ${result.seed} step ${one.step} ${one.id}: ${one.detail}`),
  );
  return [...lines, ...failures].join("\n");
}

/** Kinds of fault, and states, of those that no run met: their checks mean nothing. */
export function neverSeen(
  results: readonly SeedResult[],
  among: readonly (FaultKind | Sight)[],
): (FaultKind | Sight)[] {
  return among.filter((kind) => results.every((result) => (result.counts.get(kind) ?? 0) === 0));
}
