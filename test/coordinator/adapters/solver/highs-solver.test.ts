import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { highsSolver } from "#coordinator/adapters/solver/highs-solver.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type {
  LinearProgram,
  ProgramSolution,
} from "#coordinator/records/planning/linear-program.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const FREE = Number.POSITIVE_INFINITY;
const LIMIT = { timeLimitMs: 5_000 };
let solver: Solver;

beforeAll(async () => {
  solver = highsSolver({ log: memoryLog() });
  await ready(solver);
});
afterAll(() => solver.close());

/** The thread loads the solver when it starts, which takes long on a busy machine. */
async function ready(one: Solver): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if ((await one.solve(shop(false), LIMIT)).solved) return;
  }
  throw new Error("the solver did not start");
}

/** Chairs and tables from 40 hours of carpentry and 50 of finishing; the costs are minus the profits. */
function shop(isInteger: boolean, hours = 40): LinearProgram {
  const column = (name: string, cost: number) => {
    return { name, cost, lower: 0, upper: FREE, isInteger };
  };
  return {
    columns: [column("chairs", -30), column("tables", -50)],
    rows: [
      {
        name: "carpentry",
        lower: -FREE,
        upper: hours,
        terms: [
          [0, 1],
          [1, 2],
        ],
      },
      {
        name: "finishing",
        lower: -FREE,
        upper: 50,
        terms: [
          [0, 2],
          [1, 1],
        ],
      },
    ],
  };
}

async function solved(program: LinearProgram): Promise<ProgramSolution> {
  const outcome = await solver.solve(program, LIMIT);
  if (!outcome.solved) throw new Error(`${outcome.reason}: ${outcome.detail}`);
  return outcome;
}

describe("known answers", () => {
  test("a linear program has its optimum and its shadow prices", async () => {
    const outcome = await solved(shop(false));
    expect(outcome).toMatchObject({ status: "optimal", gapFraction: 0 });
    expect(outcome.values[0]).toBeCloseTo(20, 9);
    expect(outcome.values[1]).toBeCloseTo(10, 9);
    expect(outcome.objective).toBeCloseTo(-1100, 9);
    expect(outcome.shadowPrices?.[0]).toBeCloseTo(-70 / 3, 9);
    expect(outcome.shadowPrices?.[1]).toBeCloseTo(-10 / 3, 9);
  });

  test("a shadow price is what one more unit of the row saves", async () => {
    const more = await solved(shop(false, 41));
    const less = await solved(shop(false));
    expect(more.objective - less.objective).toBeCloseTo(less.shadowPrices?.[0] ?? 0, 6);
  });

  test("a knapsack takes the best whole items, not the best ratios", async () => {
    const items = [
      { value: 10, weight: 6 },
      { value: 6, weight: 5 },
      { value: 6, weight: 5 },
    ];
    const outcome = await solved({
      columns: items.map(({ value }, index) => {
        return { name: `item ${index}`, cost: -value, lower: 0, upper: 1, isInteger: true };
      }),
      rows: [
        { name: "weight", lower: -FREE, upper: 10, terms: items.map((one, i) => [i, one.weight]) },
      ],
    });
    expect(outcome.values.map(Math.round)).toEqual([0, 1, 1]);
    expect(outcome.objective).toBeCloseTo(-12, 6);
    expect(outcome.gapFraction).toBeLessThan(1e-5);
    expect(outcome.shadowPrices).toHaveLength(1);
  });

  test("rows no values satisfy are infeasible; costs no row bounds are unbounded", async () => {
    const x = { name: "x", cost: -1, lower: 0, upper: FREE, isInteger: false };
    const row = { name: "r", lower: 2, upper: 1e9, terms: [[0, 1]] as const };
    expect(await solver.solve({ columns: [{ ...x, upper: 1 }], rows: [row] }, LIMIT)).toMatchObject(
      { solved: false, reason: "infeasible" },
    );
    expect(await solver.solve({ columns: [x], rows: [] }, LIMIT)).toMatchObject({
      solved: false,
      reason: "unbounded",
    });
  });

  test("what is no program is refused, and the next one is solved", async () => {
    const row = { name: "r", lower: 0, upper: 1, terms: [[7, 1]] as const };
    expect(await solver.solve({ ...shop(false), rows: [row] }, LIMIT)).toMatchObject({
      solved: false,
      reason: "invalid",
    });
    expect((await solved(shop(true))).objective).toBeCloseTo(-1100, 6);
  });
});

test("integer values are whole, satisfy every row, and are never better than without the integers", async () => {
  const amount = fc.integer({ min: 1, max: 20 });
  const program = fc
    .record({
      costs: fc.array(amount, { minLength: 2, maxLength: 5 }),
      rows: fc.array(
        fc.record({ need: amount, coefficients: fc.array(amount, { minLength: 5, maxLength: 5 }) }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
    })
    .map(
      ({ costs, rows }) =>
        (isInteger: boolean): LinearProgram => ({
          columns: costs.map((cost, index) => ({
            name: `x${index}`,
            cost,
            lower: 0,
            upper: 50,
            isInteger,
          })),
          rows: rows.map(({ need, coefficients }, index) => ({
            name: `r${index}`,
            lower: need,
            upper: FREE,
            terms: costs.map((_, column): [number, number] => [column, coefficients[column] ?? 1]),
          })),
        }),
    );
  await fc.assert(
    fc.asyncProperty(program, async (build) => {
      const whole = await solved(build(true));
      const relaxed = await solved(build(false));
      expect(whole.objective).toBeGreaterThanOrEqual(relaxed.objective - 1e-6);
      for (const value of whole.values)
        expect(Math.abs(value - Math.round(value))).toBeLessThan(1e-6);
      for (const row of build(true).rows) {
        const activity = row.terms.reduce((sum, [at, by]) => sum + by * (whole.values[at] ?? 0), 0);
        expect(activity).toBeGreaterThanOrEqual(row.lower - 1e-6);
      }
    }),
    { numRuns: 30, seed: 7 },
  );
});

/** A market split problem: hopeless to prove within the time these tests allow. */
function hard(): LinearProgram {
  const [columns, rows] = [40, 6];
  const coefficient = (row: number, column: number): number =>
    ((row * 7919 + column * 104_729 + 13 * row * column) % 99) + 1;
  return {
    columns: [
      ...Array.from({ length: columns }, (_, i) => ({
        name: `x${i}`,
        cost: 0,
        lower: 0,
        upper: 1,
        isInteger: true,
      })),
      ...Array.from({ length: 2 * rows }, (_, i) => ({
        name: `s${i}`,
        cost: 1,
        lower: 0,
        upper: FREE,
        isInteger: false,
      })),
    ],
    rows: Array.from({ length: rows }, (_, row) => {
      const terms = Array.from({ length: columns }, (_, column): [number, number] => [
        column,
        coefficient(row, column),
      ]);
      const half = Math.floor(terms.reduce((sum, [, by]) => sum + by, 0) / 2) + 0.5;
      const slack: [number, number][] = [
        [columns + 2 * row, 1],
        [columns + 2 * row + 1, -1],
      ];
      return { name: `r${row}`, lower: half, upper: half, terms: [...terms, ...slack] };
    }),
  };
}

test("the time limit is kept, the gap is told, and the caller's thread is free meanwhile", async () => {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedMs = performance.now();
  let ticks = 0;
  const ticker = setInterval(() => (ticks += 1), 5);
  const outcome = await solver.solve(hard(), { timeLimitMs: 1_000 });
  clearInterval(ticker);
  delay.disable();
  const tookMs = performance.now() - startedMs;
  expect(tookMs).toBeGreaterThan(500);
  expect(tookMs).toBeLessThan(30_000);
  expect(outcome).toMatchObject({ solved: true, status: "time-limit" });
  expect(outcome.solved && outcome.gapFraction).toBeGreaterThan(1e-6);
  // On the solver's own thread it would have ticked once.
  expect(ticks).toBeGreaterThan(20);
  expect(delay.percentile(50) / 1e6).toBeLessThan(50);
});

test("a second program during a solve is answered with busy, not kept waiting", async () => {
  const first = solver.solve(hard(), { timeLimitMs: 300 });
  expect(await solver.solve(shop(false), LIMIT)).toMatchObject({ solved: false, reason: "busy" });
  await first;
});

describe("a thread that fails", () => {
  function threadThat(does: string): URL {
    const folder = mkdtempSync(join(tmpdir(), "solver-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "worker.mjs");
    writeFileSync(
      file,
      `import { parentPort } from "node:worker_threads"; parentPort.on("message", (q) => { ${does} }); parentPort.postMessage("ready");`,
    );
    return pathToFileURL(file);
  }
  const ANSWER = `parentPort.postMessage({ number: q.number, outcome: { solved: false, reason: "infeasible", detail: "", tookMs: 0 } });`;

  test.each([
    { name: "crashes", does: `throw new Error("broken");`, reason: "crashed", detail: "broken" },
    { name: "exits", does: "process.exit(3);", reason: "crashed", detail: "exit code 3" },
    { name: "hangs", does: "for (;;) {}", reason: "time-limit", detail: "no answer within 700 ms" },
  ])("and $name is reported and replaced", async ({ does, reason, detail }) => {
    const workerUrl = threadThat(`if (q.number % 2 === 1) { ${does} } else { ${ANSWER} }`);
    const bad = highsSolver({ log: memoryLog(), workerUrl });
    onTestFinished(bad.close);
    const outcome = await bad.solve(shop(false), { timeLimitMs: 700 });
    expect(outcome).toMatchObject({ solved: false, reason, detail });
    expect(await bad.solve(shop(false), LIMIT)).toMatchObject({ reason: "infeasible" });
  });

  test("when closed, a solve in progress is answered and later ones are refused", async () => {
    const closing = highsSolver({ log: memoryLog() });
    const open = closing.solve(hard(), LIMIT);
    await closing.close();
    expect(await open).toMatchObject({ solved: false, reason: "crashed", detail: "closed" });
    expect(await closing.solve(shop(false), LIMIT)).toMatchObject({ reason: "crashed" });
  });
});

describe("a start", () => {
  test.each([
    { name: "that is the solution", values: [20, 10] },
    { name: "that is none", values: [50, 50] },
    { name: "that is worse", values: [0, 0] },
  ])("$name changes nothing of what is found", async ({ values }) => {
    const start = values.map((value, column) => ({ column, value }));
    const cold = await solver.solve(shop(true), LIMIT);
    const warm = await solver.solve({ ...shop(true), start }, LIMIT);
    if (!cold.solved || !warm.solved) throw new Error("both can be solved");
    expect(warm.objective).toBeCloseTo(cold.objective, 6);
    expect(warm.status).toBe("optimal");
  });
});
