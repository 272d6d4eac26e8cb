import fc from "fast-check";
import { expect, test } from "vitest";
import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { judgeTier, measureNetting } from "#coordinator/stages/bands/judge-tier.ts";
import { ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";

function own(deltaUnits: number): UnderlyingValuation {
  return {
    underlying: "ETH",
    spotUsd: 2000,
    lines: [],
    greeks: { ...ZERO_GREEKS, deltaUnits },
    optionValueUsd: 0,
    shortOptions: 0,
    perpUnits: 0,
    hedgeUnits: deltaUnits,
    sellableRaw: 0n,
    gridPnlUsd: [],
    gridDeltaUnits: [deltaUnits, deltaUnits],
  };
}

test("what shards take off each other is the sum of their magnitudes less the magnitude of their sum", () => {
  expect(measureNetting([own(30), own(-20), own(5)])).toEqual({
    grossDeltaUnits: 55,
    nettedDeltaUnits: 40,
  });
  expect(measureNetting([own(3), own(4)])).toEqual({ grossDeltaUnits: 7, nettedDeltaUnits: 0 });
  expect(measureNetting([])).toEqual({ grossDeltaUnits: 0, nettedDeltaUnits: 0 });
});

test("netted is between nothing and the whole gross, and gross less netted is the net", () => {
  const deltas = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 8 });
  fc.assert(
    fc.property(deltas, (units) => {
      const { grossDeltaUnits, nettedDeltaUnits } = measureNetting(units.map(own));
      const net = Math.abs(units.reduce((total, one) => total + one, 0));
      expect(nettedDeltaUnits).toBeGreaterThanOrEqual(0);
      expect(grossDeltaUnits - nettedDeltaUnits).toBe(net);
    }),
  );
});

const NETTED = { grossDeltaUnits: 40, nettedDeltaUnits: 38 };
const CALM = { isEmergency: false, isDue: false, actFromUnits: 10, netting: NETTED };

test.each([
  {
    name: "all small",
    change: { netting: { grossDeltaUnits: 9, nettedDeltaUnits: 8 } },
    tier: "absorb",
  },
  { name: "small because shards offset each other", change: {}, tier: "internal-netting" },
  {
    name: "large and not certain, nothing offset",
    change: { netting: { grossDeltaUnits: 40, nettedDeltaUnits: 0 } },
    tier: "absorb",
  },
  { name: "a hedge is due", change: { isDue: true }, tier: "external-hedge" },
  { name: "a breach, hedge due or not", change: { isEmergency: true }, tier: "emergency" },
  { name: "a breach and a hedge", change: { isEmergency: true, isDue: true }, tier: "emergency" },
])("$name: $tier", ({ change, tier }) => {
  expect(judgeTier({ ...CALM, ...change })).toBe(tier);
});
