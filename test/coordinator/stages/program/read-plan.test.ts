import { expect, test } from "vitest";
import { formulatePass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import { wantedPlan } from "#coordinator/stages/program/read-plan.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solveProgram } from "#test/support/coordinator/solve-pass.ts";

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "what is used with an amount of %d is wanted with nothing",
  (nonsense) => {
    const planning = { method: "milp" } as const;
    const input = aRandomPass({ seed: 1522, shards: 3, underlyings: 1, venues: 2, planning });
    const formulation = formulatePass(preparePass(input));
    if (formulation === undefined) throw new Error("nothing to plan");
    const solution = solveProgram(formulation.program);
    const values = formulation.program.columns.map(({ isInteger }) => (isInteger ? 1 : nonsense));
    const { hedges, transfers } = wantedPlan(formulation, { ...solution, values });
    expect(hedges.length).toBeGreaterThan(0);
    expect(transfers.length).toBeGreaterThan(0);
    expect(new Set(hedges.map(({ units }) => units))).toEqual(new Set([0]));
    expect(new Set(transfers.map(({ amountUsd }) => amountUsd))).toEqual(new Set([0]));
  },
);
