import { expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  BLOCK_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";

const POLICY = aPolicy({ hedgeNotionalMaxUsd: 200_000 });

/** Two shards whose deltas offset in part; each has a pool at 0.3 %, the first a perpetual at 0.02 % besides. */
function naiveWith(marginUsd: number) {
  const perp = aPerpMarket({
    marginUsd,
    feeFraction: 0.0002,
    change: { indexUpdatedAtMs: BLOCK_MS - 500 },
  });
  const entries = [
    anEntry({ shard: "base", hedgeUnits: 40, feeFraction: 0.003, change: { perps: [perp] } }),
    anEntry({ shard: "ethereum", calls: -40, feeFraction: 0.003 }),
  ];
  const { plan } = planPass(aPassInput(entries, { policy: POLICY })).decision;
  if (plan === null) throw new Error("nothing was planned");
  return plan.naive;
}

test("a shard by itself hedges on its own perpetual too, as far as its margin there goes", () => {
  const [none, some, ample] = [0, 3_000, 100_000].map(naiveWith);
  expect(none?.trades).toBe(2);
  // What the margin allows on the perpetual, the rest in the pool.
  expect(some?.trades).toBe(3);
  expect(some?.costUsd).toBeLessThan(none?.costUsd ?? 0);
  expect(ample?.costUsd).toBeLessThan(some?.costUsd ?? 0);
  for (const naive of [some, ample]) {
    expect(naive?.tradedUsd).toBeCloseTo(none?.tradedUsd ?? 0, 6);
    expect(naive?.leftUsd).toBe(0);
  }
});
