import { describe, expect, test } from "vitest";
import { assessWorld, type World } from "#coordinator/cycles/planning/assess-world.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import { mutualiseCapital } from "#coordinator/stages/capital/mutualise-capital.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import {
  aJobRecord,
  anEntry,
  aPassInput,
  aPolicy,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

function mutualised(fraction: number) {
  const policy = aPolicy();
  return aPolicy({}, { capital: { ...policy.capital, mutualisedFraction: fraction } });
}

function randomWorld(seed: number, fraction: number): World {
  const input = aRandomPass({
    seed,
    shards: 2 + (seed % 5),
    underlyings: 1 + (seed % 3),
    venues: 1,
  });
  const shard = input.entries[0]?.report.shard ?? "";
  const jobs = seed % 2 === 0 ? [] : [aJobRecord({ shard, expectedDeltaUnits: seed - 10 })];
  const capital = { ...input.policy.capital, mutualisedFraction: fraction };
  return assessWorld({ ...input, jobs, policy: { ...input.policy, capital } });
}

function required(world: World): Map<string, number> {
  return new Map([...world.view.capital].map(([shard, one]) => [shard, one.requiredCapitalUsd]));
}

/** What the netted whole must hold, by the definition and nothing of the code under test but the books. */
function wholeUsd({ inputs, effects, policy }: World): number {
  let total = 0;
  const tickers = new Set(inputs.flatMap((one) => [...one.valuation.underlyings.keys()]));
  for (const ticker of tickers) {
    const owns = inputs.flatMap((one) => one.valuation.underlyings.get(ticker) ?? []);
    const units = effects.filter((one) => one.underlying === ticker).map((one) => one.deltaUnits);
    const ends = [Math.min(0, units[0] ?? 0), Math.max(0, units[0] ?? 0)];
    const losses = ends.flatMap((extra) =>
      STANDARD_GRID.map(({ spotShock, weight }, index) => {
        const grid = owns.reduce((sum, one) => sum + (one.gridPnlUsd[index] ?? 0), 0);
        return -grid - extra * (owns[0]?.spotUsd ?? 0) * spotShock * weight;
      }),
    );
    const owed = -owns.reduce((sum, one) => sum + one.optionValueUsd, 0);
    const short = owns.reduce((sum, one) => sum + one.shortOptions * one.spotUsd, 0);
    total += Math.max(0, owed) + Math.max(0, ...losses) * policy.capital.scenarioMultiplier;
    total += short * policy.capital.shortOptionContingencyFraction;
  }
  return total;
}

test.each(SEEDS)(
  "wholly mutualised, the shards of world %d together hold what the netted whole must",
  (seed) => {
    const world = randomWorld(seed, 1);
    const together = [...required(world).values()].reduce((total, one) => total + one, 0);
    expect(together).toBeCloseTo(wholeUsd(world), 4);
  },
);

test("between apart and mutualised every shard's requirement is linear, and never above what it holds alone", () => {
  for (const seed of SEEDS) {
    const [apart, quarter, whole] = [0, 0.25, 1].map((one) => required(randomWorld(seed, one)));
    for (const [shard, alone] of apart ?? []) {
      const shared = whole?.get(shard) ?? Number.NaN;
      expect(shared).toBeLessThanOrEqual(alone + 1e-6);
      expect(shared).toBeGreaterThanOrEqual(0);
      expect(quarter?.get(shard)).toBeCloseTo(0.75 * alone + 0.25 * shared, 6);
    }
  }
});

test("at 0 nothing is shared and nothing changes", () => {
  const world = randomWorld(7, 0);
  for (const { valuation } of world.inputs) expect(valuation.mutualUsd).toBeUndefined();
});

test("the order in which shards are named does not change a bit", () => {
  const { inputs, effects, policy } = randomWorld(5, 1);
  const there = mutualiseCapital(inputs, effects, policy);
  expect(mutualiseCapital([...inputs].reverse(), effects, policy)).toEqual(there);
});

describe("two shards that offset each other", () => {
  const ENTRIES = [
    anEntry({ shard: "base", calls: -50 }),
    anEntry({ shard: "arbitrum", calls: 48 }),
  ];
  const world = (fraction: number, entries = ENTRIES) =>
    assessWorld(aPassInput(entries, { policy: mutualised(fraction) }));

  test("need far less together than apart", () => {
    const sum = (fraction: number) =>
      [...required(world(fraction)).values()].reduce((total, one) => total + one, 0);
    expect(sum(1)).toBeLessThan(0.5 * sum(0));
  });

  test("and nothing less once the one that hedges falls silent: it gives nothing", () => {
    const silent = [ENTRIES[0], anEntry({ shard: "arbitrum", calls: 48, ageMs: 9000 })];
    const one = world(
      1,
      silent.flatMap((entry) => entry ?? []),
    );
    expect(required(one).get("base")).toBeCloseTo(required(world(0)).get("base") ?? 0, 6);
    expect(one.view.valuations.get("arbitrum")?.mutualUsd).toBeUndefined();
    expect(one.view.capital.get("arbitrum")?.surplusUsd).toBe(0);
  });
});

test("no share is below the liability on chain", () => {
  const chain = { ...anEntry({ shard: "base" }).report.chain, liabilitiesRaw: "77000000000" };
  const world = assessWorld(
    aPassInput(
      [anEntry({ shard: "base", change: { chain } }), anEntry({ shard: "arbitrum", calls: -5 })],
      {
        policy: mutualised(1),
      },
    ),
  );
  expect(required(world).get("base")).toBe(77_000);
});

test("a job in flight counts both done and not done in the whole, too", () => {
  const entries = [
    anEntry({ shard: "base", calls: -50 }),
    anEntry({ shard: "arbitrum", calls: 50 }),
  ];
  const effects = pendingEffects([aJobRecord({ expectedDeltaUnits: 100 })]);
  const world = assessWorld(aPassInput(entries, { policy: mutualised(1) }));
  const before = mutualiseCapital(world.inputs, [], world.policy);
  const after = mutualiseCapital(world.inputs, effects, world.policy);
  const sum = (shares: Map<string, number>) =>
    [...shares.values()].reduce((total, one) => total + one, 0);
  const worst = 100 * 2000 * 0.18 * world.policy.capital.scenarioMultiplier;
  expect(sum(after) - sum(before)).toBeCloseTo(worst, 4);
});

test("the share of a pass is one figure, whatever is then assessed with it", () => {
  const [input] = randomWorld(4, 1).inputs;
  if (input === undefined) throw new Error("no shard");
  const { requiredCapitalUsd } = assessCapital(input.valuation, input.setup, [], mutualised(1));
  expect(requiredCapitalUsd).toBe(input.valuation.mutualUsd);
});
