import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { alone, type BenchRow, benchTable } from "#test/bench/compare.ts";
import { ingestRows } from "#test/bench/ingest.ts";
import { latencyRows } from "#test/bench/latency/latency.ts";
import { mandateLatencyRows } from "#test/bench/latency/mandate-latency.ts";
import { measure } from "#test/bench/measure.ts";
import { marginRows } from "#test/bench/planning/margin-benefit.ts";
import { planLatencyRows } from "#test/bench/planning/plan-latency.ts";
import { planQualityRows } from "#test/bench/planning/plan-quality.ts";
import { triggerRows } from "#test/bench/planning/trigger-benefit.ts";
import { curveRows } from "#test/bench/risk/risk-curve.ts";
import { greeksRows } from "#test/bench/risk/risk-greeks.ts";
import { gridRows } from "#test/bench/risk/risk-grid.ts";
import { nettingRows } from "#test/bench/risk/risk-netting.ts";
import { snapshotRows } from "#test/bench/risk/risk-snapshot.ts";
import { tailRows } from "#test/bench/risk/risk-tail.ts";
import { steps } from "#test/bench/steps.ts";

const ROUNDS = 9;
const RESULTS = fileURLToPath(new URL("../../bench/results.json", import.meta.url));

/**
 * `npm run bench`: how fast the steps of the main path and the kernels are on this machine, as one table and
 * in bench/results.json; `--json` prints that instead. A row with a ratio was measured in turns with what it
 * names as its baseline.
 */
// First of all: an agent's process holds nothing of what the other parts leave in this one's memory.
const readPath = await latencyRows(200, { rounds: 3, blocks: 20, settling: 10, warmUp: 150 });
const rows: BenchRow[] = [
  ...steps().map(({ name, run }) => alone(name, measure(name, run).medianUs)),
  ...(await greeksRows(1_000_000, ROUNDS)),
  ...(await gridRows(ROUNDS)),
  ...(await nettingRows(1000, ROUNDS)),
  ...(await snapshotRows(1000, ROUNDS)),
  ...(await tailRows(100_000, ROUNDS)),
  ...(await curveRows(ROUNDS)),
  ...(await ingestRows(ROUNDS)),
  ...readPath,
  ...(await mandateLatencyRows(45_000)),
  ...planQualityRows(200),
  ...(await planLatencyRows(100)),
  ...triggerRows(6),
  ...marginRows(6),
];

const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  threads: availableParallelism(),
};
const results = { machine, rounds: ROUNDS, rows };
mkdirSync(new URL(".", `file://${RESULTS}`), { recursive: true });
writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
console.log(process.argv.includes("--json") ? JSON.stringify(results, null, 2) : benchTable(rows));
const missed = rows.filter(({ ratio, goal }) => goal !== null && (ratio ?? 0) < goal);
if (missed.length > 0) {
  console.error(`${missed.length} goals missed: ${missed.map(({ name }) => name).join("; ")}`);
}
