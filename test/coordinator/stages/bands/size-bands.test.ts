import { describe, expect, test } from "vitest";
import { leastCostFraction } from "#coordinator/stages/bands/size-bands.ts";
import {
  whalleyWilmottHalfWidthUnits,
  zakamoulineHalfWidthUnits,
} from "#shared/risk/hedging/no-trade-band.ts";
import { anEntry, aPolicy } from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";

const WIDE = { bandFloorUsd: 1, bandCapNavFraction: 1 } as const;
const ENTRIES = [
  anEntry({ shard: "base", calls: -10, feeFraction: 0.003 }),
  anEntry({ shard: "arbitrum", feeFraction: 0.0005 }),
];

function bandOf(changes: Parameters<typeof aPolicy>[0], entries = ENTRIES) {
  const world = aWorld(entries, { policy: aPolicy({ ...WIDE, ...changes }) });
  const band = world.view.bands.get("ETH");
  if (band === undefined) throw new Error("no band");
  return { band, world };
}

describe("the cost a band is sized with", () => {
  test("is the policy's unless it asks for the measured one", () => {
    expect(bandOf({}).band).toMatchObject({ costSource: "policy", costFraction: 0.001 });
    const { band, world } = bandOf({ bandCost: "measured" });
    expect(band.costSource).toBe("measured");
    expect(band.costFraction).toBeCloseTo(0.0005, 9);
    expect(leastCostFraction("ETH", world.inputs)).toBe(band.costFraction);
  });

  test("is the policy's where no shard that reports now has a depth", () => {
    const silent = [
      anEntry({ shard: "base", calls: -10, change: { capacity: [] } }),
      anEntry({ shard: "arbitrum", ageMs: 9000 }),
    ];
    expect(bandOf({ bandCost: "measured" }, silent).band.costSource).toBe("policy");
  });
});

test.each(["whalley-wilmott", "zakamouline"] as const)(
  "%s is the published formula",
  (bandModel) => {
    const { band, world } = bandOf({ bandModel });
    const net = world.view.nets.get("ETH");
    if (net?.netted !== true) throw new Error("not netted");
    const limits = world.policy.underlyings["ETH"];
    if (limits === undefined) throw new Error("no limits");
    const inputs = {
      gammaUnitsPerUsd: net.net.greeks.gammaUnitsPerUsd,
      spotUsd: 2000,
      years: limits.bandHorizonYears,
      rate: 0,
      costFraction: 0.001,
      riskAversionPerUsd: limits.riskAversionPerUsd,
    };
    const expected =
      bandModel === "zakamouline"
        ? zakamoulineHalfWidthUnits({ ...inputs, volatility: band.volatility ?? 0 })
        : whalleyWilmottHalfWidthUnits(inputs);
    expect(band).toMatchObject({ model: bandModel, bound: "formula", halfWidthUnits: expected });
    expect(band.volatility === null).toBe(bandModel === "whalley-wilmott");
  },
);

test("Zakamouline's band needs a volatility: without a surface it is Whalley and Wilmott's", () => {
  const bare = anEntry({ shard: "base", hedgeUnits: 1 });
  const market = bare.report.market.map((line) => ({ ...line, volatility: [] }));
  const entry = { ...bare, report: { ...bare.report, market } };
  expect(bandOf({ bandModel: "zakamouline" }, [entry]).band).toMatchObject({
    model: "whalley-wilmott",
    volatility: null,
  });
});
