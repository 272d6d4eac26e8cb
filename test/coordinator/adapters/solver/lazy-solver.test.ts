import { expect, test } from "vitest";
import { lazySolver } from "#coordinator/adapters/solver/lazy-solver.ts";
import type { Solver } from "#coordinator/ports/solver.ts";

const PROGRAM = { columns: [], rows: [] };

function counted() {
  const calls: string[] = [];
  const open = (): Solver => {
    calls.push("open");
    return {
      solve: async () => {
        calls.push("solve");
        return { solved: false, reason: "busy", detail: "", tookMs: 0 };
      },
      close: async () => void calls.push("close"),
    };
  };
  return { calls, solver: lazySolver(open) };
}

test("it is opened by the first solve, once, and closed", async () => {
  const { calls, solver } = counted();
  expect(calls).toEqual([]);
  await solver.solve(PROGRAM, { timeLimitMs: 50 });
  await solver.solve(PROGRAM, { timeLimitMs: 50 });
  await solver.close();
  expect(calls).toEqual(["open", "solve", "solve", "close"]);
});

test("closing one that was never asked opens nothing", async () => {
  const { calls, solver } = counted();
  await solver.close();
  expect(calls).toEqual([]);
});
