import fc from "fast-check";
import { expect, test } from "vitest";
import { finishPass, formulatePass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { ProgramSolution } from "#coordinator/records/planning/linear-program.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solveProgram } from "#test/support/coordinator/solve-pass.ts";

type Way = (found: ProgramSolution, factor: number) => readonly number[];

const WAYS: Record<string, Way> = {
  "scaled values": ({ values }, factor) => values.map((value) => value * 3 * factor),
  "values of the other sign": ({ values }) => values.map((value) => -value),
  "trades in other columns": ({ values }, factor) => {
    const by = 1 + Math.floor(factor * (values.length - 1));
    return [...values.slice(by), ...values.slice(0, by)];
  },
  "everything used, any amount": ({ values }, factor) =>
    values.map((_, at) => 1 + factor * 50 * at),
  "nothing done": ({ values }) => values.map(() => 0),
  "no numbers": ({ values }) => values.map((value, at) => (at % 2 === 0 ? Number.NaN : value)),
};

test.each(Object.keys(WAYS))(
  "a solver that answers with %s and boasts gets no plan taken that is worse than the greedy one",
  (name) => {
    let refused = 0;
    const check = (seed: number, factor: number): void => {
      const planning = { method: "milp" } as const;
      const options = { seed, shards: 3, underlyings: 1, venues: 2, perps: 1, planning };
      const prepared = preparePass(aRandomPass(options));
      const formulation = formulatePass(prepared);
      const greedy = finishPass(prepared);
      if (formulation === undefined || greedy.decision.plan === null) return;
      const found = solveProgram(formulation.program);
      const values = WAYS[name]?.(found, factor) ?? [];
      const outcome = { ...found, values, objective: -1e9, gapFraction: 0 };
      const { reportSetHash } = prepared;
      const { decision, jobs } = finishPass(prepared, {
        solve: { formulation, outcome },
        reportSetHash,
      });
      const worstUsd = greedy.decision.plan.after.objectiveUsd;
      expect(decision.plan?.after.objectiveUsd, `seed ${seed}`).toBeLessThanOrEqual(worstUsd);
      if (decision.plan?.method !== "greedy") return;
      expect(jobs.map(({ params }) => params)).toEqual(greedy.jobs.map(({ params }) => params));
      const other = decision.plan.alternatives.find(({ plan }) => plan === "milp");
      expect(other?.reason, `seed ${seed}`).toMatch(/^(no better|worse by \d)/);
      if (other?.reason.startsWith("worse") === true) refused += 1;
    };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9_999 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        check,
      ),
      {
        numRuns: 25,
        seed: 5,
      },
    );
    expect(refused).toBeGreaterThan(0);
  },
);
