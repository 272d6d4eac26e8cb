import { expect, test } from "vitest";
import { actionsOf } from "#coordinator/cycles/planning/plan-greedily.ts";
import { formulatePass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import { isHedge } from "#coordinator/records/planning/pending-effect.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

test("the start uses as many venues and transfers as the greedy plan, and names every integer column", () => {
  let started = 0;
  for (const seed of SEEDS) {
    const planning = { method: "milp" } as const;
    const options = { seed, shards: 4, underlyings: 2, venues: 2, perps: seed % 3, planning };
    const prepared = preparePass(aRandomPass(options));
    const formulation = formulatePass(prepared);
    if (formulation === undefined) continue;
    const { columns, start = [] } = formulation.program;
    const uses = new Set([
      ...formulation.hedges.map(({ used }) => used),
      ...formulation.transfers.map(({ used }) => used),
    ]);
    expect(new Set(start.map(({ column }) => column))).toEqual(uses);
    expect(start.every(({ column }) => columns[column]?.isInteger === true)).toBe(true);
    const actions = actionsOf(prepared.greedy).filter(({ effect }) => {
      return isHedge(effect) || effect.kind === "margin-move" || effect.kind === "transfer";
    });
    const hedges = start.filter(({ value }) => value === 1).length;
    // What is planned greedily in several transfers between two shards is one column.
    expect(hedges, `seed ${seed}`).toBeLessThanOrEqual(actions.length);
    if (hedges > 0) started += 1;
  }
  expect(started).toBeGreaterThan(10);
});
