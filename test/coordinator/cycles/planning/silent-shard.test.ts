import fc from "fast-check";
import { expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { finishPass, type PassOutcome } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import { TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solvedPass } from "#test/support/coordinator/solve-pass.ts";

const METHODS: Readonly<Record<"greedy" | "milp", (input: PassInput) => PassOutcome>> = {
  greedy: (input) => finishPass(preparePass(input)),
  milp: (input) => solvedPass(input),
};
type Method = keyof typeof METHODS;

function worldOf(seed: number, method: Method): PassInput {
  return aRandomPass({
    seed,
    shards: 3,
    underlyings: 2,
    venues: 1,
    perps: 1,
    planning: { method },
  });
}

/** The same world, in which the word of one shard is no longer taken. */
function quarantined(input: PassInput, shard: string): PassInput {
  const trusted = input.entries.find((one) => one.report.shard === shard) ?? null;
  const quarantine = {
    sinceMs: input.nowMs,
    kind: "chain-mismatch",
    detail: "it lies",
    trusted,
  } as const;
  const trust = { [shard]: { ...TRUSTED, quarantine } };
  return { ...input, safety: { ...input.safety, memory: { ...NEW_SAFETY, trust } } };
}

/** Sum of what the shards' own deltas are, whatever their sign. */
function grossUnits({ decision }: PassOutcome, ticker: string): number {
  return decision.underlyings.find((one) => one.underlying === ticker)?.grossDeltaUnits ?? 0;
}

test.each(["greedy", "milp"] as const)(
  "%s: a shard in quarantine gets no jobs and no money, gives none, and has no surplus; its book stays in the net",
  (method) => {
    let others = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), fc.nat(2), (seed, at) => {
        const before = worldOf(seed, method);
        const shard = before.entries[at]?.report.shard ?? "";
        const { decision, view, jobs } = METHODS[method](quarantined(before, shard));
        expect(jobs.filter((one) => one.shard === shard || one.target === shard)).toEqual([]);
        expect(decision.transfers.filter((one) => one.source === shard)).toEqual([]);
        const capital = decision.capital?.shards.find((one) => one.shard === shard);
        expect(capital?.surplusUsd ?? 0).toBeLessThanOrEqual(0);
        const honest = METHODS[method](before);
        for (const [ticker, net] of view.nets) {
          const known = honest.view.nets.get(ticker);
          if (!net.netted || known?.netted !== true) continue;
          const [delta, was] = [net.net.greeks.deltaUnits, known.net.greeks.deltaUnits];
          // Its feed is not heard any more, so that the median of spots may be another one.
          expect(Math.abs(delta - was)).toBeLessThanOrEqual(
            0.02 * grossUnits(honest, ticker) + 1e-6,
          );
          const [low, high] = net.net.staleIntervalUnits;
          expect(low).toBeLessThanOrEqual(delta + 1e-6);
          expect(high).toBeGreaterThanOrEqual(delta - 1e-6);
        }
        others += jobs.length;
      }),
      { numRuns: method === "greedy" ? 60 : 12, seed: 11 },
    );
    expect(others).toBeGreaterThan(0);
  },
);

test.each(["greedy", "milp"] as const)(
  "%s: silence alone adds no hedge, and withholds one only where the silent book may have brought the net back inside",
  (method) => {
    const seen = { hold: 0, hedge: 0, withheld: 0 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), fc.nat(2), (seed, at) => {
        const before = worldOf(seed, method);
        const shard = before.entries[at]?.report.shard ?? "";
        const honest = METHODS[method](before);
        const { decision, jobs } = METHODS[method](quarantined(before, shard));
        for (const [index, { underlying, action, ...one }] of decision.underlyings.entries()) {
          const was = honest.decision.underlyings[index];
          const isHeld = action === "hold";
          const name = `seed ${seed}: ${underlying} was ${was?.action}, is ${action}`;
          if (was?.action === "hold") expect(isHeld, name).toBe(true);
          seen[isHeld ? "hold" : "hedge"] += 1;
          const [low, high] = one.deltaIntervalUnits ?? [0, 0];
          const nearest = low > 0 ? low : Math.min(0, high);
          const actFrom = one.band?.actFromUnits ?? 0;
          if (isHeld && was?.action === "hedge") {
            expect(Math.abs(nearest), name).toBeLessThanOrEqual(actFrom + 1e-9);
            seen.withheld += 1;
          }
          if (isHeld) expect(jobs.filter((job) => job.underlying === underlying)).toEqual([]);
          // What is traded brings every place where the net may be nearer to zero.
          else expect(Math.abs(nearest), name).toBeGreaterThan(0);
        }
      }),
      { numRuns: method === "greedy" ? 80 : 16, seed: 12 },
    );
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
  },
);
